"""Short ways to the values that tests begin with."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from bot.app import App, Opened, assemble
from bot.audit import AuditLog
from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.conversation.decision import Trace
from bot.conversation.generation import ModelVoice
from bot.conversation.senses import Senses
from bot.conversation.text.typing import Pace
from bot.conversation.types import Arrival, Backlog, Utterance
from bot.core.clock import Clock, Runtime
from bot.features.admin.service import Administration
from bot.features.characters.library import Library
from bot.llm.breaker import Breaker
from bot.llm.budget import Budgets, Limits
from bot.llm.budgeted import Budgeted, Tariff
from bot.llm.client import Claude
from bot.llm.pricing import load_prices
from bot.llm.server import Server
from bot.llm.types import TokenEstimate
from bot.settings import Settings
from database import Database
from database.models import Claim, Turn
from memory.embeddings import Embedder
from memory.meaning import Meaning
from memory.places import Place, Where
from personas.character import Character
from tests.fakes import EPOCH, FakeClaude, FakeClock, FakeMouth

_ids = count(1_000)

DM = Where(500, Place.DM)
CHANNEL = Where(600, Place.GUILD, name="general", guild_id=700, guild_name="The Guild")
AT_ONCE = Manner(pace=Pace(longest=0.0, shortest=0.0), burst_quiet=0.0, burst_longest=0.0, asks_after=0)
"""Answers without delay, and asks nobody whether they may be remembered: that has tests of its own."""

PIXEL = Character(
    slug="pixel",
    name="Pixel",
    core_prompt="You are Pixel, a catgirl who debugs.",
    aliases=("Pix",),
    fallback_lines=("*static* say again?",),
)


def utterance(text: str = "hello", *, where: Where = DM, **changes: Any) -> Utterance:
    """Return something said by Mira, in a DM unless told otherwise."""
    plain = Utterance(
        message_id=next(_ids),
        author_id=42,
        author_name="Mira",
        text=text,
        sent_at=EPOCH,
        where=where,
    )
    return replace(plain, **changes)


VOICE = ModelVoice(model="claude-sonnet-5-5", max_tokens=100, deadline=60, tokens=TokenEstimate())


def app_on(
    database: Database,
    claude: Claude,
    clock: Clock,
    *,
    company: Company | None = None,
    manner: Manner = AT_ONCE,
    rng: Random | None = None,
    voice: ModelVoice | None = None,
    on_stage: Callable[[str], None] | None = None,
    **parts: Any,
) -> App:
    """Return an app as `assemble` builds it, without its jobs, on what is open already."""
    settings = Settings(data_dir=database.path.parent)
    watched = {"reached": on_stage} if on_stage else {}
    given: dict[str, Any] = {
        "budgets": Budgets(database, clock, zone=manner.zone),
        "meaning": Meaning(None),
        "breaker": Breaker(clock),
        **parts,
    }
    app = assemble(
        Opened(
            settings=settings,
            manner=manner,
            server=Server("http://127.0.0.1:9", "key", VOICE.model),
            database=database,
            claude=claude,
            company=company or Company.of(PIXEL),
            voice=voice or replace(VOICE, tokens=TokenEstimate()),
            runtime=Runtime(clock, rng or Random(1), **watched),
            **given,
        )
    )
    app.perception.senses = Senses()  # nothing is fetched, unless a test gives it what with
    return app


async def beginnings_ended() -> None:
    """Wait for what was begun and not waited for: it still has the database open."""
    if begun := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(begun, timeout=2)


@dataclass
class Table:
    """An app with everything around it in reach of the test."""

    app: App
    database: Database
    claude: FakeClaude
    clock: FakeClock
    mouth: FakeMouth
    stages: list[str]

    async def hear(self, text: str = "hello", **changes: Any) -> Utterance:
        """Say something now, and wait until it was answered or passed over."""
        changes.setdefault("sent_at", self.clock.now())
        heard = utterance(text, **changes)
        await self.app.conversation.take_turn(heard, self.mouth)
        return heard

    async def resume(self, *heard: Utterance) -> None:
        """Go on with messages that were noted before a stop, as after the next start."""

        async def left() -> list[Utterance]:
            return list(heard)

        async def missed() -> list[Arrival]:
            return []

        backlog = Backlog(left, missed, caught_up=bool)
        await self.app.conversation.catch_up(heard[-1].where.channel_id, backlog, self.mouth)

    async def decided(self, message_id: int) -> "Outcome":
        """Return what was decided about a message."""
        return await outcome(self.database, message_id)


async def until_noted(at: Table, message_id: int) -> None:
    """Wait until a message is in the log, and whoever noted it knows that, too."""
    found = False
    while not found:
        async with at.database.read() as db:
            found = bool(await db.turns.decided(message_id))
        await asyncio.sleep(0.02 if found else 0.001)


async def noted(at: Table, heard: Utterance) -> bool:
    """Note a message and no more, as if the process had ended then."""
    return bool(await at.app.intake.note(heard))


@dataclass(frozen=True)
class Outcome:
    """A decision as it was kept, and the turn it became."""

    claim: Claim
    turn: Turn | None
    trace: Trace


async def outcome(database: Database, message_id: int) -> Outcome:
    """Return what was decided about a message, with its trace as a value."""
    async with database.read() as db:
        found = await db.turns.decided(message_id)
    assert found is not None
    return Outcome(*found, Trace.from_json(found[0].trace or {}))


def administration_of(at: Table) -> Administration:
    """Return what admins do at a table."""
    audit = AuditLog(at.database, at.clock)
    return Administration(at.database, at.clock, audit, finish_erasing=at.app.eraser.finish)


@asynccontextmanager
async def table(
    folder: Path,
    *,
    character: Character = PIXEL,
    others: Sequence[Character] = (),
    manner: Manner = AT_ONCE,
    seed: int = 1,
    embedder: Embedder | None = None,
    library: Library | None = None,
    limits: Limits | None = None,
    claude: Callable[[FakeClock], FakeClaude] = FakeClaude,
) -> AsyncIterator[Table]:
    """Set a table: a real database in `folder`, a scripted Claude, a clock that stands still.

    With `limits` that Claude costs a thousandth of a dollar a call, and is asked while it can be paid.
    """
    clock = FakeClock()
    scripted, mouth, stages = claude(clock), FakeMouth(), list[str]()
    database = await Database.open(folder / "masquerade.sqlite3")
    company = await library.open() if library else Company.of(character, others)
    budgets = Budgets(database, clock, limits or Limits(), zone=manner.zone, tell=stages.append)
    await budgets.open()
    paid = Budgeted(scripted, budgets, Tariff(load_prices(None)), cheap_model="claude-haiku-5-5")
    app = app_on(
        database,
        paid if limits else scripted,
        clock,
        company=company,
        manner=manner,
        rng=Random(seed),
        on_stage=stages.append,
        budgets=budgets,
        meaning=Meaning(embedder),
        library=library,
    )
    try:
        yield Table(app, database, scripted, clock, mouth, stages)
    finally:
        await beginnings_ended()
        await app.summaries.close()
        await database.close()
