"""The erase drill: a canary of every kind is forgotten, and then looked for in every byte (B3, B10)."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.conversation.naming import speaker_label
from bot.conversation.recall import Extent
from bot.conversation.rethinking import Asker
from bot.errors import Unsaid
from database import Database
from memory.dumps import Dumps
from tests.builders import AT_ONCE, CHANNEL, DM, Table, table

CANARY = "xyzzycanary"
MIRA = Asker(42, "Mira")
LABEL = speaker_label("Mira", 42)


@asynccontextmanager
async def laid(folder: Path) -> AsyncIterator[Table]:
    """Lay a table with everything in one folder, as an operator's data folder is."""
    manner = replace(AT_ONCE, extent=Extent(condensed=400, known=400), dumps=Dumps(folder))
    async with table(folder, manner=manner) as at:
        yield at


@pytest.fixture
async def at(tmp_path):
    async with laid(tmp_path) as at:
        yield at


def found(folder: Path) -> list[str]:
    """Return the files with the canary in them, in any spelling that a file might have."""
    spellings = [CANARY.encode(), CANARY.encode("utf-16-le"), CANARY.encode("utf-16-be")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(one in path.read_bytes() for one in spellings)]


async def many_lines(at: Table, *, where=DM) -> None:
    """Say so much that pages of the file are split and joined again."""
    for number in range(60):
        await at.hear(f"Pixel, number {number} " + "tell " * 30, where=where, author_id=7, author_name="Tom")


async def summed_up(at: Table, *, operations: list | None = None) -> None:
    """Have the talk of the DM summed up, in words with the canary in them."""
    summary = f"They spoke of {CANARY} and of much else, at length and with pleasure."
    at.claude.will_note(json.dumps({"summary": summary, "operations": operations or []}))
    for number in range(14):
        await at.hear(f"and number {number} " + "tell " * 30)
    await at.conversation.compaction.settled()
    async with at.database.read() as db:
        assert await db.summaries.of(DM.channel_id, "pixel")


# How each kind of canary comes in, and how it is forgotten. -------------------------------------------


async def a_message(at: Table) -> None:
    heard = await at.hear(f"I say {CANARY}")
    await at.conversation.chronicle.deleted(DM.channel_id, {heard.message_id})


async def messages_deleted_together_in_a_channel(at: Table) -> None:
    heard = [await at.hear(f"I say {CANARY} {number}", where=CHANNEL) for number in range(30)]
    await at.conversation.chronicle.deleted(CHANNEL.channel_id, {one.message_id for one in heard})


async def what_an_edit_took_away(at: Table) -> None:
    heard = await at.hear(f"I say {CANARY}")
    await at.conversation.chronicle.edited(DM.channel_id, heard.message_id, "I say nothing")


async def a_reply(at: Table) -> None:
    at.claude.will_say(f"you say {CANARY}")
    await at.hear("what do I say?")
    await at.conversation.forgetting.reset(42, DM)


async def an_exchange(at: Table) -> None:
    at.claude.will_say(f"you say {CANARY}")
    await at.hear(f"I say {CANARY}", where=CHANNEL, mentions_me=True)
    [pair] = await at.conversation.forgetting.pairs(42, CHANNEL)
    await at.conversation.forgetting.forget_pairs(42, CHANNEL, {pair.turn_id})


async def a_summary(at: Table) -> None:
    await at.hear(f"I say {CANARY}")
    await summed_up(at)
    await at.conversation.forgetting.reset(42, DM)


async def a_summary_of_a_message_that_is_deleted_days_later(at: Table) -> None:
    heard = await at.hear(f"I say {CANARY}")
    await summed_up(at)
    at.clock.pass_time(3 * 24 * 3600)
    await at.conversation.chronicle.prune()
    async with at.database.read() as db:
        assert await db.messages.get(heard.message_id) is None
    await at.conversation.chronicle.deleted(DM.channel_id, {heard.message_id})
    await at.conversation.compaction.settled()


async def a_memory_in_all_its_forms(at: Table) -> None:
    memories = at.conversation.memories
    await memories.remember(42, f"my cat is {CANARY}", DM)
    await memories.edit(42, 1, "my cat has another name")
    await memories.pin(42, 1)
    await memories.remember(42, "I like tea", DM)
    await memories.forget(42, 1)
    assert [one.text for one in await memories.of(42)] == ["I like tea"]


async def a_memory_that_was_brought_back(at: Table) -> None:
    memories = at.conversation.memories
    await memories.remember(42, f"my cat is {CANARY}", DM)
    await memories.edit(42, 1, "my cat is gone")
    await memories.restore(42, (await memories.history(42))[0].id)
    await memories.forget(42, 1)


async def what_was_learnt(at: Table) -> None:
    await at.conversation.memories.let_learn(42, True)
    heard = await at.hear(f"I do say {CANARY}")
    learnt = {"op": "add", "person": LABEL, "text": f"Says {CANARY}.", "quote": f"I do say {CANARY}"}
    await summed_up(at, operations=[learnt])
    assert await at.conversation.memories.of(42)
    await at.conversation.chronicle.deleted(DM.channel_id, {heard.message_id})
    await at.conversation.compaction.settled()
    assert await at.conversation.memories.of(42) == []


