"""A scatter of vectors on a plane by exact t-SNE: near together is near in meaning.

NumPy alone: scikit-learn would do the same, and bring 100 MB of packages for 200 points.
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
"""How far a vector is moved towards the mean of its tag; without that, tags lie mixed like mud."""
FEWEST = 5
"""Fewer vectors have no neighbourhoods that a picture could keep."""
_PERPLEXITY = 12.0
_STEPS, _EXAGGERATED = 450, 120
_ALIKE = 1e-9


def scattered(vectors: "Sequence[Vector | None]", tags: Sequence[str]) -> list[complex] | None:
    """Return a point for each vector, the same whenever the input is, or None where nothing can be told.

    That is so without NumPy, with fewer than five vectors, and when all are the same. A point without a
    vector of its own stands where its tag's mean is.
    """
    try:
        import numpy  # noqa: F401 -- whether it is there
    except ImportError:
        return None
    matrix = _matrix(vectors, tags)
    if matrix is None or float(matrix.std(axis=0).max()) < _ALIKE:
        return None
    return [complex(x, y) for x, y in _turned(_embedded(matrix)).tolist()]


def _matrix(vectors: "Sequence[Vector | None]", tags: Sequence[str]) -> "Matrix | None":
    """Return unit vectors moved towards the means of their tags, None if there are too few of a kind."""
    import numpy as np

    rows = [None if vector is None else np.asarray(vector, dtype=np.float64).ravel() for vector in vectors]
    sizes = Counter(row.size for row in rows if row is not None and row.size)
    size = max(sizes, key=lambda one: (sizes[one], one), default=0)
    # Vectors of another model have another length, and are of no use beside these.
    have = np.array(
        [row is not None and row.size == size and bool(np.isfinite(row).all()) for row in rows], dtype=bool
    )
    if size == 0 or have.sum() < FEWEST:
        return None
    matrix = np.zeros((len(rows), size))
    matrix[have] = [row for row, there in zip(rows, have, strict=True) if there]
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), _ALIKE)
    everything = matrix[have].mean(axis=0)
    for tag in sorted(set(tags)):
        own = np.array([one == tag for one in tags])
        mean = matrix[own & have].mean(axis=0) if (own & have).any() else everything
        matrix[own & ~have] = mean
        matrix[own] += PULL * (mean - matrix[own])
    return matrix


def _principal(matrix: "Matrix") -> "Matrix":
    """Return the first two principal components; a component's sign is that of its largest weight."""
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
    """Return the points with their widest extent lying flat: pictures are wider than high."""
    return _principal(plane)


def _squared_distances(points: "Matrix") -> "Matrix":
    import numpy as np

    squares = (points**2).sum(axis=1)
    distances: Matrix = np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0)
    return distances


def _neighbourhoods(matrix: "Matrix") -> "Matrix":
    """Return how much each pair is at home together: each row's width is found by halving, all at once."""
    import numpy as np

    distances = _squared_distances(matrix)
    # In units of the median the search has the same way to go whatever the model.
    distances /= max(float(np.median(distances)), _ALIKE)
    perplexity = max(1.5, min(_PERPLEXITY, (len(matrix) - 1) / 3))
    low, high = np.full(len(matrix), -12.0), np.full(len(matrix), 25.0)
    for _ in range(40):
        sharpness = (low + high) / 2
        shares = _shares(distances, np.exp(sharpness))
        entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1)
        too_wide = entropy > np.log(perplexity)
        low, high = np.where(too_wide, sharpness, low), np.where(too_wide, high, sharpness)
    both: Matrix = (shares + shares.T) / (2 * len(matrix))
    return np.maximum(both, 1e-12)


def _shares(distances: "Matrix", sharpness: "Matrix") -> "Matrix":
    import numpy as np

    closeness = -distances * sharpness[:, None]
    np.fill_diagonal(closeness, -np.inf)
    closeness -= closeness.max(axis=1, keepdims=True)
    weights = np.exp(closeness)
    shares: Matrix = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _embedded(matrix: "Matrix") -> "Matrix":
    """Return t-SNE's plane: gradient descent from the principal components, with momentum and gains."""
    import numpy as np

    wanted = _neighbourhoods(matrix)
    plane = _principal(matrix)
    plane *= 1e-2 / max(float(plane[:, 0].std()), _ALIKE)
    # Points that are exactly one another's copies would never come apart: a golden-angle crumb does it.
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
    there = np.maximum(kernel / kernel.sum(), 1e-12)
    force = (wanted - there) * kernel
    slope: Matrix = 4 * (force.sum(axis=1)[:, None] * plane - force @ plane)
    return slope
