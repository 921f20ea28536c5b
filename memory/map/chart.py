"""Layout of the memory map: position, size and colour of each memory about a person (F083)."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import pi, sqrt
from typing import TYPE_CHECKING

from memory.map.layout import scattered
from memory.map.lettering import clean
from memory.map.spreading import Box, groups, outline, spread, sunflower

if TYPE_CHECKING:
    from memory.map.layout import Vector

MOST = 200
"""Maximum number of memories in a picture (C66)."""
LONGEST = 500
"""Characters of a memory included in a picture."""
OTHER, UNTAGGED = "other", "untagged"
GREY = "#9396a6"
PALETTE = (
    "#f0930e",
    "#6fcdf7",
    "#2a9169",
    "#eaf24e",
    "#85a1ff",
    "#da5028",
    "#a4f58c",
    "#ffcbd6",
    "#a05cff",
    "#cf9c63",
)
"""Colours that remain distinguishable for the colour-blind: any two, and the grey, are at least 18 apart
(CIELAB) for each of the three types. Headings and outlines convey the same without colour."""
_FIRST = 8
"""Colours assigned first; the last two are closer to others."""
RING = 5.0
"""Distance of the ring around a permanent memory from its dot."""
_HALVED = timedelta(days=10)
_SMALLEST, _GROWTH = 4.5, 10.5
_REACH = 0.13
"""Longest step within a group, as a share of the map's width; a dot further away stands alone.

