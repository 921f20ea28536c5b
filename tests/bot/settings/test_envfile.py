"""Env files as people really write them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.settings.envfile import LARGEST, EnvFile, read_env


@pytest.fixture
def read(tmp_path):
    def read_content(content: str | bytes) -> EnvFile:
        path = tmp_path / "character.env"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_env(path)

    return read_content


def faulty_lines(file: EnvFile) -> list[int | None]:
    return [fault.line for fault in file.faults]


def test_plain_quoted_and_exported_keys_are_read_with_their_lines(read):
    file = read("# head\nOne=1\n\nexport two='2'\n  three = \"3\" # remark\nfour=4 # remark\nfive=\n")
    assert file.values == {"One": "1", "two": "2", "three": "3", "four": "4", "five": ""}
    assert file.lines == {"One": 2, "two": 4, "three": 5, "four": 6, "five": 7}
    assert (file.faults, file.notices) == ((), ())


def test_a_prompt_of_several_lines_keeps_its_lines_and_headings(read):
    file = read('core_prompt="You are Nyx.\n\n## Looks\n- tall # not a remark\nmood = calm"\nname=Nyx\n')
    assert file.values["core_prompt"] == "You are Nyx.\n\n## Looks\n- tall # not a remark\nmood = calm"
    assert file.values["name"] == "Nyx"
    assert file.lines["name"] == 6
    assert file.faults == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('p="she says "hi" and goes"\nq=1', 'she says "hi" and goes'),
        ('p="she says "hi"\nand "nya"\nagain"\n\n# next\nq=1', 'she says "hi"\nand "nya"\nagain'),
        ('p="the end is "quoted""\nq=1', 'the end is "quoted"'),
        ('p="""\nq=1', None),
        ("p='it's fine\nisn't it'\nq=1", "it's fine\nisn't it"),
        ('q=1\np="up to "the" end"', 'up to "the" end'),
        ('q=1\np="a \\"b\\" and "c" here"\n\n', 'a "b" and "c" here'),
    ],
)
def test_stray_quotes_are_read_right_where_the_end_is_beyond_doubt(read, written, meant):
    file = read(written)
    assert file.values.get("p") == meant
    assert file.values["q"] == "1"
    assert bool(file.faults) is (meant is None)


@pytest.mark.parametrize(
    "written",
    [
        'token="abc\nchannel=123\nname="Nyx"\n',
        'token="abc\nchannel=""\nname=Nyx\n',
        'token="abc\nchannel="\nname=Nyx\n',
        'token="abc" def\nname=Nyx\n',
        'token="she says "hi" and\nmood = calm\nthen "leaves"\nname=Nyx\n',
        'token="""three\nquotes"""\nname=Nyx\n',
        'token="ends in a backslash\\"\nname=Nyx\n',
    ],
)
def test_a_quote_whose_end_is_in_doubt_is_refused_where_it_opens(read, written):
    file = read(written)
    assert faulty_lines(file)[0] == 1
    assert "token" not in file.values
    fault = file.faults[0]
    assert fault.key == "token"
    assert '\\"' in fault.mend
    assert "abc" not in str(fault)


def test_after_a_refused_value_the_next_keys_are_read(read):
    file = read('token="abc\nchannel=123\nname="Nyx"\n')
    assert file.values == {"channel": "123", "name": "Nyx"}
    assert file.lines == {"channel": 2, "name": 3}


def test_escapes_work_in_double_quotes_only(read):
    file = read('a="one\\ntwo \\"three\\" \\\\"\nb=\'one\\ntwo\'\nc=one\\ntwo\n')
    assert file.values == {"a": 'one\ntwo "three" \\', "b": "one\\ntwo", "c": "one\\ntwo"}


def test_nothing_is_ever_filled_in(read, monkeypatch):
    monkeypatch.setenv("SECRET", "canary")
    file = read('a=${SECRET}\nb="$SECRET ${a}"\nc=${SECRET:-x}\n')
    assert file.values == {"a": "${SECRET}", "b": "$SECRET ${a}", "c": "${SECRET:-x}"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_reads_the_same(read, newline):
    file = read('a=1\nb="x\ny"\nc=3\n'.replace("\n", newline))
    assert file.values == {"a": "1", "b": "x\ny", "c": "3"}
    assert file.lines == {"a": 1, "b": 2, "c": 4}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_so_are_read_without_a_word(read, encoding):
    file = read('name="Zoë — 猫"\n'.encode(encoding))
    assert file.values == {"name": "Zoë — 猫"}
    assert (file.faults, file.notices) == ((), ())


def test_windows_1252_is_read_with_a_notice_that_names_the_line(read):
    file = read("a=1\nname=Zoë “the cat”\n".encode("cp1252"))
    assert file.values == {"a": "1", "name": "Zoë “the cat”"}
    assert [notice.line for notice in file.notices] == [2]
    assert "Windows-1252" in str(file.notices[0])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a=1\nb=\x00\n", 2),
        ("a=1\n".encode("utf-16-le"), 1),
        (b"a=1\n\nb=\x81\n", 3),
        (b"\xef\xbb\xbfa=1\nb=\xff\n", 2),
        (b"\xff\xfea=1", 1),
        (b"a=" + b"x" * LARGEST, None),
    ],
)
def test_a_file_that_is_no_text_is_refused_as_a_whole(read, content, line):
    file = read(content)
    assert file.values == {}
    assert faulty_lines(file) == [line]


