"""Undoing a bad day of the memory, for operators: /admin memory day (C68, D12)."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import discord
from discord import ButtonStyle, app_commands

from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _, n_, number
from bot.discord.commands import Interaction
from cogs._discord.admin import AdminCog, actor_of, command, group_of, let_operators, operators_only
from cogs._discord.interactions import Panels
from cogs._discord.options import NO_DAY, day_in
from cogs._discord.panels import Action, Button, Panel, Press
from memory.time_travel import PersonDay, Undone

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

WORKING = _("Taking that day back ...")
LEFT = _("Everything stays as it is.")

SECONDS = 300
NOTHING = _("Nothing that I know of {whom} changed on {day} (UTC).")
_ONLY_OWN = _(
    "Undoing it takes back what I noted and changed by myself that day. What people told, changed or deleted "
    "themselves stays, and so does what changed again since."
)
_NOTHING_OWN = _("-# I noted or changed none of it by myself, so there is nothing to undo.")
ASKED = _(
    "**Shall I undo {day} for {whom}?** That takes back {changes} that I made by myself, about {people}. "
    "It is a change like any other: each person sees it in /memory history, and can undo it there."
)
_DONE = n_(
    "Done: {count} fact of {people} is as before {day}.{stayed}",
    "Done: {count} facts of {people} are as before {day}.{stayed}",
)
_STAYED = n_(
    " {count} stayed as it was: it has changed again since, or belongs to something that has.",
    " {count} stayed as they were: they have changed again since, or belong to something that has.",
)
NONE_DONE = _("Nothing was undone.{stayed}")
_HEAD = _("**Changes of what I know of {whom}** on {day} (UTC): {count}, about {people}")
_MORE = _("- and {people} more")
_PEOPLE = n_("{count} person", "{count} people")
_CHANGES = n_("{count} change", "{count} changes")
_EVERYBODY = _("everybody")
_CAUSES = {
    "told": _("told", "a cause of changes"),
    "learnt": _("learnt", "a cause of changes"),
    "inherited": _("inherited", "a cause of changes"),
    "imported": _("imported", "a cause of changes"),
    "edited": _("edited", "a cause of changes"),
    "pinned": _("pinned", "a cause of changes"),
    "unpinned": _("unpinned", "a cause of changes"),
    "shared": _("shared", "a cause of changes"),
    "mentioned again": _("mentioned again", "a cause of changes"),
    "superseded": _("superseded", "a cause of changes"),
    "joined": _("joined", "a cause of changes"),
    "restored": _("restored", "a cause of changes"),
    "taken back": _("taken back", "a cause of changes"),
    "undone by an operator": _("undone by an operator", "a cause of changes"),
    "operator added": _("operator added", "a cause of changes"),
    "operator changed": _("operator changed", "a cause of changes"),
    "operator removed": _("operator removed", "a cause of changes"),
    "operator undid": _("operator undid", "a cause of changes"),
}


class MemoryDayCog(AdminCog):
    """Operators see how much changed but no contents: only the people who said the words may see them."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._travel = bot.app.time_travel
        again = "admin memory day"
        self._panels = Panels(
            bot,
            "days",
            {
                "ask": Action(self._ask, again),
                "undo": Action(self._undo, again),
                "leave": Action(self._leave, again),
            },
        )
        self.panels = (self._panels,)
        self.members = (
            group_of(
                "memory",
                "What I know of people, as a whole",
                command("day", "How much of what I know changed on a day, and why; undo it", self.day),
            ),
        )

    @property
    def _slug(self) -> str:
        return self.bot.app.company.primary.slug

    @app_commands.describe(day="Such as 2026-05-03, by UTC", person="Of one person only")
    @operators_only
    async def day(self, interaction: Interaction, day: str, person: discord.User | None = None) -> str | None:
        chosen = day_in(day)
        if chosen is None:
            return str(NO_DAY)
        person_id = person.id if person else None
        await self._note(interaction, "memory day", chosen, person_id)
        changed = await self._travel.day(self._slug, chosen, person_id)
        await self._panels.show(interaction, day_panel(chosen, changed, person_id))
        return None

    async def _ask(self, press: Press) -> None:
        if await let_operators(self.bot, press.interaction):
            day, person_id = _meant(press)
            changed = await self._travel.day(self._slug, day, person_id)
            await self._panels.show(press.interaction, undoing_panel(day, changed, person_id))

    async def _undo(self, press: Press) -> None:
        if not await let_operators(self.bot, press.interaction):
            return
        day, person_id = _meant(press)
        await self._note(press.interaction, "undo memory day", day, person_id)
        await self._panels.working(press, WORKING)
        undone = await self._travel.undo(self._slug, day, person_id)
        log.info("An operator undid %s: %s", day, undone)
        await self._panels.close(press.interaction, undone_text(day, undone))

    async def _leave(self, press: Press) -> None:
        await self._panels.close(press.interaction, LEFT)

    async def _note(self, interaction: Interaction, action: str, day: date, person_id: int | None) -> None:
        """Write the audit entry before the action."""
        actor = actor_of(interaction)
        await self.bot.app.audit.note(actor, action, f"{day} {person_id or 'everybody'}")


