"""Numbers that states register people by are known by their check digits; each is a published example."""

import pytest

from memory.sensitive.detect import holds_secret
from memory.sensitive.identity_numbers import identity_numbers, is_identity_number, luhn, verhoeff

TRUE = [
    ("DE", "36574261809"),
    ("FR", "2 55 08 14 168 025 38"),
    ("ES", "12345678Z"),
    ("ES", "X1234567L"),
    ("IT", "RSSMRA85T10A562S"),
    ("BR", "529.982.247-25"),
    ("BR", "11144477735"),
    ("PT", "123456789"),
    ("NL", "111222333"),
    ("NL", "123456782"),
    ("PL", "44051401359"),
    ("PL", "02070803628"),
    ("SE", "811218-9876"),
    ("SE", "880320-0016"),
    ("CZ", "710319/2745"),
    ("FI", "131052-308T"),
    ("IE", "6433435F"),
    ("IE", "6433435FT"),
    ("TR", "17291716060"),
    ("TR", "10000000146"),
    ("RU", "112-233-445 95"),
    ("CN", "11010519491231002X"),
    ("JP", "123456789018"),
    ("KR", "971013-9019902"),
    ("IN", "234123412346"),
    ("GB", "AB123456C"),
]


@pytest.mark.parametrize(("country", "number"), TRUE)
def test_a_true_number_is_known(country: str, number: str) -> None:
    assert is_identity_number(number, country)


@pytest.mark.parametrize(("country", "number"), [one for one in TRUE if one[0] != "GB"])
def test_with_one_digit_changed_it_is_none(country: str, number: str) -> None:
    """A British number has no check digit."""
    place = max(at for at, sign in enumerate(number[:-2]) if sign.isdigit())
    wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    assert not is_identity_number(wrong, country)


@pytest.mark.parametrize(("number", "right"), [("4111111111111111", True), ("4111111111111112", False)])
def test_luhn(number: str, right: bool) -> None:
    assert luhn(number) is right


@pytest.mark.parametrize(("number", "right"), [("2363", True), ("2364", False), ("234123412346", True)])
def test_verhoeff(number: str, right: bool) -> None:
    assert verhoeff(number) is right


def test_digits_alone_are_a_number_of_somebody_only_where_a_word_says_so() -> None:
    assert list(identity_numbers("order 36574261809, parcel 123456782")) == []
    assert not holds_secret("order 36574261809 has come")
    assert holds_secret("meine Steuer-ID ist 36574261809")
    assert list(identity_numbers("RSSMRA85T10A562S")) == [(0, 16)]