With fewer than 40 dots the steps are longer."""
_REACH_ALONE = 0.3
_MARGIN, _GAP, _HEADROOM = 22.0, 5.0, 30.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A memory; `at` is its last mention, `kept` means permanent; without a vector its tag places it."""

    text: str
    tag: str
    at: datetime
    kept: bool = False
    vector: "Vector | None" = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot on the map; `freshness` is 1 for a memory mentioned just now and halves every ten days."""

    text: str
    tag: str
    at: datetime
    kept: bool
    colour: str
    freshness: float
    centre: complex
    radius: float

    @property
    def reach(self) -> float:
        """Radius including the ring of a permanent memory."""
        return self.radius + (RING if self.kept else 0.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Memories of one tag that lie close together, with their outline."""

    tag: str
    colour: str
    size: int
    outline: tuple[complex, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """An entry of the legend."""

    name: str
    colour: str
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All content of a memory map except its labels; the most recent memory is first in `marks`.

    `by_meaning` says that distances reflect meaning and not only tags; `scale` is a factor for all radii.
    """

    marks: tuple[Mark, ...]
    groups: tuple[Group, ...]
    tags: tuple[Tag, ...]
    total: int
    by_meaning: bool
    scale: float


def chart(dots: Sequence[Dot], *, now: datetime, area: Box) -> Chart:
    """Return the map of the memories within `area`: the permanent and the most recent ones, 200 at most."""
    shown = sorted(dots, key=lambda dot: (not dot.kept, now - dot.at, dot.text, dot.tag))[:MOST]
    names = [clean(dot.tag, 60) or UNTAGGED for dot in shown]
    tags = legend(names)
    colours = {tag.name: tag.colour for tag in tags}
    scale = min(1.3, max(0.62, sqrt(100 / max(len(shown), 1))))
    radii = [radius(now - dot.at, scale) for dot in shown]
    points = scattered([dot.vector for dot in shown], names)
    by_meaning = points is not None
    discs = [size + (RING if dot.kept else 0.0) for dot, size in zip(shown, radii, strict=True)]
    centres, clusters = _arranged(points, names, discs, area)
    marks = tuple(
        Mark(
            text=clean(dot.text, LONGEST),
            tag=name,
            at=dot.at,
            kept=dot.kept,
            colour=colours.get(name, GREY),
            freshness=freshness(now - dot.at),
            centre=centre,
            radius=size,
        )
        for dot, name, centre, size in zip(shown, names, centres, radii, strict=True)
    )
    around = [_group([marks[number] for number in cluster]) for cluster in clusters]
    # Several tags share the grey, each with a single memory: those get no outline.
    grounds = tuple(group for group in around if group.size > 1 or group.colour != GREY)
    return Chart(marks, grounds, tuple(tags), len(dots), by_meaning, scale)


def freshness(age: timedelta) -> float:
    """Return 1.0 for age zero and half as much for every ten days; a negative age counts as zero."""
    return float(0.5 ** (max(age, timedelta()) / _HALVED))


def radius(age: timedelta, scale: float = 1.0) -> float:
    """Return a dot's radius: 15 for today down to 4.5, times `scale`."""
    return (_SMALLEST + _GROWTH * freshness(age)) * scale


def legend(names: Sequence[str]) -> list[Tag]:
    """Return the tags, most frequent first; tags beyond the palette are combined as "other", at the end.

    A tag's colour is derived from its name and so the same in every picture, unless two tags compete for it.
    """
    counts = Counter(names)
    counts.pop(OTHER, None)
    frequent = sorted(counts, key=lambda name: (-counts[name], name))[: len(PALETTE)]
    colours: dict[str, str] = {}
    for name in sorted(frequent):
        wish = zlib.crc32(name.casefold().encode())
        turns = [PALETTE[(wish + step) % _FIRST] for step in range(_FIRST)] + list(PALETTE[_FIRST:])
        colours[name] = next(colour for colour in turns if colour not in colours.values())
    tags = [Tag(name, colours[name], counts[name]) for name in frequent]
    rest = len(names) - sum(tag.count for tag in tags)
    return [*tags, Tag(OTHER, GREY, rest)] if rest else tags


def _group(members: Sequence[Mark]) -> Group:
    around = outline([mark.centre for mark in members], [mark.radius + 18 for mark in members])
    return Group(members[0].tag, members[0].colour, len(members), tuple(around))


def _arranged(
    points: Sequence[complex] | None, tags: Sequence[str], radii: Sequence[float], area: Box
) -> tuple[list[complex], list[list[int]]]:
    """Return positions of the dots and the groups they form, without overlaps of groups or dots."""
    roomy = [radius + _GAP for radius in radii]
    if len(set(tags)) == 1:
        headed = Box(area.left, area.top + _HEADROOM, area.right, area.bottom).grown(-_MARGIN)
        placed = spread(_alone(points or sunflower(len(tags), 1.0), headed), roomy, headed)
        return placed, groups(placed, tags, _REACH_ALONE * area.width)
    clusters, where, local = _clustered(points, tags, area)
    needs = [sqrt(sum(roomy[number] ** 2 for number in cluster)) for cluster in clusters]
    sizes = _sizes(needs, area, len(radii))
    where = spread(where, _elbow_room(sizes, area), area)
    placed = [0j] * len(radii)
    for cluster, centre, size, around in zip(clusters, where, sizes, local, strict=True):
        widest = max(map(abs, around)) or 1.0
        for number, offset in zip(cluster, around, strict=True):
            placed[number] = centre + offset * max(0.0, size - radii[number]) / widest
    return spread(placed, roomy, area.grown(-_MARGIN)), clusters


def _clustered(
    points: Sequence[complex] | None, tags: Sequence[str], area: Box
) -> tuple[list[list[int]], list[complex], list[list[complex]]]:
    """Return the groups, their centres, and the positions of their dots relative to the centres."""
    if points is None:
        clusters = groups([0j] * len(tags), tags, 1.0)
        where = _fitted(sunflower(len(clusters), 1.0), area)
        return clusters, where, [sunflower(len(cluster), 1.0) for cluster in clusters]
    points = _fitted(points, area)
    reach = _REACH * area.width * max(1.0, sqrt(40 / max(len(points), 1)))
    clusters = groups(points, tags, reach)
    where = [_mean([points[number] for number in cluster]) for cluster in clusters]
    pairs = zip(clusters, where, strict=True)
    return clusters, where, [[points[number] - centre for number in cluster] for cluster, centre in pairs]


def _alone(points: Sequence[complex], area: Box) -> list[complex]:
    """Fit points of a single tag into the area, of which a few points need only a part."""
    less = (1 - min(1.0, sqrt(len(points) / 40))) / 2
    across, down = less * area.width, less * area.height
    return _fitted(points, Box(area.left + across, area.top + down, area.right - across, area.bottom - down))


def _mean(points: Sequence[complex]) -> complex:
    return sum(points) / len(points)


def _fitted(points: Sequence[complex], area: Box) -> list[complex]:
    """Stretch the points to the corners of the area."""
    if not points:
        return []
    xs, ys = [point.real for point in points], [point.imag for point in points]
    wide, high = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    middle = complex(max(xs) + min(xs), max(ys) + min(ys)) / 2
    return [
        area.centre
        + complex((point - middle).real / wide * area.width, (point - middle).imag / high * area.height)
        for point in points
    ]


def _sizes(needs: Sequence[float], area: Box, dots: int) -> list[float]:
    """Return the groups' radii, which leave room for labels between and around the dots."""
    if not needs:
        return []
    loosest = 2.6 * max(1.0, (40 / dots) ** 0.3)
    share = min(0.26 + 0.3 / len(needs), 0.2 + 0.9 / len(needs))
    loose = sqrt(share * area.width * area.height / pi / sum(need * need for need in needs))
    return [min(need * min(max(loose, 1.25), loosest), 0.45 * area.height) for need in needs]


def _elbow_room(sizes: Sequence[float], area: Box) -> list[float]:
    """Return the radii that keep groups apart, for two thirds of the area: discs pack no tighter."""
    kept_off = [size + _MARGIN for size in sizes]
    taken = sum(pi * size * size for size in kept_off)
    room = sqrt(0.66 * area.width * area.height / taken) if taken else 1.0
    return [size * min(max(room, 0.8), 1.7) for size in kept_off]
