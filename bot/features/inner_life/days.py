"""Day moods of each character: drawn in the morning, or set by operators (F087, F088, C70)."""

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random

from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.context.mood_state import DAY, InnerLife, day_key, day_of, feeling_of, row_of
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.jobs.timetable import Daily
from database import Database, UnitOfWork
from database.models import Stirring
from personas.affect import hormones, moods
from personas.affect.temperament import DayMood, Stimulus

log = logging.getLogger(__name__)

MORNING = 6
"""The hour, in the house's time zone, at which a day begins."""
MOST_MISSED = 14
"""Maximum number of missed days to draw after a downtime; earlier ones are skipped."""
_ONE = timedelta(days=1)
OUT_OF_BOUNDS = _("A day's mood is a number from 0 to 10.")


class Days:
    """Day moods of characters, stored as rows `daily_mood_...` of the global state."""

    def __init__(self, database: Database, *, company: Company, inner: InnerLife, clock: Clock) -> None:
        self._database = database
        self._company = company
        self._inner = inner
        self._clock = clock
        self._daily = Daily(MORNING, inner.zone)

    async def dawn(self) -> int:
        """Draw the day of every character that has none yet; return how many were drawn.

        The random seed is date and character, so repeated attempts give the same day.
        """
        begun = 0
        for role in self._company:
            async with self._database.begin() as db:
                begun += await self._begin(db, role)
        return begun

    async def of(self, slug: str) -> dict[DayMood, int]:
        """Return a character's day moods; empty before its first morning."""
        async with self._database.read() as db:
            return await day_of(db, slug)

    async def set(self, slug: str, changes: Mapping[DayMood, int]) -> dict[DayMood, int]:
        """Change a character's day moods until the next morning; return the moods before.

        Raises ValueError for a value outside 0 to 10, KeyError for an unknown character.
        """
        async with self._database.begin() as db:
            return await self.set_in(db, slug, changes)

    async def set_in(self, db: UnitOfWork, slug: str, changes: Mapping[DayMood, int]) -> dict[DayMood, int]:
        """Do the same within a transaction."""
        role = self._company.by_slug[slug]
        if any(not 0 <= value <= 10 for value in changes.values()):
            raise ValueError(OUT_OF_BOUNDS)
        await self._begin(db, role)  # otherwise the pending new day would undo the change within the hour
        before = await day_of(db, slug)
        if before | dict(changes) != before:
            await self._keep(db, role, {**before, **changes}, at=self._clock.now())
        return before

    async def of_in(self, db: UnitOfWork, slug: str) -> dict[DayMood, int]:
        """Return a character's day moods within a transaction; begin a new day first if one is due."""
        role = self._company.by_slug.get(slug)
        if role is not None:
            await self._begin(db, role)
        return await day_of(db, slug)

    def until(self) -> datetime:
        """Return when the next day begins."""
        return self._morning(self._today() + _ONE)

    async def _begin(self, db: UnitOfWork, role: PlayedCharacter) -> bool:
        """Begin a character's day, after any missed days, each at its own morning.

        The result is the same as if the program had run all the time.
        """
        today = self._today()
        last = await _last_day(db, role.slug)
        if not self._daily.is_due(last, self._clock.now()):
            return False
        missed = (today - last).days if last is not None and last < today else 1
        day = await day_of(db, role.slug)
        for ago in reversed(range(min(missed, MOST_MISSED))):
            day = await self._draw(db, role, today - ago * _ONE, yesterday=day)
        await db.states.set(_day_key(role.slug), today.isoformat())
        log.info(
            "A new day for %s: %s", role.slug, ", ".join(f"{mood} {value}" for mood, value in day.items())
        )
        return True

    async def _draw(
        self, db: UnitOfWork, role: PlayedCharacter, today: date, *, yesterday: Mapping[DayMood, int]
    ) -> dict[DayMood, int]:
        begin = self._morning(today)
        happened = await db.characters.count_stirrings(
            role.slug, since=self._morning(today - _ONE), until=begin
        )
        day = moods.drawn(
            role.character.temperament,
            yesterday,
            {stimulus: happened[stimulus] for stimulus in Stimulus if stimulus in happened},
            Random(f"{role.slug} {today.isoformat()}"),
        )
        await self._keep(db, role, day, at=begin)
        return day

    async def _keep(
        self, db: UnitOfWork, role: PlayedCharacter, day: Mapping[DayMood, int], *, at: datetime
    ) -> None:
        for mood, value in day.items():
            await db.states.set(day_key(role.slug, mood), str(value))
        shift = moods.shift_of(day)
        feeling = feeling_of(await db.characters.feeling(role.slug), self._clock.now())
        feeling = hormones.dawned(feeling, self._inner.nature(role), shift, at)
        await db.characters.keep_feeling(row_of(role.slug, feeling))
        kept = {str(hormone): value for hormone, value in shift.items()}
        await db.characters.stir([Stirring(role.slug, feeling.at, DAY, shift=kept)])

    def _today(self) -> date:
        """Return the current day, which lasts until six in the morning."""
        return self._daily.day(self._clock.now())

    def _morning(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, MORNING, tzinfo=self._inner.zone)


async def mark_of(db: UnitOfWork, slug: str) -> str:
    """Return an identifier of a character's day that changes with the date or when admins change the moods.

    It is "" before the first morning.
    """
    begun, day = await _last_day(db, slug), await day_of(db, slug)
    return f"{begun} {'-'.join(str(day.get(mood, '')) for mood in DayMood)}" if begun else ""


async def _last_day(db: UnitOfWork, slug: str) -> date | None:
    try:
        return date.fromisoformat(await db.states.get(_day_key(slug)) or "")
    except ValueError:
        return None


def _day_key(slug: str) -> str:
    return f"daily_mood_day {slug}"
