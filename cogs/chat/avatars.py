"""Avatars of the further characters, at permanent URLs (C20).

A webhook accepts an avatar only as a URL, and the URLs of attachments expire. The URL of an emoji of our
application does not.
"""

import asyncio
import importlib
import io
import logging
import re
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import discord

from bot.conversation.company import PlayedCharacter
from bot.core.errors import MasqueradeError
from cogs._discord.posting import DISCORD_FAULTS

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

LARGEST_EMOJI = 256 * 1024
"""Most bytes of an emoji."""
LARGEST_FILE = 16 * 1024 * 1024
MOST_PIXELS = 24_000_000
SIDE = 128
"""Most pixels of an emoji's longer side: Discord shrinks larger ones anyway."""
SECONDS = 60.0
LONGEST_SLUG = 17
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_SIGNS = {
    b"\x89PNG\r\n\x1a\n": 0,
    b"\xff\xd8\xff": 0,
    b"GIF87a": 0,
    b"GIF89a": 0,
    b"WEBP": 8,
}
"""The magic bytes, with their offset, by which Discord recognises an image format."""
_NAME = re.compile(r"(masq_\w+)_[0-9a-f]{8}", re.ASCII)

Mark = tuple[str, str, int, int]


class Unusable(MasqueradeError):  # noqa: N818 - it is a picture
    """A picture can't be used as an avatar; the text says what to do about it."""


def emoji_stem(slug: str) -> str:
    """Return the prefix of the names of a character's emojis, which no other character shares."""
    plain = re.sub(r"[^A-Za-z0-9]", "_", slug)
    if plain != slug or len(slug) > LONGEST_SLUG:
        plain = f"{plain[: LONGEST_SLUG - 7]}_{_digest(slug.encode(), 3)}"
    return f"masq_{plain}"


def emoji_name(slug: str, picture: bytes) -> str:
    """Return the name of the emoji for a picture: at most 32 letters, with a digest of the picture."""
    return f"{emoji_stem(slug)}_{_digest(picture, 4)}"


def fit(picture: bytes) -> bytes:
    """Return a picture as a valid emoji, shrunk if necessary. Raises Unusable."""
    if not any(picture[at:].startswith(sign) for sign, at in _SIGNS.items()):
        raise Unusable("It is no PNG, JPEG, WebP or GIF: save it as one of these.")
    return picture if len(picture) <= LARGEST_EMOJI else _smaller(picture)


def _smaller(picture: bytes) -> bytes:
    try:
        pillow: Any = importlib.import_module("PIL.Image")
    except ImportError:
        raise Unusable(
            f"It has {len(picture) // 1024} KiB, and Discord takes {LARGEST_EMOJI // 1024}: save it with "
            f"{SIDE} x {SIDE} pixels, or install Pillow (pip install pillow), which does that by itself."
        ) from None
    try:
        with pillow.open(io.BytesIO(picture), formats=FORMATS) as image:
            if (
                image.width * image.height > MOST_PIXELS
            ):  # the pixels would not fit into a small machine's memory
                raise Unusable(f"It has {image.width} x {image.height} pixels: save it with fewer.")
            small = image.convert("RGBA")
            small.thumbnail((SIDE, SIDE))
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        raise Unusable(f"It can't be read ({type(error).__name__}): save it anew.") from None
    made = io.BytesIO()
    small.save(made, "PNG")
    return made.getvalue()


