"""Panels for one's own conversation: exchanges to forget, and takes of a reply (F117-F119)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from discord import ButtonStyle
from discord.utils import format_dt

from bot.conversation.forgetting import Length, SaidAndAnswered
from bot.conversation.revisions import Takes
from bot.conversation.text.split import LIMIT
from bot.core.i18n import _, n_
from bot.core.spelling import listed
from cogs._discord.panels import Button, Menu, MenuChoice, Panel
from cogs._discord.text import in_a_line, inline, quoted
from memory.erasing import Erased

SECONDS = 120
"""Seconds for which the panels about forgetting work (F117, F118)."""
LONGEST_ABOUT = 500
LONGEST_EDIT = 4000
"""Most characters of a form's text input."""

NOTHING_TO_RESET = _("There is nothing to forget: I know no word of yours, neither here nor elsewhere.")
NOTHING_TO_FORGET = _(
    "There is no exchange between us here that I still know word for word, so there is none to choose. "
    "What I only have notes of goes with /reset_conversation."
)
KEPT = _("Nothing was forgotten.")
STAYS = _(
    "What I know about you for good stays, and so do the messages in Discord: it is only I who forget. "
    "It can't be undone."
)
ABOUT, WOULD_SAY = _("You said about it:"), _("I would say:")
STANDS, WOULD_STAND = _("it stands in the channel now"), _("take {stands} stands in the channel now")
WENT_ON = _("I went on.")
GREETED = _("**{name}** said its greeting. It has no other one.")
EDITED = _("Done: these are my words now, in the channel and in what I remember of our talk.")
ACCEPTED = _(
    "Done: take {number} stands now, in the channel and in what I remember of our talk. "
    "/swipe shows the others."
)
DISMISSED = _("The reply stays as it is. /swipe shows this take again.")
OUTDATED_TAKES = _(
    "There are other takes by now than this preview knows of. Use the newer preview below, or /swipe."
)
THINKING = _("Thinking of another take…")
NOT_YOURS_TO_EDIT = _(
    "In a server that is for members with the permission Manage Messages, and for the bot's operators: "
    "others take my words for mine. In private you can do it, and /reroll is for everybody."
)
TOO_LONG = _(
    "My last answer does not fit into Discord's window for {most} characters. Give the new words with the "
    "option text."
)
NO_REPLY_TO_YOU = _("Choose one of my own replies to you, from the last 24 hours.")
NO_EXCHANGE = _(
    "Choose something that you said to me, or what I answered, of our last {most} exchanges here. To forget "
    "everything, use /reset_conversation."
)
_CHOSEN, _NOT_CHOSEN = "\N{BALLOT BOX WITH CHECK}", "\N{BALLOT BOX}"
_DESCRIBED = 90

_SHALL_I = _("**Shall I forget our conversation?**")
_ALL_HERE = _("- **Here**: everything that we said to each other. I still know {known}.")
_YOURS_HERE = _("- **Here**: what you said, and my replies to you. I still know {known}.")
_ELSEWHERE = _("- **Elsewhere**: what you said, and my replies to you. I still know {known}.")
_WHOLE_NOTES = _("A note is deleted as a whole, with what others said in it.")
_NONE_OF_OTHERS = _("I forget nothing that others said in this server.")
_FORGOTTEN = {
    "here": _(
        "Forgotten here: {gone}. From here on it is as if that had never been said. Whoever can "
        "read the channel still sees the messages: delete them in Discord if you want them gone, "
        "too."
    ),
    "everywhere": _(
        "Forgotten everywhere: {gone}. From here on it is as if that had never been said. Whoever "
        "can read the channel still sees the messages: delete them in Discord if you want them "
        "gone, too."
    ),
}
_LINES = n_("{count} line", "{count} lines")
_WORD_FOR_WORD = n_("{count} line of yours word for word", "{count} lines of yours word for word")
_NOTES = n_("{count} note of older talk", "{count} notes of older talk")
_MEMORIES = n_(
    "{count} memory that came only from these words", "{count} memories that came only from these words"
)
_BOTH = _("{lines}, and {notes}", "what is kept of somebody's talk")
_WHICH = _("**Which of these shall I forget?** Choose in the menu, and press the red button.")
_WITH_THEM = _(
    "What I know for good from these words alone goes with them. The messages in Discord stay: it is only I "
    "who forget. It can't be undone."
)
_FORGET, _FORGET_SOME = _("Forget", "a button"), n_("Forget {count} exchange", "Forget {count} exchanges")
_PAIR = _("> you: {said}\n> me: {reply}")
_MINE = _("me: {reply}")
_NONE_LEFT = _("(nothing that you said)")
_TAKE = _("**Take {number} of {newest}**: {stands}.")


