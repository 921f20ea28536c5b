"""The webhook of each channel through which further characters speak: found or created, then cached (C20)."""

import asyncio
import logging
import re
import weakref
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import discord
from discord.utils import MISSING, time_snowflake

from bot.conversation.company import Speaker
from bot.conversation.text.names import is_blank
from bot.core.clock import Clock
from cogs._discord.hearing import is_own_webhooks
from cogs._discord.text import in_a_line, shortened

if TYPE_CHECKING:
    from discord.abc import PartialMessageableChannel

    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

NAME = "Masquerade"
LONGEST_USERNAME = 80
ASKED_AGAIN = 600.0
"""Seconds before a channel that refused a webhook is asked again."""
LATELY = timedelta(minutes=5)
UNKNOWN_WEBHOOK = 10015
TOO_MANY = 30007

Holder = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel
"""Channels that can have webhooks; a thread uses those of its parent channel."""

_REFUSED_WORDS = re.compile(r"dis(?=cord)|cly(?=de)", re.IGNORECASE)
_REFUSED_NAMES = frozenset({"everyone", "here"})


def username_of(speaker: Speaker) -> str:
    """Return a name that Discord accepts for a webhook's message: 1 to 80 units.

    Discord refuses names that contain "discord" or "clyde": these words get a hyphen.
    """
    name = "" if is_blank(speaker.name) else in_a_line(speaker.name, LONGEST_USERNAME)
    name = _REFUSED_WORDS.sub(r"\g<0>-", name or speaker.slug)
    if name.casefold() in _REFUSED_NAMES:
        name = f"{name}."
    return shortened(name, LONGEST_USERNAME)


class Uncertain(aiohttp.ClientError):
    """It is unknown whether Discord performed a request."""


@dataclass(frozen=True, slots=True)
class ThreadWebhook:
    """A webhook of a channel, with the thread in which it posts, if any.

    discord.py retries requests of `hook` after temporary errors: for requests that may run twice. `once` is
    the same webhook without retries: for posting, because webhooks have no nonce (faults A9).
    """

    holder_id: int
    hook: discord.Webhook
    once: discord.Webhook
    thread: Any = MISSING


