"""Posting in one channel: deadlines, retries, and the meaning of Discord's errors for a reply.

Without a webhook the bot posts `Name: text` for a further character (C20). A character for adults posts
nothing once the channel lets children in (C91).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from discord.utils import escape_mentions
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from bot.conversation.company import Speaker
from bot.conversation.text.split import LIMIT, split
from bot.conversation.types import Mouth, Part
from bot.core.clock import Clock
from bot.core.errors import Gone, Unpostable, Unsaid, Unsayable
from bot.core.i18n import speaking
from cogs._discord.text import inline

if TYPE_CHECKING:
    from discord.abc import PartialMessageableChannel

T = TypeVar("T")

DEADLINE = 90.0
HISTORY_LOOKED_AT = 100
UNKNOWN_MESSAGE = 10008
_SOMEBODY_ELSES = 50005

_UNREACHABLE = (aiohttp.ClientError, OSError, discord.RateLimited)  # a TimeoutError is an OSError
DISCORD_FAULTS = (*_UNREACHABLE, discord.DiscordException)
"""All exceptions that a request to Discord may raise."""

LONGEST_NAME = 80
LOOKED_AT = 25
"""Messages after a part's first one that are searched for its further pieces, which follow at once."""
_BLOCK_SIGN = re.compile(r"^(\d*)([#>+.-])")
"""Characters at the start of a line that make it a list, a heading or a quotation."""

NOT_FOR_CHILDREN = "the channel is not marked as age-restricted any more"


class Posting:
    """Posts in one channel; with `pings` it pings the person whom it answers, and nobody else."""

    def __init__(
        self,
        channel: "PartialMessageableChannel",
        *,
        clock: Clock,
        on_unauthorized: Callable[[], None],
        pings: bool = True,
    ) -> None:
        self.channel = channel
        self._clock = clock
        self._on_unauthorized = on_unauthorized
        self._pings = pings

    def elsewhere(self, channel: "PartialMessageableChannel") -> "Posting":
        """Return a Posting for another channel with the same options."""
        return Posting(channel, clock=self._clock, on_unauthorized=self._on_unauthorized, pings=self._pings)

    @asynccontextmanager
    async def asking(self, *, change: bool = False) -> AsyncIterator[None]:
        """Apply the deadline to requests to Discord, and raise their errors as a SpeakingError.

        `change` means that the request changes a message, which may have been deleted meanwhile.
        """
        try:
            async with asyncio.timeout(DEADLINE):
                yield
        except DISCORD_FAULTS as error:
            raise (self._error_of_change(error) if change else self._error_of_post(error)) from error

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Try up to three times in all, as long as the errors are temporary."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.5),
            retry=retry_if_exception(_passing),
            sleep=self._clock.sleep,
            reraise=True,
        )
        answer: T = await retrying(ask)
        return answer

    async def post(self, part: Part, *, to: int, under: int | None = None) -> int:
        """Post one part as the bot, as a reply to the message `under`; return its id.

        The nonce lets Discord post it once, however often it is sent (faults A9).
        """
        options: dict[str, Any] = {}
        if under is not None:
            options["reference"] = discord.MessageReference(
                message_id=under, channel_id=self.channel.id, fail_if_not_exists=False
            )

        async def send() -> int:
            message: discord.Message = await self.channel.send(
                part.text, nonce=part.nonce, allowed_mentions=self.pinging(to), **options
            )
            return message.id

        return await self.patiently(send)

    def pinging(self, to: int) -> discord.AllowedMentions:
        """Allow a ping of one user only; characters have negative ids and are never pinged."""
        users = [discord.Object(to)] if self._pings and to > 0 else []
        return discord.AllowedMentions(everyone=False, roles=False, users=users, replied_user=False)

    async def edit(self, message_id: int, text: str) -> None:
        """Replace the text of one of the bot's messages without pinging anybody."""
        message = self.channel.get_partial_message(message_id)
        await message.edit(content=text, allowed_mentions=discord.AllowedMentions.none())

    async def delete(self, message_id: int) -> None:
        """Delete a message, if it still exists."""
        try:
            await self.channel.get_partial_message(message_id).delete()
        except discord.NotFound:
            return

    def history(self, after: int, *, oldest_first: bool = True) -> AsyncIterator[discord.Message]:
        """Return up to HISTORY_LOOKED_AT messages after a message."""
        behind = discord.Object(after)
        return self.channel.history(after=behind, limit=HISTORY_LOOKED_AT, oldest_first=oldest_first)

    def _error_of_change(self, error: Exception) -> Unsaid | Unsayable | Unpostable:
        """Return the SpeakingError for a failed change of a message; a deleted message is Gone."""
        code = error.code if isinstance(error, discord.HTTPException) else None
        if code == UNKNOWN_MESSAGE:
            return Gone(f"Discord does not know the message any more (code {code})")
        if code == _SOMEBODY_ELSES:
            return Unpostable(f"the message was posted through a webhook that is gone (code {code})")
        return self._error_of_post(error)

    def _error_of_post(self, error: Exception) -> Unsaid | Unsayable | Unpostable:
        """Return the SpeakingError for a failed post."""
        if not isinstance(error, discord.HTTPException) or error.status == 429 or error.status >= 500:
            return Unsaid(f"Discord can't be reached ({type(error).__name__})")
        if error.status == 401:
            self._on_unauthorized()
            return Unsaid("Discord no longer accepts the token")
        sort = Unsayable if error.status in (403, 404) else Unpostable
        return sort(f"Discord answered {error.status} (code {error.code})")


