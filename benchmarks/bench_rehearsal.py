"""How well the embedded voice talks: the shipped characters, the same prompts, through the real walk."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import partial
from itertools import count, product
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any
from unittest.mock import patch

import psutil  # type: ignore[import-untyped,unused-ignore]
import regex

from benchmarks.measuring import Goal, percentile, with_goals
from bot.app import App, open_app
from bot.arranging import manner_of, open_claude
from bot.cli.terminal.session import PERSON, YOU
from bot.cli.warming import warm_up
from bot.conversation.prompt import compose_prompt
from bot.conversation.rehearsal import samples_of
from bot.conversation.types import Utterance
from bot.core.clock import SystemClock
from bot.features.characters.library import library_of
from bot.llm.breaker import Breaker
from bot.llm.client import Answer, Claude
from bot.llm.errors import ClaudeError
from bot.llm.local.server import Tuning
from bot.llm.server import Server, open_server
from bot.llm.types import ModelCall, Prompt, Question
from bot.settings import load_settings
from memory.places import Place, Where
from personas.character import Character, names_of
from tests.fakes import FakeMouth

TALKS = (
    ("hi", "who are you?", "what do you do all day?", "sounds fun, can i join you?"),
    (
        "hello there, my name is Mara",
        "i had a really bad day at work",
        "my boss yelled at me in front of everyone",
        "thanks. do you remember my name?",
    ),
    (
        "what's your favourite food?",
        "i like pasta with too much garlic",
        "what should i cook tonight?",
        "ok, you convinced me",
    ),
    ("i'm bored", "tell me a secret", "that's not a secret", "are you a person or a bot, honestly?"),
    ("my cat knocked my coffee over my laptop", "it still works, i think", "do you like cats?", "good night"),
)
GOALS = (
    Goal("labels_percent", 0.0),
    Goal("echoes_percent", 2.0),
    Goal("samples_percent", 5.0),
    Goal("fallbacks_percent", 2.0),
    Goal("words", 40.0),
    Goal("second_turn_quiet_p90_s", 8.0),
)
FACTORS: dict[str, tuple[str, Any]] = {
    "shape": ("bot.conversation.generation.rehearsal_prompt", compose_prompt),
    "crumbs": ("bot.conversation.rehearsal.CRUMBS", 0),
    "samples": ("bot.conversation.rehearsal.samples_of", lambda _character: ()),
    "sampling": ("bot.arranging.REHEARSAL_SAMPLING", {"temperature": 1.0}),
    "guard": ("bot.conversation.style_guard.flaw_of", lambda *_given, **_named: None),
}
"""What can be left out, to see what it brings: its place, and what takes it."""
PATIENCE = 3600.0
"""That a machine is busy is no fault of the voice's."""
OPENING = asyncio.Lock()
CORES = 2
"""What a reply would take on two cores of its own is half of its CPU time: the model uses all of both."""
MARKER = "<!-- All that follows was written by `python -m benchmarks rehearsal --transcripts THIS_FILE`. -->"
SHOWN_TALKS = 1
"""So many talks of each character stand on the page."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Who talks how often, `without` which factors; what was said goes into `transcripts`.

    With several talks `at_once` the times say nothing.
    """

    characters: Sequence[str] = ("nyx", "fangs", "pixel")
    seeds: int = 3
    talks: int = len(TALKS)
    without: Sequence[str] = ()
    transcripts: Path | None = None
    threads: int | None = None
    at_once: int = 1


QUICK = Extent(("nyx",), seeds=1, talks=1)


@dataclass(slots=True)
class Said:
    """One reply: what it answers, in which turn of which talk, after how many seconds, by which calls."""

    character: Character
    seed: int
    talk: int
    turn: int
    heard: str
    reply: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    calls: list[ModelCall] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)


