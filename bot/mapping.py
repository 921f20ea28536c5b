"""The memory map of one person, as files: drawn in a thread, within a deadline (F083, C66, D21)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.browsing import Browsing, Entry, tags_of
from bot.clock import Clock
from bot.errors import MasqueradeError
from bot.meaning import Meaning
from bot.roles import Role
from database import Database
from database.repositories.vectors import Packed
from memory.map import MOST, Dot
from memory.packing import unpacked
from memory.picture import memory_map
from memory.rasterise import PictureMissing, as_png

if TYPE_CHECKING:
    from memory.scatter import Vector

log = logging.getLogger(__name__)

DEADLINE = 30.0
"""Seconds that a picture may take, with those that are drawn before it."""
HINT = "forget one with /memory delete"
TOO_LATE = (
    "The picture took too long to draw. Please try again in a minute; /memory facts has all of it in words."
)
NAMED_TAGS = 8


class MapRefused(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """There is no picture now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A map of `count` memories: `png` is None where it can't be made, and `missing` then says why.

    `about` says in words what is in it, for those who don't see it.
    """

    svg: bytes
    png: bytes | None
    missing: str
    about: str
    count: int


class Maps:
    """Draws what one character knows of somebody: one picture at a time, or they would take all there is."""

    def __init__(
        self, database: Database, role: Role, meaning: Meaning, clock: Clock, browsing: Browsing
    ) -> None:
        self._database = database
        self._role = role
        self._meaning = meaning
        self._clock = clock
        self._browsing = browsing
        self._one_at_a_time = asyncio.Lock()

    async def of(self, person_id: int) -> Picture | None:
        """Return the map of what is known of somebody and holds; None where that is nothing.

        Raises MapRefused when it is not drawn in time.
        """
        known = await self._browsing.entries(person_id)
        entries = [one for one in known if one.fact.ended_at is None]
        if not entries:
            return None
        now, title = self._clock.now(), f"What {self._role.name} remembers about you"
        packed = await self._vectors(person_id)
        try:
            async with asyncio.timeout(DEADLINE), self._one_at_a_time:
                return await asyncio.to_thread(_drawn, entries, packed, title, now, self._meaning.model)
        except TimeoutError:
            log.warning("A memory map of %d facts took more than %g seconds", len(entries), DEADLINE)
            raise MapRefused(TOO_LATE) from None

    async def _vectors(self, person_id: int) -> Packed | None:
        model = self._meaning.model
        if not model:
            return None
        async with self._database.read() as db:
            return await db.embeddings.of("fact", [person_id], model, characters=[self._role.slug])


def _drawn(entries: Sequence[Entry], packed: Packed | None, title: str, now: datetime, model: str) -> Picture:
    tags = chosen_tags(entries)
    vectors = _by_id(packed) if packed else {}
    dots = [
        Dot(one.fact.text, tag, one.fact.last_at, kept=one.fact.kept, vector=vectors.get(one.fact.id))
        for one, tag in zip(entries, tags, strict=True)
    ]
    svg = memory_map(dots, title=title, now=now, model=model or None, hint=HINT)
    png, missing = None, ""
    try:
        png = as_png(svg)
    except PictureMissing as error:
        missing = str(error)
    return Picture(svg.encode(), png, missing, _in_words(tags), len(entries))


def _by_id(packed: Packed) -> "dict[int, Vector]":
    try:
        rows = unpacked(packed.rows, len(packed.ids))
    except ImportError:  # without numpy tags alone place the dots
        return {}
    return dict(zip(packed.ids, rows, strict=True))


def chosen_tags(entries: Sequence[Entry]) -> list[str]:
    """Return one tag for each entry, of its own the one that most others share: few colours say more."""
    rank = {tag: number for number, tag in enumerate(tags_of(entries))}
    return [min(one.labels, key=rank.__getitem__, default="") for one in entries]


def _in_words(tags: Sequence[str]) -> str:
    counts = Counter(tag or "untagged" for tag in tags).most_common()
    named = ", ".join(f"{tag} ({count})" for tag, count in counts[:NAMED_TAGS])
    more = f", and {len(counts) - NAMED_TAGS} tags more" if len(counts) > NAMED_TAGS else ""
    shown = f"{len(tags)}" if len(tags) <= MOST else f"{MOST} of {len(tags)}"
    memories = "memory" if len(tags) == 1 else "memories"
    return f"A map of {shown} {memories} about you, by tag: {named}{more}."
