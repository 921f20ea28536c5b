"""What people do with commands, buttons, menus and modals, in Discord's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.world.discord_components import BUTTON, SELECTS, STRING_SELECT, TEXT_INPUT, Component, walk
from tests.world.discord_files import Attachment, Upload
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Json, User
from tests.world.discord_payloads import message_payload

if TYPE_CHECKING:
    from tests.world.discord_accounts import BotAccount

OPTION_TYPES: dict[type, int] = {str: 3, int: 4, bool: 5, float: 10, User: 6, Channel: 7, Attachment: 11}
SLASH, ON_USER, ON_MESSAGE = 1, 2, 3


def slash_details(
    command: Json, channel: Channel, subcommand: Sequence[str], options: Mapping[str, Any]
) -> Json:
    """Return what is told of a slash command that was used. StopIteration for an unknown subcommand."""
    options = {key: _uploaded(channel, value) for key, value in options.items()}
    given: list[Json] = [_option(key, value) for key, value in options.items()]
    level = command
    nested: list[tuple[str, int]] = []
    for word in subcommand:
        level = next(each for each in level["options"] if each["name"] == word)
        nested.append((word, level["type"]))
    for word, kind in reversed(nested):
        given = [{"name": word, "type": kind, "options": given}]
    details = {"id": command["id"], "name": command["name"], "type": SLASH, "options": given}
    people = [each for each in options.values() if isinstance(each, User)]
    files = {str(each.id): each.payload() for each in options.values() if isinstance(each, Attachment)}
    resolved = (_people(channel, people) if people else {}) | ({"attachments": files} if files else {})
    return details | ({"resolved": resolved} if resolved else {})


def menu_details(command: Json, channel: Channel, target: Message | User, account: BotAccount) -> Json:
    """Return what is told of a context menu's command that was chosen on a message or on somebody."""
    if isinstance(target, User):
        kind, resolved = ON_USER, _people(channel, [target])
    else:
        kind, resolved = ON_MESSAGE, {"messages": {str(target.id): message_payload(target, account)}}
    return {
        "id": command["id"],
        "name": command["name"],
        "type": kind,
        "target_id": str(target.id),
        "resolved": resolved,
    }


def press_details(shown: Component, values: Sequence[str] | None) -> Json:
    """Return what is told of a button that was pressed, or of `values` chosen in a menu.

    LookupError for what the component does not let people do.
    """
    name = shown["custom_id"]
    if shown.get("disabled"):
        raise LookupError(f"{name!r} is disabled")
    details: Json = {"custom_id": name, "component_type": shown["type"]}
    if (shown["type"] in SELECTS) != (values is not None):
        raise LookupError(f"{name!r} is a {'button' if shown['type'] == BUTTON else 'menu'}")
    if values is None:
        return details
    offered = [each["value"] for each in shown.get("options") or ()]
    fits = shown.get("min_values", 1) <= len(values) <= shown.get("max_values", 1)
    if not fits or (shown["type"] == STRING_SELECT and not set(values) <= set(offered)):
        raise LookupError(f"{name!r} does not offer {values!r}, but {offered!r}")
    return details | {"values": list(values)}


def submission(modal: Component, written: Mapping[str, str]) -> Json:
    """Return what is told of a modal whose text inputs were filled in: `written` by custom_id.

    What is not written keeps what the modal came with. LookupError for what Discord does not let pass.
    """
    inputs = {each["custom_id"]: each for each in walk(modal["components"]) if each["type"] == TEXT_INPUT}
    if unknown := written.keys() - inputs.keys():
        raise LookupError(f"the modal has no {sorted(unknown)}, but {sorted(inputs)}")
    values = {name: written.get(name, each.get("value") or "") for name, each in inputs.items()}
    for name, each in inputs.items():
        shortest = each.get("min_length") or (1 if each.get("required", True) else 0)
        if not shortest <= len(values[name]) <= (each.get("max_length") or 4000):
            raise LookupError(f"{name!r} does not take {len(values[name])} characters")
    components = [_filled_in(each, values) for each in modal["components"]]
    return {"custom_id": modal["custom_id"], "components": components}


def component_of(message: Message, custom_id: str) -> Component:
    """Return what a message shows under a custom_id. LookupError when that is nothing."""
    found = next((each for each in walk(message.components) if each.get("custom_id") == custom_id), None)
    if found is None:
        shown = [each["custom_id"] for each in walk(message.components) if each.get("custom_id")]
        raise LookupError(f"the message shows no {custom_id!r}, but {shown}")
    return found


def _filled_in(component: Component, values: Mapping[str, str]) -> Json:
    answer: Json = {"type": component["type"], "id": component.get("id", 0)}
    if component["type"] == TEXT_INPUT:
        return answer | {"custom_id": component["custom_id"], "value": values[component["custom_id"]]}
    if component.get("component"):
        return answer | {"component": _filled_in(component["component"], values)}
    return answer | {"components": [_filled_in(each, values) for each in component.get("components", ())]}


def _people(channel: Channel, people: Iterable[User]) -> Json:
    them = list(people)
    resolved: Json = {"users": {str(each.id): each.payload() for each in them}}
    if channel.guild is not None:
        members = channel.guild.members
        resolved["members"] = {
            str(each.id): members[each.id].payload(user=False)
            | {"permissions": str(members[each.id].permissions())}
            for each in them
            if each.id in members
        }
    return resolved


def _uploaded(channel: Channel, value: Any) -> Any:
    return channel.world.attach(channel, value) if isinstance(value, Upload) else value


def _option(name: str, value: Any) -> Json:
    given = str(value.id) if isinstance(value, User | Channel | Attachment) else value
    return {"name": name, "type": OPTION_TYPES[type(value)], "value": given}