@dataclass
class Listening:
    """A Claude that keeps what is asked of it and answered."""

    claude: Claude
    calls: list[ModelCall] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        try:
            answer = await self.claude.ask(prompt, question)
        except ClaudeError as error:
            self.calls += [error.call] if error.call else []
            raise
        self.calls.append(answer.call)
        self.drafts.append(answer.text)
        return answer

    async def close(self) -> None:
        await self.claude.close()


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Let each character talk with each seed; return how its replies are."""
    said: list[Said] = []
    warm: list[float] = []
    with ExitStack() as stack:
        for factor in extent.without:
            stack.enter_context(patch(*FACTORS[factor]))
        for seconds in ("bot.arranging.REHEARSAL_SECONDS", "bot.cli.warming.WARM_SECONDS"):
            stack.enter_context(patch(seconds, PATIENCE))
        # On a busy machine one thread gets on better than two that wait for each other.
        tuning = partial(Tuning, threads=extent.threads, slots=max(2, extent.at_once))
        stack.enter_context(patch("bot.llm.local.server.Tuning", tuning))
        settings = load_settings(None, None, {}, {"data_dir": str(folder)}).settings
        async with open_server(settings, say=lambda _: None) as server:
            gate = asyncio.Semaphore(extent.at_once)

            async def talk(seed: int, slug: str) -> None:
                async with gate:
                    async for one in _talks(folder / f"{slug}{seed}", slug, seed, extent, server, warm):
                        said.append(one)
                        _tell(one)

            await asyncio.gather(*(talk(*one) for one in product(range(extent.seeds), extent.characters)))
    if extent.transcripts:
        _write(said, extent.transcripts)
    return with_goals(figures(said, warm, extent), GOALS)


async def _talks(
    folder: Path, slug: str, seed: int, extent: Extent, server: Server, warm: list[float]
) -> AsyncIterator[Said]:
    async with AsyncExitStack() as stack:
        async with OPENING:  # tables are made by one at a time in a process
            app, listening = await stack.enter_async_context(_opened(folder, slug, seed, server))
        await warm_up(app, lambda _: None)
        ids, mouth = count(1_000), FakeMouth()
        for number, prompts in enumerate(TALKS[: extent.talks]):
            where = Where(600 + number, Place.TERMINAL)
            for turn, text in enumerate(prompts):
                listening.calls, listening.drafts = [], []
                heard = Utterance(next(ids), PERSON, YOU, text, app.clock.now(), where)
                begun, spent, before = time.perf_counter(), _cpu_seconds(), len(mouth.said)
                await app.conversation.take_turn(heard, mouth)
                seconds = time.perf_counter() - begun
                reply = "\n".join(mouth.said[before:])
                if not turn and listening.calls:
                    warm.append(_hit(listening.calls[0]))
                yield Said(
                    app.character,
                    seed,
                    number,
                    turn,
                    text,
                    reply,
                    seconds,
                    _cpu_seconds() - spent,
                    listening.calls,
                    listening.drafts,
                )


@asynccontextmanager
async def _opened(folder: Path, slug: str, seed: int, server: Server) -> AsyncIterator[tuple[App, Listening]]:
    loaded = load_settings(None, None, {}, {"data_dir": str(folder), "character": slug})
    settings, manner = loaded.settings, manner_of(loaded.settings, server)
    at_once = replace(manner, pace=replace(manner.pace, longest=0.0), burst_quiet=0.0, burst_longest=0.0)
    listening = Listening(open_claude(settings, server, clock := SystemClock(), Breaker(clock)))
    async with open_app(
        settings,
        loaded.playable,
        server,
        library=library_of(loaded),
        manner=at_once,
        claude=listening,
        rng=Random(seed),
    ) as app:
        yield app, listening


def _cpu_seconds() -> float:
    """Return the CPU time that the model took so far: on a busy machine the clock tells little."""
    times = [child.cpu_times() for child in psutil.Process().children()]
    return sum(one.user + one.system for one in times)


def _hit(call: ModelCall) -> float:
    usage = call.usage
    return usage.cache_read / (usage.prompt or 1)


def figures(said: Sequence[Said], warm: Sequence[float], extent: Extent) -> dict[str, Any]:
    second = [one.seconds for one in said if one.turn == 1]
    quiet = [one.cpu_seconds / CORES for one in said if one.turn == 1]
    return {
        "bench": "rehearsal",
        "without": list(extent.without),
        "replies": len(said),
        "labels_percent": _share(said, has_label),
        "echoes_percent": _share(said, is_echo),
        "samples_percent": _share(said, repeats_sample),
        "fallbacks_percent": _share(said, is_fallback),
        "asked_again_percent": _share(said, lambda one: len(one.calls) > 1),
        "words": round(mean(len(one.reply.split()) for one in said), 1),
        "first_turn_p50_s": round(median(one.seconds for one in said if not one.turn), 1),
        "second_turn_p50_s": round(median(second), 1),
        "second_turn_p90_s": round(percentile(second, 90) if len(second) > 1 else second[0], 1),
        "second_turn_quiet_p50_s": round(median(quiet), 1),
        "second_turn_quiet_p90_s": round(percentile(quiet, 90) if len(quiet) > 1 else quiet[0], 1),
        "warm_prefix_percent": round(100 * mean(warm)),
    }


def _share(said: Sequence[Said], flawed: Any) -> float:
    return round(100 * sum(map(flawed, said)) / len(said), 1)


def has_label(one: Said) -> bool:
    """Say whether a line begins with somebody's name and a colon, or with the end of a label."""
    names = (*names_of(one.character), YOU, "user", "assistant", "human", "guest", "friend", "me")
    name = "|".join(map(regex.escape, names))
    return (
        regex.search(rf"(?im)^\W{{0,3}}(?:(?:{name})\W{{0,2}}:(?=\s|$)|[^:\n]{{0,40}}#\d{{6}})", one.reply)
        is not None
    )


