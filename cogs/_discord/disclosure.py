"""What people are asked and told about being remembered: the question, what is kept, what went (C51, C64)."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from discord import AllowedMentions, ButtonStyle, Object
from discord.utils import format_dt

from bot.i18n import _
from bot.importing import Imported
from bot.leaving import Receipt
from bot.privacy import Answered, Asking, Standing
from bot.turn import Place, Utterance
from cogs._discord.panels import Button, Panel, Pen
from cogs._discord.speaking import DISCORD_FAULTS
from database.backups import Copy
from database.repositories.people import Holdings, Remaining

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

    from bot.client import Masquerade

log = logging.getLogger(__name__)

POST_SECONDS = 30.0
FAMILY = "privacy"
"""What the ids of all buttons here begin with."""
SECONDS = 120
"""How long the buttons under an answer to a command work."""
ASKED_SECONDS = 30 * 24 * 3600.0
"""How long those under the question work: nobody has to answer at once."""
SHOWN_COPIES = 5
ASKED = "asked"

SMALL_PRINT = _(
    "-# A yes means: I note facts from what you say and how we get on, and keep your lines to find them "
    "again. They come up where you said them; you see, take along and delete all of it. Without it I do none "
    "of that. /privacy says more."
)
NOTICE = _(
    "From what you say to me I note facts about you and how we get on, and keep your lines, to find them "
    "again. If you don't want that, say so: nothing else changes."
)
NOTICE_PRINT = _(
    "-# They come up where you said them; you see, take along and delete all of it. /privacy says more."
)
WHAT_IS_KEPT = _(
    "**What is kept**\n"
    "- *Always, to hold a conversation:* what is said where I can hear it, for about a day; notes of talk "
    "that I took part in, until nobody spoke there for two weeks; what I decided about messages, without "
    "words, for a week or so; names, and what answering cost.\n"
    "- *Only if you agree:* facts about you, drawn from what you say; your lines and my answers to them, for "
    "longer; and numbers made of both, to search by meaning. Passwords and the like are left out. How each "
    "character stands with you, with the causes (“you were unkind”, “you told something personal”): "
    "/relationship shows it, and lets you take it back. For nine days, that it was you who moved its mood, "
    "and where.\n"
    "- *Because you tell me to:* what you give /remember, reminders, your time zone; that you "
    "opened a support ticket, without its words.\n"
    "**Who sees it**\n"
    "Facts come up where you told them, and when we are alone. What was said in private stays there. Others "
    "can't look at it; whoever runs this bot can read its files, and the model that answers reads what is in "
    "a prompt.\n"
    "-# /privacy show counts yours; yes and no change your answer; export, import and delete are there, too."
)
YES = _(
    "Thank you: from now on I may note facts about you, and how we get on. /memory list shows "
    "the facts that are kept for good, "
    "/privacy show counts everything, and /privacy no ends it and deletes it."
)
YES_BUT_OFF = _(
    "I keep your answer. Whoever runs this bot has switched remembering off for everybody, though, so I note "
    "nothing about anybody."
)
NO = _(
    "I note nothing about you without your asking, nor how we get on. That can be changed with /privacy "
    "yes at any time."
)
NO_GONE = _(
    " What I had noted by myself is deleted, in every form, with the lines of yours that I had kept: {count}."
)
NO_TOLD = _(
    " What you told me yourself stays until you delete it: {count}. /memory list shows it, /memory "
    "delete_all deletes it."
)
KEPT = _("Nothing was deleted.")
DELETING = _("Deleting everything of you, and searching for what is left...")
FOR_GOOD = _(
    "All of it goes for good: from every table, every file that I write, and the database's log. It can't "
    "be undone; /privacy export takes it along before. What others said stays theirs, and the messages in "
    "Discord stay there."
)
EXPORTED = _(
    "This is everything that I keep of you{parts}. /privacy import takes it back in. What others said is not "
    "in it: it is theirs."
)
UNREADABLE = _("I could not get that file from Discord. Please give it to me once more.")
IMPORTED = _("Taken in: {facts}, {lines} and {reminders}. What I had already stays as it was.")
PLAYED_AGAIN = _(" In {count} you play again whom you played.")
UNSEALED = _(
    " The file was changed since I made it, or another bot did: so I took in facts alone, and left out "
    "earlier states, lines, reminders and names."
)
SECRETS = _(" Left out, as it looks like a password or another secret: {places}.")


def question_panel(asking: Asking, question: str, mention: str) -> Panel:
    """Return what somebody is asked, once, in the character's words and ours; or told, if nobody is asked."""
    what = Button("What is kept?", "what")
    if asking == "notice":
        text = f"{mention} {NOTICE}\n{NOTICE_PRINT}".strip()
        return Panel(text, (Button("Don't", "no", (ASKED,)), what), ASKED_SECONDS)
    # Two buttons of one look: none of the answers is the one that we would like.
    buttons = (Button("Yes, remember me", "yes", (ASKED,)), Button("No", "no", (ASKED,)), what)
    return Panel(f"{mention} {question}\n{SMALL_PRINT}".strip(), buttons, ASKED_SECONDS)


