"""The composition root: the only place where the services are wired together."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random

from bot.arranging import (
    describer_of,
    embedder_of,
    growth_folder,
    limits_of,
    manner_of,
    open_claude,
    rehearsing,
    senses_of,
    voice_of,
    within,
)
from bot.audit import AuditLog
from bot.conversation.appraising import Appraiser
from bot.conversation.attention.batching import Batcher
from bot.conversation.attention.decide import Deciding
from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.conversation.context.followups import FollowUps
from bot.conversation.context.lore import Bookshelf
from bot.conversation.context.mood_state import InnerLife
from bot.conversation.context.reader import ContextReader
from bot.conversation.context.situation import Staging
from bot.conversation.drafts import Drafting
from bot.conversation.effects import Consequences, News
from bot.conversation.following import Following
from bot.conversation.forgetting import Forgetting
from bot.conversation.generation import Composer, ModelVoice
from bot.conversation.intake import Hooks, Intake, nothing_new
from bot.conversation.message_log import MessageLog
from bot.conversation.outbox import MouthOf, Saying
from bot.conversation.perception import Perception
from bot.conversation.pipeline import Conversation
from bot.conversation.proactive import Unasked
from bot.conversation.queue import Rooms
from bot.conversation.reply import Answering, Replies
from bot.conversation.rethinking import Rethinking
from bot.conversation.revisions import Remaking
from bot.conversation.safety import AgeGate, Courtesy, FaultSigns
from bot.conversation.speakers import Casting
from bot.conversation.summaries.service import Summaries
from bot.conversation.text.names import speaker_label
from bot.core import waiting
from bot.core.clock import Clock, Runtime, SystemClock
from bot.core.data_lock import held
from bot.core.errors import ConfigurationError, DatabaseUnreachable
from bot.core.tasks import spawn
from bot.core.waiting import AWAY_SECONDS
from bot.features.admin.day_moods import DayMoods
from bot.features.admin.edit_characters import (
    AffinityEdits,
    Chosen,
    Hostility,
    IdentityEdits,
    LoreEdits,
    MoodEdits,
    PresenceEdits,
    Seating,
)
from bot.features.admin.edit_facts import FactEdits, FactWords
from bot.features.admin.edit_lore import Lorebooks
from bot.features.admin.edit_relations import BondEdits, Standings
from bot.features.admin.edit_states import GlobalState, StateEdits
from bot.features.admin.edit_thoughts import EditableThought, ThoughtEdits
from bot.features.admin.edits import Edits
from bot.features.admin.people import KnownPeople
from bot.features.admin.selves import Selves
from bot.features.admin.service import Administration
from bot.features.characters.growth_files import GrowthFiles
from bot.features.characters.importing import Arrivals, joined
from bot.features.characters.library import Library
from bot.features.characters.presence import Stagecraft
from bot.features.characters.relations import Relations
from bot.features.inner_life.days import Days
from bot.features.inner_life.diagnosis import Diagnoses
from bot.features.inner_life.night_thoughts import NightThoughts
from bot.features.inner_life.relationship import Relationships
from bot.features.inner_life.status import Statuses
from bot.features.inner_life.thoughts import ThoughtsHere
from bot.features.inner_life.week import Weeks
from bot.features.memory.extraction import MergeQuestion, ModelFacts
from bot.features.memory.map import Maps
from bot.features.memory.nightly import NightlyConsolidation
from bot.features.memory.provenance import Provenance
from bot.features.moderation import Moderation
from bot.features.operations.alerts import AlertBounds, Alerts
from bot.features.operations.feed import Feed
from bot.features.operations.health import Health
from bot.features.operations.insight import Insight
from bot.features.privacy.consent import ConsentReset, Privacy
from bot.features.privacy.erase import Leaving
from bot.features.proactive.checkins import CheckIns
from bot.features.proactive.greetings import Greetings
from bot.features.proactive.initiative import Initiative
from bot.features.proactive.venues import Venues
from bot.features.reminders.due_birthdays_and_reminders import Reminding
from bot.features.reminders.reminder_words import ReminderWording
from bot.features.reminders.requests import notice_requests
from bot.features.reminders.service import Reminders
from bot.features.speech.recording import OggRecorder
from bot.features.speech.voice_replies import Callers, VoiceReplies
from bot.features.tickets import Tickets
from bot.jobs.history import JobHistory
from bot.jobs.schedule import Schedule
from bot.llm.breaker import Breaker
from bot.llm.budget import Budgets
from bot.llm.client import SDK, Claude
from bot.llm.server import Server
from bot.llm.standby import Standby
from bot.settings import Settings
from database import Database, DatabaseAway, DatabaseBusy, DatabaseError, DatabaseFull, DatabaseTaken
from database.backups import NightWatch
from memory.archiving import Archiving
from memory.browsing import Browsing
from memory.embeddings import Embedder
from memory.erasing import Eraser
from memory.learn import Consolidation
from memory.meaning import Embedding, Meaning
from memory.merge import Merger
from memory.recall import RecallSearch
from memory.store import Memories
from memory.time_travel import TimeTravel
from personas.character import Character
from personas.relations.signs import tone_of

log = logging.getLogger(__name__)

DATABASE_NAME = "masquerade.sqlite3"
PRUNE_SECONDS = 3600
SUMMARIZE_SECONDS = 1800
EXPIRE_SECONDS = 300
"""Interval at which expired facts are deleted (F081)."""
EMBED_SECONDS = 300
SOON_SECONDS = 60
"""Delay after the start before jobs catch up on what a stop interrupted."""
KEEP_SECONDS = 60
TAKEN_SECONDS = 90
"""How long the start waits for a database server whose lock a dead process still holds."""
BRIEF_SECONDS = 5
"""The same wait when a person is waiting."""
PASSING = (DatabaseAway, DatabaseBusy, DatabaseFull)
"""Transient errors: a later start may succeed without any change of settings."""
NIGHT = 4
"""The hour, in the house's time zone, from which slow jobs run."""


