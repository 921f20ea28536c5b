"""Nothing is kept of people who did not agree, whatever happens (C51, D03, D14); they are asked once."""

import asyncio
import io
import sqlite3
from array import array
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.arranging import manner_of
from bot.cli.terminal.plain import PlainMouth
from bot.conversation.attention.vote import Voters
from bot.conversation.config import TranscriptLimits
from bot.conversation.decision import Reason
from bot.features.memory.wording import OFF, worded
from bot.llm.errors import ClaudeTimeout
from bot.llm.server import Server
from bot.llm.types import Prompt, Question
from bot.settings import Settings
from database.models import Fact
from memory.core import Merged
from memory.history import INHERITED, LEARNT, TOLD
from memory.places import Place, Where
from memory.rules import MemoryRefused
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, table
from tests.fakes import EPOCH
from tests.learning import BOB, MIRA, SAID, agree, all_of_it, archived, fact, facts, finding, say, texts
from tests.summing import note
from tests.support.letters import Letters
from tests.terminals import opened, talked
from tests.world.claude_server import ScriptedClaude

ASKING = replace(AT_ONCE, asks_after=2)


@pytest.fixture
async def at(tmp_path: Path):
    async with table(tmp_path, manner=ASKING) as set_table:
        yield set_table


async def asked(at: Table, text: str = "Pixel, tell me", **changes: Any) -> str | None:
    """Say something, have it answered, and return whether that is followed by a question."""
    heard = await at.hear(text, **changes)
    return await at.app.privacy.asks(heard)


async def answer(at: Table, agreed: bool, person_id: int = MIRA) -> Any:
    return await at.app.privacy.answer(person_id, agreed)


# --- Whom it asks, and when ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", [DM, CHANNEL])
async def test_somebody_is_asked_behind_the_second_answer_to_them_and_never_again(at, where):
    found = [await asked(at, where=where) for _ in range(5)]
    assert found == [None, "question", None, None, None]


async def test_answers_in_several_places_count_together(at):
    assert await asked(at, where=DM) is None
    assert await asked(at, where=CHANNEL, author_id=BOB) is None
    assert await asked(at, where=CHANNEL) == "question"


async def test_a_question_that_was_about_to_be_posted_when_the_process_died_is_not_asked_again(tmp_path):
    async with table(tmp_path, manner=ASKING) as at:
        assert [await asked(at) for _ in range(2)] == [None, "question"]
    async with table(tmp_path, manner=ASKING) as at:
        assert [await asked(at) for _ in range(3)] == [None, None, None]


async def test_who_is_answered_in_two_places_at_once_is_asked_once(at):
    heard = [await at.hear("Pixel, tell me", where=where) for where in (DM, DM, CHANNEL)]
    async with at.database.begin():
        asking = asyncio.gather(*(at.app.privacy.asks(one) for one in heard[1:]))
        while at.database.writers < 3:  # both have looked, and wait to write down that they ask
            await asyncio.sleep(0.01)
    found = await asking
    assert sorted(one or "" for one in found) == ["", "question"]


async def test_who_has_answered_already_is_not_asked(at):
    await answer(at, agreed=False)
    assert [await asked(at) for _ in range(3)] == [None, None, None]


async def test_bots_are_not_asked(at):
    assert [await asked(at, where=CHANNEL, from_bot=True) for _ in range(3)] == [None, None, None]


async def test_an_answer_that_could_not_be_thought_of_does_not_count(at):
    at.claude.will_say(ClaudeTimeout("slow"), ClaudeTimeout("slow"))
    found = [await asked(at) for _ in range(4)]
    assert found == [None, None, None, "question"]


async def test_where_the_character_only_joins_in_nobody_is_asked(tmp_path):
    attention = replace(AT_ONCE.attention, voters=Voters(model="m", count=1, deadline=10))
    async with table(tmp_path, manner=replace(ASKING, attention=attention)) as at:
        for _ in range(3):
            at.claude.will_say("yes", "Soup!")
            heard = await at.hear("does anybody know what one could cook tonight?", where=CHANNEL)
            assert (await at.decided(heard.message_id)).claim.reason == Reason.VOTE.name
            assert await at.app.privacy.asks(heard) is None


async def test_somebody_who_was_answered_along_with_another_person_is_not_asked_for_that(at):
    await asked(at, where=CHANNEL)
    heard = await at.hear("Pixel, and?", where=CHANNEL)
    other = replace(heard, author_id=BOB)
    assert await at.app.privacy.asks(other) is None


