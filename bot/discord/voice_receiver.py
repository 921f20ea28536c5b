"""Reception of voice channels: turns of speech of consenting people, as PCM."""

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
    """Receives speech events in the event loop's thread; each `began` is followed by an `ended`."""

    def began(self, user_id: int) -> None:
        """A person started to speak."""

    def ended(self, user_id: int, pcm: bytes) -> None:
        """A person fell silent after saying this (16 kHz mono s16le); empty if they withdrew consent."""


class ListeningClient(discord.VoiceClient):
    """A voice client that maps packets to people: `await channel.connect(cls=ListeningClient)`."""

    def __init__(self, client: discord.Client, channel: discord.abc.Connectable) -> None:
        self.speakers: dict[int, int] = {}
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnectionState:
        return VoiceConnectionState(self, hook=self._note_speakers)

    async def _note_speakers(self, _: Any, message: dict[str, Any]) -> None:
        said = message["d"]
        if message["op"] == 2:  # after a move to another server, all SSRCs are new
            self.speakers.clear()
        elif message["op"] == 5 and "user_id" in said:
            self.speakers[int(said["ssrc"])] = int(said["user_id"])
        elif message["op"] == 13:
            gone = int(said["user_id"])
            self.speakers = {
                ssrc: speaker_id for ssrc, speaker_id in self.speakers.items() if speaker_id != gone
            }

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Register a callback for every incoming packet, called in the socket's reader thread."""
        self._connection.add_socket_listener(take)

    def unlisten(self, take: Callable[[bytes], None]) -> None:
        self._connection.remove_socket_listener(take)

    def frame_in(self, packet: bytes, user_id: int) -> bytes | None:
        """Decrypt a person's packet to its Opus frame; None if it is not theirs or not end-to-end encrypted.

        Until an encryption group exists of which all have the keys, nothing can be decrypted or heard.
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
    """Return whether a packet is audio, and not a server response, RTCP statistics or anything else."""
    return (
        len(packet) > 12 + TAG_BYTES + NONCE_BYTES and packet[0] >> 6 == 2 and packet[1] & 0x7F == VOICE_TYPE
    )


def _unsealed(packet: bytes, key: list[int]) -> bytes:
    """Decrypt a packet's transport encryption. Raises CryptoError or ValueError if it is not authentic."""
    from nacl.secret import Aead

    has_extension, has_padding = packet[0] & 0x10, packet[0] & 0x20
    head_bytes = 12 + 4 * (packet[0] & 0x0F) + (4 if has_extension else 0)
    head, sealed, nonce = packet[:head_bytes], packet[head_bytes:-NONCE_BYTES], packet[-NONCE_BYTES:]
    body = Aead(bytes(key)).decrypt(sealed, head, nonce + bytes(20))
    if has_extension:  # the extension's length is in the clear, its content is encrypted
        body = body[4 * int.from_bytes(head[-2:], "big") :]
    return body[: -body[-1] or None] if has_padding and body else body


class VoiceReceiver:
    """Receives the speech of people who `agreed`, which is called for each packet, in any thread.

    Packets of all others are dropped before decryption. Speech is only ever kept in memory.
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
        """Start listening."""
        load_opus()
        self._timer = self._loop.call_later(TICK_MS / 1000, self._tick)
        self._client.listen(self._take)

    def stop(self) -> None:
        """Stop listening; speech under way is discarded and the listener is not told."""
        self._client.unlisten(self._take)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._lock:
            self._streams.clear()

    def decoded(self, user_id: int) -> int:
        """Return the number of decoded frames of a person."""
        return self._decoded[user_id]

    def dropped(self, user_id: int) -> int:
        """Return the number of a person's packets dropped undecrypted; id 0 stands for unknown people."""
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
        """Handle people who fell silent, left or withdrew consent: no packet announces that."""
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
        # Consent may have been withdrawn since the receiver thread queued this call.
        self._listener.ended(user_id, pcm if self._agreed(user_id) else b"")
