"""The composition root: the only place where the parts meet."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from filelock import FileLock, Timeout

from bot.administration import Administration
from bot.claude.calls import open_call_log
from bot.claude.client import AnthropicClaude, Claude
from bot.claude.pricing import load_prices
from bot.claude.tokens import TokenEstimate, local_counter
from bot.clock import Clock, SystemClock
from bot.conversation.conversation import Conversation
from bot.conversation.deciding import Attentiveness
from bot.conversation.manner import Learning, Manner
from bot.conversation.pacing import Pace
from bot.conversation.recall import Extent
from bot.conversation.replying import Voice
from bot.conversation.throttle import Patience
from bot.conversation.voting import Voters
from bot.errors import AlreadyRunningError, ClaudeDenied, ConfigurationError
from bot.meaning import Meaning
from bot.schedule import Schedule
from bot.settings import Settings
from bot.views import Views, views_of
from database import Database, DatabaseError
from database.backups import NightWatch
from memory.dumps import Dumps
from memory.embeddings import Embedder, EmbedderMissing, open_embedder
from personas.character import Character

log = logging.getLogger(__name__)

CLAUDE_URL = "https://api.anthropic.com"
DATABASE_NAME = "masquerade.sqlite3"
PRUNE_SECONDS = 3600
CONDENSE_SECONDS = 1800
EXPIRE_SECONDS = 300
"""Facts that are not kept go at most so often (F081)."""
EMBED_SECONDS = 300
SOON_SECONDS = 60
"""What a stop may have left behind is looked after so long after the start."""
NIGHT = 4
"""The hour, UTC, at which what takes long is done."""
CACHED = {"1h": timedelta(hours=1), "5m": timedelta(minutes=5)}
REHEARSAL_TOKENS = 160
REHEARSAL_SECONDS = 180.0
REHEARSAL_TRANSCRIPT = 2_000


@dataclass(frozen=True, slots=True)
class Server:
    """A server that speaks the Messages API.

    `local` ones are not Claude's own: they take sampling parameters, and no thinking. A `rehearsal`
    is our embedded model, which has to be warmed up.
    """

    base_url: str
    api_key: str
    model: str
    local: bool = False
    rehearsal: bool = False


class Notices:
    """What the operator has to know now: into the log, and to whoever listens."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []

    def __call__(self, sentence: str) -> None:
        log.error(sentence)
        for listen in self.listeners:
            listen(sentence)


@dataclass(frozen=True, slots=True)
class App:
    """Everything that runs, put together."""

    settings: Settings
    character: Character
    manner: Manner
    database: Database
    claude: Claude
    conversation: Conversation
    administration: Administration
    clock: Clock
    server: Server
    views: Views
    schedule: Schedule = field(default_factory=Schedule)
    tell_operator: Notices = field(default_factory=Notices)


