"""Replies as Discord voice messages, each followed by its text and deleted together with it."""

import io
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import discord
from discord.http import handle_message_parameters

from bot.conversation.company import Speaker
from bot.conversation.senses import Recording
from bot.conversation.text.spoken import sentences
from bot.conversation.types import Mouth, Part
from bot.core.errors import Unpostable, Unspeakable
from bot.features.speech.voice_replies import VoiceReplies
from cogs._discord.posting import LOOKED_AT, Posting

log = logging.getLogger(__name__)

IS_VOICE_MESSAGE = discord.MessageFlags(voice=True)
WITH_TEXT, ALONE = "v", "w"
"""Endings of the file names of recordings with their text below, and of recordings without."""


class _VoiceFile(discord.File):
    """A recording with the fields of a voice message, which discord.py can't send by itself (#10165)."""

    def __init__(self, recording: Recording, name: str) -> None:
        super().__init__(io.BytesIO(recording.data), filename=name)
        self._told = {"duration_secs": recording.seconds, "waveform": recording.waveform}

    def to_dict(self, index: int) -> dict[str, Any]:
        return super().to_dict(index) | self._told


class SpeakingMouth:
    """Posts spoken parts as voice messages of the bot, in the character's own voice.

    A recording can't be edited, and Discord doesn't return its nonce: its file is named after the part, so
    that it can be found. If the recording can't be posted, only the text is.
    """

    show: Callable[[str], None] | None = None

    def __init__(
        self, own: Mouth, speaker: Speaker, voices: VoiceReplies, posting: Posting, *, me: int
    ) -> None:
        self._own = own
        self._speaker = speaker
        self._voices = voices
        self._posting = posting
        self._bot_id = me
        # Only the text names a further character.
        self._ending = WITH_TEXT if voices.with_text or not speaker.primary else ALONE

    @property
    def me(self) -> int:
        return self._own.me

    @property
    def emotes(self) -> Mapping[str, str]:
        return self._own.emotes

    def speaking_as(self, speaker: Speaker) -> Mouth:
        return self._own.speaking_as(speaker)

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._own.typing()

    async def say(self, part: Part, *, to: int) -> int:
        message_id = await self._speak(part) if part.spoken and sentences(part.text) else None
        if message_id is not None and self._ending == ALONE:
            return message_id
        written = await self._own.say(part, to=to)
        if message_id is None:
            self._voices.unspoken.append(written)
        return written

    async def edit(self, message_id: int, text: str) -> None:
        """Replace the text of a message and delete the recording of the old text."""
        async with self._posting.asking(change=True):
            recording = await self._recording_of(message_id)
            if recording == message_id:
                raise Unpostable("a voice message can't be edited")
            if recording is not None:
                await self._posting.delete(recording)
        await self._own.edit(message_id, text)

    async def unsay(self, message_id: int) -> None:
        async with self._posting.asking(change=True):
            recording = await self._recording_of(message_id)
            if recording is not None:
                await self._posting.delete(recording)
        if recording != message_id:
            await self._own.unsay(message_id)

    async def react(self, message_id: int) -> None:
        await self._own.react(message_id)

    async def whisper(self, part: Part, *, to: int) -> bool:
        return await self._own.whisper(part, to=to)

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        found = await self._own.find(part, after=after, known=known)
        if found is not None or not part.spoken or self._ending == WITH_TEXT:
            return found
        async with self._posting.asking():
            return await self._posted(self._name_of(part))

    async def _speak(self, part: Part) -> int | None:
        """Post a part as a voice message exactly once; return its id, or None if it can't be one."""
        name = self._name_of(part)
        async with self._posting.asking():
            # The post may be from before a crash, longer ago than Discord remembers nonces.
            if (found := await self._posted(name)) is not None:
                return found
            try:
                recording = await self._voices.record(part.text, self._speaker.slug)
                posted = await self._posting.patiently(partial(self._post, recording, name, part.nonce))
            except Unspeakable as error:
                log.warning("Written, not spoken, in channel %s: %s", self._posting.channel.id, error)
            except discord.HTTPException as error:
                if error.status in (401, 429) or error.status >= 500:
                    raise
                log.warning(
                    "Written, not spoken, in channel %s: Discord takes no voice message there (%s, code %s); "
                    "the bot may lack the permission Send Voice Messages",
                    *(self._posting.channel.id, error.status, error.code),
                )
            else:
                return posted
        return None

    async def _post(self, recording: Recording, name: str, nonce: str) -> int:
        with handle_message_parameters(
            file=_VoiceFile(recording, name),
            flags=IS_VOICE_MESSAGE,
            nonce=nonce + self._ending,
            allowed_mentions=discord.AllowedMentions.none(),
        ) as parameters:
            state = self._posting.channel._state  # noqa: SLF001
            posted = await state.http.send_message(self._posting.channel.id, params=parameters)
        self._voices.reached("recorded")
        return int(posted["id"])

    def _name_of(self, part: Part) -> str:
        return f"{part.nonce}{self._ending}.ogg"

    async def _posted(self, name: str) -> int | None:
        """Return the id of the recent message with a recording."""
        async for message in self._posting.channel.history(limit=LOOKED_AT):
            if _recording_in(message) == name and message.author.id == self._bot_id:
                return message.id
        return None

    async def _recording_of(self, message_id: int) -> int | None:
        """Return the id of the recording of a message's text: the message itself or the one before it."""
        if message_id in self._voices.unspoken:
            return None
        at = discord.Object(message_id + 1)
        history = self._posting.channel.history(before=at, limit=LOOKED_AT)
        async for message in history:
            ours = message.author.id == self._bot_id
            name = _recording_in(message) if ours else None
            if message.id == message_id:
                if name:
                    return message_id
            elif name:
                return message.id if name.endswith(f"{WITH_TEXT}.ogg") else None
            elif ours or message.webhook_id is not None:
                return None
        return None


def _recording_in(message: discord.Message) -> str | None:
    """Return the name of a voice message's recording."""
    if not message.flags.voice or not message.attachments:
        return None
    return message.attachments[0].filename
