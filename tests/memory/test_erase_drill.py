"""What is forgotten leaves every byte of the data folder: tables, files of SQLite's, dumps (B3, B10, C63)."""

import asyncio
import re
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import JSON, LargeBinary, Text

import database.sqlite
from bot.core.errors import Unpostable, Unsaid
from database import Database, UnitOfWork
from database.backend import WORDED
from database.models import MessageRow, Row
from database.types import FactValues
from tests.builders import CHANNEL, DM, utterance
from tests.fakes import EPOCH, FakeClock
from tests.forgetting import ASKER, MIRA, POINTS, WAYS, Drill, canary, drill, found
from tests.summing import DAY, HOUR, note
from tests.world.process import ROOT


@pytest.fixture
async def at(tmp_path: Path):
    async with drill(tmp_path / "data") as open_folder:
        yield open_folder


def here(at: Drill, *kinds: str) -> None:
    """Check that a search can find what it looks for."""
    missing = [kind for kind in kinds if not found(at.folder, kind)]
    assert missing == [], "what was never there can't be forgotten"


def gone(at: Drill, *kinds: str) -> None:
    left = {kind: files for kind in kinds if (files := found(at.folder, kind))}
    assert left == {}


# --- Each kind, in each way ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["deleted", "purged", "edited", "paired"])
async def test_a_message_goes_with_its_summary_and_with_what_was_learnt_from_it_alone(at, way):
    said = await at.learnt()
    here(at, "quote", "learnt", "summary")
    await WAYS[way](at, said)
    gone(at, "quote", "learnt", "summary")


@pytest.mark.parametrize("way", ["deleted", "edited"])
async def test_a_message_that_has_left_the_log_takes_along_what_came_from_it(at, way):
    said = await at.learnt()
    at.clock.pass_time(3 * HOUR)
    await at.app.message_log.prune()
    here(at, "quote", "learnt", "summary")
    await WAYS[way](at, said)
    gone(at, "quote", "learnt", "summary")


@pytest.mark.parametrize("way", ["paired", "reset", "reset everywhere"])
async def test_an_exchange_goes_with_every_take_on_its_reply(at, way):
    said = await at.exchange(CHANNEL)
    here(at, "message", "reply", "offered", "accepted")
    await WAYS[way](at, said)
    gone(at, "message", "reply", "offered", "accepted")


async def test_a_reply_that_is_deleted_goes_with_every_take_on_it(at):
    await at.exchange(CHANNEL)
    here(at, "reply", "offered", "accepted")
    await WAYS["deleted"](at, at.posted(canary("accepted")))
    gone(at, "reply", "offered", "accepted")
    here(at, "message")


async def test_a_take_that_is_dropped_for_a_continuation_is_gone(at):
    await at.exchange()
    here(at, "reply", "offered")
    at.claude.queue.clear()
    at.claude.will_say("and another thing")
    await at.app.revisions.go_on("pixel", ASKER, DM, mouth=at.mouth)
    await at.app.message_log.prune()
    gone(at, "reply", "offered")


@pytest.mark.parametrize("way", ["reset", "reset everywhere"])
async def test_a_reset_takes_along_the_summary_and_leaves_core_memory(at, way):
    said = await at.learnt()
    at.clock.pass_time(3 * HOUR)
    await at.app.message_log.prune()
    await WAYS[way](at, said)
    gone(at, "summary")
    here(at, "learnt")


@pytest.mark.parametrize("way", ["unlearnt", "memory deleted"])
async def test_what_was_learnt_goes_with_its_quote_and_from_every_dump(at, way):
    said = await at.learnt()
    at.clock.pass_time(3 * HOUR)
    await at.consolidated()
    here(at, "learnt", "quote")
    assert {Path(name).suffix for name in found(at.folder, "learnt")} >= {".pickle", ".json"}
    await WAYS[way](at, said)
    gone(at, "learnt")
    here(at, "summary")
    if way == "unlearnt":
        gone(at, "quote")
    else:
        here(at, "quote")  # it was said, and stays in the archive of somebody who agreed


async def test_a_memory_goes_with_all_its_earlier_words(at):
    memories = at.app.memories
    await memories.remember("pixel", MIRA, f"I like {canary('told')}", DM)
    at.clock.pass_time(60)
    await memories.edit("pixel", MIRA, 1, f"I like {canary('reworded')}")
    at.clock.pass_time(60)
    await memories.edit("pixel", MIRA, 1, "I like tea")
    here(at, "told", "reworded")
    await memories.forget("pixel", MIRA, 1)
    gone(at, "told", "reworded")


