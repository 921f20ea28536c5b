"""How long a call takes from the last word of a person to the first sound of the answer, leg by leg.

The bot runs in this process, on a loopback Discord with a voice server and a real group; what people say was
spoken before by Piper, is heard by Whisper, and answered by a scripted model of 0.7 s to its first token.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, percentile, with_goals
from bot.app import open_app
from bot.core.tasks import spawn
from bot.discord.connection import open_client
from bot.features.senses.call_ear import WarmEar
from bot.features.speech.call import PAUSE_MS, VoiceCall
from bot.features.speech.call_mouth import Delivery
from bot.features.speech.piper import PiperEngine
from bot.features.speech.spoken_reply import SpokenReply
from bot.llm.server import Server
from bot.settings import Settings
from tests.builders import AT_ONCE, PIXEL
from tests.support.recordings import piper_pcm, piper_voice
from tests.support.voice_gateway import VoiceGateway
from tests.support.voice_person import Person
from tests.world.claude_faults import Say
from tests.world.claude_server import Request, ScriptedClaude
from tests.world.discord_pointing import point_discord_at
from tests.world.discord_server import DiscordServer

GOALS = (Goal("p50_s", 2.5), Goal("p95_s", 4.0), Goal("barge_in_p95_ms", 300.0))
FIRST_TOKEN = 0.7
BETWEEN = 1 / 30
"""Seconds from one token to the next."""
QUESTIONS = (
    "What is the weather like in the north today?",
    "Could you tell me something about the old lighthouse?",
    "Why do cats always land on their feet?",
    "What should I cook for dinner this evening?",
    "Did you hear the thunder last night?",
)
BEGINNINGS = (
    "I think that depends on the wind.",
    "My grandmother had a word for this.",
    "That is a long story, you know.",
    "Let me think about it for a moment.",
    "Nobody has asked me that in years.",
    "The old fishermen would laugh at you.",
    "Well, it is not what you expect.",
)
ENDINGS = (
    "When the sea is rough we stay at home and mend the nets until the morning comes.",
    "There is a path behind the church that leads up to the hills and their sheep.",
    "Every spring somebody paints the boats anew, and nobody likes the colour.",
    "The baker keeps a cat that knows more about it than the mayor does.",
    "Some say it was a storm, and others say that it was only a very loud dog.",
)
# What was said lately is not said again: the style guard would ask for another answer.
ANSWERS = [f"{BEGINNINGS[number % 7]} {ENDINGS[number % 5]} " for number in range(35)]
INTERRUPTION = "Wait a moment, that is enough for now, thank you."
LEGS = ("endpoint", "ear", "walk", "first_token", "first_sentence", "engine", "first_packet")
QUIET = 200
"""What a sample has at least where somebody speaks."""
WITHIN = 120.0
SILENCE_MS = 500
"""The setting voice_end_ms, as it ships."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many questions are asked; every second answer is interrupted."""

    turns: int = 24


QUICK = Extent(turns=6)


@dataclass
class Watch:
    """Notes the first moment of each step of a turn."""

    at: dict[str, float] = field(default_factory=dict)

    def note(self, step: str, *, last: bool = False) -> None:
        if last or step not in self.at:
            self.at[step] = time.monotonic()


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return each leg's share of the way, in seconds, and how long the bot goes on after an interruption."""
    watch, legs, totals, barges = Watch(), {leg: list[float]() for leg in LEGS}, list[float](), list[float]()
    sounds = piper_voice()
    questions = [_trimmed(piper_pcm(sounds, words)) for words in QUESTIONS]
    stop = _trimmed(piper_pcm(sounds, INTERRUPTION))
    with _watched(watch):
        async with _call(folder, watch) as person:
            for number in range(-1, extent.turns):  # the first one warms up
                turn = await _turn(watch, person, questions[number % len(questions)])
                if number >= 0:
                    totals.append(sum(turn.values()))
                    for leg, seconds in turn.items():
                        legs[leg].append(seconds)
                if number % 2:
                    barges.append(await _interrupted(watch, person, stop))
                await _silent(person)
    figures: dict[str, Any] = {"bench": "voice", "turns": len(totals)}
    figures |= {"p50_s": _of(totals, 50), "p95_s": _of(totals, 95)}
    figures |= {
        f"{leg}_{share}_s": _of(legs[leg], int(share[1:])) for leg in LEGS for share in ("p50", "p95")
    }
    figures |= {f"barge_in_p{share}_ms": round(1000 * _of(barges, share), 1) for share in (50, 95)}
    return with_goals(figures | {"interruptions": len(barges)}, GOALS)


