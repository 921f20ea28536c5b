"""Rules that the admins of a server set: where the character is active, its chance, whom it ignores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.conversation.decision import Reason
from bot.conversation.types import Utterance
from memory.places import Place, Where

EVERYWHERE = 0
"""The guild id of a rule for all servers, and the target of a rule for a whole server."""


class RuleKind(StrEnum):
    """The kind of a rule; its target is a channel, or the denied user or role."""

    ACTIVE = "active"
    CHANCE = "chance"
    DENIED_USER = "denied user"
    DENIED_ROLE = "denied role"
    ADULTS = "adults"
    NOTICES = "notices"


SWITCHES = (RuleKind.ADULTS, RuleKind.NOTICES)
"""Switches that are on until the admins of a server switch them off for all of it (C91)."""


@dataclass(frozen=True, slots=True)
class HouseRules:
    """The rules of one server together with the rules for all servers (F127, C15).

    The nearest rule counts: a thread's before its channel's, a channel's before its server's, a server's
    before the general rule.
    """

    rules: Sequence[tuple[int, str, int, float]] = ()
    """Rows of the house_rules table: guild, kind, target, value."""

    def forbids(self, heard: Utterance) -> Reason | None:
        """Return why the character must not process an utterance; None if it may."""
        if self._nearest(RuleKind.ACTIVE, heard.where) == 0:
            return Reason.INACTIVE
        if self.ignores(heard.author_id):
            return Reason.DENIED_USER
        if self.denied_roles and (heard.author_roles is None or self.denied_roles & set(heard.author_roles)):
            return Reason.DENIED_ROLE
        return None

    def ignores(self, user_id: int) -> bool:
        """Say whether a user is on the deny list."""
        return user_id in self._targets(RuleKind.DENIED_USER)

    @property
    def denied_roles(self) -> frozenset[int]:
        """The roles on the deny list."""
        return frozenset(self._targets(RuleKind.DENIED_ROLE))

    def active(self, where: Where) -> bool:
        """Say whether the character listens and answers in a place."""
        return self._nearest(RuleKind.ACTIVE, where) != 0

    def allows(self, switch: RuleKind, where: Where) -> bool:
        """Say whether one of the `SWITCHES` is on in a place; it is on by default."""
        return self._nearest(switch, where) != 0

    def laid_down_for(self, kind: RuleKind, where: Where) -> tuple[int, int] | None:
        """Return (guild, target) of the nearest rule for a place; None without a rule."""
        known = {(guild, target) for guild, of, target, _value in self.rules if of == kind}
        return next((place for place in _outwards(where) if place in known), None)

    def chance(self, where: Where) -> float | None:
        """Return the chance that an unaddressed message is considered; None if no chance is set."""
        return self._nearest(RuleKind.CHANCE, where)

    def _nearest(self, kind: RuleKind, where: Where) -> float | None:
        known = {(guild, target): value for guild, of, target, value in self.rules if of == kind}
        place = self.laid_down_for(kind, where)
        return None if place is None else known[place]

    def _targets(self, kind: RuleKind) -> set[int]:
        return {target for _guild, of, target, _value in self.rules if of == kind}


def _outwards(where: Where) -> Iterator[tuple[int, int]]:
    """Yield (guild, target) of the rules for a place, the nearest first."""
    if where.place is Place.GUILD and where.guild_id is not None:
        yield where.guild_id, where.channel_id
        if where.parent_id is not None:
            yield where.guild_id, where.parent_id
        yield where.guild_id, EVERYWHERE
    yield EVERYWHERE, EVERYWHERE
