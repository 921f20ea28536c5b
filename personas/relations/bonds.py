"""Relationship of a character with a person: anger, rapport, trust, formality, stage (F089, C71)."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path


class Tone(StrEnum):
    """What a person's message does."""

    PRAISE = "praise"
    GRATITUDE = "gratitude"
    RUDENESS = "rudeness"
    CONFLICT = "conflict"
    THREAT = "threat"
    APOLOGY = "apology"
    CONFIDING = "confiding"
    BANTER = "banter"
    TALK = "talk"


UNKIND = (Tone.RUDENESS, Tone.CONFLICT, Tone.THREAT)
"""The classes of hostility, mildest first (F133)."""


class Metric(StrEnum):
    """A metric of the relationship, an integer (F089)."""

    ANGER = "anger"
    RAPPORT = "rapport"
    TRUST = "trust"
    FORMALITY = "formality"


BOUNDS: Mapping[Metric, tuple[int, int]] = {
    Metric.ANGER: (0, 10),
    Metric.RAPPORT: (0, 10),
    Metric.TRUST: (0, 10),
    Metric.FORMALITY: (-5, 5),
}
COOLING = timedelta(hours=12)
"""Time in which anger decreases by one, with or without talk."""
AGAIN = timedelta(minutes=10)
"""Period in which the same tone counts once: ten thanks in a row are one."""
_EVERY_RAPPORT, _EVERY_TRUST = 5, 20
_REGULAR = 6
"""Maximum rapport and trust from mere company; more requires an event."""


@dataclass(frozen=True, slots=True)
class Bond:
    """A relationship after some `exchanges`, with the anger at `changed_at`."""

    changed_at: datetime
    anger: int = 0
    rapport: int = 2
    trust: int = 2
    formality: int = 0
    exchanges: int = 0
    stage: str = ""

    def of(self, metric: Metric) -> int:
        value: int = getattr(self, metric)
        return value

    def with_(self, metric: Metric, value: int) -> "Bond":
        """Return the bond with another value of one metric."""
        values = {str(metric_name): self.of(metric_name) for metric_name in Metric} | {str(metric): value}
        return Bond(self.changed_at, **values, exchanges=self.exchanges, stage=self.stage)

    @property
    def warmth(self) -> int:
        """Warmth, -10 to 20, which decides on stages."""
        return self.rapport + self.trust - self.anger


@dataclass(frozen=True, slots=True)
class BondStep:
    """A change of a metric, and its cause."""

    metric: Metric
    change: int
    cause: str


TIME = "time passed"
BY_OPERATOR = "the bot's operator changed it"
BEGUN_ANEW = "the bot's operator let it begin anew"
TAKEN_BACK = "the bot's operator took a change of theirs back"
BY_HAND = (BY_OPERATOR, BEGUN_ANEW, TAKEN_BACK)
"""Causes of operators' changes, which may exceed one."""
_UNKIND = ((Metric.ANGER, 1, "you were unkind"), (Metric.RAPPORT, -1, "you were unkind"))
_CAUSES: Mapping[Tone, tuple[tuple[Metric, int, str], ...]] = {
    Tone.PRAISE: ((Metric.RAPPORT, 1, "you said something kind"),),
    Tone.GRATITUDE: ((Metric.RAPPORT, 1, "you said thank you"),),
    **dict.fromkeys(UNKIND, _UNKIND),
    Tone.APOLOGY: ((Metric.ANGER, -1, "you said sorry"),),
    Tone.CONFIDING: ((Metric.TRUST, 1, "you told something personal"),),
    Tone.BANTER: ((Metric.RAPPORT, 1, "you had a laugh together"),),
    Tone.TALK: (),
}
_COMPANY = "you keep coming by"
_BROKEN = "it went on although it was angry already"
_VERY_ANGRY = 5


