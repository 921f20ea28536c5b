"""What somebody finds of what is known of them: every fact, where it was said, and what it became (C62)."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.i18n import _
from bot.memory.time_travel import OWN_CAUSES
from database import Database, UnitOfWork
from database.models import Fact
from database.repositories.people import pieces

MOST_LINKS = 3
"""Messages that are shown of a fact: the newest."""
_CATEGORIES = {
    "self": _("self", "a category of facts"),
    "people": _("people", "a category of facts"),
    "work": _("work", "a category of facts"),
    "health": _("health", "a category of facts"),
    "food": _("food", "a category of facts"),
    "places": _("places", "a category of facts"),
    "pets": _("pets", "a category of facts"),
    "hobbies": _("hobbies", "a category of facts"),
    "plans": _("plans", "a category of facts"),
    "feelings": _("feelings", "a category of facts"),
    "views": _("views", "a category of facts"),
    "other": _("other", "a category of facts"),
}
"""Those of `memory.extraction`: they stand where a fact has no tags."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message stands; `guild_id` is None in direct messages."""

    guild_id: int | None
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact, the newest messages that it came from, and the number of what took its place."""

    fact: Fact
    spots: tuple[Spot, ...] = ()
    successor: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Its tags; without any, its category."""
        return tuple(self.fact.tags) or ((self.fact.category,) if self.fact.category else ())


class Browsing:
    """Shows people what a character knows of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, character: str, person_id: int) -> list[Entry]:
        """Return all that is known of somebody: what was mentioned last first, what holds no more last."""
        async with self._database.read() as db:
            facts = await db.memories.of(person_id, character)
            spots = await _spots(db, facts)
        numbers = {one.id: one.number for one in facts}
        ordered = sorted(facts, key=lambda one: (one.ended_at is None, one.last_at, one.number), reverse=True)
        return [Entry(one, spots[one.id], numbers.get(one.superseded_by or 0)) for one in ordered]


def matching(entries: Sequence[Entry], search: str = "", tag: str = "") -> list[Entry]:
    """Return the entries that have a tag (or category), and a number, or words that hold all of a search."""
    number = search.strip().removeprefix("#")
    wanted, words = _plain(tag).strip(), _plain(search).split()
    tagged = [one for one in entries if not wanted or wanted in map(_plain, _callings(one))]
    return [one for one in tagged if number == str(one.fact.number) or _holds(one, words)]


def tags_of(entries: Sequence[Entry]) -> list[str]:
    """Return all tags, and categories where there are none, the most frequent first."""
    counts = Counter(label for one in entries for label in one.labels)
    return sorted(counts, key=lambda label: (-counts[label], label))


def label_in_words(label: str) -> str:
    """Return a tag as it is, and a category in the language of the moment."""
    return str(_CATEGORIES.get(label, label))


def _callings(entry: Entry) -> list[str]:
    """Return all by which a fact can be found as a tag: as kept, and as shown."""
    kept = (*entry.labels, entry.fact.category)
    return [*kept, *map(label_in_words, kept)]


def _holds(entry: Entry, words: Sequence[str]) -> bool:
    fact = entry.fact
    text = _plain("\n".join([fact.text, fact.category, fact.subject, *fact.tags]))
    return all(word in text for word in words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


async def _spots(db: UnitOfWork, facts: Sequence[Fact]) -> dict[int, tuple[Spot, ...]]:
    """Return where the newest sources of each fact are: as the archive says, or where the fact was told.

    What the character does by itself leaves a fact where it is.
    """
    newest = {one.id: sorted(one.sources)[-MOST_LINKS:] for one in facts}
    told = {source for sources in newest.values() for source in sources}
    spots = {
        one.id: Spot(one.guild_id, one.channel_id, one.id)
        for some in pieces(told)
        for one in await db.archive.these(some)
    }
    for fact_id, (channel_id, guild_id) in (await db.memories.places(facts, but=OWN_CAUSES)).items():
        if channel_id is not None:
            for source in newest[fact_id]:
                spots.setdefault(source, Spot(guild_id, channel_id, source))
    return {key: tuple(spots[one] for one in reversed(all_) if one in spots) for key, all_ in newest.items()}
