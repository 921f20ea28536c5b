"""Cards: a title and some lines about something, as an embed or as plain text; the colours of all of them."""

from dataclasses import dataclass

import discord

from bot.conversation.text.split import LIMIT
from bot.discord.commands import Interaction
from cogs._discord.panels import NOBODY
from cogs._discord.text import shortened

ACCENT = discord.Colour(0x7C5CBF)
"""The colour of every card; there is none that means something by itself."""
LONGEST_VALUE = 1024


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows; whoever makes one quotes in it what is not the bot's own (see quoting.py)."""

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    text: str = ""
    foot: str = ""
    picture: str | None = None


def as_embed(card: Card) -> discord.Embed:
    """Return a card's frame: a field for each line. Its title stands above it, as text."""
    embed = discord.Embed(description=card.text or None, colour=ACCENT)
    for label, value in card.lines:
        embed.add_field(name=label, value=shortened(value, LONGEST_VALUE), inline=len(value) <= 40)
    if card.foot:
        embed.set_footer(text=card.foot)
    if card.picture:
        embed.set_thumbnail(url=card.picture)
    return embed


def as_text(card: Card) -> str:
    """Return the same in words alone, for screen readers and wherever there are no embeds."""
    lines = [f"**{card.title}**", *([str(card.text)] if card.text else [])]
    lines += [f"**{label}**: {value}" for label, value in card.lines]
    lines += [f"-# {card.foot}"] if card.foot else []
    return shortened("\n".join(lines), LIMIT)


async def answer_with(interaction: Interaction, card: Card, *, plain: bool) -> None:
    """Answer a command that was deferred with a card for the eyes of its user; nobody is pinged."""
    if plain or not interaction.app_permissions.embed_links:
        await interaction.followup.send(as_text(card), ephemeral=True, suppress_embeds=True)
    else:
        title = f"**{card.title}**"
        await interaction.followup.send(title, embed=as_embed(card), ephemeral=True, allowed_mentions=NOBODY)


async def post(channel: discord.TextChannel, card: Card, view: discord.ui.View) -> None:
    """Post a card with buttons for everybody: in its frame where the bot may, as text elsewhere."""
    if channel.permissions_for(channel.guild.me).embed_links:
        await channel.send(f"**{card.title}**", embed=as_embed(card), view=view, allowed_mentions=NOBODY)
    else:
        await channel.send(as_text(card), view=view, allowed_mentions=NOBODY, suppress_embeds=True)