class Notices:
    """Urgent notices for the operator: written to the log and passed to listeners."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []

    def __call__(self, sentence: str) -> None:
        self._tell(sentence, logging.ERROR)

    def ease(self, sentence: str) -> None:
        """Report that an earlier problem is over."""
        self._tell(sentence, logging.INFO)

    def _tell(self, sentence: str, level: int) -> None:
        log.log(level, "%s", sentence)
        for listen in self.listeners:
            listen(sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The foundations of the services; their opener closes them."""

    settings: Settings
    manner: Manner
    server: Server
    database: Database
    claude: Claude
    company: Company
    voice: ModelVoice
    runtime: Runtime
    budgets: Budgets
    meaning: Meaning
    breaker: Breaker
    library: Library | None = None
    tell_operator: Notices = field(default_factory=Notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """All services. Each exists once, for all characters, and takes a character's slug where needed."""

    # Foundations.
    settings: Settings
    manner: Manner
    server: Server
    database: Database
    claude: Claude
    company: Company
    voice: ModelVoice
    clock: Clock
    budgets: Budgets
    meaning: Meaning
    library: Library | None
    tell_operator: Notices

    # The conversation.
    conversation: Conversation
    hooks: Hooks
    intake: Intake
    message_log: MessageLog
    rooms: Rooms
    casting: Casting
    perception: Perception
    outbox: Saying
    drafting: Drafting
    following: Following
    revisions: Remaking
    forgetting: Forgetting
    summaries: Summaries
    age_gate: AgeGate
    inner_life: InnerLife

    # Memories.
    memories: Memories
    consolidation: Consolidation
    nightly: NightlyConsolidation
    recall: RecallSearch
    embedding: Embedding
    eraser: Eraser
    browsing: Browsing
    maps: Maps
    time_travel: TimeTravel
    provenance: Provenance

    # Features.
    privacy: Privacy
    consent_reset: ConsentReset
    reminders: Reminders
    reminder_delivery: Reminding
    greetings: Greetings
    initiative: Initiative
    check_ins: CheckIns
    venues: Venues
    presence: Stagecraft
    growth: Selves
    growth_files: GrowthFiles
    relations: Relations
    arrivals: Arrivals
    days: Days
    night_thoughts: NightThoughts
    thoughts_here: ThoughtsHere
    day_moods: DayMoods
    statuses: Statuses
    weeks: Weeks
    diagnoses: Diagnoses
    relationships: Relationships
    moderation: Moderation
    tickets: Tickets
    callers: Callers
    voice_replies: VoiceReplies

    # Administration.
    administration: Administration
    audit: AuditLog
    edits: Edits
    known_people: KnownPeople
    fact_words: FactWords
    standings: Standings
    thought_edits: ThoughtEdits
    lorebooks: Lorebooks
    global_state: GlobalState
    seating: Seating

    # Operations.
    schedule: Schedule
    health: Health
    insight: Insight
    feed: Feed

    @property
    def character(self) -> Character:
        """The primary character, in its current form."""
        return self.company.primary.character

    def load(self) -> None:
        """Load lazily imported modules for the first reply: about a second, so run it in a thread."""
        import_module(SDK)
        tone_of("")

    async def refresh(self) -> None:
        """Reload characters whose files or database rows changed."""
        await self.hooks.refresh()

    async def finish_replies(self, mouth_of: MouthOf, *, in_place: Callable[[], object] = bool) -> int:
        """Post replies that were queued but not posted; return their number. See `Outbox.finish`."""
        await self.reminder_delivery.renew()
        return await self.outbox.finish(mouth_of, in_place=in_place)

    async def close(self) -> None:
        """Stop the background work of the services."""
        await self.schedule.close()
        await self.growth_files.close()
        await self.summaries.close()
        self.meaning.close()
        if speech := self.perception.senses.speech:
            await speech.close()


def assemble(base: Opened) -> App:  # noqa: PLR0915 - one statement per service, in dependency order
    """Build every service after its dependencies."""
    settings, manner, company = base.settings, base.manner, base.company
    database, claude, voice, runtime = base.database, base.claude, base.voice, base.runtime
    clock, tokens, library = runtime.clock, voice.tokens, base.library
    voters = manner.attention.voters

    def changed(slug: str) -> None:
        if library:
            library.touch(slug)

    # Speakers and channel queues.
    hooks = Hooks(refresh=partial(library.refresh, company, database) if library else nothing_new)
    rooms = Rooms(clock, burst_quiet=manner.burst_quiet, burst_longest=manner.burst_longest)
    casting = Casting(
        database=database,
        company=company,
        direction=manner.direction,
        runtime=runtime,
        budgets=base.budgets,
    )
    inner_life = InnerLife(clock=clock, zone=manner.zone, learns=manner.consent)
    age_gate = AgeGate(database, casting, clock)

    # Memories.
    eraser = Eraser(database, manner.dumps, spawn)
    merger = Merger(
        database,
        ask=MergeQuestion(database, claude, company, voice, manner).ask,
        tokens=tokens,
        threshold=manner.extent.known,
        now=clock.now,
    )
    memories = Memories(
        database,
        eraser,
        merger,
        consent=manner.consent,
        dumps=manner.dumps,
        now=clock.now,
        for_adults=company.for_adults,
    )
    recall = RecallSearch(base.meaning, budget=manner.recalled, tokens=tokens, label=speaker_label)
    consolidation = Consolidation(
        database,
        memories,
        ModelFacts(claude, company, manner),
        base.meaning,
        consent=manner.consent,
        now=clock.now,
        reached=runtime.reached,
    )
    summaries = Summaries(
        database=database,
        claude=claude,
        company=company,
        voice=voice,
        memories=memories,
        archiving=Archiving(database, memories, base.meaning),
        manner=manner,
        clock=clock,
    )
    message_log = MessageLog(
        database=database,
        rooms=rooms,
        eraser=eraser,
        casting=casting,
        summaries=summaries,
        clock=clock,
        manner=manner,
    )
    forgetting = Forgetting(database=database, rooms=rooms, eraser=eraser, summaries=summaries, clock=clock)
    browsing = Browsing(database)

    # From message to reply.
    followups = FollowUps(clock, curiosity=manner.curiosity, consent=manner.consent)
    bookshelf = Bookshelf(base.meaning, tokens=tokens, budget=manner.lore, rng=runtime.rng)
    staging = Staging(
        casting, inner_life, bookshelf, followups, tokens=tokens, rng=runtime.rng, manner=manner
    )
    perception = Perception(
        database,
        senses_of(settings, base.server),
        describer_of(claude, voice, voters.model),
        base.budgets,
        message_log.is_gone,
    )
    reader = ContextReader(
        database, recall, staging, perception, extent=manner.extent, tokens=tokens, clock=clock
    )
    speech = perception.senses.speech
    voice_replies = VoiceReplies(
        database,
        runtime,
        company,
        OggRecorder(speech) if speech else None,
        default="on" if settings.sel_tts_default else "off",
        with_text=settings.voice_text,
    )
    reader.is_spoken = voice_replies.is_spoken
    composer = Composer(claude, voice, runtime, pace=manner.pace, longest_message=manner.longest_message)
    faults = FaultSigns(manner.errors, clock, base.budgets)
    intake = Intake(database, runtime, rooms, casting, hooks, message_log, resume_within=manner.resume_within)
    consequences = Consequences(casting, inner_life, clock, manner)
    outbox = Saying(database, runtime, rooms, casting, message_log, consequences, manner)
    appraiser = Appraiser(claude, voters.model, voters.deadline)
    drafting = Drafting(
        database,
        runtime,
        rooms,
        casting,
        message_log,
        how=manner.streaming,
        resume_within=manner.resume_within,
        limit=manner.longest_message,
    )
    answering = Answering(database, runtime, reader, composer, appraiser, casting, faults, drafting)
    replies = Replies(
        answering,
        outbox,
        summaries,
        intake,
        hooks,
        perception,
        condensed=manner.extent.condensed,
    )
    following = Following(database, clock, rooms, casting, replies, within=manner.resume_within)
    deciding = Deciding(
        database=database,
        claude=claude,
        casting=casting,
        how=manner.attention,
        runtime=runtime,
        budgets=base.budgets,
    )
    conversation = Conversation(
        intake,
        Batcher(perception, deciding, intake.close, runtime),
        rooms,
        casting,
        replies,
        following,
        Courtesy(database, runtime, age_gate, faults, casting, manner.notice),
    )
    revisions = Remaking(
        database,
        runtime,
        casting,
        rooms,
        outbox,
        Rethinking(database, reader, composer, clock),
        longest_message=manner.longest_message,
    )

    # Proactive messages and reminders.
    unasked = Unasked(claude, runtime, composer, outbox, base.budgets, voters)
    greetings = Greetings(database, runtime, casting, rooms, outbox, manner)
    privacy = Privacy(
        database=database,
        company=company,
        memories=memories,
        consent=manner.consent,
        asks_after=manner.asks_after,
        leaving=Leaving(
            database=database, rooms=rooms, eraser=eraser, summaries=summaries, manner=manner, clock=clock
        ),
        clock=clock,
    )
    reminders = Reminders(
        database=database, company=company, clock=clock, eraser=eraser, may_learn=privacy.may_learn
    )
    reminder_delivery = Reminding(
        database,
        runtime,
        casting,
        rooms,
        outbox,
        ReminderWording(claude=claude, voice=voice, clock=clock),
        longest_message=manner.longest_message,
    )

    # Character state and administration.
    audit = AuditLog(database, clock)
    administration = Administration(database, clock, audit, finish_erasing=eraser.finish)
    days = Days(database, company=company, inner=inner_life, clock=clock)
    statuses = Statuses(database, claude, company, model=voters.model)
    presence = Stagecraft(database, casting, clock)
    edits = Edits(
        database,
        clock,
        (
            IdentityEdits(clock, changed),
            LoreEdits(clock, changed),
            AffinityEdits(),
            MoodEdits(days),
            Hostility(),
            PresenceEdits(),
            Chosen(),
            FactEdits(company, clock, memories),
            BondEdits(clock, memories.agrees),
            StateEdits(statuses, administration.verbose),
            EditableThought(clock),
        ),
    )
    growth_files = GrowthFiles(database, growth_folder(settings))
    schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))

    # Hooks from features into the conversation.
    def grew(news: News) -> None:
        if news.changed:
            changed(news.character)
        if news.counted:
            growth_files.begin(news.character)

    outbox.on_reply.append(grew)
    answering.notice = partial(notice_requests, reminders, memories)
    if manner.greets:
        hooks.first_words.append(greetings.first_words)

    return App(
        settings=settings,
        manner=manner,
        server=base.server,
        database=database,
        claude=claude,
        company=company,
        voice=voice,
        clock=clock,
        budgets=base.budgets,
        meaning=base.meaning,
        library=library,
        tell_operator=base.tell_operator,
        conversation=conversation,
        hooks=hooks,
        intake=intake,
        message_log=message_log,
        rooms=rooms,
        casting=casting,
        perception=perception,
        outbox=outbox,
        drafting=drafting,
        following=following,
        revisions=revisions,
        forgetting=forgetting,
        summaries=summaries,
        age_gate=age_gate,
        inner_life=inner_life,
        memories=memories,
        consolidation=consolidation,
        nightly=NightlyConsolidation(database, consolidation, clock, manner.learning.hour),
        recall=recall,
        embedding=Embedding(database, base.meaning, manner.consent),
        eraser=eraser,
        browsing=browsing,
        maps=Maps(database, company, base.meaning, clock, browsing),
        time_travel=TimeTravel(database, clock.now, dump=memories.dump),
        provenance=Provenance(database, company),
        privacy=privacy,
        consent_reset=ConsentReset(database, memories, privacy, audit, finish_erasing=eraser.finish),
        reminders=reminders,
        reminder_delivery=reminder_delivery,
        greetings=greetings,
        initiative=Initiative(database, runtime, rooms, casting, staging, unasked, manner),
        check_ins=CheckIns(database, runtime, rooms, casting, reader, unasked, manner),
        venues=Venues(database, clock, audit, zone=manner.zone),
        presence=presence,
        growth=Selves(database, edits, audit, clock, changed=changed),
        growth_files=growth_files,
        relations=Relations(database, company, audit, clock, manner.direction),
        arrivals=Arrivals(database, company, library, audit),
        days=days,
        day_moods=DayMoods(days, statuses, edits, clock),
        night_thoughts=NightThoughts(database, claude, company, memories, clock, manner),
        thoughts_here=ThoughtsHere(database, manner.consent),
        statuses=statuses,
        weeks=Weeks(database, inner_life, clock),
        diagnoses=Diagnoses(database, inner_life, clock),
        relationships=Relationships(database, clock),
        moderation=Moderation(database, audit, message_log),
        tickets=Tickets(database, clock, audit),
        callers=Callers(database, clock),
        voice_replies=voice_replies,
        administration=administration,
        audit=audit,
        edits=edits,
        known_people=KnownPeople(database, edits),
        fact_words=FactWords(database),
        standings=Standings(database, edits),
        thought_edits=ThoughtEdits(database, edits),
        lorebooks=Lorebooks(database, edits, hooks.refresh),
        global_state=GlobalState(database, company, edits),
        seating=Seating(database, edits, presence),
        schedule=schedule,
        insight=Insight(database, clock, zone=manner.zone),
        feed=Feed(database, company, tokens),
        health=Health(
            database=database,
            rooms=rooms,
            schedule=schedule,
            clock=clock,
            alerts=alerts_of(settings, base.tell_operator),
            breaker=base.breaker,
            settings=settings,
        ),
    )


