"""Rules on whether to answer: the first opinion wins; without an opinion the vote decides (D06, D07)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.conversation.attention.addressing import Addressees
from bot.conversation.attention.relevance import THRESHOLD, priority
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.attention.throttle import Patience, ReplyTally
from bot.conversation.decision import Decision, DecisionStep, Note, Reason, RuleRemark
from bot.conversation.text.names import calls
from bot.conversation.types import Glimpse, Person, Utterance
from bot.llm.budget import FULL, Level, Purse
from memory.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The facts that rules may consider besides the utterance itself, which was `received` before now.

    `before` and `after` are the latest lines of the channel around the utterance, oldest first; `after` has
    lines only when the rules are applied again. `people` are the possible addressees. `roll` is a random
    number from 0 to 1, drawn once for each utterance. `edited` is the current text of the utterance in the
    log, and `closed` a decision made about it meanwhile. `kept_out` are the names of adults-only characters
    where the place is not for adults; without a name of its own, nobody else is there.
    """

    now: datetime
    received: datetime
    me: Person
    too_old: timedelta
    answers_missed: timedelta = timedelta()
    house: HouseRules = field(default_factory=HouseRules)
    before: tuple[Glimpse, ...] = ()
    after: tuple[Glimpse, ...] = ()
    people: tuple[Person, ...] = ()
    addressed: Addressees = field(default_factory=lambda: Addressees((), sure=True))
    patience: Patience = field(default_factory=Patience)
    tally: ReplyTally = field(default_factory=ReplyTally)
    chance: float = 1.0
    roll: float = 0.0
    edited: Utterance | None = None
    closed: Decision | None = None
    purse: Purse = FULL
    kept_out: tuple[str, ...] = ()


Opinion = Decision | RuleRemark | None
Rule = Callable[[Utterance, Circumstances], Opinion]


@dataclass(frozen=True, slots=True)
class Attention:
    """The outcome of the rules: without a decision the vote decides."""

    decision: Decision | None
    steps: tuple[DecisionStep, ...]


# Gates: messages that are never answered, whoever they address.


def itself(heard: Utterance, _: Circumstances) -> Opinion:
    """The character does not answer itself, nor its own webhook messages (faults D11)."""
    return _no(Reason.SELF) if heard.from_self else None


def forbidden(heard: Utterance, now: Circumstances) -> Opinion:
    """The character ignores channels that admins switched off and people whom they denied (C15)."""
    reason = now.house.forbids(heard) if now.house.rules else None
    return _no(reason) if reason else None


def empty(heard: Utterance, _: Circumstances) -> Opinion:
    return None if heard.text.strip() else _no(Reason.EMPTY)


def stale(heard: Utterance, now: Circumstances) -> Opinion:
    """A message from the bot's downtime is logged, but only answered if it addresses the character (F024).

    A long time afterwards it is not answered either: the next reply mentions the missed messages.
    """
    late = now.received - heard.sent_at
    if heard.where.place is Place.TERMINAL or late <= now.too_old:
        return None
    turned_to = heard.where.place.private or heard.replies_to_me or _called(heard, now)
    return None if turned_to and late <= now.answers_missed else _no(Reason.STALE)


def paid_for(_: Utterance, now: Circumstances) -> Opinion:
    """Once the day's budget is spent and people were told, no message costs anything (C86)."""
    if now.purse.level is Level.FREE:
        return None
    if now.purse.level is Level.SPENT and now.purse.told:
        return _no(Reason.BUDGET, _spent(now))
    return _spent(now)


def age_gate(heard: Utterance, now: Circumstances) -> Opinion:
    """An adults-only character answers only in age-restricted channels (C91)."""
    if not now.kept_out:
        return None
    others = bool(now.me.names)
    meant = calls(heard.said, now.kept_out) and not (_called(heard, now) or heard.replies_to_me)
    return _no(Reason.AGE_GATE) if meant or not others else None


def often_enough(heard: Utterance, now: Circumstances) -> Opinion:
    """A bot is answered a limited number of times in a row, called or not: two bots would call each other for
    ever (F034).
    """
    if not heard.from_bot:
        return None
    remark = RuleRemark(Note.REPLIES, {"count": now.tally.to_this_bot, "limit": now.patience.threshold})
    return _no(Reason.THRESHOLD, remark) if now.tally.to_this_bot >= now.patience.threshold else remark


def tired(heard: Utterance, now: Circumstances) -> Opinion:
    """All bots of a channel share its energy, so that any number of them falls silent (faults D11)."""
    if not heard.from_bot:
        return None
    spent = now.tally.to_bots + now.tally.in_vain
    remark = RuleRemark(Note.ENERGY, {"count": spent, "limit": now.patience.energy})
    return _no(Reason.TIRED, remark) if spent >= now.patience.energy else remark


