"""What several tests stand on: panels."""

from typing import Any

from simcord import actors

from tests.support.discord import World


def panel_of(result: Any) -> Any:
    """Return the message that a command or a press shows; it is for the eyes of its user only."""
    shown = result.response or result.followups[-1]
    assert shown.ephemeral
    return shown


def components(shown: Any) -> list[dict[str, Any]]:
    return [one for row in shown.components for one in row["components"]]


def enabled(shown: Any) -> set[str]:
    """Return the labels of the buttons that can be pressed."""
    return {one["label"] for one in components(shown) if one["type"] == 2 and not one.get("disabled")}


def menu_of(shown: Any) -> dict[str, Any]:
    return next(one for one in components(shown) if one["type"] == 3)


def stored(w: World, shown: Any) -> Any:
    return w.env.backend.get_message(shown.channel_id, shown.id)


async def forge(w: World, who: Any, shown: Any, custom_id: str) -> Any:
    """Press what only somebody else can see."""
    data = {"custom_id": custom_id, "component_type": 2}
    return await actors._component_interaction(who, stored(w, shown), data)
