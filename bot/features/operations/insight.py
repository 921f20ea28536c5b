"""What characters did, day by day: counted while the rows that tell are there, and kept as counts (F109)."""

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
"""The key under which the last day stands whose counts are kept, and change no more."""
A_DAY = timedelta(days=1)
SETTLED = timedelta(hours=20)
"""So long after a day its replies may still be rerolled; soon after that rows of the day may go, for
`decisions_kept_days` may be two."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What CharacterDay counts, of some days and servers together."""

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
        names = [one.name for one in fields(self) if one.name != "topics"]
        topics = {
            one: self.topics.get(one, 0) + other.topics.get(one, 0) for one in (*self.topics, *other.topics)
        }
        return Counts(**{one: getattr(self, one) + getattr(other, one) for one in names}, topics=topics)

    @property
    def cached(self) -> float:
        """The share of what its prompts for replies held that was read from the provider's cache."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0

    @property
    def mean_letters(self) -> float:
        return self.letters / self.replies if self.replies else 0.0


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class CharacterRecord:
    """What a character did on some days, the oldest first; today is the last of them."""

    role: PlayedCharacter
    days: tuple[Counts, ...]

    @property
    def total(self) -> Counts:
        return sum(self.days, start=NO_COUNTS)


@dataclass(frozen=True, slots=True)
class Overview:
    """What some characters did on `days`. Nothing was counted before the day `since`; None: never yet."""

    days: tuple[date, ...]
    records: tuple[CharacterRecord, ...]
    since: date | None


class Insight:
    """Counts, and shows what was counted. No count says whose words or wishes were counted."""

    def __init__(self, database: Database, clock: Clock, *, zone: tzinfo) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone

    async def keep(self) -> None:
        """Keep the counts of the days that have settled, before what they are counted from goes."""
        last, rows = self._last_settled(), []
        async with self._database.read() as db:
            kept = await db.states.get(COUNTED)
            if kept == last.isoformat():
                return
            # What lies ahead was the mistake of a clock.
            day = date.fromisoformat(kept) + A_DAY if kept and kept < last.isoformat() else last
            while day <= last:
                rows += await self._count(db, day)
                day += A_DAY
        async with self._database.begin() as db:
            await db.character_days.keep(rows)
            await db.character_days.forget_counted_topics(self._midnight(day))
            await db.states.set(COUNTED, last.isoformat())

    async def of(self, roles: Sequence[PlayedCharacter], *, days: int, guild_id: int | None) -> Overview:
        """Return what characters did in a server, or with None everywhere.

        Days are those of the house's zone.
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
        since = [one.day for one in rows] + ([first] if first else [])
        seen = [one for one in rows if guild_id is None or one.guild_id == guild_id]
        return Overview(
            shown,
            tuple(CharacterRecord(one, _by_day(shown, seen, one)) for one in roles),
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
    found = dict.fromkeys((one.isoformat() for one in days), NO_COUNTS)
    for row in rows:
        if row.character == role.slug:
            found[row.day] += Counts(**{one.name: getattr(row, one.name) for one in fields(Counts)})
    return tuple(found.values())
