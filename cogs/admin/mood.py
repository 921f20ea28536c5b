"""A character's mood, its day and their causes, for operators: /admin mood (F085, F087, C70)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from discord import app_commands
from discord.utils import format_dt

from bot.conversation.company import PlayedCharacter
from bot.conversation.text.split import LIMIT
from bot.core.i18n import _, worded
from bot.discord.commands import Interaction, answer
from bot.features.admin.day_moods import Outlook
from bot.features.inner_life.diagnosis import (
    NO_STIMULI,
    STIMULI_HEAD,
    TABLE_HEAD,
    conclusions,
    effect_words,
    table,
)
from bot.features.inner_life.wording import DAY_MOODS
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.options import CharacterName, offer_characters, role_named, shown
from cogs._discord.text import inline, shortened
from personas.affect.temperament import DayMood

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

STATUS_ROOM = 400
HEAD = _("**What {name}'s day is like**, until {until} ({relative})")
NO_DAY = _("The first day of **{name}** begins within the hour; what you set now is for that day.")
NUMBER = _("{mood} **{value}** of 10")
UNUSUAL = _("{mood} **{value}** of 10 (usually {usual})")
CHANGED = _("{mood} {value} (was {before})")
STATUS = _("On its mind: {status}")
NO_STATUS = _("Nothing is on its mind yet; it thinks of something within the hour.")
SET = _("**{name}**: {changes}, from the next prompt on and until {until} ({relative}).")
AS_USUAL = _(
    "**{name}**: as its days usually are ({numbers}), from the next prompt on and until {until} ({relative})."
)

SETTLED = _("**{name}**: all attacks so far are over. No hostility is left, and its skin is as by nature.")
HORMONES_OF = _("**What {name} feels, and what makes it**")
MOVED = _("- {at} {what}", "when and by what a character was moved")

Strength = app_commands.Range[int, 0, 10]


class MoodCog(AdminCog):
    """A day is drawn in the morning; an edit lasts until the next morning and is in the audit log."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._day_moods = bot.app.day_moods
        self._diagnoses = bot.app.diagnoses
        self.members = (
            group_of(
                "mood",
                "What a character's day is like",
                command("show", "What a character's day is like, and until when", self.show),
                command(
                    "set", "Change what a character's day is like, until tomorrow morning", self.set_mood
                ),
                command("reset", "Let a character's day be as its days usually are", self.reset),
                command("hormones", "What a character feels, with all that makes it so", self.hormones),
                command(
                    "settle", "Let attacks on a character be over: it is not hostile any more", self.settle
                ),
            ),
        )

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def show(self, _interaction: Interaction, character: CharacterName) -> str:
        role = role_named(self.bot, character)
        return "\n".join(_lines(role, await self._day_moods.outlook(role)))

    @app_commands.describe(
        character="Which one",
        anger="From 0 to 10",
        joy="From 0 to 10",
        sadness="From 0 to 10",
        energy="From 0 to 10",
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def set_mood(
        self,
        interaction: Interaction,
        character: CharacterName,
        anger: Strength | None = None,
        joy: Strength | None = None,
        sadness: Strength | None = None,
        energy: Strength | None = None,
    ) -> None:
        named = {
            DayMood.ANGER: anger,
            DayMood.JOY: joy,
            DayMood.SADNESS: sadness,
            DayMood.ENERGY: energy,
        }
        changes = {mood: value for mood, value in named.items() if value is not None}
        role = role_named(self.bot, character)
        before, outlook = await self._day_moods.set(actor_of(interaction), role, changes)
        told = ", ".join(
            CHANGED.format(mood=worded(DAY_MOODS, mood), value=value, before=before[mood])
            for mood, value in changes.items()
        )
        await answer(interaction, SET.format(name=shown(role), changes=told, **_end(outlook)))
        await self._day_moods.think_anew(role)

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def reset(self, interaction: Interaction, character: CharacterName) -> None:
        role = role_named(self.bot, character)
        outlook = await self._day_moods.reset(actor_of(interaction), role)
        told = ", ".join(f"{worded(DAY_MOODS, mood)} {value}" for mood, value in outlook.usual.items())
        await answer(interaction, AS_USUAL.format(name=shown(role), numbers=told, **_end(outlook)))
        await self._day_moods.think_anew(role)

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def hormones(self, _interaction: Interaction, character: CharacterName) -> str:
        role = role_named(self.bot, character)
        found = await self._diagnoses.of(role)
        moved = [
            MOVED.format(at=format_dt(shift.at, "f"), what=effect_words(shift)) for shift in found.effects
        ]
        lines = [
            HORMONES_OF.format(name=shown(role)),
            *(str(TABLE_HEAD), "```", *table(found), "```"),
            *(f"- {conclusion}" for conclusion in conclusions(found, role)),
            f"**{STIMULI_HEAD}**" if moved else str(NO_STIMULI),
            *moved,
        ]
        return shortened("\n".join(lines), LIMIT)

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def settle(self, interaction: Interaction, character: CharacterName) -> str:
        role = role_named(self.bot, character)
        change = await self._day_moods.settle(actor_of(interaction), role)
        return with_number(SETTLED.format(name=shown(role)), change)


def _lines(role: PlayedCharacter, outlook: Outlook) -> Iterator[str]:
    if not outlook.day:
        yield NO_DAY.format(name=shown(role))
        return
    yield HEAD.format(name=shown(role), **_end(outlook))
    for mood, value in outlook.day.items():
        usual = outlook.usual[mood]
        words = NUMBER if usual == value else UNUSUAL
        yield f"- {words.format(mood=worded(DAY_MOODS, mood), value=value, usual=usual)}"
    if outlook.status:
        yield STATUS.format(status=inline(outlook.status, STATUS_ROOM))
    else:
        yield str(NO_STATUS)


def _end(outlook: Outlook) -> dict[str, str]:
    return {"until": format_dt(outlook.until, "f"), "relative": format_dt(outlook.until, "R")}


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(MoodCog(bot))
