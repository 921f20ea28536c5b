"""Views of a character's growth and relations for operators (C72, C75)."""

import json
from collections.abc import Iterator, Mapping

from discord.utils import format_dt

from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _, n_, number
from bot.features.admin.selves import GrownCharacter
from bot.features.characters.relations import Relation
from cogs._discord.options import shown
from cogs._discord.text import inline
from database.models import Encounter, TraitShift
from personas.evolution import level_of
from personas.personality import Trait
from personas.relations.memories import FELL_OUT as MEMORY_FELL_OUT

CHANGES_ROOM, TOPIC_ROOM = 500, 100

ANSWERED = n_(
    "**{name}** has answered {count} time: {level}.", "**{name}** has answered {count} times: {level}."
)
NO_STAGES = _("No stage of its growth is reached yet.")
TRAITS_NOW = _("Its traits, from -1 to 1, where 0 is what its files make of it: {traits}.")
TRAIT = "{trait} {value}"
SHIFTS = _("What shifted them, the newest first (/admin growth undo takes one back):")
SHIFT = _("  **{number}.** {when} {trait} {change}: {cause}")
SHIFT_BACK = _("  **{number}.** {when} {trait} {change}: {cause} (taken back)")
SPOKE, HEARD = _("its {cause} to {other}"), _("{cause} from {other}")
SOMEBODY = _("somebody", "whose tone shifted a trait")
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
REMEMBERED = _("- What they remember of it:")
MEMORY = _("  {day} in <#{channel}>: {what}")
MEMORY_ABOUT = _("  {day} in <#{channel}>: {what}, about {topic}")
COUNTED = _("{effect} (x {modifier}: {parts})")
PART = "{name} x {factor}"
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
CIRCUMSTANCES = {
    "scene": _("among themselves", "what surrounds what one character said to another"),
    "again": _("the same again", "what surrounds what one character said to another"),
    "silence": _("after a long silence", "what surrounds what one character said to another"),
    "conflict": _("their conflict", "what surrounds what one character said to another"),
    "mood": _("the speaker's mood", "what surrounds what one character said to another"),
}
OWN_TRAITS = {
    "warmth": _("warmth", "a trait of a character"),
    "playfulness": _("playfulness", "a trait of a character"),
    "patience": _("patience", "a trait of a character"),
    "curiosity": _("curiosity", "a trait of a character"),
    "confidence": _("confidence", "a trait of a character"),
}
TONES = {
    "praise": _("praise", "what a person did"),
    "gratitude": _("thanks", "what a person did"),
    "rudeness": _("rudeness", "what a person did"),
    "conflict": _("an attack", "what a person did"),
    "threat": _("a threat", "what a person did"),
    "apology": _("an apology", "what a person did"),
    "confiding": _("trust", "what a person did"),
    "banter": _("a joke", "what a person did"),
}
FELL_OUT = _("they fell out", "what two characters remember")
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
"""Words for codes that the database stores in English."""


def growth_lines(role: PlayedCharacter, grown: GrownCharacter) -> Iterator[str]:
    """Yield the number of a character's answers, its stages with their changes, and the shifts of traits."""
    answered = grown.answered
    yield ANSWERED.format(name=shown(role), count=answered, level=LEVELS[level_of(answered)])
    if not grown.stages:
        yield str(NO_STAGES)
    for stage in grown.stages:
        changes = inline(json.dumps(stage.changes, ensure_ascii=False), CHANGES_ROOM) if stage.changes else ""
        when, back = format_dt(stage.at, "d"), format_dt(stage.reverted_at, "d") if stage.reverted_at else ""
        line = STAGE_BACK if back else STAGE
        yield line.format(stage=stage.milestone, when=when, back=back, changes=changes or NOTHING_CHANGED)
    traits = (
        TRAIT.format(trait=_said(OWN_TRAITS, trait), value=_signed(grown.traits.get(trait, 0.0)))
        for trait in Trait
    )
    yield TRAITS_NOW.format(traits=", ".join(traits))
    if grown.shifts:
        yield str(SHIFTS)
    yield from map(shift_line, grown.shifts)