def alerts_of(settings: Settings, tell_operator: Notices) -> Alerts:
    """Return the alerts, with the configured thresholds."""
    bounds = AlertBounds(
        latency=settings.latency_warning_seconds,
        database=settings.alert_database_mb * 1_000_000,
        disk_free=settings.alert_disk_free_mb * 1_000_000,
    )
    return Alerts(bounds, tell=tell_operator, ease=tell_operator.ease)


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
    """Open and assemble the app, and close everything at the end.

    Raises ConfigurationError if the data folder is unusable or in use, or if the price table or the database
    can't be read; DatabaseUnreachable if a later try may succeed. With `patient`, which is for starts that
    nobody waits for, an unreachable database server gets minutes to come back.
    """
    clock, tell_operator = clock or SystemClock(), Notices()
    manner = manner or manner_of(settings, server)
    manner = rehearsing(manner) if server.rehearsal else manner
    breaker = Breaker(clock, fresh_key=server.fresh_key, tell=tell_operator, ease=tell_operator.ease)
    with held(settings.data_dir):
        claude = claude or open_claude(settings, server, clock, breaker)
        database = await open_database(settings, patient=patient)
        guests = await joined(database) if settings.use_persona_system else []
        budgets = Budgets(database, clock, limits_of(settings), zone=manner.zone, tell=tell_operator)
        claude = Standby(await within(budgets, claude, settings, server), clock, tell_operator)
        app = assemble(
            Opened(
                settings=settings,
                manner=manner,
                server=server,
                database=database,
                claude=claude,
                company=await library.open(guests) if library else Company.of(character),
                voice=voice_of(settings, server),
                runtime=Runtime(clock, rng or Random(), **({"reached": on_stage} if on_stage else {})),
                budgets=budgets,
                meaning=Meaning(embedder or embedder_of(settings)),
                breaker=breaker,
                library=library,
                tell_operator=tell_operator,
            )
        )
        watch = _schedule(app)
        try:
            await app.refresh()
            await _begin(app, watch)
            yield app
        finally:
            await app.close()
            await claude.close()
            await database.close()


