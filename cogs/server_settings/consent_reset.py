"""Confirmation and report of a consent reset, after which people are asked for consent again (F078)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from discord import ButtonStyle

from bot.audit import Actor
from bot.conversation.attention.explain import place_name
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.core.i18n import _, n_
from bot.discord.commands import Interaction, answer, asked_in
from cogs._discord.interactions import Panels
from cogs._discord.panels import Action, Button, Panel, Press
from cogs._discord.permissions import is_operator
from database.repositories.consents import AnsweredIn, Resettable
from memory.rules import Consent

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

Reach = tuple[str | int, ...]
"""The extent of a reset as a button's id holds it: one of the three words, and the id of a channel."""
SECONDS = 300
HERE, SERVER, ANYWHERE = "channel", "server", "everywhere"
NOTHING_TO_RESET = _("Nobody said yes, or was asked, in {place}: there is nothing to reset.{kept}")
NOT_ANY_MORE = _("Only the bot's operators may reset the answers of every place: nothing was changed.")
LEFT = _("Everything stays as it is.")
WORKING = _("Letting them be asked anew, and deleting what was noted ...")

_EVERYWHERE = _("all servers and in private", "a place: in all servers and in private")
_ASKED = _(
    "**Shall everybody be asked anew who answered in {place} whether they may be remembered?** That "
    "concerns {people}: {agreed} said yes, {silent} did not answer."
)
_AS_A_NO = _("Until they answer again it is as if each had said no.")
_GOES = _(
    "What was noted about them goes now and for good, also what they said elsewhere, for it rested on that "
    "answer: {memories} and {lines} that were kept for longer. How characters stand with them begins anew. "
    "What they told me themselves with /remember stays. It can't be undone."
)
_WHEN = _("They are asked again behind an answer to them, as everybody is once.")
_TOLD = _("They are told again, behind an answer to them; until one says no, I note things about them.")
_NEVER = _("Nobody is asked for now: whoever runs this bot has switched remembering off.")
_REFUSED = n_(
    "{count} person who said no there keeps that, and is not asked.",
    "{count} people who said no there keep that, and are not asked.",
)
_ELSEWHERE = n_(
    "{count} person of this server agreed in another place, in private, or before I kept where: theirs "
    "stays. The bot's operators can reset it with the option everywhere.",
    "{count} people of this server agreed in another place, in private, or before I kept where: theirs "
    "stays. The bot's operators can reset it with the option everywhere.",
)
_DONE = _(
    "Done: {people} who answered in {place} are as if never asked, and {memories} about them are deleted, in "
    "every form."
)
RESET_HERE = _("{at} <@{actor}> let {people} be asked anew who answered in {place}; {memories} went")
_PEOPLE = n_("{count} person", "{count} people")
_MEMORIES = n_("{count} memory", "{count} memories")
_LINES = n_("{count} line", "{count} lines")


class ConsentResets:
    """The panel of /settings consent_reset and its actions."""

    def __init__(self, bot: "Masquerade") -> None:
        self._bot, self._resets = bot, bot.app.consent_reset
        again = "settings consent_reset"
        actions = {"reset": Action(self._reset, again), "leave": Action(self._leave, again)}
        self.panels = Panels(bot, "settings", actions)

    async def ask(self, interaction: Interaction, reach: Reach) -> None:
        """Show the effect of a reset and ask for confirmation."""
        place = self._reached(interaction, reach)
        found = await self._resets.look(place)
        await self.panels.show(interaction, reset_panel(place, reach, found, self._bot.app.privacy.mode))

    async def _reset(self, press: Press) -> None:
        interaction, place = press.interaction, self._reached(press.interaction, press.arguments)
        if place == AnsweredIn() and not is_operator(self._bot, interaction.user):
            await answer(interaction, NOT_ANY_MORE)
            return
        await self.panels.working(press, WORKING)
        actor = Actor(interaction.user.id, asked_in(interaction).channel_id)
        gone = await self._resets.reset(actor, place)
        await self.panels.close(interaction, reset_text(place, gone))

    async def _leave(self, press: Press) -> None:
        await self.panels.close(press.interaction, LEFT)

    @staticmethod
    def _reached(interaction: Interaction, reach: Sequence[str | int]) -> AnsweredIn:
        """Return the place of a reset, which is always in the server of the command or press."""
        if reach[0] == ANYWHERE:
            return AnsweredIn()
        assert interaction.guild_id is not None, "the command tree lets nobody in from elsewhere"
        return AnsweredIn(interaction.guild_id, int(reach[1]) if reach[0] == HERE else None)


def reset_panel(place: AnsweredIn, reach: Reach, found: Resettable, mode: Consent) -> Panel:
    """Return the confirmation of a reset with its effects."""
    name = _named(place)
    if not found.people:
        kept = "".join(f" {line}" for line in _kept(found))
        return Panel(NOTHING_TO_RESET.format(place=name, kept=kept))
    asked = _ASKED.format(
        place=name, people=_PEOPLE.format(count=found.people), agreed=found.agreed, silent=found.silent
    )
    goes = _GOES.format(
        memories=_MEMORIES.format(count=found.memories), lines=_LINES.format(count=found.lines)
    )
    again = {"opt_in": f"{_AS_A_NO} {_WHEN}", "opt_out": _TOLD, "off": _NEVER}[mode]
    buttons = (
        Button(_("Reset, and delete what was noted"), "reset", reach, style=ButtonStyle.danger),
        Button(_("Leave it"), "leave"),
    )
    return Panel("\n".join([asked, goes, str(again), *_kept(found)]), buttons, SECONDS)


def reset_text(place: AnsweredIn, gone: Resettable) -> str:
    """Return the report on a reset."""
    name = _named(place)
    if not gone.people:
        return NOTHING_TO_RESET.format(place=name, kept="")
    return _DONE.format(
        place=name, people=_PEOPLE.format(count=gone.people), memories=_memories(gone.memories)
    )


def reset_line(at: str, actor_id: int, place: AnsweredIn, counts: str) -> str:
    """Return a reset as a line of /settings audit, with the stored `counts` of people and memories."""
    people, memories = map(int, counts.split())
    return RESET_HERE.format(
        at=at,
        actor=actor_id,
        place=_named(place),
        people=_PEOPLE.format(count=people),
        memories=_memories(memories),
    )


def _named(place: AnsweredIn) -> str:
    if place.channel_id is not None:
        return f"<#{place.channel_id}>"
    return str(_EVERYWHERE) if place.guild_id is None else place_name(EVERYWHERE)


def _memories(count: int) -> str:
    return _MEMORIES.format(count=count)


def _kept(found: Resettable) -> list[str]:
    counts = ((_REFUSED, found.refused), (_ELSEWHERE, found.elsewhere))
    return [sentence.format(count=count) for sentence, count in counts if count]
