"""Lookup of the reply that a command or a press is about, and of the outlet that edits it."""

from typing import TYPE_CHECKING

import discord

from bot.conversation.company import PlayedCharacter
from bot.conversation.types import Mouth
from bot.discord.commands import Interaction, asked_in
from cogs._discord.speaking import mouth_in

if TYPE_CHECKING:
    from bot.discord.client import Masquerade


async def speaker_of(interaction: Interaction, turn_id: int | None = None) -> PlayedCharacter:
    """Return the character of the given reply, or else of the last reply to the asker in this place."""
    app = interaction.client.app
    async with app.database.read() as db:
        if turn_id is not None:
            turn = await db.turns.get(turn_id)
        else:
            latest = await db.turns.last_to(interaction.user.id, asked_in(interaction).channel_id, limit=1)
            turn = next(iter(latest), None)
    return app.company.by_slug.get(turn.character if turn else "", app.company.primary)


def mouth_of(interaction: Interaction, role: PlayedCharacter) -> Mouth:
    """Return the outlet that edits a character's messages in the asker's channel, without pings."""
    own = mouth_in(interaction.client, asked_in(interaction).channel_id, pings=False)
    return own.speaking_as(role.speaker)


async def turn_of(bot: "Masquerade", message: discord.Message) -> int | None:
    """Return the id of the turn that contains a message or answers it."""
    async with bot.app.database.read() as db:
        line = await db.messages.get(message.id)
        if line is not None and line.turn_id is not None:
            return line.turn_id
        trigger_id = await db.turns.answered_with(message.id)
        found = await db.turns.decided(trigger_id or message.id)
    return found[1].id if found and found[1] else None


async def reply_in(bot: "Masquerade", message: discord.Message) -> int | None:
    """Return the id of the turn that contains a message, or None if no character wrote the message.

    A message of our webhook has another author than the bot, so the message log decides.
    """
    async with bot.app.database.read() as db:
        line = await db.messages.get(message.id)
    own = line is not None and line.heard_through is not None
    if own or (bot.user is not None and message.author.id == bot.user.id):
        return await turn_of(bot, message)
    return None