@pytest.mark.parametrize(("consent", "expected"), [("opt_out", "notice"), ("off", None)])
async def test_the_mode_says_whether_people_are_asked_or_told_or_neither(tmp_path, consent, expected):
    async with table(tmp_path, manner=replace(ASKING, consent=consent)) as at:
        assert [await asked(at) for _ in range(3)] == [None, expected, None]


@pytest.mark.parametrize(
    ("consent", "given", "may"),
    [
        ("opt_in", None, False),
        ("opt_in", True, True),
        ("opt_in", False, False),
        ("opt_out", None, True),
        ("opt_out", True, True),
        ("opt_out", False, False),
        ("off", None, False),
        ("off", True, False),
    ],
)
async def test_whether_anything_may_be_noted_is_the_answer_under_the_mode(tmp_path, consent, given, may):
    async with table(tmp_path, manner=replace(ASKING, consent=consent)) as at:
        if given is not None:
            await answer(at, agreed=given)
        assert await at.app.privacy.may_learn(MIRA) is may
        assert (await at.app.privacy.standing(MIRA)).learning is may


async def test_being_asked_is_no_answer(at):
    assert [await asked(at) for _ in range(2)] == [None, "question"]
    standing = await at.app.privacy.standing(MIRA)
    assert (standing.answer, standing.at, standing.learning) == (None, EPOCH, False)


async def test_in_the_terminal_it_is_a_line_below_the_answer_and_a_command(tmp_path):
    async with ScriptedClaude() as claude, opened(tmp_path, claude, asks_after=1) as (session, _):
        heard = session.hear("hello")
        assert heard is not None
        await session.exchange(heard, PlainMouth(session, io.StringIO()))
        question = await session.question(heard)
        assert question.startswith(f"Pixel: {session.character.memory_question}\n(write /privacy yes or")
        assert await session.question(heard) == ""
        said = (await talked(session, "/privacy\n/privacy yes\n/privacy\n/privacy no\n/privacy what")).out
        assert "You said nothing yet" in said
        assert "You said yes" in said
        assert "Nothing is noted about you by itself; 0 memories were deleted." in said
        assert "Write /privacy alone" in said
        assert not await session.app.privacy.may_learn(session.person_id)


# --- Saying no -----------------------------------------------------------------------------------------


async def inherit(at: Table, text: str) -> None:
    row = Fact(
        person_id=MIRA,
        character=PIXEL.slug,
        number=0,
        text=text,
        scope="dm",
        channel_id=None,
        guild_id=None,
        origin=INHERITED,
        made_at=EPOCH,
        changed_at=EPOCH,
    )
    async with at.database.begin() as db:
        await db.memories.add(row, batch=await db.memories.new_batch(), cause=INHERITED)


async def test_a_no_takes_what_was_noted_and_what_was_inherited_and_leaves_what_was_told(tmp_path):
    async with table(tmp_path, manner=ASKING, embedder=Letters()) as at:
        await agree(at)
        await say(at, "I live in Oslo with my cat")
        at.claude.finds = all_of_it
        await at.app.consolidation.run("pixel")
        await inherit(at, "knits on trains")
        await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
        await at.app.embedding.catch_up()
        assert {one.origin for one in await facts(at)} == {LEARNT, INHERITED, TOLD}
        assert (await at.app.privacy.standing(MIRA)).holdings.embeddings == 5
        said = await answer(at, agreed=False)
        assert (said.gone, said.told) == (2, 1)
        assert await texts(at) == ["I like tea"]
        assert await archived(at) == []
        held = (await at.app.privacy.standing(MIRA)).holdings
        assert (held.archived, held.embeddings, held.changes) == (0, 0, 1)
        assert await at.app.embedding.catch_up() == 0


@pytest.mark.parametrize("change", ["pin", "share", "join"])
async def test_a_no_takes_from_what_was_told_how_it_was_mentioned_again(tmp_path, change):
    async with table(tmp_path) as at:
        memories = at.app.memories
        await agree(at)
        await memories.remember("pixel", MIRA, "Has a cat", CHANNEL)
        told = await memories.remember("pixel", MIRA, "Lives in Oslo", CHANNEL)
        at.clock.pass_time(60)
        words = "I live in Oslo with my secret lover Knut"
        await say(at, f"yes {words}")
        at.claude.will_find(finding(fact("Lives in Oslo", words)))
        assert (await at.app.consolidation.run("pixel")).reinforced == 1
        if change == "pin":
            await memories.pin("pixel", MIRA, told.number)
        elif change == "share":
            await memories.share("pixel", MIRA, told.number, "guild", CHANNEL)
        else:
            async with at.database.begin() as db:
                both = await db.memories.of(MIRA, PIXEL.slug)
                merged = Merged(tuple(one.id for one in both), "Has a cat, lives in Oslo")
                await memories._merger._join(db, both, [merged])
        await answer(at, agreed=False)
        left = await facts(at)
        assert left
        assert {(one.quote, tuple(one.sources), one.mentions) for one in left} == {("", (), 1)}
        assert {one.last_at for one in left} == {told.last_at}
        record = str([one.before for one in await _changes(at)])
        assert "Knut" not in record


