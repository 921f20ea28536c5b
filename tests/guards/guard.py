"""A guard: a line of the product without which a promise about safety breaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard, the change that takes it out, and the test that turns red then.

    `text` stands exactly once in the file at `path`, and `without` is what stands there without the guard.
    `test` is the node id of a pytest test.
    """

    name: str
    promise: str
    path: str
    text: str
    without: str
    test: str
