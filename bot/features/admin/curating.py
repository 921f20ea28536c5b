"""The services behind what operators change by hand, put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.conversation.pipeline import Conversation
from bot.core.clock import Clock
from bot.features.admin.bonds import Bonds
from bot.features.admin.edit_characters import Affinity, Chosen, Identity, Lore, Mood, Presence
from bot.features.admin.edit_facts import Facts, FactWords
from bot.features.admin.edit_lore import Lorebooks
from bot.features.admin.edit_relations import Standings
from bot.features.admin.edits import Curation
from bot.features.admin.known import KnownPeople
from bot.features.admin.seating import Seating
from bot.features.admin.service import Administration
from bot.features.admin.states import GlobalState, States
from bot.features.characters.presence import Stagecraft
from bot.features.inner_life.days import Days
from bot.features.inner_life.status import Statuses
from bot.memory.store import Memories
from database import Database, UnitOfWork


@dataclass(frozen=True, slots=True)
class Curating:
    """What there is to be changed by hand; `changes` makes all of them, and takes them back."""

    changes: Curation
    people: KnownPeople
    fact_words: FactWords
    standings: Standings
    lorebooks: Lorebooks
    state: GlobalState
    seating: Seating


def curating_of(
    conversation: Conversation,
    database: Database,
    clock: Clock,
    *,
    administration: Administration,
    days: Days,
    statuses: Statuses,
    stagecraft: Stagecraft,
    changed: Callable[[str], None],
    refresh: Callable[[], Awaitable[object]],
) -> Curating:
    """Return them; `changed` is told whose files and rows are to be read anew, and `refresh` reads them."""
    company = conversation.company

    async def agreed(db: UnitOfWork, person_id: int) -> bool:
        return bool(await conversation.memories.consenting(db, [person_id]))

    curation = Curation(
        database,
        clock,
        (
            Identity(clock, changed),
            Lore(clock, changed),
            Affinity(),
            Mood(days),
            Presence(),
            Chosen(),
            Facts(company, clock, agreed, _memories_of(conversation)),
            Bonds(clock, agreed),
            States(statuses, administration.verbose),
        ),
    )
    return Curating(
        curation,
        KnownPeople(database, curation),
        FactWords(database),
        Standings(database, curation),
        Lorebooks(database, curation, refresh),
        GlobalState(database, company, curation),
        Seating(database, curation, stagecraft),
    )


def _memories_of(conversation: Conversation) -> Callable[[str], Memories | None]:
    def of(slug: str) -> Memories | None:
        player = conversation.players.get(slug)
        return player.mind.memories if player else None

    return of