async def _turn_the_day(app: App) -> None:
    """Extract facts from the past day, begin the new one, and renew statuses, in this order (C81)."""
    try:
        # A rehearsal model finds no facts: the lines wait for a model that does.
        for slug in [] if app.server.rehearsal else list(app.company.by_slug):
            if await app.nightly.run_due(slug):
                await app.night_thoughts.run(slug)
    finally:
        await app.days.dawn()
        await app.statuses.renew()


def _schedule(app: App) -> NightWatch:
    """Schedule the maintenance jobs; return the backup watch, which the start needs too."""
    every = app.schedule.every
    every(SUMMARIZE_SECONDS, app.summaries.catch_up, name="sum up what ages")
    every(EXPIRE_SECONDS, app.memories.expire, name="forget what expired")
    every(PRUNE_SECONDS, partial(_turn_the_day, app), name="draw facts from talk", first=SOON_SECONDS)
    every(EMBED_SECONDS, app.embedding.catch_up, name="embed what is new", first=SOON_SECONDS)
    every(PRUNE_SECONDS, app.insight.keep, name="count what characters did")
    every(PRUNE_SECONDS, app.message_log.prune, name="forget what is past its time")
    every(PRUNE_SECONDS, app.privacy.resume_leaving, name="erase who wished it")
    every(KEEP_SECONDS, app.budgets.keep, name="note what was spent")
    watch = NightWatch(
        app.settings.data_dir / DATABASE_NAME,
        kept=timedelta(days=app.settings.backups_kept_days),
        now=app.clock.now,
        tell=app.tell_operator,
    )
    zone = app.manner.zone
    app.schedule.daily(NIGHT, app.database.vacuum, name="write the whole database anew", zone=zone)
    # A database server checks its own pages; old copies of a former SQLite file still expire.
    look = watch.expire if app.database.on_server else watch.look
    app.schedule.daily(NIGHT + 1, look, name="check the whole database", zone=zone)
    if watch.is_large and not app.database.on_server:
        app.schedule.once(SOON_SECONDS, watch.look, name="check what the start left out")
    return watch


