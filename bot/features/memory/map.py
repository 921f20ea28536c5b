"""Memory map of one person, as files: drawn in a thread, with a timeout (F083, C66, D21)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.conversation.company import Company
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _, n_
from bot.features.memory.wording import label_in_words
from database import Database
from database.repositories.vectors import Packed
from memory.browsing import Browsing, FactEntry, tags_of
from memory.map.chart import MOST, UNTAGGED, Dot
from memory.map.rasterise import PictureMissing, as_png
from memory.map.svg import Wording, memory_map
from memory.meaning import Meaning, unpacked

if TYPE_CHECKING:
    from memory.map.layout import Vector

log = logging.getLogger(__name__)

DEADLINE = 30.0
"""Timeout in seconds for a picture, including the wait for earlier ones."""
TITLE = _("What {name} remembers about you")
TITLE_FOR_OPERATORS = "What {name} remembers about {person}"
HINT = _("forget one with /memory delete")
MISSING = _("Pictures stay SVG: {package} not installed (extra `pictures`).")
TOO_LATE = _(
    "The picture took too long to draw. Please try again in a minute; /memory facts has all of it in words."
)
NAMED_TAGS = 8
_ABOUT = n_(
    "A map of {shown} memory about you, by tag: {tags}.",
    "A map of {shown} memories about you, by tag: {tags}.",
)
_MORE_TAGS = n_("{named}, and {count} tag more", "{named}, and {count} tags more")
_UNTAGGED = _("untagged", "memories without a tag")
_COUNT = n_("{shown} memory", "{shown} memories")
_SOME = _("{shown} of {total}", "so many of all")
_DAYS_AGO = n_("{count} day ago", "{count} days ago")
_RECENTLY = {0: _("today"), 1: _("yesterday")}


class MapRefused(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """The map can't be drawn now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class MapPicture:
    """A map of `count` memories: `png` is None if it can't be made, and `missing` then says why.

    `about` is the alt text.
    """

    svg: bytes
    png: bytes | None
    missing: str
    about: str
    count: int


class Maps:
    """Draws maps of what a character knows about a person, one at a time to limit the load."""

    def __init__(
        self, database: Database, company: Company, meaning: Meaning, clock: Clock, browsing: Browsing
    ) -> None:
        self._database = database
        self._company = company
        self._meaning = meaning
        self._clock = clock
        self._browsing = browsing
        self._one_at_a_time = asyncio.Lock()

    async def of(self, character: str, person_id: int) -> MapPicture | None:
        """Return the map of a person's current facts, for themselves; None if there are none.

        Raises MapRefused when it is not drawn in time.
        """
        title = TITLE.format(name=self._company.by_slug[character].name)
        return await self._of(character, person_id, _Caption(title, str(HINT)))

    async def for_operators(self, character: str, person_id: int, person: str) -> MapPicture | None:
        """Return the map without private facts, as SVG only; `person` is their display name.

        Raises MapRefused when it is not drawn in time.
        """
        title = TITLE_FOR_OPERATORS.format(name=self._company.by_slug[character].name, person=person)
        return await self._of(character, person_id, _Caption(title, for_operators=True))

    async def _of(self, character: str, person_id: int, caption: "_Caption") -> MapPicture | None:
        known = await self._browsing.entries(character, person_id)
        entries = [entry for entry in known if entry.fact.ended_at is None]
        if caption.for_operators:
            entries = [entry for entry in entries if not entry.fact.private]
        if not entries:
            return None
        now = self._clock.now()
        packed = await self._vectors(character, person_id)
        try:
            async with asyncio.timeout(DEADLINE), self._one_at_a_time:
                return await asyncio.to_thread(_drawn, entries, packed, caption, now, self._meaning.model)
        except TimeoutError:
            log.warning("A memory map of %d facts took more than %g seconds", len(entries), DEADLINE)
            raise MapRefused(TOO_LATE) from None

    async def _vectors(self, character: str, person_id: int) -> Packed | None:
        model = self._meaning.model
        if not model:
            return None
        async with self._database.read() as db:
            return await db.embeddings.of("fact", [person_id], model, characters=[character])


