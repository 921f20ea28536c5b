"""Characters as operators look at them: how they grew, how they get on (C72, C75)."""

import json
from collections.abc import Iterator, Sequence

from discord.utils import format_dt

from bot.i18n import _, n_, number
from bot.inner_words import AFFINITY_STAGES, DEALINGS, LEVELS, MILESTONES, TRAITS, worded
from bot.relations import Relation
from bot.roles import Role
from cogs._discord.characters import shown
from cogs._discord.quoting import inline
from database.models import Encounter, Milestone
from personas.evolution import level_of

CHANGES_ROOM, TOPIC_ROOM = 500, 100

NO_STAGES = _("No stage of its growth is reached yet.")
ANSWERED = n_(
    "**{name}** has answered {count} time: {level}.", "**{name}** has answered {count} times: {level}."
)
STAGE = _("**{milestone}**, {day}: changes {changes}")
STAGE_TAKEN_BACK = _("**{milestone}**, {day}, taken back {back}: changes {changes}")
CHANGES_NOTHING = _("nothing", "what a stage of growth changes")
TWO = _("**{name} and {other}**: {values}, {stage}")
OTHER, OTHER_AT_ODDS = "**{other}**: {values}, {stage}", "**{other}**: {values}, {stage}; {conflicts}"
TOGETHER, TOO_EARLY = _("What they are like together: {traits}"), _("too early to say")
ONCE, NOTHING_ONCE = _("What happened to them once: {milestones}"), _("nothing", "what happened to two once")
NO_CONFLICTS, CONFLICTS = _("no conflicts"), _("conflicts: {topics}")
LATEST, NEVER = _("Their latest dealings:"), _("They never said a word to each other.")
VALUES = _("likes them {value}, is liked {back}")
ENCOUNTER = _("**{number}.** {at} {one} to {other}: {what}")
SHARES = _("{kind}, {change} and {back}", "what somebody said to another, and what it changed for the two")
ENCOUNTER_TAKEN_BACK = _("{what} (taken back)")


def growth_lines(role: Role, answered: int, stages: Sequence[Milestone]) -> Iterator[str]:
    """Yield how often a character has answered, and each stage with what it changed."""
    yield ANSWERED.format(name=shown(role), count=answered, level=worded(LEVELS, level_of(answered)))
    if not stages:
        yield str(NO_STAGES)
    for one in stages:
        known = json.dumps(one.changes, ensure_ascii=False) if one.changes else ""
        told = (STAGE_TAKEN_BACK if one.reverted_at else STAGE).format(
            milestone=one.milestone,
            day=format_dt(one.at, "d"),
            back=format_dt(one.reverted_at, "d") if one.reverted_at else "",
            changes=inline(known, CHANGES_ROOM) if known else CHANGES_NOTHING,
        )
        yield f"- {told}"


def other_line(one: Relation) -> str:
    """Return how a character gets on with one of the others."""
    stage = worded(AFFINITY_STAGES, one.stage)
    conflicts = _conflicts(one) if one.conflicts else ""
    words = OTHER_AT_ODDS if conflicts else OTHER
    told = words.format(other=shown(one.other), values=_values(one), stage=stage, conflicts=conflicts)
    return f"- {told}"


def relation_lines(of: Relation) -> Iterator[str]:
    """Yield everything about two characters; encounters have the numbers that /admin relations undo takes."""
    stage = worded(AFFINITY_STAGES, of.stage)
    yield TWO.format(name=shown(of.role), other=shown(of.other), values=_values(of), stage=stage)
    traits = ", ".join(f"{worded(TRAITS, name)} {share:.0%}" for name, share in sorted(of.traits.items()))
    yield f"- {TOGETHER.format(traits=traits or TOO_EARLY)}"
    milestones = ", ".join(worded(MILESTONES, one) for one in of.milestones)
    yield f"- {ONCE.format(milestones=milestones or NOTHING_ONCE)}"
    yield f"- {_conflicts(of) if of.conflicts else NO_CONFLICTS}"
    yield f"- {LATEST if of.latest else NEVER}"
    yield from (_encounter(one) for one in of.latest)


def _values(of: Relation) -> str:
    return VALUES.format(value=number(of.value, "+.2f"), back=number(of.back, "+.2f"))


def _conflicts(of: Relation) -> str:
    told = (f"{inline(topic, TOPIC_ROOM)} ({number(severity, '.2f')})" for topic, severity in of.conflicts)
    return CONFLICTS.format(topics=", ".join(told))


def _encounter(one: Encounter) -> str:
    what = SHARES.format(
        kind=worded(DEALINGS, one.kind), change=number(one.change, "+g"), back=number(one.back, "+g")
    )
    what += f", {worded(MILESTONES, one.milestone)}" if one.milestone else ""
    what = ENCOUNTER_TAKEN_BACK.format(what=what) if one.reverted_at else what
    at = format_dt(one.at, "R")
    return f"  {ENCOUNTER.format(number=one.id, at=at, one=one.speaker, other=one.other, what=what)}"