def reset_panel(length: Length, *, private: bool) -> Panel:
    """Return the question how much to forget, or a sentence if there is nothing."""
    if not (length.lines_anywhere or length.summaries or (private and length.summed_up)):
        return Panel(NOTHING_TO_RESET)
    known_here = _known(length.lines, length.summaries_here)
    lines = [str(_SHALL_I), (_ALL_HERE if private else _YOURS_HERE).format(known=known_here)]
    buttons = [Button(_("Forget here"), "reset", ("here",), style=ButtonStyle.danger)]
    elsewhere = length.lines_anywhere - length.lines, length.summaries - length.summaries_here
    if any(elsewhere):
        lines.append(_ELSEWHERE.format(known=_known(*elsewhere)))
        buttons.append(Button(_("Forget everywhere"), "reset", ("everywhere",), style=ButtonStyle.danger))
    lines += [str(_WHOLE_NOTES)] if length.summaries else []
    lines += [] if private else [str(_NONE_OF_OTHERS)]
    return Panel("\n".join([*lines, str(STAYS)]), (*buttons, Button(_("Keep"), "keep")), SECONDS)


def forgotten(erased: Erased, *, scope: str) -> str:
    """Return the report on a deletion and on the next steps."""
    gone = [_LINES.format(count=erased.lines)]
    if erased.summaries:
        gone.append(_NOTES.format(count=erased.summaries))
    if erased.memories:
        gone.append(_MEMORIES.format(count=erased.memories))
    return _FORGOTTEN[scope].format(gone=listed(gone))


def pairs_panel(pairs: Sequence[SaidAndAnswered], *, chosen: Collection[int] = ()) -> Panel:
    """Return a menu of exchanges with the chosen ones marked, or a sentence if there are none."""
    if not pairs:
        return Panel(NOTHING_TO_FORGET)
    marked = [pair for pair in pairs if pair.turn_id in chosen]
    head, foot = str(_WHICH), str(_WITH_THEM)
    room = (LIMIT - len(head) - len(foot) - 10) // len(pairs)
    shown = [
        _pair(number, pair, chosen=pair in marked, room=room) for number, pair in enumerate(pairs, start=1)
    ]
    forget = _FORGET_SOME.format(count=len(marked)) if marked else _FORGET
    return Panel(
        "\n".join([head, *shown, foot]),
        (
            _menu_of(pairs, chosen),
            Button(_("Select all"), "choose_all", disabled=len(marked) == len(pairs)),
            Button(forget, "forget_pairs", style=ButtonStyle.danger, disabled=not marked),
            Button(_("Cancel"), "cancel"),
        ),
        SECONDS,
    )


def _menu_of(pairs: Sequence[SaidAndAnswered], chosen: Collection[int]) -> Menu:
    choices = tuple(
        MenuChoice(
            str(pair.turn_id),
            in_a_line(f"{number}. {_said(pair)}", _DESCRIBED),
            in_a_line(_MINE.format(reply=pair.reply), _DESCRIBED),
            chosen=pair.turn_id in chosen,
        )
        for number, pair in enumerate(pairs, start=1)
    )
    return Menu("choose", choices, placeholder=_("What to forget"), least=0, most=len(choices))


def _pair(number: int, pair: SaidAndAnswered, *, chosen: bool, room: int) -> str:
    head = f"{_CHOSEN if chosen else _NOT_CHOSEN} **{number}.** {format_dt(pair.at, 'R')}"
    length = (room - len(head) - len(_PAIR.format(said="", reply="")) - 2) // 2
    return f"{head}\n{_PAIR.format(said=inline(_said(pair), length), reply=inline(pair.reply, length))}"


def _said(pair: SaidAndAnswered) -> str:
    return " / ".join(pair.said) or str(_NONE_LEFT)


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of one take of a reply: the number of the take, and the asker's remark."""

    takes: Takes
    number: int
    about: str = ""

    def panel(self, seconds: float) -> Panel:
        """Return the take with buttons for its actions."""
        takes, number = self.takes, self.number
        stands = STANDS if number == takes.stands else WOULD_STAND.format(stands=takes.stands)
        head = _TAKE.format(number=number, newest=takes.newest, stands=stands)
        if self.about:
            head += f"\n{ABOUT}\n> {in_a_line(self.about, LIMIT)}\n{WOULD_SAY}"
        text = quoted(takes.texts[number - 1], LIMIT - len(head) - 1)
        return Panel(f"{head}\n{text}", self._buttons(), seconds)

    def _buttons(self) -> tuple[Button, ...]:
        takes, number = self.takes, self.number
        on = (takes.turn_id, number, takes.newest)
        back, forth = ((takes.turn_id, number + step, takes.newest) for step in (-1, 1))
        return (
            Button(_("Accept"), "accept", on, style=ButtonStyle.success, disabled=number == takes.stands),
            Button(_("Dismiss"), "dismiss", on),
            Button(_("Redo"), "redo", on, style=ButtonStyle.primary),
            Button("\N{BLACK LEFT-POINTING TRIANGLE}", "look", back, disabled=number == 1),
            Button("\N{BLACK RIGHT-POINTING TRIANGLE}", "look", forth, disabled=number == takes.newest),
        )


def about_in(text: str) -> str:
    """Return the asker's remark, parsed from the text of a preview; "" if there is none.

    Below its head a preview quotes the take itself, unless a line of the bot announces a remark.
    """
    lines = text.split("\n")
    return lines[2].removeprefix("> ") if len(lines) > 2 and not lines[1].startswith(">") else ""


def _known(lines: int, notes: int) -> str:
    known = _WORD_FOR_WORD.format(count=lines)
    return _BOTH.format(lines=known, notes=_NOTES.format(count=notes)) if notes else known
