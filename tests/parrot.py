"""A canary in every line, and a Claude that repeats them: what leaks through a note is seen then."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, NamedTuple

import regex

from bot.llm.client import Answer
from bot.llm.errors import ClaudeRefused, ClaudeTimeout, ClaudeUnavailable
from bot.llm.types import ModelCall, Prompt, Question, Usage
from memory.places import Place, Where
from tests.fakes import FakeClock

PEOPLE = (1, 2, 3)
BOT = 7
ME = 99
PLACES = (
    *(Where(90 + person, Place.DM) for person in PEOPLE),
    Where(11, Place.GUILD, name="one", guild_id=1, guild_name="First"),
    Where(12, Place.GUILD, name="two", guild_id=1, guild_name="First"),
    Where(21, Place.GUILD, name="one", guild_id=2, guild_name="Second"),
)
CANARY = regex.compile(r"[cm]\d+\.\d+;")
LABELLED = regex.compile(r"^(?P<label>\S+#\d{6}): .*?(?P<canary>c\d+\.\d+;)", regex.MULTILINE)


class Said(NamedTuple):
    """What is known of a canary: the place it was said in, by whom, and to whom if by the character."""

    where: Where
    author_id: int
    to: int | None = None

    def concerns(self, person_id: int) -> bool:
        """Say whether it goes when somebody's talk in its place goes: of a private place all of it."""
        return self.where.place is Place.DM or person_id in (self.author_id, self.to)


class Told(NamedTuple):
    """A memory that a person told, and before whom it may come up."""

    person_id: int
    where: Where
    reach: str


@dataclass
class Book:
    """Every canary there is.

    `words` are those that a message ever held. `forgotten` tells of each how many prompts were seen by
    then; `remembered` are those that a reset made be forgotten as talk, while core memory stays.
    """

    said: dict[str, Said] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    words: dict[int, set[str]] = field(default_factory=dict)
    forgotten: dict[str, int] = field(default_factory=dict)
    remembered: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def line(self, where: Where, author_id: int, to: int | None = None) -> str:
        canary = f"c{where.channel_id}.{next(self.numbers)};"
        self.said[canary] = Said(where, author_id, to)
        return canary

    def tell(self, told: Told) -> str:
        canary = f"m{told.person_id}.{next(self.numbers)};"
        self.told[canary] = told
        return canary

    def may_know(self, canary: str, question: Question) -> bool:
        """Say whether a prompt may hold a canary (D2, C60)."""
        if question.purpose == "memories":
            known = self.told.get(canary)
            return question.user_id == (known.person_id if known else self.said[canary].author_id)
        where = next(one for one in PLACES if one.channel_id == question.channel_id)
        if canary in self.told:
            person, there, reach = self.told[canary]
            if where.place is Place.DM:
                return where.channel_id == 90 + person
            here = where.channel_id == there.channel_id and there.place is Place.GUILD
            return reach == "everywhere" or (reach == "guild" and where.guild_id == there.guild_id) or here
        said = self.said[canary]
        theirs = where.place is Place.DM and where.channel_id == 90 + said.author_id
        return said.where.channel_id == where.channel_id or theirs


class Parrot:
    """A Claude that puts into a note every canary of the talk that it is shown, and fails when told to."""

    def __init__(self, clock: FakeClock, book: Book, rng: Random) -> None:
        self.clock = clock
        self.book = book
        self.rng = rng
        self.asked: list[tuple[Prompt, Question]] = []
        self.failing: dict[str, list[str]] = {"reply": [], "summary": [], "memories": []}
        self.meanwhile: dict[str, Callable[[], Awaitable[None]]] = {}

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        self.asked.append((prompt, question))
        if happens := self.meanwhile.pop(question.purpose, None):
            await happens()
        await asyncio.sleep(0)
        call = self._call(prompt, question)
        fails = self.failing.get(question.purpose)
        if fails:
            return self._fail(fails.pop(), call, question)
        answer = {"reply": self._reply, "summary": self._summary, "memories": self._groups}
        text = answer[question.purpose](prompt, question) if question.purpose in answer else '{"facts": []}'
        return Answer(text, cut_short=False, call=call)

    async def close(self) -> None:
        """Nothing to let go of."""

    def be_well(self) -> None:
        """Fail no more, and let nothing happen meanwhile."""
        self.failing = {purpose: [] for purpose in self.failing}
        self.meanwhile.clear()

    def _call(self, prompt: Prompt, question: Question) -> ModelCall:
        return ModelCall(
            purpose=question.purpose,
            model=question.model,
            outcome="ok",
            at=self.clock.now(),
            seconds=0.0,
            usage=Usage(input=len(prompt.text) // 4, output=5),
            user_id=question.user_id,
            channel_id=question.channel_id,
        )

    def _fail(self, how: str, call: ModelCall, question: Question) -> Answer:
        errors = {"timeout": ClaudeTimeout, "unavailable": ClaudeUnavailable, "refused": ClaudeRefused}
        if how in errors:
            raise errors[how](how)
        if how == "cut" and question.purpose != "reply":
            return Answer('{"summary": "cut', cut_short=True, call=call)
        return Answer("" if question.purpose == "reply" else "Hm.", cut_short=False, call=call)

    def _reply(self, _prompt: Prompt, question: Question) -> str:
        where = next(one for one in PLACES if one.channel_id == question.channel_id)
        parts = 1 + (self.rng.random() < 0.3)
        said = [self.book.line(where, ME, question.user_id) for _ in range(parts)]
        return "\n\n".join(f"{one} " + "purr " * (15 if parts > 1 else 4) for one in said)

    def _summary(self, prompt: Prompt, _question: Question) -> str:
        words = prompt.messages[-1].blocks[-1].text
        if "have become many" in prompt.system[0].text:
            return json.dumps({"summary": "joined: " + " ".join(CANARY.findall(words))})
        talk = regex.split(r"\n\((?:Those|Nobody) ", words)[0]
        seen = dict.fromkeys(CANARY.findall(talk))
        operations = self._operations(words, talk)
        return json.dumps({"summary": "noted: " + " ".join(seen), "operations": operations})

    def _operations(self, words: str, talk: str) -> list[dict[str, Any]]:
        lines = [match for match in LABELLED.finditer(talk) if f" {match['label']}" in words[len(talk) :]]
        if not lines or self.rng.random() < 0.3:
            return []
        line = self.rng.choice(lines)
        known = regex.findall(r"^ +(\d+)\. ", words[len(talk) :], regex.MULTILINE)
        quote = f"{line['canary']} tell tell"
        learnt = {"text": f"they once said {line['canary']} to me", "quote": quote}
        if known and self.rng.random() < 0.5:
            return [{"op": "replace", "number": int(self.rng.choice(known)), **learnt}]
        if known and self.rng.random() < 0.2:
            return [{"op": "remove", "number": int(self.rng.choice(known)), "quote": quote}]
        return [{"op": "add", "person": line["label"], **learnt}]

    def _groups(self, prompt: Prompt, _question: Question) -> str:
        """Join what was said in one place, in one line that holds everything."""
        lines = regex.findall(r"^(\d+)\. \(place (\d+)\)( \(pinned\))? (.*)$", prompt.text, regex.MULTILINE)
        places: dict[str, list[tuple[str, str]]] = {}
        for number, place, pinned, text in lines:
            places.setdefault(number if pinned else f"in {place}", []).append((number, text))
        groups = [
            {"from": [int(number) for number, _ in those], "text": "; ".join(text for _, text in those)}
            for those in places.values()
        ]
        return json.dumps({"groups": groups})
