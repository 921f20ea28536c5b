"""Ticket threads: recognition, staff, and transcripts (F126)."""

from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO

import discord

from bot.conversation.text.names import clean_text
from bot.core.i18n import _, number
from cogs._discord.text import in_a_line
from database.models import Desk

MOST_MESSAGES = 2_000
MOST_BYTES = 7_000_000
"""Most bytes of a transcript, below Discord's limit for files; a longer ticket keeps its newest lines."""
NAME_ROOM = 60
LONGEST_NAME = 100

NEEDED_AT_DESK = (
    "view_channel",
    "create_private_threads",
    "send_messages_in_threads",
    "manage_threads",
    "read_message_history",
    "attach_files",
)
"""Permissions where tickets are opened: the bot creates, writes, reads and locks the thread."""
NEEDED_BY_STAFF = ("view_channel", "send_messages", "attach_files")
"""Permissions in the staff's channel, for the notices."""

HEAD = _("{ticket} in {server}\nOpened {opened}, closed {closed} by {closer}. Times are UTC.")
LEFT_OUT = _("(Older messages are left out: the newest {count} are below.)")
LINE = "[{at}] {name}: {text}"
FILE = _("(file: {name})")


def is_staff(user: discord.User | discord.Member, desk: Desk | None, thread: discord.Thread) -> bool:
    """Return whether a user is staff: by the role that admins chose, or by the right to manage threads."""
    if not isinstance(user, discord.Member) or thread.parent is None:
        return False
    roles = {role.id for role in user.roles}
    return (desk is not None and desk.role_id in roles) or thread.permissions_for(user).manage_threads


async def transcript(thread: discord.Thread, head: str) -> bytes:
    """Return a thread as plain text, oldest message first, under a head."""
    lines: list[str] = []
    size, complete = 0, True
    async for line in _lines(thread):  # the newest first
        size += len(line.encode()) + 1
        if size > MOST_BYTES or len(lines) == MOST_MESSAGES:
            complete = False
            break
        lines.append(line)
    left_out = [] if complete else [LEFT_OUT.format(count=number(len(lines)))]
    return "\n".join([head, *left_out, "", *reversed(lines), ""]).encode()


def head_of(thread: discord.Thread, *, closed: datetime, closer: str) -> str:
    """Return the head of a transcript."""
    return HEAD.format(
        ticket=in_a_line(thread.name, LONGEST_NAME),
        server=in_a_line(thread.guild.name, LONGEST_NAME),
        opened=_at(discord.utils.snowflake_time(thread.id)),
        closed=_at(closed),
        closer=in_a_line(closer, NAME_ROOM),
    )


def as_file(data: bytes, thread: discord.Thread) -> discord.File:
    """Return a transcript as a new file object, because each message needs its own."""
    return discord.File(BytesIO(data), f"ticket-{thread.id}.txt")


async def _lines(thread: discord.Thread) -> AsyncIterator[str]:
    async for message in thread.history(limit=MOST_MESSAGES + 1, oldest_first=False):
        talk = message.type in (discord.MessageType.default, discord.MessageType.reply)
        if talk and (said := _said(message)):
            yield _line(message, said)


def _said(message: discord.Message) -> str:
    """Return the text of a message, and its files and stickers by name."""
    names = [file.filename for file in message.attachments] + [sticker.name for sticker in message.stickers]
    things = [FILE.format(name=in_a_line(name, NAME_ROOM)) for name in names]
    return "\n".join(filter(None, [clean_text(message.clean_content), *things]))


def _line(message: discord.Message, said: str) -> str:
    """Return a message as one line; its further lines are indented, so that none can look like a message."""
    name = in_a_line(message.author.display_name, NAME_ROOM)
    return LINE.format(at=_at(message.created_at), name=name, text=said.replace("\n", "\n    "))


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
