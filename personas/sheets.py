"""Character sheets: a character as one JSON object, with its voice, opinions, quirks and how it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from personas.cards.convert import NAMELESS_PROMPT, as_name, wrong_with
from personas.cards.errors import CardError
from personas.cards.images import Picture, picture_from_uri
from personas.character_parts import Blending, EvolutionStage, VoiceAndTone
from personas.character_rules import LONGEST_LIST, LONGEST_TEXT, check_avatar, plain, slug_of
from personas.sheet_values import (
    LISTS,
    OWN_KEYS,
    SHEET_KEYS,
    TEXTS,
    fits,
    items,
    labelled,
    opinions_in,
    within_limits,
    words,
)

__all__ = ["SHEET_KEYS", "USUAL_FRAMEWORK", "SheetContents", "is_sheet", "read_sheet"]

USUAL_FRAMEWORK = "neuro"
"""What a sheet is built on that names no framework (F099)."""
_SHORT = 150
"""Characters up to which a description is one for lists, too."""
_MOST_NAMED = 20
_LEFT_OUT = "is not what it should be and was left out"


@dataclass(frozen=True)
class SheetContents:
    """What a sheet gives: fields of a character, a picture to be saved, and what is wrong with it.

    Each fault and each notice begins with the name of its field. With a fault the sheet is not usable.
    """

    fields: dict[str, Any]
    avatar: Picture | None
    notices: tuple[str, ...]
    faults: tuple[str, ...]


def is_sheet(data: object) -> bool:
    """Return whether a JSON value is a character sheet."""
    if not isinstance(data, dict) or "spec" in data or "framework_id" in data:
        return False
    return "display_name" in data or ("character_id" in data and len(SHEET_KEYS & data.keys()) > 1)


def read_sheet(data: Mapping[str, Any]) -> SheetContents:
    """Return a character sheet as the fields of a character (F097, F098, D19, D25). Never raises."""
    sheet = _Sheet(data)
    for step in (_who, _texts, _lists, _greetings, _knowledge, _opinions, _voice, _framework, _blending):
        step(sheet)
    for step in (_stages, _activities, _avatar, _own, _unused):
        step(sheet)
    return SheetContents(sheet.fields, sheet.avatar, tuple(sheet.notices), tuple(sheet.faults))


class _Sheet:
    """A sheet while it is read."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.fields: dict[str, Any] = {}
        self.avatar: Picture | None = None
        self.notices: list[str] = []
        self.faults: list[str] = []

    def note(self, key: str, what: str) -> None:
        self.notices.append(f"{key}: {what}")

    def text(self, key: str) -> str:
        """Return a text, cut where a character holds no more; empty for what is none."""
        value = self.data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            self.note(key, _LEFT_OUT)
            return ""
        return self.cut(key, str(value).strip())

    def cut(self, key: str, text: str) -> str:
        if len(text) > LONGEST_TEXT:
            self.note(key, f"was cut to {LONGEST_TEXT:,} characters")
        return text[:LONGEST_TEXT]

    def keep(self, field: str, value: Any) -> None:
        if value:
            self.fields[field] = value

    def listed(self, key: str, field: str, found: Iterable[str] | None) -> None:
        if found is None:
            self.note(key, _LEFT_OUT)
            return
        whole = tuple(found)
        kept = within_limits(whole)
        if kept != whole:
            self.note(key, f"was cut to {LONGEST_LIST} of {LONGEST_TEXT:,} characters")
        self.keep(field, kept)

    def table(self, key: str) -> Mapping[str, Any]:
        """Return a table; an empty one for what is none."""
        value = self.data.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.note(key, _LEFT_OUT)
        return {}


def _who(sheet: _Sheet) -> None:
    said = sheet.text("display_name")
    name = as_name(said)
    if not name:
        sheet.faults.append("display_name: is missing; write the name that people call it")
    elif name != said:
        sheet.note("display_name", f"can't be the name on Discord as it is; it is {name!r}")
    sheet.keep("name", name)
    if slug := sheet.text("character_id"):
        sheet.fields["slug"] = slug_of(slug)
    description = sheet.text("description")
    if len(description) <= _SHORT and "\n" not in description:
        sheet.keep("description", description)
    parts = [*_identity(sheet), description]
    sheet.fields["core_prompt"] = sheet.cut("identity", "\n\n".join(filter(None, parts))) or NAMELESS_PROMPT


def _identity(sheet: _Sheet) -> tuple[str, ...]:
    found = sheet.data.get("identity")
    if isinstance(found, str):
        return (found.strip(),)
    if not isinstance(found, Mapping | None):
        sheet.faults.append("identity: is neither a text nor a table; write {...} or a text")
        return ()
    told = {key: value for key, value in (found or {}).items() if key != "framework"}
    return ("\n".join(labelled(told)),)


def _texts(sheet: _Sheet) -> None:
    for key, field in TEXTS.items():
        sheet.keep(field, sheet.text(key))


def _lists(sheet: _Sheet) -> None:
    for key, field in LISTS.items():
        sheet.listed(key, field, items(sheet.data.get(key)))


def _greetings(sheet: _Sheet) -> None:
    found = sheet.data.get("alternate_greetings")
    found = [found] if isinstance(found, str) else found
    texts = None if not isinstance(found, list | None) else filter(None, map(words, found or []))
    sheet.listed("alternate_greetings", "greetings", texts)


