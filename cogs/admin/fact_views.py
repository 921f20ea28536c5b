"""What operators are shown of what is kept of people: facts without what was told in private, and numbers."""

from collections.abc import Mapping

from discord.utils import format_dt

from bot.core.i18n import _, worded
from bot.features.admin.edit_relations import Standing
from bot.features.admin.known import Seen
from bot.features.inner_life.wording import METRICS
from cogs._discord.text import inline
from personas.relations.bonds import Metric

ROOM, NAME_ROOM = 600, 60
HIDDEN = _("(told in private: its words are shown to nobody but them)")
FACT = "**{number}.** {text}\n-# {about}"
STANDING = "<@{id}> ({name}): {metrics}"
NO_NAME = _("no name known")
_ORIGINS = {
    "told": _("told by them"),
    "learnt": _("noted from talk"),
    "inherited": _("from an older program"),
    "laid down": _("added by an operator"),
}
_REACHES = {
    "dm": _("only in private"),
    "guild": _("in the whole server where it was said"),
    "everywhere": _("everywhere, as they chose"),
}
_CHANNEL = _("in <#{id}>")
_CORE, _PINNED, _ENDED = _("core memory"), _("pinned", "a memory"), _("no longer holds")


def fact_entry(fact: Seen) -> str:
    """Return a fact with its number, and all that an operator may know of it."""
    reach = _CHANNEL.format(id=fact.channel_id) if fact.scope == "channel" else _REACHES[fact.scope]
    about = [str(_CORE)] if fact.kept else []
    about += [str(_PINNED)] if fact.pinned else []
    about += [] if fact.holds else [str(_ENDED)]
    about += [str(_ORIGINS[fact.origin]), str(reach), format_dt(fact.since, "d")]
    text = HIDDEN if fact.text is None else inline(fact.text, ROOM)
    return FACT.format(number=fact.number, text=text, about=" · ".join(about))


def standing_entry(one: Standing) -> str:
    """Return how a character stands with somebody."""
    name = inline(one.names[0], NAME_ROOM) if one.names else NO_NAME
    return STANDING.format(id=one.person_id, name=name, metrics=words_of(one.metrics))


def words_of(metrics: Mapping[Metric, int]) -> str:
    """Return numbers as people read them: `anger 0, rapport 2, trust 2, formality 0`."""
    return ", ".join(f"{worded(METRICS, metric)} {value}" for metric, value in metrics.items())