@dataclass
class Faces:
    """Uploads avatars, one round at a time, and remembers the picture of each."""

    marks: dict[str, Mark] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def give(self, client: discord.Client, roles: Sequence[PlayedCharacter]) -> None:
        """Set the avatar of each role from its picture; log failures, which the next round retries."""
        async with self.lock:
            emojis = await self._emojis(client) if roles else None
            for role in roles:
                mark = _mark(role)
                if await self._give(client, role, emojis):
                    self.marks[role.slug] = mark
                else:
                    self.marks.pop(role.slug, None)

    def changed(self, roles: Sequence[PlayedCharacter]) -> list[PlayedCharacter]:
        """Return the roles whose pictures changed since their avatars were set."""
        return [role for role in roles if self.marks.get(role.slug) != _mark(role)]

    async def _emojis(self, client: discord.Client) -> list[discord.Emoji] | None:
        try:
            async with asyncio.timeout(SECONDS):
                return await client.fetch_application_emojis()
        except DISCORD_FAULTS as error:
            log.warning("Can't look which faces Discord has (%s)", _why(error))
            return None

    async def _give(
        self, client: discord.Client, role: PlayedCharacter, emojis: Sequence[discord.Emoji] | None
    ) -> bool:
        """Set one role's avatar; return False if Discord refused it for now."""
        url, path, keep = _url_of(role), role.playing.avatar, ""
        if url or path is None:
            role.face = url
        if emojis is None:
            return bool(url) or path is None
        if path is not None and not url:
            try:
                emoji = await self._emoji(client, role, path, emojis)
            except (Unusable, *DISCORD_FAULTS) as error:
                log.warning("%s goes without a face: %s (%s)", role.name, path.name, _why(error))
                role.face = ""
                return isinstance(error, Unusable)
            role.face, keep = emoji.url, emoji.name
        await self._clear(role, emojis, keep)
        return True

    async def _emoji(
        self, client: discord.Client, role: PlayedCharacter, path: Path, emojis: Sequence[discord.Emoji]
    ) -> discord.Emoji:
        """Return the emoji of a picture, created if needed. Raises Unusable and Discord's errors."""
        picture = await asyncio.to_thread(_read, path)
        name = emoji_name(role.slug, picture)
        if existing := next((emoji for emoji in emojis if emoji.name == name), None):
            return existing
        image = await asyncio.to_thread(fit, picture)
        async with asyncio.timeout(SECONDS):
            return await client.create_application_emoji(name=name, image=image)

    async def _clear(self, role: PlayedCharacter, emojis: Sequence[discord.Emoji], keep: str) -> None:
        """Delete the emojis of a character's earlier avatars."""
        for emoji in emojis:
            known = _NAME.fullmatch(emoji.name)
            if known is None or known[1] != emoji_stem(role.slug) or emoji.name == keep:
                continue
            try:
                async with asyncio.timeout(SECONDS):
                    await emoji.delete()
            except DISCORD_FAULTS as error:
                log.info("An earlier face of %s stays with Discord (%s)", role.name, _why(error))


_FACES: "weakref.WeakKeyDictionary[Masquerade, Faces]" = weakref.WeakKeyDictionary()


async def give_faces(bot: "Masquerade", *, changed_only: bool = False) -> None:
    """Set the avatars of all characters that use webhooks; `changed_only` skips unchanged pictures."""
    faces = _FACES.setdefault(bot, Faces())
    further = [role for role in bot.app.company if not role.primary]
    roles = await asyncio.to_thread(faces.changed, further) if changed_only else further
    await faces.give(bot, roles)


def _read(path: Path) -> bytes:
    """Return the bytes of a picture. Raises Unusable."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Unusable(f"It has more than {LARGEST_FILE // 1024 // 1024} MiB: save it smaller.")
        return path.read_bytes()
    except OSError as error:
        raise Unusable(f"It can't be read ({type(error).__name__}).") from None


def _mark(role: PlayedCharacter) -> Mark:
    path = role.playing.avatar
    try:
        about = path.stat() if path else None
    except OSError:
        about = None
    return _url_of(role), str(path or ""), about.st_mtime_ns if about else 0, about.st_size if about else 0


def _url_of(role: PlayedCharacter) -> str:
    avatar = role.character.avatar
    return avatar if avatar.startswith("https://") else ""


def _why(error: Exception) -> str:
    if isinstance(error, discord.HTTPException):
        return f"Discord answered {error.status}, code {error.code}"
    return str(error) if isinstance(error, Unusable) else type(error).__name__


def _digest(data: bytes, size: int) -> str:
    return blake2b(data, digest_size=size).hexdigest()