def answered(heard: Utterance, now: Circumstances) -> Opinion:
    """A bot's message is void once the character has spoken after it; people get their answer."""
    if heard.from_bot and any(line.mine for line in now.after):
        return _no(Reason.ANSWERED)
    return None


def taken(heard: Utterance, now: Circumstances) -> Opinion:
    """The message called only others, and one of them has answered by now; a bare reply calls nobody."""
    others = {person.id for person in now.addressed.order} - {now.me.id}
    if others and not _called(heard, now) and any(line.author_id in others for line in now.after):
        return _no(Reason.TAKEN)
    return None


# Direct triggers: answered without a vote (F026, F027, F028, F029).


def private(heard: Utterance, _: Circumstances) -> Opinion:
    """In a direct message there is nobody else to answer (F026)."""
    return Decision(reply=True, reason=Reason.DM) if heard.where.place.private else None


def alone_in_call(heard: Utterance, _: Circumstances) -> Opinion:
    """In a call of two there is nobody else to answer, either."""
    return Decision(reply=True, reason=Reason.CALL) if heard.alone else None


def mentioned(heard: Utterance, _: Circumstances) -> Opinion:
    return Decision(reply=True, reason=Reason.MENTION) if heard.mentions_me else None


def replied_to(heard: Utterance, _: Circumstances) -> Opinion:
    return Decision(reply=True, reason=Reason.REPLY) if heard.replies_to_me else None


def named(heard: Utterance, now: Circumstances) -> Opinion:
    """The message contains the character's name or an alias as a whole word (F027), unless a mentioned person
    may be meant.
    """
    return Decision(reply=True, reason=Reason.NAME) if _named(heard, now) else None


# Messages that don't address the character: the cheapest check first.


def others_addressed(_: Utterance, now: Circumstances) -> Opinion:
    """Other addressees answer their own messages (C16)."""
    return _no(Reason.OTHERS) if now.addressed.others_only(now.me) else None


def spared(_: Utterance, now: Circumstances) -> Opinion:
    """When the budget runs short, no vote is held (C86)."""
    return None if now.purse.level is Level.FREE else _no(Reason.BUDGET, _spent(now))


def chatter(heard: Utterance, now: Circumstances) -> Opinion:
    """Most messages in a channel are not worth a vote (F032, C13)."""
    found = priority(heard, now.before)
    figures = {"score": round(found.score, 2), "needed": THRESHOLD, "signs": list(found.signs)}
    remark = RuleRemark(Note.PRIORITY, figures)
    return _no(Reason.CHATTER, remark) if found.score < THRESHOLD else remark


def by_chance(heard: Utterance, now: Circumstances) -> Opinion:
    """Consider a message with GLOBAL_RESPONSE_CHANCE, or the chance that admins set for this place (F036,
    C15).
    """
    own = now.house.chance(heard.where)
    chance = now.chance if own is None else own
    figures = {"roll": round(now.roll, 2), "chance": round(float(chance), 2)}
    if now.roll >= chance:
        return _no(Reason.CHANCE, RuleRemark(Note.CHANCE_AGAINST, figures))
    return None if chance == 1 else RuleRemark(Note.CHANCE, figures)


RULES: tuple[Rule, ...] = (
    itself,
    forbidden,
    empty,
    stale,
    paid_for,
    age_gate,
    # For bots these come before the direct triggers: two bots that call each other by name would never stop.
    often_enough,
    tired,
    answered,
    taken,
    private,
    alone_in_call,
    mentioned,
    replied_to,
    named,
    others_addressed,
    spared,
    chatter,
    by_chance,
)


def attend(heard: Utterance, now: Circumstances, rules: Sequence[Rule] = RULES) -> Attention:
    """Return the first opinion of the rules, and all the notes made before it."""
    steps: list[DecisionStep] = []
    for rule in rules:
        opinion = rule(heard, now)
        steps.append(
            DecisionStep(rule.__name__, opinion.remark if isinstance(opinion, Decision) else opinion)
        )
        if isinstance(opinion, Decision):
            return Attention(opinion, tuple(steps))
    return Attention(None, tuple(steps))


def _called(heard: Utterance, now: Circumstances) -> bool:
    return heard.mentions_me or _named(heard, now)


def _named(heard: Utterance, now: Circumstances) -> bool:
    return calls(heard.said, now.me.names)


def _spent(now: Circumstances) -> RuleRemark:
    return RuleRemark(Note.BUDGET_SPENT if now.purse.level is Level.SPENT else Note.BUDGET_SHORT)


def _no(reason: Reason, remark: RuleRemark | None = None) -> Decision:
    return Decision(reply=False, reason=reason, remark=remark)
