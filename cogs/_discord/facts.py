"""A fact as shown to the person whom it is about, and the confirmation of its deletion (C60, C62)."""

from dataclasses import dataclass

from discord import ButtonStyle
from discord.utils import format_dt

from bot.core.i18n import _
from cogs._discord.panels import Button, Panel
from cogs._discord.text import inline
from database.models import Fact
from memory.browsing import Spot

_LINKS = "https://discord.com/channels"

SECONDS = 120
"""Seconds for which the buttons work."""
ROOM = 1_600
"""Most characters of one memory in a message: its 500 characters, each of them escaped."""
DELETED = _("Forgotten: it is in no earlier state, in no file and in no log of mine any more.")
GONE_ALREADY = _("That memory is not there any more: there is nothing left to delete.")
KEPT = _("Nothing was deleted.")
FOR_GOOD = _(
    "It goes from every earlier state of what I know, from the files in which such states are "
    "kept, and from the database's log. It can't be undone. Only backups that the bot's operator "
    "made still hold it until they are deleted."
)
_ASK_ONE = _("**Shall I forget this for good?**")
_PINNED, _FOR_ALL = _("pinned", "a memory"), _("known to every character")
_ORIGINS = {
    "told": _("you told me"),
    "learnt": _("I noticed it myself"),
    "inherited": _("known from an older program"),
    "laid down": _("the bot's operator wrote it"),
}

_ALONE = _("only when we are alone")
_REACHES = {
    "channel": _("only in <#{id}> and when we are alone"),
    "guild": _("everywhere in this server and when we are alone"),
    "other guild": _("everywhere in another server and when we are alone"),
    "everywhere": _("everywhere you meet me"),
}


def link_of(spot: Spot) -> str:
    return f"{_LINKS}/{spot.guild_id or '@me'}/{spot.channel_id}/{spot.message_id}"


@dataclass(frozen=True, slots=True)
class Reach:
    """The places in which a memory may come up."""

    scope: str
    channel_id: int | None
    guild_id: int | None

    @classmethod
    def of(cls, memory: Fact) -> "Reach":
        return cls(memory.scope, memory.channel_id, memory.guild_id)

    def told_in(self, guild_id: int | None) -> str:
        """Return the description for a reader in a server, or with None in a DM."""
        scope = "other guild" if self.scope == "guild" and self.guild_id != guild_id else self.scope
        return _REACHES.get(scope, _ALONE).format(id=self.channel_id)


def entry(memory: Fact, guild_id: int | None) -> str:
    """Return a memory's number and quoted text; the quotation keeps the text from passing for the bot's."""
    about = [str(_PINNED)] if memory.pinned else []
    about += [str(_FOR_ALL)] if memory.for_all else []
    about += [Reach.of(memory).told_in(guild_id), told_by(memory), format_dt(memory.made_at, "d")]
    return f"**{memory.number}.** {inline(memory.text, ROOM)}\n-# {' · '.join(about)}"


def told_by(memory: Fact) -> str:
    return str(_ORIGINS[memory.origin])


def deletion_panel(memory: Fact, guild_id: int | None, *, mark: tuple[str, ...] = ()) -> Panel:
    """Return the question whether to delete a memory; the button carries the memory's id."""
    text = f"{_ASK_ONE}\n{entry(memory, guild_id)}\n{FOR_GOOD}"
    buttons = (
        Button(_("Forget it"), "delete", (memory.id, *mark), style=ButtonStyle.danger),
        Button(_("Keep it"), "keep"),
    )
    return Panel(text, buttons, SECONDS)
