"""Character sheets: a character as one JSON object, and cards with a sheet's fields in their extensions."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from personas.cards.card import Card
from personas.cards.convert import EXTENSION, NAMELESS_PROMPT, as_name, cast, wrong_with
from personas.cards.errors import CardError
from personas.cards.images import picture_from_uri
from personas.cards.versions import is_card
from personas.character_parts import Blending, EvolutionStage, VoiceAndTone
from personas.character_rules import LONGEST_LIST, LONGEST_TEXT, check_avatar, plain, slug_of
from personas.sheet_fields import LEFT_OUT, SheetContents, SheetFields
from personas.sheet_values import (
    BESIDE_A_CARD,
    BLENDED_WHEN,
    LISTS,
    OWN_KEYS,
    SHEET_KEYS,
    TEXTS,
    fits,
    items,
    labelled,
    opinions_in,
    words,
)

__all__ = ["SHEET_KEYS", "USUAL_FRAMEWORK", "SheetContents", "cast_whole", "is_sheet", "read_sheet"]

USUAL_FRAMEWORK = "neuro"
"""Framework of a sheet that names none (F099)."""
_SHORT = 150
"""Maximum length of a description that also serves in lists."""


def is_sheet(data: object) -> bool:
    """Return whether a JSON value is a character sheet."""
    if not isinstance(data, dict) or "spec" in data or "framework_id" in data:
        return False
    if "display_name" in data:
        return "first_mes" not in data
    return "character_id" in data and len(SHEET_KEYS & data.keys()) > 1 and not is_card(data)


def read_sheet(data: Mapping[str, Any]) -> SheetContents:
    """Return a character sheet as the fields of a character (F097, F098, D19, D25). Never raises."""
    sheet = SheetFields()
    extensions = data.get("extensions")
    sheet.take({key: value for key, value in data.items() if key != "extensions"}, known=_OF_A_SHEET)
    sheet.take_extensions(extensions if isinstance(extensions, Mapping) else {})
    for step in (_who, _texts, _lists, _greetings, _knowledge, _opinions, _voice, _framework, _blending):
        step(sheet)
    for step in (_stages, _activities, _avatar, _lorebook, _own):
        step(sheet)
    sheet.fields.setdefault("framework", USUAL_FRAMEWORK)
    return sheet.contents()


def cast_whole(card: Card) -> SheetContents:
    """Return a card as the fields of a character, including a sheet's fields in its extensions (F097, C31).

    Fields that this program wrote there take precedence. Never raises.
    """
    sheet, made = SheetFields(), cast(card)
    sheet.take_extensions(card.extensions)
    if not isinstance(sheet.data.get("identity"), str | Mapping | None):
        sheet.leave_out("identity")
        del sheet.data["identity"]
    if card.fields.get("avatar_url"):
        known = () if card.portrait else ("avatar_url",)
        sheet.take({"avatar_url": card.fields["avatar_url"]}, known=known)
    for step in (_lists, _knowledge, _opinions, _voice, _framework, _blending, _stages, _activities):
        step(sheet)
    for step in (_avatar, _lorebook):
        step(sheet)
    sheet.fields |= made.fields
    parts = filter(None, [*_identity(sheet), made.fields["core_prompt"]])
    sheet.fields["core_prompt"] = sheet.cut("identity", "\n\n".join(parts))
    sheet.avatar = card.portrait or sheet.avatar
    sheet.notices = [*made.notices, *sheet.notices]
    if EXTENSION in card.extensions:
        sheet.paths[EXTENSION] = f"extensions.{EXTENSION}"
    return sheet.contents()


_OF_A_SHEET = SHEET_KEYS | set(OWN_KEYS) | BESIDE_A_CARD.keys()


def _who(sheet: SheetFields) -> None:
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


def _identity(sheet: SheetFields) -> tuple[str, ...]:
    found = sheet.data.get("identity")
    if isinstance(found, str):
        return (found.strip(),)
    if not isinstance(found, Mapping | None):
        sheet.faults.append("identity: is neither a text nor a table; write {...} or a text")
        return ()
    told = {key: value for key, value in (found or {}).items() if key != "framework"}
    return ("\n".join(labelled(told)),)


def _texts(sheet: SheetFields) -> None:
    for key, name in TEXTS.items():
        sheet.keep(name, sheet.text(key))


def _lists(sheet: SheetFields) -> None:
    for key, name in LISTS.items():
        sheet.listed(key, name, items(sheet.data.get(key)))


def _greetings(sheet: SheetFields) -> None:
    found = sheet.data.get("alternate_greetings")
    found = [found] if isinstance(found, str) else found
    texts = None if not isinstance(found, list | None) else filter(None, map(words, found or []))
    sheet.listed("alternate_greetings", "greetings", texts)


def _knowledge(sheet: SheetFields) -> None:
    found = sheet.data.get("knowledge_domain")
    if isinstance(found, str):
        found = {"primary": found.strip()}
    elif isinstance(found, list):
        primary, *other_fields = items(found) or ("",)
        found = {"primary": primary, **({"others": other_fields} if other_fields else {})}
    categories = items(sheet.data.get("rag_categories"))
    if categories is None:
        sheet.leave_out("rag_categories")
    elif categories:
        found = {**(found if isinstance(found, Mapping) else {}), "rag_categories": list(categories)}
    _keep_table(sheet, "knowledge_domain", "knowledge", found)


def _opinions(sheet: SheetFields) -> None:
    found = opinions_in(sheet.data.get("opinions"))
    if found is None:
        sheet.leave_out("opinions")
    _keep_table(sheet, "opinions", "opinions", found)


def _keep_table(sheet: SheetFields, key: str, field: str, found: object) -> None:
    if found is None:
        return
    try:
        sheet.keep(field, plain(found) if isinstance(found, dict) else None)
    except PydanticCustomError as error:
        sheet.leave_out(key, f"{error.message()}; it was left out")
        return
    if not isinstance(found, dict):
        sheet.leave_out(key)


def _voice(sheet: SheetFields) -> None:
    found = sheet.data.get("voice_and_tone")
    table = {"tone": found} if isinstance(found, str) else sheet.table("voice_and_tone")
    voice: dict[str, Any] = {}
    notes: dict[str, str] = _behavior(sheet)
    for key, value in list(table.items())[:LONGEST_LIST]:
        if key not in VoiceAndTone.model_fields or key == "notes":
            notes[str(key).replace("_", " ")] = words(value)
        elif fits(VoiceAndTone, {key: value}):
            voice[key] = value
        else:
            sheet.note(f"voice_and_tone.{key}", LEFT_OUT)
    said = {key: text for key, text in notes.items() if text}
    if said and fits(VoiceAndTone, {"notes": said}):
        voice["notes"] = said
    elif said:
        sheet.note("voice_and_tone", f"holds over {LONGEST_TEXT:,} characters and was left out")
    sheet.keep("voice", voice)


def _behavior(sheet: SheetFields) -> dict[str, str]:
    """Return the behaviour as notes on the voice, where growth stages put it too."""
    found = sheet.data.get("behavior")
    table = found if isinstance(found, Mapping) else {"behavior": found}
    return {str(key).replace("_", " "): words(value) for key, value in list(table.items())[:LONGEST_LIST]}


def _framework(sheet: SheetFields) -> None:
    identity, blending = sheet.data.get("identity"), sheet.data.get("framework_blending")
    for key, named in (
        ("identity.framework", identity.get("framework") if isinstance(identity, Mapping) else None),
        ("framework", sheet.data.get("framework")),
        ("base_framework", blending.get("base_framework") if isinstance(blending, Mapping) else None),
    ):
        if isinstance(named, str) and named.strip() and len(named) <= 64:
            sheet.fields["framework"] = named.strip()
            return
        if named is not None and named != "":
            sheet.leave_out(key, "names no framework")


def _blending(sheet: SheetFields) -> None:
    found = sheet.table("framework_blending")
    if not found:
        return
    contexts = found.get("contexts") or found.get("context_weights") or _ruled(found)
    blending = {"enabled": found.get("enabled", False), "contexts": contexts}
    if fits(Blending, blending):
        sheet.fields["blending"] = blending
    else:
        why = "holds no weights by context and framework; it was left out"
        sheet.leave_out("framework_blending", why)


def _ruled(blending: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return weights from rules of context, framework and weight; the base framework gets the rest."""
    rules = blending.get("blend_rules")
    contexts: dict[str, dict[str, Any]] = {}
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, Mapping):
            context = BLENDED_WHEN.get(str(rule.get("context")), str(rule.get("context")))
            contexts.setdefault(context, {})[str(rule.get("framework"))] = rule.get("weight", 1.0)
    base = blending.get("base_framework")
    for weights in contexts.values():
        shares = (weight for weight in weights.values() if isinstance(weight, int | float))
        taken = sum(
            min(max(share, 0), 1) for share in shares
        )  # an integer of 300 digits does not fit a float
        if isinstance(base, str) and base not in weights and taken < 1:
            weights[base] = round(1 - taken, 9)
    return contexts


