"""Preview of a card: macros, unused parts, warnings."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personas.cards.card import LISTS, TEXTS, Card
from personas.macros import KNOWN, macros_in

_USED = frozenset(
    {
        *TEXTS,
        *LISTS,
        "nickname",
        "character_book",
        "assets",
        "extensions",
        "creator_notes_multilingual",
        "avatar_url",
    }
)
_DATES = frozenset({"creation_date", "modification_date", "source"})
_PROMPTED = ("description", "personality", "scenario", "first_mes", "mes_example", "system_prompt")
_LINK = re.compile(r"https?://|discord\.gg/", re.IGNORECASE)
_CALL = re.compile(r"@(?:everyone|here)\b")
_HIDDEN = re.compile(
    r"[\u200b\u200e\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
_MOST = 40
_LONGEST = 60


@dataclass(frozen=True)
class Survey:
    """Notable contents of a card: known and unknown macros, unused parts, warnings."""

    macros: tuple[str, ...]
    unknown_macros: tuple[str, ...]
    unused: tuple[str, ...]
    warnings: tuple[str, ...]


def survey(card: Card, kept: Iterable[str]) -> Survey:
    """Return what people should know about a card before it speaks on their server (faults D18).

    `kept` are the paths of unused values in its extensions.
    """
    macros = frozenset[str]().union(*(macros_in(text) for text in _every_text(card)))
    unused = tuple(_short(path) for path in (*kept, *_unused(card)))
    return Survey(
        tuple(sorted(macros & KNOWN)),
        tuple(_short(macro) for macro in sorted(macros - KNOWN))[:_MOST],
        unused[:_MOST],
        tuple(_warnings(card)),
    )


def _every_text(card: Card) -> Iterator[str]:
    for key in (*_PROMPTED, "post_history_instructions"):
        yield getattr(card, key)
    yield from card.alternate_greetings
    yield from card.group_only_greetings
    entries = (card.character_book or {}).get("entries")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("content"), str):
            yield entry["content"]


def _unused(card: Card) -> Iterator[str]:
    for key in card.fields:
        if key not in _USED and key not in _DATES:
            yield key
    for asset in card.assets:
        if not _is_portrait(asset):
            yield f"asset {asset.get('type')}: {asset.get('name')}"


def _is_portrait(asset: Mapping[str, Any]) -> bool:
    return asset.get("type") == "icon" and not str(asset["uri"]).lower().startswith("http")


def _warnings(card: Card) -> Iterator[str]:
    if card.system_prompt.strip():
        yield "system_prompt holds instructions that stand before everything else; read them"
    if card.post_history_instructions.strip():
        yield "post_history_instructions are instructions that stand behind everything else; read them"
    if any(str(asset["uri"]).lower().startswith("http") for asset in card.assets):
        yield "assets are on the web; nothing is fetched"
    every = "\n".join(_every_text(card))
    if _LINK.search(every):
        yield "texts hold links, which the character may pass on"
    if _CALL.search(every):
        yield "texts call everyone; the bot never lets that through"
    if _HIDDEN.search(every):
        yield "texts hold letters that nobody sees, such as instructions may be hidden in"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