async def test_a_memory_that_was_brought_back_goes_as_any_other(at):
    memories = at.app.memories
    await memories.remember("pixel", MIRA, f"I like {canary('told')}", DM)
    at.clock.pass_time(60)
    await memories.edit("pixel", MIRA, 1, "I like nothing any more")
    at.clock.pass_time(60)
    await memories.restore("pixel", MIRA, (await memories.history("pixel", MIRA))[0].id)
    assert canary("told") in (await memories.of("pixel", MIRA))[0].text
    await memories.forget("pixel", MIRA, 1)
    gone(at, "told")


async def test_all_that_is_known_of_somebody_goes_with_what_was_let_go_before(at):
    memories = at.app.memories
    await at.learnt()
    await memories.remember("pixel", MIRA, f"I like {canary('told')}", DM)
    at.clock.pass_time(3 * HOUR)
    await at.consolidated()
    await memories.forget_all("pixel", MIRA)
    gone(at, "learnt", "told")
    await memories.let_learn(MIRA, False)
    gone(at, "quote")


async def test_words_edited_away_are_gone(at):
    said = await at.hear(f"my PIN is {canary('message')}", where=CHANNEL)
    await WAYS["edited"](at, said)
    gone(at, "message")


async def test_what_is_past_its_time_leaves_every_byte_too(at):
    await at.exchange()
    await at.sum_up(f"Mira told of {canary('summary')} at length.")
    here(at, "message", "reply", "offered", "accepted", "summary")
    at.clock.pass_time(2 * HOUR)
    await at.app.message_log.prune()
    gone(at, "message", "reply", "offered", "accepted")
    at.clock.pass_time(15 * DAY)
    await at.app.message_log.prune()
    gone(at, "summary")


# --- While something goes on ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["deleted", "edited", "paired", "reset", "reset everywhere"])
async def test_forgetting_what_is_just_being_summed_up(at, way):
    said = await at.hear(f"Pixel, {canary('message')}", where=CHANNEL, reply=f"{canary('reply')}")

    async def forget() -> None:
        at.claude.while_thinking = None
        await WAYS[way](at, said)

    at.claude.while_thinking = forget
    await at.sum_up(f"{canary('summary')}: Mira told of {canary('message')}.")
    gone(at, "message", "summary")
    if way not in ("deleted", "edited"):
        gone(at, "reply")


