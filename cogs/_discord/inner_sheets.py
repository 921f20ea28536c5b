"""What people read of a character's inner life: how it feels, and how it stands with them (F085, F089, C71)."""

import io
from collections.abc import Sequence

import discord
from discord.utils import format_dt

from bot.conversation.manner import Consent
from bot.conversation.splitting import LIMIT, width
from bot.pictures import Drawn
from bot.relationships import MOST_DISPUTES, Relationship, Undoing, why_not, words_of
from bot.roles import Role
from bot.weeks import Felt, Happening
from cogs._discord.characters import shown
from cogs._discord.panels import Button, Choice, Menu, Panel
from cogs._discord.quoting import shortened
from database.models import BondChange
from personas.bonds import BOUNDS, STAGES, Metric
from personas.temperament import Temperament

LONGEST_ALT = 1024
SECONDS = 600
ON_A_PAGE = 8
MOST_MOMENTS = 8

NOTHING_FELT = (
    "Nothing has happened to **{name}** yet, so there is nothing to show. Its week begins with the first "
    "answer that it gives, or with its first morning."
)
WHO_SEES = (
    "-# It is told with whom only where that was you, and where only if you can look into that channel. "
    "Nobody else sees this answer."
)
NOTHING_OF_NOTE = "Nothing of note happened this week."

SWITCHED_OFF = (
    "Nothing is kept of how **{name}** and you stand: remembering is switched off on this bot. Whoever runs it "
    "can change that with memory_consent."
)
NOT_AGREED = (
    "Nothing is kept of how **{name}** and you stand, because you have not agreed to be remembered. "
    "/privacy yes changes that; /privacy no ends it again, and deletes what was kept."
)
NOTHING_YET = (
    "Nothing has changed between **{name}** and you yet: how you two stand is noted from the next answer to "
    "you on."
)
NOTHING_NEW = "-# Nothing new is noted, because you have not agreed to be remembered: /privacy yes changes that."
NO_MORE = f"You have taken back {MOST_DISPUTES} changes within a day; more is possible tomorrow."
MAY_UNDO = "Is a change wrong? Choose it below, and it is taken back: {left} more today."
ONLY_YOU = "Only you see any of this."
ASKED = (
    "**Take this back?** {change}\n{what} The change stays in the list, marked as taken back, and that "
    "can't be undone. Of the {most} changes in a day this is number {number}."
)
MOVES = "{metric} goes from {before} to {after}."
AT_ITS_END = "{metric} is at {before} by now, and stays there."
COMES_TO = " You two would be at the stage “{stage}” then."
UNDONE = "Taken back: {metric} is {after} now."
UNDONE_STAGE = " You two are at the stage “{stage}” now."
CHOSEN = "From now on **{name}** is to you as in a {kind} relationship."


def files_of(drawn: Drawn, name: str) -> list[discord.File]:
    """Return a picture as attachments, with its contents in words for those who don't see it."""
    about = drawn.about[:LONGEST_ALT]
    made = ((drawn.png, f"{name}.png"), (drawn.svg, f"{name}.svg"))
    return [discord.File(io.BytesIO(data), file, description=about) for data, file in made if data]


# How it feels


def mood_text(felt: Felt, role: Role, missing: str) -> str:
    """Return how a character feels, its day and its week; `missing` says why there is no picture."""
    temperament = role.character.temperament
    lines = [f"**How {shown(role)} feels now**: {_mood(felt)}"]
    if felt.day:
        day = ", ".join(f"{one} {value} ({temperament.usually(one)})" for one, value in felt.day.items())
        lines.append(f"**Today**, of 10 each, in brackets as usual: {day}")
    levels = ", ".join(
        f"{one} {level:.2f} ({temperament.rests_at(one):.2f})" for one, level in felt.levels.items()
    )
    lines.append(f"**Hormones**, from 0 to 1, in brackets where they rest: {levels}")
    lines += [*_happened(felt.happenings), WHO_SEES]
    return shortened("\n".join([*lines, *([f"-# {missing}"] if missing else [])]), LIMIT)


def _mood(felt: Felt) -> str:
    return f"{felt.mood_name}: {felt.mood.manner}" if felt.mood else felt.mood_name


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
    learns: bool,
    note: str = "",
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return one page of how a character stands with whoever looks, and what they may change of it."""
    head = [note] if note else []
    head += _standing(role, relationship)
    foot = [f"-# {_may_undo(relationship)} {ONLY_YOU}", *([] if learns else [NOTHING_NEW])]
    pages = [
        relationship.changes[start : start + ON_A_PAGE]
        for start in range(0, len(relationship.changes), ON_A_PAGE)
    ] or [()]
    number = min(max(page, 1), len(pages))
    of = f" · page {number} of {len(pages)}" if len(pages) > 1 else ""
    ledger = [_line(one) for one in pages[number - 1]] or ["- nothing so far"]
    text = "\n".join([*head, f"**What changed**{of}", *ledger, *foot])
    items = (
        *_undoing_menu(pages[number - 1], relationship.left, (number, *mark)),
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
        f"As {relationship.kind} as it is, that sounds like: {relationship.sound}.",
        f"{' · '.join(_measure(metric, bond.of(metric)) for metric in Metric)} · {exchanges}",
    ]


def _measure(metric: Metric, value: int) -> str:
    least, most = BOUNDS[metric]
    if least:
        return f"{metric} **{signed(value)}** of ±{most}"
    return f"{metric} **{value}** of {most}"


def signed(value: int) -> str:
    """Return a number with its sign, as people write it."""
    return f"{value:+d}".replace("-", "−") if value else "0"


def _may_undo(relationship: Relationship) -> str:
    return MAY_UNDO.format(left=relationship.left) if relationship.left else NO_MORE


def _line(change: BondChange) -> str:
    words = words_of(change).replace("-", "−", 1) if change.change < 0 else words_of(change)
    told = f"~~{words}~~ (taken back)" if change.disputed_at else words
    return f"- {format_dt(change.at, 'd')} {told}"