async def _begin(app: App, watch: NightWatch) -> None:
    """Do at start what can't wait for the jobs: delete expired data, and begin the day."""
    with database_named():
        await app.schedule.open()
        await app.privacy.resume_leaving()
        await app.callers.hung_up()
        await app.memories.expire()
        await app.insight.keep()
        await app.message_log.prune()
        await watch.expire()
        await app.days.dawn()


async def open_database(settings: Settings, *, patient: bool = False) -> Database:
    """Open the configured database: on a server, or the file in data_dir.

    Raises ConfigurationError, or DatabaseUnreachable if a later try may succeed; connecting to a server is
    retried for a while (see open_app).
    """
    path, url = settings.data_dir / DATABASE_NAME, settings.database_url.get_secret_value()
    with database_named():
        return await (_reached(url, path, patient=patient) if url else Database.open(path))


@contextmanager
def database_named() -> Iterator[None]:
    """Convert database errors to a configuration error, or to one that may pass."""
    try:
        yield
    except PASSING as error:
        raise DatabaseUnreachable(str(error)) from error
    except DatabaseError as error:
        raise ConfigurationError(str(error)) from error


async def _reached(url: str, path: Path, *, patient: bool) -> Database:
    """Connect to a database server, with retries while it is unreachable or locked."""

    def longest(error: BaseException | None) -> float:
        if not patient:
            return BRIEF_SECONDS
        return TAKEN_SECONDS if isinstance(error, DatabaseTaken) else AWAY_SECONDS

    def is_away(error: BaseException) -> bool:
        return isinstance(error, DatabaseAway | DatabaseBusy)

    tries = waiting.patient(is_away, longest=longest, tell=patient)
    return await tries(Database.connect, url, path)
