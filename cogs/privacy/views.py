"""Views for consent: the question, the stored data, and the receipt of a deletion (C51, C64)."""

from collections.abc import Iterator

from discord import ButtonStyle
from discord.utils import format_dt

from bot.core.i18n import _, n_, number
from bot.features.privacy.consent import ConsentOutcome, ConsentStanding
from bot.features.privacy.erase import Receipt
from bot.features.privacy.restore import Imported
from cogs._discord.consent import NO_TOLD, YES_BUT_OFF
from cogs._discord.panels import Button, Panel
from database.backups import Copy
from database.repositories.people import Holdings, Remaining

SECONDS = 120
"""Seconds for which the buttons under a command's answer work."""
SHOWN_COPIES = 5
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
NO = _(
    "I note nothing about you without your asking, nor how we get on. That can be changed with /privacy "
    "yes at any time."
)
NO_GONE = _(
    " What I had noted by myself is deleted, in every form, with the lines of yours that I had kept: {count}."
)
KEPT = _("Nothing was deleted.")
DELETING = _(
    "Deleting everything about you, and searching for what is left... Should the program stop meanwhile, it "
    "goes on with that when it starts; /privacy shows what there is."
)
FOR_GOOD = _(
    "All of it goes for good: from every table, every file that I write, and the database's log. It can't "
    "be undone; /privacy export takes it along before. My answers to others go where they name or repeat "
    "you. What others said stays theirs, and the messages in Discord stay there."
)
EXPORTED = n_(
    "This is everything that I keep about you. /privacy import takes it back in. What others said "
    "is not in it: it is theirs.",
    "This is everything that I keep about you, in {count} files. /privacy import takes it back in. "
    "What others said is not in it: it is theirs.",
)
UNREADABLE = _("I could not get that file from Discord. Please give it to me once more.")
IMPORTED = _("Taken in: {facts}, {lines} and {reminders}. What I had already stays as it was.")
PLAYED_AGAIN = _(" In {count} you play the same part as before.")
UNSEALED = _(
    " The file was changed since I made it, or another bot did: so I took in facts alone, and left out "
    "earlier states, lines, reminders and names."
)
SECRETS = _(" Left out, as it looks like a password or another secret: {places}.")
SECRETS_AND_MORE = _(" Left out, as it looks like a password or another secret: {places} and more.")
_FACTS = n_("{count} fact", "{count} facts")
_MEMORIES = n_("{count} memory", "{count} memories")
_LINES = n_("{count} line", "{count} lines")
_REMINDERS = n_("{count} reminder", "{count} reminders")
_CHANNELS = n_("{count} channel", "{count} channels")
_ANSWERS = n_("{count} answer", "{count} answers")
_DECISIONS = n_("{count} decision", "{count} decisions")
_CALLS = n_("{count} call", "{count} calls")

