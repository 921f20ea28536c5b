"""Talking through a pipe or by a script."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import App
from bot.cli.terminal import slash
from bot.cli.terminal.plain import read_out, script_lines
from bot.cli.terminal.session import channel_of
from database.models import CallRow, MessageRow, Turn
from tests.builders import DM, PIXEL, utterance
from tests.fakes import FakeMouth
from tests.support.paths import ROOT
from tests.terminals import MODEL, Outcome, opened, rows, talked
from tests.world.claude_faults import Overloaded529, Unauthorized401
from tests.world.claude_server import ScriptedClaude


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


# --- a pipe or a script ---------------------------------------------------------------------------


async def test_every_line_gets_its_reply_until_quit(tmp_path, claude):
    claude.will_say("Hi there.", "I'm Pixel, of course.")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "hello\nwho are you?\n/quit\nstill there?\n")
    assert result == Outcome(0, "Pixel: Hi there.\nPixel: I'm Pixel, of course.\n", [])
    assert len(claude.requests) == 2


async def test_the_second_prompt_holds_the_first_exchange(tmp_path, claude):
    claude.will_say("Hi there.")
    async with opened(tmp_path, claude) as (session, _):
        await talked(session, "my cat is called Ada\nwhat is she called?")
    assert "my cat is called Ada" in claude.requests[1].text
    assert "Hi there." in claude.requests[1].text


async def test_a_conversation_goes_on_in_the_next_session(tmp_path, claude):
    for line in ("my cat is called Ada", "what is she called?"):
        async with opened(tmp_path, claude) as (session, _):
            assert (await talked(session, line)).code == 0
    assert "my cat is called Ada" in claude.requests[1].text


async def test_reset_forgets_the_conversation(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "my cat is called Ada\n/reset\nwhat is she called?")
        assert [row.text for row in await rows(session.app, MessageRow)] == ["what is she called?", "…"]
    assert "Pixel has forgotten this conversation (2 lines).\n" in result.out
    assert "Ada" not in claude.requests[1].text


async def test_another_character_does_not_speak_with_this_ones_past():
    assert channel_of(PIXEL) != channel_of(PIXEL.model_copy(update={"slug": "nyx"}))


async def test_an_unknown_command_is_named_and_not_sent(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "/rest\n/frobnicate now\n")
    assert result.complaints == [
        "There is no command /rest (did you mean /reset?). /help lists them.",
        "There is no command /frobnicate. /help lists them.",
    ]
    assert (result.code, result.out, claude.requests) == (0, "", [])


async def test_who_tells_character_model_and_folder(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "/WHO")
    assert result.out.startswith("Pixel\n")
    assert MODEL in result.out
    assert str((tmp_path / "data").resolve()) in result.out


async def test_help_lists_every_command(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "/help")
    assert [line.split()[0] for line in result.out.splitlines()] == [f"/{name}" for name in slash.COMMANDS]


@pytest.mark.parametrize("line", ["", "   ", "\t", "\u200b", "\x00\x1b"])
async def test_an_empty_line_is_nothing(tmp_path, claude, line):
    async with opened(tmp_path, claude) as (session, _):
        assert await talked(session, line) == Outcome(0, "", [])
        assert session.messages == 0
    assert claude.requests == []


@pytest.mark.slow
async def test_a_failed_reply_is_the_fallback_line_with_the_reason_and_exit_code_1(tmp_path, claude):
    claude.will_fail(Overloaded529(), times=3).will_say("Back again.")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "hello\nand now?\n")
    assert result.out == "Pixel: *static* say again?\nPixel: Back again.\n"
    assert result.complaints == [f"No reply from {MODEL}: 529 overloaded_error"]
    assert result.code == 1


async def test_a_bad_key_is_explained_also_where_nothing_is_said_any_more(tmp_path, claude):
    claude.will_fail(Unauthorized401())
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "hello\nhello?\n")
    assert result.out == "Pixel: *static* say again?\n"
    assert len(result.complaints) == 2
    for complaint in result.complaints:
        assert "the model's server refuses the key (anthropic_api_key)" in complaint
        assert "it is taken at the next message" in complaint
    assert result.code == 1


async def test_a_reply_whose_words_are_a_fallback_line_is_a_reply(tmp_path, claude):
    claude.will_say(PIXEL.fallback_lines[0])
    async with opened(tmp_path, claude) as (session, _):
        assert (await talked(session, "what do you say when you fail?")).code == 0


async def test_any_script_comes_through_whole(tmp_path, claude):
    claude.answer_with("Доброе утро, 猫 🐈‍⬛ [b]no markup[/b]")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "Grüße, 世界 👩‍👩‍👧\n")
    assert "Grüße, 世界 👩‍👩‍👧" in claude.requests[0].text
    assert result.out == "Pixel: Доброе утро, 猫 🐈‍⬛ [b]no markup[/b]\n"


async def test_a_reply_cannot_steer_the_terminal(tmp_path, claude):
    claude.answer_with("safe\x1b]0;title\x07\x9b31m\x08 words")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "hello")
    assert not set(result.out) & set(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))


async def test_a_very_long_line_is_answered(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "long " * 40_000 + "end")
    assert result.code == 0
    assert "long end" in claude.requests[0].text


async def test_a_long_reply_is_printed_whole_under_one_name(tmp_path, claude):
    claude.answer_with("A sentence of some length. " * 200)
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "tell me a story")
    assert result.out.count("A sentence of some length.") == 200
    assert result.out.count("Pixel: ") == 1


async def test_a_line_with_a_slash_that_is_no_command_is_talk(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        await talked(session, "/usr/bin/env fails\n/ what?\n")
    assert len(claude.requests) == 2


async def test_talk_ends_when_nobody_reads_the_output(tmp_path, claude):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    async with opened(tmp_path, claude) as (session, _):
        code = await read_out(session, script_lines("hello\nhello again"), out=Closed(), complain=pytest.fail)
    assert code == 1
    assert len(claude.requests) == 1


async def test_the_terminal_leaves_the_rows_that_discord_leaves(tmp_path, claude):
    """C04: the same words in, the same reply and the same rows out."""
    claude.answer_with("The same **reply**.")
    async with opened(tmp_path / "terminal", claude) as (session, _):
        out = (await talked(session, "hello there")).out
        here = await _kept(session.app)
    async with opened(tmp_path / "discord", claude) as (session, _):
        mouth = FakeMouth()
        heard = utterance("hello there", where=DM, sent_at=session.app.clock.now())
        await session.app.conversation.take_turn(heard, mouth)
        there = await _kept(session.app)
    assert out == f"Pixel: {mouth.said[0]}\n"
    assert here == there


async def _kept(app: App) -> list:
    messages = [(row.text, row.from_bot, row.turn_id) for row in await rows(app, MessageRow)]
    turns = [(row.state, row.reason, row.fallback, row.character) for row in await rows(app, Turn)]
    calls = [(row.purpose, row.model, row.outcome) for row in await rows(app, CallRow)]
    return [messages, turns, calls]


# --- the program as a whole -----------------------------------------------------------------------


async def run_main(folder: Path, claude: ScriptedClaude, *arguments: str, typed: str) -> tuple[int, str, str]:
    empty = folder / "empty.env"  # the settings in this folder are somebody's own
    empty.touch()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", "--config", str(empty), "--character-env", str(empty),
        "--character", "nyx", *arguments, cwd=ROOT,
        env={**kept, "ANTHROPIC_API_KEY": claude.api_key, "ANTHROPIC_BASE_URL": claude.base_url,
             "DATA_DIR": str(folder / "data"), "PYTHONUTF8": "1"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


@pytest.mark.slow
async def test_a_key_that_is_mended_while_one_talks_is_taken_at_the_next_line(tmp_path, claude):
    config = tmp_path / "config.env"
    config.write_text("anthropic_api_key=sk-ant-mistyped\n")
    (tmp_path / "empty.env").touch()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "main.py", "--config", str(config), "--character-env", str(tmp_path / "empty.env"),
        "--character", "nyx", "chat", cwd=ROOT,
        env={**kept, "ANTHROPIC_BASE_URL": claude.base_url, "DATA_DIR": str(tmp_path / "data")},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(b"hello\n")
    for _ in ("the greeting", "the line for a failure"):
        await asyncio.wait_for(process.stdout.readline(), 60)
    config.write_text(f"anthropic_api_key={claude.api_key}\n")
    claude.will_say("There you are.")
    process.stdin.write(b"and now?\n")
    process.stdin.write_eof()
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert out.decode() == "Nyx Void: There you are.\n"
    assert "Write a valid one into config.env" in errors.decode()


@pytest.mark.slow
async def test_the_program_reads_a_script(tmp_path, claude):
    script = tmp_path / "script.txt"
    script.write_bytes("\ufeffhello\r\nwho are you? ünïcode".encode())
    claude.will_say("hi, guest.", "a log cleaner that read.")
    code, out, errors = await run_main(tmp_path, claude, "chat", "--script", str(script), typed="")
    greeting, *replies = out.splitlines()
    assert greeting.startswith("Nyx Void: incoming connection")
    assert (code, replies) == (0, ["Nyx Void: hi, guest.", "Nyx Void: a log cleaner that read."])
    assert MODEL in errors
    assert "\x1b" not in errors
    assert "hello" not in (tmp_path / "data" / "masquerade.log").read_text()


@pytest.mark.slow
async def test_the_program_talks_through_a_pipe_without_being_told_to_chat(tmp_path, claude):
    claude.will_say("hi, guest.", "a log cleaner that read.")
    code, out, _ = await run_main(tmp_path, claude, typed="hello\nwho are you?\n/quit\n")
    assert code == 0
    assert out.count("Nyx Void: ") == 3  # the greeting comes first
