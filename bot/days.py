"""What a day is like for each character: drawn in the morning, or laid down by admins (F087, F088, C70)."""

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random

from bot.clock import Clock
from bot.conversation.inner import DAY, InnerLife, day_key, day_of, feeling_of, row_of
from bot.roles import Company, Role
from database import Database, UnitOfWork
from database.models import Stirring
from personas import hormones, moods
from personas.temperament import DayMood, Stimulus

log = logging.getLogger(__name__)

MORNING = 6
"""The hour, in the house's zone, at which a day begins."""


class Days:
    """The rows `daily_mood_...` of the global state, one for each mood and character."""

    def __init__(self, database: Database, *, company: Company, inner: InnerLife, clock: Clock) -> None:
        self._database = database
        self._company = company
        self._inner = inner
        self._clock = clock

    async def dawn(self) -> int:
        """Draw the day of every character that has none yet; return how many that were.

        The dice are the date's and the character's: however often it is tried, a day comes out the same.
        """
        begun = 0
        for role in self._company:
            async with self._database.begin() as db:
                begun += await self._begin(db, role)
        return begun

    async def of(self, slug: str) -> dict[DayMood, int]:
        """Return what the day is like for a character; nothing before its first morning."""
        async with self._database.read() as db:
            return await day_of(db, slug)

    async def lay_down(self, slug: str, changes: Mapping[DayMood, int]) -> dict[DayMood, int]:
        """Change what the day is like, until the next morning; return how it was before.

        Raises ValueError for what is not from 0 to 10, KeyError for a character that is not here.
        """
        role = self._company.by_slug[slug]
        if any(not 0 <= value <= 10 for value in changes.values()):
            raise ValueError("A day's mood is a number from 0 to 10.")
        async with self._database.begin() as db:
            before = await day_of(db, slug)
            await self._keep(db, role, {**before, **changes})
        return before

    async def _begin(self, db: UnitOfWork, role: Role) -> bool:
        today = self._today()
        if await db.states.get(_day_key(role.slug)) == today.isoformat():
            return False
        begin = self._morning(today)
        happened = await db.feelings.counts(role.slug, since=begin - timedelta(days=1), until=begin)
        day = moods.drawn(
            role.character.temperament,
            await day_of(db, role.slug),
            {one: happened[one] for one in Stimulus if one in happened},
            Random(f"{role.slug} {today.isoformat()}"),
        )
        await db.states.set(_day_key(role.slug), today.isoformat())
        await self._keep(db, role, day)
        log.info(
            "A new day for %s: %s", role.slug, ", ".join(f"{mood} {value}" for mood, value in day.items())
        )
        return True

    async def _keep(self, db: UnitOfWork, role: Role, day: Mapping[DayMood, int]) -> None:
        for mood, value in day.items():
            await db.states.set(day_key(role.slug, mood), str(value))
        now, shift = self._clock.now(), moods.shift_of(day)
        feeling = feeling_of(await db.feelings.get(role.slug), now)
        feeling = hormones.dawned(feeling, self._inner.nature(role), shift, now)
        await db.feelings.keep(row_of(role.slug, feeling))
        kept = {str(hormone): value for hormone, value in shift.items()}
        await db.feelings.stir([Stirring(role.slug, feeling.at, DAY, shift=kept)])

    def _today(self) -> date:
        """Return which day it is: before six it is still yesterday."""
        local = self._clock.now().astimezone(self._inner.zone)
        return (local - timedelta(hours=MORNING)).date()

    def _morning(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, MORNING, tzinfo=self._inner.zone)


def _day_key(slug: str) -> str:
    return f"daily_mood_day {slug}"
