"""Views of core memories for their person: list, history, and effect of a restoration (C60, C62)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from discord import ButtonStyle
from discord.utils import format_dt

from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _, n_, number
from bot.core.spelling import utc_in_words
from cogs._discord.facts import FOR_GOOD, SECONDS, Reach, entry
from cogs._discord.panels import Button, Menu, MenuChoice, Panel, pages_of, turning
from cogs._discord.text import inline
from database.models import Fact
from database.repositories.memories import ChangeBatch
from memory.reversal import Reversal

ON_A_PAGE = 10
SHOWN_REVERSALS = 8

NOTHING = _(
    "I know nothing about you for good. /remember changes that; /memory facts shows what else I noted, if "
    "anything."
)
LOOKED = _("-# Times that the bot's operators looked at what I know about you: {count}, the last {last}.")
NO_HISTORY = _("What I know about you has not changed yet: there is no earlier state.")
ALL_AS_IT_WAS = _("All of it is as it was then: there is nothing to bring back.")
_FOOT = _(
    "-# /memory edit, share, pin and delete take the number. All of it may come up when we are alone. "
    "/memory facts tells more."
)
_HEAD = _("**What I know about you for good**: {count}")
_HEAD_OF_PAGE = _("**What I know about you for good**: {count}, page {number} of {pages}")
_ASK_ALL = n_(
    "**Shall I forget all that I know about you for good: {count} memory, with every earlier state?**",
    "**Shall I forget all that I know about you for good: {count} memories, with every earlier state?**",
)
_LEARNING = _("-# What I note by myself is switched with /memory learning.")
_MEMORIES = n_("{count} memory", "{count} memories")
_CHANGES = _("**The last changes of what I know about you**")
_BEFORE = _("before {number}: {change}", "a state before a change")
_CHOOSE = _("Choose one to see what it was before that. Nothing changes until you say so.")
_ASK_BACK = _("**Shall I bring this back?**")
_BESIDES = _("- and {count} besides")
_STAYS_DELETED = _("What you deleted since stays deleted. With /memory history this can be undone, too.")
_GOES = _("- **{number}** goes: {text}")
_COMES_BACK = _("- **{number}** comes back: {text}")
_REWORDED = _("- **{number}** is now: {now}\n  and is then: {then}")
_STAYS = _("- **{number}** stays: {text}")
_COMES_UP = _("comes up {reach}")
_PINS = (_("not pinned any more"), _("pinned again"))
_SAID = n_("said {count} time", "said {count} times")
_SOMETHING = _("something changed")
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
    "taken back": _("a message that it came from is gone"),
}
_TURNED = {
    "kept": (_("kept for now, as it was"), _("kept for good again")),
    "for_all": (_("known to this character alone"), _("known to every character again")),
    "ended_at": (_("holds again"), _("no longer holds")),
}
"""Words for the change of a memory's flags in either direction."""


def list_panel(
    memories: Sequence[Fact], page: int, guild_id: int | None, *, mark: tuple[str, ...] = ()
) -> Panel:
    """Return one page of memories, counted from 1; the last page if the number is too high.

    Here and below, the `mark` identifies the character in the ids of buttons.
    """
    if not memories:
        return Panel(NOTHING)
    count = count_of(len(memories))
    longest = _HEAD_OF_PAGE.format(count=count, number=len(memories), pages=len(memories))
    room = LIMIT - max(200, width(f"{longest}\n\n{_FOOT}"))
    pages = list(pages_of((entry(fact, guild_id) for fact in memories), room, ON_A_PAGE))
    at = min(max(page, 1), len(pages))
    head = _HEAD if len(pages) == 1 else _HEAD_OF_PAGE
    told = head.format(count=count, number=at, pages=len(pages))
    return Panel("\n".join([told, *pages[at - 1], str(_FOOT)]), turning(at, len(pages), mark), SECONDS)


def clearing_panel(known: int, changes: int, *, mark: tuple[str, ...] = ()) -> Panel:
    """Return the confirmation of deleting everything, or a sentence if there is nothing."""
    if not known and not changes:
        return Panel(NOTHING)
    text = f"{_ASK_ALL.format(count=known)}\n{FOR_GOOD}\n{_LEARNING}"
    label = _("Forget all {count}").format(count=known)
    forget = Button(label, "delete_all", mark, style=ButtonStyle.danger)
    return Panel(text, (forget, Button(_("Keep"), "keep")), SECONDS)


