"""What people see of their own talk with the character: what to forget, and takes on a reply (F117-F119)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from discord import ButtonStyle
from discord.utils import format_dt

from bot.conversation.forgetting import MOST_PAIRS, Length, Pair
from bot.conversation.remaking import Takes
from bot.conversation.splitting import LIMIT
from bot.erasing import Erased
from bot.i18n import _
from cogs._discord.panels import Button, Choice, Menu, Panel
from cogs._discord.quoting import in_a_line, inline, quoted

SECONDS = 120
"""How long one may think about what to forget (F117, F118)."""
LONGEST_ABOUT = 500
LONGEST_EDIT = 4000
"""What fits into a window to write in."""

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
TOO_LONG = (
    f"My last answer does not fit into Discord's window for {LONGEST_EDIT} characters. Give the new words "
    "with the option text."
)
NO_REPLY_TO_YOU = _("Choose one of my own replies to you, from the last 24 hours.")
NO_EXCHANGE = (
    f"Choose something that you said to me, or what I answered, of our last {MOST_PAIRS} exchanges here. "
    "To forget everything, use /reset_conversation."
)
_CHOSEN, _NOT_CHOSEN = "\N{BALLOT BOX WITH CHECK}", "\N{BALLOT BOX}"
_DESCRIBED = 90


def reset_panel(length: Length, *, private: bool) -> Panel:
    """Return the question how much is to be forgotten; a sentence where there is nothing."""
    if not (length.lines_anywhere or length.summaries or (private and length.summed_up)):
        return Panel(NOTHING_TO_RESET)
    both = "everything that we said to each other" if private else "what you said, and my replies to you"
    here = _known(length.lines, length.summaries_here)
    lines = ["**Shall I forget our conversation?**", f"- **Here**: {both}. I still know {here}."]
    buttons = [Button("Forget here", "reset", ("here",), style=ButtonStyle.danger)]
    elsewhere = length.lines_anywhere - length.lines, length.summaries - length.summaries_here
    if any(elsewhere):
        there = _known(*elsewhere)
        lines.append(f"- **Elsewhere**: what you said, and my replies to you. I still know {there}.")
        buttons.append(Button("Forget everywhere", "reset", ("everywhere",), style=ButtonStyle.danger))
    if length.summaries:
        lines.append("A note goes as a whole, also what others said in it.")
    if not private:
        lines.append("Of others' lines in this server I forget none.")
    return Panel("\n".join([*lines, STAYS]), (*buttons, Button("Keep", "keep")), SECONDS)


def forgotten(erased: Erased, *, scope: str) -> str:
    """Return what came of a wish to forget, and what is next."""
    gone = [_count(erased.lines, "line")]
    if erased.summaries:
        gone.append(_count(erased.summaries, "note") + " of older talk")
    if erased.memories:
        gone.append(_count(erased.memories, "memory", "memories") + " that came only from these words")
    return (
        f"Forgotten {scope}: {_listed(gone)}. From here on it is as if that had never been said. "
        "Whoever can read the channel still sees the messages: delete them in Discord if they shall go, too."
    )


def pairs_panel(pairs: Sequence[Pair], *, chosen: Collection[int] = ()) -> Panel:
    """Return a menu of exchanges, the chosen ones marked; a sentence where there are none."""
    if not pairs:
        return Panel(NOTHING_TO_FORGET)
    marked = [pair for pair in pairs if pair.turn_id in chosen]
    head = "**Which of these shall I forget?** Choose in the menu, and press the red button."
    foot = (
        "What I know for good from these words alone goes with them. The messages in Discord stay: it is "
        "only I who forget. It can't be undone."
    )
    room = (LIMIT - len(head) - len(foot) - 10) // len(pairs)
    shown = [
        _pair(number, pair, chosen=pair in marked, room=room) for number, pair in enumerate(pairs, start=1)
    ]
    some = _count(len(marked), "exchange") if marked else ""
    return Panel(
        "\n".join([head, *shown, foot]),
        (
            _menu_of(pairs, chosen),
            Button("Select all", "choose_all", disabled=len(marked) == len(pairs)),
            Button(f"Forget {some}".rstrip(), "forget_pairs", style=ButtonStyle.danger, disabled=not marked),
            Button("Cancel", "cancel"),
        ),
        SECONDS,
    )


def _menu_of(pairs: Sequence[Pair], chosen: Collection[int]) -> Menu:
    choices = tuple(
        Choice(
            str(pair.turn_id),
            in_a_line(f"{number}. {_said(pair)}", _DESCRIBED),
            in_a_line(f"me: {pair.reply}", _DESCRIBED),
            chosen=pair.turn_id in chosen,
        )
        for number, pair in enumerate(pairs, start=1)
    )
    return Menu("choose", choices, placeholder="What to forget", least=0, most=len(choices))


def _pair(number: int, pair: Pair, *, chosen: bool, room: int) -> str:
    head = f"{_CHOSEN if chosen else _NOT_CHOSEN} **{number}.** {format_dt(pair.at, 'R')}"
    each = (room - len(head) - len("\n> you: \n> me: \n")) // 2
    return f"{head}\n> you: {inline(_said(pair), each)}\n> me: {inline(pair.reply, each)}"


def _said(pair: Pair) -> str:
    return " / ".join(pair.said) or "(none of your words are left)"


@dataclass(frozen=True, slots=True)
class Preview:
    """What is looked at of the takes on a reply: the number of one of them, and a remark of the asker's."""

    takes: Takes
    number: int
    about: str = ""

    def panel(self, seconds: float) -> Panel:
        """Return the take with what can be done about it."""
        takes, number = self.takes, self.number
        stands = STANDS if number == takes.stands else WOULD_STAND.format(stands=takes.stands)
        head = f"**Take {number} of {takes.newest}**: {stands}."
        if self.about:
            head += f"\n{ABOUT}\n> {in_a_line(self.about, LIMIT)}\n{WOULD_SAY}"
        text = quoted(takes.texts[number - 1], LIMIT - len(head) - 1)
        return Panel(f"{head}\n{text}", self._buttons(), seconds)

    def _buttons(self) -> tuple[Button, ...]:
        takes, number = self.takes, self.number
        on = (takes.turn_id, number, takes.newest)
        back, forth = ((takes.turn_id, number + step, takes.newest) for step in (-1, 1))
        return (
            Button("Accept", "accept", on, style=ButtonStyle.success, disabled=number == takes.stands),
            Button("Dismiss", "dismiss", on),
            Button("Redo", "redo", on, style=ButtonStyle.primary),
            Button("\N{BLACK LEFT-POINTING TRIANGLE}", "look", back, disabled=number == 1),
            Button("\N{BLACK RIGHT-POINTING TRIANGLE}", "look", forth, disabled=number == takes.newest),
        )


def about_in(text: str) -> str:
    """Return the asker's remark from the text of a preview, where it was written; "" if there is none."""
    lines = text.split("\n")
    return lines[2].removeprefix("> ") if len(lines) > 2 and lines[1] == ABOUT else ""


def _known(lines: int, notes: int) -> str:
    known = f"{_count(lines, 'line')} of yours word for word"
    return f"{known}, and {_count(notes, 'note')} of older talk" if notes else known


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def _listed(things: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]]))
