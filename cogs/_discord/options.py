"""Options of commands: parsing and autocompletion of characters, channels and days, and their refusals."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.conversation.company import PlayedCharacter, speaker_id
from bot.conversation.rethinking import CannotRemake
from bot.core.errors import ConfigurationError
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer, is_age_restricted, is_public
from bot.features.admin.edits import ChangeRefused
from bot.features.admin.selves import NotLaidDown
from bot.features.characters.presence import NotStaged
from bot.features.characters.relations import NoSuchEncounter
from bot.features.memory.wording import worded
from bot.features.proactive.greetings import NoGreeting
from bot.features.reminders.reminder_rules import ReminderRefused
from cogs._discord.hearing import place_of
from cogs._discord.panels import Panel, with_note
from cogs._discord.text import in_a_line, inline
from memory.places import Place, Where
from memory.rules import MemoryRefused

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

OFFERED = 25
"""Most choices that Discord accepts for one option."""
LONGEST_ID = 100
NAME_ROOM = 80
CharacterName = app_commands.Range[str, 1, 80]
REFUSALS = (
    *(NotStaged, NotLaidDown, NoSuchEncounter, NoGreeting, ConfigurationError),
    *(ChangeRefused, CannotRemake, ReminderRefused),
)
"""Exceptions that are answers to the asker and not errors of the program."""
WHICH = "Which of the characters; if you name none, the one who is alone with you, or me"
OF_ONE = _("This is what {name} knows. The option character shows what the others of us know.")
NOT_HERE_ANY_MORE = _("That character is not played here any more.")
NO_DAY = _("That is not a date: write it as 2026-05-03, or choose one on which something changed.")


async def offer_characters(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the characters that match the typed text, as choices."""
    return fitting(interaction.client, current.strip().casefold())


def named_so_far(interaction: Interaction) -> str | None:
    """Return the value of the option `character` while the user types another option."""
    return getattr(interaction.namespace, "character", None) or None


async def offer_members(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return comma-separated lists of characters as choices: those already typed, and one more each."""
    *before, typed = (name.strip() for name in current.split(","))
    named = ", ".join(name for name in before if name)
    choices = fitting(interaction.client, typed.casefold())
    whole = [
        f"{named}, {choice.value}" if named else choice.value
        for choice in choices
        if choice.value not in before
    ]
    return [
        app_commands.Choice(name=members, value=members) for members in whole if len(members) <= LONGEST_ID
    ]


def fitting(bot: "Masquerade", typed: str) -> list[app_commands.Choice[str]]:
    """Return the characters whose names contain the typed text, as choices."""
    found = [
        role
        for role in bot.app.company
        if any(typed in name.casefold() for name in (role.name, role.slug, *role.character.aliases))
    ]
    return [
        app_commands.Choice(name=in_a_line(f"{role.name} ({role.slug})", 100), value=role.slug)
        for role in found[:OFFERED]
    ]


def role_named(bot: "Masquerade", name: str) -> PlayedCharacter:
    """Return a character by any of its names; raise NotStaged if there is none."""
    return bot.app.presence.role(name)


async def role_meant(interaction: Interaction, name: str | None) -> PlayedCharacter:
    """Return the named character; without a name, the only one in the asker's DM or the bot's own.

    Raises NotStaged.
    """
    app = interaction.client.app
    if name is not None:
        return role_named(interaction.client, name)
    where = place_of(interaction)
    if not where.place.private or len(app.company) == 1:
        return app.company.primary
    async with app.database.read() as db:
        present = await app.casting.present(db, where)
    return next(iter(present), app.company.primary)


def mark_of(role: PlayedCharacter) -> tuple[str, ...]:
    """Return a mark that identifies a character in a button's id; () for the bot's own character.

    The slug itself may be too long for an id.
    """
    return () if role.primary else (f"{speaker_id(role.slug) % 0x1000000:06x}",)


def role_marked(bot: "Masquerade", mark: Sequence[str]) -> PlayedCharacter:
    """Return the character of a mark; raise NotStaged if the character is gone."""
    company = bot.app.company
    found = next((role for role in company if mark_of(role) == tuple(mark)), None)
    if found is None:
        raise NotStaged(NOT_HERE_ANY_MORE)
    return found


def of_one(bot: "Masquerade", panel: Panel, role: PlayedCharacter) -> Panel:
    """Return the panel with the character's name above it if there are several characters."""
    if len(bot.app.company) == 1:
        return panel
    return replace(panel, text=with_note(panel.text, OF_ONE.format(name=shown(role))))


def shown(role: PlayedCharacter) -> str:
    """Return a character's name, escaped for use in a sentence of the bot."""
    return inline(role.name, NAME_ROOM)


@asynccontextmanager
async def telling(interaction: Interaction) -> AsyncIterator[None]:
    """Answer the asker with the reason of a refusal, which is not an error."""
    try:
        yield
    except MemoryRefused as refused:
        await answer(interaction, worded(refused))
    except REFUSALS as error:
        await answer(interaction, str(error))


def day_in(text: str) -> date | None:
    """Return the day from a text such as 2026-05-03; None if the text is no day."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


Channel = app_commands.AppCommandChannel | app_commands.AppCommandThread


class ChannelOption(app_commands.Transformer):
    """A channel in which people talk, or a thread, including those that the bot can't see."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        # Discord doesn't accept media channels as a type of option.
        kind = discord.ChannelType
        threads = [kind.public_thread, kind.private_thread, kind.news_thread]
        return [kind.text, kind.news, kind.voice, kind.stage_voice, kind.forum, *threads]

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> Channel:
        assert isinstance(value, Channel)
        return value


ChannelChoice = app_commands.Transform[Channel, ChannelOption]

Talkative = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
"""A channel of a server in which the bot can post."""


def place_in(channel: Talkative) -> Where:
    """Return a channel of a server as a place, with the current names of both."""
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Where(
        channel.id,
        Place.GUILD,
        channel.name,
        channel.guild.id,
        channel.guild.name,
        parent_id=parent_id,
        age_restricted=is_age_restricted(channel),
        public=is_public(channel),
    )


def may_write(channel: Talkative) -> bool:
    """Return whether the bot may post in a channel of a server."""
    held = channel.permissions_for(channel.guild.me)
    thread = isinstance(channel, discord.Thread)
    return held.view_channel and (held.send_messages_in_threads if thread else held.send_messages)
