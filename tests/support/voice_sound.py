"""Sound on its way between a bot and a voice server: RTP in UDP, sealed as discord.py seals it."""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MODE = "aead_xchacha20_poly1305_rtpsize"
SILENCE = b"\xf8\xff\xfe"
OPUS_TYPE = 0x78
DISCOVERY_SIZE = 74

Address = tuple[str, int]


@dataclass(frozen=True)
class Packet:
    """One RTP packet; with `extended` it has an extension header, with `padded` so many bytes at its end."""

    ssrc: int
    sequence: int
    timestamp: int
    payload: bytes
    extended: bool = False
    padded: int = 0

    def sealed(self, key: bytes, number: int) -> bytes:
        """Return the packet as it goes over the wire, with the `number`-th nonce."""
        from nacl.secret import Aead

        first = 0x80 | (0x20 if self.padded else 0) | (0x10 if self.extended else 0)
        head = struct.pack(
            ">BBHII", first, OPUS_TYPE, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc
        )
        body = self.payload
        if self.extended:
            head += struct.pack(">HH", 0xBEDE, 2)
            body = b"\x51\x7f\x00\x00\x10\x00\x00\x00" + body
        if self.padded:
            body += bytes(self.padded - 1) + bytes([self.padded])
        nonce = struct.pack(">I", number)
        return head + Aead(key).encrypt(body, head, nonce + bytes(20)).ciphertext + nonce


def opened(key: bytes, data: bytes) -> Packet:
    """Return what a bot sent."""
    from nacl.secret import Aead

    head, sealed, nonce = data[:12], data[12:-4], data[-4:]
    sequence, timestamp, ssrc = struct.unpack(">HII", head[2:])
    return Packet(ssrc, sequence, timestamp, Aead(key).decrypt(sealed, head, nonce + bytes(20)))


class SoundServer(asyncio.DatagramProtocol):
    """The UDP side of a voice server: tells a bot its address, and gives on what it says."""

    def __init__(self, heard: Callable[[Packet], None]) -> None:
        self.key = secrets.token_bytes(32)
        self.bot: Address | None = None
        self.received = 0
        self._heard = heard
        self._sent = 0
        self._transport: Any = None

    @classmethod
    async def open(cls, heard: Callable[[Packet], None]) -> SoundServer:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(lambda: cls(heard), local_addr=("127.0.0.1", 0))
        return server

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        self._transport.close()

    def send(self, packet: Packet, *, key: bytes | None = None) -> None:
        """Send a packet to the bot, sealed with its key or a wrong one."""
        self._sent += 1
        self.send_raw(packet.sealed(key or self.key, self._sent))

    def send_raw(self, data: bytes) -> None:
        """Send any bytes to the bot, if its address is known."""
        if self.bot is not None:
            self._transport.sendto(data, self.bot)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Address) -> None:
        if len(data) == DISCOVERY_SIZE and data[:2] == b"\x00\x01":
            self.bot = address
            written = address[0].encode().ljust(64, b"\0")
            self._transport.sendto(
                b"\x00\x02\x00\x46" + data[4:8] + written + struct.pack(">H", address[1]), address
            )
        elif address == self.bot:
            self.received += 1
            self._heard(opened(self.key, data))
