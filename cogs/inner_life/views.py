"""Views of a character's mood, thoughts and relationship with the reader (F085, F089, C71)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

import discord
from discord.utils import format_dt

from bot.conversation.company import PlayedCharacter
from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _, n_, worded
from bot.core.spelling import MONTHS
from bot.features.inner_life.relationship import (
    MOST_DISPUTES,
    Relationship,
    Undoing,
    signed,
    sound_of,
    why_not,
    words_of,
)
from bot.features.inner_life.thoughts import ShownThought, ThoughtForm, thought_lines
from bot.features.inner_life.week import Felt, Happening, told_now
from bot.features.inner_life.wording import BOND_STAGES, KINDS, METRICS
from cogs._discord.options import shown
from cogs._discord.panels import Button, Menu, MenuChoice, Panel, pages_of, turning
from cogs._discord.text import inline, shortened
from database.models import BondChange
from memory.rules import Consent
from personas.relations.bonds import BOUNDS, STAGES, Metric

SECONDS = 600
ON_A_PAGE = 8
MOST_MOMENTS = 8
WORDS_ROOM, HEAD_ROOM = 120, 120

THOUGHTS = _("**What {name} thinks by itself**, as far as everybody here may know it")
NO_THOUGHTS = _("**{name}** thinks nothing by itself, because its file does not say `inner_life`.")
NO_THOUGHTS_YET = _(
    "Nothing goes on in **{name}** that everybody here may know. It thinks overnight, of what was said here "
    "by people who agreed to be remembered."
)
WHERE_FROM = _("-# It made that up of talk here; /why tells which of it stood in a prompt.")
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
NO_MORE = _("You have taken back {most} changes within 24 hours; more is possible after that.")
MAY_UNDO = _("Is a change wrong? Choose it below, and it is taken back: {left} more within 24 hours.")
ONLY_YOU = _("Only you see any of this.")
ASKED = _(
    "**Take this back?** {change}\n{what} The change stays in the list, marked as taken back, and that "
    "can't be undone. It is number {number} of the {most} that are possible within a day."
)
MOVES = _("{metric} goes from {before} to {after}.")
AT_ITS_END = _("{metric} is at {before} by now, and stays there.")
COMES_TO = _("You two would be at the stage “{stage}” then.")
UNDONE = _("Taken back: {metric} is {after} now.")
UNDONE_STAGE = _("You two are at the stage “{stage}” now.")
CHOSEN = _(
    "Done: **{kind}** it is from the next answer on, when we are alone. Before others I keep it to myself."
)
WHAT_MOVED_IT = _("**What moved it this week**")
MOST_OF_WHAT_MOVED_IT = _("**What moved it this week**, the most of it ({more} more)")
HAPPENED = _("{at}: {what}", "what happened, and when")
HAPPENED_THERE = _("{at}: {what}, in {place}")
HAPPENED_IN_PRIVATE = _("{at}: {what}, in private")
YOU_TWO = _("**You and {name}**: {stage}, stage {number} of {most}")
YOU_TWO_SINCE = _("**You and {name}**: {stage}, stage {number} of {most}, since {day}")
KIND = _("Kind: **{kind}**, which sounds like this: {sound}")
EXCHANGES = n_("{count} exchange", "{count} exchanges")
MEASURE = _("{metric} **{value}** of {most}")
MEASURE_BOTH = _("{metric} **{value}** of ±{most}", "a number that may be below zero")
WHAT_CHANGED = _("**What changed**")
WHAT_CHANGED_PAGE = _("**What changed** · page {number} of {pages}")
NOTHING_SO_FAR = _("nothing so far")
TAKEN_BACK = _("{change} (taken back)")
TAKE_BACK, WHAT_YOU_ARE = _("Take a change back"), _("What you are to each other")
NEWER, OLDER = _("Newer"), _("Older")
CLOCKED = _("{day} {month}, {time}", "a day and a time of day")
TAKE_IT_BACK, LEAVE_IT = _("Take it back"), _("Leave it")


# Mood


def mood_text(felt: Felt, role: PlayedCharacter, missing: str) -> str:
    """Return a character's mood, its day and its week; `missing` says why there is no picture."""
    lines = [f"**{inline(about, HEAD_ROOM)}**: {words}" for about, words in told_now(felt, role)]
    lines += [*_moments(felt.happenings), str(WHO_SEES)]
    return shortened("\n".join([*lines, *([f"-# {missing}"] if missing else [])]), LIMIT)


