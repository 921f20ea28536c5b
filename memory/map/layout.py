"""Projection of vectors onto a plane by exact t-SNE: close together means similar in meaning.

It uses NumPy alone: scikit-learn would do the same but bring 100 MB of packages for 200 points.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]
    Vector = Sequence[float] | NDArray[np.generic]

PULL = 0.35
"""Share by which a vector is moved towards its tag's mean; without it, tags mix completely."""
FEWEST = 5
"""Minimum number of vectors; fewer have no neighbourhoods to preserve."""
_PERPLEXITY = 12.0
_STEPS, _EXAGGERATED = 450, 120
_ALIKE = 1e-9


def scattered(vectors: "Sequence[Vector | None]", tags: Sequence[str]) -> list[complex] | None:
    """Return a point for each vector, deterministically, or None if the vectors can't be laid out.

    That is the case without NumPy, with fewer than five vectors, or if all are equal. A missing vector is
    replaced by its tag's mean.
    """
    try:
        import numpy  # noqa: F401 -- tests whether it is installed
    except ImportError:
        return None
    matrix = _matrix(vectors, tags)
    if matrix is None or float(matrix.std(axis=0).max()) < _ALIKE:
        return None
    return [complex(x, y) for x, y in _turned(_embedded(matrix)).tolist()]


def _matrix(vectors: "Sequence[Vector | None]", tags: Sequence[str]) -> "Matrix | None":
    """Return unit vectors moved towards their tags' means; None if there are too few of one length."""
    import numpy as np

    rows = [None if vector is None else np.asarray(vector, dtype=np.float64).ravel() for vector in vectors]
    sizes = Counter(row.size for row in rows if row is not None and row.size)
    size = max(sizes, key=lambda length: (sizes[length], length), default=0)
    # Vectors of another model have another length and can't be compared with these.
    have = np.array(
        [row is not None and row.size == size and bool(np.isfinite(row).all()) for row in rows], dtype=bool
    )
    if size == 0 or have.sum() < FEWEST:
        return None
    matrix = np.zeros((len(rows), size))
    matrix[have] = [row for row, valid in zip(rows, have, strict=True) if valid]
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), _ALIKE)
    everything = matrix[have].mean(axis=0)
    for tag in sorted(set(tags)):
        own = np.array([other_tag == tag for other_tag in tags])
        mean = matrix[own & have].mean(axis=0) if (own & have).any() else everything
        matrix[own & ~have] = mean
        matrix[own] += PULL * (mean - matrix[own])
    return matrix


def _principal(matrix: "Matrix") -> "Matrix":
    """Return the first two principal components; their sign makes the largest weight positive."""
    import numpy as np

    centred = matrix - matrix.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = np.abs(axes).argmax(axis=1)
    axes *= np.sign(axes[np.arange(len(axes)), largest])[:, None]
    plane = np.zeros((len(matrix), 2))
    plane[:, : len(axes)] = centred @ axes.T
    return plane


def _turned(plane: "Matrix") -> "Matrix":
    """Rotate the points so that their widest extent is horizontal: pictures are wider than high."""
    return _principal(plane)


def _squared_distances(points: "Matrix") -> "Matrix":
    import numpy as np

    squares = (points**2).sum(axis=1)
    distances: Matrix = np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0)
    return distances


def _neighbourhoods(matrix: "Matrix") -> "Matrix":
    """Return the joint affinity of each pair; bisection finds the bandwidth of all rows at once."""
    import numpy as np

    distances = _squared_distances(matrix)
    # In units of the median, the search covers the same range for every model.
    distances /= max(float(np.median(distances)), _ALIKE)
    perplexity = max(1.5, min(_PERPLEXITY, (len(matrix) - 1) / 3))
    low, high = np.full(len(matrix), -12.0), np.full(len(matrix), 25.0)
    for _ in range(40):
        sharpness = (low + high) / 2
        shares = _shares(distances, np.exp(sharpness))
        entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1)
        too_wide = entropy > np.log(perplexity)
        low, high = np.where(too_wide, sharpness, low), np.where(too_wide, high, sharpness)
    joint: Matrix = (shares + shares.T) / (2 * len(matrix))
    return np.maximum(joint, 1e-12)


def _shares(distances: "Matrix", sharpness: "Matrix") -> "Matrix":
    import numpy as np

    closeness = -distances * sharpness[:, None]
    np.fill_diagonal(closeness, -np.inf)
    closeness -= closeness.max(axis=1, keepdims=True)
    weights = np.exp(closeness)
    shares: Matrix = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _embedded(matrix: "Matrix") -> "Matrix":
    """Return the t-SNE plane: gradient descent with momentum and gains, from the principal components."""
    import numpy as np

    wanted = _neighbourhoods(matrix)
    plane = _principal(matrix)
    plane *= 1e-2 / max(float(plane[:, 0].std()), _ALIKE)
    # Identical points would never separate: a small golden-angle offset moves them apart.
    turns = np.arange(len(plane)) * 2.399963
    plane += 1e-4 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    speed, gains = np.zeros_like(plane), np.ones_like(plane)
    rate = max(len(plane) / 12 / 4, 20.0)
    for step in range(_STEPS):
        early = step < _EXAGGERATED
        slope = _slope(wanted * 12 if early else wanted, plane)
        gains = np.maximum(np.where(slope * speed < 0, gains + 0.2, gains * 0.8), 0.01)
        speed = (0.5 if early else 0.8) * speed - rate * gains * slope
        plane = plane + speed
        plane -= plane.mean(axis=0)
    return plane


def _slope(wanted: "Matrix", plane: "Matrix") -> "Matrix":
    import numpy as np

    kernel = 1 / (1 + _squared_distances(plane))
    np.fill_diagonal(kernel, 0)
    actual = np.maximum(kernel / kernel.sum(), 1e-12)
    force = (wanted - actual) * kernel
    slope: Matrix = 4 * (force.sum(axis=1)[:, None] * plane - force @ plane)
    return slope
