"""Characters as operators look at them: how they grew, how they get on (C72, C75)."""

import json
from collections.abc import Iterator, Sequence

from discord.utils import format_dt

from bot.i18n import _
from bot.relations import Relation
from bot.roles import Role
from cogs._discord.characters import shown
from cogs._discord.quoting import inline
from database.models import Encounter, Milestone
from personas.evolution import level_of

CHANGES_ROOM, TOPIC_ROOM = 500, 100

NO_STAGES = _("No stage of its growth is reached yet.")


def growth_lines(role: Role, answered: int, stages: Sequence[Milestone]) -> Iterator[str]:
    """Yield how often a character has answered, and each stage with what it changed."""
    times = "time" if answered == 1 else "times"
    yield f"**{shown(role)}** has answered {answered:,} {times}: {level_of(answered)}."
    if not stages:
        yield NO_STAGES
    for one in stages:
        changes = (
            inline(json.dumps(one.changes, ensure_ascii=False), CHANGES_ROOM) if one.changes else "nothing"
        )
        back = f", taken back {format_dt(one.reverted_at, 'd')}" if one.reverted_at else ""
        yield f"- **{one.milestone}**, {format_dt(one.at, 'd')}{back}: changes {changes}"


def other_line(one: Relation) -> str:
    """Return how a character gets on with one of the others."""
    conflicts = f"; {_conflicts(one)}" if one.conflicts else ""
    return f"- **{shown(one.other)}**: {_values(one)}, {one.stage}{conflicts}"


def relation_lines(of: Relation) -> Iterator[str]:
    """Yield everything about two characters; encounters have the numbers that /admin relations undo takes."""
    yield f"**{shown(of.role)} and {shown(of.other)}**: {_values(of)}, {of.stage}"
    traits = [f"{name} {share:.0%}" for name, share in sorted(of.traits.items())]
    yield f"- What they are like together: {', '.join(traits) or 'too early to say'}"
    yield f"- What happened to them once: {', '.join(of.milestones) or 'nothing'}"
    yield f"- {_conflicts(of) if of.conflicts else 'no conflicts'}"
    yield "- Their latest dealings:" if of.latest else "- They never said a word to each other."
    yield from (_encounter(one) for one in of.latest)


def _values(of: Relation) -> str:
    return f"likes them {of.value:+.2f}, is liked {of.back:+.2f}"


def _conflicts(of: Relation) -> str:
    told = ", ".join(f"{inline(topic, TOPIC_ROOM)} ({severity:.2f})" for topic, severity in of.conflicts)
    return f"conflicts: {told}"


def _encounter(one: Encounter) -> str:
    became = f", {one.milestone}" if one.milestone else ""
    back = " (taken back)" if one.reverted_at else ""
    return (
        f"  **{one.id}.** {format_dt(one.at, 'R')} {one.speaker} to {one.other}: {one.kind}, "
        f"{one.change:+g} and {one.back:+g}{became}{back}"
    )
