"""Somebody in a voice channel, with a Discord client of their own: speaks, and hears the bot."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord.voice_stream import load_opus
from tests.support.voice_group import VoiceGroup
from tests.support.voice_sound import SILENCE, Packet
from tests.world.discord_objects import User

RATE = 48_000
FRAME_SAMPLES = 960
FRAME_BYTES = 2 * FRAME_SAMPLES
FRAME_SECONDS = 0.02
SILENT_FRAMES_AT_THE_END = 5


class _MonoEncoder(discord.opus.Encoder):
    CHANNELS = 1


class _MonoDecoder(discord.opus.Decoder):
    CHANNELS = 1


@dataclass(frozen=True)
class Line:
    """How somebody is connected: shares of frames lost and in the clear, RTP headers, how fast time goes.

    Who `claims` somebody else's SSRC is not announced by the server, and sends all the same.
    """

    lost: float = 0.0
    clear: float = 0.0
    extended: bool = False
    padded: int = 0
    pace: float = 1.0
    claims: int = 0


@dataclass(frozen=True)
class HeardFrame:
    """A frame that the bot spoke, and when it came, by the event loop's time."""

    at: float
    opus: bytes


class Person:
    """A member of the call. `heard` is what the bot said and this client could decrypt, in order."""

    def __init__(
        self, user: User, ssrc: int, *, send: Callable[[Packet], None], announce: Callable[[Person], None]
    ) -> None:
        import davey

        load_opus()
        self.user = user
        self.ssrc = ssrc
        self.session: Any = None
        self.heard: list[HeardFrame] = []
        self.undecipherable = 0
        self._davey = davey
        self._announce = announce
        self._send = send
        self._sequence = random.randrange(1 << 16)
        self._timestamp = random.randrange(1 << 32)
        self._encoder = _MonoEncoder()

    @property
    def id(self) -> int:
        return self.user.id

    def enter(self, group: VoiceGroup) -> bytes:
        """Begin a session of one's own, and return the key package with which the group lets one in."""
        self.session = self._davey.DaveSession(1, self.id, group.channel_id)
        self.session.set_external_sender(group.external_sender)
        return bytes(self.session.get_serialized_key_package())

    def propose(self, proposals: bytes) -> tuple[bytes, bytes]:
        """Return one's own commit to proposals, and the welcome beside it."""
        made = self.session.process_proposals(self._davey.ProposalsOperationType.append, proposals)
        return made.commit, made.welcome or b""

    async def speak(self, pcm: bytes, line: Line = Line(), *, ends: bool = True) -> None:
        """Say 48 kHz mono sound at its own pace; at its end come five silent frames, and then nothing."""
        if not line.claims:
            self._announce(self)
        chance = random.Random(len(pcm))
        frames = [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm), FRAME_BYTES)]
        await self._paced(
            [self._encoder.encode(frame.ljust(FRAME_BYTES, b"\0"), FRAME_SAMPLES) for frame in frames],
            line,
            chance,
        )
        if ends:
            await self.be_silent(SILENT_FRAMES_AT_THE_END, line)

    async def be_silent(self, frames: int, line: Line = Line()) -> None:
        """Send silent frames, which go without encryption between the clients."""
        await self._paced([SILENCE] * frames, line, random.Random(frames))

    async def _paced(self, frames: list[bytes], line: Line, chance: random.Random) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for frame in frames:
            self._send_frame(frame, line, chance)
            due += FRAME_SECONDS / line.pace
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send_frame(self, frame: bytes, line: Line, chance: random.Random) -> None:
        self._sequence += 1
        self._timestamp += FRAME_SAMPLES
        clear, lost = chance.random() < line.clear, chance.random() < line.lost
        payload = frame if clear else bytes(self.session.encrypt_opus(frame))
        if not lost:
            self._send(
                Packet(self.ssrc, self._sequence, self._timestamp, payload, line.extended, line.padded)
            )

    def hear(self, bot_id: int, payload: bytes) -> None:
        """Decrypt a frame of the bot."""
        try:
            frame = self.session.decrypt(bot_id, self._davey.MediaType.audio, payload)
        except ValueError:
            self.undecipherable += 1
        else:
            self.heard.append(HeardFrame(asyncio.get_running_loop().time(), bytes(frame)))

    def heard_pcm(self) -> bytes:
        """Return what the bot said, as 48 kHz mono sound."""
        decoder = _MonoDecoder()
        return b"".join(decoder.decode(frame.opus, fec=False) for frame in self.heard)
