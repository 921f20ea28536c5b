"""The one webhook of a channel through which further characters speak: found or made, then kept (C20)."""

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
"""Seconds for which a channel is left alone that had no webhook for us."""
LATELY = timedelta(minutes=5)
UNKNOWN_WEBHOOK = 10015
TOO_MANY = 30007

Holder = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel
"""What can have webhooks; a thread's are those of the channel around it."""

_REFUSED_WORDS = re.compile(r"dis(?=cord)|cly(?=de)", re.IGNORECASE)
_REFUSED_NAMES = frozenset({"everyone", "here"})


def username_of(speaker: Speaker) -> str:
    """Return a name that Discord takes for a webhook's message: 1 to 80 units, and none that it refuses.

    It refuses names with "discord" and "clyde" in them: those get a hyphen.
    """
    name = "" if is_blank(speaker.name) else in_a_line(speaker.name, LONGEST_USERNAME)
    name = _REFUSED_WORDS.sub(r"\g<0>-", name or speaker.slug)
    if name.casefold() in _REFUSED_NAMES:
        name = f"{name}."
    return shortened(name, LONGEST_USERNAME)


class Uncertain(aiohttp.ClientError):
    """Nobody knows whether Discord did what it was asked to do."""


@dataclass(frozen=True, slots=True)
class ThreadWebhook:
    """A webhook that posts in a channel, and the thread in which it is to.

    `hook` is asked again by discord.py whenever something passes by: for what may be done twice.
    `once` is the same webhook, asked once: for posting, because a webhook knows no nonce (faults A9).
    """

    holder_id: int
    hook: discord.Webhook
    once: discord.Webhook
    thread: Any = MISSING


class Webhooks:
    """Knows the webhooks of one bot, one for each channel."""

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[int, discord.Webhook] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked_again: dict[int, float] = {}
        self._told: set[int] = set()
        self._posted: dict[int, int] = {}

    async def outlet(self, channel: "PartialMessageableChannel") -> ThreadWebhook | None:
        """Return what posts in a channel, and None where no webhook can be had.

        Raises what Discord answers, when that may be another answer later.
        """
        place = await self._place(channel)
        holder = await self._parent(place) if isinstance(place, discord.Thread) else place
        if not isinstance(holder, Holder):
            return None
        async with self._locks[holder.id]:  # or two that speak at once would make two
            hook = self._kept.get(holder.id) or await self._hook_of(holder)
        if hook is None:
            return None
        self._kept[holder.id] = hook
        thread = discord.Object(place.id) if isinstance(place, discord.Thread) else MISSING
        return ThreadWebhook(holder.id, hook, self._once(hook), thread)

    def forget(self, outlet: ThreadWebhook) -> None:
        """Take in that a webhook is gone; the next one who speaks makes another."""
        if self._kept.get(outlet.holder_id) is outlet.hook:
            del self._kept[outlet.holder_id]

    def newest(self, channel: "PartialMessageableChannel") -> int:
        """Return the id of a message behind which everything is that is going to be posted from now on."""
        seen: Any = self._client.get_channel(channel.id) or channel
        known = max(getattr(seen, "last_message_id", None) or 0, self._posted.get(channel.id, 0))
        return known or time_snowflake(self._clock.now() - LATELY)

    def posted(self, channel: "PartialMessageableChannel", message_id: int) -> None:
        """Take in what was posted last in a channel."""
        self._posted[channel.id] = message_id

    def is_ours(self, message: discord.Message) -> bool:
        """Say whether one of our webhooks posted a message, the one that is there now or an earlier one."""
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
        """Return a channel's webhook of ours, made when there is none; None where Discord allows none."""
        if self._clock.monotonic() < self._asked_again.get(holder.id, 0):
            return None
        if not _may_ask(holder):  # known without asking, and known at once when that changes
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
        """Return the oldest webhook there that our application made; nobody else is told its token."""
        me = self._client.user
        mine = [
            one for one in await holder.webhooks() if one.token and one.user and me and one.user.id == me.id
        ]
        return min(mine, key=lambda one: one.id, default=None)

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
    """A session that lets no fault pass for an answer: discord.py would send the same once more."""

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
    """Say whether an error means that a webhook is there no more, or goes by another token now."""
    return error.code == UNKNOWN_WEBHOOK or error.status == 401


def _may_ask(holder: Holder) -> bool:
    me = holder.guild.me
    return me is None or holder.permissions_for(me).manage_webhooks


def _refusal(error: discord.HTTPException | discord.RateLimited) -> str | None:
    """Return why there is no webhook to be had, in words for the operator; None if there may be one."""
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
    """Return what is known of a bot's webhooks: the same for everything that speaks."""
    if bot not in _WEBHOOKS:
        _WEBHOOKS[bot] = Webhooks(weakref.proxy(bot), bot.app.clock)  # or neither would ever be let go
    return _WEBHOOKS[bot]
