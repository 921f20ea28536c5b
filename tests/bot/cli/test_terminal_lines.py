"""Lines of a terminal: how they are read, numbered and shown."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.cli.terminal import plain
from bot.cli.terminal.markup import bare, hides, lines_of, styled
from bot.cli.terminal.plain import piped_lines, read_script
from bot.cli.terminal.session import Ids, open_session
from bot.core.errors import ConfigurationError
from database.models import MessageRow
from tests.fakes import FakeClock
from tests.terminals import opened, rows, talked
from tests.world.claude_server import ScriptedClaude


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


# --- reading lines --------------------------------------------------------------------------------


@contextmanager
def pipe() -> Iterator[tuple[io.TextIOWrapper, int]]:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream:
        try:
            yield stream, writing
        finally:
            os.close(writing)


async def test_the_last_line_needs_no_line_break():
    reading, writing = os.pipe()
    os.write(writing, "\ufeffone\nzwei ü\r\n\nlast".encode())
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert [line async for line in piped_lines(stream)] == ["one", "zwei ü\r", "", "last"]


async def test_a_line_is_read_before_the_next_one_is_written():
    with pipe() as (stream, writing):
        lines = piped_lines(stream)
        for text in ("first", "second"):
            os.write(writing, f"{text}\n".encode())
            assert await anext(lines) == text


async def test_a_letter_that_comes_in_two_pieces_is_whole():
    with pipe() as (stream, writing):
        lines = piped_lines(stream)
        os.write(writing, b"gr\xc3")
        waiting = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0.02)
        os.write(writing, b"\xbc\xff\n")
        assert await waiting == "grü\ufffd"


async def test_waiting_for_a_silent_pipe_can_be_given_up():
    with pipe() as (stream, writing):
        waiting = asyncio.ensure_future(anext(piped_lines(stream)))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        os.write(writing, b"too late\n")  # lets the reading thread go before the pipe is closed


def test_a_script_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.txt can't be read: No such file"):
        read_script(tmp_path / "nowhere.txt")


def test_a_closed_pipe_is_let_go_of():
    """What is left in the buffer must not raise once more when Python exits."""
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "w")
    mouth = plain.PlainMouth(session=None, out=out)  # type: ignore[arg-type]
    before, sys.stdout = sys.stdout, out
    try:
        mouth.write("hello")
        assert mouth.gone
        out.flush()
    finally:
        sys.stdout = before
        out.close()


# --- ids ------------------------------------------------------------------------------------------


async def test_message_ids_only_grow_whatever_the_clock_does():
    clock = FakeClock()
    ids = Ids(clock)
    first, second, third = ids.of_line(), ids.of_part(), ids.of_line()
    clock.pass_time(-3600)
    fourth = ids.of_line()
    clock.pass_time(7200)
    assert first < second < third < fourth < ids.of_line()


async def test_a_session_begins_above_the_ids_of_the_one_before(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        await talked(session, "hello")
        used = [row.id for row in await rows(session.app, MessageRow)]
        backwards = FakeClock(datetime(2020, 1, 1, tzinfo=UTC))
        again = await open_session(replace(session.app, clock=backwards))
        heard = again.hear("hello again")
        assert heard is not None
        assert heard.message_id > max(used)
        assert (await talked(again, "and again")).code == 0


# --- words on a screen ----------------------------------------------------------------------------


def test_brackets_are_not_swallowed():
    assert styled("[saved] [bold]x[/bold] [link=http://x]").plain == "[saved] [bold]x[/bold] [link=http://x]"


@pytest.mark.parametrize(
    ("text", "shown", "style"),
    [
        ("a **bold** word", "bold", "bold"),
        ("*leans in*", "leans in", "italic"),
        ("an _odd_ one", "odd", "italic"),
        ("run `ls *`", "ls *", "cyan"),
        ("~~no~~", "no", "strike"),
        ("***both***", "both", "bold italic"),
        ("see [it](https://x.y/z)", "it", "underline"),
    ],
)
def test_marks_become_styles(text, shown, style):
    result = styled(text)
    span = result.spans[0]
    assert (result.plain[span.start : span.end], span.style) == (shown, style)


@pytest.mark.parametrize("text", ["snake_case_name", "2 * 3 * 4", "a*b*c", "**", "* item", "__init__ here"])
def test_marks_that_mean_nothing_stay(text):
    assert styled(text).plain == text


def shown(text: str, width: int = 40) -> list[str]:
    return [line.plain for line in lines_of(text, Console(width=200), width, indent="")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# Big\n## Less\n### Least\n-# small", ["Big", "Less", "Least", "small"]),
        ("#no heading\n#1 fan", ["#no heading", "#1 fan"]),
        ("- one\n  - two\n* three\n10. ten", ["• one", "  • two", "• three", "10. ten"]),
        ("- a line that is too long for its width", ["• a line that is too", "  long for its width"]),
        ("> a quote that is too long for it", ["│ a quote that is too", "│ long for it"]),
        ("so:\n>>> all\n\nof it", ["so:", "│ all", "│", "│ of it"]),
        ("look:\n```py\n# no *marks*\n  x\n```\nthere", ["look:", "# no *marks*", "  x", "there"]),
        ("```py\nx = ", ["x ="]),
        ("[it](https://x.y/z) <https://x.y>", ["it (https://x.y/z)", "https://x.y"]),
        ("\\*no\\* <:smile_cat:123456>\n**_both_ `a_b`**", ["*no* :smile_cat:", "both a_b"]),
    ],
)
def test_blocks_are_told_apart_and_hang_where_they_are_wrapped(text, lines):
    assert shown(text, 22) == lines


def test_a_spoiler_is_blacked_out_until_it_is_asked_for():
    text = "it was ||the 執事 **himself**||!"
    assert hides(text)
    assert shown(text) == ["it was ███ ████ ███████████!"]
    assert [line.plain for line in lines_of(text, Console(), 40, indent="", covered=False)] == [
        "it was the 執事 himself!"
    ]
    assert not hides("no ██ spoiler, and `||code||` is none")


def test_words_that_are_no_markdown_stand_for_themselves():
    text = "/tmp/_a_/b\n# 1\n/edit   a word that is long"
    lines = [line.plain for line in lines_of(text, Console(), 20, indent="", marked=False)]
    assert lines == ["/tmp/_a_/b", "# 1", "/edit   a word that", "        is long"]


@settings(deadline=None)
@given(text=st.text(max_size=300), width=st.integers(8, 60))
def test_lines_fit_and_carry_no_space_at_their_end(text, width):
    for line in lines_of(text, Console(width=200), width):
        assert cell_len(line.plain) <= width
        assert line.plain == line.plain.rstrip()


@given(st.text())
def test_no_control_character_is_left(text):
    assert not set(bare(text)) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}


def test_marks_are_found_in_linear_time():
    hostile = "*a" * 20_000 + "**b" * 20_000 + "`" * 20_001 + "_x" * 20_000
    hostile += "||a" * 20_000 + "[a" * 20_000 + "[a](https://" * 9_000 + "<https://" * 9_000 + "\\" * 20_001
    assert len(styled(hostile).plain) > 20_000
    assert lines_of("- " * 9_000 + "\n> " * 9_000 + "```\n" * 9_000, Console(), 80)


def test_nothing_of_a_text_steers_the_terminal_or_turns_a_line_around():
    assert bare("a\x1b[2J\x9b1m\u202eb\u2066c\u2028d\ne\U0001f469\u200d\U0001f4bb") == (
        "a[2J1mbcd\ne\U0001f469\u200d\U0001f4bb"
    )
