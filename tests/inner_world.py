"""An inner life to look at: what was kept of two people, and what moved a character, in a few lines."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete

from bot.conversation.context.mood_state import DAY, STAGE
from database import Database
from database.models import BondChange, BondRow, FeelingRow, State, Stirring
from personas.affect import hormones
from personas.affect.hormones import Event, Nature
from personas.affect.temperament import Stimulus


async def agree(database: Database, *people: int, at: datetime) -> None:
    """Let people agree to be remembered."""
    async with database.begin() as db:
        for one in people:
            await db.consents.set(one, True, at=at)


async def stand(
    database: Database, person_id: int, slug: str = "pixel", *, at: datetime, **bond: object
) -> None:
    """Keep how a character stands with somebody."""
    async with database.begin() as db:
        await db.bonds.keep(BondRow(person_id, slug, at, at, **bond))  # type: ignore[arg-type]


async def noted(
    database: Database,
    person_id: int,
    *changes: tuple[datetime, str, int, str],
    slug: str = "pixel",
) -> list[int]:
    """Write changes into the ledger, the oldest first; return their ids."""
    async with database.begin() as db:
        await db.bonds.note([BondChange(person_id, slug, *one) for one in changes])
        return [one.id for one in reversed(await db.bonds.changes(person_id, slug))][-len(changes) :]


async def wiped(database: Database) -> None:
    """Let nothing have happened to any character, not even a morning."""
    async with database.begin() as db:
        for table in (Stirring, FeelingRow):
            await db.characters._session.execute(delete(table))
        await db.states._session.execute(delete(State).where(State.key.startswith("daily_mood_")))


async def moved(database: Database, slug: str, nature: Nature, log: Sequence[Stirring]) -> None:
    """Let a character be moved by all of this, as a conversation would."""
    feeling = hormones.at_rest(log[0].at)
    for one in log:
        event = Event(one.at, shift={}) if one.kind == DAY else Event(one.at, Stimulus(one.kind))
        feeling = hormones.replayed([event], nature, feeling)
    async with database.begin() as db:
        await db.characters.stir(log)
        await db.characters.keep_feeling(
            FeelingRow(
                slug,
                feeling.at,
                feeling.talked_at,
                {str(name): value for name, value in feeling.deviations.items()},
                {str(name): value for name, value in feeling.shift.items()},
                {str(name): at.isoformat() for name, at in feeling.lately.items()},
            )
        )


__all__ = ["DAY", "STAGE", "agree", "moved", "noted", "stand", "wiped"]
