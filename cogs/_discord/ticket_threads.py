"""Ticket threads: which those are, who answers in them, and what is written down when one is closed (F126)."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import discord

from bot.command_tree import Interaction
from bot.conversation.naming import clean_text
from cogs._discord.quoting import in_a_line
from database.models import Desk

MOST_MESSAGES = 2_000
MOST_BYTES = 7_000_000
"""A transcript stays below what Discord takes as a file; of a longer ticket the newest lines are in it."""
NAME_ROOM = 60

NEEDED_AT_DESK = (
    "view_channel",
    "create_private_threads",
    "send_messages_in_threads",
    "manage_threads",
    "read_message_history",
    "attach_files",
)
"""What the bot needs where tickets are opened: it makes the thread, writes in it, reads it, locks it."""

TITLE = "Ticket {number} in {server}"
OPENED = "Opened {opened} UTC by {opener}. Closed {closed} UTC by {closer}."
LEFT_OUT = "(Older messages are left out: the newest {count} are below.)"
LINE = "[{at}] {name}: {text}"
FILE = "(file: {name})"
NO_WORDS = "(no words)"


def is_ticket(channel: object, me: int) -> bool:
    """Say whether a channel is a ticket: a private thread of the bot's own. It makes no others.

    That can be told of the thread alone, so it holds also when nothing is kept of the ticket any more.
    """
    return isinstance(channel, discord.Thread) and channel.is_private() and channel.owner_id == me


def is_staff(interaction: Interaction, desk: Desk | None) -> bool:
    """Say whether who asks answers tickets: by the role that admins named, or as who manages threads here."""
    held = interaction.permissions
    if held.manage_threads or held.administrator:
        return True
    user = interaction.user
    roles = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
    return desk is not None and desk.role_id in roles


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
    left_out = [] if complete else [LEFT_OUT.format(count=len(lines))]
    return "\n".join([head, *left_out, "", *reversed(lines), ""]).encode()


def as_file(data: bytes, number: int) -> discord.File:
    """Return a transcript as a file; each message needs one of its own."""
    return discord.File(BytesIO(data), f"ticket-{number}.txt")


async def _lines(thread: discord.Thread) -> AsyncIterator[str]:
    async for message in thread.history(limit=MOST_MESSAGES + 1, oldest_first=False):
        if message.type in (discord.MessageType.default, discord.MessageType.reply):
            yield _line(message)


def _line(message: discord.Message) -> str:
    """Return a message as a line; further lines of it are indented, so that none passes for another's."""
    files: list[Any] = [*message.attachments, *message.stickers]
    things = [FILE.format(name=in_a_line(getattr(one, "filename", one.name if hasattr(one, "name") else ""), 100)) for one in files]
    said = "\n".join(filter(None, [clean_text(message.clean_content), *things])) or NO_WORDS
    name = in_a_line(message.author.display_name, NAME_ROOM)
    at = f"{message.created_at:%Y-%m-%d %H:%M}"
    return LINE.format(at=at, name=name, text=said.replace("\n", "\n    "))