def _knowledge(sheet: _Sheet) -> None:
    found = sheet.data.get("knowledge_domain")
    if isinstance(found, str):
        found = {"primary": found.strip()}
    elif isinstance(found, list):
        primary, *others = items(found) or ("",)
        found = {"primary": primary, **({"others": others} if others else {})}
    _keep_table(sheet, "knowledge_domain", "knowledge", found)


def _opinions(sheet: _Sheet) -> None:
    found = opinions_in(sheet.data.get("opinions"))
    if found is None:
        sheet.note("opinions", _LEFT_OUT)
    _keep_table(sheet, "opinions", "opinions", found)


def _keep_table(sheet: _Sheet, key: str, field: str, found: object) -> None:
    if found is None:
        return
    try:
        sheet.keep(field, plain(found) if isinstance(found, dict) else None)
    except PydanticCustomError as error:
        sheet.note(key, f"{error.message()}; it was left out")
        return
    if not isinstance(found, dict):
        sheet.note(key, _LEFT_OUT)


def _voice(sheet: _Sheet) -> None:
    found = sheet.data.get("voice_and_tone")
    table = {"tone": found} if isinstance(found, str) else sheet.table("voice_and_tone")
    voice: dict[str, Any] = {}
    notes: dict[str, str] = {}
    for key, value in list(table.items())[:LONGEST_LIST]:
        if key not in VoiceAndTone.model_fields or key == "notes":
            notes[str(key).replace("_", " ")] = words(value)
        elif fits(VoiceAndTone, {key: value}):
            voice[key] = value
        else:
            sheet.note(f"voice_and_tone.{key}", _LEFT_OUT)
    said = {key: text for key, text in notes.items() if text}
    if said and fits(VoiceAndTone, {"notes": said}):
        voice["notes"] = said
    elif said:
        sheet.note("voice_and_tone", f"holds over {LONGEST_TEXT:,} characters and was left out")
    sheet.keep("voice", voice)


def _framework(sheet: _Sheet) -> None:
    identity = sheet.data.get("identity")
    named = identity.get("framework") if isinstance(identity, Mapping) else None
    if named is not None and (not isinstance(named, str) or len(named) > 64):
        sheet.note("identity.framework", f"names no framework; it is {USUAL_FRAMEWORK}")
        named = None
    sheet.fields["framework"] = (named or "").strip() or USUAL_FRAMEWORK


def _blending(sheet: _Sheet) -> None:
    found = sheet.table("framework_blending")
    if not found:
        return
    contexts = found.get("contexts") or found.get("context_weights") or {}
    blending = {"enabled": found.get("enabled", False), "contexts": contexts}
    if fits(Blending, blending):
        sheet.fields["blending"] = blending
    else:
        sheet.note("framework_blending", "holds no weights by context and framework; it was left out")


def _stages(sheet: _Sheet) -> None:
    found = sheet.data.get("evolution_stages")
    if not isinstance(found, list | None):
        sheet.note("evolution_stages", _LEFT_OUT)
        return
    stages: list[dict[str, Any]] = []
    for number, stage in enumerate(found or [], start=1):
        made = _stage(stage)
        if made is None or len(stages) >= LONGEST_LIST:
            sheet.note(f"evolution_stages[{number}]", _LEFT_OUT)
            continue
        stages.append(made)
    sheet.keep("stages", tuple(stages))


def _stage(stage: object) -> dict[str, Any] | None:
    """Return a stage of either schema: what it `unlocks` goes in as a change of that name (D19)."""
    if not isinstance(stage, Mapping) or not isinstance(stage.get("changes"), Mapping | None):
        return None
    changes = dict(stage.get("changes") or {})
    if stage.get("unlocks") is not None:
        changes["unlocks"] = stage["unlocks"]
    made = {"milestone": stage.get("milestone"), "changes": changes}
    return made if fits(EvolutionStage, made) else None


def _activities(sheet: _Sheet) -> None:
    found = sheet.data.get("activity_preferences")
    if isinstance(found, list | str):
        sheet.listed("activity_preferences", "activities", items(found))
        return
    table = dict(sheet.table("activity_preferences"))
    sheet.listed("activity_preferences.channels", "channels", items(table.pop("channels", None)))
    told: list[str] = []
    for key, value in table.items():
        told += (items(value) or ()) if isinstance(value, list) else labelled({key: value})
    sheet.listed("activity_preferences", "activities", told)


def _avatar(sheet: _Sheet) -> None:
    said = sheet.data.get("avatar_url")
    if not isinstance(said, str) or not said.strip():
        return
    try:
        if said.lstrip().lower().startswith("data:"):
            sheet.avatar = picture_from_uri(said.strip())
        else:
            sheet.fields["avatar"] = check_avatar(said.strip())
    except CardError as error:
        sheet.note("avatar_url", f"{error.wrong}; {error.mend}")
    except PydanticCustomError as error:
        sheet.note("avatar_url", error.message())


def _own(sheet: _Sheet) -> None:
    for key in (one for one in OWN_KEYS if one in sheet.data):
        if wrong := wrong_with(key, sheet.data[key]):
            sheet.note(key, f"{wrong}; it was left out")
        else:
            sheet.fields[key] = sheet.data[key]


def _unused(sheet: _Sheet) -> None:
    for key in list(sheet.data.keys() - SHEET_KEYS - set(OWN_KEYS))[:_MOST_NAMED]:
        sheet.note(str(key)[:60], "is not used")