class Webhooks:
    """The webhooks of one bot, one for each channel."""

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[int, discord.Webhook] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked_again: dict[int, float] = {}
        self._told: set[int] = set()
        self._posted: dict[int, int] = {}

    async def outlet(self, channel: "PartialMessageableChannel") -> ThreadWebhook | None:
        """Return the webhook for a channel, or None if the channel allows none.

        Raises Discord's error if a later attempt may succeed.
        """
        place = await self._place(channel)
        holder = await self._parent(place) if isinstance(place, discord.Thread) else place
        if not isinstance(holder, Holder):
            return None
        async with self._locks[holder.id]:  # two simultaneous replies must not create two webhooks
            hook = self._kept.get(holder.id) or await self._hook_of(holder)
        if hook is None:
            return None
        self._kept[holder.id] = hook
        thread = discord.Object(place.id) if isinstance(place, discord.Thread) else MISSING
        return ThreadWebhook(holder.id, hook, self._once(hook), thread)

    def forget(self, outlet: ThreadWebhook) -> None:
        """Forget a deleted webhook; the next post creates another one."""
        if self._kept.get(outlet.holder_id) is outlet.hook:
            del self._kept[outlet.holder_id]

    def newest(self, channel: "PartialMessageableChannel") -> int:
        """Return an id that is lower than that of every future message in a channel."""
        seen: Any = self._client.get_channel(channel.id) or channel
        known = max(getattr(seen, "last_message_id", None) or 0, self._posted.get(channel.id, 0))
        return known or time_snowflake(self._clock.now() - LATELY)

    def posted(self, channel: "PartialMessageableChannel", message_id: int) -> None:
        """Record the latest message of a channel."""
        self._posted[channel.id] = message_id

    def is_ours(self, message: discord.Message) -> bool:
        """Return whether a current or former webhook of ours posted the message."""
        return is_own_webhooks(message, self._client.application_id)

    async def _place(self, channel: "PartialMessageableChannel") -> Any:
        if not isinstance(channel, discord.PartialMessageable):
            return channel
        if channel.type is discord.ChannelType.private:
            return None
        return self._client.get_channel(channel.id) or await self._client.fetch_channel(channel.id)

    async def _parent(self, thread: discord.Thread) -> Any:
        return thread.parent or await self._client.fetch_channel(thread.parent_id)

    async def _hook_of(self, holder: Holder) -> discord.Webhook | None:
        """Return our webhook in a channel, created if needed; None if Discord allows none."""
        if self._clock.monotonic() < self._asked_again.get(holder.id, 0):
            return None
        if not _may_ask(holder):  # known without a request, also right after a change
            self._tell(holder, NO_PERMISSION)
            return None
        try:
            return await self._found(holder) or await holder.create_webhook(name=NAME)
        except (discord.HTTPException, discord.RateLimited) as error:
            reason = _refusal(error)
            if reason is None:
                raise
        self._asked_again[holder.id] = self._clock.monotonic() + ASKED_AGAIN
        self._tell(holder, reason)
        return None

    async def _found(self, holder: Holder) -> discord.Webhook | None:
        """Return the oldest webhook of our application; Discord tells its token to us only."""
        me = self._client.user
        mine = [
            hook
            for hook in await holder.webhooks()
            if hook.token and hook.user and me and hook.user.id == me.id
        ]
        return min(mine, key=lambda hook: hook.id, default=None)

    def _once(self, hook: discord.Webhook) -> discord.Webhook:
        assert hook.token is not None
        once = discord.Webhook.partial(hook.id, hook.token, client=self._client)
        once.session = cast("aiohttp.ClientSession", _AskedOnce(once.session))
        return once

    def _tell(self, holder: Holder, reason: str) -> None:
        if holder.id not in self._told:
            self._told.add(holder.id)
            log.warning("In channel %s further characters speak as 'Name: text': %s", holder.id, reason)


class _AskedOnce:
    """A session that raises every failure, because discord.py would retry on an error response."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @asynccontextmanager
    async def request(self, method: str, url: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session.request(method, url, **options) as response:
                if response.status >= 500:
                    raise Uncertain(f"status {response.status}")
                yield response
        except OSError as error:
            raise Uncertain(type(error).__name__) from error


def is_gone(error: discord.HTTPException) -> bool:
    """Return whether an error means that a webhook was deleted or has another token."""
    return error.code == UNKNOWN_WEBHOOK or error.status == 401


def _may_ask(holder: Holder) -> bool:
    me = holder.guild.me
    return me is None or holder.permissions_for(me).manage_webhooks


def _refusal(error: discord.HTTPException | discord.RateLimited) -> str | None:
    """Return for the operator why no webhook is possible; None if a later attempt may succeed."""
    if isinstance(error, discord.RateLimited):
        return f"Discord lets nobody make a webhook there for {error.retry_after:.0f} seconds."
    if error.status == 403:
        return NO_PERMISSION
    if error.code == TOO_MANY:
        return "all webhooks that it may have are taken. Delete one in its settings, under Integrations."
    if error.status in (401, 404, 429) or error.status >= 500:
        return None
    return f"Discord makes no webhook there (code {error.code})."


NO_PERMISSION = "the bot may not manage webhooks there. Give its role the permission 'Manage Webhooks'."

_WEBHOOKS: "weakref.WeakKeyDictionary[Masquerade, Webhooks]" = weakref.WeakKeyDictionary()


def webhooks_of(bot: "Masquerade") -> Webhooks:
    """Return the bot's webhooks, a single object shared by all outlets."""
    if bot not in _WEBHOOKS:
        _WEBHOOKS[bot] = Webhooks(
            weakref.proxy(bot), bot.app.clock
        )  # a strong reference would keep both alive forever
    return _WEBHOOKS[bot]