def _of(seconds: list[float], percent: int) -> float:
    return round(percentile(seconds, percent), 3)


def _trimmed(pcm: bytes) -> bytes:
    """Return speech without the silence before its first word and behind its last."""
    loud = [at for at, sample in enumerate(memoryview(pcm).cast("h")) if abs(sample) > QUIET]
    return pcm[2 * loud[0] : 2 * (loud[-1] + 1)]


@asynccontextmanager
async def _call(folder: Path, watch: Watch) -> AsyncIterator[Person]:
    """Have the bot come to a voice channel in which one person is, who may be heard."""
    claude = ScriptedClaude(delay=FIRST_TOKEN)

    def answer(asked: Request) -> Say:
        watch.note("asked")
        text = ANSWERS[len(claude.requests) % len(ANSWERS)]
        text = "All right. " if "that is enough" in asked.last_text else text
        pieces = tuple(f"{word} " for word in text.split())
        return Say(text, pieces=pieces, between=BETWEEN)

    claude.answer_with(answer)
    async with DiscordServer() as discord, claude, VoiceGateway(discord) as voice:
        guild = discord.add_guild("The Guild")
        general, channel = guild.add_text_channel("general"), guild.add_voice_channel("Lounge")
        mira = discord.add_user("Mira")
        guild.add_member(mira)
        person = await voice.join(mira, channel)
        point_discord_at(discord.base_url, pause=0.02)
        server = Server(claude.base_url, claude.api_key, "claude-sonnet-5-5")
        async with open_app(Settings(data_dir=folder), PIXEL, server, manner=AT_ONCE) as app:
            client = open_client(app)
            await client.login(discord.token)
            connection = spawn(client.connect(), name="The bot")
            try:
                await client.wait_until_ready()
                for command in ("voice hear me", "voice join"):
                    await (await mira.use_command(general, command)).wait_answered(WITHIN)
                await voice.wait_for_bot()
                await _silent(person)
                yield person
            finally:
                await client.close()
                await connection


async def _turn(watch: Watch, person: Person, question: bytes) -> dict[str, float]:
    """Ask something and return the legs until the answer is heard."""
    watch.at.clear()
    before = len(person.heard)
    await person.speak(question, ends=False)
    last_word = time.monotonic()
    await person.be_silent(5)
    await _until(lambda: len(person.heard) > before and "sound" in watch.at)
    # The event loop's clock is the monotonic one.
    over = watch.at["told"] + (SILENCE_MS - PAUSE_MS) / 1000
    steps = [last_word, over, *(watch.at[step] for step in ("heard", "asked", "token", "speak", "sound"))]
    steps.append(person.heard[before].at)
    return {leg: end - begin for leg, (begin, end) in zip(LEGS, pairwise(steps), strict=True)}


async def _interrupted(watch: Watch, person: Person, stop: bytes) -> float:
    """Speak in between, and return for how many seconds the bot was still heard."""
    await asyncio.sleep(1.0)
    watch.at.clear()
    speaking = spawn(person.speak(stop), name="Interrupting")
    await _until(lambda: "sent" in watch.at)  # what is said is encoded in this process, and before that
    begun, before = watch.at["sent"], len(person.heard)
    await asyncio.sleep(1.0)
    audible = [frame.at for frame in person.heard[before:] if len(frame.opus) > 3]
    await speaking
    await _until(lambda: len(person.heard) > before + len(audible) + 5)  # the answer to that
    return max(0.0, audible[-1] - begun) if audible else 0.0


async def _silent(person: Person) -> None:
    """Wait until the bot says nothing more."""
    before = -1
    while before != len(person.heard):
        before = len(person.heard)
        await asyncio.sleep(1.0)


async def _until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN):
        while not done():
            await asyncio.sleep(0.005)


@contextmanager
def _watched(watch: Watch) -> Iterator[None]:
    """Let the parts of the bot tell when they are passed."""

    before: list[tuple[type, str, Any]] = []

    def noting(owner: type, name: str, step: str, *, last: bool = False) -> None:
        method = getattr(owner, name)
        before.append((owner, name, method))

        @wraps(method)
        def called(self: Any, *given: Any, **named: Any) -> Any:
            watch.note(step, last=last)
            return method(self, *given, **named)

        setattr(owner, name, called)

    noting(WarmEar, "hear", "told", last=True)
    noting(VoiceCall, "_take_in", "heard", last=True)
    noting(Delivery, "show", "token")
    noting(PiperEngine, "speak", "speak")
    noting(SpokenReply, "_start", "sound")
    noting(Person, "_send_frame", "sent")
    try:
        yield
    finally:
        for owner, name, method in before:
            setattr(owner, name, method)
