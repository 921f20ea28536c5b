"""Download of attachments from Discord's CDN; an expired link is replaced by fetching the message again."""

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.core.errors import Unperceived
from bot.discord.malformed_events import UNREADABLE
from cogs._discord.posting import DISCORD_FAULTS
from memory.attachments import Attachment

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

FETCHING_SECONDS = 10.0
PIECE = 64 << 10
MOST_LINKS = 500
"""Most links in the cache of recent attachments, which saves asking Discord for them again."""
EXPIRED = (403, 404)


class AttachmentFetcher:
    """Downloads attachments, only by the links that Discord supplies."""

    def __init__(self, bot: "Masquerade") -> None:
        self._bot = bot
        self._links: OrderedDict[int, str] = OrderedDict()

    def notice(self, message: discord.Message) -> None:
        """Cache the links of a message and of the message that it replies to."""
        original = message.reference.resolved if message.reference else None
        for candidate in (message, original):
            if isinstance(candidate, discord.Message):
                self._links.update(_links_of(candidate))
        while len(self._links) > MOST_LINKS:
            self._links.popitem(last=False)

    async def __call__(
        self, channel_id: int, message_id: int, attachment: Attachment, /, *, most: int
    ) -> bytes:
        """Return the bytes of an attachment; raise Unperceived if the download fails."""
        if attachment.size > most:
            raise Unperceived("it is too large")
        try:
            async with asyncio.timeout(FETCHING_SECONDS):
                link = self._links.get(attachment.id)
                data = await self._get(link, most) if link else None
                if data is None:  # the cached link has expired or left the cache
                    link = await self._fresh_link(channel_id, message_id, attachment.id)
                    data = await self._get(link, most) if link else None
        except TimeoutError as error:
            raise Unperceived("Discord does not send it in time") from error
        except (*DISCORD_FAULTS, *UNREADABLE, aiohttp.ClientError, OSError) as error:
            raise Unperceived(f"it can't be fetched ({type(error).__name__})") from error
        if data is None:
            raise Unperceived("it is not there any more")
        return data

    async def _fresh_link(self, channel_id: int, message_id: int, attachment_id: int) -> str | None:
        channel = self._bot.get_partial_messageable(channel_id)
        self._links.pop(attachment_id, None)
        message = await channel.fetch_message(message_id)
        self._links.update(_links_of(message))
        return self._links.get(attachment_id)

    async def _get(self, link: str, most: int) -> bytes | None:
        """Return the content of a link; None if the link is dead. Discord may state a wrong size."""
        http, data = self._bot.http, bytearray()
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(
                link, allow_redirects=False, proxy=http.proxy, proxy_auth=http.proxy_auth
            ) as response,
        ):
            if response.status in EXPIRED:
                return None
            if response.status != 200:
                raise Unperceived(f"Discord answers {response.status}")
            async for piece in response.content.iter_chunked(PIECE):
                data += piece
                if len(data) > most:
                    raise Unperceived("it is larger than Discord said")
        return bytes(data)


def _links_of(message: discord.Message) -> dict[int, str]:
    """Return the links of a message's files and stickers by id, including those that it forwards."""
    links = dict[int, str]()
    parts: list[discord.Message | discord.MessageSnapshot] = [message, *message.message_snapshots]
    for part in parts:
        links |= {file.id: file.url for file in part.attachments}
        links |= {sticker.id: sticker.url for sticker in part.stickers}
    return links
