"""Characters as operators look at them: how they grew, how they get on (C72, C75)."""

import json
from collections.abc import Iterator, Mapping, Sequence

from discord.utils import format_dt

from bot.conversation.company import Role
from bot.core.i18n import _, n_, number
from bot.features.characters.relations import Relation
from cogs._discord.options import shown
from cogs._discord.text import inline
from database.models import Encounter, Milestone
from personas.evolution import level_of

CHANGES_ROOM, TOPIC_ROOM = 500, 100

ANSWERED = n_(
    "**{name}** has answered {count} time: {level}.", "**{name}** has answered {count} times: {level}."
)
NO_STAGES = _("No stage of its growth is reached yet.")
STAGE = _("- **{stage}**, {when}: changes {changes}")
STAGE_BACK = _("- **{stage}**, {when}, taken back {back}: changes {changes}")
NOTHING_CHANGED = _("nothing", "what a stage of growth changes")

ONE_OTHER, OTHER_IN_CONFLICT = _("- **{name}**: {how}"), _("- **{name}**: {how}; {conflicts}")
PAIR = _("**{name} and {other}**: {how}")
VALUES = _("likes them {value}, is liked {back}, {stage}")
TOGETHER, TOO_EARLY = _("- What they are like together: {traits}"), _("too early to say")
HAPPENED, NOTHING_YET = (
    _("- What happened to them once: {all}"),
    _("nothing", "what happened to two characters"),
)
CONFLICTS, NO_CONFLICTS = _("conflicts: {all}"), _("- no conflicts")
LATEST = _("- Their latest dealings:")
NEVER = _("- They never said a word to each other.")
EFFECT, NO_EFFECT = _("{kind}, {change} and {back}"), _("{kind}, which changed nothing")
DEALING = _("  **{number}.** {when} {speaker} to {other}: {what}")
DEALING_TO = _("  **{number}.** {when} {speaker} to {other}: {what}, {milestone}")
TAKEN_BACK = _("{dealing} (taken back)")
NOW, NOW_CODE = _("now {stage}", "what two characters are to each other"), "now "

LEVELS = {
    "new": _("new", "how far a character has grown"),
    "acquainted": _("acquainted", "how far a character has grown"),
    "familiar": _("familiar", "how far a character has grown"),
    "experienced": _("experienced", "how far a character has grown"),
    "veteran": _("veteran", "how far a character has grown"),
    "legendary": _("legendary", "how far a character has grown"),
}
STAGES = {
    "strangers": _("strangers", "what two characters are to each other"),
    "enemies": _("enemies", "what two characters are to each other"),
    "frenemies": _("frenemies", "what two characters are to each other"),
    "acquaintances": _("acquaintances", "what two characters are to each other"),
    "friends": _("friends", "what two characters are to each other"),
    "besties": _("besties", "what two characters are to each other"),
}
TRAITS = {
    "warm": _("warm", "what two characters are like together"),
    "playful": _("playful", "what two characters are like together"),
    "curious": _("curious", "what two characters are like together"),
    "partners": _("partners", "what two characters are like together"),
    "rivals": _("rivals", "what two characters are like together"),
    "quarrelsome": _("quarrelsome", "what two characters are like together"),
}
MILESTONES = {
    "first words": _("first words", "a milestone of two characters"),
    "old acquaintances": _("old acquaintances", "a milestone of two characters"),
    "inseparable": _("inseparable", "a milestone of two characters"),
    "friends": _("friends", "a milestone of two characters"),
    "besties": _("besties", "a milestone of two characters"),
    "at odds": _("at odds", "a milestone of two characters"),
    "made up": _("made up", "a milestone of two characters"),
}
DEALINGS = {
    "agreement": _("agreement", "what one character said to another"),
    "disagreement": _("disagreement", "what one character said to another"),
    "compliment": _("compliment", "what one character said to another"),
    "insult": _("insult", "what one character said to another"),
    "question": _("question", "what one character said to another"),
    "answer": _("answer", "what one character said to another"),
    "banter": _("banter", "what one character said to another"),
    "argument": _("argument", "what one character said to another"),
    "collaboration": _("collaboration", "what one character said to another"),
    "competition": _("competition", "what one character said to another"),
    "other": _("something else", "what one character said to another"),
}
"""What the database keeps in English."""


