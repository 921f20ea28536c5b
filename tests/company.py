"""Three characters at one table, for the tests of a company."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.conversation.attention.vote import Voters
from bot.conversation.config import Attentiveness, Direction
from bot.features.characters.presence import Stagecraft
from bot.llm.budget import Limits
from memory.places import Place, Where
from personas.character import Character
from personas.selection.routing import Rules
from tests.builders import AT_ONCE, CHANNEL, PIXEL, Table, table

NYX = Character(
    slug="nyx",
    name="Nyx",
    core_prompt="You are Nyx, who watches the stars.",
    interests=("stars",),
    fallback_lines=("The clouds are in the way.",),
    conflicts={"fangs": ("garlic",)},
)
FANGS = Character(
    slug="fangs",
    name="Fangs",
    core_prompt="You are Fangs, who keeps to the dark.",
    interests=("castles",),
    fallback_lines=("A bat flew off with it.",),
    avoidances=("garlic",),
)
CAVE = Where(601, Place.GUILD, name="cave", guild_id=700, guild_name="The Guild")
LISTENING = replace(
    AT_ONCE,
    attention=Attentiveness(voters=Voters(model="claude-haiku-5-5", count=0, deadline=10.0)),
)
"""Asks a small model what one said to another, and nobody for votes."""
QUIET = Direction(banter=0.0)
"""Nobody takes up what another said unless it calls them."""


@asynccontextmanager
async def company(
    folder: Path,
    *,
    direction: Direction = QUIET,
    seed: int = 1,
    limits: Limits | None = None,
    **changes: object,
) -> AsyncIterator[Table]:
    """Set a table for Pixel, Nyx and Fangs; Pixel is the bot's own."""
    manner = replace(LISTENING, direction=direction, **changes)  # type: ignore[arg-type]
    others = (NYX, FANGS)
    async with table(folder, character=PIXEL, others=others, manner=manner, seed=seed, limits=limits) as at:
        yield at


def stagecraft(at: Table) -> Stagecraft:
    """Return what invites characters, sends them out, and lets them play."""
    return Stagecraft(at.database, at.app.casting, at.clock)


def chatty(**changes: object) -> Direction:
    """Return a direction in which characters take up whatever they would."""
    return replace(Direction(banter=1.0, rules=Rules(sticky=timedelta(0))), **changes)  # type: ignore[arg-type]


__all__ = ["CAVE", "CHANNEL", "FANGS", "NYX", "PIXEL", "QUIET", "chatty", "company", "stagecraft"]
