"""Posting in one channel: how patiently Discord is asked, and what its refusals mean for a reply."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from bot.conversation.types import Part
from bot.core.clock import Clock
from bot.core.errors import Gone, Unpostable, Unsaid, Unsayable

if TYPE_CHECKING:
    from discord.abc import PartialMessageableChannel

T = TypeVar("T")

DEADLINE = 90.0
HISTORY_LOOKED_AT = 100
UNKNOWN_MESSAGE = 10008
_SOMEBODY_ELSES = 50005

_UNREACHABLE = (aiohttp.ClientError, OSError, discord.RateLimited)  # a TimeoutError is an OSError
DISCORD_FAULTS = (*_UNREACHABLE, discord.DiscordException)
"""Everything that asking Discord for something may raise."""


class Posting:
    """Posts in one channel; with `pings`, the person who is answered is pinged, and nobody else."""

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
        """Return what posts in another channel as this does here."""
        return Posting(channel, clock=self._clock, on_unauthorized=self._on_unauthorized, pings=self._pings)

    @asynccontextmanager
    async def asking(self, *, change: bool = False) -> AsyncIterator[None]:
        """Let Discord be asked within the deadline, and name what goes wrong.

        With `change` a message is to be changed, which may be gone by now. Raises a SpeakingError.
        """
        try:
            async with asyncio.timeout(DEADLINE):
                yield
        except DISCORD_FAULTS as error:
            raise (self._of_message(error) if change else self._named(error)) from error

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask up to three times, while nothing stands in the way but what passes by itself."""
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
        """Allow that one user is pinged, and nobody else; characters, whose ids are negative, can't be."""
        users = [discord.Object(to)] if self._pings and to > 0 else []
        return discord.AllowedMentions(everyone=False, roles=False, users=users, replied_user=False)

    async def edit(self, message_id: int, text: str) -> None:
        """Give one of the bot's messages new words; nobody is pinged by an edit."""
        message = self.channel.get_partial_message(message_id)
        await message.edit(content=text, allowed_mentions=discord.AllowedMentions.none())

    async def delete(self, message_id: int) -> None:
        """Delete a message; one that is gone already is fine."""
        try:
            await self.channel.get_partial_message(message_id).delete()
        except discord.NotFound:
            return

    def _of_message(self, error: Exception) -> Unsaid | Unsayable | Unpostable:
        """Return what an error means for a message that is to be changed: one that is gone is gone."""
        code = error.code if isinstance(error, discord.HTTPException) else None
        if code == UNKNOWN_MESSAGE:
            return Gone(f"Discord does not know the message any more (code {code})")
        if code == _SOMEBODY_ELSES:
            return Unpostable(f"the message was posted through a webhook that is gone (code {code})")
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


def _passing(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= 500
    return isinstance(error, _UNREACHABLE) and not isinstance(error, discord.RateLimited)