def _meant(press: Press) -> tuple[date, int | None]:
    day, person_id = press.arguments
    return date.fromisoformat(day), int(person_id) or None


def day_panel(day: date, changed: Sequence[PersonDay], person_id: int | None) -> Panel:
    """Return the changes of a day by person, with a button to undo them."""
    whom = _whom(person_id)
    if not changed:
        return Panel(NOTHING.format(whom=whom, day=day))
    total = sum(sum(person.causes.values()) for person in changed)
    own = sum(person.own for person in changed)
    people = _PEOPLE.format(count=len(changed))
    head = _HEAD.format(whom=whom, day=day, count=number(total), people=people)
    foot = str(_ONLY_OWN if own else _NOTHING_OWN)
    shown = _fitting(changed, LIMIT - width(head) - width(foot) - 40)
    left = len(changed) - len(shown)
    more = [_MORE.format(people=_PEOPLE.format(count=left))] if left else []
    button = Button(_("Undo that day"), "ask", (day.isoformat(), person_id or 0), style=ButtonStyle.danger)
    return Panel("\n".join([head, *shown, *more, foot]), (button,) if own else (), SECONDS)


def undoing_panel(day: date, changed: Sequence[PersonDay], person_id: int | None) -> Panel:
    """Return the confirmation of undoing a day."""
    own = [person.own for person in changed if person.own]
    if not own:
        return Panel(NOTHING.format(whom=_whom(person_id), day=day))
    text = ASKED.format(
        day=day,
        whom=_whom(person_id),
        changes=_CHANGES.format(count=sum(own)),
        people=_PEOPLE.format(count=len(own)),
    )
    arguments = (day.isoformat(), person_id or 0)
    buttons = (
        Button(_("Undo it"), "undo", arguments, style=ButtonStyle.danger),
        Button(_("Leave it"), "leave"),
    )
    return Panel(text, buttons, SECONDS)


def undone_text(day: date, undone: Undone) -> str:
    """Return the report on an undone day."""
    stayed = _STAYED.format(count=undone.stayed) if undone.stayed else ""
    if not undone.facts:
        return NONE_DONE.format(stayed=stayed)
    people = _PEOPLE.format(count=undone.people)
    return _DONE.format(count=undone.facts, people=people, day=day, stayed=stayed)


def _fitting(changed: Sequence[PersonDay], room: int) -> list[str]:
    lines: list[str] = []
    for person in sorted(changed, key=lambda person: (-person.own, person.person_id)):
        line = f"- <@{person.person_id}>: {_causes(person)}"
        room -= width(line) + 1
        if room < 0:
            break
        lines.append(line)
    return lines


def _causes(changed: PersonDay) -> str:
    """Return counts by cause; a cause may name a fact or a scope after its first words."""
    counts: Counter[str] = Counter()
    for cause, count in changed.causes.items():
        plain = cause.partition(":")[0]
        counts["joined" if plain.startswith("joined") else plain] += count
    return ", ".join(f"{number(count)} {_CAUSES.get(cause, cause)}" for cause, count in counts.most_common())


def _whom(person_id: int | None) -> str:
    return f"<@{person_id}>" if person_id else str(_EVERYBODY)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(MemoryDayCog(bot))
