"""The three versions of cards: detection and conversion."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from personas.cards.errors import CardError

V2 = {"spec": "chara_card_v2", "spec_version": "2.0"}
V3 = {"spec": "chara_card_v3", "spec_version": "3.0"}
_SPECS: Mapping[str, int] = {V2["spec"]: 2, V3["spec"]: 3}
_EMPTY: Mapping[str, Any] = MappingProxyType(
    {
        "name": "",
        "description": "",
        "personality": "",
        "scenario": "",
        "first_mes": "",
        "mes_example": "",
        "creator_notes": "",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [],
        "tags": [],
        "creator": "",
        "character_version": "",
        "extensions": {},
    }
)
_OLD_NAMES: Mapping[str, tuple[str, ...]] = {
    "name": ("char_name",),
    "description": ("char_persona",),
    "scenario": ("world_scenario",),
    "first_mes": ("char_greeting",),
    "mes_example": ("example_dialogue",),
    "creator_notes": ("creatorcomment",),
}
"""Other names of V1 fields from before the format was specified."""
_SIGNS = (
    "description",
    "personality",
    "first_mes",
    "scenario",
    "mes_example",
    "char_persona",
    "char_greeting",
)


def version_of(original: object) -> tuple[int, tuple[str, ...]]:
    """Return 1, 2 or 3, and notices about contradictions; raises CardError for data that is no card."""
    if not isinstance(original, dict):
        raise CardError("holds no card", "use a character card of version 1, 2 or 3")
    spec, data = original.get("spec"), original.get("data")
    if isinstance(spec, str) and spec.startswith("chara_card_"):
        if not isinstance(data, dict):
            raise CardError("says that it is a card and holds no data", "export it anew")
        return _versioned(spec, original.get("spec_version"))
    if _is_flat(original):
        return 1, ()
    if isinstance(data, dict) and _is_flat(data):
        return 2, ("names no version; it was read as version 2",)
    raise CardError("holds no card", "use a character card of version 1, 2 or 3")


def is_card(original: object) -> bool:
    """Return whether this is a card of any version."""
    if isinstance(original, Mapping) and "spec" not in original and "entries" in original:
        return False  # lorebooks have a name and a description too
    try:
        version_of(original)
    except CardError:
        return False
    return True


def fields_in(original: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Return the fields of a card of any version under their V2 and V3 names."""
    if version > 1:
        data: Mapping[str, Any] = original["data"]
        return data
    found = {**_EMPTY, **{key: original[key] for key in _EMPTY if key in original}}
    for field, old_names in _OLD_NAMES.items():
        for old_name in old_names:
            if not found[field] and old_name in original:
                found[field] = original[old_name]
    return found


def to_v2(original: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Return a card as V2 with all its contents; a V1 card keeps its top-level fields too."""
    if version == 2 and original.get("spec") == V2["spec"]:
        return original
    return {**original, **V2, "data": dict(fields_in(original, version))}


def to_v3(original: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Return a card as V3 with all its contents."""
    if version == 3:
        return original
    data = {"group_only_greetings": [], **fields_in(original, version)}
    return {**(original if version == 2 else {}), **V3, "data": data}


def origin_of(original: Mapping[str, Any], version: int) -> Mapping[str, Any] | None:
    """Return the original to store beside the V3 form of an older card, from which reading restores it."""
    return None if version == 3 else {"original": original}


def restored(third: Mapping[str, Any], origin: object) -> Mapping[str, Any]:
    """Return the card that `third` was converted from, unless somebody has changed `third` since."""
    original = origin.get("original") if isinstance(origin, dict) else None
    if not is_card(original):
        return third
    assert isinstance(original, dict)
    version, _ = version_of(original)
    return original if version < 3 and to_v3(original, version) == third else third


def _versioned(spec: str, number: object) -> tuple[int, tuple[str, ...]]:
    version = _SPECS.get(spec)
    if version is None:
        return 3, ("is of a version that is not known here; it was read as version 3",)
    if version == 3 and number not in ("3.0", "3", 3):
        return 3, ("is of another version than 3.0; what is new in it is kept, and not used",)
    return version, ()


def _is_flat(fields: Mapping[str, Any]) -> bool:
    named = any(isinstance(fields.get(key), str) for key in ("name", "char_name"))
    return named and any(isinstance(fields.get(key), str) for key in _SIGNS)