async def what_was_learnt_by_taking_the_consent_back(at: Table) -> None:
    await at.conversation.memories.let_learn(42, True)
    await at.hear(f"I do say {CANARY}")
    learnt = {"op": "add", "person": LABEL, "text": f"Says {CANARY}.", "quote": f"I do say {CANARY}"}
    await summed_up(at, operations=[learnt])
    assert await at.conversation.memories.let_learn(42, False) == 1
    await at.conversation.forgetting.reset(42, DM)


async def a_take_that_was_offered(at: Table) -> None:
    await at.hear("hello")
    at.claude.will_say(f"you say {CANARY}")
    await at.conversation.remaking.another(MIRA, DM)
    await at.conversation.forgetting.reset(42, DM)


async def a_take_that_stands_and_the_one_before(at: Table) -> None:
    at.claude.will_say(f"you say {CANARY} once", f"you say {CANARY} twice")
    heard = await at.hear("hello")
    takes = await at.conversation.remaking.another(MIRA, DM)
    await at.conversation.remaking.choose(MIRA, DM, turn_id=takes.turn_id, number=2, mouth=at.mouth)
    [pair] = await at.conversation.forgetting.pairs(42, DM)
    await at.conversation.forgetting.forget_pairs(42, DM, {pair.turn_id})
    assert heard


async def a_take_that_could_not_be_shown_yet(at: Table) -> None:
    at.claude.will_say("hi", f"you say {CANARY}")
    await at.hear("hello")
    takes = await at.conversation.remaking.another(MIRA, DM)
    at.mouth.will_fail.append(Unsaid("no way to Discord"))
    with pytest.raises(Exception, match="as soon as Discord"):
        await at.conversation.remaking.choose(MIRA, DM, turn_id=takes.turn_id, number=2, mouth=at.mouth)
    await at.conversation.forgetting.reset(42, DM)


async def a_reply_that_could_not_be_said_yet(at: Table) -> None:
    at.claude.will_say(f"you say {CANARY}")
    at.mouth.will_fail.append(Unsaid("no way to Discord"))
    heard = await at.hear("hello")
    await at.conversation.chronicle.deleted(DM.channel_id, {heard.message_id})


WAYS = [
    a_message,
    messages_deleted_together_in_a_channel,
    what_an_edit_took_away,
    a_reply,
    an_exchange,
    a_summary,
    a_summary_of_a_message_that_is_deleted_days_later,
    a_memory_in_all_its_forms,
    a_memory_that_was_brought_back,
    what_was_learnt,
    what_was_learnt_by_taking_the_consent_back,
    a_take_that_was_offered,
    a_take_that_stands_and_the_one_before,
    a_take_that_could_not_be_shown_yet,
    a_reply_that_could_not_be_said_yet,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_was_forgotten_stands_in_no_byte(at, tmp_path, way):
    await way(at)
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "way", [a_message, a_summary, a_memory_in_all_its_forms], ids=lambda way: way.__name__
)
async def test_nor_does_it_where_pages_were_split_around_it(at, tmp_path, way):
    await many_lines(at, where=CHANNEL)
    await way(at)
    assert found(tmp_path) == []


async def test_before_it_is_forgotten_it_is_found(at, tmp_path):
    await at.hear(f"I say {CANARY}")
    await at.conversation.memories.remember(42, f"my cat is {CANARY}", DM)
    await at.conversation.memories.edit(42, 1, "gone")
    names = found(tmp_path)
    assert any(name.startswith("masquerade.sqlite3") for name in names)
    assert {Path(name).suffix for name in names} >= {".pickle", ".json"}


async def test_while_somebody_reads_it_is_tried_again_until_they_are_done(at, tmp_path):
    heard = await at.hear(f"I say {CANARY}")
    async with at.database.read() as db:
        await db.messages.get(heard.message_id)  # a view from before the deletion, held open
        await at.conversation.chronicle.deleted(DM.channel_id, {heard.message_id})
        assert found(tmp_path)
    await at.conversation.chronicle.prune()
    assert found(tmp_path) == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_killed_before_the_traces_are_removed_the_next_start_removes_them(tmp_path, monkeypatch, way):
    async with laid(tmp_path) as at:

        async def killed() -> bool:
            return False

        monkeypatch.setattr(at.conversation.eraser, "finish", killed)
        await way(at)
    monkeypatch.undo()
    async with laid(tmp_path) as at:
        await at.conversation.chronicle.prune()  # what every start begins with
        assert found(tmp_path) == []


async def test_a_database_that_was_not_closed_keeps_nothing_either(tmp_path):
    async with laid(tmp_path) as at:
        heard = await at.hear(f"I say {CANARY}")
        async with at.database.begin() as db:
            await at.conversation.eraser.lines(db, {heard.message_id})
    database = await Database.open(tmp_path / "masquerade.sqlite3")
    try:
        await database.scrub()
        assert found(tmp_path) == []
    finally:
        await database.close()
