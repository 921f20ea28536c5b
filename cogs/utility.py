"""Utilities for servers: /poll, /userinfo and /serverinfo (F126, C90)."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _, number
from bot.discord.commands import YOU_LACK, Interaction, answer, named
from cogs._discord.moderation import Person, lacks
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import NOBODY, InfoCard, answer_with, in_a_line, inline

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

LONGEST_QUESTION = 300
LONGEST_ANSWER = 55
MOST_HOURS = 32 * 24
"""Discord's limits of a poll."""
ROLES_SHOWN = 10
NAME_ROOM = 80
ASKING_SECONDS = 10.0
Question = app_commands.Range[str, 1, LONGEST_QUESTION]
Answer = app_commands.Range[str, 1, LONGEST_ANSWER]

POLLED = _("Your poll is below. It ends {when}; its menu ends it sooner.")
TWICE = _("Two of the answers are the same: give each its own words.")
NO_WORDS = _("There is nothing to be seen in the question, or in one of the answers: write some words.")
NOT_POLLED = _("Discord did not take the poll. Try again in a minute.")
PLAIN = "As plain text, without a frame"

ACCOUNT, A_BOT = _("Account"), _("{name} (a bot)")
ON_DISCORD, HERE = _("On Discord since"), _("Here since")
NOT_KNOWN = _("not known")
NO_MEMBER = _("Not a member of this server.")
MEMBERS, ABOUT_SO_MANY = _("Members"), _("about {count}")
ONLINE = _("{members}, {online} of them online")
SINCE, OWNER = _("Since"), _("Owner")
CHANNELS, OF_CHANNELS = _("Channels"), _("{text} for text, {voice} for voice, {forums} forums")
ROLES, NO_ROLES, MORE_ROLES = _("Roles"), _("none", "roles"), _("{roles}, and {count} more")
EMOJI, OF_EMOJI = _("Emoji and stickers"), _("{emoji} and {stickers}")
BOOSTS, OF_BOOSTS = _("Boosts"), _("{count}, level {level}")
BOOSTING = _("Boosting since")