def shift_line(shift: TraitShift) -> str:
    """Return a shift of a trait with the number that undoes it, without any words of a conversation."""
    line = SHIFT_BACK if shift.reverted_at else SHIFT
    return line.format(
        number=shift.id,
        when=format_dt(shift.at, "R"),
        trait=_said(OWN_TRAITS, shift.trait),
        change=number(shift.change, "+g"),
        cause=_cause(shift),
    )


def _cause(shift: TraitShift) -> str:
    if shift.other is not None:
        words = SPOKE if shift.spoke else HEARD
        return words.format(cause=_said(DEALINGS, shift.cause), other=shift.other)
    person = f"<@{shift.person_id}>" if shift.person_id is not None else str(SOMEBODY)
    return HEARD.format(cause=_said(TONES, shift.cause), other=person)


def other_line(relation: Relation) -> str:
    """Return a character's relation to one of the others."""
    line = OTHER_IN_CONFLICT if relation.conflicts else ONE_OTHER
    return line.format(name=shown(relation.other), how=_values(relation), conflicts=_conflicts(relation))


def relation_lines(of: Relation) -> Iterator[str]:
    """Yield everything about two characters; /admin relations undo takes the numbers of the encounters."""
    yield PAIR.format(name=shown(of.role), other=shown(of.other), how=_values(of))
    traits = [f"{_said(TRAITS, name)} {share:.0%}" for name, share in sorted(of.traits.items())]
    yield TOGETHER.format(traits=", ".join(traits) or TOO_EARLY)
    happened = [_became(milestone) for milestone in of.milestones]
    yield HAPPENED.format(all=", ".join(happened) or NOTHING_YET)
    yield f"- {_conflicts(of)}" if of.conflicts else str(NO_CONFLICTS)
    if of.memories:
        yield str(REMEMBERED)
    yield from map(_memory, of.memories)
    yield str(LATEST if of.latest else NEVER)
    yield from (_encounter(encounter) for encounter in of.latest)


def _values(of: Relation) -> str:
    return VALUES.format(value=_signed(of.value), back=_signed(of.back), stage=_said(STAGES, of.stage))


def _signed(value: float) -> str:
    """Return an affinity with its sign, which is never "-0"."""
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
    """Return an encounter's kind, its effect on the speaker and on the other, and its weight."""
    changed = NO_EFFECT if encounter.change == encounter.back == 0 else EFFECT
    changes = {"change": number(encounter.change, "+g"), "back": number(encounter.back, "+g")}
    told = changed.format(kind=_said(DEALINGS, encounter.kind), **changes)
    if not encounter.circumstances:
        return told
    parts = ", ".join(
        PART.format(name=_said(CIRCUMSTANCES, name), factor=number(factor, "g"))
        for name, factor in encounter.circumstances.items()
    )
    return COUNTED.format(effect=told, modifier=number(encounter.modifier, "g"), parts=parts)


def _memory(encounter: Encounter) -> str:
    """Return a memory of two characters: time, place, kind and topic."""
    code = encounter.memory or ""
    remembered = _said(DEALINGS | MILESTONES | {MEMORY_FELL_OUT: FELL_OUT}, code)
    line = MEMORY_ABOUT if encounter.topic else MEMORY
    return line.format(
        day=format_dt(encounter.at, "d"),
        channel=encounter.channel_id,
        what=remembered,
        topic=inline(encounter.topic or "", TOPIC_ROOM),
    )


def _became(code: str) -> str:
    """Return a milestone, or the stage that two characters reached."""
    if code.startswith(NOW_CODE):
        return NOW.format(stage=_said(STAGES, code.removeprefix(NOW_CODE)))
    return _said(MILESTONES, code)


def _said(words: Mapping[str, str], code: str) -> str:
    """Return a stored code in words, or the code itself if it is no longer known."""
    return str(words.get(code, code))
