"""What operators see and lay down of a character's day (F087, C70)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.administration import Actor, Administration
from bot.days import Days
from bot.roles import Role
from bot.selves import NotLaidDown
from bot.statuses import Statuses
from personas.temperament import DayMood


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a character's day is like until it ends, how its days usually are, and what it has on its mind."""

    day: Mapping[DayMood, int]
    usual: Mapping[DayMood, int]
    until: datetime
    status: str


class DayMoods:
    """Changes a day; each change holds from the very next prompt on, and is written into the audit."""

    def __init__(self, days: Days, statuses: Statuses, administration: Administration) -> None:
        self._days = days
        self._statuses = statuses
        self._administration = administration

    async def outlook(self, role: Role) -> Outlook:
        """Return what a character's day is like, and begin it where that is due."""
        if await self._days.of(role.slug):
            await self._days.dawn()  # else until the job comes by it would be yesterday's
        return Outlook(
            day=await self._days.of(role.slug),
            usual={mood: role.character.temperament.usually(mood) for mood in DayMood},
            until=self._days.until(),
            status=await self._statuses.of(role.slug),
        )

    async def lay_down(
        self, actor: Actor, role: Role, changes: Mapping[DayMood, int]
    ) -> tuple[Mapping[DayMood, int], Outlook]:
        """Change a character's day until it ends; return how it was before, and how it is.

        Raises NotLaidDown.
        """
        if not changes:
            raise NotLaidDown(f"Name at least one of {', '.join(DayMood)}, from 0 to 10.")
        try:
            before = await self._days.lay_down(role.slug, changes)
        except KeyError:
            raise NotLaidDown(f"{role.name} is not played here any more.") from None
        except ValueError as error:
            raise NotLaidDown(str(error)) from None
        told = ", ".join(f"{mood} {before[mood]} -> {value}" for mood, value in changes.items())
        await self._administration.note(actor, "mood", f"{role.slug} {told}")
        return before, await self.outlook(role)

    async def think_anew(self, role: Role) -> bool:
        """Let a character think of a status that fits its day; say whether it had to."""
        return await self._statuses.renew_of(role.slug)