def test_a_folder_a_pipe_and_a_missing_file_are_refused_and_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in (
        (tmp_path, "is a folder"),
        (pipe, "is not an ordinary file"),
        (tmp_path / "none.env", "cannot be read"),
        (Path("a\0b"), "cannot be read"),
    ):
        (fault,) = read_env(path).faults
        assert words in fault.wrong
        assert fault.line is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = tmp_path / "character.env"
    path.write_text("a=1")
    path.chmod(0)
    (fault,) = read_env(path).faults
    assert "Permission denied" in fault.wrong


def test_a_colon_is_named_as_the_mistake_it_is(read):
    file = read("default_name: Nyx\nb=2\n")
    (fault,) = file.faults
    assert (fault.line, fault.key, fault.mend) == (1, "default_name", "write default_name=")
    assert "Nyx" not in str(fault)
    assert file.values == {"b": "2"}


def test_lines_that_are_no_setting_are_refused_together(read):
    file = read("core_prompt=You are Nyx.\nYou are tall.\n\nYou are kind.\n\nname=Nyx\nstray\n")
    assert faulty_lines(file) == [2, 7]
    assert "lines to 4" in file.faults[0].wrong
    assert file.lines["name"] == 6


@pytest.mark.parametrize("value", ["“Nyx”", 'Nyx"', "x" + " " * 101 + "y"])
def test_a_value_that_only_looks_quoted_or_has_a_gap_is_refused(read, value):
    file = read(f"name={value}\nb=2\n")
    assert faulty_lines(file) == [1]
    assert file.values == {"b": "2"}


def test_of_a_key_that_stands_twice_the_last_counts_and_both_lines_are_named(read):
    file = read("Pace=1\nother=2\npace=3\n")
    assert file.values == {"other": "2", "pace": "3"}
    (notice,) = file.notices
    assert notice.line == 3
    assert "line 1" in notice.text
    assert notice.key == "pace"


def test_a_fault_is_one_line_with_its_place_first(read):
    file = read('name="Nyx\nb="2"\n')
    assert str(file.faults[0]).startswith(f"{file.path}:1: name: opens a quote")
    assert "\n" not in str(file.faults[0])


WORDS = ['"', "'", '"""', "=", "#", "\\", "key", "a=", 'b="', "c='", "é", "“", "${a}", ":"]
BLANKS = list("\n\r \t\u00a0\u2028\x0b\ufeff\x85\x1c")
PIECES = st.sampled_from([*WORDS, *BLANKS, "export ", "\r\n"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(content=st.binary(max_size=300) | st.lists(PIECES, max_size=60).map("".join))
def test_whatever_the_bytes_are_reading_ends_with_values_or_faults(read, content):
    if isinstance(content, str):
        content = content.encode("utf-8")
    file = read(content)
    assert file.values.keys() == file.lines.keys()
    count = content.count(b"\n") + content.count(b"\r") + 1
    for line in [*file.lines.values(), *(f.line for f in file.faults if f.line is not None)]:
        assert 1 <= line <= count


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=80))
def test_a_text_whose_quotes_are_escaped_comes_back_as_it_was(read, text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    file = read(f'before=1\nprompt="{escaped}"\nafter=2\n')
    assert file.values == {"before": "1", "prompt": text, "after": "2"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(alphabet='ab ".\n', max_size=60))
def test_prose_with_stray_quotes_comes_back_as_it_was(read, text):
    prose = f"She said {text} and left."
    file = read(f'before=1\nprompt="{prose}"\nafter=2\n')
    assert file.values == {"before": "1", "prompt": prose, "after": "2"}
    assert file.faults == ()


@pytest.mark.parametrize("prose", ['She said "# and left.', 'Say "nya"\n## Rules: never "bark"'])
def test_prose_that_could_be_a_remark_is_refused_and_not_cut_short(read, prose):
    file = read(f'before=1\nprompt="{prose}"\nafter=2\n')
    assert file.values == {"before": "1", "after": "2"}
    assert faulty_lines(file) == [2]


def test_remarks_with_quotes_of_their_own_end_no_value(read):
    file = read('name="Nyx" # the "void" one\n# aliases="Void"\n# or "none"\nb=\'x\'\n# don\'t\nc=3\n')
    assert file.values == {"name": "Nyx", "b": "x", "c": "3"}
    assert file.faults == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ['"\n', "x:\n", 'a="\n', "a='x\nb=\"y\n", '" #', "\\", " ", 'a="""\n', "k=1\n", '"" ', "export "],
)
@pytest.mark.parametrize("start", ["", 'a="', "a=x "])
def test_long_files_of_awkward_marks_are_read_to_the_end(read, unit, start):
    # Twice the file may take about twice the time; a square would run into the suite's time limit.
    file = read(start + unit * (200_000 // len(unit)))
    assert isinstance(file, EnvFile)
