"""National identity numbers, recognised by format and check digits.

Each rule is the number's public definition. python-stdnum knows more of them, but its licence, the LGPL, does
not fit this project's core.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Check = Callable[[str], bool]
_SEPARATORS = re.compile(r"[ ./-]")


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A kind of number: its format, with single separators between groups, and its check-digit test."""

    country: str
    form: str
    adds_up: Check


def _digits(number: str) -> list[int]:
    return [int(digit) for digit in number]


def _weighted(number: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def luhn(number: str) -> bool:
    """Return whether the Luhn check digit, as on payment cards, is correct."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2]]
    return (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def _eleven_ten(number: str) -> bool:  # ISO 7064 mod 11,10: the German tax number
    product = 10
    for digit in _digits(number[:-1]):
        product = 2 * ((digit + product) % 10 or 10) % 11
    repeated = len(set(number[:10])) in (8, 9)
    return repeated and (11 - product) % 10 == int(number[-1])


def _nir(number: str) -> bool:
    body = number[:13].upper().replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def _dni(number: str) -> bool:
    digits = number[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == number[-1].upper()


_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def _codice_fiscale(number: str) -> bool:
    number = number.upper()
    places = [int(letter) if letter.isdigit() else ord(letter) - ord("A") for letter in number[:15]]
    total = sum(_ODD[place] for place in places[::2]) + sum(places[1::2])
    return chr(ord("A") + total % 26) == number[15]


def _cpf(number: str) -> bool:
    def check(length: int) -> int:
        return _weighted(number[:length], range(length + 1, 1, -1)) * 10 % 11 % 10

    return len(set(number)) > 1 and [check(9), check(10)] == _digits(number[9:])


def _nif(number: str) -> bool:
    rest = 11 - _weighted(number[:8], range(9, 1, -1)) % 11
    return (0 if rest > 9 else rest) == int(number[8])


def _bsn(number: str) -> bool:
    return number.strip("0") != "" and (_weighted(number[:8], range(9, 1, -1)) - int(number[8])) % 11 == 0


def _dated(number: str) -> bool:
    """Return whether a number begins with yymmdd; some states add 20, 40, 50 or more to the month."""
    return 1 <= int(number[2:4]) % 20 <= 12 and 1 <= int(number[4:6]) % 40 <= 31


def _pesel(number: str) -> bool:
    return _dated(number) and _weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _personnummer(number: str) -> bool:
    number = number.replace("+", "")[-10:]
    return _dated(number) and luhn(number)


def _rodne_cislo(number: str) -> bool:
    return 1 <= int(number[2:4]) % 50 % 20 <= 12 and int(number) % 11 == 0


def _hetu(number: str) -> bool:
    signs = re.sub(r"[-+A-FU-Y](?=.{4}$)", "", number.upper())
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(signs[:9]) % 31] == signs[9]


def _pps(number: str) -> bool:
    second = ord(number[8].upper()) - ord("A") + 1 if number[8:] and number[8].upper() not in "TW" else 0
    total = _weighted(number[:7], range(8, 1, -1)) + 9 * second
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == number[7].upper()


def _kimlik(number: str) -> bool:
    digits = _digits(number)
    tenth = (7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10
    return digits[9] == tenth and sum(digits[:10]) % 10 == digits[10]


def _snils(number: str) -> bool:
    return _weighted(number[:9], range(9, 0, -1)) % 101 % 100 == int(number[9:])


def _resident_id(number: str) -> bool:
    rest = _weighted(number[:17], [2**power % 11 for power in range(17, 0, -1)]) % 11
    return "10X98765432"[rest] == number[17].upper()


def _my_number(number: str) -> bool:
    rest = _weighted(number[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(number[11])


def _rrn(number: str) -> bool:
    total = _weighted(number[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    return _dated(number) and (11 - total % 11) % 10 == int(number[12])


_TURNED = ((1, 5, 7, 6, 2, 8, 3, 0, 9, 4), "0123456789")
_PRODUCTS = [[(a + b) % 5 if a < 5 else 5 + (a - 5 - b) % 5 for b in range(5)] for a in range(10)]
for _a, _row in enumerate(_PRODUCTS):
    _row += [5 + (_a + b) % 5 if _a < 5 else (_a - 5 - b) % 5 for b in range(5)]


def verhoeff(number: str) -> bool:
    """Return whether the Verhoeff check digit is correct."""
    check = 0
    for place, digit in enumerate(reversed(_digits(number))):
        for _ in range(place % 8):
            digit = _TURNED[0][digit]  # noqa: PLW2901 (one permutation per place)
        check = _PRODUCTS[check][digit]
    return check == 0


KINDS = (
    IdentityNumber("DE", r"[1-9]\d{10}|[1-9]\d \d{3} \d{3} \d{3}", _eleven_ten),
    IdentityNumber("FR", r"[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", _nir),
    IdentityNumber("ES", r"(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]", _dni),
    IdentityNumber("IT", r"[A-Z]{6} ?\d\d[A-EHLMPR-T]\d\d ?[A-Z]\d{3}[A-Z]", _codice_fiscale),
    IdentityNumber("BR", r"\d{3}\.\d{3}\.\d{3}-\d\d|\d{11}", _cpf),
    IdentityNumber("PT", r"[1-3]\d{8}|[1-3]\d\d \d{3} \d{3}", _nif),
    IdentityNumber("NL", r"\d{9}|\d{4}\.\d\d\.\d{3}", _bsn),
    IdentityNumber("PL", r"\d{11}", _pesel),
    IdentityNumber("SE", r"(?:19|20)?\d{6}[-+]\d{4}", _personnummer),
    IdentityNumber("CZ", r"\d{6}/\d{4}", _rodne_cislo),
    IdentityNumber("FI", r"(?:[0-2]\d|3[01])(?:0\d|1[0-2])\d\d[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", _hetu),
    IdentityNumber("IE", r"\d{7}[A-W][A-ITW]?", _pps),
    IdentityNumber("TR", r"[1-9]\d{10}", _kimlik),
    IdentityNumber("RU", r"\d{3}-\d{3}-\d{3}[ -]\d\d", _snils),
    IdentityNumber("CN", r"[1-9]\d{5}(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d{4}[\dX]", _resident_id),
    IdentityNumber("JP", r"\d{4}[ -]\d{4}[ -]\d{4}|\d{12}", _my_number),
    IdentityNumber("KR", r"\d{6}-\d{7}", _rrn),
    IdentityNumber("IN", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}|[2-9]\d{11}", verhoeff),
    IdentityNumber("GB", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", lambda _: True),
)
_WEAK = re.compile(r"\d{9}|\d{3} \d{3} \d{3}|\d{11}|\d{12}|\d{4}[ -]\d{4}[ -]\d{4}")
"""Formats that are too common for other numbers and need a word that announces them."""
_FORMS = [
    (kind, re.compile(rf"(?<![\w./+-])(?<!\d )(?:{kind.form})(?![\w/]|[.-]\w| \d)", re.IGNORECASE))
    for kind in KINDS
]


def is_identity_number(text: str, country: str) -> bool:
    """Return whether a text is a valid number of a country."""
    kind, form = next(entry for entry in _FORMS if entry[0].country == country)
    return form.fullmatch(text) is not None and kind.adds_up(_SEPARATORS.sub("", text))


def identity_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of numbers recognisable by format alone."""
    for kind, form in _FORMS:
        for found in form.finditer(text):
            if not _WEAK.fullmatch(found[0]) and kind.adds_up(_SEPARATORS.sub("", found[0])):
                yield found.span()
