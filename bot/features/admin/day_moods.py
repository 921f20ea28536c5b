"""Operators' view of a character's day, and changes to it and to its hostility (F087, F133, C70)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.core.clock import Clock
from bot.core.i18n import _, worded
from bot.features.admin.edit_characters import HOSTILITY, MOOD
from bot.features.admin.edits import Edits, ManualChange, Values
from bot.features.admin.selves import NotLaidDown
from bot.features.inner_life.days import Days
from bot.features.inner_life.status import Statuses
from bot.features.inner_life.wording import DAY_MOODS
from personas.affect.temperament import DayMood

NOTHING_NAMED = _("Name at least one of {moods}, from 0 to 10.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """A character's day moods, its usual ones, when the day ends, and its status."""

    day: Mapping[DayMood, int]
    usual: Mapping[DayMood, int]
    until: datetime
    status: str


class DayMoods:
    """Changes a character's day; each change takes effect with the next prompt and is audited."""

    def __init__(self, days: Days, statuses: Statuses, edits: Edits, clock: Clock) -> None:
        self._days = days
        self._statuses = statuses
        self._edits = edits
        self._clock = clock

    async def outlook(self, role: PlayedCharacter) -> Outlook:
        """Return a character's day; begin a new day first if one is due."""
        if await self._days.of(role.slug):
            await self._days.dawn()  # otherwise this could still be yesterday's, until the job runs
        return Outlook(
            day=await self._days.of(role.slug),
            usual={mood: role.character.temperament.usually(mood) for mood in DayMood},
            until=self._days.until(),
            status=await self._statuses.of(role.slug),
        )

    async def set(
        self, actor: Actor, role: PlayedCharacter, changes: Mapping[DayMood, int]
    ) -> tuple[Mapping[DayMood, int], Outlook]:
        """Change a character's day moods until the day ends; return the moods before, and the day now.

        Raises NotLaidDown and ChangeRefused.
        """
        if not changes:
            raise NotLaidDown(
                NOTHING_NAMED.format(moods=", ".join(worded(DAY_MOODS, mood) for mood in DayMood))
            )
        values: Values = {str(mood): value for mood, value in changes.items()}
        change = await self._edits.put(actor, MOOD, (role.slug,), values)
        before = {DayMood(mood): value for mood, value in (change.before or {}).items()}
        return before, await self.outlook(role)

    async def reset(self, actor: Actor, role: PlayedCharacter) -> Outlook:
        """Reset a character's day to its usual moods. Raises ChangeRefused."""
        usual = {mood: role.character.temperament.usually(mood) for mood in DayMood}
        _, outlook = await self.set(actor, role, usual)
        return outlook

    async def settle(self, actor: Actor, role: PlayedCharacter) -> ManualChange:
        """Declare all attacks on a character over: hostility drops to zero, its skin resets to its nature."""
        values: Values = {"settled_at": self._clock.now().isoformat()}
        return await self._edits.put(actor, HOSTILITY, (role.slug,), values)

    async def think_anew(self, role: PlayedCharacter) -> bool:
        """Have a character write a status that fits its day; return whether the old one was out of date."""
        return await self._statuses.renew_of(role.slug)