async def _changes(at: Table) -> Any:
    async with at.database.read() as db:
        return await db.people.changes(MIRA)


async def test_after_a_yes_what_was_told_is_embedded_too(tmp_path):
    async with table(tmp_path, manner=ASKING, embedder=Letters()) as at:
        await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
        assert await at.app.embedding.catch_up() == 0
        await answer(at, agreed=True)
        assert await at.app.embedding.catch_up() == 1


async def test_a_no_that_comes_while_texts_are_embedded_leaves_no_embedding(tmp_path):
    embedder = Letters()
    async with table(tmp_path, manner=ASKING, embedder=embedder) as at:
        await agree(at)
        await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
        encode = embedder.encode

        async def slowly(texts: Any) -> Any:
            await answer(at, agreed=False)
            return await encode(texts)

        embedder.encode = slowly  # type: ignore[method-assign]
        await at.app.embedding.catch_up()
        assert (await at.app.privacy.standing(MIRA)).holdings.embeddings == 0


async def test_a_no_that_comes_while_a_model_thinks_leaves_nothing_of_what_it_finds(at):
    await agree(at)
    await say(at, "I live in Oslo with my cat")
    at.claude.finds = all_of_it
    at.claude.while_thinking = lambda: answer(at, agreed=False)
    tally = await at.app.consolidation.run("pixel")
    assert (tally.added, tally.archived) == (0, 0)
    assert (await facts(at), await archived(at)) == ([], [])


# --- Switched off --------------------------------------------------------------------------------------


async def test_switched_off_nothing_is_remembered_and_nothing_comes_up(tmp_path):
    async with table(tmp_path) as at:
        await at.app.memories.remember("pixel", MIRA, "I am allergic to nuts", DM)
        await at.hear("what do you know about my allergy to nuts?")
        assert "allergic to nuts" in at.claude.prompts[-1].text
    manner = manner_of(Settings(memory_consent="off"), Server("http://127.0.0.1:9", "key", "m"))
    assert (manner.recalled, manner.extent.known) == (0, 0)
    off = replace(AT_ONCE, consent="off", recalled=manner.recalled, extent=manner.extent)
    async with table(tmp_path, manner=off) as at:
        with pytest.raises(MemoryRefused, match="OFF") as refused:
            await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
        assert worded(refused.value) == OFF
        await at.hear("what do you know about my allergies?", where=DM)
        at.clock.pass_time(60)
        await at.app.memories.edit("pixel", MIRA, 1, "I am allergic to nuts and bees")
        await at.hear("what do you know about my allergies?", where=DM)
        assert "allergic to nuts" not in "".join(one.text for one in at.claude.prompts)
        assert await texts(at) == ["I am allergic to nuts and bees"]
        await at.app.memories.forget("pixel", MIRA, 1)
        assert await texts(at) == []


# --- Whatever happens (C51) ----------------------------------------------------------------------------

PEOPLE = {1_000 + number: f"Person{number}" for number in range(6)}
ROOMS = [replace(CHANNEL, channel_id=600 + number) for number in range(2)]
WORDS = "Oslo cats tea rain chess bread trains gardens violins snow".split()  # noqa: SIM905


def all_noted(prompt: Prompt, _question: Question) -> str:
    """Note something about everybody who said anything, with their words for a quote."""
    talk = "\n".join(block.text for message in prompt.messages for block in message.blocks)
    lines = list(SAID.finditer(talk))
    operations = [
        {
            "op": "add",
            "person": one[0].partition(":")[0],
            "text": f"Knows: {one['text']}",
            "quote": one["text"],
        }
        for one in lines[-8:]
    ]
    return note("They talked about this and that, and about the weather. " * 3, *operations)


