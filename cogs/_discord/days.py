"""What an operator sees of a day: how much changed, of whom and why, and never a word of it (C68)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from discord import ButtonStyle

from bot.conversation.splitting import LIMIT, width
from bot.i18n import _
from bot.timetravel import PersonDay, Undone
from cogs._discord.panels import Button, Panel

SECONDS = 300
NOTHING = _("Nothing that I know of {whom} changed on {day} (UTC).")
_ONLY_OWN = _(
    "Undoing it takes back what I noted and changed by myself that day. What people told, changed or deleted "
    "themselves stays, and so does what changed again since."
)
_NOTHING_OWN = _("-# Nothing of it was noted or changed by myself, so there is nothing to undo.")
ASKED = _(
    "**Shall I undo {day} for {whom}?** That takes back {changes} that I made by myself, about {people}. "
    "It is a change like any other: each person sees it in /memory history, and can undo it there."
)
DONE = _("Done: {facts} of {people} {are} as before {day}.{stayed}")
STAYED = _(" {count} stayed as {they}: changed again since, or not to be parted from what did.")
NONE_DONE = _("Nothing was undone.{stayed}")


def day_panel(day: date, changed: Sequence[PersonDay], person_id: int | None) -> Panel:
    """Return what changed on a day, person by person, with a button to undo it."""
    whom = _whom(person_id)
    if not changed:
        return Panel(NOTHING.format(whom=whom, day=day))
    total = sum(sum(one.causes.values()) for one in changed)
    own = sum(one.own for one in changed)
    head = f"**Changes of what I know of {whom}** on {day} (UTC): {total:,}, about {_people(len(changed))}"
    foot = _ONLY_OWN if own else _NOTHING_OWN
    shown = _fitting(changed, LIMIT - width(head) - width(foot) - 40)
    more = [f"- and {_people(len(changed) - len(shown))} more"] if len(shown) < len(changed) else []
    button = Button("Undo that day", "ask", (day.isoformat(), person_id or 0), style=ButtonStyle.danger)
    return Panel("\n".join([head, *shown, *more, foot]), (button,) if own else (), SECONDS)


def undoing_panel(day: date, changed: Sequence[PersonDay], person_id: int | None) -> Panel:
    """Return the question whether a day is to be undone."""
    own = [one.own for one in changed if one.own]
    if not own:
        return Panel(NOTHING.format(whom=_whom(person_id), day=day))
    text = ASKED.format(
        day=day, whom=_whom(person_id), changes=_counted(sum(own), "change"), people=_people(len(own))
    )
    arguments = (day.isoformat(), person_id or 0)
    buttons = (
        Button("Undo it", "undo", arguments, style=ButtonStyle.danger),
        Button("Leave it", "leave"),
    )
    return Panel(text, buttons, SECONDS)


def undone_text(day: date, undone: Undone) -> str:
    """Return what came of undoing a day."""
    they = "it was" if undone.stayed == 1 else "they were"
    stayed = STAYED.format(count=undone.stayed, they=they) if undone.stayed else ""
    if not undone.facts:
        return NONE_DONE.format(stayed=stayed)
    return DONE.format(
        facts=_counted(undone.facts, "fact"),
        people=_people(undone.people),
        are="is" if undone.facts == 1 else "are",
        day=day,
        stayed=stayed,
    )


def _fitting(changed: Sequence[PersonDay], room: int) -> list[str]:
    lines: list[str] = []
    for one in sorted(changed, key=lambda each: (-each.own, each.person_id)):
        line = f"- <@{one.person_id}>: {_causes(one)}"
        room -= width(line) + 1
        if room < 0:
            break
        lines.append(line)
    return lines


def _causes(changed: PersonDay) -> str:
    """Return counts by cause; a cause may name a fact or a reach after its first words."""
    counts: Counter[str] = Counter()
    for cause, count in changed.causes.items():
        plain = cause.partition(":")[0]
        counts["joined" if plain.startswith("joined") else plain] += count
    return ", ".join(f"{count} {cause}" for cause, count in counts.most_common())


def _whom(person_id: int | None) -> str:
    return f"<@{person_id}>" if person_id else "everybody"


def _people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
