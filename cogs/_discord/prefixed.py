"""A further character where no webhook can be had: the bot says `Name: text` (C20)."""

import re
from itertools import zip_longest

import discord
from discord.utils import escape_mentions

from bot.conversation.text.split import LIMIT, split
from bot.conversation.types import Part
from cogs._discord.posting import Posting
from cogs._discord.text import inline

LONGEST_NAME = 80
LOOKED_AT = 25
"""Messages behind one among which its further pieces are looked for: they are posted at once."""
_BLOCK_SIGN = re.compile(r"^(\d*)([#>+.-])")
"""What makes a list, a heading or a quotation of a line that begins with it."""


def safe_name(name: str) -> str:
    """Return a name that shows in a message as it is: no Markdown is read in it, and nobody mentioned."""
    plain = escape_mentions(inline(name, LONGEST_NAME)).replace("<", "\\<")
    return _BLOCK_SIGN.sub(r"\1\\\2", plain)


def pieces_of(name: str, text: str) -> list[str]:
    """Return what is posted for a text: one message, or more where the name makes it too long for one."""
    return split(f"{safe_name(name)}: {text}", LIMIT)


class Prefixed:
    """Says parts as the bot, each with the character's name before it.

    A part that needs a second message has the id of its first. What is posted for it besides replies to
    that one, so it is found again whenever the part is changed, also after a restart.
    """

    def __init__(self, posting: Posting, name: str, *, me: int) -> None:
        self._posting = posting
        self._name = name
        self._me = me

    async def say(self, part: Part, *, to: int) -> int:
        """Post a part; return the id of its first message."""
        first, *rest = self._parts(part)
        message_id = await self._posting.post(first, to=to)
        for one in rest:
            await self._posting.post(one, to=to, under=message_id)
        return message_id

    async def edit(self, message_id: int, text: str) -> None:
        """Give a part new words, in as many messages as they take."""
        first, *rest = self._parts(Part(0, text, f"e{message_id}"))
        await self._posting.edit(message_id, first.text)
        for there, one in zip_longest(await self._further(message_id), rest):
            if one is None:
                await self._posting.delete(there.id)
            elif there is None:
                await self._posting.post(one, to=0, under=message_id)
            elif there.content.strip() != one.text.strip():
                await self._posting.edit(there.id, one.text)

    async def unsay(self, message_id: int) -> None:
        """Delete what was posted for a part: all of it."""
        for there in await self._further(message_id):
            await self._posting.delete(there.id)
        await self._posting.delete(message_id)

    def is_first_of(self, message: discord.Message, part: Part) -> bool:
        """Say whether a message is the first that was posted for a part."""
        if message.author.id != self._me or message.webhook_id is not None:
            return False
        return message.content.strip() == self._parts(part)[0].text.strip()

    async def complete(self, message_id: int, part: Part) -> None:
        """Post what is missing of a part whose first message is there."""
        rest = self._parts(part)[1:]
        if rest:
            there = await self._further(message_id)
            for one in rest[len(there) :]:
                await self._posting.post(one, to=0, under=message_id)

    def _parts(self, part: Part) -> list[Part]:
        """Return the messages of a part, with nonces of their own."""
        pieces = pieces_of(self._name, part.text)
        marks = ["", *(chr(ord("a") + number) for number in range(len(pieces) - 1))]
        return [
            Part(part.number, piece, part.nonce + mark) for piece, mark in zip(pieces, marks, strict=True)
        ]

    async def _further(self, message_id: int) -> list[discord.Message]:
        """Return what was posted for a part besides its first message."""
        history = self._posting.channel.history(after=discord.Object(message_id), limit=LOOKED_AT)
        return [
            one
            async for one in history
            if one.author.id == self._me and one.reference and one.reference.message_id == message_id
        ]
