"""Secrets announced in words: "my password is hunter2", "the door code is 4711"."""

import re
from collections.abc import Iterable, Iterator

from memory.sensitive.formats import FoundSecret, mixed, without_dates, without_urls
from memory.sensitive.normalize import COVER, SecretKind, plain
from memory.sensitive.words import (
    AS,
    AT,
    CHANGED,
    CODES,
    COUNTED,
    ENOUGH,
    IS,
    MINE,
    NOT_ITS_NAME,
    NOT_SAID,
    NUMBERED,
    PASSWORDS,
    PHONES,
    STILL,
    TO,
    TOKENS,
    UNITS,
    UNSPACED,
)

FEW_WORDS = 240
"""Characters examined after "my password is" if an opinion comes first."""
LONGEST = 256
MOST_WORDS = 24
"""Maximum number of words in a passphrase."""

_AROUND = " \n.,;:!?()[]{}<>|*_~\"'“”„«»…" + COVER
_BLANK = re.compile(r"[ \n]")
_ASKED = re.compile(r"\?{1,3}[ \n]")
_WORD = re.compile(r"\S+")
_PLAIN_WORD = re.compile(r"[^\W\d_]+(?=([.,;:!?)\"']*)(?: |\n|$))")
_QUOTED = re.compile(r"[\"“„«']([^\"”“»'\n]{3,128})[\"”“»']")
_UNIT = re.compile(r"\d+(?:[.,:]\d+)*[a-z]{1,7}|[a-z]{1,2}\d{1,3}", re.IGNORECASE)
_CODE = re.compile(
    r"[\w.]+\(|(?:os|self|config|settings|process|env|this|import\.meta)\.|[$%{]+\w|x{3,}$", re.IGNORECASE
)


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, longest first, in normalised form."""
    return "(?:" + "|".join(re.escape(plain(word)) for word in sorted(words, key=len, reverse=True)) + ")"


def _announced_by(words: Iterable[str]) -> re.Pattern[str]:
    names = _any_of(NOT_ITS_NAME)
    return re.compile(rf"(?<![^\W_])(?<!etc/){_any_of(words)}(?![^\W_])(?![ -]{names}(?!\w))", re.IGNORECASE)


_KEYS = (
    (_announced_by(PASSWORDS), SecretKind.PASSWORD),
    (_announced_by(CODES), SecretKind.CODE),
    (_announced_by(TOKENS), SecretKind.KEY),
)
_FILLERS = r"(?:,? [\w'/&-]{1,24}){0,5}?"
_IS = re.compile(
    rf"{_FILLERS}(?: {_any_of(IS)}(?: {_any_of(STILL)})*(?: ?[:=])?[ \n]|'s | ?(?:[:=]+>?|->)[ \n]?)",
    re.IGNORECASE,
)
_TO = re.compile(rf"{_FILLERS} {_any_of(TO)} ", re.IGNORECASE)
_CHANGED = re.compile(rf"(?<!\w){_any_of(CHANGED)}(?!\w)", re.IGNORECASE)
_UNSPACED = re.compile(rf"{_any_of(UNSPACED)}[^\x00-\x7f]{{0,4}} ?[:=]? ?(?=([!-~]{{4,256}}))")
_AFTERWARDS = re.compile(
    rf" (?:(?P<is>{_any_of(IS)} {_any_of(MINE)})|{_any_of(AS)}(?: {_any_of(MINE)})?"
    rf"|(?P<mine>(?<=, ){_any_of(MINE)}))"
    r"(?: [\w'-]{1,20}){0,2}?"
    rf" (?:(?P<password>{_any_of(PASSWORDS)})|{_any_of((*CODES, *TOKENS))})(?![^\W_])"
    r"(?P<end>(?= (?:for|on|in|to|fur|pour|para|i mean)\b| ?[.,;!?\n]|$))?",
    re.IGNORECASE,
)
_PHONE = re.compile(
    rf"(?<![^\W_]){_any_of(PHONES)}(?![^\W_])(?: {_any_of(AT)}(?!\w)){{0,4}}[.:=#]{{0,2}} ?"
    rf"(?P<number>\+?\(?\d(?:[ ().\-/]{{0,3}}\d){{5,16}})(?!\d)(?! {_any_of(UNITS)}(?!\w))",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    rf"(?<![^\W_]){_any_of(NUMBERED)}(?![^\W_])(?: {_any_of(AT)}(?!\w)){{0,4}}[.:=#]{{0,2}} ?"
    r"(?P<number>\d{3}[ -]?\d{2}[ -]?\d{4}|[A-Z0-9]{6,12})(?![A-Z0-9])",
    re.IGNORECASE,
)
_TYPED = re.compile(
    r"(?<!\w)(?:mysql(?:dump|admin)?|mariadb(?:-dump)?)(?: [^\s|;]{1,40}){0,8}?"
    rf" -p(?P<password>[^\s${COVER}-]\S{{2,127}})"
)
_COUNTED = re.compile(rf" {_any_of(COUNTED)}(?!\w)", re.IGNORECASE)
_COUNT = re.compile(rf"\d+-?{_any_of(COUNTED)}", re.IGNORECASE)


def by_words(text: str) -> Iterator[FoundSecret]:
    """Find secrets announced by words; runs in linear time."""
    text = without_urls(text)
    for keys, kind in _KEYS:
        yield from _announced(text, keys, kind)
    for found in _UNSPACED.finditer(text):
        if mixed(found[1]):
            yield FoundSecret(found.start(1), found.end(1), SecretKind.PASSWORD)
    yield from _named_afterwards(text)
    for found in _PHONE.finditer(without_dates(text)):
        yield FoundSecret(*found.span("number"), SecretKind.PHONE)
    for found in _NUMBERED.finditer(text):
        if sum(letter.isdigit() for letter in found["number"]) >= 4:
            yield FoundSecret(*found.span("number"), SecretKind.SECURITY)
    for found in _TYPED.finditer(text):
        yield FoundSecret(*found.span("password"), SecretKind.PASSWORD)


def _announced(text: str, keys: re.Pattern[str], kind: SecretKind) -> Iterator[FoundSecret]:
    done = 0
    for key in keys.finditer(text):
        if key.start() < done:
            continue
        if span := _value_after(text, key, kind):
            done = span[1]
            yield FoundSecret(*span, kind)


def _value_after(text: str, key: re.Match[str], kind: SecretKind) -> tuple[int, int] | None:
    """Return the span of the secret that a key word announces, or None."""
    if after := _IS.match(text, key.end()):
        return _value(text, after.end(), kind)
    changed = kind is SecretKind.PASSWORD and _CHANGED.search(text, max(key.start() - 40, 0), key.start())
    if changed and (after := _TO.match(text, key.end())):
        return _value(text, after.end(), kind)
    if kind is not SecretKind.CODE and (asked := _ASKED.match(text, key.end())):
        return _to_its_end(text, asked.end()) if _telling(_core(text, asked.end())) else None
    if _BLANK.match(text, key.end()):
        core = _core(text, key.end() + 1)
        if (core.isdigit() and 3 <= len(core) <= 8) if kind is SecretKind.CODE else _telling(core):
            return _to_its_end(text, key.end() + 1)
    return None


def _value(text: str, start: int, kind: SecretKind) -> tuple[int, int] | None:
    core = _core(text, start)
    if kind is SecretKind.CODE:
        return _to_its_end(text, start) if _coded(core) and not _counts(text, start, core) else None
    if kind is SecretKind.KEY:
        return _to_its_end(text, start) if _keyed(core) else None
    if quoted := _QUOTED.match(text, start):
        return quoted.span() if quoted[1].strip(_AROUND) else None
    if _said(core):
        return start, _end_of_words(text, start)
    return _telltale(text, start) if core else None  # no word: the secret is already masked


def _coded(core: str) -> bool:
    return core[:1].isdigit() and len(core) >= 3


def _counts(text: str, start: int, core: str) -> bool:
    """Return whether a number is only a quantity: "the pin is 300 years old"."""
    return core.isdigit() and _COUNTED.match(text, start + len(core)) is not None


def _keyed(core: str) -> bool:
    return len(core) >= 4 and mixed(core) and not _in_code(core) and not _COUNT.fullmatch(core)


def _core(text: str, start: int) -> str:
    """Return the word at a position without surrounding punctuation."""
    found = _WORD.match(text, start, start + LONGEST)
    word = found[0].lstrip(_AROUND) if found else ""
    return word if "(" in word else word.rstrip(_AROUND)  # the brackets identify "get_password()" as code


def _said(core: str) -> bool:
    """Return whether a word after "my password is" may be the password."""
    if _in_code(core) or core.lower() in _NOT_SAID:
        return False
    return len(core) >= 3 or any(letter.isdigit() for letter in core)


_NOT_SAID = frozenset(map(plain, NOT_SAID))


def _in_code(core: str) -> bool:
    """Return whether a word is a program expression that reads the secret."""
    return _CODE.match(core) is not None


def _telling(core: str) -> bool:
    return len(core) >= 5 and mixed(core) and not _UNIT.fullmatch(core) and not _in_code(core)


def _telltale(text: str, start: int) -> tuple[int, int] | None:
    """Return the first of the following words that looks like a password: "is so silly, it's hunter2"."""
    for word in _WORD.finditer(text, start, start + FEW_WORDS):
        if _telling(word[0].strip(_AROUND)):
            return _to_its_end(text, word.start())
        if word[0].endswith((".", "?")) or COVER in word[0]:
            return None
    return None


def _to_its_end(text: str, start: int) -> tuple[int, int]:
    blank = _BLANK.search(text, start)
    end = blank.start() if blank else len(text)
    return start, start + len(text[start:end].rstrip(".,;:?!")) or end


def _end_of_words(text: str, start: int) -> int:
    """Return the end of a password at `start`: of one word, or of a run of plain words."""
    _, end = _to_its_end(text, start)
    for _ in range(MOST_WORDS):
        word = _PLAIN_WORD.match(text, start)
        if not word or word[0].lower() in ENOUGH:
            return end
        end = word.end()
        if word[1] or text[end : end + 1] != " ":
            return end
        start = end + 1
    return end


def _named_afterwards(text: str) -> Iterator[FoundSecret]:
    for found in _AFTERWARDS.finditer(text):
        before = text[max(found.start() - LONGEST, 0) : found.start()]
        word = before[max(before.rfind(" "), before.rfind("\n")) + 1 :]
        core = word.strip(_AROUND)
        plainly = found["is"] and found["password"] and found["end"] is not None
        if found["mine"] and found["end"] is None:
            continue  # a new sentence begins: "in room41b, my password is long"
        if (
            _telling(core)
            or (plainly and _said(core))
            or (not found["password"] and not found["mine"] and core.isdigit() and len(core) > 3)
        ):
            end = found.start() - (1 if found["mine"] else 0)
            yield FoundSecret(
                found.start() - len(word), end, SecretKind.PASSWORD if found["password"] else SecretKind.CODE
            )