@asynccontextmanager
async def open_app(
    settings: Settings,
    character: Character,
    server: Server,
    *,
    manner: Manner | None = None,
    claude: Claude | None = None,
    clock: Clock | None = None,
    rng: Random | None = None,
    embedder: Embedder | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> AsyncIterator[App]:
    """Put the parts together, and take them apart again at the end.

    Raises ConfigurationError when the data folder can't be used or is in use, or the price table
    or the database can't be read.
    """
    clock, tell_operator = clock or SystemClock(), Notices()
    manner = manner or manner_of(settings, server)
    if server.rehearsal:
        manner = _rehearsing(manner)
    with held(settings.data_dir):
        claude = claude or open_claude(settings, server, clock, tell_operator)
        database = await _open_database(settings.data_dir)
        meaning = Meaning(embedder or embedder_of(settings))
        conversation = Conversation(
            character=character,
            database=database,
            claude=claude,
            voice=voice_of(settings, server),
            manner=manner,
            clock=clock,
            rng=rng or Random(),
            meaning=meaning,
            on_stage=on_stage,
        )
        app = App(
            settings,
            character,
            manner,
            database,
            claude,
            conversation,
            Administration(database, clock, finish_erasing=conversation.eraser.finish),
            clock,
            server,
            views_of(conversation, database, clock),
            tell_operator=tell_operator,
        )
        watch = _schedule(app)
        try:
            await _prune_first(conversation)
            await watch.expire()
            yield app
        finally:
            app.schedule.stop()
            await conversation.compaction.close()
            meaning.close()
            await claude.close()
            await database.close()


def _schedule(app: App) -> NightWatch:
    """Let the jobs run that keep the memory in order; return the one that is needed at the start, too."""
    conversation = app.conversation
    app.schedule.every(CONDENSE_SECONDS, conversation.compaction.catch_up, name="sum up what ages")
    app.schedule.every(EXPIRE_SECONDS, conversation.memories.expire, name="forget what expired")
    app.schedule.every(
        PRUNE_SECONDS, conversation.consolidation.run_due, name="draw facts from talk", first=SOON_SECONDS
    )
    app.schedule.every(
        EMBED_SECONDS, conversation.embedding.catch_up, name="embed what is new", first=SOON_SECONDS
    )
    app.schedule.every(PRUNE_SECONDS, conversation.chronicle.prune, name="forget what is past its time")
    watch = NightWatch(
        app.settings.data_dir / DATABASE_NAME,
        kept=timedelta(days=app.settings.backups_kept_days),
        now=app.clock.now,
        tell=app.tell_operator,
    )
    app.schedule.daily(NIGHT, app.database.vacuum, name="write the whole database anew")
    app.schedule.daily(NIGHT + 1, watch.look, name="check the whole database")
    if watch.is_large:
        app.schedule.once(SOON_SECONDS, watch.look, name="check what the start left out")
    return watch


def _rehearsing(manner: Manner) -> Manner:
    """Return the manner of a small model: it reads little, and slowly."""
    size = min(manner.extent.condensed, REHEARSAL_TRANSCRIPT)
    return replace(
        manner,
        extent=replace(manner.extent, condensed=size, known=min(size // 2, manner.extent.known)),
        summary_deadline=max(manner.summary_deadline, REHEARSAL_SECONDS),
    )


def open_claude(
    settings: Settings, server: Server, clock: Clock, tell_operator: Callable[[str], None]
) -> AnthropicClaude:
    """Return the process's one client. Raises ConfigurationError for a price table with a fault."""

    def denied(error: ClaudeDenied) -> None:
        tell_operator(
            f"The model's server refuses us ({error}). Check the key and the billing of the account; "
            "nothing is asked for the next 15 minutes."
        )

    note = open_call_log(settings.api_log_file) if settings.enable_api_call_logging else None
    return AnthropicClaude(
        api_key=server.api_key,
        base_url=server.base_url,
        prices=load_prices(
            Path(settings.price_file) if settings.price_file else None,
            input_prices={
                word: getattr(settings, f"cost_per_token_{word}")
                for word in ("haiku", "sonnet")
                if f"cost_per_token_{word}" in settings.explicit
            },
        ),
        clock=clock,
        cache_ttl=settings.cache_ttl,
        sampling={"temperature": settings.default_temperature} if server.local else None,
        close_connections=server.local,
        denied=denied,
        **({"note": note} if note else {}),
    )


def voice_of(settings: Settings, server: Server) -> Voice:
    """Return who speaks. A rehearsal voice writes slowly, and rambles if it is let."""
    slow = server.rehearsal
    return Voice(
        model=server.model,
        premium_model=_model(server, settings.premium_model, named="premium_model" in settings.explicit),
        max_tokens=min(settings.default_max_tokens, REHEARSAL_TOKENS)
        if slow
        else settings.default_max_tokens,
        deadline=max(settings.llm_timeout, REHEARSAL_SECONDS) if slow else settings.llm_timeout,
        tokens=TokenEstimate(local_counter()),
        effort="off" if server.local else settings.reply_effort,
    )


def embedder_of(settings: Settings) -> Embedder | None:
    """Return what turns texts into vectors; without its packages, say so once (C58)."""
    try:
        return open_embedder(settings.embedding_model)
    except EmbedderMissing as error:
        log.warning("%s", error)
        return None


def _model(server: Server, model: str, *, named: bool) -> str:
    """Return a model of Claude's; another server has it only where the operator `named` it."""
    return server.model if server.local and not named else model


def manner_of(settings: Settings, server: Server) -> Manner:
    """Return how the settings let the character behave."""
    pace = Pace(
        characters_per_minute=settings.typing_speed_cpm,
        shortest=settings.min_typing_time,
        longest=settings.max_typing_time,
        variance=settings.typing_variance,
    )
    attention = Attentiveness(
        too_old=timedelta(seconds=settings.sel_drop_old_seconds),
        patience=Patience(
            threshold=settings.bot_reply_threshold,
            cooldown=settings.reply_cooldown,
            energy=settings.channel_energy,
        ),
        chance=settings.global_response_chance,
        voters=Voters(
            model=_model(server, settings.voting_model, named="voting_model" in settings.explicit),
            count=settings.yes_no_vote_count,
            deadline=settings.should_reply_timeout,
        ),
        turn=settings.max_typing_time,
    )
    return Manner(
        pace=pace,
        attention=attention,
        errors=settings.errors,
        burst_quiet=settings.burst_quiet_seconds,
        burst_longest=settings.burst_max_seconds,
        resume_within=timedelta(seconds=settings.resume_within_seconds),
        decisions_kept=timedelta(days=settings.decisions_kept_days),
        extent=Extent(
            condensed=settings.conversation_token_threshold,
            known=settings.core_memory_token_threshold if settings.memory_consent != "off" else 0,
            cached=CACHED[settings.cache_ttl],
        ),
        summary_deadline=settings.summarize_timeout,
        consent=settings.memory_consent,
        backups_kept=timedelta(days=settings.backups_kept_days),
        recalled=settings.recall_tokens if settings.memory_consent != "off" else 0,
        learning=Learning(
            model=_model(server, settings.memory_model, named="memory_model" in settings.explicit),
            batches=settings.memory_batches and not server.local,
            hour=settings.consolidation_hour,
        ),
        dumps=Dumps(settings.data_dir / settings.core_memory_pickle_dir)
        if settings.enable_core_memory_pickle_log
        else None,
        longest_message=settings.max_message_length,
    )


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: a second process on it would answer everything twice (faults B5)."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(data_dir / "masquerade.lock", blocking=False)
        lock.acquire()
    except Timeout as error:
        raise AlreadyRunningError(
            f"Masquerade already runs on {data_dir.resolve()}. Stop it first, or give this one a folder "
            "of its own with data_dir=... in config.env."
        ) from error
    except OSError as error:
        raise ConfigurationError(f"data_dir {data_dir} can't be written to: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


async def _prune_first(conversation: Conversation) -> None:
    try:
        await conversation.memories.expire()
        await conversation.chronicle.prune()
    except DatabaseError as error:
        raise ConfigurationError(str(error)) from error


async def _open_database(data_dir: Path) -> Database:
    try:
        return await Database.open(data_dir / DATABASE_NAME)
    except DatabaseError as error:
        raise ConfigurationError(str(error)) from error