def is_echo(one: Said) -> bool:
    """Say whether a reply is the person's line, or begins with all of it."""
    heard, said = _words(one.heard), _words(one.reply)
    return len(heard) > 2 and (_alike(heard, said) or said[: len(heard)] == heard)


def repeats_sample(one: Said) -> bool:
    said = _words(one.reply)
    return any(_alike(_words(sample), said) for _, sample in samples_of(one.character))


def is_fallback(one: Said) -> bool:
    return one.reply in one.character.fallback_lines or not one.reply


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether two lines have most words in common, or eight in a row."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() >= 0.75 or matcher.find_longest_match().size >= 8


def _words(text: str) -> list[str]:
    return regex.findall(r"[\p{L}\p{N}'’]+", text.casefold())


def _tell(one: Said) -> None:
    """Show how it goes, and the drafts that were not said as they were."""
    took = f"{one.character.slug} {one.seed}: {one.seconds:.1f} s, {one.cpu_seconds:.1f} CPU s"
    drafts = [f"      draft: {draft!r}" for draft in one.drafts if draft != one.reply]
    print(f"[{took}] {one.heard}", f"    {one.reply!r}", *drafts, sep="\n", file=sys.stderr, flush=True)


def _write(said: Sequence[Said], path: Path) -> None:
    """Put the first talks of the first seed below the marker of a page, in place of what stands there."""
    first = min(line.seed for line in said)
    talks = sorted(
        (line for line in said if line.seed == first and line.talk < SHOWN_TALKS),
        key=lambda line: (line.character.name, line.talk),
    )
    kept = path.read_text("utf-8").partition(MARKER)[0] if path.is_file() else ""
    path.write_text(f"{kept}{MARKER}\n\n" + "\n".join(_talk_lines(talks)) + "\n", "utf-8")


def _talk_lines(said: Sequence[Said]) -> Iterator[str]:
    for line in said:
        if not line.turn:
            yield f"\n### {line.character.name}\n"
        yield f"- you: {line.heard}"
        yield f"  - {line.reply}"
