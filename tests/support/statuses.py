"""What several tests stand on: statuses."""

from dataclasses import replace
from typing import Any

from bot.conversation.attention.vote import Voters
from bot.conversation.config import Attentiveness
from tests.builders import AT_ONCE
from tests.support.discord import World

SMALL = "claude-haiku-5-5"


THINKING = replace(AT_ONCE, attention=Attentiveness(voters=Voters(model=SMALL, count=0, deadline=10.0)))


async def run(w: World) -> None:
    with w.env._bot_scope():
        await w.app.schedule.run("draw facts from talk")
    await w.env.settle()


def watch(w: World, order: list[str] | None = None) -> list[Any]:
    """Return the list of what is put beside the bot's name from now on, as it goes out."""
    put: list[Any] = []

    async def change_presence(*, activity: Any = None, status: Any = None, since: float = 0.0) -> None:
        put.append(activity)
        if order is not None:
            order.append("presence")

    w.client.ws.change_presence = change_presence  # type: ignore[method-assign]
    return put
