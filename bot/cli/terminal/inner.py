"""Feelings, thoughts and bond of a character, for the terminal's user (F085, F089, F133, C71)."""

import re

from bot.cli.terminal.company import in_short
from bot.cli.terminal.markup import Marked
from bot.cli.terminal.session import TerminalSession
from bot.conversation.company import PlayedCharacter
from bot.core.errors import MasqueradeError
from bot.core.spelling import day_in_words
from bot.features.inner_life.diagnosis import (
    NO_STIMULI,
    STIMULI_HEAD,
    TABLE_HEAD,
    conclusions,
    effect_words,
    table,
)
from bot.features.inner_life.relationship import MOST_DISPUTES, Relationship, words_of
from bot.features.inner_life.thoughts import ThoughtForm, thought_lines
from bot.features.inner_life.week import Viewer, told_now
from database.models import BondChange
from personas.relations.bonds import BOUNDS, STAGES, Metric

NOTHING_FELT = "Nothing has happened to {name} yet: its week begins with the first answer that it gives."
NO_THOUGHTS = "{name} thinks nothing by itself: its file does not say inner_life."
NO_THOUGHTS_YET = "Nothing goes on in {name} yet: it thinks overnight, or when main.py consolidate runs."
NOTHING_OF_NOTE = "Nothing of note happened this week."
NOTHING_KEPT = "Nothing is kept of how {name} and you stand; {why}."
SWITCHED_OFF = "remembering is switched off (memory_consent=off)"
NOT_AGREED = "you have not agreed to be remembered, and /privacy yes changes that"
NOTHING_YET = "it is noted from the next answer on"
HOW_TO_MOOD = "Write /mood alone, or behind it: hormones."
HOW_TO_RELATIONSHIP = "Write /relationship alone, or behind it: undo N, kind NAME."
MOST = 12
_RELATIONSHIP = re.compile(r"undo\s+(?P<number>\d{1,18})|kind\s+(?P<kind>[a-z]{1,32})")


async def mood_told(session: TerminalSession, rest: str) -> str:
    """Describe the character's feelings and this week's causes; with `hormones`, the full diagnosis."""
    role = await session.host()
    if rest == "hormones":
        return "\n".join(await _hormones(session, role))
    if rest:
        return HOW_TO_MOOD
    viewer = Viewer(session.person_id, lambda channel_id: channel_id == session.where.channel_id)
    felt = await session.app.weeks.of(role, viewer)
    if felt is None:
        return NOTHING_FELT.format(name=role.name)
    zone = session.app.inner_life.zone
    lines = [f"{about}: {words}" for about, words in told_now(felt, role)]
    happened = sorted(felt.happenings[:MOST], key=lambda happening: happening.at, reverse=True)
    lines += ["What moved it this week:"] if happened else [NOTHING_OF_NOTE]
    return "\n".join(
        [*lines, *(f"  {happening.at.astimezone(zone):%a %H:%M} {happening.words}" for happening in happened)]
    )


async def _hormones(session: TerminalSession, role: PlayedCharacter) -> list[str]:
    found, zone = await session.app.diagnoses.of(role), session.app.inner_life.zone
    moved = [f"  {effect.at.astimezone(zone):%a %H:%M} {effect_words(effect)}" for effect in found.effects]
    return [
        str(TABLE_HEAD),
        *(f"  {line}" for line in table(found)),
        *conclusions(found, role),
        f"{STIMULI_HEAD}:" if moved else f"{NO_STIMULI}.",
        *moved,
    ]


async def thoughts_told(session: TerminalSession) -> str:
    """Describe the character's beliefs and open questions from talk in this place."""
    role, zone = await session.host(), session.app.inner_life.zone
    found = await session.app.thoughts_here.of(role.slug, session.where)
    if not found:
        return (NO_THOUGHTS_YET if role.character.inner_life else NO_THOUGHTS).format(name=role.name)
    form = ThoughtForm(in_short, lambda at: day_in_words(at.astimezone(zone).date()), lambda _channel: "")
    return Marked("\n".join(thought_lines(found, form)))


async def relationship_told(session: TerminalSession, rest: str) -> str:
    """Describe the bond and its changes; `undo N` undoes a change, `kind NAME` chooses the kind."""
    relationships = session.app.relationships
    role, person = await session.host(), session.person_id
    found = _RELATIONSHIP.fullmatch(rest.casefold()) if rest else None
    if rest and found is None:
        return HOW_TO_RELATIONSHIP
    try:
        if found and found["number"]:
            done = await relationships.dispute(person, role, int(found["number"]))
            stage = f" You two are at the stage “{done.stage}” now." if done.stage else ""
            return f"Taken back: {done.metric} is {done.after} now.{stage}"
        if found:
            await relationships.choose_kind(person, role, found["kind"])
            return f"Done: {found['kind']} it is from the next answer on."
    except MasqueradeError as refusal:
        return str(refusal)
    relationship = await relationships.of(person, role)
    if relationship is None:
        return NOTHING_KEPT.format(name=role.name, why=await _why(session))
    return "\n".join(_lines(session, role, relationship))


async def _why(session: TerminalSession) -> str:
    privacy = session.app.privacy
    if privacy.mode == "off":
        return SWITCHED_OFF
    return NOTHING_YET if await privacy.may_learn(session.person_id) else NOT_AGREED


def _lines(session: TerminalSession, role: PlayedCharacter, relationship: Relationship) -> list[str]:
    zone, stages = session.app.inner_life.zone, [stage.name for stage in STAGES]
    since = f", since {relationship.since.astimezone(zone):%d %B %Y}" if relationship.since else ""
    kinds = [kind for kind in relationship.kinds if kind != relationship.kind]
    others = f" (/relationship kind changes it to {' or '.join(kinds)})" if kinds else ""
    number = stages.index(relationship.stage) + 1
    measures = ", ".join(_measure(metric, relationship.bond.of(metric)) for metric in Metric)
    head = [
        f"You and {role.name}: {relationship.label}, stage {number} of {len(stages)}{since}",
        f"Kind: {relationship.kind}{others}, which sounds like this: {relationship.sound}",
        measures,
    ]
    if not relationship.changes:
        return [*head, "Nothing changed so far."]
    shown = [
        f"{change.id}. {change.at.astimezone(zone):%d %b} {words_of(change)}{_taken_back(change)}"
        for change in relationship.changes[:MOST]
    ]
    if len(relationship.changes) > MOST:
        shown.append(f"... and {len(relationship.changes) - MOST} older ones")
    foot = (
        f"/relationship undo N takes a change back, {MOST_DISPUTES} within a day; {relationship.left} left."
    )
    return [*head, "What changed:", *shown, foot]


def _measure(metric: Metric, value: int) -> str:
    least, most = BOUNDS[metric]
    return f"{metric} {value} (from {least} to {most})"


def _taken_back(change: BondChange) -> str:
    return " (taken back)" if change.disputed_at else ""