async def test_forgetting_what_is_just_being_joined(at):
    condensed = at.app.manner.extent.condensed
    for number in range(3):
        said = await at.hear(f"Pixel, number {number}", where=CHANNEL)
        words = f"{canary('summary')} {number} " + "word " * (condensed // 6)
        await at.sum_up(words)
        if number == 1:
            first = said
        at.clock.pass_time(2 * HOUR)

    async def forget() -> None:
        if "have become many" in at.claude.background[-1].text:
            at.claude.while_thinking = None
            await WAYS["deleted"](at, first)

    at.claude.while_thinking = forget
    at.claude.will_note()
    await at.hear("Pixel, the last", where=CHANNEL)
    at.clock.pass_time(23 * HOUR)
    at.claude.will_note(note("The last."), '{"summary": "' + f"{canary('joined')} " + "word " * 9_000 + '"}')
    await at.app.summaries.catch_up()
    gone(at, "joined")


async def test_a_message_deleted_while_it_is_answered_leaves_no_reply_either(at):
    heard = utterance(f"Pixel, {canary('message')}", where=CHANNEL, sent_at=at.clock.now())

    async def delete() -> None:
        at.claude.while_thinking = None
        await WAYS["deleted"](at, heard.message_id)

    at.claude.while_thinking = delete
    at.claude.will_say(f"{canary('reply')} purr")
    await at.app.conversation.take_turn(heard, at.mouth)
    assert at.mouth.said == []
    gone(at, "message", "reply")


async def test_a_reply_that_could_not_be_said_yet_goes_with_what_it_answers(at):
    at.mouth.will_fail.append(Unsaid("503"))
    said = await at.hear(f"Pixel, {canary('message')}", where=CHANNEL, reply=f"{canary('reply')} purr")
    here(at, "message", "reply")
    await WAYS["deleted"](at, said)
    gone(at, "message", "reply")
    await at.finish()
    assert at.mouth.said == []


async def test_a_reply_that_may_have_read_what_is_deleted_is_thought_over(at):
    said = await at.hear(f"my PIN is {canary('message')}", where=CHANNEL)

    async def delete() -> None:
        at.claude.while_thinking = None
        await WAYS["deleted"](at, said)

    at.claude.while_thinking = delete
    at.claude.will_say(f"your PIN is {canary('reply')}", "what PIN?")
    heard = utterance("Pixel, what is my PIN?", where=CHANNEL, sent_at=at.clock.now())
    await at.app.conversation.take_turn(heard, at.mouth)
    assert at.mouth.said == ["what PIN?"]
    assert canary("message") not in at.claude.prompts[-1].text
    gone(at, "message", "reply")


@pytest.mark.parametrize("way", ["paired", "reset", "reset everywhere"])
async def test_who_resets_while_they_are_answered_has_that_forgotten_too(at, way):
    heard = utterance(f"Pixel, {canary('message')}", where=CHANNEL, sent_at=at.clock.now())
    waiting: list[asyncio.Task[object]] = []

    async def reset() -> None:
        at.claude.while_thinking = None
        waiting.append(asyncio.ensure_future(WAYS[way](at, heard.message_id)))
        await asyncio.sleep(0.05)

    at.claude.while_thinking = reset
    at.claude.will_say(f"{canary('reply')} purr")
    await at.app.conversation.take_turn(heard, at.mouth)
    await asyncio.gather(*waiting)
    if way == "paired":  # there was no exchange yet when it was looked for
        await WAYS[way](at, heard.message_id)
    gone(at, "message", "reply")


@pytest.mark.parametrize("way", ["reset", "reset everywhere"])
async def test_a_reply_of_which_a_part_was_said_is_said_no_further_after_a_reset(at, way):
    at.mouth.will_fail.extend([None, Unsaid("503")])
    text = f"{canary('reply')} " + "purr " * 450
    await at.hear(f"Pixel, {canary('message')}", where=CHANNEL, reply=text)
    here(at, "message", "reply")
    await WAYS[way](at, 0)
    gone(at, "message", "reply")
    said = len(at.mouth.said)
    await at.finish()
    gone(at, "message", "reply")
    assert len(at.mouth.said) == said == 1


async def test_a_part_that_is_deleted_before_the_reply_was_said_to_its_end_does_not_come_back(at):
    at.mouth.will_fail.extend([None, Unsaid("503")])
    await at.hear("Pixel?", where=CHANNEL, reply=f"{canary('reply')} " + "purr " * 450)
    here(at, "reply")
    await WAYS["deleted"](at, at.posted(canary("reply")))
    gone(at, "reply")
    await at.finish()
    gone(at, "reply")
    await at.hear("Pixel?", where=CHANNEL)
    assert canary("reply") not in at.claude.prompts[-1].text


@pytest.mark.parametrize("way", ["paired", "reset", "reset everywhere", "the reply is deleted"])
async def test_a_take_that_was_accepted_and_not_put_into_the_channel_yet_is_gone_for_good(at, way):
    said = await at.exchange(CHANNEL)
    await at.pending(CHANNEL)
    here(at, "pending", "accepted")
    shown = at.mouth.shown
    if way == "the reply is deleted":
        await WAYS["deleted"](at, at.posted(canary("accepted")))
    else:
        await WAYS[way](at, said)
    gone(at, "reply", "offered", "accepted", "pending")
    await at.finish()
    gone(at, "pending")
    assert at.mouth.shown == shown


async def test_a_take_that_discord_refuses_is_given_up_and_the_reply_stays_as_it_was(at):
    """The log goes on telling what the channel shows, and nothing waits for ever."""
    await at.exchange(CHANNEL)
    await at.pending(CHANNEL)
    at.mouth.will_fail.append(Unpostable("400"))
    await at.finish()
    async with at.app.database.read() as db:
        (turn,) = await db.turns.last_to(MIRA, CHANNEL.channel_id, limit=5)
        said = [line.text for line in await db.messages.of_turn(turn.id)]
    assert turn.state == "dropped"
    assert [canary("accepted") in text for text in said] == [True]


# --- Somebody reads ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("how", ["by the job", "at the start"])
async def test_what_somebody_was_reading_is_wiped_later(monkeypatch, tmp_path, how):
    monkeypatch.setattr(database.sqlite, "BUSY_MILLISECONDS", 50)
    async with drill(tmp_path / "data") as at:
        said = await at.hear(f"Pixel, {canary('message')}", where=CHANNEL)
        with closing(sqlite3.connect(at.folder / "masquerade.sqlite3", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM messages").fetchone()
            await WAYS["deleted"](at, said)
            here(at, "message")
            await at.hear("Pixel?", where=CHANNEL)
            assert canary("message") not in at.claude.prompts[-1].text
        if how == "by the job":
            await at.app.message_log.prune()
            gone(at, "message")
    async with drill(tmp_path / "data") as at:
        gone(at, "message")


# --- Killed in the middle (B3) -------------------------------------------------------------------------


async def killed(folder: Path, clock: FakeClock, way: str, point: str, message_id: int) -> None:
    """Forget in a process of its own that is killed at a point of it."""
    seconds = str((clock.now() - EPOCH).total_seconds())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.forgetting", str(folder), seconds, way, point, str(message_id)),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaints = await process.communicate()
    assert process.returncode == 9, complaints.decode()


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
async def test_who_is_killed_while_forgetting_forgets_to_the_end_after_the_next_start(tmp_path, point):
    folder = tmp_path / "data"
    async with drill(folder) as at:
        said, clock = await at.learnt(), at.clock
        here(at, "quote", "learnt", "summary")
    await killed(folder, clock, "deleted", point, said)
    async with drill(folder, at=clock) as at:
        if point == "within the transaction":
            here(at, "quote", "learnt", "summary")
            await at.hear("Pixel?", where=CHANNEL)
            assert canary("summary") in at.claude.prompts[-1].text
            await WAYS["deleted"](at, said)
        gone(at, "quote", "learnt", "summary")
        await at.hear("Pixel?", where=CHANNEL)
        assert canary("learnt") not in at.claude.prompts[-1].text


@pytest.mark.slow
@pytest.mark.parametrize("point", ["within the transaction", "after the transaction"])
async def test_a_reset_everywhere_is_all_or_nothing(tmp_path, point):
    folder = tmp_path / "data"
    async with drill(folder) as at:
        clock = at.clock
        await at.hear(f"Pixel, {canary('message')}")
        await at.hear(f"Pixel, {canary('quote')}", where=CHANNEL)
    await killed(folder, clock, "reset everywhere", point, 0)
    async with drill(folder, at=clock) as at:
        left = [bool(found(folder, kind)) for kind in ("message", "quote")]
        assert left == [point == "within the transaction"] * 2


# --- What a file keeps of rows that are gone -----------------------------------------------------------


@pytest.mark.slow
async def test_rows_that_moved_between_pages_leave_no_copies(tmp_path):
    """secure_delete wipes a row where it stands; pages that were split or joined hold copies of it."""
    left: dict[int, str] = {}
    store = await Database.open(tmp_path / "masquerade.sqlite3")
    async with store.begin() as db:
        await db.channels.note(1, place="dm", name="", guild_id=None, guild_name="", heard=0)
    rng = Random(3)
    for number in range(600):
        async with store.begin() as db:
            await _stir(db, left, number, rng)

    def copies() -> set[str]:
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        return set(re.findall(rb"canary-(\d+)-", held)) - {str(one).encode() for one in left}

    async with store._writer.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await (await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchall()
    assert copies(), "without copies this test shows nothing"
    assert await store.scrub()
    assert copies() == set()
    async with store.read() as db:
        kept = await db.messages.transcript(1, "pixel", since=EPOCH - timedelta(days=1))
    assert {row.text.split("-")[1] for row in kept} == {str(one) for one in left}
    await store.close()


async def _stir(db: UnitOfWork, left: dict[int, str], number: int, rng: Random) -> None:
    """Write two lines, give one other words, and delete one."""
    for one in (2 * number, 2 * number + 1):
        left[one] = f"canary-{one}-"
        await db.messages.add(_line(one, left[one] + "x" * rng.randrange(900)))
    edited, deleted = rng.choices(list(left), k=2)
    await db.messages.edited(edited, left[edited] + "y" * rng.randrange(900))
    await db.messages.forget([deleted])
    del left[deleted]


def _line(number: int, words: str) -> MessageRow:
    return MessageRow(id=number, channel_id=1, author_id=1, author_name="Mira", text=words, sent_at=EPOCH)


def test_every_table_that_holds_words_is_written_anew():
    worded = {
        table.name
        for table in Row.metadata.tables.values()
        if any(isinstance(column.type, Text | JSON | FactValues | LargeBinary) for column in table.columns)
    }
    # people's ids, reasons, states of the program, and what admins and files say of characters
    without_words = {
        "claims",
        "turns",
        "global_state",
        "seats",
        "casts",
        "cues",
        "identity_lines",
        "milestones",
    }
    # figures, reasons, and what characters are interested in
    without_words |= {"feelings", "stirrings", "remarks", "character_days", "encounters", "growth"}
    without_words |= {"audit", "lore_lines"}  # what admins did, and laid down of characters
    without_words |= {"system_prompts"}  # what characters are told to be
    assert worded - without_words == set(WORDED)