def cooled(bond: Bond, now: datetime) -> tuple[Bond, tuple[BondStep, ...]]:
    """Return a bond with the anger that is left now: it decreases by one every twelve hours."""
    if bond.changed_at > now:  # a clock ran ahead
        bond = replace(bond, changed_at=now)
    steps = min((now - bond.changed_at) // COOLING, bond.anger)
    if not steps:
        return bond, ()
    at = now if steps == bond.anger else bond.changed_at + steps * COOLING
    return replace(bond, anger=bond.anger - steps, changed_at=at), (BondStep(Metric.ANGER, -steps, TIME),)


def shifted(
    bond: Bond, tone: Tone, register: int, now: datetime, *, lately: Collection[str] = ()
) -> tuple[Bond, tuple[BondStep, ...]]:
    """Return a bond after an exchange, and its changes, at most one per metric (C71).

    `register` is the formality of the person's words, -5 to 5; `lately` are the causes of the last ten
    minutes. The cooling of anger up to `now` is added.
    """
    bond, passed = cooled(bond, now)
    bond = replace(bond, exchanges=bond.exchanges + 1)
    wished = [step for step in _wished(bond, tone, register) if step.cause not in lately]
    steps: list[BondStep] = []
    for step in wished:
        least, most = BOUNDS[step.metric]
        value = min(max(bond.of(step.metric) + step.change, least), most)
        if value != bond.of(step.metric) and step.metric not in {earlier.metric for earlier in steps}:
            steps.append(step)
            bond = bond.with_(step.metric, value)
    if any(step.metric is Metric.ANGER for step in steps):
        bond = replace(bond, changed_at=now)
    return bond, (*passed, *steps)


def _wished(bond: Bond, tone: Tone, register: int) -> list[BondStep]:
    steps = [BondStep(*cause) for cause in _CAUSES[tone]]
    if tone in UNKIND and bond.anger >= _VERY_ANGRY:
        steps.append(BondStep(Metric.TRUST, -1, _BROKEN))
    if tone not in UNKIND:
        if bond.exchanges % _EVERY_RAPPORT == 0 and bond.rapport < _REGULAR:
            steps.append(BondStep(Metric.RAPPORT, 1, _COMPANY))
        if bond.exchanges % _EVERY_TRUST == 0 and bond.trust < _REGULAR:
            steps.append(BondStep(Metric.TRUST, 1, _COMPANY))
    if abs(register - bond.formality) >= 2:
        up = register > bond.formality
        steps.append(
            BondStep(
                Metric.FORMALITY,
                1 if up else -1,
                "you wrote more formally" if up else "you wrote less formally",
            )
        )
    return steps


# Stages.


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage, with its minimum exchanges and warmth."""

    name: str
    exchanges: int
    warmth: int


STAGES = (
    Stage("initial connection", 0, -10),
    Stage("developing rapport", 10, 5),
    Stage("deepening", 50, 10),
    Stage("established", 150, 14),
)
"""From first encounter to deep connection (F090)."""
MARGIN = 2
"""Warmth below a stage's minimum at which it is left, which prevents oscillation."""


def stage_after(bond: Bond) -> str:
    """Return the stage for a bond, given its previous stage; deterministic (C74)."""
    before = next((index for index, stage in enumerate(STAGES) if stage.name == bond.stage), 0)
    reached = 0
    for index, stage in enumerate(STAGES):
        margin = MARGIN if index <= before else 0
        if bond.exchanges >= stage.exchanges and bond.warmth >= stage.warmth - margin:
            reached = index
    return STAGES[reached].name


AT_ODDS = "at odds"


def label_of(bond: Bond) -> str:
    """Return the label of a relationship: its stage, or being at odds while anger prevails."""
    return AT_ODDS if bond.warmth < 0 else stage_after(bond)


# Wording.


def _types(text: str) -> Mapping[str, Mapping[str, str]]:
    return {
        name: {stage: table[stage] for stage in (*(stage.name for stage in STAGES), AT_ODDS)}
        for name, table in tomllib.loads(text).items()
    }


# Loaded at import: the sandboxed process that reads untrusted cards can't open files.
RELATIONSHIP_TYPES = _types(Path(__file__).with_name("relationship_types.toml").read_text("utf-8"))
"""Descriptions of each stage, and of being at odds, by relationship type and stage name."""


def words_of(bond: Bond) -> tuple[str, ...]:
    """Return the notable metrics in a few words each."""
    said = [_angry(bond.anger), _trusting(bond.trust), _formal(bond.formality)]
    return tuple(words for words in said if words)


def _angry(anger: int) -> str:
    return "angry with them" if anger >= 6 else "still a little cross with them" if anger >= 3 else ""


def _trusting(trust: int) -> str:
    return "trusts them" if trust >= 7 else "does not trust them" if trust == 0 else ""


def _formal(formality: int) -> str:
    return (
        "they are formal with each other"
        if formality >= 3
        else "they talk casually"
        if formality <= -3
        else ""
    )
