"""Hearing people in voice channels: of those who agreed, each stretch of speech as sound."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import discord
from discord.voice_state import VoiceConnectionState

from bot.discord.voice_stream import SpeechDetector, VoiceStream, load_opus

MODE = "aead_xchacha20_poly1305_rtpsize"
VOICE_TYPE = 0x78
NONCE_BYTES, TAG_BYTES = 4, 16
TICK_MS = 60


class SpeechListener(Protocol):
    """Is told in the event loop's thread that somebody speaks; each `began` is followed by an `ended`."""

    def began(self, user_id: int) -> None:
        """Somebody began to speak."""

    def ended(self, user_id: int, pcm: bytes) -> None:
        """Somebody fell silent, having said this (16 kHz, mono, 16 bits): nothing, if they agree no more."""


class ListeningClient(discord.VoiceClient):
    """A voice client that knows whose packets are whose: `await channel.connect(cls=ListeningClient)`."""

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable) -> None:
        self.speakers: dict[int, int] = {}
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnectionState:
        return VoiceConnectionState(self, hook=self._note_speakers)

    async def _note_speakers(self, _: Any, message: dict[str, Any]) -> None:
        said = message["d"]
        if message["op"] == 2:  # another server numbers everybody anew
            self.speakers.clear()
        elif message["op"] == 5 and "user_id" in said:
            self.speakers[int(said["ssrc"])] = int(said["user_id"])
        elif message["op"] == 13:
            gone = int(said["user_id"])
            self.speakers = {ssrc: each for ssrc, each in self.speakers.items() if each != gone}

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Let every packet that comes in be taken, in the thread that reads the socket."""
        self._connection.add_socket_listener(take)

    def unlisten(self, take: Callable[[bytes], None]) -> None:
        self._connection.remove_socket_listener(take)

    def frame_in(self, packet: bytes, user_id: int) -> bytes | None:
        """Return the Opus frame in a packet of somebody; None if it is not theirs, or not encrypted by them.

        Before there is a group of which all have the keys, nothing can be decrypted, and so nothing is heard.
        """
        import davey
        from nacl.exceptions import CryptoError

        session = self._connection.dave_session
        if session is None or self.mode != MODE or not self._connection.can_encrypt:
            return None
        try:
            return bytes(session.decrypt(user_id, davey.MediaType.audio, _unsealed(packet, self.secret_key)))
        except (CryptoError, ValueError):
            return None


def is_voice(packet: bytes) -> bool:
    """Tell sound from what else comes in: answers of the server, statistics (RTCP), anything."""
    return (
        len(packet) > 12 + TAG_BYTES + NONCE_BYTES and packet[0] >> 6 == 2 and packet[1] & 0x7F == VOICE_TYPE
    )


def _unsealed(packet: bytes, key: list[int]) -> bytes:
    """Return what a packet carries. Raises CryptoError or ValueError if the server did not seal it."""
    from nacl.secret import Aead

    has_extension, has_padding = packet[0] & 0x10, packet[0] & 0x20
    head_bytes = 12 + 4 * (packet[0] & 0x0F) + (4 if has_extension else 0)
    head, sealed, nonce = packet[:head_bytes], packet[head_bytes:-NONCE_BYTES], packet[-NONCE_BYTES:]
    body = Aead(bytes(key)).decrypt(sealed, head, nonce + bytes(20))
    if has_extension:  # its length stands in the open, what it holds is sealed
        body = body[4 * int.from_bytes(head[-2:], "big") :]
    return body[: -body[-1] or None] if has_padding and body else body


class VoiceReceiver:
    """Listens in a voice channel to those who `agreed`, which is asked for each packet, in any thread.

    Packets of everybody else are dropped before they are decrypted. What was said is only ever in memory.
    """

    def __init__(
        self,
        client: ListeningClient,
        agreed: Callable[[int], bool],
        *,
        loop: asyncio.AbstractEventLoop,
        listener: SpeechListener,
        end_ms: int = 500,
    ) -> None:
        self._client = client
        self._agreed = agreed
        self._loop = loop
        self._listener = listener
        self._end_ms = end_ms
        self._streams: dict[tuple[int, int], VoiceStream] = {}
        self._decoded, self._dropped = Counter[int](), Counter[int]()
        self._lock = threading.Lock()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to listen."""
        load_opus()
        self._timer = self._loop.call_later(TICK_MS / 1000, self._tick)
        self._client.listen(self._take)

    def stop(self) -> None:
        """Listen no more; what is just being said is let go of, and the listener hears nothing of it."""
        self._client.unlisten(self._take)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._lock:
            self._streams.clear()

    def decoded(self, user_id: int) -> int:
        """Return how many frames of somebody were decoded."""
        return self._decoded[user_id]

    def dropped(self, user_id: int) -> int:
        """Return how many packets of somebody were dropped unopened; 0 is somebody unknown."""
        return self._dropped[user_id]

    def _take(self, packet: bytes) -> None:
        if not is_voice(packet):
            return
        ssrc = int.from_bytes(packet[8:12], "big")
        user_id = self._client.speakers.get(ssrc, 0)
        if not user_id or not self._agreed(user_id):
            self._dropped[user_id] += 1
            return
        frame = self._client.frame_in(packet, user_id)
        if frame is None:
            return
        with self._lock:
            stream = self._stream(ssrc, user_id)
            self._decoded[user_id] += stream.take(int.from_bytes(packet[2:4], "big"), frame)

    def _stream(self, ssrc: int, user_id: int) -> VoiceStream:
        if (ssrc, user_id) not in self._streams:
            detector = SpeechDetector(
                self._end_ms,
                lambda: self._tell(self._listener.began, user_id),
                lambda pcm: self._tell(self._tell_ended, user_id, pcm),
            )
            self._streams[ssrc, user_id] = VoiceStream(detector)
        return self._streams[ssrc, user_id]

    def _tick(self) -> None:
        """Look after those who fell silent, left, or agree no more: no packet of theirs tells of it."""
        self._timer = self._loop.call_later(TICK_MS / 1000, self._tick)
        with self._lock:
            for (ssrc, user_id), stream in list(self._streams.items()):
                if not self._agreed(user_id) or self._client.speakers.get(ssrc) != user_id:
                    self._streams.pop((ssrc, user_id)).detector.end()
                elif not stream.is_fresh:
                    stream.miss(TICK_MS)
                stream.is_fresh = False

    def _tell(self, listening: Callable[..., None], *said: Any) -> None:
        self._loop.call_soon_threadsafe(self._tell_now, listening, *said)

    def _tell_now(self, listening: Callable[..., None], *said: Any) -> None:
        if self._timer is not None:
            listening(*said)

    def _tell_ended(self, user_id: int, pcm: bytes) -> None:
        # They may have changed their mind since the other thread let go of it.
        self._listener.ended(user_id, pcm if self._agreed(user_id) else b"")