class Fuzz:
    """Random people who say random things, and answer at random whether they may be remembered."""

    def __init__(self, at: Table, mode: str, seed: int) -> None:
        self.at = at
        self.mode = mode
        self.chance = Random(seed)
        self.given: dict[int, bool] = {}
        self.found = self.said = 0
        at.claude.finds = all_of_it
        scripted = at.claude.ask

        async def ask(prompt: Prompt, question: Question) -> Any:
            if question.purpose == "summary":
                at.claude.notes.append(all_noted(prompt, question))
            if self.chance.random() < 0.02:
                await self.answer()  # somebody changes their mind while it is thought
            return await scripted(prompt, question)

        at.claude.ask = ask  # type: ignore[method-assign]

    async def step(self) -> None:
        app, roll = self.at.app, self.chance.random()
        if roll < 0.80:
            await self.speak()
        elif roll < 0.86:
            await self.answer()
        elif roll < 0.88:
            self.at.clock.pass_time(self.chance.choice([3, 23, 30]) * 3600)
            await app.summaries.catch_up()
        elif roll < 0.92:
            await app.consolidation.run("pixel")
        elif roll < 0.95:
            await app.embedding.catch_up()
        elif roll < 0.97:
            await app.message_log.prune()
        else:
            await self.tell()

    async def speak(self) -> None:
        person = self.chance.choice(list(PEOPLE))
        where = self.chance.choice([*ROOMS, Where(10_000 + person, Place.DM)])
        words = " ".join(self.chance.sample(WORDS, 4))
        named = self.chance.choice(["Pixel, ", ""])
        changes = {"author_id": person, "author_name": PEOPLE[person], "where": where}
        heard = await self.at.hear(f"{named}I like {words}", **changes)
        await self.at.app.privacy.asks(heard)
        self.said += 1
        self.at.clock.pass_time(60)

    async def answer(self) -> None:
        person = self.chance.choice(list(PEOPLE)[:-1])  # the last one never says anything about it
        self.given[person] = agreed = self.chance.random() < 0.6
        await self.at.app.privacy.answer(person, agreed)

    async def tell(self) -> None:
        person = self.chance.choice(list(PEOPLE))
        if self.mode != "off":
            words = " ".join(self.chance.sample(WORDS, 3))
            await self.at.app.memories.remember("pixel", person, f"told {words}", ROOMS[0])

    @property
    def agreed(self) -> set[int]:
        if self.mode == "off":
            return set()
        return {one for one in PEOPLE if self.given.get(one, self.mode == "opt_out")}

    def check(self) -> None:
        """Look at every row that may exist only for those who agreed."""
        rows = self.rows
        assert {one for (one,) in rows("SELECT person_id FROM facts WHERE origin != 'told'")} <= self.agreed
        learnt = (
            "SELECT person_id FROM fact_changes WHERE cause IN ('learnt', 'mentioned again', 'superseded')"
        )
        assert {one for (one,) in rows(learnt)} <= self.agreed
        before = """SELECT person_id FROM fact_changes WHERE "before" LIKE '%learnt%'"""
        assert {one for (one,) in rows(before)} <= self.agreed
        kept = rows("SELECT id, person_id, author_id, mine FROM archive")
        assert {one for _, person, author, mine in kept for one in (person, person if mine else author)} <= (
            self.agreed
        )
        owners = rows("SELECT owner_id FROM vectors WHERE kind = 'fact'")
        assert {one for (one,) in owners} <= self.agreed
        lines = {
            one for (ids,) in rows("SELECT ids FROM vectors WHERE kind = 'line'") for one in array("q", ids)
        }
        assert lines <= {row[0] for row in kept}
        self.found = max(self.found, len(kept) + len(rows("SELECT 1 FROM facts WHERE origin = 'learnt'")))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.at.database.path)) as connection:
            return connection.execute(query).fetchall()


MODES = ["opt_in", "opt_out", "off"]


@pytest.mark.parametrize(
    ("mode", "messages"),
    [("opt_in", 100), *(pytest.param(mode, 500, marks=pytest.mark.slow) for mode in MODES)],
)
async def test_after_500_messages_there_is_no_row_of_anybody_who_did_not_agree(tmp_path, mode, messages):
    manner = replace(AT_ONCE, consent=mode, asks_after=2, extent=TranscriptLimits(condensed=1_500))
    async with table(tmp_path, manner=manner, embedder=Letters()) as at:
        fuzz = Fuzz(at, mode, seed=7)
        while fuzz.said < messages:
            await fuzz.step()
            fuzz.check()
        asked = {row[0] for row in fuzz.rows("SELECT person_id FROM consents WHERE given IS NULL")}
        purposes = {one for (one,) in fuzz.rows("SELECT purpose FROM calls")}
        if mode == "off":
            assert (fuzz.found, asked) == (0, set())
            assert purposes >= {"summary"}
        else:
            assert fuzz.found > 20, "where nothing is kept there is nothing to look at"
            assert list(PEOPLE)[-1] in asked
            assert purposes >= {"summary", "facts"}
