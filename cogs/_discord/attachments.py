"""Conversion of a Discord message's attachments to values; it downloads nothing and follows no link."""

import logging
import re
from collections.abc import Iterable
from dataclasses import replace

import discord

from bot.conversation.text.names import clean_name, clean_text
from bot.core.errors import place_in_code
from bot.discord.malformed_events import UNREADABLE
from cogs._discord.text import shortened
from memory.attachments import Attachment, AttachmentKind, kind_of

log = logging.getLogger(__name__)

EMOJI = re.compile(r"<a?(:\w{2,32}:)\d{1,20}>")
_NAMED = re.compile(r"<(?P<mark>@[!&]?|#)\d{1,20}>")

MOST = 10
"""Attachments read from one message: Discord allows ten files, ten embeds and three stickers."""
LONGEST_ALT, LONGEST_PREVIEW, LONGEST_FORWARD, LONGEST_POLL = 300, 300, 2000, 600
MOST_EMBEDS = 3


def attachments_in(message: discord.Message) -> tuple[Attachment, ...]:
    """Return the attachments of a message, in the order in which Discord shows them."""
    found = list[Attachment]()
    for part in (_forwarded, _sent, _asked, _linked):
        try:  # discord.py parses some attributes only on access
            found += part(message)
        except UNREADABLE as error:
            kind, place = type(error).__name__, place_in_code(error)
            log.warning("A part of a message can't be read: %s in %s", kind, place)
    return tuple(found[:MOST])


def _sent(message: discord.Message) -> list[Attachment]:
    return [*_files(message.attachments), *_stickers(message.stickers)]


def _asked(message: discord.Message) -> list[Attachment]:
    return _poll(message.poll)


def _linked(message: discord.Message) -> list[Attachment]:
    return _previews(message.embeds)


def _files(files: Iterable[discord.Attachment]) -> list[Attachment]:
    return [
        Attachment(
            kind=AttachmentKind.VOICE
            if file.is_voice_message()
            else kind_of(file.filename, file.content_type),
            id=file.id,
            name=clean_name(file.filename, "unnamed"),
            size=file.size,
            seconds=float(file.duration or 0),
            alt=_line(file.description or "", LONGEST_ALT),
        )
        for file in files
    ]


def _stickers(stickers: Iterable[discord.StickerItem]) -> list[Attachment]:
    return [
        Attachment(
            kind=AttachmentKind.STICKER,
            id=sticker.id,
            name=clean_name(sticker.name, "unnamed"),
            fault=sticker.format is discord.StickerFormatType.lottie,  # an animation program, not an image
        )
        for sticker in stickers
    ]


def _previews(embeds: Iterable[discord.Embed]) -> list[Attachment]:
    """Return the text of link previews and of bots' embeds; embeds without text are left out."""
    found = []
    for embed in list(embeds)[:MOST_EMBEDS]:
        fields = (f"{field.name}: {field.value}" for field in embed.fields)
        words = (piece for piece in (embed.title, embed.description, *fields) if piece)
        text = _line(". ".join(words), LONGEST_PREVIEW)
        if text:
            site = embed.provider.name or embed.author.name
            name = clean_name(site, "") if site else ""
            found.append(Attachment(kind=AttachmentKind.EMBED, name=name, text=text))
    return found


def _poll(poll: discord.Poll | None) -> list[Attachment]:
    if poll is None:
        return []
    answers = (f"{number}. {answer.text}" for number, answer in enumerate(poll.answers, 1))
    asked = " ".join((f"{poll.question}", *answers))
    return [Attachment(kind=AttachmentKind.POLL, text=_line(asked, LONGEST_POLL))]


def _forwarded(message: discord.Message) -> list[Attachment]:
    """Return forwarded content, attributed to the person who forwarded it and not to its author."""
    found = []
    for snapshot in message.message_snapshots[:1]:
        words = _NAMED.sub(_unnamed, EMOJI.sub(r"\1", snapshot.content or ""))
        previews = "\n".join(preview.text for preview in _previews(snapshot.embeds))
        text = clean_text("\n".join(piece for piece in (words, previews) if piece).strip())
        attached = [*_files(snapshot.attachments), *_stickers(snapshot.stickers)]
        shown = shortened(text, LONGEST_FORWARD) or "(no words)"
        found.append(Attachment(AttachmentKind.FORWARD, text=shown))
        found += [replace(attachment, forwarded=True) for attachment in attached]
    return found


def _unnamed(match: re.Match[str]) -> str:
    return "#channel" if match["mark"] == "#" else "@someone"


def _line(text: str, most: int) -> str:
    return shortened(" ".join(clean_text(text).split()), most)