def _passing(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= 500
    return isinstance(error, _UNREACHABLE) and not isinstance(error, discord.RateLimited)


def language_of_the_server(channel: object) -> AbstractContextManager[None]:
    """Use the language of a channel's server; English in DMs, whose language Discord doesn't tell."""
    guild = getattr(channel, "guild", None)
    return speaking(guild.preferred_locale.value if isinstance(guild, discord.Guild) else None)


def safe_name(name: str) -> str:
    """Return a name with Markdown and mentions escaped, for the start of a message."""
    plain = escape_mentions(inline(name, LONGEST_NAME)).replace("<", "\\<")
    return _BLOCK_SIGN.sub(r"\1\\\2", plain)


def pieces_of(name: str, text: str) -> list[str]:
    """Return the messages for a text: one, or more if the name makes the text too long for one."""
    return split(f"{safe_name(name)}: {text}", LIMIT)


class Prefixed:
    """Posts parts as the bot, each with the character's name before it.

    A part that needs several messages has the id of its first. The further messages reply to the first, so
    they can be found whenever the part is changed, also after a restart.
    """

    def __init__(self, posting: Posting, name: str, *, me: int) -> None:
        self._posting = posting
        self._name = name
        self._me = me

    async def say(self, part: Part, *, to: int) -> int:
        """Post a part and return the id of its first message."""
        first, *rest = self._parts(part)
        message_id = await self._posting.post(first, to=to)
        for piece in rest:
            await self._posting.post(piece, to=to, under=message_id)
        return message_id

    async def edit(self, message_id: int, text: str) -> None:
        """Replace the text of a part, in as many messages as the new text takes."""
        first, *rest = self._parts(Part(0, text, f"e{message_id}"))
        await self._posting.edit(message_id, first.text)
        for posted, piece in zip_longest(await self._later_messages(message_id), rest):
            if piece is None:
                await self._posting.delete(posted.id)
            elif posted is None:
                await self._posting.post(piece, to=0, under=message_id)
            elif posted.content.strip() != piece.text.strip():
                await self._posting.edit(posted.id, piece.text)

    async def unsay(self, message_id: int) -> None:
        """Delete all messages of a part."""
        for message in await self._later_messages(message_id):
            await self._posting.delete(message.id)
        await self._posting.delete(message_id)

    def is_first_of(self, message: discord.Message, part: Part) -> bool:
        """Return whether a message is the first message of a part."""
        if message.author.id != self._me or message.webhook_id is not None:
            return False
        return message.content.strip() == self._parts(part)[0].text.strip()

    async def complete(self, message_id: int, part: Part) -> None:
        """Post the missing messages of a part whose first message exists."""
        rest = self._parts(part)[1:]
        if rest:
            posted = await self._later_messages(message_id)
            for piece in rest[len(posted) :]:
                await self._posting.post(piece, to=0, under=message_id)

    def _parts(self, part: Part) -> list[Part]:
        """Return the messages of a part, each with its own nonce."""
        pieces = pieces_of(self._name, part.text)
        marks = ["", *(chr(ord("a") + number) for number in range(len(pieces) - 1))]
        return [
            Part(part.number, piece, part.nonce + mark) for piece, mark in zip(pieces, marks, strict=True)
        ]

    async def _later_messages(self, message_id: int) -> list[discord.Message]:
        """Return the messages of a part after its first."""
        history = self._posting.channel.history(after=discord.Object(message_id), limit=LOOKED_AT)
        return [
            message
            async for message in history
            if message.author.id == self._me
            and message.reference
            and message.reference.message_id == message_id
        ]


class GatedMouth:
    """Posts nothing once the channel is no longer age-restricted, even for a reply that is already written.

    `open_now` returns the channel's mark as Discord sent it last. Posted messages may still be deleted.
    """

    show: Callable[[str], None] | None = None

    def __init__(self, own: Mouth, open_now: Callable[[], bool]) -> None:
        self._own = own
        self._open_now = open_now

    @property
    def me(self) -> int:
        return self._own.me

    @property
    def emotes(self) -> Mapping[str, str]:
        return self._own.emotes

    def speaking_as(self, speaker: Speaker) -> Mouth:
        return self._own.speaking_as(speaker)

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._own.typing() if self._open_now() else nullcontext()

    async def say(self, part: Part, *, to: int) -> int:
        self._check()
        return await self._own.say(part, to=to)

    async def edit(self, message_id: int, text: str) -> None:
        self._check()
        await self._own.edit(message_id, text)

    async def unsay(self, message_id: int) -> None:
        await self._own.unsay(message_id)

    async def react(self, message_id: int) -> None:
        self._check()
        await self._own.react(message_id)

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        self._check()  # the search may post the rest of an incomplete part
        return await self._own.find(part, after=after, known=known)

    async def whisper(self, part: Part, *, to: int) -> bool:
        return await self._own.whisper(part, to=to)

    def _check(self) -> None:
        if not self._open_now():
            raise Unpostable(NOT_FOR_CHILDREN)