async def ask(bot: "Masquerade", channel: "MessageableChannel", heard: Utterance, asking: Asking) -> None:
    """Ask whoever spoke, behind the answer to that; nobody else is pinged, and nobody else can answer."""
    mention = f"<@{heard.author_id}>" if heard.where.place is Place.GUILD else ""
    panel = question_panel(asking, bot.app.character.memory_question, mention)
    until = bot.app.clock.now() + timedelta(seconds=panel.seconds)
    pings = AllowedMentions(everyone=False, roles=False, users=[Object(heard.author_id)], replied_user=False)
    try:
        async with asyncio.timeout(POST_SECONDS):
            await channel.send(
                panel.text,
                view=Pen(FAMILY, heard.author_id, until).view(panel),
                allowed_mentions=pings,
                suppress_embeds=True,
            )
    except DISCORD_FAULTS as error:
        log.warning("Can't ask in channel %s: %s", heard.where.channel_id, type(error).__name__)


def standing_panel(standing: Standing) -> Panel:
    """Return what somebody answered, and what is kept of them, with what can be done about it."""
    lines = ["**You and what I remember**", _answer(standing), "**Kept of you**", *_held(standing.holdings)]
    lines += _staying(standing.remaining)
    lines.append("-# Only you see this. What is kept and who sees it in general: the button below.")
    change = (
        Button("Stop, and delete what was noted", "no") if standing.learning else Button("Allow it", "yes")
    )
    if standing.mode == "off":
        change = Button("No", "no")
    buttons = (change, Button("What is kept?", "what"), Button("Delete everything", "ask"))
    return Panel("\n".join(lines), buttons, SECONDS)


def leaving_panel(holdings: Holdings, remaining: Remaining) -> Panel:
    """Return the question whether everything of somebody is to go."""
    text = "\n".join(
        [
            "**Shall I delete everything of you?**",
            *_held(holdings),
            FOR_GOOD,
            *_staying(remaining),
        ]
    )
    delete = Button("Delete everything", "delete", style=ButtonStyle.danger)
    return Panel(text, (delete, Button("Keep it", "keep")), SECONDS)


def receipt(of: Receipt) -> str:
    """Return what went, what a search found afterwards, and which copies hold it for how long."""
    lines = ["**Deleted, and searched for what is left**", *_held(of.gone)]
    if of.left:
        found = ", ".join(f"{name} ({count:,})" for name, count in sorted(of.left.items()))
        lines.append(
            f"**Your id still stands in: {found}.** Delete once more, or tell whoever runs this bot."
        )
    else:
        lines.append("A search of every table and file for your id found nothing.")
    if of.named:
        lines.append(
            f"- It stands in {_count(of.named, 'line', 'lines')} that others wrote: those are theirs."
        )
    if not of.finished:
        lines.append("- Traces may be left in files that are in use; they go within the hour.")
    if of.later:
        lines.append("- Traces may be left in unused pages of the database until it is written anew.")
    lines += [*_staying(of.remaining), *_copied(of.copies)]
    lines.append("-# I keep no copy of this. Should you talk to me again, I hear you as anybody new.")
    return "\n".join(lines)


