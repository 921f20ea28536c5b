"""What a reply costs as a bot grows: many people, characters and channels, each next to few of them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bench_reply import PAUSE
from benchmarks.measuring import PLAIN, Contestant, Entry, Goal, contestants, with_goals
from benchmarks.scale_building import ANSWERED_EVERY, Talk, Told
from bot.app import DATABASE_NAME
from bot.settings.identity import SHEET_NAME
from database.files import LARGE
from tests.world.discord_objects import Channel, User
from tests.world.process import AT_ONCE, ROOT

LIMITS = {"people": 1.05, "characters": 1.2, "channels": 1.1}
GOALS = tuple(
    Goal(f"{grown}_{figure}_ratio", limit) for grown, limit in LIMITS.items() for figure in ("p50", "cpu")
)
MESSAGES = 200
"""How many each person has stored."""
NAMES = (
    *("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper"),
    *("Katsura", "Larch", "Maple", "Neem", "Olive", "Pine", "Quince", "Rowan", "Spruce", "Teak"),
)
MODEL = ROOT / "characters" / "nyx" / SHEET_NAME
LOOKED = "The whole database was read"
AT_A_TIME = 20
"""Messages to one bot before it is the other's turn."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is of everything, and in how many `places` people are asked; messages come in rounds."""

    people: int = 10_000
    characters: int = len(NAMES)
    channels: int = 1_000
    few_channels: int = 10
    places: int = 100
    rounds: int = 30


QUICK = Extent(people=200, characters=3, channels=40, few_channels=5, places=20, rounds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A bot that is spoken to in so many places, by so many people; more are stored."""

    places: int
    people: int = 8
    stored: int = 0
    names: Sequence[str] = NAMES[:1]

    def said(self, warm_up: int, rounds: int) -> int:
        """Return how much longer a place's transcript has become in the middle of the measuring."""
        lines = 2 * (warm_up + rounds * AT_A_TIME / 2) / self.places
        return round(lines / (1 + 1 / ANSWERED_EVERY))

    def entry(self, folder: Path, *, messages: int) -> Entry:
        """Return the bot; `messages` are stored in each place."""
        slugs = [name.lower() for name in self.names]

        def prepare(data: Path, channels: Sequence[Channel], people: Sequence[User]) -> None:
            for name, slug in zip(self.names, slugs, strict=True):
                _write_character(data / "characters" / slug, name)
            talk = Talk(messages=messages, character=slugs[0], people=self.stored)
            talk.build(data / DATABASE_NAME, _told(channels, people))

        company = {
            "CHARACTERS_DIR": str(folder / "data" / "characters"),
            "CHARACTER": slugs[0],
            "ACTIVE_PERSONAS": ",".join(slugs[1:]),
            "PERSONA_BANTER": "0.00001",  # who joins in is thought of, and nobody does
        }
        return Entry(
            name=folder.name,
            settings={**AT_ONCE, **PLAIN, **company},
            channels=self.places,
            people=self.people,
            names=self.names,
            prepare=prepare,
        )


@dataclass
class Tally:
    """What was measured on one bot; CPU time by rounds."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return what a reply takes in milliseconds, where there is much and where there is little."""
    places = extent.places
    pairs = {
        "people": (Side(places=places, people=places, stored=extent.people), Side(places=places, people=1)),
        # One place less: so it is another one that each is called in, time after time.
        "characters": (Side(places=places - 1, names=NAMES[: extent.characters]), Side(places=places - 1)),
        "channels": (Side(places=extent.channels), Side(places=extent.few_channels)),
    }
    figures: dict[str, Any] = {"bench": "scale", "replies": extent.rounds * AT_A_TIME}
    for grown, (much, little) in pairs.items():
        figures |= await _compare(folder / grown, grown, much, little, extent.rounds)
    return with_goals(figures, GOALS)


async def _compare(folder: Path, grown: str, much: Side, little: Side, rounds: int) -> dict[str, Any]:
    sides, warm_up = (much, little), max(much.places, little.places)
    said = [side.said(warm_up, rounds) for side in sides]
    entries = [
        # In the middle of the measuring all transcripts are of one length.
        side.entry(folder / name, messages=MESSAGES + max(said) - one)
        for side, name, one in zip(sides, ("much", "little"), said, strict=True)
    ]
    tallies = (Tally(), Tally())
    async with contestants(folder, entries) as bots:
        numbers = [count() for _ in bots]
        for bot, number in zip(bots, numbers, strict=True):
            await _talk(bot, number, warm_up, Tally())
            if (bot.folder / "data" / DATABASE_NAME).stat().st_size >= LARGE:
                await bot.has_logged(LOOKED)  # a minute after its start it looks through a large file, once
        for _ in range(rounds):
            for bot, number, tally in zip(bots, numbers, tallies, strict=True):
                await _talk(bot, number, AT_A_TIME, tally)
    return _figures(grown, *tallies)


async def _talk(bot: Contestant, numbers: Iterator[int], messages: int, tally: Tally) -> None:
    """Say something in the next places."""
    before = bot.cpu_seconds
    for _ in range(messages):
        number = next(numbers)
        words = f"and what happened on day {number}?"
        tally.seconds.append(await bot.overhead(number % len(bot.channels), words))
        await asyncio.sleep(PAUSE)
    tally.cpu_seconds.append((bot.cpu_seconds - before) / messages)


def _figures(grown: str, much: Tally, little: Tally) -> dict[str, float]:
    times = {
        "p50": (median(much.seconds), median(little.seconds)),
        "cpu": (median(much.cpu_seconds), median(little.cpu_seconds)),
    }
    return {
        f"{grown}_{figure}_{name}": value
        for figure, (of_much, of_little) in times.items()
        for name, value in {
            "ms": round(1_000 * of_much, 1),
            "ms_with_few": round(1_000 * of_little, 1),
            "ratio": round(of_much / of_little, 3),
        }.items()
    }


def _write_character(folder: Path, name: str) -> None:
    """Make another one of a shipped character, with a name of its own."""
    folder.mkdir(parents=True)
    named = [
        f'{line.partition("=")[0]}="{name}"' if line.startswith(("default_name=", "aliases=")) else line
        for line in MODEL.read_text().replace("Nyx Void", name).splitlines()
    ]
    (folder / SHEET_NAME).write_text("\n".join(named))


def _told(channels: Sequence[Channel], people: Sequence[User]) -> list[Told]:
    """Return who has talked in which channel: those who will."""
    return [
        Told(channel.id, channel.guild.id, person.id, person.name)
        for number, channel in enumerate(channels)
        if channel.guild
        for person in [people[number % len(people)]]
    ]