class UtilityCog(commands.Cog):
    """Everybody in the channel sees a poll; only the asker sees facts about a person or a server."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot

    @app_commands.command(description="Ask everybody here; Discord counts the votes")
    @app_commands.guild_only()
    @app_commands.describe(
        question="What you ask",
        answer1="The first answer",
        answer2="The second answer",
        hours="For how many hours one can vote: 24, if you give none; 768 (32 days) at most",
        multiple="Whether one may vote for several answers",
    )
    async def poll(  # noqa: PLR0913, PLR0917 - Discord has no option that holds a list
        self,
        interaction: Interaction,
        question: Question,
        answer1: Answer,
        answer2: Answer,
        answer3: Answer | None = None,
        answer4: Answer | None = None,
        answer5: Answer | None = None,
        answer6: Answer | None = None,
        answer7: Answer | None = None,
        answer8: Answer | None = None,
        answer9: Answer | None = None,
        answer10: Answer | None = None,
        hours: app_commands.Range[int, 1, MOST_HOURS] = 24,
        multiple: bool = False,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        given = [answer1, answer2, answer3, answer4, answer5, answer6, answer7, answer8, answer9, answer10]
        answers = [choice for choice in given if choice is not None]
        if fault := _fault(interaction, question, answers):
            await answer(interaction, fault)
            return
        made = discord.Poll(question.strip(), timedelta(hours=hours), multiple=multiple)
        for choice in answers:
            made.add_answer(text=choice.strip())
        ends = self.bot.app.clock.now() + timedelta(hours=hours)
        await answer(interaction, POLLED.format(when=discord.utils.format_dt(ends, "R")))
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                await interaction.followup.send(poll=made, allowed_mentions=NOBODY)
        except DISCORD_FAULTS as error:
            log.warning("A poll is not posted: %s", type(error).__name__)
            await answer(interaction, NOT_POLLED)

    @app_commands.command(description="What Discord says of somebody here: since when, and which roles")
    @app_commands.guild_only()
    @app_commands.describe(person="Who is meant; you, if you name nobody", plain=PLAIN)
    async def userinfo(
        self, interaction: Interaction, person: discord.User | None = None, plain: bool = False
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await answer_with(interaction, person_card(person or interaction.user), plain=plain)

    @app_commands.command(description="This server in numbers")
    @app_commands.guild_only()
    @app_commands.describe(plain=PLAIN)
    async def serverinfo(self, interaction: Interaction, plain: bool = False) -> None:
        await interaction.response.defer(ephemeral=True)
        guild = interaction.guild
        assert guild is not None, "the command tree lets nobody in from elsewhere"
        await answer_with(interaction, await self._server_card(guild), plain=plain)

    async def _server_card(self, guild: discord.Guild) -> InfoCard:
        """Return facts about a server; the member count is fetched, because no event reports its changes."""
        members, online, owner = guild.member_count, None, None
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                counted = await self.bot.fetch_guild(guild.id, with_counts=True)
                members = counted.approximate_member_count or members
                online = counted.approximate_presence_count
                owner = await guild.fetch_member(guild.owner_id) if guild.owner_id else None
        except DISCORD_FAULTS as error:
            log.info("A server is not counted anew: %s", type(error).__name__)
        lines = server_lines(guild, members=members, online=online, owner=owner)
        picture = guild.icon.url if guild.icon else None
        return InfoCard(inline(guild.name, NAME_ROOM), tuple(lines), picture=picture)


def person_card(person: Person) -> InfoCard:
    """Return Discord's facts about a person: none of their messages and none of the bot's memories."""
    name = inline(person.name, NAME_ROOM)
    lines = [
        (str(ACCOUNT), A_BOT.format(name=name) if person.bot else name),
        (str(ON_DISCORD), _since(person.created_at)),
    ]
    foot = ""
    if isinstance(person, discord.Member):
        lines.append((str(HERE), _since(person.joined_at) if person.joined_at else str(NOT_KNOWN)))
        lines += _standing(person)
    else:
        foot = str(NO_MEMBER)
    title = inline(person.display_name, NAME_ROOM)
    return InfoCard(title, tuple(lines), foot=foot, picture=person.display_avatar.url)


def server_lines(
    guild: discord.Guild, *, members: int | None, online: int | None, owner: discord.Member | None
) -> Iterator[tuple[str, str]]:
    """Yield the facts about a server, each with its label."""
    total = str(NOT_KNOWN) if members is None else ABOUT_SO_MANY.format(count=number(members))
    counted = total if online is None else ONLINE.format(members=total, online=number(online))
    yield str(MEMBERS), counted
    yield str(SINCE), _since(guild.created_at)
    if owner is not None:
        yield str(OWNER), inline(owner.display_name, NAME_ROOM)
    voice = len(guild.voice_channels) + len(guild.stage_channels)
    text, forums = number(len(guild.text_channels)), number(len(guild.forums))
    yield str(CHANNELS), OF_CHANNELS.format(text=text, voice=number(voice), forums=forums)
    yield str(ROLES), number(len(guild.roles) - 1)  # without @everyone
    emoji, stickers = number(len(guild.emojis)), number(len(guild.stickers))
    yield str(EMOJI), OF_EMOJI.format(emoji=emoji, stickers=stickers)
    boosts = number(guild.premium_subscription_count or 0)
    yield str(BOOSTS), OF_BOOSTS.format(count=boosts, level=guild.premium_tier)


def _standing(member: discord.Member) -> Iterator[tuple[str, str]]:
    """Yield the lines about a member's roles, highest role first."""
    roles = [role for role in reversed(member.roles) if not role.is_default()]
    named_roles = ", ".join(inline(role.name, NAME_ROOM) for role in roles[:ROLES_SHOWN])
    if len(roles) > ROLES_SHOWN:
        named_roles = MORE_ROLES.format(roles=named_roles, count=len(roles) - ROLES_SHOWN)
    yield str(ROLES), named_roles if roles else str(NO_ROLES)
    if member.premium_since:
        yield str(BOOSTING), _since(member.premium_since)


def _since(moment: datetime) -> str:
    style = discord.utils.format_dt
    return f"{style(moment, 'D')} ({style(moment, 'R')})"


def _fault(interaction: Interaction, question: str, answers: Sequence[str]) -> str | None:
    """Return the reason why a poll can't be posted, or None; the asker needs the permission as well."""
    if lacks(interaction.permissions, "send_polls"):
        return YOU_LACK.format(needed=named("send_polls"))
    if not all(text.strip() for text in (question, *answers)):
        return NO_WORDS
    folded = [in_a_line(choice, LONGEST_ANSWER).casefold() for choice in answers]
    return TWICE if len(set(folded)) < len(folded) else None


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(UtilityCog(bot))
