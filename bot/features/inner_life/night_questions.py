"""Night questions to the model about a character's thoughts, and the checks on its answers (F133)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

import regex

from bot.llm.types import Block, Message, Prompt
from bot.prompts import fill
from database.models import Musing
from database.repositories.musings import CAME_BACK, FORMED, SETTLED, STRONGER, WEAKER, DayLine
from memory.core import clean, plain
from memory.echoes import called, runs
from memory.sensitive.detect import holds_secret
from memory.sensitive.distress import reads_as_distress
from memory.words import names_in, words
from personas.character import Character

BELIEF, DREAM, THREAD = "belief", "dream", "thread"
SHORTEST, LONGEST, LONGEST_DREAM = 10, 160, 240
MOST_LETTERS = 12_000
"""Characters of talk in one question, newest first: about three thousand tokens."""
LONGEST_LINE = 400
MOST_CITED = 30
FEWEST_OWN = 4
"""A thought must not contain a complete line of at least this many words."""
MOST_A_NIGHT = 3
"""Maximum number of new or changed beliefs, and of threads, per night."""
BEGINS_AT = 0.5
WEIGHTS = {"opinion": 0.05, "example": 0.1, "argument": 0.1, "experience": 0.15}
"""How much each kind of evidence changes a belief's confidence."""

_UNFIT = regex.compile(r"[@<>(){}\[\]|`\\\p{Bidi_Control}]|://|\p{L}\.\p{L}{2}|#\d|\d(?:[\s.-]?\d){4}")
"""Characters that indicate a mention, a link, a long number or prompt markup."""
_HIDDEN = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+")
_FEWEST_SIGNS = 2
"""Minimum length of a name in a script without spaces."""

_SHAPES = {
    "beliefs": '"beliefs": [{"belief": 0, "text": "...", "stronger": true, "evidence": "...", "lines": [1]}]',
    "dreams": '"dream": {"text": "...", "lines": [1]}',
    "threads": '"threads": [{"thread": 0, "text": "...", "done": false, "lines": [1]}]',
}


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT, _LINES = {"type": "string"}, {"type": "array", "items": {"type": "integer"}}
_BELIEF = _object(
    belief={"type": "integer"},
    text=_TEXT,
    stronger={"type": "boolean"},
    evidence={"type": "string", "enum": list(WEIGHTS)},
    lines=_LINES,
)
_THREAD = _object(thread={"type": "integer"}, text=_TEXT, done={"type": "boolean"}, lines=_LINES)
_PARTS = {
    "beliefs": ("beliefs", {"type": "array", "items": _BELIEF}),
    "dreams": ("dream", _object(text=_TEXT, lines=_LINES)),
    "threads": ("threads", {"type": "array", "items": _THREAD}),
}


