"""Setup: what it asks, what it checks, and what it writes."""

import base64
import io
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from bot.cli.doctor.account import invite_link
from bot.cli.setup import set_up
from bot.cli.setup.asking import masked
from bot.cli.setup.writing import UnwritableError, quoted, with_values, write_config
from bot.core.errors import DiskFull
from bot.settings.envfile import read_env
from tests.world.claude_server import ScriptedClaude
from tests.world.discord_pointing import point_discord_at
from tests.world.discord_server import DiscordServer

NOWHERE = "http://127.0.0.1:1"
TOKEN = "loopback.bot.token"
KEY = "sk-ant-scripted"
GONE = EOFError()
INTERRUPT = KeyboardInterrupt()


class Person:
    """Answers the questions one after another, or leaves."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.hidden: list[bool] = []

    async def __call__(self, question: str, *, hidden: bool = False) -> str:
        self.asked.append(question)
        self.hidden.append(hidden)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
async def discord_server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(check_schema=False) as server:
        point_discord_at(server.base_url, pause=0)
        yield server


@pytest.fixture
async def environ(tmp_path: Path, discord_server: DiscordServer) -> AsyncIterator[dict[str, str]]:
    """An environment with a Discord, a Claude and two characters."""
    for name in ("fangs", "nyx"):
        (tmp_path / "characters" / name).mkdir(parents=True)
        (tmp_path / "characters" / name / "character.env").write_text(
            f'default_name="{name.title()}"\ncore_prompt="You are {name}."\ndescription="All about {name}"\n'
        )
    async with ScriptedClaude() as claude:
        yield {"ANTHROPIC_BASE_URL": claude.base_url, "CHARACTERS_DIR": str(tmp_path / "characters")}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.env"


def written(config: Path) -> dict[str, str]:
    file = read_env(config)
    assert not file.faults
    return file.values


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- the questions ----------------------------------------------------------------------------------


async def test_a_new_file_holds_the_answers_and_only_its_owner_reads_it(
    config, environ, discord_server, capsys
):
    person = Person(TOKEN, KEY, "2")
    assert await set_up(config, environ=environ, ask=person) == 0
    assert written(config) == {"discord_token": TOKEN, "anthropic_api_key": KEY, "character": "nyx"}
    assert mode(config) == 0o600
    assert person.hidden == [True, True, False]
    said = capsys.readouterr().out
    assert invite_link(discord_server.application_id) in said
    assert "Discord knows it: Masquerade." in said
    assert f"python main.py --config {config}" in said
    assert TOKEN not in said
    assert KEY not in said


async def test_enter_keeps_what_is_there_and_shows_four_letters_of_it(config, environ):
    config.write_text(f"discord_token={TOKEN}\nanthropic_api_key={KEY}\ncharacter=fangs\n")
    before = config.read_text()
    person = Person("", "", "")
    assert await set_up(config, environ=environ, ask=person) == 0
    assert config.read_text() == before
    assert mode(config) == 0o600
    assert "…oken" in person.asked[0]
    assert "…pted" in person.asked[1]
    assert "[fangs]" in person.asked[2]
    assert TOKEN not in "".join(person.asked)
    assert KEY not in "".join(person.asked)


async def test_without_token_and_key_the_way_into_the_terminal_is_shown(config, environ, capsys):
    assert await set_up(config, environ=environ, ask=Person("", "", "")) == 0
    assert written(config) == {"character": "nyx"}
    assert "python main.py chat" in capsys.readouterr().out


async def test_what_is_refused_is_asked_again(config, environ):
    person = Person("wrong.token", TOKEN, "sk-wrong", KEY, "")
    assert await set_up(config, environ=environ, ask=person) == 0
    assert written(config)["discord_token"] == TOKEN
    assert written(config)["anthropic_api_key"] == KEY


async def test_enter_after_a_refusal_writes_nothing_of_it(config, environ):
    assert await set_up(config, environ=environ, ask=Person("wrong.token", "", "sk-wrong", "", "")) == 0
    assert written(config) == {"character": "nyx"}


async def test_a_kept_token_that_is_refused_now_is_told_and_may_be_kept(config, environ, capsys):
    config.write_text("discord_token=old.bot.token\n")
    assert await set_up(config, environ=environ, ask=Person("", "", "", "")) == 0
    assert "does not accept" in capsys.readouterr().out
    assert written(config)["discord_token"] == "old.bot.token"


async def test_what_cannot_be_checked_is_kept_after_a_yes(config, environ, capsys):
    point_discord_at(NOWHERE)
    environ["ANTHROPIC_BASE_URL"] = NOWHERE
    person = Person(TOKEN, "n", TOKEN, "perhaps", "", KEY, "y", "")
    assert await set_up(config, environ=environ, ask=person) == 0
    assert written(config)["discord_token"] == TOKEN
    assert written(config)["anthropic_api_key"] == KEY
    said = capsys.readouterr().out
    assert "Discord can't be reached" in said
    assert "Message Content Intent" in said


async def test_an_unchecked_token_still_gives_the_invite_link(config, environ, capsys):
    point_discord_at(NOWHERE)
    token = f"{base64.urlsafe_b64encode(b'123456789012345678').decode().rstrip('=')}.x.y"
    assert await set_up(config, environ=environ, ask=Person(token, "y", "", "")) == 0
    assert invite_link(123456789012345678) in capsys.readouterr().out


async def test_blanks_and_quotes_that_copying_brings_are_taken_off(config, environ):
    assert (
        await set_up(config, environ=environ, ask=Person(f'  Bot "{TOKEN}" ', f" Bot {TOKEN} ", "", "")) == 0
    )
    assert written(config)["discord_token"] == TOKEN


async def test_an_intent_that_is_off_is_told(config, environ, discord_server, capsys):
    discord_server.privileged = type(discord_server.privileged)(0)
    assert await set_up(config, environ=environ, ask=Person(TOKEN, "", "")) == 0
    assert "'Message Content Intent' has to be on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answers", "chosen"), [(["1"], "fangs"), (["NYX"], "nyx"), (["fang", "fangs"], "fangs")]
)
async def test_a_character_is_chosen_by_number_or_name(config, environ, answers, chosen, capsys):
    assert await set_up(config, environ=environ, ask=Person("", "", *answers)) == 0
    assert written(config)["character"] == chosen
    said = capsys.readouterr().out
    assert "All about fangs" in said
    assert ("Did you mean fangs?" in said) == (len(answers) > 1)


async def test_a_character_that_is_one_file_can_be_chosen(config, environ, capsys):
    folder = Path(environ["CHARACTERS_DIR"])
    (folder / "wick.json").write_text('{"display_name": "Wick", "identity": "who lights lamps"}')
    assert await set_up(config, environ=environ, ask=Person("", "", "wick")) == 0
    assert written(config)["character"] == "wick"
    assert "wick: the file wick.json" in capsys.readouterr().out


async def test_the_character_in_character_env_stays_unless_another_is_chosen(config, environ):
    config.with_name("character.env").write_text('default_name="Own"\ncore_prompt="You are Own."\n')
    person = Person("", "", "")
    assert await set_up(config, environ=environ, ask=person) == 0
    assert written(config) == {}
    assert await set_up(config, environ=environ, ask=Person("", "", "nyx")) == 0
    assert written(config)["character"] == "nyx"
    assert await set_up(config, environ=environ, ask=Person("", "", "0")) == 0
    assert written(config)["character"] == ""


async def test_a_secret_in_character_env_is_known_and_not_written_twice(config, environ):
    config.with_name("character.env").write_text(
        f"discord_token={TOKEN}\nanthropic_api_key=your_api_key_here\n"
    )
    person = Person("", "", "")
    assert await set_up(config, environ=environ, ask=person) == 0
    assert written(config) == {"character": "nyx"}
    assert "…oken" in person.asked[0]
    assert "leaves it out" in person.asked[1]


async def test_a_variable_that_counts_before_the_file_is_told(config, environ, capsys):
    assert await set_up(config, environ=environ | {"DISCORD_TOKEN": "x.y.z"}, ask=Person(TOKEN, "", "")) == 0
    said = capsys.readouterr().out
    assert "DISCORD_TOKEN is set in the environment" in said
    assert "x.y.z" not in said


@pytest.mark.parametrize(("stop", "code"), [(INTERRUPT, 130), (GONE, 1)])
@pytest.mark.parametrize("after", [0, 1, 2])
async def test_leaving_anywhere_writes_nothing(config, environ, capsys, stop, code, after):
    answers = [TOKEN, KEY, "1"][:after]
    assert await set_up(config, environ=environ, ask=Person(*answers, stop)) == code
    assert not config.exists()
    assert "nothing was written" in capsys.readouterr().out


async def test_without_a_terminal_it_says_so_and_fails(config, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("a token\n"))
    assert await set_up(config, environ={}) == 1
    assert "Run it in a terminal" in capsys.readouterr().err
    assert not config.exists()


async def test_the_terminal_shows_no_letter_of_a_secret(config, environ, monkeypatch):
    screen = io.StringIO()
    output = Vt100_Output(screen, lambda: Size(rows=24, columns=80), term="xterm", enable_cpr=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with create_pipe_input() as keys, create_app_session(input=keys, output=output):
        keys.send_text(f"{TOKEN}\r{KEY}\rnyx\r")
        assert await set_up(config, environ=environ) == 0
    assert written(config)["discord_token"] == TOKEN
    assert "Discord token" in screen.getvalue()
    assert TOKEN not in screen.getvalue()
    assert KEY not in screen.getvalue()
    assert "nyx" in screen.getvalue()


def test_of_a_short_secret_nothing_is_shown():
    assert masked("abcdefgh") == "…"
    assert masked("abcdefghijkl") == "…ijkl"


# --- the file ---------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
TRICKY = st.lists(
    st.sampled_from(["\\", '"', "'", "#", "\n", "\r", "=", " ", "$", "a", "${HOME}", "\nb=c\n", "”"])
)


@example(value="a line\nthat=")
@example(value='"\n"\nb="')
@given(value=st.one_of(TEXT, TRICKY.map("".join)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_read_back_the_same(tmp_path, value):
    path = tmp_path / "some.env"
    path.write_text(f"before=1\nkey={quoted(value)}\n# remark\nafter=2\n", encoding="utf-8", newline="")
    file = read_env(path)
    assert file.faults == ()
    assert file.values == {"before": "1", "key": value, "after": "2"}


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_file_can_hold_is_refused(value):
    with pytest.raises(ValueError):
        quoted(value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "key=new\n"),
        ("# a remark\nother=1", "# a remark\nother=1\nkey=new\n"),
        ("other=1\n", "other=1\nkey=new\n"),
        ("# What it is.\n#key=\n\nother=1\n", "# What it is.\nkey=new\n\nother=1\n"),
        ("a=1\r\nkey=old\r\nb=2\r\n", "a=1\r\nkey=new\r\nb=2\r\n"),
        ("export KEY = old\n", "export KEY = new\n"),
        ("key=first\nkey=second\n", "key=first\nkey=new\n"),
        ("key=your_key_here\n#key=\n", "key=new\n#key=\n"),
    ],
)
def test_everything_else_in_the_file_stays(tmp_path, before, after):
    path = tmp_path / "config.env"
    path.write_text(before, newline="")
    lines = {key.lower(): line for key, line in read_env(path).lines.items()}
    assert with_values(before, {"key": "new"}, lines=lines) == after


def test_a_new_file_begins_as_the_example_beside_it(tmp_path):
    (tmp_path / "config.env.example").write_text("# The token.\n#discord_token=\n# The end.\n")
    write_config(tmp_path / "config.env", {"discord_token": "x"})
    assert (tmp_path / "config.env").read_text() == "# The token.\ndiscord_token=x\n# The end.\n"


def test_what_the_example_sets_is_in_the_new_file_too(tmp_path):
    (tmp_path / "config.env.example").write_text("#discord_token=\nbot_reply_threshold=1\n")
    write_config(tmp_path / "config.env", {"discord_token": "x"})
    assert (tmp_path / "config.env").read_text() == "discord_token=x\nbot_reply_threshold=1\n"


def test_of_an_example_with_faults_nothing_is_taken(tmp_path):
    (tmp_path / "config.env.example").write_text('a="never closed\nb=1\n')
    write_config(tmp_path / "config.env", {"discord_token": "x"})
    assert written(tmp_path / "config.env") == {"discord_token": "x"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_a_file_in_another_encoding_keeps_its_words(tmp_path, encoding):
    path = tmp_path / "config.env"
    path.write_text("# é\nnote=é\n", encoding=encoding)
    write_config(path, {"discord_token": "x"})
    assert path.read_text(encoding="utf-8") == "# é\nnote=é\ndiscord_token=x\n"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.env").write_text("a=1\n")
    (tmp_path / "config.env").symlink_to(tmp_path / "real.env")
    write_config(tmp_path / "config.env", {"b": "2"})
    assert (tmp_path / "config.env").is_symlink()
    assert (tmp_path / "real.env").read_text() == "a=1\nb=2\n"


def test_a_disk_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "config.env"
    path.write_text("a=1\n")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DiskFull, match="free some disk space"):
        write_config(path, {"b": "2"})
    assert path.read_text() == "a=1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_value_over_several_lines_is_left_to_the_operator(tmp_path):
    path = tmp_path / "config.env"
    before = 'discord_token="one\ntwo"\n'
    path.write_text(before)
    with pytest.raises(UnwritableError, match="by hand"):
        write_config(path, {"discord_token": "new"})
    assert path.read_text() == before


async def test_a_folder_in_the_place_of_the_file_is_one_sentence(config, environ):
    config.mkdir()
    with pytest.raises(UnwritableError, match="is a folder; move it away, so that a file can take its place"):
        await set_up(config, environ=environ, ask=Person())


async def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, environ):
    with pytest.raises(UnwritableError, match=r"No file can be written in .+; make the folder"):
        await set_up(tmp_path / "no" / "config.env", environ=environ, ask=Person())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
async def test_a_file_that_cannot_be_written_is_one_sentence(config, environ):
    config.write_text("")
    config.chmod(0o400)
    with pytest.raises(UnwritableError, match="change its permissions"):
        await set_up(config, environ=environ, ask=Person())


async def test_a_file_with_faults_is_mended_first(config, environ):
    config.write_text('a="never closed\nb=1\n')
    with pytest.raises(UnwritableError, match=r"config\.env:1"):
        await set_up(config, environ=environ, ask=Person())


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), RuntimeError("a fault of ours")])
async def test_whatever_goes_wrong_the_lines_are_shown(config, environ, monkeypatch, capsys, fault):
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((DiskFull, RuntimeError)):
        await set_up(config, environ=environ, ask=Person(TOKEN, KEY, "nyx"))
    said = capsys.readouterr()
    assert f"discord_token={TOKEN}\nanthropic_api_key={KEY}\ncharacter=nyx\n" in said.out
    assert not config.exists()


async def test_a_fault_between_two_questions_loses_no_answer(config, environ, capsys):
    with pytest.raises(RuntimeError):
        await set_up(config, environ=environ, ask=Person(TOKEN, RuntimeError("a fault of ours")))
    assert f"discord_token={TOKEN}\n" in capsys.readouterr().out