def _stages(sheet: SheetFields) -> None:
    found = sheet.data.get("evolution_stages")
    if not isinstance(found, list | None):
        sheet.leave_out("evolution_stages")
        return
    stages: list[dict[str, Any]] = []
    for number, stage in enumerate(found or [], start=1):
        made = _stage(stage)
        if made is None or len(stages) >= LONGEST_LIST:
            sheet.note(f"evolution_stages[{number}]", LEFT_OUT)
            continue
        stages.append(made)
    sheet.keep("stages", tuple(stages))


def _stage(stage: object) -> dict[str, Any] | None:
    """Return a stage of either schema: its `unlocks` become a change of that name (D19)."""
    if not isinstance(stage, Mapping) or not isinstance(stage.get("changes"), Mapping | None):
        return None
    changes = dict(stage.get("changes") or {})
    if stage.get("unlocks") is not None:
        changes["unlocks"] = stage["unlocks"]
    made = {"milestone": stage.get("milestone"), "changes": changes}
    return made if fits(EvolutionStage, made) else None


def _activities(sheet: SheetFields) -> None:
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


def _avatar(sheet: SheetFields) -> None:
    said = sheet.data.get("avatar_url")
    if not isinstance(said, str) or not said.strip():
        return
    try:
        if said.lstrip().lower().startswith("data:"):
            sheet.avatar = picture_from_uri(said.strip())
        else:
            sheet.fields["avatar"] = check_avatar(said.strip())
    except CardError as error:
        sheet.leave_out("avatar_url", f"{error.wrong}; {error.mend}")
    except PydanticCustomError as error:
        sheet.leave_out("avatar_url", error.message())


def _lorebook(sheet: SheetFields) -> None:
    found = sheet.data.get("embedded_lorebook")
    book = {"entries": found} if isinstance(found, list) else found
    if isinstance(book, Mapping) and isinstance(book.get("entries"), list | dict):
        sheet.books.append(book)
    elif found:
        sheet.leave_out("embedded_lorebook")


def _own(sheet: SheetFields) -> None:
    for key, field in OWN_KEYS.items():
        if key not in sheet.data:
            continue
        if wrong := wrong_with(field, sheet.data[key]):
            sheet.leave_out(key, f"{wrong}; it was left out")
        else:
            sheet.fields[field] = sheet.data[key]