@dataclass(frozen=True, slots=True)
class _Caption:
    """Texts above and below a map; operators view it in a browser, which needs no PNG."""

    title: str
    hint: str = ""
    for_operators: bool = False


def _drawn(
    entries: Sequence[FactEntry], packed: Packed | None, caption: _Caption, now: datetime, model: str
) -> MapPicture:
    tags = chosen_tags(entries)
    vectors = _by_id(packed) if packed else {}
    dots = [
        Dot(entry.fact.text, tag, entry.fact.last_at, kept=entry.fact.kept, vector=vectors.get(entry.fact.id))
        for entry, tag in zip(entries, tags, strict=True)
    ]
    svg = memory_map(
        dots, title=caption.title, now=now, model=model or None, hint=caption.hint, wording=_wording()
    )
    png, missing = None, ""
    if caption.for_operators:
        return MapPicture(svg.encode(), png, missing, _in_words(tags), len(entries))
    try:
        png = as_png(svg)
    except PictureMissing as error:
        missing = MISSING.format(package=error.package)
    return MapPicture(svg.encode(), png, missing, _in_words(tags), len(entries))


def _by_id(packed: Packed) -> "dict[int, Vector]":
    try:
        rows = unpacked(packed.rows, len(packed.ids))
    except ImportError:  # without numpy, only tags place the dots
        return {}
    return dict(zip(packed.ids, rows, strict=True))


def chosen_tags(entries: Sequence[FactEntry]) -> list[str]:
    """Choose one tag per entry, the one that most others share: few colours are easier to read."""
    rank = {tag: number for number, tag in enumerate(tags_of(entries))}
    return [min(entry.labels, key=rank.__getitem__, default="") for entry in entries]


def _wording() -> Wording:
    """Return the texts of a picture, in the current language."""
    return Wording(
        nothing=str(_("Nothing yet")),
        empty=str(_("There is nothing to show yet: memories will stand here as they come.")),
        head=str(_("{count} · {near} · big and bright = mentioned lately · ring = kept for good")),
        by_meaning=str(_("near together = near in meaning, tags pull together")),
        by_tag=str(_("together = same tag")),
        mentioned=str(_("last mentioned {ago}")),
        kept=str(_("kept for good")),
        tags=str(_("Tags")),
        ages=str(_("Last mentioned")),
        ages_ago=(
            str(_("today")),
            str(_("a week ago")),
            str(_("a month ago")),
            str(_("two months ago")),
        ),
        labelled=str(_("{labelled} of {count} labelled; hover a dot (the .svg in a browser) for the rest")),
        vectors=str(_("vectors")),
        grouped=str(_("grouped by tag")),
        counted=_counted,
        ago=lambda days: str(_RECENTLY.get(days) or _DAYS_AGO.format(count=days)),
        tag=_tag_in_words,
    )


def _counted(shown: int, total: int) -> str:
    return _COUNT.format(count=total, shown=_share(shown, total))


def _share(shown: int, total: int) -> str:
    return f"{total}" if shown >= total else _SOME.format(shown=shown, total=total)


def _tag_in_words(tag: str) -> str:
    return str(_UNTAGGED) if tag in ("", UNTAGGED) else label_in_words(tag)


def _in_words(tags: Sequence[str]) -> str:
    counts = Counter(tags).most_common()
    named = ", ".join(f"{_tag_in_words(tag)} ({count})" for tag, count in counts[:NAMED_TAGS])
    if len(counts) > NAMED_TAGS:
        named = _MORE_TAGS.format(count=len(counts) - NAMED_TAGS, named=named)
    return _ABOUT.format(count=len(tags), shown=_share(min(len(tags), MOST), len(tags)), tags=named)
