"""A reply, as Discord posts it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import aiohttp
import discord
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from bot.clock import Clock
from bot.errors import Gone, Unpostable, Unsaid, Unsayable
from bot.turn import Part

if TYPE_CHECKING:
    from discord.abc import MessageableChannel, PartialMessageableChannel

    from bot.client import Masquerade

log = logging.getLogger(__name__)

TYPING_AFTER = 0.5
"""Seconds before the typing indicator shows: an answer that comes at once needs none."""
CANNOT_ANSWER = "\N{ZIPPER-MOUTH FACE}"
"""What is put on a message when no answer can be thought of, and errors=react (C19)."""
TYPING_AGAIN = 8.0
"""Seconds between two signs of typing: Discord drops the indicator after about ten (F055)."""
DEADLINE = 90.0
HISTORY_LOOKED_AT = 100
_UNKNOWN_MESSAGE = 10008

_UNREACHABLE = (aiohttp.ClientError, OSError, discord.RateLimited)  # a TimeoutError is an OSError
DISCORD_FAULTS = (*_UNREACHABLE, discord.DiscordException)
"""Everything that asking Discord for something may raise."""


class DiscordMouth:
    """Says replies in one channel; with `pings`, the person who is answered is pinged, and nobody else."""

    show: Callable[[str], None] | None = None

    def __init__(
        self,
        channel: "PartialMessageableChannel",
        *,
        me: int,
        clock: Clock,
        on_unauthorized: Callable[[], None],
        pings: bool = True,
    ) -> None:
        self.me = me
        self._pings = pings
        self._channel = channel
        self._clock = clock
        self._on_unauthorized = on_unauthorized

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Show that the character types. That it can't be shown is no reason not to answer."""
        task = asyncio.create_task(self._keep_typing())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def say(self, part: Part, *, to: int) -> int:
        """Post one part; the nonce lets Discord post it once, however often it is sent (faults A9)."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.5),
            retry=retry_if_exception(_passing),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            async with asyncio.timeout(DEADLINE):
                message: discord.Message = await retrying(self._post, part, to)
        except DISCORD_FAULTS as error:
            raise self._named(error) from error
        return message.id

    async def edit(self, message_id: int, text: str) -> None:
        """Give one of the bot's messages new words; nobody is pinged by an edit."""
        message = self._channel.get_partial_message(message_id)
        nobody = discord.AllowedMentions.none()
        try:
            async with asyncio.timeout(DEADLINE):
                await message.edit(content=text, allowed_mentions=nobody)
        except DISCORD_FAULTS as error:
            raise self._of_message(error) from error

    async def unsay(self, message_id: int) -> None:
        """Delete one of the bot's messages."""
        try:
            async with asyncio.timeout(DEADLINE):
                await self._channel.get_partial_message(message_id).delete()
        except discord.NotFound:
            return
        except DISCORD_FAULTS as error:
            raise self._of_message(error) from error

    async def react(self, message_id: int) -> None:
        """Put a sign on a message that can't be answered."""
        try:
            async with asyncio.timeout(DEADLINE):
                await self._channel.get_partial_message(message_id).add_reaction(CANNOT_ANSWER)
        except DISCORD_FAULTS as error:
            raise self._named(error) from error

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        """Look for a part in what the bot posted after a message; history does not tell the nonces."""
        try:
            async with asyncio.timeout(DEADLINE):
                history = self._channel.history(after=discord.Object(after), limit=HISTORY_LOOKED_AT)
                async for message in history:
                    mine = message.author.id == self.me and message.id not in known
                    if mine and message.content.strip() == part.text.strip():
                        return message.id
        except DISCORD_FAULTS as error:
            raise self._named(error) from error
        return None

    async def _post(self, part: Part, to: int) -> discord.Message:
        users = [discord.Object(to)] if self._pings else []
        pings = discord.AllowedMentions(everyone=False, roles=False, users=users, replied_user=False)
        return await self._channel.send(part.text, nonce=part.nonce, allowed_mentions=pings)

    async def _keep_typing(self) -> None:
        try:
            await self._clock.sleep(TYPING_AFTER)
            while True:
                await self._channel.typing()
                await self._clock.sleep(TYPING_AGAIN)
        except DISCORD_FAULTS as error:
            log.debug("Typing can't be shown: %s", type(error).__name__)

    def _of_message(self, error: Exception) -> Unsaid | Unsayable | Unpostable:
        """Return what an error means for a message that is to be changed: one that is gone is gone."""
        if isinstance(error, discord.NotFound) and error.code == _UNKNOWN_MESSAGE:
            return Gone(f"Discord answered {error.status} (code {error.code})")
        return self._named(error)

    def _named(self, error: Exception) -> Unsaid | Unsayable | Unpostable:
        """Return what an error means for the reply."""
        if not isinstance(error, discord.HTTPException) or error.status == 429 or error.status >= 500:
            return Unsaid(f"Discord can't be reached ({type(error).__name__})")
        if error.status == 401:
            self._on_unauthorized()
            return Unsaid("Discord no longer accepts the token")
        sort = Unsayable if error.status in (403, 404) else Unpostable
        return sort(f"Discord answered {error.status} (code {error.code})")


def mouth_in(bot: "Masquerade", channel: "MessageableChannel | int", *, pings: bool = True) -> DiscordMouth:
    """Return what speaks in a channel, also by its id alone."""
    if isinstance(channel, int):
        channel = bot.get_partial_messageable(channel)
    assert not isinstance(channel, discord.GroupChannel)  # no bot gets into one
    assert bot.user is not None
    return DiscordMouth(
        channel,
        me=bot.user.id,
        clock=bot.app.clock,
        on_unauthorized=bot.stop_for_bad_token,
        pings=pings,
    )


def _passing(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= 500
    return isinstance(error, _UNREACHABLE) and not isinstance(error, discord.RateLimited)
