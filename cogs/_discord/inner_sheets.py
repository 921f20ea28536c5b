"""What people read of an inner life: how a character feels, and how it stands with them (F085, F089, C71)."""

import io
from collections.abc import Sequence
from datetime import datetime, tzinfo

import discord
from discord.utils import format_dt

from bot.conversation.manner import Consent
from bot.conversation.splitting import LIMIT
from bot.i18n import _
from bot.pictures import Drawn
from bot.relationships import (
    MOST_DISPUTES,
    Relationship,
    Undoing,
    signed,
    sound_of,
    why_not,
    words_of,
)
from bot.roles import Role
from bot.weeks import Felt, Happening, told_now
from cogs._discord.characters import shown
from cogs._discord.panels import Button, Choice, Menu, Panel
from cogs._discord.quoting import inline, shortened
from database.models import BondChange
from personas.bonds import BOUNDS, STAGES, Metric

LONGEST_ALT = 1024
SECONDS = 600
ON_A_PAGE = 8
MOST_MOMENTS = 8
WORDS_ROOM, HEAD_ROOM = 120, 120

NOTHING_FELT = _(
    "Nothing has happened to **{name}** yet, so there is nothing to show. Its week begins with the first "
    "answer that it gives, or with its first morning."
)
WHO_SEES = _(
    "-# With whom is told only where it was you, and where only of channels that you can look into. Nobody "
    "else sees this answer."
)
NOTHING_OF_NOTE = _("Nothing of note happened this week.")

SWITCHED_OFF = _(
    "Nothing is kept of how **{name}** and you stand: remembering is switched off on this bot. Whoever runs "
    "it can change that with memory_consent."
)
NOT_AGREED = _(
    "Nothing is kept of how **{name}** and you stand, because you have not agreed to be remembered. "
    "/privacy yes changes that; /privacy no ends it again, and deletes what was kept."
)
NOTHING_YET = _(
    "Nothing has changed between **{name}** and you yet: how you two stand is noted from the next answer to "
    "you on."
)
NOTHING_NEW_OFF = _(
    "-# Nothing new is noted, and none of this is used: remembering is switched off on this bot. /privacy no "
    "deletes it."
)
NOTHING_NEW = _(
    "-# Nothing new is noted, because you have not agreed to be remembered: /privacy yes changes that."
)
NO_MORE = f"You have taken back {MOST_DISPUTES} changes within 24 hours; more is possible after that."
MAY_UNDO = _("Is a change wrong? Choose it below, and it is taken back: {left} more within 24 hours.")
ONLY_YOU = _("Only you see any of this.")
ASKED = _(
    "**Take this back?** {change}\n{what} The change stays in the list, marked as taken back, and that "
    "can't be undone. It is number {number} of the {most} that are possible within a day."
)
MOVES = _("{metric} goes from {before} to {after}.")
AT_ITS_END = _("{metric} is at {before} by now, and stays there.")
COMES_TO = _(" You two would be at the stage “{stage}” then.")
UNDONE = _("Taken back: {metric} is {after} now.")
UNDONE_STAGE = _(" You two are at the stage “{stage}” now.")
CHOSEN = _(
    "Done: **{kind}** it is from the next answer on, when we are alone. Before others I keep it to myself."
)


def files_of(drawn: Drawn, name: str) -> list[discord.File]:
    """Return a picture as attachments, with its contents in words for those who don't see it."""
    about = drawn.about[:LONGEST_ALT]
    made = ((drawn.png, f"{name}.png"), (drawn.svg, f"{name}.svg"))
    return [discord.File(io.BytesIO(data), file, description=about) for data, file in made if data]


# How it feels


def mood_text(felt: Felt, role: Role, missing: str) -> str:
    """Return how a character feels, its day and its week; `missing` says why there is no picture."""
    lines = [f"**{inline(about, HEAD_ROOM)}**: {words}" for about, words in told_now(felt, role)]
    lines += [*_happened(felt.happenings), WHO_SEES]
    return shortened("\n".join([*lines, *([f"-# {missing}"] if missing else [])]), LIMIT)


def _happened(happenings: Sequence[Happening]) -> list[str]:
    if not happenings:
        return [NOTHING_OF_NOTE]
    told = sorted(happenings[:MOST_MOMENTS], key=lambda one: one.at, reverse=True)
    more = len(happenings) - len(told)
    head = "**What moved it this week**" + (f", the most of it ({more} more)" if more else "")
    return [head, *(f"- {format_dt(one.at, 'f')}: {one.words}{_where(one)}" for one in told)]


def _where(happening: Happening) -> str:
    if happening.private:
        return ", in private"
    return f", in <#{happening.channel_id}>" if happening.channel_id is not None else ""


# How it stands with somebody


def nothing_kept(role: Role, mode: Consent, *, learns: bool) -> str:
    """Return why there is nothing to show, and what changes that."""
    text = SWITCHED_OFF if mode == "off" else NOTHING_YET if learns else NOT_AGREED
    return text.format(name=shown(role))


