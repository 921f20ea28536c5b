"""Character cards of versions 1 to 3: read from PNG, JSON and CHARX, and written back unchanged."""

from personas.cards.card import Card
from personas.cards.convert import ConvertedCard, cast, fields_of
from personas.cards.errors import CardError
from personas.cards.reading_and_writing import card_from, read_card, write_charx, write_json, write_png

__all__ = [
    "Card",
    "CardError",
    "ConvertedCard",
    "card_from",
    "cast",
    "fields_of",
    "read_card",
    "write_charx",
    "write_json",
    "write_png",
]