_STANDING, _KEPT_OF_YOU = _("**You and what I remember**"), _("**What is kept about you**")
_ONLY_YOU = _("-# Only you see this. What is kept and who sees it in general: the button below.")
_SHALL_I = _("**Shall I delete everything about you?**")
_RECEIPT = _("**Deleted, and searched for what is left**")
_LEFT = _(
    "**Your id, a name or eight words in a row of yours still stand in: {places}.** Delete once more, or "
    "tell whoever runs this bot."
)
_NOTHING_LEFT = _(
    "A search of every table and file for your id, your names and any eight words in a row of yours found "
    "nothing that is yours."
)
_NO_ID_LEFT = _(
    "A search of every table and file for your id found nothing. Words and names of yours were not known any "
    "more, so I could not search for them."
)
_NAMED = n_(
    "- Your id, a name or eight words in a row of yours still stand in {count} line of others: it is theirs.",
    "- Your id, a name or eight words in a row of yours still stand in {count} lines of others: those are "
    "theirs.",
)
_UNFINISHED = _("- Traces may be left in files that are in use; they go within the hour.")
_LATER = _("- Traces may be left in unused pages of the database until it is written anew.")
_NO_COPY = _("-# I keep no copy of this. If you talk to me again, I treat you like anybody new.")
_OFF = _("Whoever runs this bot has switched remembering off: nothing is noted about anybody.")
_SAID = {
    (True, True): _("You said yes {when}."),
    (True, False): _("You said yes."),
    (False, True): _("You said no {when}."),
    (False, False): _("You said no."),
}
"""By the answer, and by whether its date is known."""
_ASKED = {
    (True, True): _("You were asked {when} and have not answered: I note facts about you."),
    (True, False): _("You were not asked yet: I note facts about you."),
    (False, True): _("You were asked {when} and have not answered: I note nothing about you."),
    (False, False): _("You were not asked yet: I note nothing about you."),
}
"""By whether facts are stored, and by whether the date of the question is known."""
_LOG = _("- the log of the last day: {lines} of yours, {answers} to you")
_ECHOES = _("- answers to others that name or repeat you: {answers}")
_ARCHIVED = _("- lines kept for longer, because you agreed: {lines}")
_KNOWN = _("- facts about you: {core} for good, {facts} for now; {changes} changes of them")
_NUMBERS = _("- numbers to search by meaning: {numbers}")
_NOTES = _("- notes of older talk that hold something of yours: {notes}")
_DATES = _("- reminders and dates: {reminders}; names you go by: {names}")
_THOUGHTS = _("- lines of yours that characters' thoughts came from: {thoughts}")
_PLAYED = _("- whom you play, scenes that you asked for, and notes of channels: {played}")
_BONDS = _("- how characters stand with you, and what changed that (/relationship): {bonds}")
_TICKETS = _("- support tickets that you opened, without words: {tickets}")
_WORDLESS = _(
    "- without words: {decisions} about messages, {calls} to the model (what they cost stays on the books, "
    "without you)"
)
_ACTS = n_(
    "- Stays: {count} act of administration by or about you; that record is kept for a year.",
    "- Stays: {count} acts of administration by or about you; that record is kept for a year.",
)
_BANNED = _("- Stays: that I was told not to listen to you; deleting would lift it.")
_NO_COPIES = _(
    "There is no copy of the database beside it; only the bot's operator knows of copies elsewhere."
)
_COPIES = _("Copies of the database that were made before still hold it until they are deleted:")
_COPY = _("- `{name}` goes {when}")
_COPY_OF_SOMEBODY = _("- `{name}` goes when whoever put it there removes it")
_MORE_COPIES = n_("- and {count} more", "- and {count} more")


def standing_panel(standing: ConsentStanding) -> Panel:
    """Return a person's answer and the stored data about them, with buttons for their options."""
    lines = [str(_STANDING), _answer(standing), str(_KEPT_OF_YOU), *_held(standing.holdings)]
    lines += [*_staying(standing.remaining), str(_ONLY_YOU)]
    change = (
        Button(_("Stop, and delete what was noted"), "no")
        if standing.learning
        else Button(_("Allow it"), "yes")
    )
    if standing.mode == "off":
        change = Button(_("No"), "no")
    buttons = (change, Button(_("What is kept?"), "what"), Button(_("Delete everything"), "ask"))
    return Panel("\n".join(lines), buttons, SECONDS)


def leaving_panel(holdings: Holdings, remaining: Remaining) -> Panel:
    """Return the confirmation of deleting everything about a person."""
    lines = [str(_SHALL_I), *_held(holdings), str(FOR_GOOD), *_staying(remaining)]
    delete = Button(_("Delete everything"), "delete", style=ButtonStyle.danger)
    return Panel("\n".join(lines), (delete, Button(_("Keep it"), "keep")), SECONDS)