def growth_lines(role: Role, answered: int, stages: Sequence[Milestone]) -> Iterator[str]:
    """Yield how often a character has answered, and each stage with what it changed."""
    yield ANSWERED.format(name=shown(role), count=answered, level=LEVELS[level_of(answered)])
    if not stages:
        yield str(NO_STAGES)
    for stage in stages:
        what = inline(json.dumps(stage.changes, ensure_ascii=False), CHANGES_ROOM) if stage.changes else ""
        when, back = format_dt(stage.at, "d"), format_dt(stage.reverted_at, "d") if stage.reverted_at else ""
        line = STAGE_BACK if back else STAGE
        yield line.format(stage=stage.milestone, when=when, back=back, changes=what or NOTHING_CHANGED)


def other_line(relation: Relation) -> str:
    """Return how a character gets on with one of the others."""
    line = OTHER_IN_CONFLICT if relation.conflicts else ONE_OTHER
    return line.format(name=shown(relation.other), how=_values(relation), conflicts=_conflicts(relation))


def relation_lines(of: Relation) -> Iterator[str]:
    """Yield everything about two characters; encounters have the numbers that /admin relations undo takes."""
    yield PAIR.format(name=shown(of.role), other=shown(of.other), how=_values(of))
    traits = [f"{_said(TRAITS, name)} {share:.0%}" for name, share in sorted(of.traits.items())]
    yield TOGETHER.format(traits=", ".join(traits) or TOO_EARLY)
    happened = [_became(milestone) for milestone in of.milestones]
    yield HAPPENED.format(all=", ".join(happened) or NOTHING_YET)
    yield f"- {_conflicts(of)}" if of.conflicts else str(NO_CONFLICTS)
    yield str(LATEST if of.latest else NEVER)
    yield from (_encounter(encounter) for encounter in of.latest)


def _values(of: Relation) -> str:
    return VALUES.format(value=_signed(of.value), back=_signed(of.back), stage=_said(STAGES, of.stage))


def _signed(value: float) -> str:
    """Return an affinity with its sign, which is never that of a nought below zero."""
    return number(round(value, 2) + 0.0, "+.2f")


def _conflicts(of: Relation) -> str:
    told = ", ".join(f"{inline(topic, TOPIC_ROOM)} ({severity:.2f})" for topic, severity in of.conflicts)
    return CONFLICTS.format(all=told)


def _encounter(encounter: Encounter) -> str:
    told = (DEALING_TO if encounter.milestone else DEALING).format(
        number=encounter.id,
        when=format_dt(encounter.at, "R"),
        speaker=encounter.speaker,
        other=encounter.other,
        what=effect(encounter),
        milestone=", ".join(map(_became, (encounter.milestone or "").split(", "))),
    )
    return TAKEN_BACK.format(dealing=told) if encounter.reverted_at else told


def effect(encounter: Encounter) -> str:
    """Return what an encounter was, and what it did to the one who spoke and to the other."""
    changed = NO_EFFECT if encounter.change == encounter.back == 0 else EFFECT
    changes = {"change": number(encounter.change, "+g"), "back": number(encounter.back, "+g")}
    return changed.format(kind=_said(DEALINGS, encounter.kind), **changes)


def _became(code: str) -> str:
    """Return a milestone, or the stage that two reached."""
    if code.startswith(NOW_CODE):
        return NOW.format(stage=_said(STAGES, code.removeprefix(NOW_CODE)))
    return _said(MILESTONES, code)


def _said(words: Mapping[str, str], code: str) -> str:
    """Return what is kept as a code, in words; as it is where there are none for it any more."""
    return str(words.get(code, code))
