"""Any earlier state of what is known can be seen again, and a bad day undone (C68)."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from database.models import Fact
from memory.core import MemoryChange
from memory.history import JOINED, LEARNT, REINFORCED, SUPERSEDED, into
from memory.rules import MemoryRefused
from memory.time_travel import UNDONE, TimeTravel, Undone, bounds
from tests.builders import CHANNEL, Table, table
from tests.fakes import EPOCH
from tests.learning import BOB, DAY, MIRA, agree, deciding, fact, facts, finding, say, texts

THINGS = ("tea", "Oslo", "a cat", "chess", "the sea", "two sisters", "green", "rain")
PLACES = ("Oslo", "Bergen", "Bodø")
Values = dict[int, dict[str, Any]]


@pytest.fixture
async def at(tmp_path):
    async with table(tmp_path) as set_table:
        await agree(set_table)
        yield set_table


def travel(at: Table) -> TimeTravel:
    memories = at.app.memories
    return TimeTravel(at.database, at.clock.now, dump=memories.dump)


def values(known: list[Fact]) -> Values:
    """Return facts by id, with all that a state is to tell of them."""
    hidden = {"_sa_instance_state", "changed_at"}
    return {one.id: {key: one.__dict__[key] for key in one.__dict__ if key not in hidden} for one in known}


class Life:
    """Random things that happen to what is known of Mira, each a minute after the one before."""

    def __init__(self, at: Table, rng: Random) -> None:
        self.at, self.rng, self.said = at, rng, 0

    async def step(self) -> None:
        self.at.clock.pass_time(self.rng.choice((60, 60, 60, 9 * 3600)))
        own = (self.told, self.edited, self.shared, self.pinned, self.forgotten, self.brought_back)
        by_itself = (self.learnt, self.learnt, self.summed_up)
        await self.rng.choices((*own, *by_itself), (4, 2, 2, 2, 2, 1, 4, 4, 3))[0]()

    async def told(self) -> None:
        self.said += 1
        await self._try("remember", f"likes {self.rng.choice(THINGS)} {self.said}", CHANNEL)

    async def edited(self) -> None:
        self.said += 1
        await self._try("edit", await self._number(), f"says {self.rng.choice(THINGS)} {self.said}")

    async def shared(self) -> None:
        reach = self.rng.choice(("guild", "everywhere", "dm", "every character", "one character"))
        await self._try("share", await self._number(), reach, CHANNEL)

    async def pinned(self) -> None:
        await self._try("pin", await self._number())

    async def forgotten(self) -> None:
        if self.rng.random() < 0.5:
            await self._try("forget", await self._number())

    async def brought_back(self) -> None:
        batches = await self.at.app.memories.history("pixel", MIRA)
        if batches:
            await self._try("restore", self.rng.choice(batches).id)

    async def learnt(self) -> None:
        """Talk is consolidated: something new, said again, or overtaking what was known."""
        place = self.rng.choice(PLACES)
        words = f"I have moved to {place} now"
        await say(self.at, words)
        verdict = deciding((1, self.rng.choice(("update", "update", "new")), 1))
        self.at.claude.will_find(finding(fact(f"Has moved to {place} now", words)), verdict)
        await self.at.app.consolidation.run("pixel")
        self.at.claude.facts.clear()

    async def summed_up(self) -> None:
        """A summary proposes operations on what is known."""
        self.said += 1
        known = await facts(self.at)
        text = f"noted {self.said}"
        target = self.rng.choice(known).id if known and self.rng.random() < 0.6 else None
        words = None if target is not None and self.rng.random() < 0.3 else text
        change = MemoryChange(MIRA, target, words, text, (10**6 + self.said,))
        async with self.at.database.begin() as db:
            await self.at.app.memories.learn(db, "pixel", CHANNEL, [change], at=self.at.clock.now())

    async def _number(self) -> int:
        known = await facts(self.at)
        return self.rng.choice(known).number if known else 1

    async def _try(self, what: str, *arguments: Any) -> None:
        with suppress(MemoryRefused):
            await getattr(self.at.app.memories, what)("pixel", MIRA, *arguments)


async def ever(at: Table) -> set[int]:
    """Return the facts of which there is any record left."""
    async with at.database.read() as db:
        changes = await db.memories.since(MIRA, "pixel", 0)
    return {one.memory_id for one in changes}


def without_forgotten(snapshot: Values, left: set[int]) -> Values:
    """Return a snapshot without what was forgotten since, and what that had overtaken holding again."""
    kept = {key: dict(one) for key, one in snapshot.items() if key in left}
    for one in kept.values():
        if one["superseded_by"] is not None and one["superseded_by"] not in left:
            one |= {"superseded_by": None, "ended_at": None}
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_any_earlier_state_is_rebuilt_as_it_was_recorded_then(tmp_path, seed):
    async with table(tmp_path) as at:
        await agree(at)
        life, snapshots = Life(at, Random(seed)), list[tuple[datetime, Values]]()
        for _ in range(60):
            await life.step()
            snapshots.append((at.clock.now(), values(await facts(at))))
        left = await ever(at)
        for moment, snapshot in snapshots:
            then = await travel(at).state("pixel", MIRA, moment)
            assert without_forgotten(values(then), left) == without_forgotten(snapshot, left)


async def record(at: Table) -> list[Any]:
    """Return all changes of what is known of Mira, newest first."""
    async with at.database.read() as db:
        return await db.memories.since(MIRA, "pixel", 0)


@pytest.mark.slow
async def test_the_random_lives_hold_everything_that_can_happen(tmp_path):
    causes = set[str]()
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        async with table(tmp_path / str(seed)) as at:
            await agree(at)
            life = Life(at, Random(seed))
            for _ in range(60):
                await life.step()
            causes |= {one.cause.partition(":")[0] for one in await record(at)}
    assert causes >= {"told", "edited", "shared", "pinned", "restored", LEARNT, REINFORCED, SUPERSEDED}


async def test_what_was_forgotten_is_in_no_earlier_state(at):
    memories = at.app.memories
    await memories.remember("pixel", MIRA, "canary", CHANNEL)
    at.clock.pass_time(60)
    assert [one.text for one in await travel(at).state("pixel", MIRA, at.clock.now())] == ["canary"]
    await memories.forget("pixel", MIRA, 1)
    assert await travel(at).state("pixel", MIRA, at.clock.now() - timedelta(seconds=30)) == []


async def test_before_the_first_change_nothing_was_known(at):
    await at.app.memories.remember("pixel", MIRA, "tea", CHANNEL)
    assert await travel(at).state("pixel", MIRA, EPOCH - timedelta(seconds=1)) == []


async def test_the_days_are_those_on_which_something_changed(at):
    assert await travel(at).days("pixel", MIRA) == []
    await at.app.memories.remember("pixel", MIRA, "tea", CHANNEL)
    at.clock.pass_time(3 * DAY)
    await at.app.memories.pin("pixel", MIRA, 1)
    first = EPOCH.date()
    assert await travel(at).days("pixel", MIRA) == [first + timedelta(days=3), first]
    assert await travel(at).days("pixel", BOB) == []


# --- A bad day -----------------------------------------------------------------------------------------

OSLO = ("I have moved to Oslo now", "Has moved to Oslo now")
BERGEN = ("I have moved to Bergen now", "Has moved to Bergen now")


async def learn(at: Table, said: tuple[str, str], *decisions: tuple[int, str, int], **who: Any) -> None:
    """Let something be said, and the talk be consolidated."""
    words, text = said
    await say(at, words, **who)
    at.claude.facts.clear()
    at.claude.will_find(finding(fact(text, words)), deciding(*decisions))
    await at.app.consolidation.run("pixel")


async def test_a_day_is_told_by_person_and_cause_without_a_word(at):
    await agree(at, BOB)
    await learn(at, OSLO)
    await at.app.memories.remember("pixel", BOB, "tea", CHANNEL)
    at.clock.pass_time(DAY)
    await learn(at, OSLO)
    today = at.clock.now().date()
    yesterday = await travel(at).day("pixel", today - timedelta(days=1))
    assert {one.person_id: dict(one.causes) for one in yesterday} == {MIRA: {LEARNT: 1}, BOB: {"told": 1}}
    assert [one.own for one in yesterday] == [1, 0]
    assert [dict(one.causes) for one in await travel(at).day("pixel", today)] == [{REINFORCED: 1}]
    assert await travel(at).day("pixel", today, BOB) == []
    assert await travel(at).day("pixel", today - timedelta(days=9)) == []


async def test_a_day_undone_takes_back_what_was_noted_said_again_and_overtaken(at):
    await learn(at, OSLO)
    before = values(await facts(at))
    at.clock.pass_time(DAY)
    day = at.clock.now().date()
    await learn(at, ("yes I have moved to Oslo now", OSLO[1]))
    await learn(at, BERGEN, (1, "update", 1))
    assert [one.ended_at is None for one in await facts(at)] == [False, True]
    at.clock.pass_time(DAY)
    assert await travel(at).undo("pixel", day) == Undone(people=1, facts=2)
    (oslo,) = await facts(at)
    sources = oslo.sources
    assert values([oslo]) == {oslo.id: {**before[oslo.id], "sources": sources}}
    assert {one.cause for one in (await record(at))[:2]} == {UNDONE}
    assert await travel(at).undo("pixel", day) == Undone(stayed=2)


async def test_what_people_did_themselves_stays(at):
    memories = at.app.memories
    await learn(at, OSLO)
    await memories.remember("pixel", MIRA, "tea", CHANNEL)
    await memories.edit("pixel", MIRA, 1, "I live in Oslo")
    await learn(at, BERGEN, (1, "new", 1))
    assert await travel(at).undo("pixel", at.clock.now().date()) == Undone(people=1, facts=1, stayed=1)
    assert await texts(at) == ["I live in Oslo", "tea"]


async def test_what_was_said_again_on_another_day_stays_and_so_does_what_it_overtook(at):
    await learn(at, OSLO)
    at.clock.pass_time(DAY)
    day = at.clock.now().date()
    await learn(at, BERGEN, (1, "update", 1))
    at.clock.pass_time(DAY)
    await learn(at, ("sure I have moved to Bergen now", BERGEN[1]))
    assert await travel(at).undo("pixel", day) == Undone(stayed=2)
    assert [one.ended_at is None for one in await facts(at)] == [False, True]


async def test_what_was_overtaken_holds_again_although_the_person_touched_it_since(at):
    await learn(at, OSLO)
    at.clock.pass_time(DAY)
    day = at.clock.now().date()
    await learn(at, BERGEN, (1, "update", 1))
    await at.app.memories.pin("pixel", MIRA, 1)
    assert await travel(at).undo("pixel", day) == Undone(people=1, facts=1, stayed=1)
    (oslo,) = await facts(at)
    assert (oslo.pinned, oslo.ended_at, oslo.superseded_by) == (True, None, None)


async def test_what_was_forgotten_stays_forgotten(at):
    await learn(at, OSLO)
    at.clock.pass_time(DAY)
    day = at.clock.now().date()
    await learn(at, BERGEN, (1, "update", 1))
    await at.app.memories.forget("pixel", MIRA, 1)
    assert await travel(at).undo("pixel", day) == Undone(people=1, facts=1)
    assert await texts(at) == []


async def test_one_person_is_undone_alone(at):
    await agree(at, BOB)
    await learn(at, OSLO)
    await learn(at, BERGEN, author_id=BOB, author_name="Bob")
    assert await travel(at).undo("pixel", at.clock.now().date(), BOB) == Undone(people=1, facts=1)
    assert (await texts(at, BOB), await texts(at)) == ([], [OSLO[1]])


async def test_what_was_joined_comes_back_apart_with_the_whole(at):
    async with at.database.begin() as db:
        for text in ("has a cat", "has a cat called Ada"):
            row = Fact(MIRA, "pixel", 0, text, "channel", 600, 700, LEARNT, EPOCH, EPOCH)
            await db.memories.add(row, batch=await db.memories.new_batch(), cause=LEARNT)
    at.clock.pass_time(DAY)
    async with at.database.begin() as db:
        first, other = await db.memories.of(MIRA, "pixel")
        batch, now = await db.memories.new_batch(), at.clock.now()
        await db.memories.remove(other, batch=batch, cause=into(first.id), at=now)
        await db.memories.change(first, {"text": "has a cat, Ada"}, batch=batch, cause=JOINED, at=now)
    assert await travel(at).undo("pixel", at.clock.now().date()) == Undone(people=1, facts=2)
    assert await texts(at) == ["has a cat", "has a cat called Ada"]


async def test_a_whole_that_was_edited_since_keeps_its_parts(at):
    async with at.database.begin() as db:
        for text in ("has a cat", "has a cat called Ada"):
            row = Fact(MIRA, "pixel", 0, text, "channel", 600, 700, LEARNT, EPOCH, EPOCH)
            await db.memories.add(row, batch=await db.memories.new_batch(), cause=LEARNT)
        first, other = await db.memories.of(MIRA, "pixel")
        batch, now = await db.memories.new_batch(), at.clock.now()
        await db.memories.remove(other, batch=batch, cause=into(first.id), at=now)
        await db.memories.change(first, {"text": "has a cat, Ada"}, batch=batch, cause=JOINED, at=now)
    await at.app.memories.edit("pixel", MIRA, 1, "I have a cat, Ada")
    assert await travel(at).undo("pixel", at.clock.now().date()) == Undone(stayed=2)
    assert await texts(at) == ["I have a cat, Ada"]


async def test_the_person_can_undo_what_an_operator_undid(at):
    await learn(at, OSLO)
    await travel(at).undo("pixel", at.clock.now().date())
    assert await texts(at) == []
    memories = at.app.memories
    newest = (await memories.history("pixel", MIRA))[0]
    assert newest.cause == UNDONE
    await memories.restore("pixel", MIRA, newest.id)
    assert await texts(at) == [OSLO[1]]


async def test_a_fact_that_was_undone_leaves_no_trace_when_its_message_goes(at):
    said = await say(at, OSLO[0])
    at.claude.will_find(finding(fact(OSLO[1], OSLO[0])))
    await at.app.consolidation.run("pixel")
    await travel(at).undo("pixel", at.clock.now().date())
    await at.app.message_log.deleted(CHANNEL.channel_id, {said})
    assert await record(at) == []


@pytest.mark.parametrize("day", [date.max, date(2027, 1, 1), date(2014, 12, 31), date.min])
async def test_a_day_on_which_nothing_can_have_changed_is_refused(at, day):
    for wanted in (travel(at).day("pixel", day), travel(at).undo("pixel", day)):
        with pytest.raises(MemoryRefused, match="NO_SUCH_DAY"):
            await wanted


async def test_a_moment_before_all_talk_is_refused_and_the_last_day_has_bounds(at):
    with pytest.raises(MemoryRefused, match="NO_SUCH_DAY"):
        await travel(at).state("pixel", MIRA, bounds(date.min)[1])
    assert bounds(date.max)[0] == datetime(9999, 12, 31, tzinfo=UTC)
