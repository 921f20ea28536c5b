"""Secrets in what people say: found, so that none becomes a fact, and masked where talk is kept (C55)."""

from collections.abc import Iterator

from memory.sensitive.announced import by_words
from memory.sensitive.formats import FoundSecret, by_form
from memory.sensitive.guarded import by_things
from memory.sensitive.normalize import SecretKind, view_of

PASSES = 4
"""So often a text is gone over: masking may bring together what stood on both sides of a secret."""

_RANK = {kind: rank for rank, kind in enumerate(SecretKind)}


def holds_secret(text: str) -> bool:
    """Return whether a text holds a password, key, code, card, account or phone number, or e-mail address.

    No fact is to be learnt from such a text (F084, C55). Masks, mentions and web addresses without
    credentials are no secrets.
    """
    return next(_found(view_of(text).text), None) is not None


def masked(text: str) -> str:
    """Return the text with each secret replaced by its kind ("[password]"), or the same text without one.

    What comes back holds no secret, so masking it again changes nothing.
    """
    for _ in range(PASSES):
        view = view_of(text)
        found = _joined(_found(view.text))
        if not found:
            return text
        pieces, done = [], 0
        for start, end, kind in found:
            first, last = view.original(start, end)
            pieces += [text[done:first], kind]
            done = last
        text = "".join([*pieces, text[done:]])
    return SecretKind.ANY.value if holds_secret(text) else text


def _found(text: str) -> Iterator[FoundSecret]:
    yield from by_form(text)
    yield from by_words(text)
    yield from by_things(text)


def _joined(found: Iterator[FoundSecret]) -> list[FoundSecret]:
    """Return the places in order, those that overlap or touch as one."""
    joined: list[FoundSecret] = []
    for one in sorted(found):
        if joined and one.start <= joined[-1].end:
            last = joined[-1]
            joined[-1] = FoundSecret(
                last.start, max(last.end, one.end), min(last.kind, one.kind, key=_RANK.__getitem__)
            )
        else:
            joined.append(one)
    return joined
