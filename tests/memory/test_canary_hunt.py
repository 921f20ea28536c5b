"""No word ever stands in a prompt of a place that it was not said for (C60, C61, faults D2).

People say canaries in direct messages, channels and servers, to two characters; a model that repeats what it
reads, and notes whatever it can, does its worst. Every prompt that it is shown is searched.
"""

import json
import shutil
import tempfile
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
import regex

from bot.conversation.company import Company
from bot.conversation.config import TranscriptLimits
from bot.llm.client import Answer
from bot.llm.types import Prompt, Question
from database import Database
from memory import recall as finding_module
from memory.places import Place, Where, audience_of
from tests.builders import AT_ONCE, PIXEL, app_on, beginnings_ended, utterance
from tests.fakes import FakeClaude, FakeClock, FakeMouth
from tests.learning import DAY, SAID, deciding, fact, finding
from tests.thorough import usually

PEOPLE = range(11, 17)
NAMES = {person: f"Person{person}" for person in PEOPLE}
CANARY = regex.compile(r"canary\d{6}")
TOPICS = "cats tea rain Oslo chess bread trains".split()  # noqa: SIM905
NYX = PIXEL.model_copy(update={"slug": "nyx", "name": "Nyx", "aliases": ()})


def _places(first: int) -> dict[int, Where]:
    """Return the places of one character: a direct message with each person, four channels and a thread."""
    places = [Where(first + person, Place.DM) for person in PEOPLE]
    for number in range(4):
        places.append(
            Where(first + 100 + number, Place.GUILD, f"room{number}", 7 + number // 2, f"Guild {number // 2}")
        )
    places.append(replace(places[-1], channel_id=first + 110, parent_id=places[-1].channel_id))
    return {one.channel_id: one for one in places}


@dataclass
class Told:
    """Who said a canary, to whom, where; and where else it may come up by now."""

    person: int
    character: str
    where: Where
    shared: str = ""
    places: set[int] = field(default_factory=set)
    for_all: bool = False


class Gossip(FakeClaude):
    """Repeats what it reads, and finds a fact in every line."""

    def __init__(self, clock: FakeClock, rng: Random) -> None:
        super().__init__(clock)
        self.rng = rng
        self.shown: list[tuple[Prompt, Question]] = []

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        self.shown.append((prompt, question))
        self.queue.clear()
        self.notes.clear()
        self.finds = self._finds
        read = CANARY.findall(prompt.text)
        self.queue.append(f"I heard of {self.rng.choice(read)}" if read else "Hm.")
        self.notes.append(self._note(prompt))
        answer = await super().ask(prompt, question)
        self.prompts.clear()
        self.background.clear()
        self.questions.clear()
        return answer

    def _finds(self, prompt: Prompt, question: Question) -> str:
        talk = prompt.messages[-1].blocks[0].text
        if question.purpose == "same facts":
            return deciding((1, self.rng.choice(["same", "update", "new"]), 1))
        return finding(*(fact(one["text"], one["text"], about="") for one in SAID.finditer(talk)))

    def _note(self, prompt: Prompt) -> str:
        """Answer for a summary: with all canaries, and each line as something to remember for good."""
        talk = prompt.messages[-1].blocks[0].text
        operations = [
            {"op": "add", "person": one[0].partition(": ")[0], "text": one["text"], "quote": one["text"]}
            for one in SAID.finditer(talk)
        ]
        words = " ".join(dict.fromkeys(CANARY.findall(talk)))
        return json.dumps({"summary": f"They talked about {words}, and more.", "operations": operations[:3]})


class Hunt:
    """A world of two characters on one database, and the search of everything that they are shown."""

    def __init__(self, database: Database, seed: int) -> None:
        self.rng = Random(seed)
        self.database = database
        self.clock = FakeClock()
        self.claudes = {one.slug: Gossip(self.clock, self.rng) for one in (PIXEL, NYX)}
        self.places = {"pixel": _places(10_000), "nyx": _places(20_000)}
        self.told: dict[str, Told] = {}
        self.leaks: list[str] = []
        self.prompts = 0
        self.found: Counter[str] = Counter()
        self.ids = 10**8
        self.mouth = FakeMouth(me=99)
        manner = replace(AT_ONCE, extent=TranscriptLimits(condensed=600, known=2_000), recalled=1_500)
        self.apps = {
            one.slug: app_on(
                database,
                self.claudes[one.slug],
                self.clock,
                company=Company.of(one),
                manner=manner,
                rng=self.rng,
            )
            for one in (PIXEL, NYX)
        }

    async def step(self) -> None:
        character = self.rng.choice(["pixel", "nyx"])
        doing = self.rng.choices(
            [self.say, self.remember, self.share, self.night, self.change_mind, self.delete],
            weights=[200, 12, 6, 2, 1, 4],
        )[0]
        await doing(character)
        self.search()

    async def say(self, character: str) -> None:
        """Say a canary, or ask about what was said, somewhere."""
        where, person = self._somewhere(character)
        topic, other = self.rng.sample(TOPICS, 2)
        words = f"what do you remember about {topic} and {other} of mine?"
        if self.rng.random() < 0.4:
            words = f"I tell you that {self._canary(person, character, where)} likes {topic} and {other}"
        self.ids += 1
        mentioned = self.rng.sample(list(PEOPLE), self.rng.choice([0, 0, 1, 2]))
        heard = utterance(
            words,
            message_id=self.ids,
            author_id=person,
            author_name=NAMES[person],
            where=where,
            sent_at=self.clock.now(),
            mentions_me=True,
            mentions=tuple(mentioned),
        )
        await self.apps[character].conversation.take_turn(heard, self.mouth)
        await self.apps[character].summaries.settled()
        self.clock.pass_time(self.rng.choice([1, 60, 900]))

    async def remember(self, character: str) -> None:
        where, person = self._somewhere(character)
        reach = self.rng.choice(["", "", "guild", "everywhere"]) if where.guild_id else ""
        canary = self._canary(person, character, where)
        await self.apps[character].memories.remember(
            character, person, f"{canary} likes {self.rng.choice(TOPICS)}", where, reach=reach
        )
        self.told[canary].shared = reach

    async def share(self, character: str) -> None:
        """Give a fact a wider reach: what its canaries may do grows with it."""
        where, person = self._somewhere(character)
        memories = self.apps[character].memories
        known = [one for one in await memories.of(character, person) if CANARY.search(one.text)]
        if not known:
            return
        one = self.rng.choice(known)
        scope = self.rng.choice(["everywhere", "channel", *(["guild"] if where.guild_id else [])])
        await memories.share(character, person, one.number, scope, where)
        for canary in CANARY.findall(one.text + one.quote):
            told = self.told[canary]
            told.places.add(where.channel_id)
            told.shared = "everywhere" if "everywhere" in (scope, told.shared) else told.shared
            if scope == "guild":
                told.places |= {
                    place.channel_id
                    for place in self.places[character].values()
                    if place.guild_id == where.guild_id
                }

    async def night(self, _character: str) -> None:
        self.clock.pass_time(self.rng.choice([DAY / 2, DAY, 3 * DAY]))
        for slug, one in self.apps.items():
            await one.consolidation.run(slug)
            await one.memories.expire()
            await one.message_log.prune()

    async def change_mind(self, character: str) -> None:
        await self.apps[character].memories.let_learn(self.rng.choice(list(PEOPLE)), self.rng.random() < 0.9)

    async def delete(self, character: str) -> None:
        where, _ = self._somewhere(character)
        gone = {self.rng.randint(10**8, self.ids + 1)}
        await self.apps[character].message_log.deleted(where.channel_id, gone)
        await self.apps[character].summaries.settled()

    # The search.

    def search(self) -> None:
        for character, claude in self.claudes.items():
            for prompt, question in claude.shown:
                self.prompts += 1
                assert not CANARY.search("".join(block.text for block in prompt.system))
                for canary in set(CANARY.findall(prompt.text)):
                    self.found[question.purpose] += 1
                    if not self._may(canary, character, question):
                        self.leaks.append(f"{canary}: {self.told[canary]} in {character}, {question}")
            self._repeated(character)
            claude.shown.clear()

    def _may(self, canary: str, character: str, question: Question) -> bool:
        told = self.told[canary]
        if told.character != character:
            return told.for_all
        if question.channel_id is None:
            return question.purpose == "memories" and told.person == question.user_id
        where = self.places[character][question.channel_id]
        if question.purpose in ("facts", "same facts") and told.person != question.user_id:
            return where.channel_id in told.places and self._is_repeated(canary, where)
        return (
            told.where.channel_id in (where.channel_id, where.parent_id)
            or where.channel_id in told.places
            or where.parent_id in told.places
            or told.shared == "everywhere"
            or (told.shared == "guild" and told.where.guild_id == where.guild_id)
            or (where.place.private and where.channel_id % 10_000 == told.person)
        )

    def _repeated(self, character: str) -> None:
        """What a model was shown in a place it may have repeated there: from then on it was said there."""
        for prompt, question in self.claudes[character].shown:
            for canary in CANARY.findall(prompt.text):
                if self._may(canary, character, question):
                    self.told[canary].places.add(question.channel_id or 0)

    def _is_repeated(self, canary: str, where: Where) -> bool:
        return where.channel_id in self.told[canary].places

    def _canary(self, person: int, character: str, where: Where) -> str:
        canary = f"canary{len(self.told):06}"
        self.told[canary] = Told(person, character, where)
        return canary

    def _somewhere(self, character: str) -> tuple[Where, int]:
        where = self.rng.choice(list(self.places[character].values()))
        person = where.channel_id % 10_000 if where.place.private else self.rng.choice(list(PEOPLE))
        return where, person


@asynccontextmanager
async def hunting(seed: int):
    """Open a world in memory where that can be had: what it writes is thrown away."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    database = await Database.open(folder / "masquerade.sqlite3")
    hunt = Hunt(database, seed)
    async with database.begin() as db:
        for person in PEOPLE:
            await db.consents.set(person, True, at=hunt.clock.now())
    try:
        yield hunt
    finally:
        for one in hunt.apps.values():
            await one.summaries.close()
        await beginnings_ended()
        await database.close()
        shutil.rmtree(folder)


async def hunt(seed: int, prompts: int) -> Hunt:
    async with hunting(seed) as hunt:
        while hunt.prompts < prompts:
            await hunt.step()
            assert hunt.leaks == []
        return hunt


@pytest.mark.slow
async def test_no_canary_is_in_a_prompt_of_a_place_that_it_was_not_said_for():
    done = await hunt(1, 600)
    assert done.found["reply"] > 100, "a search that finds nothing proves nothing"
    assert done.found["facts"] > 10


@pytest.mark.slow
@pytest.mark.timeout(2_400)
@pytest.mark.parametrize("seed", usually(range(2, 3), range(2, 6)))
async def test_no_canary_is_in_any_of_twenty_thousand_prompts(seed):
    """Four worlds of 5,000 prompts each; one of them, usually."""
    done = await hunt(seed, 5_000)
    assert done.found["reply"] > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["facts", "lines"])
async def test_the_hunt_finds_a_leak(monkeypatch, broken):
    """With the rule of where things may come up out of force, the search has to find something."""
    real = audience_of
    if broken == "facts":
        monkeypatch.setattr(finding_module, "audience_of", lambda where: real(where)._replace(private=True))
    else:
        places = tuple(_places(10_000))
        monkeypatch.setattr(
            finding_module, "audience_of", lambda where: real(where)._replace(channel_ids=places)
        )
    with pytest.raises(AssertionError, match="canary"):
        await hunt(1, 600)
