"""Facts as their person is shown them: all of them, page by page, now or as they were (C62, C68)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from discord.utils import format_dt

from bot.browsing import Entry, Spot, matching
from bot.conversation.splitting import LIMIT, width
from bot.i18n import _
from cogs._discord.knowledge import SECONDS, Reach, told_by
from cogs._discord.panels import Button, Panel
from cogs._discord.quoting import in_a_line, inline
from database.models import Fact

ON_A_PAGE = 6
ROOM, LABEL_ROOM, NAME_ROOM = 560, 48, 60
"""What a fact's words, a label and a name may take of a message."""
LONGEST_SEARCH, LONGEST_TAG = 22, 24
"""What a search may take of the id of a button."""
_LINKS = "https://discord.com/channels"

NOTHING = _(
    "I know nothing about you. /remember tells me something; with /memory learning you let me note things "
    "by myself."
)
NOTHING_THEN = _("Of {day} there is nothing that I knew about you, or you had me forget it since.")
_FOOT = _(
    "-# /memory edit, share, pin and delete take the number. What is not kept for good goes when you were "
    "away for 14 days; /memory pin keeps it."
)
_FOOT_THEN = _("-# As I knew it at the end of that day, UTC. /memory history brings an earlier state back.")


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for; it stands in the buttons, so that pages turn after a restart, too."""

    words: str = ""
    tag: str = ""

    @classmethod
    def of(cls, words: str | None, tag: str | None) -> "Search":
        return cls(_short(words, LONGEST_SEARCH), _short(tag, LONGEST_TAG))

    @property
    def arguments(self) -> tuple[str, str]:
        return self.words, self.tag

    def __str__(self) -> str:
        told = [f"“{inline(self.words, 2 * LONGEST_SEARCH)}”"] if self.words else []
        told += [f"tag {inline(self.tag, 2 * LONGEST_TAG)}"] if self.tag else []
        return " and ".join(told)


def facts_panel(
    entries: Sequence[Entry],
    search: Search,
    page: int,
    guild_id: int | None,
    *,
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return one page of what is known of somebody, counted from 1; the last one for a page not there.

    The `mark` says in the ids of buttons which character knows it.
    """
    if not entries:
        return Panel(NOTHING)
    found = matching(entries, search.words, search.tag)
    kept = sum(one.fact.kept for one in entries)
    told = f"**What I know about you**: {_counted(len(entries))}, {kept} kept for good"
    if str(search):
        told += f"; {len(found) or 'none'} with {search}"
    return _paged(told, found, page, guild_id, foot=_FOOT, arguments=(*search.arguments, *mark))


def past_panel(
    facts: Sequence[Fact], day: date, page: int, guild_id: int | None, *, mark: tuple[str, ...] = ()
) -> Panel:
    """Return one page of what was known of somebody at the end of a day."""
    if not facts:
        return Panel(NOTHING_THEN.format(day=f"{day.day} {day:%B %Y}"))
    numbers = {one.id: one.number for one in facts}
    entries = [Entry(one, successor=numbers.get(one.superseded_by or 0)) for one in facts]
    told = f"**What I knew about you on {day.day} {day:%B %Y}**: {_counted(len(facts))}"
    return _paged(told, entries, page, guild_id, foot=_FOOT_THEN, arguments=(day.isoformat(), *mark))


def fact_lines(entry: Entry, guild_id: int | None) -> str:
    """Return a fact with all that there is to say of it; only its own words stand beside that."""
    fact = entry.fact
    of = f" (you said of {inline(fact.subject, NAME_ROOM)})" if fact.subject else ""
    labels = [inline(one, LABEL_ROOM) for one in entry.labels]
    about = [*labels, *_standing(entry), *_mentioned(fact), told_by(fact)]
    where = [_reaches(fact, guild_id), *_links(entry.spots)]
    words = inline(fact.text, ROOM)
    return f"**{fact.number}.**{of} {words}\n-# {' · '.join(about)}\n-# {' · '.join(where)}"


def link_of(spot: Spot) -> str:
    """Return the address of a message."""
    return f"{_LINKS}/{spot.guild_id or '@me'}/{spot.channel_id}/{spot.message_id}"


def _short(words: str | None, room: int) -> str:
    # A colon parts the arguments in an id.
    return in_a_line(words.replace(":", " "), room) if words and words.strip(": \n\t") else ""


def _standing(entry: Entry) -> Iterator[str]:
    fact = entry.fact
    if fact.ended_at is not None:
        now = f", now number {entry.successor}" if entry.successor else ""
        yield f"until {format_dt(fact.ended_at, 'd')}{now}"
    elif fact.pinned:
        yield "pinned"
    elif fact.kept:
        yield "kept for good"


def _mentioned(fact: Fact) -> Iterator[str]:
    if fact.mentions == 1:
        yield format_dt(fact.first_at, "d")
    else:
        yield (
            f"{fact.mentions} times from {format_dt(fact.first_at, 'd')} to {format_dt(fact.last_at, 'd')}"
        )


def _reaches(fact: Fact, guild_id: int | None) -> str:
    reach = Reach.of(fact).told_in(guild_id)
    return f"{reach}, and every character knows it" if fact.for_all else reach


def _links(spots: Sequence[Spot]) -> list[str]:
    if not spots:
        return []
    names = ("here", *map(str, range(2, len(spots) + 1)))
    linked = (f"[{name}]({link_of(spot)})" for name, spot in zip(names, spots, strict=True))
    return [f"said {', '.join(linked)}"]


def _paged(
    told: str,
    entries: Sequence[Entry],
    page: int,
    guild_id: int | None,
    *,
    foot: str,
    arguments: tuple[str, ...],
) -> Panel:
    room = LIMIT - width(told) - width(foot) - 40
    pages = list(_pages([fact_lines(one, guild_id) for one in entries], room))
    if not pages:
        return Panel(told)
    number = min(max(page, 1), len(pages))
    head = told if len(pages) == 1 else f"{told} · page {number} of {len(pages)}"
    buttons = (
        Button("Back", "page", (number - 1, *arguments), disabled=number == 1),
        Button("Next", "page", (number + 1, *arguments), disabled=number == len(pages)),
    )
    text = "\n".join([head, *pages[number - 1], foot])
    return Panel(text, buttons if len(pages) > 1 else (), SECONDS)


def _pages(lines: Sequence[str], room: int) -> Iterator[list[str]]:
    page: list[str] = []
    left = room
    for one in lines:
        if page and (len(page) == ON_A_PAGE or width(one) + 1 > left):
            yield page
            page, left = [], room
        page.append(one)
        left -= width(one) + 1
    if page:
        yield page


def _counted(facts: int) -> str:
    return f"{facts:,} {'fact' if facts == 1 else 'facts'}"
