"""Player of a scenario: runs its steps in order and compares results with expectations."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TextIO
from zlib import crc32

from bot.app import DATABASE_NAME, App, open_app
from bot.cli.simulate.scenario import DM, Expected, Scenario, ScenarioStep, read_scenario
from bot.cli.simulate.stage import ScriptedModel, SimulatedClock, SimulatedStage, SpokenLine, StageMouth
from bot.cli.terminal.markup import bare
from bot.cli.terminal.session import Ids
from bot.conversation.attention.explain import reason_in_words
from bot.conversation.types import Utterance
from bot.core.errors import ConfigurationError
from bot.features.characters.library import library_of
from bot.llm.server import Server
from bot.settings import Loaded, load_settings
from database.backups import row_counts
from memory.places import Place, Where

STRIDE = timedelta(hours=1)
"""Interval of the scheduled jobs while a scenario waits."""
MODEL = "scripted"
BOT, GUILD = 2, 1
"""Ids of the bot and the server, far below real Discord ids."""
SETTLED_SECONDS = 10.0


def play(
    path: Path, *, characters_dir: Path | None = None, prompts: bool = False, out: TextIO = sys.stdout
) -> int:
    """Play a scenario and print its transcript; return 1 if any expectation failed, else 0.

    With `prompts`, the complete prompt of each reply is printed before it.

    Raises ConfigurationError for a file, setting or character that can't be used.
    """
    scenario = read_scenario(path)
    with TemporaryDirectory(prefix="masquerade-simulate-") as folder:
        try:
            loaded = _loaded(scenario, Path(folder), characters_dir)
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {str(error).replace('command line: ', '')}") from error
        return asyncio.run(_play(scenario, loaded, out, prompts=prompts))


def _loaded(scenario: Scenario, data: Path, characters_dir: Path | None) -> Loaded:
    """Return the settings of a scenario; all output goes into `data`, whatever they say."""
    first, *others = scenario.characters
    written = {
        "embedding_model": "off",
        **{name: _setting(value) for name, value in scenario.settings.items()},
        "character": first,
        "active_personas": json.dumps(others),
        "data_dir": str(data),
        "database_url": "",
        "core_memory_pickle_dir": "./",
        "persona_evolution_path": str(data),
        "default_model": MODEL,
        **({"characters_dir": str(characters_dir)} if characters_dir else {}),
    }
    return load_settings(None, None, {}, written)


def _setting(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _play(scenario: Scenario, loaded: Loaded, out: TextIO, *, prompts: bool) -> int:
    clock = SimulatedClock(scenario.begins)
    model = ScriptedModel(clock)
    opened = open_app(
        loaded.settings,
        loaded.playable,
        Server("http://127.0.0.1", "", MODEL),
        library=library_of(loaded),
        claude=model,
        clock=clock,
        rng=Random(scenario.seed),
    )
    async with opened as app:
        return 1 if await Play(app, clock, model, out, prompts=prompts).steps(scenario) else 0


class Play:
    """A running scenario."""

    def __init__(
        self, app: App, clock: SimulatedClock, model: ScriptedModel, out: TextIO, *, prompts: bool
    ) -> None:
        self._prompts = prompts
        self._app, self._clock, self._model, self._out = app, clock, model, out
        self._ids = Ids(clock)
        self._stage = SimulatedStage(clock, self._ids.of_part)
        self._asked_in_vain = Counter[str]()

    async def steps(self, scenario: Scenario) -> int:
        """Play every step, printing lines and faults as they occur. Return the number of faults."""
        faults = 0
        for number, step in enumerate(scenario.steps, start=1):
            for fault in await self._step(step):
                self._print(f"  step {number}: {fault}")
                faults += 1
        expecting = sum(step.expect is not None for step in scenario.steps)
        verdict = f"{faults} not as expected" if faults else "all as expected"
        if self._asked_in_vain:
            kinds = ", ".join(f"{kind} ({times})" for kind, times in sorted(self._asked_in_vain.items()))
            self._print(f"\nAsked of the model, and not in the scenario: {kinds}.")
        steps = "1 step" if len(scenario.steps) == 1 else f"{len(scenario.steps)} steps"
        self._print(f"\n{steps}, {expecting} with expectations: {verdict}.")
        return faults

    async def _step(self, step: ScenarioStep) -> list[str]:
        """Play one step; return the deviations from its expectations."""
        self._model.will_answer(step.model)
        begun, prompts, before = self._clock.now(), len(self._model.prompts), len(self._stage.lines)
        if step.wait:
            await self._wait(step.wait)
        heard = await self._say(step)
        await self._settle()
        self._model.forget_answers()
        said, asked = self._stage.lines[before:], self._model.prompts[prompts:]
        for prompt in asked if self._prompts else ():
            self._print(bare(prompt))
        self._show(said)
        happened = Happened(said, asked, begun, await self._reason(heard))
        faults = [*happened.differs_from(step.expected), *self._wrong_rows(step.expected.rows)]
        if "reply" in self._model.unanswered:
            faults.append(
                "the model was asked for a reply that the scenario does not have; add it to `model`"
            )
        self._asked_in_vain.update(purpose for purpose in self._model.unanswered if purpose != "reply")
        self._model.unanswered.clear()
        return faults

    async def _say(self, step: ScenarioStep) -> Utterance | None:
        """Have a person say a line, and let the characters react."""
        if step.who is None or step.says is None:
            return None
        where, mouth = self._place(step), StageMouth(self._stage, step.where, self._name, BOT)
        heard = Utterance(
            message_id=self._ids.of_line(),
            author_id=_id_of(step.who.casefold()),
            author_name=step.who,
            text=step.says,
            sent_at=self._clock.now(),
            where=where,
        )
        self._print_line(SpokenLine(self._clock.now(), step.where, step.who, step.says))
        await self._app.conversation.take_turn(heard, mouth)
        await self._app.following.follow(where.channel_id, mouth)
        return heard

    def _place(self, step: ScenarioStep) -> Where:
        if step.where == DM:
            return Where(_id_of(f"dm {step.who}"), Place.DM)
        name = step.where.removeprefix("#")
        return Where(_id_of(step.where), Place.GUILD, name=name, guild_id=GUILD, guild_name="The server")

    @property
    def _name(self) -> str:
        return self._app.character.name

    async def _wait(self, span: timedelta) -> None:
        """Advance time in strides, running the scheduled jobs."""
        until = self._clock.now() + span
        while (left := until - self._clock.now()) > timedelta(0):
            self._clock.advance(min(STRIDE, left))
            for name in self._app.schedule.names:
                await self._app.schedule.run(name)

    async def _settle(self) -> None:
        """Wait for background tasks, such as a summary."""
        if begun := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(begun, timeout=SETTLED_SECONDS)

    async def _reason(self, heard: Utterance | None) -> str:
        """Return the reason for answering a line or not, as `/why` shows it."""
        if heard is None:
            return ""
        async with self._app.database.read() as db:
            decided = await db.turns.decided(heard.message_id)
        return reason_in_words(decided[0].reason) if decided else ""

    def _wrong_rows(self, expected: Mapping[str, int]) -> Iterator[str]:
        counts = row_counts(self._app.settings.data_dir / DATABASE_NAME, in_use=True) if expected else {}
        for table, count in expected.items():
            if table not in counts:
                yield f"there is no table {table!r}; there are {', '.join(sorted(counts))}"
            elif counts[table] != count:
                yield f"the table {table} has {counts[table]} rows, not {count}"

    def _show(self, said: Sequence[SpokenLine]) -> None:
        for line in said:
            self._print_line(line)

    def _print_line(self, line: SpokenLine) -> None:
        self._print(f"{line.at:%d %b %H:%M:%S} {line.where} {line.speaker}: {bare(line.text)}")

    def _print(self, text: str) -> None:
        print(text, file=self._out)


@dataclass(frozen=True, slots=True)
class Happened:
    """Result of a step: lines, prompts, start time and reason."""

    said: Sequence[SpokenLine]
    prompts: Sequence[str]
    begun: datetime
    reason: str

    def differs_from(self, expected: Expected) -> Iterator[str]:
        """Yield the deviations from the expectations."""
        speakers = [line.speaker for line in self.said]
        if expected.speakers is not None and speakers != expected.speakers:
            yield f"{_listed(speakers)} spoke, not {_listed(expected.speakers)} ({self.reason or 'no line'})"
        if expected.reason is not None and expected.reason not in self.reason:
            yield f"the reason was {self.reason!r}, not {expected.reason!r}"
        if expected.within is not None and self.said and self.said[-1].at - self.begun > expected.within:
            yield f"the last words came after {self.said[-1].at - self.begun}, not within {expected.within}"
        yield from _texts(
            "what was said", "\n".join(line.text for line in self.said), expected.says, expected.lacks
        )
        yield from _texts("the prompt", "\n".join(self.prompts), expected.prompt_holds, expected.prompt_lacks)


def _texts(name: str, text: str, held: Sequence[str], lacking: Sequence[str]) -> Iterator[str]:
    yield from (
        f"{name} does not hold {expected_text!r}" for expected_text in held if expected_text not in text
    )
    yield from (f"{name} holds {expected_text!r}" for expected_text in lacking if expected_text in text)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody"


def _id_of(name: str) -> int:
    """Return a stable id for a person's or channel's name, above the bot's."""
    return (crc32(name.encode()) << 8) + 1000
