"""Histories of talk, played step by step against a real database, and looked at after each step.

A history is a list of steps, plain values that Hypothesis can shrink: what people say and take back, time
that passes, jobs that run, a Claude that fails, a process that dies.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from bot.app import App
from bot.conversation.company import Company
from bot.conversation.config import TranscriptLimits
from bot.conversation.message_log import SUMMARIES_KEPT
from bot.conversation.rethinking import CannotRemake, Requester
from bot.conversation.types import Part
from bot.core.errors import Unsaid
from bot.llm.types import TokenEstimate
from database import Database
from memory.dumps import Dumps
from memory.places import Place, Where
from memory.rules import LOG_KEPT, WAITING_KEPT, MemoryRefused
from tests.builders import AT_ONCE, PIXEL, app_on, beginnings_ended, utterance
from tests.fakes import FakeClock, FakeMouth
from tests.parrot import BOT, CANARY, ME, PEOPLE, PLACES, Book, Parrot, Told
from tests.tables import Kept, Tables

Step = tuple[Any, ...]
LONGEST = 100
"""Characters of one message: longer replies become several."""


class Killed(BaseException):
    """The process ends here."""


class Mouth(FakeMouth):
    """A message that was deleted gives its id to no other."""

    def __init__(self) -> None:
        super().__init__(me=ME)
        self._ids = count(1_000_000)

    async def say(self, part: Part, *, to: int) -> int:
        self._fail()
        if part.nonce not in self.posted:
            self.posted[part.nonce] = (next(self._ids), part.text)
        return self.posted[part.nonce][0]


class Play:
    """A history as it is played."""

    def __init__(self, folder: Path, database: Database, *, condensed: int) -> None:
        self.database = database
        self.clock = FakeClock()
        self.book = Book()
        self.rng = Random(condensed)
        self.claude = Parrot(self.clock, self.book, self.rng)
        self.mouth = Mouth()
        self.tables = Tables(folder / "masquerade.sqlite3", me=ME)
        self.manner = replace(
            AT_ONCE,
            recalled=0,  # what is in the archive would stand in prompts again
            extent=TranscriptLimits(condensed=condensed, known=120),
            longest_message=LONGEST,
            dumps=Dumps(folder / "dumps"),
        )
        self.kill_at: set[str] = set()
        self.late: list[asyncio.Task[None]] = []
        self.lost_meanwhile: set[int] = set()
        self.searched = 0
        self.app = self._open()

    def _open(self) -> App:
        return app_on(
            self.database,
            self.claude,
            self.clock,
            company=Company.of(PIXEL),
            manner=self.manner,
            rng=Random(1),
            on_stage=self._reached,
        )

    def _reached(self, stage: str) -> None:
        if stage in self.kill_at:
            self.kill_at.clear()
            raise Killed(stage)

    async def step(self, step: Step) -> None:
        """Play one step, and look at everything."""
        before, going = self.tables.kept(), self.tables.going()
        verb, *what = step
        lost = await self._alive(verb, what)
        late, self.late = self.late, []
        for task in late:
            await task
        self._look(before, lost | going | self.lost_meanwhile, step)
        self.lost_meanwhile = set()

    async def come_to_rest(self) -> None:
        """Let Claude be well again, and the jobs run: what waits has to be summed up then."""
        self.claude.be_well()
        self.kill_at.clear()
        self.mouth.will_fail.clear()
        await self._finish()
        for _ in range(6):
            self.clock.pass_time(3 * 3600)
            await self.app.summaries.catch_up()
            await self.app.summaries.settled()
        kept = self.tables.kept().values()
        left = [line for line in kept if line.summary is None and line.place < line.floor]
        assert left == [], "what stands before the transcript must be summed up in the end"
        self._search()

    async def _alive(self, verb: str, what: list[Any]) -> set[int]:
        """Do something, and return the lines that may go with it; a process that dies begins anew."""
        try:
            return await getattr(self, f"_{verb}")(*what) or set()
        except Killed:
            await self._begin_anew()
            return set()

    async def _begin_anew(self) -> None:
        await self.app.summaries.close()
        self.kill_at.clear()
        self.app = self._open()
        await self.app.eraser.finish()
        await self._finish()

    # What people do.

    async def _say(self, place: int, person: int, size: int, called: bool, settle: bool) -> None:
        where = PLACES[place]
        author = PEOPLE[place] if where.place is Place.DM else (*PEOPLE, BOT)[person]
        canary = self.book.line(where, author)
        heard = utterance(
            f"{'Pixel, ' if called else ''}{canary} {'tell ' * size}",
            where=where,
            author_id=author,
            author_name=f"P{author}",
            from_bot=author == BOT,
            sent_at=self.clock.now(),
        )
        self.book.words.setdefault(heard.message_id, set()).add(canary)
        self.clock.pass_time(1)
        due = self.tables.transcript(where, since=self.clock.now() - LOG_KEPT)
        asked = len(self.claude.asked)
        await self.app.conversation.take_turn(heard, self.mouth)
        if not self.late and sum(map(TokenEstimate(), due)) < self.manner.extent.condensed:
            self._in_the_prompt(due, asked, where)
        if settle:
            await self.app.summaries.settled()

    async def _talk(self, place: int, person: int, times: int, size: int) -> None:
        """Let somebody talk with the character for a while."""
        for _ in range(times):
            await self._say(place, person, size, called=True, settle=True)
            self.clock.pass_time(90)

    def _in_the_prompt(self, due: list[str], asked: int, where: Where) -> None:
        """Check that what the transcript holds is what Claude is shown."""
        for prompt, question in self.claude.asked[asked:]:
            if (question.purpose, question.channel_id) == ("reply", where.channel_id):
                missing = [one for text in due for one in CANARY.findall(text) if one not in prompt.text]
                assert missing == []

    async def _edit(self, nth: int) -> set[int]:
        found = self.tables.pick(nth, mine=False)
        if found is None:
            return set()
        message_id, line = found
        new = self.book.line(line.where, self._author(message_id))
        old = set(self._words(message_id))
        self.book.words[message_id].add(new)
        async with self._forgetting(old):
            await self.app.message_log.edited(line.where.channel_id, message_id, f"{new} in other words")
        return {message_id}

    def _author(self, message_id: int) -> int:
        return next(self.book.said[one].author_id for one in self._words(message_id))

    async def _delete(self, nth: int, many: int) -> set[int]:
        found = self.tables.pick(nth)
        if found is None:
            return set()
        where = found[1].where
        there = sorted(key for key, one in self.tables.kept().items() if one.where == where)
        gone = set(there[there.index(found[0]) :][:many])
        async with self._forgetting(self._canaries(gone)):
            await self.app.message_log.deleted(where.channel_id, gone)
        self.mouth.posted = {key: one for key, one in self.mouth.posted.items() if one[0] not in gone}
        return gone

    async def _reset(self, person: int, place: int, everywhere: bool) -> set[int]:
        person_id, where = PEOPLE[person], self._theirs(person, place)
        there = [one for one in PLACES if everywhere or one == where]
        there = [one for one in there if one.place is not Place.DM or one == PLACES[person]]
        before = self.tables.kept()
        gone = {
            canary
            for canary, said in self.book.said.items()
            if said.where in there and said.concerns(person_id)
        }
        async with self._forgetting(gone):
            await self.app.forgetting.reset(person_id, where, everywhere=everywhere)
            self.book.remembered |= gone & self.tables.known_for_good()
        return {key for key, one in before.items() if one.where in there and self._of(person_id, key, one)}

    def _of(self, person_id: int, message_id: int, line: Kept) -> bool:
        said = [self.book.said[one] for one in self._words(message_id)]
        return line.where.place is Place.DM or any(one.concerns(person_id) for one in said)

    def _words(self, message_id: int) -> set[str]:
        return self.book.words.get(message_id, set())

    async def _forget_pairs(self, person: int, place: int, many: int) -> set[int]:
        person_id, where = PEOPLE[person], self._theirs(person, place)
        pairs = await self.app.forgetting.pairs(person_id, where, count=many)
        turns = [pair.turn_id for pair in pairs]
        gone = self.tables.of_turns(turns, person_id)
        async with self._forgetting(self._canaries(gone)):
            await self.app.forgetting.forget_pairs(person_id, where, turns)
        return gone

    async def _reroll(self, person: int, place: int, accept: bool, reachable: bool) -> set[int]:
        where, asker = self._theirs(person, place), Requester(PEOPLE[person], f"P{PEOPLE[person]}")
        remaking = self.app.revisions
        try:
            takes = await remaking.another("pixel", asker, where)
            said = self.tables.of_turns([takes.turn_id], asker.id)
            if not reachable:
                self.mouth.will_fail.append(Unsaid("503"))
            if accept:
                await remaking.choose(
                    "pixel", asker, where, turn_id=takes.turn_id, number=takes.newest, mouth=self.mouth
                )
        except CannotRemake:
            said = set()
        self.mouth.will_fail.clear()
        return said | self.tables.going()

    async def _remember(self, person: int, place: int, reach: str) -> None:
        where, person_id = self._theirs(person, place), PEOPLE[person]
        canary = self.book.tell(Told(person_id, where, reach))
        with suppress(MemoryRefused):
            await self.app.memories.remember("pixel", person_id, f"I told you {canary}", where, reach=reach)

    async def _forget_memory(self, person: int, nth: int) -> None:
        known = await self.app.memories.of("pixel", PEOPLE[person])
        if known:
            one = known[nth % len(known)]
            # What was learnt from talk may be learnt again: the talk is still there.
            told = {canary for canary in CANARY.findall(one.text) if canary in self.book.told}
            async with self._forgetting(told):
                await self.app.memories.forget("pixel", PEOPLE[person], one.number)

    async def _consent(self, person: int, given: bool) -> None:
        await self.app.memories.let_learn(PEOPLE[person], given)

    def _theirs(self, person: int, place: int) -> Where:
        """Return a place; of private ones the person's own."""
        return PLACES[person] if PLACES[place].place is Place.DM else PLACES[place]

    # What the world does.

    async def _wait(self, minutes: int) -> None:
        self.clock.pass_time(60 * minutes)

    async def _catch_up(self) -> None:
        await self.app.summaries.catch_up()

    async def _prune(self) -> None:
        await self.app.consolidation.run("pixel")
        await self.app.message_log.prune()

    async def _finish(self) -> set[int]:
        going = self.tables.going()
        await self.app.finish_replies(lambda _channel: self.mouth)
        return going

    async def _fail(self, purpose: str, how: str, times: int) -> None:
        self.claude.failing[purpose] = [how] * times

    async def _unreachable(self, times: int) -> None:
        self.mouth.will_fail.extend([Unsaid("503")] * times)

    async def _kill(self, stage: str) -> None:
        self.kill_at.add(stage)

    async def _die(self, breaths: int) -> None:
        """Die in the middle of whatever goes on in the background."""
        for _ in range(breaths):
            await asyncio.sleep(0.001)
        await self._begin_anew()

    async def _meanwhile(self, purpose: str, step: Step) -> None:
        """Let something happen while Claude thinks about the next question of a kind."""

        async def happens() -> None:
            self.late.append(asyncio.create_task(self._aside(step)))
            for _ in range(self.rng.randrange(30)):
                await asyncio.sleep(0.001)

        self.claude.meanwhile[purpose] = happens

    async def _aside(self, step: Step) -> None:
        verb, *what = step
        self.lost_meanwhile |= await self._alive(verb, what)

    # What is looked at.

    def _look(self, before: dict[int, Kept], lost: set[int], step: Step) -> None:
        """Check that no line went astray or stands twice, and that no prompt holds what it must not."""
        after = self.tables.kept()
        dropped = {before[key].summary for key in lost if key in before} - {None}
        for key, line in before.items():
            if key not in after:
                torn = line.text is None and line.summary in dropped
                assert key in lost or torn or self._expired(line, before), (step, key, line)
        for key, line in after.items():
            if line.summary is not None and line.text is not None:
                assert line.place < line.floor, ("covered, and in the transcript too", step, key, line)
                assert self.tables.within(line), (step, key, line)
            if line.text is not None:
                self.book.words.setdefault(key, set()).update(CANARY.findall(line.text))
        self._search()

    def _expired(self, line: Kept, before: dict[int, Kept]) -> bool:
        """Say whether a line was past its time by the documented rules."""
        now, there = self.clock.now(), [one for one in before.values() if one.where == line.where]
        if line.summary is not None:
            last = [one.sent_at for one in there if one.text is not None]
            last += [one.until for one in there if one.until is not None]
            return max(last) < now - SUMMARIES_KEPT
        if line.sent_at < now - WAITING_KEPT:
            return True
        took_part = any(one.mine and one.summary is None for one in there)
        return line.sent_at < now - LOG_KEPT and not took_part and line.place >= line.floor

    def _search(self) -> None:
        """Search every prompt since the last time."""
        for number, (prompt, question) in enumerate(self.claude.asked[self.searched :], self.searched):
            assert not CANARY.search("".join(block.text for block in prompt.system))
            for canary in set(CANARY.findall(prompt.text)):
                assert self.book.may_know(canary, question), (canary, question, prompt.text)
                since = self.book.forgotten.get(canary, number + 1)
                kept = canary in self.book.remembered
                assert number < since or kept, ("forgotten", canary, question, prompt.text)
        self.searched = len(self.claude.asked)

    def _canaries(self, message_ids: set[int]) -> set[str]:
        """Return what some messages ever said, with all takes on a reply that a part of is among them."""
        said = {one for key in message_ids for one in self._words(key)}
        takes = {one for text in self.tables.takes(message_ids) for one in CANARY.findall(text)}
        return said | takes - {one for key in self.tables.kept() for one in self._words(key)}

    @asynccontextmanager
    async def _forgetting(self, canaries: set[str]) -> AsyncIterator[None]:
        """Forget some canaries: from then on they may be in no prompt.

        A question about older talk that was read just before may be asked all the same; what comes of it
        is not kept.
        """
        begun = set(self.app.summaries._tasks._tasks)
        yield
        if begun:
            await asyncio.wait(begun)
        for canary in canaries:
            self.book.forgotten.setdefault(canary, len(self.claude.asked))


@asynccontextmanager
async def played(folder: Path, *, condensed: int) -> AsyncIterator[Play]:
    """Open a play over the database in a folder."""
    database = await Database.open(folder / "masquerade.sqlite3")
    play = Play(folder, database, condensed=condensed)
    try:
        for person_id in PEOPLE[:2]:
            await play.app.memories.let_learn(person_id, True)
        yield play
    finally:
        if begun := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(begun, timeout=2)
        await play.app.summaries.close()
        await beginnings_ended()
        await database.close()
