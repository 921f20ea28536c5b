"""A character card: its original content, and its fields with defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from personas.cards.errors import CardError
from personas.cards.images import AvatarPicture, picture_from_uri, picture_of
from personas.cards.versions import fields_in

DEFAULT_ASSETS = ({"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"},)
_EMBEDDED = ("embeded://", "embedded://", "__asset:")
TEXTS = (
    "name",
    "description",
    "personality",
    "scenario",
    "first_mes",
    "mes_example",
    "creator_notes",
    "system_prompt",
    "post_history_instructions",
    "creator",
    "character_version",
)
LISTS = ("alternate_greetings", "group_only_greetings", "tags")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card of version 1, 2 or 3 (C31, F107).

    `original` is its JSON including unknown fields; `image` is the PNG it came in, without the card; `files`
    maps paths to embedded files; `notices` are for people before they use the card.
    """

    version: int
    original: Mapping[str, Any]
    image: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The card's fields under their V2 and V3 names."""
        return fields_in(self.original, self.version)

    @property
    def name(self) -> str:
        return self._text("name")

    @property
    def nickname(self) -> str:
        """The value of {{char}} if the card sets one; empty otherwise."""
        return self._text("nickname")

    @property
    def description(self) -> str:
        return self._text("description")

    @property
    def personality(self) -> str:
        return self._text("personality")

    @property
    def scenario(self) -> str:
        return self._text("scenario")

    @property
    def first_mes(self) -> str:
        return self._text("first_mes")

    @property
    def mes_example(self) -> str:
        return self._text("mes_example")

    @property
    def creator_notes(self) -> str:
        """The creator's notes to users, in English if there are several languages; never in a prompt."""
        return self.creator_notes_by_language.get("en", self._text("creator_notes"))

    @property
    def creator_notes_by_language(self) -> Mapping[str, str]:
        """The creator's notes by language code; plain notes count as English (V3)."""
        found = self.fields.get("creator_notes_multilingual")
        found = found if isinstance(found, dict) else {}
        notes = {key: text for key, text in found.items() if isinstance(text, str)}
        plain = self._text("creator_notes")
        return {"en": plain, **notes} if plain else notes

    @property
    def system_prompt(self) -> str:
        return self._text("system_prompt")

    @property
    def post_history_instructions(self) -> str:
        return self._text("post_history_instructions")

    @property
    def alternate_greetings(self) -> tuple[str, ...]:
        return self._texts("alternate_greetings")

    @property
    def group_only_greetings(self) -> tuple[str, ...]:
        return self._texts("group_only_greetings")

    @property
    def tags(self) -> tuple[str, ...]:
        return self._texts("tags")

    @property
    def creator(self) -> str:
        return self._text("creator")

    @property
    def character_version(self) -> str:
        return self._text("character_version")

    @property
    def character_book(self) -> dict[str, Any] | None:
        """The card's own lorebook, unparsed."""
        found = self.fields.get("character_book")
        return found if isinstance(found, dict) else None

    @property
    def extensions(self) -> Mapping[str, Any]:
        found = self.fields.get("extensions")
        return found if isinstance(found, dict) else {}

    @property
    def assets(self) -> tuple[Mapping[str, Any], ...]:
        """The card's assets; if it lists none, the picture it came in (V3)."""
        found = self.fields.get("assets")
        if not isinstance(found, list):
            return DEFAULT_ASSETS
        return tuple(
            asset for asset in found if isinstance(asset, dict) and isinstance(asset.get("uri"), str)
        )

    @property
    def portrait(self) -> AvatarPicture | None:
        """The main icon, if the card contains it: nothing is downloaded."""
        icons = [asset for asset in self.assets if asset.get("type") == "icon"]
        icons.sort(key=lambda icon: icon.get("name") != "main")
        for icon in icons:
            if picture := self._picture(icon["uri"]):
                return picture
        return picture_of(self.image) if self.image else None

    def names_file(self, path: str) -> bool:
        """Return whether an asset of the card refers to the file at this path."""
        return any(asset["uri"] == f"{prefix}{path}" for asset in self.assets for prefix in _EMBEDDED)

    def _picture(self, uri: str) -> AvatarPicture | None:
        if uri.startswith("ccdefault:"):
            return picture_of(self.image) if self.image else None
        for prefix in _EMBEDDED:
            if uri.startswith(prefix):
                return picture_of(self.files.get(uri.removeprefix(prefix), b""))
        try:
            return picture_from_uri(uri)
        except CardError:
            return None

    def _text(self, key: str) -> str:
        found = self.fields.get(key, "")
        if isinstance(found, str):
            return found
        # Versions are often numbers.
        return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""

    def _texts(self, key: str) -> tuple[str, ...]:
        found = self.fields.get(key)
        return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
