"""What is known of somebody for good, as they are shown it: now, before, and what would change (C60, C62)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from discord import ButtonStyle
from discord.utils import format_dt

from bot.conversation.splitting import LIMIT, width
from bot.i18n import _
from cogs._discord.panels import Button, Choice, Menu, Panel
from cogs._discord.quoting import inline
from database.models import Fact
from database.repositories.memories import Batch
from memory.reversal import Reversal

SECONDS = 120
"""How long the buttons work."""
ON_A_PAGE = 10
SHOWN_REVERSALS = 8
ROOM = 1_600
"""What one memory may take of a message: its 500 characters, each of them escaped."""

NOTHING = _(
    "I know nothing about you for good. /remember changes that; /memory facts shows what else I noted, if "
    "anything."
)
LOOKED = _("-# Times that the bot's operators looked at what I know about you: {count}, the last {last}.")
NO_HISTORY = _("What I know about you has not changed yet: there is no earlier state.")
ALL_AS_IT_WAS = _("All of it is as it was then: there is nothing to bring back.")
DELETED = _("Forgotten: it is in no earlier state, in no file and in no log of mine any more.")
GONE_ALREADY = _("That memory is not there any more: there is nothing left to delete.")
KEPT = _("Nothing was deleted.")
FOR_GOOD = _(
    "It leaves every earlier state of what I know, the files in which such states are kept, and the "
    "database's log as well. It can't be undone. Only backups that the bot's operator made hold it until "
    "they go."
)
_FOOT = _(
    "-# /memory edit, share, pin and delete take the number. All of it may come up when we are alone. "
    "/memory facts tells more."
)
_LEARNING = _("-# Whether I note anything by myself is another matter: /memory learning.")
_ORIGINS = {
    "told": _("you told me"),
    "learnt": _("I noticed it myself"),
    "inherited": _("known from an older program"),
    "laid down": _("the bot's operator wrote it"),
}
_CAUSES = {
    "told": _("you told me something"),
    "learnt": _("I noticed something myself"),
    "edited": _("you gave it other words"),
    "pinned": _("you pinned it"),
    "unpinned": _("you took a pin away"),
    "shared": _("you chose where it may come up"),
    "mentioned again": _("you said something again"),
    "superseded": _("something took its place"),
    "joined": _("I joined several into one"),
    "operator added": _("the bot's operator added something"),
    "operator changed": _("the bot's operator changed something"),
    "operator removed": _("the bot's operator removed something"),
    "operator undid": _("the bot's operator took back a change of theirs"),
    "undone": _("the bot's operator took back what I had noted on a day"),
    "restored": _("you brought back an earlier state"),
    "inherited": _("I took over what an older program knew"),
    "taken back": _("a message that it came from went"),
}

_TURNED = {
    "kept": (_("kept for now, as it was"), _("kept for good again")),
    "for_all": (_("known to this character alone"), _("known to every character again")),
    "ended_at": (_("holds again"), _("holds no more")),
}
"""What else a memory may be that it was not before, or the other way round."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a memory may come up."""

    scope: str
    channel_id: int | None
    guild_id: int | None

    @classmethod
    def of(cls, memory: Fact) -> "Reach":
        return cls(memory.scope, memory.channel_id, memory.guild_id)

    def told_in(self, guild_id: int | None) -> str:
        """Return it in words, for somebody who reads them in a server, or in private."""
        server = "in this server" if self.guild_id == guild_id else "in another server"
        words = {
            "channel": f"only in <#{self.channel_id}> and when we are alone",
            "guild": f"everywhere {server} and when we are alone",
            "everywhere": "everywhere you meet me",
        }
        return words.get(self.scope, "only when we are alone")


def entry(memory: Fact, guild_id: int | None) -> str:
    """Return a memory with its number; only its own words stand beside that, and can't pass for ours."""
    about = ["pinned"] if memory.pinned else []
    about += ["known to every character"] if memory.for_all else []
    about += [Reach.of(memory).told_in(guild_id), told_by(memory), format_dt(memory.made_at, "d")]
    return f"**{memory.number}.** {inline(memory.text, ROOM)}\n-# {' · '.join(about)}"


def told_by(memory: Fact) -> str:
    """Return who noted a memory."""
    return _ORIGINS[memory.origin]


def list_panel(
    memories: Sequence[Fact], page: int, guild_id: int | None, *, mark: tuple[str, ...] = ()
) -> Panel:
    """Return one page of memories, counted from 1; the last one for a page that is not there.

    The `mark` of a character goes into the ids of buttons, here and below: whose memories they are.
    """
    if not memories:
        return Panel(NOTHING)
    pages = list(_paged(entry(one, guild_id) for one in memories))
    number = min(max(page, 1), len(pages))
    head = f"**What I know about you for good**: {count_of(len(memories))}"
    if len(pages) > 1:
        head += f", page {number} of {len(pages)}"
    return Panel("\n".join([head, *pages[number - 1], _FOOT]), _turning(number, len(pages), mark), SECONDS)


def deletion_panel(memory: Fact, guild_id: int | None, *, mark: tuple[str, ...] = ()) -> Panel:
    """Return the question whether one memory is to go; its button names it by its own id."""
    text = f"**Shall I forget this for good?**\n{entry(memory, guild_id)}\n{FOR_GOOD}"
    return Panel(text, (_red("Forget it", "delete", memory.id, *mark), Button("Keep it", "keep")), SECONDS)