def history_panel(
    batches: Sequence[ChangeBatch],
    *,
    looks: tuple[int, datetime | None] = (0, None),
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return the last changes with a menu of the states before them, or a sentence if there are none.

    `looks` holds how often operators viewed the facts, and when last.
    """
    looked = _looked(looks)
    if not batches:
        return Panel("\n".join([str(NO_HISTORY), *looked]))
    lines = [str(_CHANGES)]
    choices = []
    for at, batch in enumerate(batches, 1):
        told = f"{_cause(batch.cause)} ({count_of(batch.memories)})"
        lines.append(f"{at}. {format_dt(batch.at, 'R')} {told}")
        label = _BEFORE.format(number=at, change=told)
        choices.append(MenuChoice(str(batch.id), label, utc_in_words(batch.at)))
    lines += [str(_CHOOSE), *looked]
    menu = Menu("look", tuple(choices), mark, placeholder=_("The state before"))
    return Panel("\n".join(lines), (menu,), SECONDS)


def reversal_panel(
    batch: int,
    newest: int,
    reversals: Sequence[Reversal],
    guild_id: int | None,
    *,
    mark: tuple[str, ...] = (),
) -> Panel:
    """Return the effect of restoring the state before a change; `newest` is the latest change."""
    if not reversals:
        return Panel(ALL_AS_IT_WAS)
    shown, more = reversals[:SHOWN_REVERSALS], len(reversals) - SHOWN_REVERSALS
    room = (LIMIT - 400) // len(shown) // 2 - 60
    lines = [str(_ASK_BACK)]
    lines += [_reversal(reversal, guild_id, room) for reversal in shown]
    if more > 0:
        lines.append(_BESIDES.format(count=count_of(more)))
    lines.append(str(_STAYS_DELETED))
    buttons = (
        Button(_("Bring it back"), "restore", (batch, newest, *mark), style=ButtonStyle.primary),
        Button(_("Leave it"), "leave"),
    )
    return Panel("\n".join(lines), buttons, SECONDS)


def _looked(looks: tuple[int, datetime | None]) -> list[str]:
    count, last = looks
    return [LOOKED.format(count=number(count), last=format_dt(last, "R"))] if last is not None else []


def _cause(cause: str) -> str:
    known = (words for start, words in _CAUSES.items() if cause.partition(":")[0].startswith(start))
    return str(next(known, _SOMETHING))


def _reversal(reversal: Reversal, guild_id: int | None, room: int) -> str:
    now, then = reversal.now, reversal.then
    if now is None or then is None:
        gone = inline(((then or now) or {})["text"], 2 * room)
        return (_COMES_BACK if then else _GOES).format(number=reversal.number, text=gone)
    texts = [inline(state["text"], room) for state in (now, then)]
    if now["text"] != then["text"]:
        told = _REWORDED.format(number=reversal.number, now=texts[0], then=texts[1])
    else:
        told = _STAYS.format(number=reversal.number, text=texts[0])
    return "; ".join([told, *_other_changes(now, then, guild_id)])


def _other_changes(now: Mapping[str, Any], then: Mapping[str, Any], guild_id: int | None) -> Iterator[str]:
    """Yield the other changes of a memory: the places where it may come up, and its pin."""
    reach_now, reach_then = (
        Reach(state["scope"], state["channel_id"], state["guild_id"]) for state in (now, then)
    )
    if reach_now.told_in(guild_id) != reach_then.told_in(guild_id):
        yield _COMES_UP.format(reach=reach_then.told_in(guild_id))
    if now["pinned"] != then["pinned"]:
        yield str(_PINS[bool(then["pinned"])])
    for key, words in _TURNED.items():
        if bool(now.get(key)) != bool(then.get(key)):
            yield str(words[bool(then.get(key))])
    if now.get("mentions") != then.get("mentions"):
        yield _SAID.format(count=int(then.get("mentions") or 1))


def count_of(memories: int) -> str:
    """Return a number of memories in words."""
    return _MEMORIES.format(count=memories)