def answered(answer: Answered) -> str:
    """Return what somebody is told who said yes or no."""
    if answer.agreed:
        return YES if answer.mode != "off" else YES_BUT_OFF
    text = str(NO)
    if answer.gone:
        text += NO_GONE.format(count=_count(answer.gone, "fact", "facts"))
    if answer.told:
        text += NO_TOLD.format(count=_count(answer.told, "memory", "memories"))
    return text


def imported(what: Imported) -> str:
    """Return what came in."""
    text = IMPORTED.format(
        facts=_count(what.facts, "fact", "facts"),
        lines=_count(what.lines, "line", "lines"),
        reminders=_count(what.reminders, "reminder", "reminders"),
    )
    if what.guises:
        text += PLAYED_AGAIN.format(count=_count(what.guises, "channel", "channels"))
    text += "" if what.sealed else UNSEALED
    if what.secret:
        shown = ", ".join(f"`{place}`" for place in what.secret[:10])
        text += SECRETS.format(places=shown + (" and more" if len(what.secret) > 10 else ""))
    return text


def _answer(standing: Standing) -> str:
    when = f" {format_dt(standing.at, 'D')}" if standing.at else ""
    if standing.mode == "off":
        return "Whoever runs this bot has switched remembering off: nothing is noted about anybody."
    if standing.answer is None:
        asked = f"You were asked{when} and have not answered" if standing.at else "You were not asked yet"
        return f"{asked}: I {'note facts about you' if standing.learning else 'note nothing about you'}."
    return f"You said {'yes' if standing.answer else 'no'}{when}."


def _held(of: Holdings) -> Iterator[str]:
    """Yield what is kept of somebody, store by store."""
    yield (
        f"- the log of the last day: {_count(of.lines, 'line', 'lines')} of yours, "
        f"{_count(of.answers, 'answer', 'answers')} to you"
    )
    yield f"- lines kept for longer, because you agreed: {of.archived:,}"
    yield f"- facts about you: {of.core:,} for good, {of.facts:,} for now; {of.changes:,} changes of them"
    yield f"- numbers to search by meaning: {of.embeddings:,}"
    yield f"- notes of older talk that hold something of yours: {of.notes:,}"
    yield f"- reminders and dates: {of.reminders:,}; names you go by: {of.names:,}"
    yield f"- whom you play, scenes that you asked for, and notes of channels: {of.played:,}"
    yield f"- how characters stand with you, and what changed that (/relationship): {of.bonds:,}"
    yield f"- support tickets that you opened, without words: {of.tickets:,}"
    yield (
        f"- without words: {_count(of.decisions, 'decision', 'decisions')} about messages, "
        f"{_count(of.calls, 'call', 'calls')} to the model (what they cost stays on the books, without you)"
    )


def _staying(remaining: Remaining) -> Iterator[str]:
    """Yield what stays, and why."""
    acts = remaining.acts + remaining.told_of
    if acts:
        what = _count(acts, "act", "acts")
        yield f"- Stays: {what} of administration by or about you; that record is kept for a year."
    if remaining.bans:
        yield "- Stays: that I was told not to listen to you; deleting would lift it."


def _copied(copies: tuple[Copy, ...]) -> Iterator[str]:
    if not copies:
        yield "There is no copy of the database beside it; of copies elsewhere only its operator knows."
        return
    yield "Copies of the database that were made before hold it until they go:"
    for one in copies[:SHOWN_COPIES]:
        goes = f"goes {format_dt(one.goes, 'D')}" if one.goes else "goes when whoever put it there removes it"
        yield f"- `{one.name.replace('`', '')[:100]}` {goes}"
    if len(copies) > SHOWN_COPIES:
        yield f"- and {len(copies) - SHOWN_COPIES} more"


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