def _moments(happenings: Sequence[Happening]) -> list[str]:
    if not happenings:
        return [str(NOTHING_OF_NOTE)]
    told = sorted(happenings[:MOST_MOMENTS], key=lambda moment: moment.at, reverse=True)
    more = len(happenings) - len(told)
    head = MOST_OF_WHAT_MOVED_IT.format(more=more) if more else str(WHAT_MOVED_IT)
    return [head, *(f"- {_moment_line(moment)}" for moment in told)]


def _moment_line(happening: Happening) -> str:
    words = HAPPENED if happening.channel_id is None else HAPPENED_THERE
    words = HAPPENED_IN_PRIVATE if happening.private else words
    at, place = format_dt(happening.at, "f"), f"<#{happening.channel_id}>"
    return words.format(at=at, what=happening.words, place=place)


# Relationship


def nothing_kept(role: PlayedCharacter, mode: Consent, *, learns: bool) -> str:
    """Return the reason why there is nothing to show, and how to change that."""
    text = SWITCHED_OFF if mode == "off" else NOTHING_YET if learns else NOT_AGREED
    return text.format(name=shown(role))


def bond_panel(
    role: PlayedCharacter,
    relationship: Relationship,
    page: int,
    *,
    zone: tzinfo,
    learns: bool,
    mode: Consent = "opt_in",
    note: str = "",
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return one page of a character's relationship with the reader, with menus for the allowed changes."""
    head = [note] if note else []
    head += _standing(role, relationship)
    pages = [
        relationship.changes[start : start + ON_A_PAGE]
        for start in range(0, len(relationship.changes), ON_A_PAGE)
    ] or [()]
    number = min(max(page, 1), len(pages))
    changed = (WHAT_CHANGED_PAGE if len(pages) > 1 else WHAT_CHANGED).format(number=number, pages=len(pages))
    ledger = [_line(change) for change in pages[number - 1]] or [f"- {NOTHING_SO_FAR}"]
    undoing = _undoing_menu(pages[number - 1], relationship.left, (number, *mark), zone)
    foot = [" ".join(filter(None, ("-#", _may_undo(relationship, here=bool(undoing)), str(ONLY_YOU))))]
    if not learns:
        foot.append(str(NOTHING_NEW_OFF if mode == "off" else NOTHING_NEW))
    text = "\n".join([*head, changed, *ledger, *foot])
    items: tuple[Button | Menu, ...] = (
        *undoing,
        *_kinds_menu(relationship, (number, *mark)),
        *_turning(number, len(pages), mark),
    )
    return Panel(text, items, SECONDS)


def _standing(role: PlayedCharacter, relationship: Relationship) -> list[str]:
    bond, stages = relationship.bond, [stage.name for stage in STAGES]
    stage = (YOU_TWO_SINCE if relationship.since else YOU_TWO).format(
        name=shown(role),
        stage=worded(BOND_STAGES, relationship.label),
        number=stages.index(relationship.stage) + 1,
        most=len(stages),
        day=format_dt(relationship.since, "D") if relationship.since else "",
    )
    measures = (_measure(metric, bond.of(metric)) for metric in Metric)
    return [
        stage,
        KIND.format(kind=worded(KINDS, relationship.kind), sound=relationship.sound),
        " · ".join([*measures, EXCHANGES.format(count=bond.exchanges)]),
    ]


def _measure(metric: Metric, value: int) -> str:
    least, most = BOUNDS[metric]
    words, told = (MEASURE_BOTH, signed(value)) if least else (MEASURE, str(value))
    return words.format(metric=worded(METRICS, metric), value=told, most=most)


def _may_undo(relationship: Relationship, *, here: bool) -> str:
    """Return the note about undoing; "" if no change `here` can be undone."""
    if relationship.changes and not relationship.left:
        return NO_MORE.format(most=MOST_DISPUTES)
    return MAY_UNDO.format(left=relationship.left) if here else ""


def _line(change: BondChange) -> str:
    words = inline(words_of(change), WORDS_ROOM)
    told = TAKEN_BACK.format(change=f"~~{words}~~") if change.disputed_at else words
    return f"- {format_dt(change.at, 'd')} {told}"


def _undoing_menu(
    changes: Sequence[BondChange], left: int, arguments: tuple[str | int, ...], zone: tzinfo
) -> tuple[Menu, ...]:
    """Return the menu of changes that can be undone; () if there are none, or none today."""
    choices = tuple(
        MenuChoice(str(change.id), words_of(change), _clock_time(change.at.astimezone(zone)))
        for change in changes
        if not why_not(change)
    )
    if not choices or not left:
        return ()
    return (Menu("ask", choices, arguments, placeholder=TAKE_BACK),)


def _clock_time(at: datetime) -> str:
    return CLOCKED.format(day=at.day, month=MONTHS[at.month - 1], time=f"{at:%H:%M}")


def _kinds_menu(relationship: Relationship, arguments: tuple[str | int, ...]) -> tuple[Menu, ...]:
    """Return the menu of kinds of relationship, if there is a choice."""
    if len(relationship.kinds) < 2:
        return ()
    choices = tuple(
        MenuChoice(
            kind, worded(KINDS, kind), sound_of(kind, relationship.label), chosen=kind == relationship.kind
        )
        for kind in relationship.kinds
    )
    return (Menu("choose", choices, arguments, placeholder=WHAT_YOU_ARE),)


def _turning(number: int, pages: int, mark: tuple[str, ...]) -> tuple[Button, ...]:
    if pages == 1:
        return ()
    return (
        Button(NEWER, "page", (number - 1, *mark), disabled=number == 1),
        Button(OLDER, "page", (number + 1, *mark), disabled=number == pages),
    )


# Undoing


def asked_panel(undoing: Undoing, left: int, page: int, *, mark: tuple[str, ...] = ()) -> Panel:
    """Return the confirmation of undoing a change."""
    moves = AT_ITS_END if undoing.before == undoing.after else MOVES
    what = moves.format(**_numbers(undoing))
    what += " " + COMES_TO.format(stage=worded(BOND_STAGES, undoing.stage)) if undoing.stage else ""
    text = ASKED.format(
        change=_line(undoing.change).removeprefix("- "),
        what=what,
        most=MOST_DISPUTES,
        number=MOST_DISPUTES - left + 1,
    )
    buttons = (
        Button(TAKE_IT_BACK, "undo", (undoing.change.id, page, *mark), style=discord.ButtonStyle.danger),
        Button(LEAVE_IT, "page", (page, *mark)),
    )
    return Panel(text, buttons, SECONDS)


def undone_text(undoing: Undoing) -> str:
    """Return the report on an undone change."""
    done = UNDONE.format(**_numbers(undoing))
    if not undoing.stage:
        return done
    return f"{done} {UNDONE_STAGE.format(stage=worded(BOND_STAGES, undoing.stage))}"


def _numbers(undoing: Undoing) -> dict[str, str]:
    return {
        "metric": worded(METRICS, undoing.metric),
        "before": signed(undoing.before) if BOUNDS[undoing.metric][0] else str(undoing.before),
        "after": signed(undoing.after) if BOUNDS[undoing.metric][0] else str(undoing.after),
    }


def thoughts_panel(
    role: PlayedCharacter, found: list[ShownThought], page: int, mark: tuple[str, ...]
) -> Panel:
    """Return one page of a character's thoughts, counted from 1."""
    if not found:
        told = NO_THOUGHTS_YET if role.character.inner_life else NO_THOUGHTS
        return Panel(told.format(name=shown(role)))
    form = ThoughtForm(inline, lambda at: format_dt(at, "d"), "<#{}>".format)
    head, foot = THOUGHTS.format(name=shown(role)), str(WHERE_FROM)
    lines = thought_lines(found, form, small="-# ")
    pages = list(pages_of(lines, LIMIT - width(head) - width(foot) - 2, ON_A_PAGE))
    at = min(max(page, 1), len(pages))
    return Panel("\n".join([head, *pages[at - 1], foot]), turning(at, len(pages), mark), SECONDS)