def bond_panel(
    role: Role,
    relationship: Relationship,
    page: int,
    *,
    zone: tzinfo,
    learns: bool,
    mode: Consent = "opt_in",
    note: str = "",
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return one page of how a character stands with whoever looks, and what they may change of it."""
    head = [note] if note else []
    head += _standing(role, relationship)
    pages = [
        relationship.changes[start : start + ON_A_PAGE]
        for start in range(0, len(relationship.changes), ON_A_PAGE)
    ] or [()]
    number = min(max(page, 1), len(pages))
    of = f" · page {number} of {len(pages)}" if len(pages) > 1 else ""
    ledger = [_line(one) for one in pages[number - 1]] or ["- nothing so far"]
    undoing = _undoing_menu(pages[number - 1], relationship.left, (number, *mark), zone)
    foot = [" ".join(filter(None, ("-#", _may_undo(relationship, here=bool(undoing)), ONLY_YOU)))]
    if not learns:
        foot.append(NOTHING_NEW_OFF if mode == "off" else NOTHING_NEW)
    text = "\n".join([*head, f"**What changed**{of}", *ledger, *foot])
    items: tuple[Button | Menu, ...] = (
        *undoing,
        *_kinds_menu(relationship, (number, *mark)),
        *_turning(number, len(pages), mark),
    )
    return Panel(text, items, SECONDS)


def _standing(role: Role, relationship: Relationship) -> list[str]:
    bond, stages = relationship.bond, [one.name for one in STAGES]
    since = f", since {format_dt(relationship.since, 'D')}" if relationship.since else ""
    number = stages.index(relationship.stage) + 1
    exchanges = f"{bond.exchanges:,} {'exchange' if bond.exchanges == 1 else 'exchanges'}"
    return [
        f"**You and {shown(role)}**: {relationship.stage}, stage {number} of {len(stages)}{since}",
        f"Kind: **{relationship.kind}**, which sounds like this: {relationship.sound}",
        f"{' · '.join(_measure(metric, bond.of(metric)) for metric in Metric)} · {exchanges}",
    ]


def _measure(metric: Metric, value: int) -> str:
    least, most = BOUNDS[metric]
    return f"{metric} **{signed(value)}** of ±{most}" if least else f"{metric} **{value}** of {most}"


def _may_undo(relationship: Relationship, *, here: bool) -> str:
    """Return what can be taken back; nothing where that is none of the changes `here`."""
    if relationship.changes and not relationship.left:
        return NO_MORE
    return MAY_UNDO.format(left=relationship.left) if here else ""


def _line(change: BondChange) -> str:
    words = inline(words_of(change), WORDS_ROOM)
    told = f"~~{words}~~ (taken back)" if change.disputed_at else words
    return f"- {format_dt(change.at, 'd')} {told}"


def _undoing_menu(
    changes: Sequence[BondChange], left: int, arguments: tuple[str | int, ...], zone: tzinfo
) -> tuple[Menu, ...]:
    """Return the menu of what may be taken back; none where there is nothing, or not today."""
    choices = tuple(
        Choice(str(one.id), words_of(one), _clocked(one.at.astimezone(zone)))
        for one in changes
        if not why_not(one)
    )
    if not choices or not left:
        return ()
    return (Menu("ask", choices, arguments, placeholder="Take a change back"),)


def _clocked(at: datetime) -> str:
    return f"{at.day} {at:%B}, {at:%H:%M}"


def _kinds_menu(relationship: Relationship, arguments: tuple[str | int, ...]) -> tuple[Menu, ...]:
    """Return the menu of what the two may be to each other, where there is a choice."""
    if len(relationship.kinds) < 2:
        return ()
    choices = tuple(
        Choice(kind, kind, sound_of(kind, relationship.stage), chosen=kind == relationship.kind)
        for kind in relationship.kinds
    )
    return (Menu("choose", choices, arguments, placeholder="What you are to each other"),)


def _turning(number: int, pages: int, mark: tuple[str, ...]) -> tuple[Button, ...]:
    if pages == 1:
        return ()
    return (
        Button("Newer", "page", (number - 1, *mark), disabled=number == 1),
        Button("Older", "page", (number + 1, *mark), disabled=number == pages),
    )


# Taking back


def asked_panel(undoing: Undoing, left: int, page: int, *, mark: tuple[str, ...] = ()) -> Panel:
    """Return the question whether a change is to be taken back."""
    moves = AT_ITS_END if undoing.before == undoing.after else MOVES
    what = moves.format(**_numbers(undoing))
    what += COMES_TO.format(stage=undoing.stage) if undoing.stage else ""
    text = ASKED.format(
        change=_line(undoing.change).removeprefix("- "),
        what=what,
        most=MOST_DISPUTES,
        number=MOST_DISPUTES - left + 1,
    )
    buttons = (
        Button("Take it back", "undo", (undoing.change.id, page, *mark), style=discord.ButtonStyle.danger),
        Button("Leave it", "page", (page, *mark)),
    )
    return Panel(text, buttons, SECONDS)


def undone_text(undoing: Undoing) -> str:
    """Return what came of taking a change back."""
    return UNDONE.format(**_numbers(undoing)) + (
        UNDONE_STAGE.format(stage=undoing.stage) if undoing.stage else ""
    )


def _numbers(undoing: Undoing) -> dict[str, str]:
    return {
        "metric": undoing.metric.value,
        "before": signed(undoing.before) if BOUNDS[undoing.metric][0] else str(undoing.before),
        "after": signed(undoing.after) if BOUNDS[undoing.metric][0] else str(undoing.after),
    }
