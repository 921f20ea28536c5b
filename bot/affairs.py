"""What admins and people do beside talking: with the characters, and with a server and its members."""

from dataclasses import dataclass
from pathlib import Path

from bot.audit import AuditLog
from bot.conversation.config import Manner
from bot.conversation.effects import News
from bot.conversation.pipeline import Conversation
from bot.core.clock import Clock
from bot.features.admin.curating import Curating, curating_of
from bot.features.admin.day_moods import DayMoods
from bot.features.admin.selves import Selves
from bot.features.admin.service import Administration
from bot.features.characters.growth_files import GrowthFiles
from bot.features.characters.importing import Arrivals
from bot.features.characters.library import Library
from bot.features.characters.presence import Stagecraft
from bot.features.characters.relations import Relations
from bot.features.inner_life.days import Days
from bot.features.inner_life.relationship import Relationships
from bot.features.inner_life.status import Statuses
from bot.features.inner_life.week import Weeks
from bot.features.moderation import Moderation
from bot.features.proactive.venues import Venues
from bot.features.tickets import Tickets
from bot.llm.client import Claude
from database import Database


@dataclass(frozen=True, slots=True)
class Affairs:
    """The services behind the commands of admins and people."""

    stagecraft: Stagecraft
    selves: Selves
    relations: Relations
    arrivals: Arrivals
    growth_files: GrowthFiles
    days: Days
    statuses: Statuses
    day_moods: DayMoods
    weeks: Weeks
    relationships: Relationships
    venues: Venues
    moderation: Moderation
    tickets: Tickets
    curating: Curating


def affairs_of(
    conversation: Conversation,
    database: Database,
    claude: Claude,
    administration: Administration,
    audit: AuditLog,
    clock: Clock,
    manner: Manner,
    library: Library | None,
    *,
    growth: Path,
) -> Affairs:
    """Return them, and see to it that who changes is read anew, and its growth written into a folder."""

    company = conversation.company

    def changed(slug: str) -> None:
        if library:
            library.touch(slug)

    async def refresh() -> None:
        if library:
            await library.refresh(company, database)

    def heard(news: News) -> None:
        if news.changed:
            changed(news.character)

    conversation.newsroom.listeners.append(heard)
    files = GrowthFiles(database, growth)

    def answered(slug: str, times: int, grew: bool) -> None:
        files.answered(slug, times, grew=grew)

    conversation.newsroom.on_answer.append(answered)
    days = Days(database, company=company, inner=conversation.inner, clock=clock)
    statuses = Statuses(database, claude, company, model=manner.attention.voters.model)
    stagecraft = Stagecraft(database, conversation.casting, clock)
    curating = curating_of(
        conversation,
        database,
        clock,
        administration=administration,
        days=days,
        statuses=statuses,
        stagecraft=stagecraft,
        changed=changed,
        refresh=refresh,
    )
    return Affairs(
        stagecraft,
        Selves(database, curating.changes, audit, clock, changed=changed),
        Relations(database, company, audit, clock, manner.direction),
        Arrivals(database, conversation, library, audit),
        files,
        days,
        statuses,
        DayMoods(days, statuses, curating.changes),
        Weeks(database, conversation.inner, clock),
        Relationships(database, clock),
        Venues(database, clock, audit, zone=manner.zone),
        Moderation(database, audit, conversation.chronicle),
        Tickets(database, clock, audit),
        curating,
    )
