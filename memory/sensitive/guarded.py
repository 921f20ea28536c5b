"""Access codes, registration numbers, and secrets in scripts without spaces.

A word for a code ("code", "kod") or for a locked thing ("safe", "door") alone says too little; both in one
sentence, or a locked thing and "opens with", announce the digits after them.
"""

import re
from collections.abc import Collection, Iterator

from memory.sensitive.formats import FoundSecret, mixed, without_dates
from memory.sensitive.identity_numbers import identity_numbers
from memory.sensitive.normalize import SecretKind, plain
from memory.sensitive.words import (
    CALLED_AT,
    CODE_WORDS,
    COUNTED,
    LOCKED,
    OPENED,
    PASSWORD_STEMS,
    REGISTERED,
    UNSPACED_ACCOUNTS,
    UNSPACED_CODES,
    UNSPACED_NUMBERS,
    UNSPACED_PHONES,
)

_VALUE = (
    r"(?<![\w.,:/-])(?P<value>\d{3,8}[#*]?|\d{1,2}(?:[- ]\d{1,2}){2,3}|\d{1,4}[^\W\d_]\d{1,4})"
    r"(?![\w:/-]|[.,]\d)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")


def _latin(words: Collection[str]) -> str:
    """Return a pattern for words that begin with some stems, or contain them in scripts without spaces."""
    latin = [word for word in words if plain(word)[0] < "\u0600"]
    unspaced = [word for word in words if plain(word)[0] >= "\u0600"]
    return rf"(?:(?<![^\W_]){_stems(*latin)}|{_stems(*unspaced)})"


def _stems(*words: str) -> str:
    return "(?:" + "|".join(re.escape(plain(word)) for word in sorted(words, key=len, reverse=True)) + ")"


_GUARDED = re.compile(
    rf"(?:{_latin(LOCKED)}[^.!?\n\d]{{0,24}}?(?:{_stems(*CODE_WORDS)}|{_stems(*OPENED)})"
    rf"|{_stems(*CODE_WORDS)}[^.!?\n\d]{{0,24}}?{_latin(LOCKED)}|{_stems(*OPENED)}[^.!?\n\d]{{0,24}}?{_latin(LOCKED)})"
    rf"[^.!?\n\d]{{0,24}}?{_VALUE}(?! ?{_stems(*COUNTED)})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    rf"(?<![^\W_]){_stems(*PASSWORD_STEMS)}\w{{0,6}}[^.!?\n\d]{{0,24}}?[ :](?P<value>[^\s.,!?:]{{5,64}})",
    re.IGNORECASE,
)
_REGISTERED = re.compile(
    rf"(?<![^\W_]){_stems(*REGISTERED)}[^.!?\n\d]{{0,20}}?(?<![^\W_])"
    r"(?P<value>[A-Z]{0,6}\d[A-Z\d]*(?:[ ./-]?[A-Z\d]+){0,8})(?![^\W_])",
    re.IGNORECASE,
)
_CALLED = re.compile(
    rf"(?<![^\W_]){_stems(*CALLED_AT)}[^.!?\n\d+]{{0,16}}?(?P<value>\+?\d(?:[ ().-]{{0,2}}\d){{6,14}})(?!\d)",
    re.IGNORECASE,
)
_DIALLED = re.compile(
    r"(?<![\w.,:/-])(?<!\d )(?P<value>0[1-9]\d{0,2}[ -]\d{2,4}(?:[ -]\d{2,4}){1,3})(?![\d:/]|[.,]\d| \d)"
)
_UNSPACED = tuple(
    (re.compile(rf"{_stems(*words)}[^\x00-\x7f]{{0,6}} ?[:=]? ?(?P<value>{value})", re.ASCII), kind)
    for words, value, kind in (
        (UNSPACED_CODES, r"[A-Za-z\d](?:[ -]?[\w!-~]){2,30}", SecretKind.CODE),
        (UNSPACED_NUMBERS, r"[A-Za-z\d](?:[ -]?\w){8,30}", SecretKind.SECURITY),
        (UNSPACED_PHONES, r"\+?\d(?:[ -]?\d){6,14}", SecretKind.PHONE),
        (UNSPACED_ACCOUNTS, r"\d(?:[ -]?\d){5,20}", SecretKind.ACCOUNT),
    )
)
_ANNOUNCED = (
    (_REGISTERED, SecretKind.SECURITY, 6),
    (_CALLED, SecretKind.PHONE, 7),
    (_DIALLED, SecretKind.PHONE, 9),
    *((pattern, kind, 3) for pattern, kind in _UNSPACED),
)
"""Patterns, the kind of secret, and the minimum number of digits."""


def by_things(text: str) -> Iterator[FoundSecret]:
    """Find access codes and registration numbers; runs in linear time."""
    for found in _GUARDED.finditer(text):
        if not _YEAR.fullmatch(found["value"]):
            yield FoundSecret(*found.span("value"), SecretKind.CODE)
    for found in _PASSWORD.finditer(text):
        if mixed(found["value"]):
            yield FoundSecret(*found.span("value"), SecretKind.PASSWORD)
    text = without_dates(text)
    yield from (FoundSecret(*span, SecretKind.SECURITY) for span in identity_numbers(text))
    for pattern, kind, least in _ANNOUNCED:
        for found in pattern.finditer(text):
            if sum(letter.isdigit() for letter in found["value"]) >= least:
                yield FoundSecret(*found.span("value"), kind)
