"""Secrets recognisable by format: keys, tokens, cards, accounts, e-mail addresses and phone numbers."""

import re
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from phonenumbers import Leniency, PhoneNumberMatcher

from memory.sensitive.identity_numbers import luhn
from memory.sensitive.normalize import COVER, SecretKind

PHONE_REGIONS = ("ZZ", "US", "GB", "DE", "FR")
"""Regions tried for phone numbers; "ZZ" is for numbers with a country code."""


class FoundSecret(NamedTuple):
    """Position and kind of a secret in the examined text."""

    start: int
    end: int
    kind: SecretKind


_START = r"(?<![A-Za-z0-9_-])"
_KEYS = re.compile(
    _START
    + "(?:"
    + "|".join(
        (
            r"(?:sk|pk|rk|whsec|shpat)[-_][\w-]{16,}",
            r"(?:mfa\.[\w-]{20,}|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,40})",  # Discord
            r"(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}",
            r"(?:gh[pousr]_|github_pat_|glpat-|npm_|hf_|pypi-|dop_v1_|xox[abeoprs]-)[\w-]{16,}",
            r"(?:AIza[\w-]{35}|ya29\.[\w-]{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|EAA[A-Za-z0-9]{40,})",
            r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",  # JWT
            r"\d{8,10}:[\w-]{35}(?![\w-])",  # Telegram
            r"(?=[A-Z0-9-]*\d)(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}(?![\w-])",  # a product key
        )
    )
    + ")",
    re.ASCII,
)
_HEADERS = re.compile(
    r"\bbearer ([\w.~+/=-]{16,})|authorization\"?'? ?[:=] ?(?:\w{1,12} )?([\w.~+/=-]{8,})",
    re.ASCII | re.IGNORECASE,
)
_WEBHOOKS = re.compile(
    r"(?:discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+|hooks\.slack\.com/services)/[\w/-]{16,}", re.ASCII
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_URL = re.compile(r"\bhttps?://\S+", re.IGNORECASE)
_USER_INFO = re.compile(r"://([^\s/@:]{0,128}:[^\s/@]{1,256})@")
_QUERY = re.compile(
    r"[?&#;](?:[\w.]{0,32}[_-])?(?:(token|secret|passw(?:or)?d|pwd|api_?key|apikey|jwt|signature)"
    r"|sig|key|auth|code|session(?:id)?|credential)=([^&#\s]{4,})",
    re.IGNORECASE,
)
_AT = re.compile(r"(?<=[\w.+%-])@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)")
_AT_IN_WORDS = re.compile(
    r" ?(?:\(at\)|\[at\]|\{at\}|(?<= )at(?= (?!(?:the|an?|my|that|this) )[\w-]{1,63} ?[([{]?dot\b))"
    r" ?[\w-]{1,63}"
    r"(?: ?(?:\(dot\)|\[dot\]|\{dot\}|(?<= )dot(?= )|\.) ?[\w-]{2,63}){1,4}",
    re.IGNORECASE,
)
_LOCAL_PART = re.compile(r"[\w.+%-]")
_NUMBERS = re.compile(r"\d(?:[ .\-_·|/*]{0,3}\d)*")
_SECURITY = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_DATES = re.compile(
    r"(?<![\d./-])(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:\d{4}|\d{2}))(?![./-]?\d)"
)
_COMMIT = re.compile(r"\b(?:commits?|committed|revision|git [a-z-]{3,12})[ \n:=#(]{1,3}$", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{40}")
_TALLY = re.compile(
    r"\b(?:score|record|total|count|population|points|order|ticket)"
    r"(?: (?:is|was|of|now|at|number|no))*[:=#]? ?$",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"(?:i|we|you|they|he|she|it|me|us|is|am|are|was|were|be|live|lived|living|work|works|worked|working"
    r"|meet|met|stay|staying|look|found|party|this|that|there)",
    re.IGNORECASE,
)
"""Phrases of location before "at Berlin dot com", which is then no address."""
_LONG = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_ACCOUNT = re.compile(r"[A-Z]{2}\d{2}", re.IGNORECASE)
_ACCOUNT_LENGTHS = {
    length: countries.split()
    for length, countries in (
        *((15, "NO"), (16, "BE"), (18, "DK FI FO GL NL SD"), (19, "MK SI")),
        *((20, "AT BA EE KZ LT LU MN XK"), (21, "CH HR LI LV"), (22, "BG BH CR DE GB GE IE ME RS VA")),
        *((23, "AE GI IL IQ OM SO TL"), (24, "AD CZ ES MD PK RO SA SE SK TN VG"), (25, "LY PT ST")),
        *((26, "IS TR"), (27, "BI DJ FR GR IT MC MR SM"), (28, "AL AZ BY CY DO GT HU LB NI PL SV")),
        *((29, "BR EG PS QA UA"), (30, "JO KW MU"), (31, "MT SC"), (32, "LC"), (33, "RU")),
    )
}
_ACCOUNT_LENGTH = {country: length for length, countries in _ACCOUNT_LENGTHS.items() for country in countries}
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d*|3[47]\d{13}"
    r"|(?:6011|64[4-9]|65|62|81)\d*|3(?:0[0-59]|[689])\d*|35(?:2[89]|[3-8])\d*"
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d*"
)


def by_form(text: str) -> Iterator[FoundSecret]:
    """Find secrets by their format alone; runs in linear time."""
    yield from _keys(text)
    yield from _in_urls(text)
    yield from _e_mail(text)
    yield from _numbers(text)
    open_text = without_urls(text)
    yield from (
        FoundSecret(*found.span(), SecretKind.KEY)
        for found in _LONG.finditer(open_text)
        if _random(found[0]) and not _is_commit(open_text, found)
    )
    yield from _phones(without_dates(open_text))


def without_urls(text: str) -> str:
    """Blank out web addresses, keeping the text's length: digits in them are nobody's number."""
    return _URL.sub(_covered, text)


def without_dates(text: str) -> str:
    """Blank out dates, keeping the text's length: some look like phone numbers."""
    return _DATES.sub(_covered, text)


def _covered(found: re.Match[str]) -> str:
    return COVER * len(found[0])


def _keys(text: str) -> Iterator[FoundSecret]:
    yield from (
        FoundSecret(*found.span(), SecretKind.KEY) for found in _KEYS.finditer(text) if mixed(found[0])
    )
    yield from (FoundSecret(*found.span(), SecretKind.KEY) for found in _WEBHOOKS.finditer(text))
    for found in _HEADERS.finditer(text):
        group = 1 if found[1] else 2
        if any(letter.isdigit() for letter in found[group]):
            yield FoundSecret(*found.span(group), SecretKind.KEY)
    if block := _PRIVATE_KEY.search(text):
        # From the first key to the end of the last; masking the text between keys does no harm.
        end = text.rfind("PRIVATE KEY-----", block.end() + 5)
        yield FoundSecret(block.start(), len(text) if end < 0 else end + 16, SecretKind.KEY)


def _in_urls(text: str) -> Iterator[FoundSecret]:
    yield from (FoundSecret(*found.span(1), SecretKind.PASSWORD) for found in _USER_INFO.finditer(text))
    for found in _QUERY.finditer(text):
        value = found[2].strip(COVER)
        if value and (found[1] or (len(value) >= 12 and mixed(value))):
            yield FoundSecret(*found.span(2), SecretKind.KEY)


def _e_mail(text: str) -> Iterator[FoundSecret]:
    for pattern in (_AT, _AT_IN_WORDS):
        for found in pattern.finditer(text):
            start = found.start()
            while start > 0 and _LOCAL_PART.match(text[start - 1]):
                start -= 1
            name = text[start : found.start()].lower()
            placed = pattern is _AT_IN_WORDS and _PLACED.fullmatch(name)
            if name not in ("", "git") and not placed:
                yield FoundSecret(start, found.end(), SecretKind.E_MAIL)


def _numbers(text: str) -> Iterator[FoundSecret]:
    yield from (FoundSecret(*found.span(), SecretKind.SECURITY) for found in _SECURITY.finditer(text))
    for run in _NUMBERS.finditer(text):
        yield from _cards(run[0], run.start())
    for found in _ACCOUNT.finditer(text):
        end = _account_end(text, found.start())
        if end:
            yield FoundSecret(found.start(), end, SecretKind.ACCOUNT)


def _cards(run: str, offset: int) -> Iterator[FoundSecret]:
    """Find card numbers in runs of digit groups; a card number starts and ends at group boundaries."""
    groups = [found.span() for found in re.finditer(r"\d+", run)]
    digits = re.sub(r"\D", "", run)
    counts = [0, *accumulate(end - start for start, end in groups)]
    for first, (start, _) in enumerate(groups):
        for last in range(first, min(first + 19, len(groups))):
            length = counts[last + 1] - counts[first]
            if length > 19:
                break
            number = digits[counts[first] : counts[last + 1]]
            if length >= 12 and _CARD.fullmatch(number) and luhn(number):
                yield FoundSecret(offset + start, offset + groups[last][1], SecretKind.CARD)


def _account_end(text: str, start: int) -> int | None:
    """Return the end of a valid IBAN that starts at `start`, or None."""
    length = _ACCOUNT_LENGTH.get(text[start : start + 2].upper(), 0)
    found = ""
    for place in range(start, min(start + 2 * length, len(text))):
        letter = text[place]
        if letter.isascii() and letter.isalnum():
            found += letter.upper()
        elif letter not in " -":
            return None
        if len(found) == length:
            return place + 1 if _checked(found) else None
    return None


def _checked(account: str) -> bool:
    digits = "".join(str(int(letter, 36)) for letter in account[4:] + account[:4])
    return sum(letter.isdigit() for letter in account) >= 10 and int(digits) % 97 == 1


def mixed(token: str) -> bool:
    """Return whether a word has both letters and digits."""
    return any(letter.isdigit() for letter in token) and any(letter.isalpha() for letter in token)


def _random(token: str) -> bool:
    """Return whether a token mixes letters and digits too much for a name made up by a person.

    Random base64 switches between lower case, upper case and digits at almost every other position, not
    counting the initial capital of a word; names and paths rarely do.
    """
    if not mixed(token):
        return False
    if len(token) >= 32 and re.fullmatch(r"[0-9a-fA-F]+", token):
        return True
    if sum(letter in "-_/" for letter in token) > len(token) / 10:
        return False
    kinds = [
        "d" if character.isdigit() else "u" if character.isupper() else "l"
        for character in token
        if character.isalnum()
    ]
    changes = sum(
        kind != next_kind and (kind, next_kind) != ("u", "l") for kind, next_kind in pairwise(kinds)
    )
    return sum(kind == "d" for kind in kinds) >= 2 and changes >= 0.3 * len(token)


def _is_commit(text: str, found: re.Match[str]) -> bool:
    before = text[max(found.start() - 24, 0) : found.start()]
    return _HASH.fullmatch(found[0]) is not None and _COMMIT.search(before) is not None


def _is_tally(text: str, start: int, number: str) -> bool:
    """Return whether digits without a prefix are a score, a price or a quantity."""
    before = text[max(start - 40, 0) : start]
    # Only numbers of at least ten digits are dialled without a prefix.
    few = sum(letter.isdigit() for letter in number) < 10
    return number[0] not in "0(+" and (few or (number.isdigit() and _TALLY.search(before) is not None))


def _phones(text: str) -> Iterator[FoundSecret]:
    if sum(letter.isdigit() for letter in text) < 7:
        return
    for region in PHONE_REGIONS:
        for found in PhoneNumberMatcher(text, region, Leniency.VALID):
            if not _is_tally(text, found.start, found.raw_string):
                yield FoundSecret(found.start, found.end, SecretKind.PHONE)
