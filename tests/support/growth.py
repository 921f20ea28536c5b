"""What several tests stand on: growth."""

from typing import Any

from tests.staged import shown_in
from tests.support.commands import admin, let_operate
from tests.support.discord import World


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


async def meet(w: World, *lines: str) -> None:
    """Let Onyx and Ruby play a scene, in these words."""
    w.claude.will_say(*lines)
    anna = operator(w)
    await anna.slash(w.channel, "scene start", characters="onyx, ruby", topic="ale", turns=len(lines))
    await w.env.advance_time(600)
    assert [text for name, text in shown_in(w.channel) if name != "TestBot"] == list(lines)
