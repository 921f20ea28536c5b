"""Discs on a plane: separation, grouping, and the outline of a group.

A point is a complex number, so the distance of two points is `abs(one - other)`.
"""

import cmath
from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

GOLDEN = 2.399963
"""The golden angle in radians: points that turn by it never line up."""
_ROUNDS = 400


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; y grows downwards, as in a picture."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> complex:
        return complex(self.left + self.right, self.top + self.bottom) / 2

    def grown(self, by: float) -> "Box":
        """Return the box enlarged by `by` on each side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def holds(self, other: "Box") -> bool:
        """Return whether `other` lies inside."""
        inside = self.left <= other.left and other.right <= self.right
        return inside and self.top <= other.top and other.bottom <= self.bottom

    def overlap(self, other: "Box") -> float:
        """Return the area of the intersection."""
        if self.left >= other.right or other.left >= self.right:
            return 0.0
        if self.top >= other.bottom or other.top >= self.bottom:
            return 0.0
        across = min(self.right, other.right) - max(self.left, other.left)
        return across * (min(self.bottom, other.bottom) - max(self.top, other.top))

    def nearest(self, point: complex) -> complex:
        """Return the point of the box nearest to `point`."""
        x = min(max(point.real, self.left), self.right)
        return complex(x, min(max(point.imag, self.top), self.bottom))

    def touches(self, point: complex, radius: float) -> bool:
        """Return whether a disc overlaps the box."""
        if point.real + radius <= self.left or point.real - radius >= self.right:
            return False  # fast path for most of a hundred thousand calls
        return abs(self.nearest(point) - point) < radius


def spread(points: Sequence[complex], radii: Sequence[float], area: Box) -> list[complex]:
    """Return the points moved until no discs overlap and all lie in `area`, if there is room."""
    # Discs at the same position have no direction to part in: a small offset gives each its own.
    placed = [point + cmath.rect(1e-3, GOLDEN * number) for number, point in enumerate(points)]
    for _ in range(_ROUNDS):
        placed = [_within(area, point, radius) for point, radius in zip(placed, radii, strict=True)]
        if not _parted(placed, radii):
            break
    return [_within(area, point, radius) for point, radius in zip(placed, radii, strict=True)]


def _within(area: Box, point: complex, radius: float) -> complex:
    return area.grown(-min(radius, area.width / 2, area.height / 2)).nearest(point)


def _parted(placed: list[complex], radii: Sequence[float]) -> bool:
    """Push each pair of overlapping discs apart once, in place; return whether there were any."""
    moved = False
    order = sorted(range(len(placed)), key=lambda number: placed[number].real - radii[number])
    for rank, left in enumerate(order):
        for right in order[rank + 1 :]:
            if placed[right].real - radii[right] > placed[left].real + radii[left]:
                break  # sorted by left ends: no later disc can reach this one
            between = placed[right] - placed[left]
            lacking = radii[left] + radii[right] - abs(between)
            if lacking > 0.01:
                way = between / abs(between) if between else complex(1, 0)
                placed[left] -= way * (lacking / 2 + 0.01)
                placed[right] += way * (lacking / 2 + 0.01)
                moved = True
    return moved


def groups(points: Sequence[complex], names: Sequence[str], reach: float) -> list[list[int]]:
    """Return groups of point indices with the same name, connected by steps of at most `reach`."""
    left = list(range(len(points)))
    found: list[list[int]] = []
    while left:
        group = [left.pop(0)]
        for member in group:  # grows during the iteration
            near = [n for n in left if names[n] == names[member] and abs(points[n] - points[member]) <= reach]
            group += near
            left = [number for number in left if number not in near]
        found.append(sorted(group))
    return found


def sunflower(count: int, step: float) -> list[complex]:
    """Return `count` points in a sunflower spiral, about `step` apart, with their mean at 0."""
    seeds = [cmath.rect(0.56 * step * sqrt(number + 0.5), GOLDEN * number) for number in range(count)]
    return [seed - sum(seeds) / count for seed in seeds]


def hull(points: Sequence[complex]) -> list[complex]:
    """Return the corners of the convex hull in order."""
    ordered = sorted(set(points), key=lambda point: (point.real, point.imag))
    if len(ordered) < 3:
        return ordered
    return _half(ordered)[:-1] + _half(ordered[::-1])[:-1]


def _half(ordered: Sequence[complex]) -> list[complex]:
    corners: list[complex] = []
    for point in ordered:
        while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0:
            corners.pop()
        corners.append(point)
    return corners


def _turn(first: complex, second: complex, third: complex) -> float:
    return ((second - first).conjugate() * (third - first)).imag


def outline(points: Sequence[complex], radii: Sequence[float]) -> list[complex]:
    """Return a convex outline around the discs, of as many points, with rounded corners."""
    around = [cmath.rect(1, 2 * pi * step / 16) for step in range(16)]
    band = hull([point + radius * way for point, radius in zip(points, radii, strict=True) for way in around])
    even = _paced(band)
    return [sum(even[(at + step) % len(even)] for step in range(-4, 5)) / 9 for at in range(len(even))]


def _paced(corners: Sequence[complex]) -> list[complex]:
    """Return points at even distances of about 9 along a closed line, at least 32."""
    sides = [abs(corners[number - len(corners) + 1] - corner) for number, corner in enumerate(corners)]
    count = max(32, round(sum(sides) / 9))
    pace, number, passed = sum(sides) / count, 0, 0.0
    points = []
    for step in range(count):
        while number < len(sides) - 1 and passed + sides[number] <= step * pace:
            passed += sides[number]
            number += 1
        way = corners[number - len(corners) + 1] - corners[number]
        points.append(corners[number] + way * (step * pace - passed) / sides[number])
    return points
