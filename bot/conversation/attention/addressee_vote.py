"""Ask the voting model who a message addresses, where the rules can't tell (F038)."""

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation.text.names import by_name, clean_name, clean_text, fold
from bot.conversation.types import Person, Utterance
from bot.core.clock import Clock, SystemClock
from bot.llm.client import Claude
from bot.llm.errors import ClaudeCut, ClaudeError, ClaudeTimeout, ClaudeUnavailable
from bot.llm.json_answer import values_in
from bot.llm.types import Block, Message, ModelCall, Prompt, Question
from bot.prompts import fill

log = logging.getLogger(__name__)

SHORTEST = 16
"""The minimum number of characters of a message that is worth a question."""
SECONDS_A_TRY, SECONDS_IN_ALL, TRIES = 3.0, 4.0, 3
KEPT = 512
"""The number of answers in the cache."""
MAX_TOKENS = 64

_PAUSE = 0.25
_LEAST = 0.2
_MOST_PEOPLE = 60
_MOST_NAMES = 4
_LONGEST_MESSAGE = 4_000
_LONGEST_ANSWER = 2_000
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"addressed": {"type": "array", "items": {"type": "string"}}},
    "required": ["addressed"],
    "additionalProperties": False,
}
_NOBODY = frozenset(("everyone", "everybody", "all", "here", "you", "nobody", "no one", "none", "null"))


@dataclass(frozen=True, slots=True)
class VoteOutcome:
    """The addressees in order, or None if there was no usable answer."""

    order: tuple[Person, ...] | None
    calls: tuple[ModelCall, ...] = ()


def worth_asking(heard: Utterance) -> bool:
    """Say whether a message is long enough for a question, and not said in private (F038)."""
    said = heard.said
    return len(said.strip()) >= SHORTEST and not heard.where.place.private


class AddresseeVote:
    """Asks the voting model who is addressed, and caches its answers."""

    def __init__(self, claude: Claude, *, model: str, clock: Clock | None = None) -> None:
        self._claude = claude
        self._model = model
        self._clock = clock or SystemClock()
        self._answers: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def ask(self, heard: Utterance, people: Sequence[Person], *, me: Person) -> VoteOutcome:
        """Return the people whom `heard` addresses, within 4 seconds; a missing answer is no error.

        A name that belongs to none of `people` becomes a person with the id 0. The same question about the
        same people is paid for once. A message that is not `worth_asking` costs nothing.
        """
        if not worth_asking(heard):
            return VoteOutcome(None)
        others = [person for person in people if person.id not in (me.id, heard.author_id)][:_MOST_PEOPLE]
        question = _put(heard, [*others, me], people)
        names, calls = self._answers.get(question), tuple[ModelCall, ...]()
        if names is None:
            names, calls = await self._ask_in_time(question, heard)
        if names is None:
            return VoteOutcome(None, calls)
        self._keep(question, names)
        return VoteOutcome(_resolved(names, heard, others, me), calls)

    def _keep(self, question: str, names: tuple[str, ...]) -> None:
        self._answers[question] = names
        self._answers.move_to_end(question)
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)

    async def _ask_in_time(
        self, question: str, heard: Utterance
    ) -> tuple[tuple[str, ...] | None, tuple[ModelCall, ...]]:
        """Ask up to three times before the deadline; an unusable answer is not asked for again."""
        calls: list[ModelCall] = []
        ends = self._clock.monotonic() + SECONDS_IN_ALL
        for tries_left in reversed(range(TRIES)):
            left = ends - self._clock.monotonic()
            if left < _LEAST:
                break
            try:
                answer = await self._claude.ask(_prompt(question), self._question(heard, left))
            except ClaudeError as error:
                calls += [error.call] if error.call else []
                log.info("%s did not tell who is addressed: %s", self._model, error)
                if not tries_left or not isinstance(error, ClaudeTimeout | ClaudeUnavailable | ClaudeCut):
                    break
                if not isinstance(error, ClaudeTimeout):
                    await self._clock.sleep(max(0.0, min(_PAUSE, ends - self._clock.monotonic())))
            else:
                return names_in(answer.text), (*calls, answer.call)
        return None, tuple(calls)

    def _question(self, heard: Utterance, left: float) -> Question:
        return Question(
            purpose="addressees",
            model=self._model,
            max_tokens=MAX_TOKENS,
            deadline=min(SECONDS_A_TRY, left),
            effort="off",
            retries=False,
            schema=_SCHEMA,
            user_id=heard.author_id,
            channel_id=heard.where.channel_id,
        )


def names_in(text: str) -> tuple[str, ...] | None:
    """Return the cleaned names of an answer; None for anything but a list of names (faults D5).

    The list may stand alone or as the only list of an object, inside a code fence or in a sentence.
    """
    for value in values_in(text[:_LONGEST_ANSWER]):
        names = _listed(value)
        if names is not None:
            return tuple(dict.fromkeys(name for raw in names if (name := clean_name(raw.lstrip("@"), ""))))
    return None


def _listed(value: object) -> list[str] | None:
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list)]
        value = value.get("addressed", lists[0] if len(lists) == 1 else None)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def _put(heard: Utterance, known: Sequence[Person], people: Sequence[Person]) -> str:
    """Return the question as JSON: its bytes don't depend on who of the people spoke last."""
    replied = next((person for person in (*known, *people) if person.id == heard.replies_to), None)
    listed = sorted((person.id, _names(person)[:_MOST_NAMES]) for person in known)
    return json.dumps(
        {
            "from": clean_name(heard.author_name, "somebody"),
            "replies_to": next(iter(_names(replied)), None) if replied else None,
            "people": [names for _, names in listed if names],
            "message": clean_text(heard.text)[:_LONGEST_MESSAGE],
        },
        ensure_ascii=False,
    )


def _names(person: Person) -> list[str]:
    return [clean for name in person.names if (clean := clean_name(name, ""))]


def _prompt(question: str) -> Prompt:
    return Prompt(
        system=(Block(fill("addressees"), cache=True),),
        messages=(Message(mine=False, blocks=(Block(question),)),),
    )


def _resolved(
    names: Sequence[str], heard: Utterance, others: Sequence[Person], me: Person
) -> tuple[Person, ...]:
    """Return the people with these names, without the author: nobody speaks to themselves."""
    ids = {person.id: person for person in (*others, me)}
    cleaned = [replace(person, names=tuple(_names(person))) for person in (*others, me)]
    known = by_name(cleaned[:-1], me=cleaned[-1])
    nobody = _NOBODY | {fold(clean_name(name, "")) for name in (heard.author_name, heard.account_name)}
    meant: dict[int | str, Person] = {}
    for name in names:
        folded = fold(name)
        if folded in known:
            meant.setdefault(known[folded].id, ids[known[folded].id])
        elif folded not in nobody:
            meant.setdefault(folded, Person(0, (name,)))
    return tuple(meant.values())