def clearing_panel(known: int, changes: int, *, mark: tuple[str, ...] = ()) -> Panel:
    """Return the question whether everything is to go; a sentence where there is nothing."""
    if not known and not changes:
        return Panel(NOTHING)
    what = f"all that I know about you for good: {count_of(known)}, with every earlier state"
    text = (
        f"**Shall I forget {what}?**\n{FOR_GOOD}\n-# What I note by myself is switched with /memory learning."
    )
    return Panel(text, (_red(f"Forget all {known}", "delete_all", *mark), Button("Keep", "keep")), SECONDS)


def history_panel(
    batches: Sequence[Batch], *, looks: tuple[int, datetime | None] = (0, None), mark: tuple[str, ...] = ()
) -> Panel:
    """Return the last changes, with a menu of the states before them; a sentence where there are none.

    `looks` are how often operators looked at what is known, and when last.
    """
    looked = _looked(looks)
    if not batches:
        return Panel("\n".join([NO_HISTORY, *looked]))
    lines = ["**The last changes of what I know about you**"]
    choices = []
    for number, batch in enumerate(batches, 1):
        told = f"{_cause(batch.cause)} ({count_of(batch.memories)})"
        lines.append(f"{number}. {format_dt(batch.at, 'R')} {told}")
        choices.append(Choice(str(batch.id), f"before {number}: {told}", f"{batch.at:%d %b %Y, %H:%M} UTC"))
    lines.append("Choose one to see what it was before that. Nothing changes until you say so.")
    lines += looked
    return Panel(
        "\n".join(lines), (Menu("look", tuple(choices), mark, placeholder="The state before"),), SECONDS
    )


def reversal_panel(
    batch: int,
    newest: int,
    reversals: Sequence[Reversal],
    guild_id: int | None,
    *,
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return what bringing back the state before a change does; `newest` is the last change by now."""
    if not reversals:
        return Panel(ALL_AS_IT_WAS)
    shown, more = reversals[:SHOWN_REVERSALS], len(reversals) - SHOWN_REVERSALS
    room = (LIMIT - 400) // len(shown) // 2 - 60
    lines = ["**Shall I bring this back?**"]
    lines += [_reversal(one, guild_id, room) for one in shown]
    if more > 0:
        lines.append(f"- and {count_of(more)} besides")
    lines.append("What you deleted since stays deleted. With /memory history this can be undone, too.")
    buttons = (
        Button("Bring it back", "restore", (batch, newest, *mark), style=ButtonStyle.primary),
        Button("Leave it", "leave"),
    )
    return Panel("\n".join(lines), buttons, SECONDS)


def _looked(looks: tuple[int, datetime | None]) -> list[str]:
    count, last = looks
    return [LOOKED.format(count=f"{count:,}", last=format_dt(last, "R"))] if last is not None else []


def _paged(entries: Iterable[str]) -> Iterator[list[str]]:
    """Yield pages of whole memories: ten, or as many as fit a message."""
    page: list[str] = []
    left = full = LIMIT - 200
    for one in entries:
        if page and (len(page) == ON_A_PAGE or width(one) + 1 > left):
            yield page
            page, left = [], full
        page.append(one)
        left -= width(one) + 1
    yield page


def _turning(number: int, pages: int, mark: tuple[str, ...]) -> tuple[Button, ...]:
    if pages == 1:
        return ()
    return (
        Button("Back", "page", (number - 1, *mark), disabled=number == 1),
        Button("Next", "page", (number + 1, *mark), disabled=number == pages),
    )


def _red(label: str, action: str, *arguments: int | str) -> Button:
    return Button(label, action, arguments, style=ButtonStyle.danger)


def _cause(cause: str) -> str:
    known = (words for start, words in _CAUSES.items() if cause.partition(":")[0].startswith(start))
    return next(known, "something changed")


def _reversal(one: Reversal, guild_id: int | None, room: int) -> str:
    now, then, number = one.now, one.then, one.number
    if then is None:
        return f"- **{number}** goes: {inline((now or {})['text'], 2 * room)}"
    if now is None:
        return f"- **{number}** comes back: {inline(then['text'], 2 * room)}"
    if now["text"] != then["text"]:
        told = (
            f"- **{number}** is now: {inline(now['text'], room)}\n  and is then: {inline(then['text'], room)}"
        )
    else:
        told = f"- **{number}** stays: {inline(now['text'], room)}"
    return "; ".join([told, *_placing(now, then, guild_id)])


def _placing(now: Mapping[str, Any], then: Mapping[str, Any], guild_id: int | None) -> Iterator[str]:
    """Yield what else changes: where a memory may come up, and its pin."""
    here, there = (Reach(one["scope"], one["channel_id"], one["guild_id"]) for one in (now, then))
    if here.told_in(guild_id) != there.told_in(guild_id):
        yield f"comes up {there.told_in(guild_id)}"
    if now["pinned"] != then["pinned"]:
        yield "pinned again" if then["pinned"] else "not pinned any more"
    for key, words in _TURNED.items():
        if bool(now.get(key)) != bool(then.get(key)):
            yield words[bool(then.get(key))]
    if now.get("mentions") != then.get("mentions"):
        yield f"said {then.get('mentions')} times"


def count_of(memories: int) -> str:
    """Return so many memories in words."""
    return f"{memories:,} {'memory' if memories == 1 else 'memories'}"
