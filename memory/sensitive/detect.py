"""Detection of secrets, to keep them out of facts and mask them in stored talk (C55)."""

from collections.abc import Iterator

from memory.sensitive.announced import by_words
from memory.sensitive.formats import FoundSecret, by_form
from memory.sensitive.guarded import by_things
from memory.sensitive.normalize import SecretKind, view_of

PASSES = 4
"""Number of passes over a text: masking may join fragments on both sides of a secret."""

_RANK = {kind: rank for rank, kind in enumerate(SecretKind)}


def holds_secret(text: str) -> bool:
    """Return whether a text contains a password, key, code, card, account or phone number, or e-mail address.

    No facts are extracted from such a text (F084, C55). Masks, mentions and web addresses without credentials
    are not secrets.
    """
    return next(_found(view_of(text).text), None) is not None


def masked(text: str) -> str:
    """Return the text with each secret replaced by its kind ("[password]").

    The result contains no secret, so masking it again changes nothing.
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
    """Return the secrets in order, with overlapping and adjacent ones joined."""
    joined: list[FoundSecret] = []
    for secret in sorted(found):
        if joined and secret.start <= joined[-1].end:
            last = joined[-1]
            joined[-1] = FoundSecret(
                last.start, max(last.end, secret.end), min(last.kind, secret.kind, key=_RANK.__getitem__)
            )
        else:
            joined.append(secret)
    return joined
