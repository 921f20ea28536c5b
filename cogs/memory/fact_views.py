"""Pages of facts for the person whom they are about, as of now or of a past day (C62, C68)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from discord.utils import format_dt

from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _, n_, number
from bot.core.spelling import day_in_words
from bot.features.memory.wording import label_in_words, matching
from cogs._discord.facts import SECONDS, Reach, link_of, told_by
from cogs._discord.panels import Panel, pages_of, turning
from cogs._discord.text import inline, searchable
from database.models import Fact
from memory.browsing import FactEntry, Spot

ON_A_PAGE = 6
ROOM, LABEL_ROOM, NAME_ROOM = 560, 48, 60
"""Most characters of a fact's text, a label and a name in a message."""
LONGEST_SEARCH, LONGEST_TAG = 22, 24
"""Most characters of a search in the id of a button."""

NOTHING = _(
    "I know nothing about you. /remember tells me something; with /memory learning you let me note things "
    "by myself."
)
NOTHING_THEN = _("I knew nothing about you on {day}, or you have had me forget it since.")
_FOOT = _(
    "-# /memory edit, share, pin and delete take the number. What is not kept for good goes when you were "
    "away for 14 days; /memory pin keeps it."
)
_HEAD = _("**What I know about you**: {facts}, {kept} kept for good")
_HEAD_FOUND = _("**What I know about you**: {facts}, {kept} kept for good; {found} with {search}")
_HEAD_THEN = _("**What I knew about you on {day}**: {facts}")
_NONE = _("none", "no facts")
_FACTS = n_("{count} fact", "{count} facts")
_WITH_WORDS, _WITH_TAG = _("“{words}”", "what is searched for"), _("tag {tag}")
_WITH_BOTH = _("“{words}” and tag {tag}")
_PAGE = _("{head} · page {number} of {pages}")
_SAID_OF = _("(you said of {name})")
_UNTIL, _NOW_NUMBER = _("until {when}"), _("until {when}, now number {number}")
_PINNED, _KEPT = _("pinned", "a memory"), _("kept for good")
_MENTIONED = n_("{count} time from {first} to {last}", "{count} times from {first} to {last}")
_BY_ALL = _("{reach}, and every character knows it")
_SAID = _("said {links}")
_HERE = _("here", "a link to a message")
_FOOT_THEN = _("-# As I knew it at the end of that day, UTC. /memory history brings an earlier state back.")


@dataclass(frozen=True, slots=True)
class FactSearch:
    """The filters of a search; the ids of the buttons hold them, so that paging survives a restart."""

    words: str = ""
    tag: str = ""

    @classmethod
    def of(cls, words: str | None, tag: str | None) -> "FactSearch":
        return cls(searchable(words, LONGEST_SEARCH), searchable(tag, LONGEST_TAG))

    @property
    def arguments(self) -> tuple[str, str]:
        return self.words, self.tag

    def __str__(self) -> str:
        told = _WITH_BOTH if self.words and self.tag else _WITH_TAG if self.tag else _WITH_WORDS
        tag = label_in_words(self.tag)
        return told.format(words=inline(self.words, 2 * LONGEST_SEARCH), tag=inline(tag, 2 * LONGEST_TAG))


def facts_panel(
    entries: Sequence[FactEntry],
    search: FactSearch,
    page: int,
    guild_id: int | None,
    *,
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return one page of the facts about a person, counted from 1; the last page if `page` is too high.

    The `mark` identifies the character in the ids of buttons.
    """
    if not entries:
        return Panel(NOTHING)
    found = matching(entries, search.words, search.tag)
    told = (_HEAD_FOUND if any(search.arguments) else _HEAD).format(
        facts=_FACTS.format(count=len(entries)),
        kept=number(sum(entry.fact.kept for entry in entries)),
        found=number(len(found)) if found else _NONE,
        search=search,
    )
    return _paged(told, found, page, guild_id, foot=str(_FOOT), arguments=(*search.arguments, *mark))


def past_panel(
    facts: Sequence[Fact], day: date, page: int, guild_id: int | None, *, mark: tuple[str, ...] = ()
) -> Panel:
    """Return one page of the facts about a person at the end of a day."""
    if not facts:
        return Panel(NOTHING_THEN.format(day=day_in_words(day)))
    numbers = {fact.id: fact.number for fact in facts}
    entries = [FactEntry(fact, successor=numbers.get(fact.superseded_by or 0)) for fact in facts]
    told = _HEAD_THEN.format(day=day_in_words(day), facts=_FACTS.format(count=len(facts)))
    return _paged(told, entries, page, guild_id, foot=str(_FOOT_THEN), arguments=(day.isoformat(), *mark))


def fact_lines(entry: FactEntry, guild_id: int | None) -> str:
    """Return a fact's quoted text with all details."""
    fact = entry.fact
    of = f" {_SAID_OF.format(name=inline(fact.subject, NAME_ROOM))}" if fact.subject else ""
    labels = [inline(label_in_words(label), LABEL_ROOM) for label in entry.labels]
    about = [*labels, *_standing(entry), *_mentioned(fact), told_by(fact)]
    where = [_reaches(fact, guild_id), *_links(entry.spots)]
    words = inline(fact.text, ROOM)
    return f"**{fact.number}.**{of} {words}\n-# {' · '.join(about)}\n-# {' · '.join(where)}"


def _standing(entry: FactEntry) -> Iterator[str]:
    fact = entry.fact
    if fact.ended_at is not None:
        until = _NOW_NUMBER if entry.successor else _UNTIL
        yield until.format(when=format_dt(fact.ended_at, "d"), number=entry.successor)
    elif fact.pinned:
        yield str(_PINNED)
    elif fact.kept:
        yield str(_KEPT)


def _mentioned(fact: Fact) -> Iterator[str]:
    if fact.mentions == 1:
        yield format_dt(fact.first_at, "d")
    else:
        first, last = format_dt(fact.first_at, "d"), format_dt(fact.last_at, "d")
        yield _MENTIONED.format(count=fact.mentions, first=first, last=last)


def _reaches(fact: Fact, guild_id: int | None) -> str:
    reach = Reach.of(fact).told_in(guild_id)
    return _BY_ALL.format(reach=reach) if fact.for_all else reach


def _links(spots: Sequence[Spot]) -> list[str]:
    if not spots:
        return []
    names = (str(_HERE), *map(str, range(2, len(spots) + 1)))
    linked = (f"[{name}]({link_of(spot)})" for name, spot in zip(names, spots, strict=True))
    return [_SAID.format(links=", ".join(linked))]


def _paged(
    told: str,
    entries: Sequence[FactEntry],
    page: int,
    guild_id: int | None,
    *,
    foot: str,
    arguments: tuple[str, ...],
) -> Panel:
    room = LIMIT - width(told) - width(foot) - 40
    pages = list(pages_of([fact_lines(entry, guild_id) for entry in entries], room, ON_A_PAGE))
    if not pages:
        return Panel(told)
    at = min(max(page, 1), len(pages))
    head = told if len(pages) == 1 else _PAGE.format(head=told, number=at, pages=len(pages))
    text = "\n".join([head, *pages[at - 1], foot])
    return Panel(text, turning(at, len(pages), arguments), SECONDS)
