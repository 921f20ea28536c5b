"""Operators' view and edits of the facts that characters know about people (C50, C85)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _
from bot.features.admin.edit_facts import FACT, PRIVATE
from bot.features.admin.edits import ChangeRefused, Edits, Key, ManualChange
from database import Database
from database.models import Fact
from database.repositories.memories import ChangedFact as Step
from memory.browsing import Browsing, Spot
from memory.history import TOLD
from memory.places import Where

LOOKED = "facts looked at"
Reach = Literal["private", "channel", "server"]
_SCOPES = {"private": PRIVATE, "channel": "channel", "server": "guild"}

NO_FACT = _("There is no fact number {number} of theirs with {name}: /admin facts list shows the numbers.")
NOTHING_NAMED = _("Say what to change: its words, or whether it is kept for good.")
NO_SERVER = _(
    "There is no server here: choose the reach private, or use this in the server in which it is to come up."
)


@dataclass(frozen=True, slots=True)
class SeenFact:
    """A fact as an operator sees it: `text` is None for a fact told in private."""

    id: int
    number: int
    text: str | None
    scope: str
    channel_id: int | None
    kept: bool
    pinned: bool
    origin: str
    since: datetime
    holds: bool

    @property
    def theirs(self) -> bool:
        """Whether only the person can change it: it is in their own words, pinned, or told in private."""
        return self.text is None or self.pinned or self.origin == TOLD


@dataclass(frozen=True, slots=True)
class Past:
    """A past state of a fact; `text` is None where it was removed or private."""

    at: datetime
    cause: str
    text: str | None


@dataclass(frozen=True, slots=True)
class FactDetails:
    """A fact with everything an operator may see: supporting quote, source messages, history.

    A private fact hides its category along with its words.
    """

    seen: SeenFact
    quote: str
    category: str | None
    mentions: int
    last_at: datetime
    spots: tuple[Spot, ...]
    past: tuple[Past, ...]


class KnownPeople:
    """Shows and changes facts about a person."""

    def __init__(self, database: Database, edits: Edits) -> None:
        self._database = database
        self._edits = edits

    async def looked(self, actor: Actor, person_id: int) -> None:
        """Record that an operator viewed a person's facts: the person is told of it."""
        await self._edits.look(actor, LOOKED, person_id)

    async def facts(self, person_id: int, role: PlayedCharacter) -> list[SeenFact]:
        """Return what a character knows about a person, by number."""
        return await self._seen(person_id, role)

    async def told(
        self, actor: Actor, person_id: int, role: PlayedCharacter, *, again: bool = False
    ) -> list[FactDetails]:
        """Return what a character knows about a person, with sources.

        The view is recorded for the person, unless the actor is only refreshing it (`again`).
        """
        if not again:
            await self.looked(actor, person_id)
        entries = await Browsing(self._database).entries(role.slug, person_id)
        async with self._database.read() as db:
            steps = await db.memories.since(person_id, role.slug, 0)
        past: dict[int, list[Past]] = {}
        for step in steps:
            past.setdefault(step.memory_id, []).append(_past(step))
        return [
            FactDetails(
                _seen(entry.fact),
                "" if entry.fact.private else entry.fact.quote or "",
                None if entry.fact.private else entry.fact.category,
                entry.fact.mentions,
                entry.fact.last_at,
                () if entry.fact.private else entry.spots,
                tuple(past.get(entry.fact.id, ())),
            )
            for entry in entries
        ]

    async def fact(self, person_id: int, role: PlayedCharacter, number: int) -> SeenFact:
        """Return a fact by its number. Raises ChangeRefused."""
        found = next((fact for fact in await self._seen(person_id, role) if fact.number == number), None)
        if found is None:
            raise ChangeRefused(NO_FACT.format(number=number, name=role.name))
        return found

    async def looks(self, person_id: int) -> tuple[int, datetime | None]:
        """Return how often, and when last, operators viewed a person's facts."""
        async with self._database.read() as db:
            return await db.audits.looks(person_id, LOOKED)

    async def add(
        self,
        actor: Actor,
        person_id: int,
        role: PlayedCharacter,
        text: str,
        where: Where,
        *,
        reach: Reach,
        kept: bool,
    ) -> ManualChange:
        """Add a fact about a person who gave consent. Raises ChangeRefused."""
        if reach != "private" and where.guild_id is None:
            raise ChangeRefused(NO_SERVER)
        shared = reach != "private"
        values: dict[str, Any] = {
            "text": text,
            "scope": _SCOPES[reach],
            "channel_id": where.channel_id if shared else None,
            "guild_id": where.guild_id if shared else None,
            "kept": kept,
        }
        return await self._edits.put(actor, FACT, (str(person_id), role.slug, ""), values)

    async def edit(
        self,
        actor: Actor,
        person_id: int,
        role: PlayedCharacter,
        number: int,
        *,
        text: str | None = None,
        kept: bool | None = None,
    ) -> ManualChange:
        """Change a fact's text or whether it is kept for good. Raises ChangeRefused."""
        named = {name: value for name, value in (("text", text), ("kept", kept)) if value is not None}
        if not named:
            raise ChangeRefused(NOTHING_NAMED)
        key = await self._key(person_id, role, number)
        return await self._edits.put(actor, FACT, key, named)

    async def remove(
        self, actor: Actor, person_id: int, role: PlayedCharacter, memory_id: int
    ) -> ManualChange:
        """Remove a fact; the person can restore it. Raises ChangeRefused."""
        key = (str(person_id), role.slug, str(memory_id))
        return await self._edits.put(actor, FACT, key, None)

    async def _key(self, person_id: int, role: PlayedCharacter, number: int) -> Key:
        found = await self.fact(person_id, role, number)
        return str(person_id), role.slug, str(found.id)

    async def _seen(self, person_id: int, role: PlayedCharacter) -> list[SeenFact]:
        async with self._database.read() as db:
            return [_seen(fact) for fact in await db.memories.of(person_id, role.slug)]


def _past(step: Step) -> Past:
    """Convert a history step; facts told in private have no text."""
    now = step.after
    return Past(step.at, step.cause, None if now is None or now["scope"] == PRIVATE else str(now["text"]))


def matching(facts: Sequence[SeenFact], words: str) -> list[SeenFact]:
    """Return the facts that contain all words, or have the number; hidden text never matches."""
    wanted = words.casefold().split()
    if len(wanted) == 1 and wanted[0].isdecimal():
        return [fact for fact in facts if str(fact.number) == wanted[0]]
    return [fact for fact in facts if all(word in (fact.text or "").casefold() for word in wanted)]


def _seen(fact: Fact) -> SeenFact:
    return SeenFact(
        fact.id,
        fact.number,
        None if fact.private else fact.text,
        fact.scope,
        fact.channel_id,
        fact.kept,
        fact.pinned,
        fact.origin,
        fact.made_at,
        fact.ended_at is None,
    )
