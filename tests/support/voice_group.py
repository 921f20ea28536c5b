"""The MLS group of a voice call (RFC 9420), as far as Discord's voice server has a hand in it."""

from __future__ import annotations

import hashlib
import secrets
import struct
from typing import Any

# The curve P-256, in which the cipher suite of DAVE signs.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int] | None

_ADD, _REMOVE = 1, 3


def _sum(one: _Point, other: _Point) -> _Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % _P == 0:
        return None
    if one == other:
        slope = 3 * (one[0] ** 2 - 1) * pow(2 * one[1], -1, _P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P)
    x = (slope**2 - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _times(factor: int) -> tuple[int, int]:
    """Return so many times the curve's base point."""
    result: _Point = None
    doubled: _Point = _G
    while factor:
        if factor & 1:
            result = _sum(result, doubled)
        doubled = _sum(doubled, doubled)
        factor >>= 1
    assert result is not None
    return result


def _sign(private: bytes, message: bytes) -> bytes:
    """Return an ECDSA signature in DER."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    chosen = secrets.randbelow(_N - 1) + 1
    r = _times(chosen)[0] % _N
    s = pow(chosen, -1, _N) * (digest + r * int.from_bytes(private, "big")) % _N
    body = b"".join(_der(number) for number in (r, s))
    return bytes([0x30, len(body)]) + body


def _der(number: int) -> bytes:
    written = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(written)]) + written


def vector(data: bytes) -> bytes:
    """Return bytes behind their length, as MLS writes it."""
    size = len(data)
    if size < 1 << 6:
        return bytes([size]) + data
    return (
        struct.pack(">H", size | 0x4000) + data
        if size < 1 << 14
        else struct.pack(">I", size | 1 << 31) + data
    )


class _Reading:
    """Steps over the fields of a message."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def step_over_vector(self) -> None:
        size = 1 << (self.data[self.at] >> 6)
        length = self.number(size) & ((1 << (8 * size - 2)) - 1)
        self.at += length

    def step_over_vectors(self, count: int) -> None:
        for _ in range(count):
            self.step_over_vector()


def split_commit(data: bytes) -> tuple[bytes, bytes]:
    """Take the commit and the welcome of opcode 28 apart; there is no mark between them."""
    read = _Reading(data)
    read.at = 4  # version and wire format
    read.step_over_vector()  # the group's id
    read.number(8 + 1 + 4)  # epoch, kind of sender, leaf
    read.step_over_vector()  # what is authenticated beside it
    read.number(1)
    read.step_over_vector()  # the proposals
    if read.number(1):
        _step_over_path(read)
    read.step_over_vectors(3)  # signature, confirmation tag, membership tag
    return data[: read.at], data[read.at :]


def _step_over_path(read: _Reading) -> None:
    read.step_over_vectors(2)  # keys
    read.number(2)
    read.step_over_vectors(1 + 5)  # credential, capabilities
    if (source := read.number(1)) == 1:
        read.number(16)
    elif source == 3:
        read.step_over_vector()
    read.step_over_vectors(2 + 1)  # extensions, signature; the nodes


class VoiceGroup:
    """Who is at which leaf of the group at which epoch, and the server's signed proposals to change that."""

    def __init__(self, channel_id: int) -> None:
        import davey

        pair: Any = davey.generate_p256_keypair()
        self.channel_id = channel_id
        self.epoch = 0
        self.leaves: list[int | None] = []
        self._private: bytes = pair.private
        self.external_sender = vector(pair.public) + struct.pack(">H", 1) + vector(b"voice gateway")

    @property
    def members(self) -> list[int]:
        """Return the ids of those in the group."""
        return [member for member in self.leaves if member is not None]

    def proposal_to_add(self, key_package: bytes) -> bytes:
        """Return the proposals of opcode 27 that let somebody in."""
        return self._signed(struct.pack(">H", _ADD) + key_package)

    def proposal_to_remove(self, user_id: int) -> bytes:
        """Return the proposals of opcode 27 that put somebody out."""
        return self._signed(struct.pack(">HI", _REMOVE, self.leaves.index(user_id)))

    def begin_anew(self, *members: int) -> None:
        """Let the group that these have prepared for themselves be the group."""
        self.epoch, self.leaves = 0, list(members)

    def committed(self, *, joining: int = 0, leaving: int = 0) -> None:
        """Note that a commit put somebody out, or let somebody in: at the leftmost leaf that is free."""
        self.epoch += 1
        if leaving:
            self.leaves[self.leaves.index(leaving)] = None
        while self.leaves and self.leaves[-1] is None:
            self.leaves.pop()
        if joining and None in self.leaves:
            self.leaves[self.leaves.index(None)] = joining
        elif joining:
            self.leaves.append(joining)

    def _signed(self, proposal: bytes) -> bytes:
        group_id = self.channel_id.to_bytes(8, "big")
        external, proposes = struct.pack(">BI", 2, 0), b"\x02"
        content = (
            vector(group_id) + struct.pack(">Q", self.epoch) + external + vector(b"") + proposes + proposal
        )
        head = struct.pack(">HH", 1, 1)  # MLS 1.0, a public message
        signed = vector(b"MLS 1.0 FramedContentTBS") + vector(head + content)
        return vector(head + content + vector(_sign(self._private, signed)))
