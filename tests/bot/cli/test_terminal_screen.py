"""Talking on a screen."""

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from rich.console import Console
from sqlalchemy import func, select

from bot.cli.terminal import plain
from bot.cli.terminal.dialogue import AGAIN
from bot.cli.terminal.opening import download_bar
from bot.cli.terminal.screen import toolbar
from bot.conversation.types import Part
from database.models import CallRow, Claim, MessageRow
from database.sqlite import SqliteFile
from memory.places import Place
from tests.terminals import MODEL, opened, rows, seated, talked
from tests.world.claude_faults import Say, StreamError
from tests.world.claude_server import ScriptedClaude


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


# --- the toolbar ----------------------------------------------------------------------------------


async def test_the_toolbar_shows_character_model_cost_and_count(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        assert toolbar(session, 80) == f" Pixel · {MODEL} · $0.0000 · 0 messages · /help "
        await talked(session, "hello")
        await session.count_cost()
        async with session.app.database.read() as db:
            cost = await db.messages._session.scalar(select(func.sum(CallRow.cost)))
        assert cost
        assert toolbar(session, 80) == f" Pixel · {MODEL} · ${cost:.4f} · 2 messages · /help "


async def test_a_narrow_toolbar_keeps_what_matters_most(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        assert toolbar(session, 40) == f" Pixel · {MODEL} · $0.0000 "
        assert toolbar(session, 3) == " Pixel "


async def test_an_unknown_price_is_unknown_and_only_what_runs_on_this_machine_is_free(tmp_path):
    async with ScriptedClaude(models={"somebody-elses": 1}) as claude:
        async with opened(tmp_path, claude, model="somebody-elses") as (session, _):
            await talked(session, "hello")
            await session.count_cost()
            assert session.cost() == "cost unknown"
            assert "(cost unknown)" in (await talked(session, "/who")).out
        async with opened(tmp_path, claude, model="somebody-elses", free=True) as (session, _):
            assert session.cost() == "no cost"
            assert "(on this machine, no cost)" in (await talked(session, "/who")).out


def test_a_download_is_a_bar_on_a_screen():
    shown = io.StringIO()
    with download_bar(Console(file=shown, force_terminal=True, width=80)) as progress:
        assert progress is not None
        progress(400_000_000, 1_000_000_000)
        progress(1_000_000_000, 1_000_000_000)
        progress(1_000_000_000, 1_000_000_000)
    assert "1.0/1.0 GB" in shown.getvalue()


def test_no_bar_is_drawn_where_there_is_no_screen():
    with download_bar(Console(file=io.StringIO())) as progress:
        assert progress is None


def test_no_download_shows_nothing():
    shown = io.StringIO()
    with download_bar(Console(file=shown, force_terminal=True)):
        pass
    assert shown.getvalue() == ""


# --- a screen -------------------------------------------------------------------------------------


async def test_a_reply_stays_on_the_screen_once_it_is_said(tmp_path, claude):
    claude.answer_with("**hi** there [saved]")
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("hello\r")
        await seat.shows("Pixel\n  hi there [saved]\n")
        await seat.stages.reached("settled")
        seat.keys.send_text("/quit\r")
        assert await seat.talk == 0


async def test_words_show_while_they_come_and_only_what_was_said_stays(tmp_path, claude):
    claude.answer_with(Say("Pixel: one two three", pieces=("Pixel: one", " two", " three"), between=0.05))
    previews = []
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("count\r")
        while "settled" not in seat.stages.seen:
            previews.append(seat.screen.partial)
            await asyncio.sleep(0.005)
        assert "Pixel: one two" in previews
        assert "Pixel\n  one two three\n" in seat.printed
        assert seat.screen.partial == ""


async def test_of_a_reply_that_is_asked_for_again_only_the_second_answer_stays(tmp_path, claude):
    first = Say("As an AI, I can't eat soup.", pieces=("As an AI, ", "I can't ", "eat soup."), between=0.03)
    claude.will_say(first, Say("Leek, nya~", pieces=("Leek", ", nya~"), between=0.03))
    previews: list[str] = []
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("what soup?\r")
        while "settled" not in seat.stages.seen:
            if previews[-1:] != [seat.screen.partial]:
                previews.append(seat.screen.partial)
            await asyncio.sleep(0.002)
        await seat.shows("Pixel\n  Leek, nya~\n")
        assert "soup." not in seat.printed
        assert any("As an AI" in one for one in previews)
        assert not any("AI" in one and "Leek" in one for one in previews)
        assert len(claude.requests) == 2


async def test_the_prompt_shows_the_end_of_what_is_being_written(tmp_path, claude):
    async with seated(tmp_path, claude) as seat:
        async with seat.screen.typing():
            assert "is writing" in "".join(part[1] for part in seat.screen._message())
            for number in range(1, 101):
                seat.screen.show("".join(f"line {line}\n" for line in range(number)))
            shown = "".join(part[1] for part in seat.screen._message())
            assert "line 99" in shown
            assert "line 9\n" not in shown
            assert shown.count("\n") < 40
        assert "".join(part[1] for part in seat.screen._message()) == "> "


async def test_ctrl_c_stops_an_answer_and_takes_the_line_back(tmp_path, claude):
    claude.will_say(Say("never ending", pieces=("never ", "ending"), between=0.2), "At your service.")
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("tell me everything\r")
        while not seat.screen.partial:
            await asyncio.sleep(0.005)
        seat.keys.send_text("\x03")
        await seat.shows("stopped")
        assert await rows(seat.session.app, MessageRow) == []
        assert [claim.open for claim in await rows(seat.session.app, Claim)] == [False]
        seat.keys.send_text("hello\r")
        await seat.shows("At your service.")
    assert "tell me everything" not in claude.requests[1].text


async def test_ctrl_c_twice_leaves(tmp_path, claude):
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("\x03")
        await seat.shows(AGAIN)
        seat.keys.send_text("half a li\x03")
        await asyncio.sleep(0.2)
        assert not seat.talk.done()
        for _ in range(2):
            seat.keys.send_text("\x03")
            await asyncio.sleep(0.2)
        assert await seat.talk == 0
    assert claude.requests == []


async def test_ctrl_d_leaves_and_stops_what_is_being_answered(tmp_path, claude):
    claude.answer_with(Say("too late", after=30))
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("hello\r")
        await claude.received(1)
        seat.keys.send_text("\x04")
        assert await seat.talk == 0
        assert await rows(seat.session.app, MessageRow) == []


async def test_what_is_typed_during_an_answer_is_answered_next(tmp_path, claude):
    claude.will_say(Say("First.", after=0.1), "Second.")
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("one\r")
        await claude.received(1)
        seat.keys.send_text("two\r")
        await seat.shows("Second.")
        assert seat.printed.index("First.") < seat.printed.index("Second.")
        await seat.stages.reached("settled", 2)
        assert seat.session.messages == 4


async def test_commands_and_mistakes_on_a_screen(tmp_path, claude):
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("/whoo\r\r/who\r")
        await seat.shows("did you mean /who?")
        await seat.shows("Model: claude-sonnet-5-5")
        seat.keys.send_text("/reset\r/exit\r")
        assert await seat.talk == 0
        assert "has forgotten this conversation (0 lines)" in seat.printed
    assert claude.requests == []


async def test_an_answer_that_breaks_off_leaves_only_the_fallback_and_the_reason(tmp_path, claude):
    claude.answer_with(StreamError(text="I was about to say", pieces=("I was", " about"), after_events=4))
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("hello\r")
        await seat.shows("No reply from")
        assert "Pixel\n  static say again?\n" in seat.printed
        assert "I was" not in seat.printed
        assert [row.text for row in await rows(seat.session.app, MessageRow)] == ["hello"]


async def test_a_fault_of_ours_does_not_end_the_talk(tmp_path, claude, monkeypatch):
    async with seated(tmp_path, claude) as seat:

        async def broken(*_):
            raise ZeroDivisionError

        monkeypatch.setattr(seat.session, "exchange", broken)
        seat.keys.send_text("hello\r")
        await seat.shows("Something went wrong")
        monkeypatch.undo()
        seat.keys.send_text("hello again\r")
        await seat.stages.reached("settled")


async def test_a_database_that_takes_nothing_is_named_and_does_not_end_the_talk(tmp_path, claude):
    claude.will_say(Say("too late", after=30), "There you are.")
    async with seated(tmp_path, claude) as seat:
        seat.keys.send_text("hello\r")
        await claude.received(1)
        disk = seat.session.app.database._backend
        assert isinstance(disk, SqliteFile)
        async with disk._raw() as connection:
            await connection.execute("PRAGMA query_only = ON")
        seat.keys.send_text("\x03")
        await seat.shows("readonly database)")
        seat.keys.send_text("/privacy yes\r")
        await seat.shows("readonly database)", times=2)
        async with disk._raw() as connection:
            await connection.execute("PRAGMA query_only = OFF")
        seat.keys.send_text("hello again\r")
        await seat.shows("There you are.")


async def test_a_part_is_said_in_the_terminal_place(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        mouth = plain.PlainMouth(session, io.StringIO())
        heard = session.hear("hello")
        assert heard is not None
        assert heard.where.place is Place.TERMINAL
        said = await mouth.say(Part(1, "hi", "n"), to=heard.author_id)
        assert said > heard.message_id
