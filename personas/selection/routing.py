"""Choice of the persona that answers a message: by call, running talk, and content."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from random import Random

from personas.character import Character, names_of
from personas.selection.mentions import about, called, spoken

NAME, INTEREST, DOMAIN, CHANNEL, AVOIDANCE = 100, 50, 30, 20, -100
"""Points of the signs for a persona (F101)."""
NEAR = (4, 5)
"""Personas with at least four fifths of the highest points may be chosen (C23)."""


class WeightError(ValueError):
    """A persona's weight is negative or no number."""

    def __init__(self, slug: str, weight: float) -> None:
        super().__init__(f"the weight of {slug} is {weight}; write 0 or more, 1 is usual")
        self.slug = slug
        self.weight = weight


class NobodyPresentError(ValueError):
    """There is no persona to choose."""


class How(StrEnum):
    """The step that decided."""

    DIRECT = "direct"
    ACTIVE = "active"
    ACTIVITY = "activity"
    STICKY = "sticky"
    CONTENT = "content"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class RoutingCandidate:
    """A persona that may answer: its names, own name first, and its topics.

    `knowledge` is its primary domain, `channels` are ids or names of preferred channels, `weight` is a factor
    of its points: 0 means that only a call or a running talk selects it. Raises WeightError.
    """

    slug: str
    names: tuple[str, ...]
    interests: tuple[str, ...] = ()
    avoidances: tuple[str, ...] = ()
    knowledge: str = ""
    channels: tuple[str, ...] = ()
    weight: float = 1.0
    activities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isfinite(self.weight) or self.weight < 0:
            raise WeightError(self.slug, self.weight)


@dataclass(frozen=True, slots=True)
class Score:
    """A persona's `points` for a message, and the `signs` that gave them."""

    points: float
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoke:
    """The persona that spoke last, in a channel or with somebody, and when."""

    slug: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """Operators' settings (F108): `sticky` of 0 and `context_routing` of False skip their steps.

    `activity_priority` is the points of an activity that a message names; 0 skips activities.
    """

    context_routing: bool = True
    activity_priority: float = 100
    sticky: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Routed:
    """The answering persona, `how` it was chosen, and everybody's points for the content."""

    slug: str
    how: How
    scores: Mapping[str, Score]


def candidate_of(character: Character, *, weight: float = 1.0) -> RoutingCandidate:
    """Return a character as a candidate."""
    primary = character.knowledge.get("primary", "")
    return RoutingCandidate(
        slug=character.slug,
        names=names_of(character),
        interests=character.interests,
        avoidances=character.avoidances,
        knowledge=primary if isinstance(primary, str) else "",
        channels=character.channels,
        weight=weight,
        activities=character.activities,
    )


def named(text: str, candidates: Iterable[RoutingCandidate]) -> tuple[str, ...]:
    """Return the slugs that `text` calls by name, in order of the text, without duplicates."""
    return called(spoken(text), {candidate.slug: candidate.names for candidate in candidates})


def scores(
    text: str, candidates: Collection[RoutingCandidate], *, channel: Collection[str] = ()
) -> dict[str, Score]:
    """Return each persona's points for `text`, highest first, then by slug (F101, C23).

    Its name as a whole word 100, each topic of interest 50, its primary domain 30, a preferred channel 20,
    each avoided topic -100, all times its weight. `channel` are the id and name of the text's channel.
    Personas with 0 or less are left out.
    """
    said = spoken(text)
    calls = called(said, {candidate.slug: candidate.names for candidate in candidates})
    here = {_channel(name) for name in channel}
    found = {
        candidate.slug: _score(candidate, said, candidate.slug in calls, here) for candidate in candidates
    }
    return _ranked(found)


