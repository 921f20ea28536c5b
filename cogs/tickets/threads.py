"""Ticket threads: which those are, who answers in them, and what is written down at the end (F126)."""

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
"""A transcript stays below what Discord takes as a file; of a longer ticket the newest lines are in it."""
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
"""What the bot needs where tickets are opened: it makes the thread, writes in it, reads it, locks it."""
NEEDED_BY_STAFF = ("view_channel", "send_messages", "attach_files")
"""What it needs where the staff is told of them."""

HEAD = _("{ticket} in {server}\nOpened {opened}, closed {closed} by {closer}. Times are UTC.")
LEFT_OUT = _("(Older messages are left out: the newest {count} are below.)")
LINE = "[{at}] {name}: {text}"
FILE = _("(file: {name})")


def is_staff(user: discord.User | discord.Member, desk: Desk | None, thread: discord.Thread) -> bool:
    """Say whether somebody answers tickets: by the role that admins named, or as who manages threads."""
    if not isinstance(user, discord.Member) or thread.parent is None:
        return False
    roles = {role.id for role in user.roles}
    return (desk is not None and desk.role_id in roles) or thread.permissions_for(user).manage_threads


async def transcript(thread: discord.Thread, head: str) -> bytes:
    """Return what was said in a thread, as plain text, the oldest first, under a head."""
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
    """Return what stands above a transcript."""
    return HEAD.format(
        ticket=in_a_line(thread.name, LONGEST_NAME),
        server=in_a_line(thread.guild.name, LONGEST_NAME),
        opened=_at(discord.utils.snowflake_time(thread.id)),
        closed=_at(closed),
        closer=in_a_line(closer, NAME_ROOM),
    )


def as_file(data: bytes, thread: discord.Thread) -> discord.File:
    """Return a transcript as a file; each message needs one of its own."""
    return discord.File(BytesIO(data), f"ticket-{thread.id}.txt")


async def _lines(thread: discord.Thread) -> AsyncIterator[str]:
    async for message in thread.history(limit=MOST_MESSAGES + 1, oldest_first=False):
        talk = message.type in (discord.MessageType.default, discord.MessageType.reply)
        if talk and (said := _said(message)):
            yield _line(message, said)


def _said(message: discord.Message) -> str:
    """Return the words of a message, and its files and stickers by name."""
    names = [file.filename for file in message.attachments] + [one.name for one in message.stickers]
    things = [FILE.format(name=in_a_line(name, NAME_ROOM)) for name in names]
    return "\n".join(filter(None, [clean_text(message.clean_content), *things]))


def _line(message: discord.Message, said: str) -> str:
    """Return a message as a line; further lines of it are indented, so that none passes for another's."""
    name = in_a_line(message.author.display_name, NAME_ROOM)
    return LINE.format(at=_at(message.created_at), name=name, text=said.replace("\n", "\n    "))


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
