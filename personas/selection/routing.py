"""Which of several personas answers a message: whom it calls, who is in talk, whom its words concern."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from random import Random

from personas.character import Character, names_of
from personas.selection.mentions import about, called, spoken

NAME, INTEREST, DOMAIN, CHANNEL, AVOIDANCE = 100, 50, 30, 20, -100
"""What counts for a persona, in points (F101)."""
NEAR = (4, 5)
"""Who has at least four fifths of the most points may be chosen (C23)."""


class WeightError(ValueError):
    """A persona's weight is no number from 0 on."""

    def __init__(self, slug: str, weight: float) -> None:
        super().__init__(f"the weight of {slug} is {weight}; write 0 or more, 1 is usual")
        self.slug = slug
        self.weight = weight


class NobodyPresentError(ValueError):
    """There is no persona to choose."""


class How(StrEnum):
    """What decided who answers."""

    DIRECT = "direct"
    ACTIVE = "active"
    ACTIVITY = "activity"
    STICKY = "sticky"
    CONTENT = "content"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class RoutingCandidate:
    """A persona that may answer: what it is called, its own name first, and what concerns it.

    `knowledge` is its primary domain, `channels` are the ids or names of those it prefers, `weight`
    multiplies its points: 0 means that only a call or a running talk brings it in. Raises WeightError.
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
    """How much a message is a persona's: its `points`, and the `signs` that brought them."""

    points: float
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoke:
    """Which persona spoke last, in a channel or with somebody, and when."""

    slug: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What operators set (F108): `sticky` of 0 and `context_routing` of False skip their steps.

    `activity_priority` is the points of an activity that a message names; with 0 activities are skipped.
    """

    context_routing: bool = True
    activity_priority: float = 100
    sticky: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Routed:
    """Who answers, `how` that was decided, and what the message's content brought everybody."""

    slug: str
    how: How
    scores: Mapping[str, Score]


def candidate_of(character: Character, *, weight: float = 1.0) -> RoutingCandidate:
    """Return a character as one that may answer."""
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
    """Return the slugs of those whom `text` calls by name, in the order of the text, each once."""
    return called(spoken(text), {one.slug: one.names for one in candidates})


def scores(
    text: str, candidates: Collection[RoutingCandidate], *, channel: Collection[str] = ()
) -> dict[str, Score]:
    """Return the points that `text` brings each persona, the most first, then by slug (F101, C23).

    Its name as a whole word 100, each topic of interest 50, its primary domain 30, a preferred channel
    20, each avoided topic -100, all times its weight. `channel` are the id and name of where it was
    said. Who has no more than 0 is left out.
    """
    said = spoken(text)
    calls = called(said, {one.slug: one.names for one in candidates})
    here = {_channel(name) for name in channel}
    found = {one.slug: _score(one, said, one.slug in calls, here) for one in candidates}
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
    """Return who answers `text`: the first of these steps that has an opinion (F100, D07).

    direct: `addressed`, whom it mentions or replies to, then the first whom it names. active: who spoke
    last with this author. activity: whom an activity in the text concerns, if its points are at least
    those of the content of anybody else. sticky: who spoke last in this channel. content: one of those
    with at least 80 % of the most points, by `rng` among their slugs in alphabetical order. default:
    `default`, or if that one isn't here who weighs most, then the first by alphabet. Active and sticky
    last for as long as the rules' `sticky`: at exactly 300 s still, from then on no longer (C24).
    The order of the candidates makes no difference. Raises NobodyPresentError.
    """
    if not candidates:
        raise NobodyPresentError("no persona is present that could answer")
    scene = _Scene(
        said=spoken(text),
        present={one.slug: one for one in candidates},
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


# The points


def _score(one: RoutingCandidate, said: str, is_called: bool, here: Collection[str]) -> Score:
    found = {
        "name": NAME * is_called,
        **{f"interest: {topic}": INTEREST for topic in about(said, one.interests)},
        "domain": DOMAIN * bool(about(said, (one.knowledge,))),
        "channel": CHANNEL * any(_channel(name) in here for name in one.channels),
        **{f"avoidance: {topic}": AVOIDANCE for topic in about(said, one.avoidances)},
    }
    return Score(sum(found.values()) * one.weight, tuple(sign for sign, points in found.items() if points))


def _channel(name: str) -> str:
    return name.strip().removeprefix("#").casefold()


def _ranked(found: Mapping[str, Score]) -> dict[str, Score]:
    above = [(slug, score) for slug, score in found.items() if score.points > 0]
    return dict(sorted(above, key=lambda item: (-item[1].points, item[0])))


def _near(points: Mapping[str, float]) -> list[str]:
    """Return who has at least four fifths of the most points, by alphabet."""
    most = max(points.values())
    return sorted(slug for slug, own in points.items() if own * NEAR[1] >= most * NEAR[0])


# The steps


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
    names = {slug: one.names for slug, one in scene.present.items()}
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
    points = {slug: _activity_points(one, scene) for slug, one in scene.present.items()}
    near = _near(points)
    rival = max((score.points for slug, score in scene.scores.items() if slug not in near), default=0)
    return scene.rng.choice(near) if points[near[0]] > 0 and max(points.values()) >= rival else None


def _activity_points(one: RoutingCandidate, scene: _Scene) -> float:
    named_here = len(about(scene.said, one.activities))
    if not named_here:
        return 0
    shunned = AVOIDANCE * len(about(scene.said, one.avoidances))
    return max(named_here * scene.rules.activity_priority + shunned, 0) * one.weight


def _content(scene: _Scene) -> str | None:
    if not scene.scores:
        return None
    return scene.rng.choice(_near({slug: score.points for slug, score in scene.scores.items()}))


def _by_default(scene: _Scene, default: str) -> str:
    if default in scene.present:
        return default
    return min(scene.present.values(), key=lambda one: (-one.weight, one.slug)).slug


_STEPS: tuple[tuple[How, Callable[[_Scene], str | None]], ...] = (
    (How.DIRECT, _direct),
    (How.ACTIVE, _active),
    (How.ACTIVITY, _activity),
    (How.STICKY, _sticky),
    (How.CONTENT, _content),
)