def route(
    text: str,
    candidates: Collection[RoutingCandidate],
    *,
    default: str,
    now: datetime,
    rng: Random,
    channel: Collection[str] = (),
    addressed: Sequence[str] = (),
    active: Spoke | None = None,
    sticky: Spoke | None = None,
    rules: Rules | None = None,
) -> Routed:
    """Return who answers `text`, by the first of these steps that decides (F100, D07).

    direct: `addressed` by mention or reply, then the first one named. active: the last one to speak with this
    author. activity: the one concerned by an activity in the text, if its points are at least anybody else's
    for content. sticky: the last one to speak in this channel. content: one of those with at least 80 % of
    the highest points, by `rng` among their sorted slugs. default: `default`, or if that one is absent the
    highest weight, then alphabetically. Active and sticky last for the rules' `sticky`: up to and including
    exactly 300 s (C24). The order of the candidates makes no difference. Raises NobodyPresentError.
    """
    if not candidates:
        raise NobodyPresentError("no persona is present that could answer")
    scene = _Scene(
        said=spoken(text),
        present={candidate.slug: candidate for candidate in candidates},
        scores=scores(text, candidates, channel=channel),
        addressed=addressed,
        active=active,
        sticky=sticky,
        now=now,
        rules=rules or Rules(),
        rng=rng,
    )
    for how, chosen in _STEPS:
        slug = chosen(scene)
        if slug is not None:
            return Routed(slug, how, scene.scores)
    return Routed(_by_default(scene, default), How.DEFAULT, scene.scores)


# Points.


def _score(candidate: RoutingCandidate, said: str, is_called: bool, here: Collection[str]) -> Score:
    found = {
        "name": NAME * is_called,
        **{f"interest: {topic}": INTEREST for topic in about(said, candidate.interests)},
        "domain": DOMAIN * bool(about(said, (candidate.knowledge,))),
        "channel": CHANNEL * any(_channel(name) in here for name in candidate.channels),
        **{f"avoidance: {topic}": AVOIDANCE for topic in about(said, candidate.avoidances)},
    }
    return Score(
        sum(found.values()) * candidate.weight, tuple(sign for sign, points in found.items() if points)
    )


def _channel(name: str) -> str:
    return name.strip().removeprefix("#").casefold()


def _ranked(found: Mapping[str, Score]) -> dict[str, Score]:
    above = [(slug, score) for slug, score in found.items() if score.points > 0]
    return dict(sorted(above, key=lambda item: (-item[1].points, item[0])))


def _near(points: Mapping[str, float]) -> list[str]:
    """Return the slugs with at least four fifths of the highest points, sorted."""
    most = max(points.values())
    return sorted(slug for slug, own in points.items() if own * NEAR[1] >= most * NEAR[0])


# Steps.


@dataclass(frozen=True, slots=True)
class _Scene:
    said: str
    present: Mapping[str, RoutingCandidate]
    scores: Mapping[str, Score]
    addressed: Sequence[str]
    active: Spoke | None
    sticky: Spoke | None
    now: datetime
    rules: Rules
    rng: Random


def _direct(scene: _Scene) -> str | None:
    names = {slug: candidate.names for slug, candidate in scene.present.items()}
    calls = (*scene.addressed, *called(scene.said, names))
    return next((slug for slug in calls if slug in scene.present), None)


def _active(scene: _Scene) -> str | None:
    return _lasting(scene, scene.active)


def _sticky(scene: _Scene) -> str | None:
    return _lasting(scene, scene.sticky)


def _lasting(scene: _Scene, spoke: Spoke | None) -> str | None:
    if spoke is None or spoke.slug not in scene.present or not scene.rules.sticky:
        return None
    return spoke.slug if scene.now - spoke.at <= scene.rules.sticky else None


def _activity(scene: _Scene) -> str | None:
    if not scene.rules.context_routing or scene.rules.activity_priority <= 0:
        return None
    points = {slug: _activity_points(candidate, scene) for slug, candidate in scene.present.items()}
    near = _near(points)
    rival = max((score.points for slug, score in scene.scores.items() if slug not in near), default=0)
    return scene.rng.choice(near) if points[near[0]] > 0 and max(points.values()) >= rival else None


def _activity_points(candidate: RoutingCandidate, scene: _Scene) -> float:
    named_here = len(about(scene.said, candidate.activities))
    if not named_here:
        return 0
    shunned = AVOIDANCE * len(about(scene.said, candidate.avoidances))
    return max(named_here * scene.rules.activity_priority + shunned, 0) * candidate.weight


def _content(scene: _Scene) -> str | None:
    if not scene.scores:
        return None
    return scene.rng.choice(_near({slug: score.points for slug, score in scene.scores.items()}))


def _by_default(scene: _Scene, default: str) -> str:
    if default in scene.present:
        return default
    return min(scene.present.values(), key=lambda candidate: (-candidate.weight, candidate.slug)).slug


_STEPS: tuple[tuple[How, Callable[[_Scene], str | None]], ...] = (
    (How.DIRECT, _direct),
    (How.ACTIVE, _active),
    (How.ACTIVITY, _activity),
    (How.STICKY, _sticky),
    (How.CONTENT, _content),
)
