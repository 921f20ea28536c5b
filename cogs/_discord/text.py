"""Quoting, so that words of people and characters can't pass for the bot's; info cards and pictures."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import discord
import regex
from discord.utils import escape_markdown

from bot.conversation.text.names import clean_text, is_blank
from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _
from bot.discord.commands import Interaction
from bot.pictures import DrawnPicture

LONGEST = 2000
"""Most UTF-16 units of a message: the strictest way in which Discord may count."""
NOTHING_SEEN = _("(nothing to be seen)")
_CUT = _("… (cut)")
_ELLIPSIS = "…"
_CLUSTERS = regex.compile(r"\X")

ACCENT = discord.Colour(0x7C5CBF)
"""The colour of every card; colours carry no meaning."""
LONGEST_VALUE = 1024
NOBODY = discord.AllowedMentions.none()

LONGEST_ALT = 1024
_EMOTE_NAME = re.compile(r"[A-Za-z0-9_]{2,32}")


def quoted(text: str, room: int = LONGEST) -> str:
    """Return a text as a block quote of at most `room` units, with every line marked as quoted.

    Discord parses Markdown inside a quote separately, so an unclosed tag has no effect beyond it.
    """
    text = clean_text(str(text)).strip("\n")
    if is_blank(text):
        return f"> {NOTHING_SEEN}"
    return shortened("\n".join(f"> {line}" for line in text.split("\n")), room, mark=f"\n> {_CUT}")


def in_a_line(text: str, room: int) -> str:
    """Return a text as one line of at most `room` units, for labels and menus, which have no Markdown."""
    line = " ".join(clean_text(str(text)).split())
    return NOTHING_SEEN[:room] if is_blank(line) else shortened(line, room)


def shortened(text: str, room: int, *, mark: str = _ELLIPSIS) -> str:
    """Return a text of at most `room` units; `mark` stands for the omitted part."""
    text = str(text)
    if width(text) <= room:
        return text
    kept, left = [], room - width(mark)
    for cluster in _CLUSTERS.finditer(text):
        left -= width(cluster[0])
        if left < 0:
            break
        kept.append(cluster[0])
    return "".join(kept).rstrip() + mark


def inline(text: str, room: int) -> str:
    """Return a text as at most `room` units for use within a line of the bot, with its Markdown escaped."""
    return shortened(escape_markdown(in_a_line(text, room), ignore_links=False), room)


def searchable(words: str | None, room: int) -> str:
    """Return a search text as an argument for a button's id, in which colons separate the arguments."""
    return in_a_line(words.replace(":", " "), room) if words and words.strip(": \n\t") else ""


@dataclass(frozen=True, slots=True)
class InfoCard:
    """The content of a card; its creator must quote all words that are not the bot's own."""

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    text: str = ""
    foot: str = ""
    picture: str | None = None


def as_embed(card: InfoCard) -> discord.Embed:
    """Return a card as an embed with a field for each line, without the title, which is sent as text."""
    embed = discord.Embed(description=card.text or None, colour=ACCENT)
    for label, value in card.lines:
        embed.add_field(name=label, value=shortened(value, LONGEST_VALUE), inline=len(value) <= 40)
    if card.foot:
        embed.set_footer(text=card.foot)
    if card.picture:
        embed.set_thumbnail(url=card.picture)
    return embed


def as_text(card: InfoCard) -> str:
    """Return a card as plain text, for screen readers and channels without embeds."""
    lines = [f"**{card.title}**", *([str(card.text)] if card.text else [])]
    lines += [f"**{label}**: {value}" for label, value in card.lines]
    lines += [f"-# {card.foot}"] if card.foot else []
    return shortened("\n".join(lines), LIMIT)


async def answer_with(interaction: Interaction, card: InfoCard, *, plain: bool) -> None:
    """Answer a deferred command with a card that only its user sees; this pings nobody."""
    if plain or not interaction.app_permissions.embed_links:
        await interaction.followup.send(as_text(card), ephemeral=True, suppress_embeds=True)
    else:
        title = f"**{card.title}**"
        await interaction.followup.send(title, embed=as_embed(card), ephemeral=True, allowed_mentions=NOBODY)


async def post(channel: discord.TextChannel, card: InfoCard, view: discord.ui.View) -> None:
    """Post a card with buttons for everybody: as an embed if the bot may post embeds, else as text."""
    if channel.permissions_for(channel.guild.me).embed_links:
        await channel.send(f"**{card.title}**", embed=as_embed(card), view=view, allowed_mentions=NOBODY)
    else:
        await channel.send(as_text(card), view=view, allowed_mentions=NOBODY, suppress_embeds=True)


def files_of(drawn: DrawnPicture, name: str) -> list[discord.File]:
    """Return a picture as PNG and SVG files with alt text."""
    about = drawn.about[:LONGEST_ALT]
    made = ((drawn.png, f"{name}.png"), (drawn.svg, f"{name}.svg"))
    return [discord.File(io.BytesIO(data), file, description=about) for data, file in made if data]


def emotes_of(guild: discord.Guild, usable: Callable[[discord.Emoji], bool]) -> Mapping[str, str]:
    """Return the markup of a server's emotes by name; of two with the same name the older one counts."""
    written: dict[str, str] = {}
    for emote in sorted(guild.emojis, key=lambda emoji: emoji.id):
        if _EMOTE_NAME.fullmatch(emote.name) and usable(emote):
            written.setdefault(emote.name, str(emote))
    return written
