"""The composition root: the only place where the parts meet."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from bot.affairs import Affairs, affairs_of
from bot.arranging import (
    embedder_of,
    growth_folder,
    limits_of,
    manner_of,
    open_claude,
    rehearsing,
    voice_of,
    within,
)
from bot.audit import AuditLog
from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.conversation.pipeline import Conversation, nothing_new
from bot.core import waiting
from bot.core.clock import Clock, SystemClock
from bot.core.data_lock import held
from bot.core.errors import ConfigurationError, DatabaseUnreachable
from bot.core.waiting import AWAY_SECONDS
from bot.features.admin.service import Administration
from bot.features.characters.importing import joined
from bot.features.characters.library import Library
from bot.features.operations.alerts import Alerts, Bounds
from bot.features.operations.health import Health
from bot.jobs.history import Ledger
from bot.jobs.schedule import Schedule
from bot.llm.breaker import Breaker
from bot.llm.budget import Budgets
from bot.llm.client import Claude
from bot.llm.server import Server
from bot.memory.meaning import Meaning
from bot.settings import Settings
from bot.views import Views, views_of
from database import Database, DatabaseAway, DatabaseBusy, DatabaseError, DatabaseFull, DatabaseTaken
from database.backups import NightWatch
from memory.embeddings import Embedder
from personas.character import Character

log = logging.getLogger(__name__)

DATABASE_NAME = "masquerade.sqlite3"
PRUNE_SECONDS = 3600
CONDENSE_SECONDS = 1800
EXPIRE_SECONDS = 300
"""Facts that are not kept go at most so often (F081)."""
EMBED_SECONDS = 300
SOON_SECONDS = 60
"""What a stop may have left behind is looked after so long after the start."""
KEEP_SECONDS = 60
TAKEN_SECONDS = 90
"""So long a server is waited for at the start whose lock a dead process still holds."""
BRIEF_SECONDS = 5
"""So long where a person sits and waits."""
PASSING = (DatabaseAway, DatabaseBusy, DatabaseFull)
"""Faults for which the operator need not change a setting: starting again later may help."""
NIGHT = 4
"""The hour, in the house's zone, from which on that is done which takes long."""


class Notices:
    """What the operator has to know now: into the log, and to whoever listens."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []

    def __call__(self, sentence: str) -> None:
        self._tell(sentence, logging.ERROR)

    def ease(self, sentence: str) -> None:
        """Tell that something is over that was told before."""
        self._tell(sentence, logging.INFO)

    def _tell(self, sentence: str, level: int) -> None:
        log.log(level, "%s", sentence)
        for listen in self.listeners:
            listen(sentence)


@dataclass(frozen=True, slots=True)
class App:
    """Everything that runs, put together."""

    settings: Settings
    manner: Manner
    database: Database
    claude: Claude
    conversation: Conversation
    administration: Administration
    audit: AuditLog
    clock: Clock
    server: Server
    views: Views
    affairs: Affairs
    schedule: Schedule
    health: Health
    library: Library | None = None
    tell_operator: Notices = field(default_factory=Notices)

    @property
    def character(self) -> Character:
        """The bot's own character, as it is now."""
        return self.conversation.character


@asynccontextmanager
async def open_app(
    settings: Settings,
    character: Character,
    server: Server,
    *,
    library: Library | None = None,
    manner: Manner | None = None,
    claude: Claude | None = None,
    clock: Clock | None = None,
    rng: Random | None = None,
    embedder: Embedder | None = None,
    on_stage: Callable[[str], None] | None = None,
    patient: bool = False,
) -> AsyncIterator[App]:
    """Put the parts together, and take them apart again at the end.

    Raises ConfigurationError when the data folder can't be used or is in use, or the price table
    or the database can't be read; DatabaseUnreachable where trying again later may help. `patient` is who
    nobody waits for: a database server that is away gets minutes to come back.
    """
    clock, tell_operator = clock or SystemClock(), Notices()
    manner, breaker = _manner(manner, settings, server), breaker_of(server, clock, tell_operator)
    with held(settings.data_dir):
        claude = claude or open_claude(settings, server, clock, breaker)
        database = await open_database(settings, patient=patient)
        company = await library.open(await _joined(settings, database)) if library else Company.of(character)
        refresh = partial(library.refresh, company, database) if library else nothing_new
        budgets = Budgets(database, clock, limits_of(settings), zone=manner.zone, tell=tell_operator)
        claude = await within(budgets, claude, settings, server)
        conversation = Conversation(
            company=company,
            database=database,
            claude=claude,
            voice=voice_of(settings, server),
            manner=manner,
            clock=clock,
            rng=rng or Random(),
            meaning=Meaning(embedder or embedder_of(settings)),
            budgets=budgets,
            refresh=refresh,
            on_stage=on_stage,
        )
        app = _put_together(
            settings, manner, database, claude, conversation, server, library, tell_operator, breaker
        )
        watch = _schedule(app)
        try:
            await refresh()
            await _begin(app, watch)
            yield app
        finally:
            await app.schedule.close()
            await app.affairs.growth_files.close()
            await conversation.summing_up.close()
            conversation.meaning.close()
            await claude.close()
            await database.close()


