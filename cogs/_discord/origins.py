"""What a reply drew on, as who asks may see it: facts about them, earlier messages, what it cost (C67)."""

from collections.abc import Iterator, Sequence

from discord.utils import format_dt

from bot.conversation.splitting import LIMIT, width
from bot.provenance import Origins, Spent
from cogs._discord.fact_sheet import link_of
from cogs._discord.panels import Choice, Menu, Panel
from cogs._discord.quoting import inline, shortened
from database.models import Fact

SECONDS = 120
SHOWN_FACTS, SHOWN_SPOTS = 6, 3
ROOM, NAME_ROOM = 90, 40
OFFERED = 25
"""Lines that a menu may have."""


def why_panel(decision: str, origins: Origins) -> Panel:
    """Return a decision, and what the reply drew on; a menu offers to forget any of the asker's own facts."""
    told = "\n".join(_told(origins))
    text = f"{shortened(decision, LIMIT - width(told) - 1)}\n{told}"
    own = origins.own[:OFFERED]
    menu = Menu("ask", tuple(map(_choice, own)), placeholder="Forget one of these for good")
    return Panel(text, (menu,) if own else (), SECONDS)


def _told(origins: Origins) -> Iterator[str]:
    yield f"**{inline(origins.character, NAME_ROOM)}** said it{_cost(origins.spent)}"
    if origins.own:
        yield "**It knew of you**:"
        yield from _facts(origins)
    yield from _counted(origins)
    if origins.lore:
        shown_lore = ", ".join(inline(one, NAME_ROOM) for one in origins.lore[:SHOWN_FACTS])
        more = len(origins.lore) - SHOWN_FACTS
        yield f"**Lore**: {shown_lore}" + (f", and {more} more" if more > 0 else "")
    if origins.spots:
        shown = origins.spots[-SHOWN_SPOTS:]
        links = ", ".join(f"[{number}]({link_of(spot)})" for number, spot in enumerate(shown, 1))
        more = len(origins.spots) - len(shown)
        yield f"**Said before, and found again**: {links}" + (f", and {more} more" if more else "")


def _facts(origins: Origins) -> Iterator[str]:
    found = {one.id for one in origins.found}
    for one in origins.own[:SHOWN_FACTS]:
        how = "found for this" if one.id in found else "always at hand"
        yield f"- **{one.number}.** {inline(one.text, ROOM)} ({how}, said {format_dt(one.last_at, 'd')})"
    if (more := len(origins.own) - SHOWN_FACTS) > 0:
        yield f"- and {more} more, which the menu names"


def _counted(origins: Origins) -> Iterator[str]:
    counts = [
        _one_or_more(origins.others, "fact about others", "facts about others"),
        _one_or_more(origins.gone, "fact that was forgotten since", "facts that were forgotten since"),
        _one_or_more(origins.unseen, "message from elsewhere", "messages from elsewhere"),
    ]
    told = [one for one in counts if one]
    if told:
        yield f"It could also draw on {_listed(told)}; of those I only tell how many."


def _one_or_more(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}" if count else ""


def _listed(told: Sequence[str]) -> str:
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def _cost(spent: Spent | None) -> str:
    if spent is None:
        return "."
    models = " and ".join(inline(one, NAME_ROOM) for one in spent.models)
    cost = "an unknown sum" if spent.cost is None else f"${spent.cost:.4f}"
    return (
        f", with {models}: {spent.input_tokens:,} tokens read, {spent.output_tokens:,} written, for {cost}."
    )


def _choice(fact: Fact) -> Choice:
    return Choice(str(fact.id), f"{fact.number}. {fact.text}")
