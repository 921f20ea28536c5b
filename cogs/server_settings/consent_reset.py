"""What admins are asked and told before people are asked anew whether they may be remembered (F078)."""

from discord import ButtonStyle

from bot.core.i18n import _, n_
from cogs._discord.panels import Button, Panel
from database.repositories.consents import AnsweredIn, Resettable
from memory.rules import Consent

SECONDS = 300
HERE, SERVER, ANYWHERE = "channel", "server", "everywhere"
"""How far a reset reaches, as the id of a button has it."""
NOTHING_TO_RESET = _("Nobody said yes, or was asked, in {place}: there is nothing to reset.{kept}")
LEFT = _("Everything stays as it is.")
WORKING = _("Letting them be asked anew, and deleting what was noted ...")

_EVERYWHERE = _("all servers and in private", "a place: in all servers and in private")
_ASKED = _(
    "**Shall everybody be asked anew who answered in {place} whether they may be remembered?** That "
    "concerns {people}: {agreed} said yes, {silent} did not answer."
)
_GOES = _(
    "Until they answer again it is as if each had said no. What was noted about them goes now and for good, "
    "also what they said elsewhere, for it rested on that answer: {memories} and {lines} that were kept for "
    "longer. How characters stand with them begins anew. What they told me themselves with /remember stays. "
    "It can't be undone."
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


def place_named(place: AnsweredIn, whole_server: str) -> str:
    """Return what a reset is about, as it stands in a sentence."""
    if place.channel_id is not None:
        return f"<#{place.channel_id}>"
    return str(_EVERYWHERE) if place.guild_id is None else whole_server


def reset_panel(name: str, reach: tuple[str | int, ...], found: Resettable, mode: Consent) -> Panel:
    """Return the question whether the people of a place are to be asked anew, with what that does."""
    if not found.people:
        kept = "".join(f" {line}" for line in _kept(found))
        return Panel(NOTHING_TO_RESET.format(place=name, kept=kept))
    asked = _ASKED.format(
        place=name, people=_PEOPLE.format(count=found.people), agreed=found.agreed, silent=found.silent
    )
    goes = _GOES.format(
        memories=_MEMORIES.format(count=found.memories), lines=_LINES.format(count=found.lines)
    )
    again = {"opt_in": _WHEN, "opt_out": _TOLD, "off": _NEVER}[mode]
    buttons = (
        Button(_("Reset, and delete what was noted"), "reset", reach, style=ButtonStyle.danger),
        Button(_("Leave it"), "leave"),
    )
    return Panel("\n".join([asked, goes, str(again), *_kept(found)]), buttons, SECONDS)


def reset_text(name: str, gone: Resettable) -> str:
    """Return what came of it."""
    if not gone.people:
        return NOTHING_TO_RESET.format(place=name, kept="")
    return _DONE.format(
        place=name, people=_PEOPLE.format(count=gone.people), memories=_memories(gone.memories)
    )


def reset_line(at: str, actor_id: int, name: str, counts: str) -> str:
    """Return a reset as /settings audit shows it, from how many people and memories it was."""
    people, memories = map(int, counts.split())
    return RESET_HERE.format(
        at=at, actor=actor_id, place=name, people=_PEOPLE.format(count=people), memories=_memories(memories)
    )


def _memories(count: int) -> str:
    return _MEMORIES.format(count=count)


def _kept(found: Resettable) -> list[str]:
    counts = ((_REFUSED, found.refused), (_ELSEWHERE, found.elsewhere))
    return [sentence.format(count=count) for sentence, count in counts if count]