def _put_together(
    settings: Settings,
    manner: Manner,
    database: Database,
    claude: Claude,
    conversation: Conversation,
    server: Server,
    library: Library | None,
    tell_operator: Notices,
    breaker: Breaker,
) -> App:
    """Return the app, with the services behind its commands."""
    clock = conversation.clock
    audit = AuditLog(database, clock)
    administration = Administration(database, clock, audit, finish_erasing=conversation.eraser.finish)
    growth = growth_folder(settings)
    schedule = Schedule(clock=clock, ledger=Ledger(database, clock))
    health = health_of(settings, database, conversation, schedule, tell_operator, breaker)
    return App(
        settings,
        manner,
        database,
        claude,
        conversation,
        administration,
        audit,
        clock,
        server,
        views_of(conversation, database, clock),
        affairs_of(
            conversation, database, claude, administration, audit, clock, manner, library, growth=growth
        ),
        schedule,
        health,
        library,
        tell_operator=tell_operator,
    )


def breaker_of(server: Server, clock: Clock, tell_operator: Notices) -> Breaker:
    """Return what stops asking a server that refuses us."""
    return Breaker(clock, fresh_key=server.fresh_key, tell=tell_operator, ease=tell_operator.ease)


def health_of(
    settings: Settings,
    database: Database,
    conversation: Conversation,
    schedule: Schedule,
    tell_operator: Notices,
    breaker: Breaker,
) -> Health:
    """Return what looks after everything else."""
    bounds = Bounds(
        latency=settings.latency_warning_seconds,
        database=settings.alert_database_mb * 1_000_000,
        disk_free=settings.alert_disk_free_mb * 1_000_000,
    )
    return Health(
        database=database,
        conversation=conversation,
        schedule=schedule,
        clock=conversation.clock,
        alerts=Alerts(bounds, tell=tell_operator, ease=tell_operator.ease),
        breaker=breaker,
        data_dir=settings.data_dir,
        seconds=settings.heartbeat_seconds,
    )


async def _joined(settings: Settings, database: Database) -> list[str]:
    """Return who came by import, where more than one character may speak."""
    return await joined(database) if settings.use_persona_system else []


def _schedule(app: App) -> NightWatch:
    """Let the jobs run that keep the memory in order; return the one that is needed at the start, too."""
    conversation = app.conversation

    async def turn_the_day() -> None:
        """Draw facts from the day behind, begin the new one, and think of a status: in this order (C81)."""
        try:
            # A rehearsal voice finds no facts: what was said waits for a model that does.
            for player in [] if app.server.rehearsal else list(conversation.players.values()):
                await player.mind.consolidation.run_due()
        finally:
            await app.affairs.days.dawn()
            await app.affairs.statuses.renew()

    app.schedule.every(CONDENSE_SECONDS, conversation.summing_up.catch_up, name="sum up what ages")
    app.schedule.every(EXPIRE_SECONDS, conversation.memories.expire, name="forget what expired")
    app.schedule.every(PRUNE_SECONDS, turn_the_day, name="draw facts from talk", first=SOON_SECONDS)
    app.schedule.every(
        EMBED_SECONDS, conversation.embedding.catch_up, name="embed what is new", first=SOON_SECONDS
    )
    app.schedule.every(PRUNE_SECONDS, conversation.chronicle.prune, name="forget what is past its time")
    app.schedule.every(KEEP_SECONDS, conversation.budgets.keep, name="note what was spent")
    watch = NightWatch(
        app.settings.data_dir / DATABASE_NAME,
        kept=timedelta(days=app.settings.backups_kept_days),
        now=app.clock.now,
        tell=app.tell_operator,
    )
    zone = app.manner.zone
    app.schedule.daily(NIGHT, app.database.vacuum, name="write the whole database anew", zone=zone)
    # A server looks at its own pages; copies from when the database was a file go all the same.
    look = watch.expire if app.database.on_server else watch.look
    app.schedule.daily(NIGHT + 1, look, name="check the whole database", zone=zone)
    if watch.is_large and not app.database.on_server:
        app.schedule.once(SOON_SECONDS, watch.look, name="check what the start left out")
    return watch


def _manner(given: Manner | None, settings: Settings, server: Server) -> Manner:
    manner = given or manner_of(settings, server)
    return rehearsing(manner) if server.rehearsal else manner


async def _begin(app: App, watch: NightWatch) -> None:
    """Do at once what can't wait for the jobs: forget what is past its time, and begin the day."""
    with database_named():
        await app.schedule.open()
        await app.conversation.memories.expire()
        await app.conversation.chronicle.prune()
        await watch.expire()
        await app.affairs.days.dawn()


async def open_database(settings: Settings, *, patient: bool = False) -> Database:
    """Open the database that is set: on a server, or the file in data_dir.

    Raises ConfigurationError, or DatabaseUnreachable where trying again later may help; for a server some
    of that is done here (see open_app).
    """
    path, url = settings.data_dir / DATABASE_NAME, settings.database_url.get_secret_value()
    with database_named():
        return await (_reached(url, path, patient=patient) if url else Database.open(path))


@contextmanager
def database_named() -> Iterator[None]:
    """Let what the database refuses be an error for the operator, or one that may pass."""
    try:
        yield
    except PASSING as error:
        raise DatabaseUnreachable(str(error)) from error
    except DatabaseError as error:
        raise ConfigurationError(str(error)) from error


async def _reached(url: str, path: Path, *, patient: bool) -> Database:
    """Open a server's database; one that is away or taken is tried again for a while."""

    def longest(error: BaseException | None) -> float:
        if not patient:
            return BRIEF_SECONDS
        return TAKEN_SECONDS if isinstance(error, DatabaseTaken) else AWAY_SECONDS

    def is_away(error: BaseException) -> bool:
        return isinstance(error, DatabaseAway | DatabaseBusy)

    tries = waiting.patient(is_away, longest=longest, tell=patient)
    return await tries(Database.connect, url, path)