def receipt(of: Receipt) -> str:
    """Return the deleted data, the result of the search afterwards, and the copies that still hold data."""
    lines = [str(_RECEIPT), *_held(of.gone)]
    if of.left:
        found = ", ".join(f"{name} ({number(count)})" for name, count in sorted(of.left.items()))
        lines.append(_LEFT.format(places=found))
    else:
        lines.append(str(_NOTHING_LEFT if of.by_words else _NO_ID_LEFT))
    if of.named:
        lines.append(_NAMED.format(count=of.named))
    if not of.finished:
        lines.append(str(_UNFINISHED))
    if of.later:
        lines.append(str(_LATER))
    return "\n".join([*lines, *_staying(of.remaining), *_copied(of.copies), str(_NO_COPY)])


def answered(answer: ConsentOutcome) -> str:
    """Return the response to a yes or no."""
    if answer.agreed:
        return str(YES if answer.mode != "off" else YES_BUT_OFF)
    text = str(NO)
    if answer.gone:
        text += NO_GONE.format(count=_FACTS.format(count=answer.gone))
    if answer.told:
        text += NO_TOLD.format(count=_MEMORIES.format(count=answer.told))
    return text


def imported(what: Imported) -> str:
    """Return the report on an import."""
    text = IMPORTED.format(
        facts=_FACTS.format(count=what.facts),
        lines=_LINES.format(count=what.lines),
        reminders=_REMINDERS.format(count=what.reminders),
    )
    if what.guises:
        text += PLAYED_AGAIN.format(count=_CHANNELS.format(count=what.guises))
    text += "" if what.sealed else str(UNSEALED)
    if what.secret:
        shown = ", ".join(f"`{place}`" for place in what.secret[:10])
        text += (SECRETS if len(what.secret) <= 10 else SECRETS_AND_MORE).format(places=shown)
    return text


def _answer(standing: ConsentStanding) -> str:
    if standing.mode == "off":
        return str(_OFF)
    known = standing.at is not None
    said = _ASKED[standing.learning, known] if standing.answer is None else _SAID[standing.answer, known]
    return said.format(when=format_dt(standing.at, "D") if standing.at else "")


def _held(of: Holdings) -> Iterator[str]:
    """Yield a line for each store that holds data about a person."""
    yield _LOG.format(lines=_LINES.format(count=of.lines), answers=_ANSWERS.format(count=of.answers))
    yield _ECHOES.format(answers=number(of.echoes))
    yield _ARCHIVED.format(lines=number(of.archived))
    yield _KNOWN.format(core=number(of.core), facts=number(of.facts), changes=number(of.changes))
    yield _NUMBERS.format(numbers=number(of.embeddings))
    yield _NOTES.format(notes=number(of.notes))
    yield _DATES.format(reminders=number(of.reminders), names=number(of.names))
    yield _PLAYED.format(played=number(of.played))
    yield _BONDS.format(bonds=number(of.bonds))
    yield _THOUGHTS.format(thoughts=number(of.thoughts))
    yield _TICKETS.format(tickets=number(of.tickets))
    yield _WORDLESS.format(
        decisions=_DECISIONS.format(count=of.decisions), calls=_CALLS.format(count=of.calls)
    )


def _staying(remaining: Remaining) -> Iterator[str]:
    """Yield the data that remains, with the reasons."""
    if acts := remaining.acts + remaining.told_of:
        yield _ACTS.format(count=acts)
    if remaining.bans:
        yield str(_BANNED)


def _copied(copies: tuple[Copy, ...]) -> Iterator[str]:
    if not copies:
        yield str(_NO_COPIES)
        return
    yield str(_COPIES)
    for copy in copies[:SHOWN_COPIES]:
        name = copy.name.replace("`", "")[:100]
        if copy.goes:
            yield _COPY.format(name=name, when=format_dt(copy.goes, "D"))
        else:
            yield _COPY_OF_SOMEBODY.format(name=name)
    if len(copies) > SHOWN_COPIES:
        yield _MORE_COPIES.format(count=len(copies) - SHOWN_COPIES)
