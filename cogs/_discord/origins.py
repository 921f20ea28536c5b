"""What a reply drew on, as who asks may see it: facts about them, earlier messages, what it cost (C67)."""

from collections.abc import Iterator

from discord.utils import format_dt

from bot.conversation.splitting import LIMIT, width
from bot.i18n import _, n_, number
from bot.provenance import Origins, Spent
from bot.spelling import listed
from cogs._discord.fact_sheet import link_of
from cogs._discord.panels import Choice, Menu, Panel
from cogs._discord.quoting import inline, shortened
from database.models import Fact

SECONDS = 120
SHOWN_FACTS, SHOWN_SPOTS = 6, 3
ROOM, NAME_ROOM = 90, 40
OFFERED = 25
"""Lines that a menu may have."""
_SAID = _("**{name}** said it.")
_SAID_FOR = _("**{name}** said it, with {models}: {read} tokens read, {written} written, for {cost}.")
_UNKNOWN_SUM = _("an unknown sum")
_KNEW, _LORE = _("**It knew of you**:"), _("**Lore**: {shown}")
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
_UNSEEN = n_("{count} message from elsewhere", "{count} messages from elsewhere")


def why_panel(decision: str, origins: Origins) -> Panel:
    """Return a decision, and what the reply drew on; a menu offers to forget any of the asker's own facts."""
    told = "\n".join(_told(origins))
    text = f"{shortened(decision, LIMIT - width(told) - 1)}\n{told}"
    own = origins.own[:OFFERED]
    menu = Menu("ask", tuple(map(_choice, own)), placeholder=_("Forget one of these for good"))
    return Panel(text, (menu,) if own else (), SECONDS)


def _told(origins: Origins) -> Iterator[str]:
    yield _sayer(inline(origins.character, NAME_ROOM), origins.spent)
    if origins.own:
        yield str(_KNEW)
        yield from _facts(origins)
    yield from _counted(origins)
    if origins.lore:
        named = ", ".join(inline(one, NAME_ROOM) for one in origins.lore[:SHOWN_FACTS])
        more = len(origins.lore) - SHOWN_FACTS
        yield _LORE_AND_MORE.format(count=more, shown=named) if more > 0 else _LORE.format(shown=named)
    if origins.spots:
        shown = origins.spots[-SHOWN_SPOTS:]
        links = ", ".join(f"[{at}]({link_of(spot)})" for at, spot in enumerate(shown, 1))
        more = len(origins.spots) - len(shown)
        yield _FOUND_AND_MORE.format(count=more, links=links) if more else _FOUND_AGAIN.format(links=links)


def _facts(origins: Origins) -> Iterator[str]:
    found = {one.id for one in origins.found}
    for one in origins.own[:SHOWN_FACTS]:
        how, when = _FOUND if one.id in found else _AT_HAND, format_dt(one.last_at, "d")
        yield how.format(number=one.number, text=inline(one.text, ROOM), when=when)
    if (more := len(origins.own) - SHOWN_FACTS) > 0:
        yield _MORE_FACTS.format(count=more)


def _counted(origins: Origins) -> Iterator[str]:
    counts = ((_OTHERS, origins.others), (_GONE, origins.gone), (_UNSEEN, origins.unseen))
    if told := [words.format(count=count) for words, count in counts if count]:
        yield _ALSO.format(things=listed(told))


def _sayer(name: str, spent: Spent | None) -> str:
    if spent is None:
        return _SAID.format(name=name)
    return _SAID_FOR.format(
        name=name,
        models=listed([inline(one, NAME_ROOM) for one in spent.models]),
        read=number(spent.input_tokens),
        written=number(spent.output_tokens),
        cost=_UNKNOWN_SUM if spent.cost is None else f"${number(spent.cost, '.4f')}",
    )


def _choice(fact: Fact) -> Choice:
    return Choice(str(fact.id), f"{fact.number}. {fact.text}")