@dataclass(frozen=True, slots=True)
class Night:
    """Input of one night question: the day's lines before one audience, and the thoughts held there.

    `kinds` are the kinds of thought allowed there; `opinions` are those of the character file that are no
    belief there yet. `names` are the names of people there.
    """

    character: Character
    kinds: tuple[str, ...]
    lines: tuple[DayLine, ...]
    beliefs: tuple[Musing, ...] = ()
    threads: tuple[Musing, ...] = ()
    opinions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A valid item of an answer: a new thought, or a change of `of`; `drawn` are its source lines."""

    kind: str
    cause: str
    text: str
    drawn: tuple[DayLine, ...]
    of: Musing | None = None
    opinion: str = ""
    evidence: str = ""
    added: float = 0.0


def newest(lines: Sequence[DayLine]) -> tuple[DayLine, ...]:
    """Return the newest lines that fit into one question, in order."""
    kept, room = list[DayLine](), MOST_LETTERS
    for line in reversed(lines):
        room -= min(len(line.text), LONGEST_LINE) + 8
        if room < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))


def night_prompt(night: Night) -> Prompt:
    """Return the question to the model; no label reveals who said what."""
    name = night.character.name
    tasks = "\n\n".join(fill(f"musings_{kind}", name=name) for kind in night.kinds)
    shape = "{" + ", ".join(_SHAPES[kind] for kind in night.kinds) + "}"
    system = f"{fill('musings_night', name=name, tasks=tasks, shape=shape)}\n\n{night.character.core_prompt}"
    return Prompt(
        system=(Block(system),), messages=(Message(mine=False, blocks=(Block("\n".join(_shown(night))),)),)
    )


def schema_of(kinds: Iterable[str]) -> Mapping[str, Any]:
    """Return the JSON schema of the answer."""
    return _object(**dict(_PARTS[kind] for kind in kinds))


def _shown(night: Night) -> Iterator[str]:
    held = [f"B{number}. {text}" for number, text in enumerate(_held(night), 1)]
    held += [f"T{number}. {thread.text}" for number, thread in enumerate(night.threads, 1)]
    yield "(What it holds by now:)"
    yield from (f"  {thought}" for thought in held) if held else ("  nothing",)
    yield "(The day's talk:)"
    for number, line in enumerate(night.lines, 1):
        yield f"  {number}. {' '.join(line.text.split())[:LONGEST_LINE]}"
    yield "[Now write the JSON object.]"


def _held(night: Night) -> list[str]:
    known = [f"{belief.text} ({belief.confidence:.0%} sure)" for belief in night.beliefs]
    return [*known, *night.opinions]


# Checks on answers.


def proposals_in(answer: Mapping[str, object], night: Night) -> list[Proposal]:
    """Return the valid items of an answer; invalid ones are dropped silently, which harms nobody."""
    check = _Check(night)
    found: list[Proposal | None] = []
    if "beliefs" in night.kinds:
        found += [check.belief(item) for item in _objects(answer.get("beliefs"))]
    if "dreams" in night.kinds:
        found += [check.dream(item) for item in _objects([answer.get("dream")])]
    if "threads" in night.kinds:
        found += [check.thread(item) for item in _objects(answer.get("threads"))]
    return [proposal for proposal in found if proposal is not None]


def _objects(value: object) -> list[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else []
    return [item for item in listed if isinstance(item, Mapping)][:MOST_A_NIGHT]


class _Check:
    """Validates the model's proposals against the lines it was shown."""

    def __init__(self, night: Night) -> None:
        self._night = night
        spoke, talk = {line.author_name for line in night.lines}, "\n".join(line.text for line in night.lines)
        # Among thousands of names, many are also common words: only names that occur in the talk count.
        talk = _plainly(talk).casefold()
        said = (part for name in night.names for part in _called(name) if part.casefold() in talk)
        self._names = frozenset(said).union(*map(_called, spoke))
        self._runs = frozenset[int]().union(*(runs(line.text) for line in night.lines))
        self._plain = [plain(line.text) for line in night.lines]
        self._words = [frozenset(words(line.text)) for line in night.lines]

    def belief(self, item: Mapping[str, Any]) -> Proposal | None:
        number, evidence = _number(item.get("belief")), item.get("evidence")
        if not isinstance(evidence, str) or evidence not in WEIGHTS:
            return None
        if number == 0:
            return self._new(BELIEF, item, LONGEST, evidence=evidence, added=BEGINS_AT)
        drawn = self._cited(item)
        held: list[Musing | str] = [*self._night.beliefs, *self._night.opinions]
        if not drawn or not 0 < number <= len(held):
            return None
        meant, stronger = held[number - 1], item.get("stronger") is True
        added = WEIGHTS[evidence] * (1 if stronger else -1)
        return Proposal(
            BELIEF,
            STRONGER if stronger else WEAKER,
            "",
            drawn,
            of=None if isinstance(meant, str) else meant,
            opinion=meant if isinstance(meant, str) else "",
            evidence=evidence,
            added=added,
        )

    def dream(self, item: Mapping[str, Any]) -> Proposal | None:
        """Return a dream, which draws on the whole day: it is deleted with any of the day's lines."""
        found = self._new(DREAM, item, LONGEST_DREAM)
        return replace(found, drawn=self._night.lines) if found else None

    def thread(self, item: Mapping[str, Any]) -> Proposal | None:
        number, done = _number(item.get("thread")), item.get("done") is True
        if number == 0:
            return None if done else self._new(THREAD, item, LONGEST)
        if not 0 < number <= len(self._night.threads):
            return None
        meant = self._night.threads[number - 1]
        if not done:
            drawn = self._cited(item)
            return Proposal(THREAD, CAME_BACK, "", drawn, of=meant) if drawn else None
        found = self._new(THREAD, item, LONGEST)
        return Proposal(THREAD, SETTLED, found.text, found.drawn, of=meant) if found else None

    def _new(
        self, kind: str, item: Mapping[str, Any], longest: int, *, evidence: str = "", added: float = 0.0
    ) -> Proposal | None:
        text, cited = clean(item.get("text")), self._cited(item)
        if not cited or not SHORTEST <= len(text) <= longest or not self._fits(text):
            return None
        drawn = self._all_of(text, cited)
        return Proposal(kind, FORMED, text, drawn, evidence=evidence, added=added)

    def _fits(self, text: str) -> bool:
        """Return whether a text may be kept: no quotes, names, secrets, distress or addresses."""
        written, text = text, _plainly(text)
        said = plain(text)
        return not (
            _UNFIT.search(written)
            or _UNFIT.search(text)
            or holds_secret(text)
            or reads_as_distress(text)
            or self._named(text)
            or not self._runs.isdisjoint(runs(text))
            or any(said in line or (line in said and len(line.split()) >= FEWEST_OWN) for line in self._plain)
        )

    def _named(self, text: str) -> bool:
        """Return whether a text contains a name; scripts without spaces are searched for substrings."""
        spaced = _UNSPACED.sub(" ", text)
        return bool(names_in(spaced, self._names)) or any(
            _UNSPACED.fullmatch(name) and name in text for name in self._names
        )

    def _cited(self, item: Mapping[str, Any]) -> tuple[DayLine, ...]:
        numbers = item.get("lines")
        listed = numbers if isinstance(numbers, list) else []
        wanted = dict.fromkeys(_number(number) for number in listed[:MOST_CITED])
        return tuple(self._night.lines[at - 1] for at in wanted if 0 < at <= len(self._night.lines))

    def _all_of(self, text: str, cited: tuple[DayLine, ...]) -> tuple[DayLine, ...]:
        """Return a text's source lines: those cited, and each that shares a word missing from the cited.

        A model may omit a source line; the text must still be deleted together with that line.
        """
        by_id = dict(zip((line.id for line in self._night.lines), self._words, strict=True))
        left = frozenset(words(text)) - frozenset[str]().union(*(by_id[line.id] for line in cited))
        others = [line for line in self._night.lines if line not in cited and by_id[line.id] & left]
        return (*cited, *others)


def _plainly(text: str) -> str:
    """Return a text as it looks: NFKC-normalised, without invisible characters."""
    return _HIDDEN.sub("", normalize("NFKC", text))


def _called(name: str) -> frozenset[str]:
    """Return the parts of a name that identify a person, including in scripts without spaces."""
    name = _plainly(name)
    return called(name).union(part for part in _UNSPACED.findall(name) if len(part) >= _FEWEST_SIGNS)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def same(text: str, known: Collection[str]) -> bool:
    """Return whether a text equals one of the known texts, ignoring case and punctuation."""
    return plain(text) in {plain(other) for other in known}
