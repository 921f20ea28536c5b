"""Daily activity statistics of characters, counted before the source rows expire (F109)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta, tzinfo

from bot.conversation.company import PlayedCharacter
from bot.conversation.decision import UNASKED
from bot.core.clock import Clock
from database import Database, UnitOfWork
from database.models import CharacterDay

DAYS, MOST_DAYS = 14, 90
COUNTED = "what characters did is counted through"
"""State key that holds the last day whose counts are final and stored."""
A_DAY = timedelta(days=1)
SETTLED = timedelta(hours=20)
"""Time after a day's end until its counts are final: replies may be rerolled until then. The source rows
may expire soon after, since `decisions_kept_days` may be as low as two."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums of CharacterDay counts over some days and servers."""

    replies: int = 0
    letters: int = 0
    rerolls: int = 0
    swipes: int = 0
    votes: int = 0
    won: int = 0
    calls: int = 0
    unpriced: int = 0
    cost: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    topics: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        names = [counted_field.name for counted_field in fields(self) if counted_field.name != "topics"]
        topics = {
            topic: self.topics.get(topic, 0) + other.topics.get(topic, 0)
            for topic in (*self.topics, *other.topics)
        }
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names}, topics=topics)

    @property
    def cached(self) -> float:
        """The share of reply prompt tokens that were read from the provider's cache."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0

    @property
    def mean_letters(self) -> float:
        return self.letters / self.replies if self.replies else 0.0


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class CharacterRecord:
    """A character's counts per day, oldest first; the last day is today."""

    role: PlayedCharacter
    days: tuple[Counts, ...]

    @property
    def total(self) -> Counts:
        return sum(self.days, start=NO_COUNTS)


@dataclass(frozen=True, slots=True)
class Overview:
    """Records of some characters over `days`. `since` is the first counted day; None if there is none."""

    days: tuple[date, ...]
    records: tuple[CharacterRecord, ...]
    since: date | None


class Insight:
    """Counts activity and reports it. No count identifies whose words were counted."""

    def __init__(self, database: Database, clock: Clock, *, zone: tzinfo) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone

    async def keep(self) -> None:
        """Store the counts of finished days before their source rows expire."""
        last, rows = self._last_settled(), []
        async with self._database.read() as db:
            kept = await db.states.get(COUNTED)
            if kept == last.isoformat():
                return
            # A date in the future comes from a wrong clock and is ignored.
            day = date.fromisoformat(kept) + A_DAY if kept and kept < last.isoformat() else last
            while day <= last:
                rows += await self._count(db, day)
                day += A_DAY
        async with self._database.begin() as db:
            await db.character_days.keep(rows)
            await db.character_days.forget_counted_topics(self._midnight(day))
            await db.states.set(COUNTED, last.isoformat())

    async def of(self, roles: Sequence[PlayedCharacter], *, days: int, guild_id: int | None) -> Overview:
        """Return what characters did in a server, or everywhere with None.

        Days follow the house's time zone.
        """
        today = self._clock.now().astimezone(self._zone).date()
        shown = tuple(today - A_DAY * back for back in reversed(range(days)))
        async with self._database.read() as db:
            through = min(await db.states.get(COUNTED) or "", self._last_settled().isoformat())
            rows = await db.character_days.of(since=shown[0].isoformat())
            for day in shown:
                if day.isoformat() > through:
                    rows += await self._count(db, day)
            first = await db.character_days.first()
        since = [row.day for row in rows] + ([first] if first else [])
        seen = [row for row in rows if guild_id is None or row.guild_id == guild_id]
        return Overview(
            shown,
            tuple(CharacterRecord(role, _by_day(shown, seen, role)) for role in roles),
            date.fromisoformat(min(since)) if since else None,
        )

    async def _count(self, db: UnitOfWork, day: date) -> list[CharacterDay]:
        since, until = self._midnight(day), self._midnight(day + A_DAY)
        return await db.character_days.count(day.isoformat(), since=since, until=until, unasked=UNASKED)

    def _last_settled(self) -> date:
        return (self._clock.now() - SETTLED).astimezone(self._zone).date() - A_DAY

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def _by_day(days: Sequence[date], rows: Iterable[CharacterDay], role: PlayedCharacter) -> tuple[Counts, ...]:
    found = dict.fromkeys((day.isoformat() for day in days), NO_COUNTS)
    for row in rows:
        if row.character == role.slug:
            found[row.day] += Counts(
                **{counted_field.name: getattr(row, counted_field.name) for counted_field in fields(Counts)}
            )
    return tuple(found.values())
