"""Provenance of a reply in words, for the asker: facts about them, earlier messages, cost (C67)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.core.i18n import _, n_, number
from bot.core.spelling import listed
from bot.features.memory.provenance import Origins, Perceived, ReplyCost
from memory.attachments import AttachmentKind
from memory.browsing import Spot

SHOWN_FACTS, SHOWN_SPOTS = 6, 3
ROOM, NAME_ROOM = 90, 40
NO_DECISION = _("I have decided nothing in this channel in the last {days} days.")
UNKNOWN_DECISION = _(
    "I know of no decision about that message. Either you can't see its channel, or I never heard it, or "
    "it is my own and answers nobody, or it is older than the {days} days for which I keep decisions."
)
_SAID = _("**{name}** said it.")
_SAID_FOR = _("**{name}** said it, with {models}: {read} tokens read, {written} written; cost: {cost}.")
_UNKNOWN_SUM, _NOTHING = _("an unknown sum"), _("none", "what a call cost")
_KNEW, _LORE = _("**What it knew about you**:"), _("**Lore**: {shown}")
_LORE_AND_MORE = n_("**Lore**: {shown}, and {count} more", "**Lore**: {shown}, and {count} more")
_FOUND_AGAIN = _("**Said before, and found again**: {links}")
_FOUND_AND_MORE = n_(
    "**Said before, and found again**: {links}, and {count} more",
    "**Said before, and found again**: {links}, and {count} more",
)
_FOUND = _("- **{number}.** {text} (found for this, said {when})")
_AT_HAND = _("- **{number}.** {text} (always at hand, said {when})")
_MORE_FACTS = n_("- and {count} more, which the menu names", "- and {count} more, which the menu names")
_ALSO = _("It could also draw on {things}; of those I only tell how many.")
_OTHERS = n_("{count} fact about others", "{count} facts about others")
_GONE = n_("{count} fact that was forgotten since", "{count} facts that were forgotten since")
_THOUGHTS = {
    "belief": _("**What it believes**: {text}"),
    "dream": _("**What it dreamt**: {text}"),
    "thread": _("**What it keeps wondering**: {text}"),
}
_UNSEEN = n_("{count} message from elsewhere", "{count} messages from elsewhere")

_PERCEIVED = _("**What it was shown**: {things}")
_DESCRIBED = _("{thing} (described for ${cost})", "pictures, and what putting them into words cost")
_THINGS = {
    AttachmentKind.PICTURE: n_("{count} picture", "{count} pictures"),
    AttachmentKind.TEXT: n_("{count} text file", "{count} text files"),
    AttachmentKind.PDF: n_("{count} PDF", "{count} PDFs"),
    AttachmentKind.VOICE: n_("{count} voice message", "{count} voice messages"),
}


@dataclass(frozen=True, slots=True)
class OriginWords:
    """Formatting of quotes, days and message links for one medium.

    `link` is None where messages have no address. `free` means that model calls cost nothing here.
    """

    quote: Callable[[str, int], str]
    day: Callable[[datetime], str]
    link: Callable[[Spot], str] | None
    free: bool


def told(origins: Origins, form: OriginWords) -> Iterator[str]:
    """Yield the provenance of a reply as lines of Discord Markdown."""
    yield _sayer(form.quote(origins.character, NAME_ROOM), origins.spent, form)
    if origins.own:
        yield str(_KNEW)
        yield from _facts(origins, form)
    for musing in origins.musings:
        yield _THOUGHTS[musing.kind].format(text=form.quote(musing.text, ROOM))
    yield from _counted(origins)
    if origins.perceived:
        yield _PERCEIVED.format(things=listed([_thing(perceived) for perceived in origins.perceived]))
    if origins.lore:
        named = ", ".join(form.quote(entry, NAME_ROOM) for entry in origins.lore[:SHOWN_FACTS])
        more = len(origins.lore) - SHOWN_FACTS
        yield _LORE_AND_MORE.format(count=more, shown=named) if more > 0 else _LORE.format(shown=named)
    if origins.spots and form.link:
        shown = origins.spots[-SHOWN_SPOTS:]
        links = ", ".join(f"[{at}]({form.link(spot)})" for at, spot in enumerate(shown, 1))
        more = len(origins.spots) - len(shown)
        yield _FOUND_AND_MORE.format(count=more, links=links) if more else _FOUND_AGAIN.format(links=links)


def _facts(origins: Origins, form: OriginWords) -> Iterator[str]:
    found = {fact.id for fact in origins.found}
    for fact in origins.own[:SHOWN_FACTS]:
        how, when = _FOUND if fact.id in found else _AT_HAND, form.day(fact.last_at)
        yield how.format(number=fact.number, text=form.quote(fact.text, ROOM), when=when)
    if (more := len(origins.own) - SHOWN_FACTS) > 0:
        yield _MORE_FACTS.format(count=more)


def _counted(origins: Origins) -> Iterator[str]:
    counts = ((_OTHERS, origins.others), (_GONE, origins.gone), (_UNSEEN, origins.unseen))
    if told := [words.format(count=count) for words, count in counts if count]:
        yield _ALSO.format(things=listed(told))


def _thing(perceived: Perceived) -> str:
    counted = _THINGS[perceived.kind].format(count=perceived.count)
    return (
        counted
        if not perceived.cost
        else _DESCRIBED.format(thing=counted, cost=number(perceived.cost, ".4f"))
    )


def _sayer(name: str, spent: ReplyCost | None, form: OriginWords) -> str:
    if spent is None:
        return _SAID.format(name=name)
    unpriced = _NOTHING if form.free else _UNKNOWN_SUM
    return _SAID_FOR.format(
        name=name,
        models=listed([form.quote(model, NAME_ROOM) for model in spent.models]),
        read=number(spent.input_tokens),
        written=number(spent.output_tokens),
        cost=unpriced if spent.cost is None else f"${number(spent.cost, '.4f')}",
    )
