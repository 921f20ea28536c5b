"""Decisions (C18) and house rules (F127) in words: for /why, /settings and the log channel."""

from collections.abc import Iterator

from bot.conversation.attention import RULES
from bot.conversation.house_rules import EVERYWHERE, SWITCHES, HouseRules, Kind
from bot.decision import Reason, Trace
from bot.turn import Where
from database.models import Claim, Turn

_VERDICTS = {"pledged": "Being answered", "said": "Answered", "dropped": "Meant to be answered"}
_OUTCOMES = {
    "pledged": "a reply is being said",
    "said": "the reply was said",
    "dropped": "the reply could not be said, or not all of it",
}
SWITCH_NAMES = {
    Kind.ADULTS: "Characters for adults in age-restricted channels",
    Kind.NOTICES: "Notices about help for people in distress",
}
SWITCHED = {True: "**{what}**: on", False: "**{what}**: off"}
UNSET = "as nobody set anything else"
_LAST_RULE = RULES[-1].__name__
_STAGES: dict[str | None, str] = {
    Reason.OUTVOTED: "the vote",
    Reason.NO_VOTE: "the vote",
    Reason.ANSWERED: "the answer to something else",
    Reason.UNSENDABLE: "recalling what was said here",
    Reason.NO_ANSWER: "thinking of an answer",
    Reason.DELETED: "waiting to be answered",
}


def explain(claim: Claim, turn: Turn | None) -> str:
    """Return why a message was answered or not, rule by rule, in lines of Discord Markdown.

    Of a message that was not answered they name the stage that stopped it. They hold facts and ids, and no
    word of the message.
    """
    if claim.open:
        return "**Not decided yet**: it waits for its turn, or the bot was stopped before it came to it."
    head = f"**{_verdict(turn)}**: {claim.reason}."
    trace = Trace.from_json(claim.trace or {})
    lines = [head, *_rules(trace, claim.reason)]
    if turn is None:
        lines.append(f"It came as far as {_stage(trace, claim.reason)}.")
    if claim.trace is not None:
        lines += _facts(trace)
    return "\n".join([*lines, *_outcome(turn)])


def in_one_line(reason: str, trace: Trace, *, reply: bool) -> str:
    """Return a decision for the log channel: what came of it, votes, addressees, waits, time and cost."""
    failed = reply and trace.signal  # thinking failed, and the character's own line says so
    verdict = "answered with a fallback line" if failed else "answered" if reply else "silent"
    return " | ".join([f"{verdict}: {reason}", *_facts(trace)])


def _verdict(turn: Turn | None) -> str:
    if turn is None:
        return "Not answered"
    verdict = _VERDICTS[turn.state]
    return f"{verdict} with a fallback line" if turn.fallback else verdict


def _rules(trace: Trace, reason: str | None) -> Iterator[str]:
    if not trace.steps:
        return
    decided = _a_rule_decided(trace, reason)
    passed = trace.steps[:-1] if decided else trace.steps
    for step in passed:
        if step.remark:
            yield f"- `{step.rule}` let it pass ({step.remark})"
    quiet = sum(not step.remark for step in passed)
    if quiet:
        yield f"- {quiet} of {len(RULES)} rules had nothing to say"
    if decided:
        last = trace.steps[-1]
        yield f"- `{last.rule}` decided" + (f" ({last.remark})" if last.remark else "")


def _a_rule_decided(trace: Trace, reason: str | None) -> bool:
    """Say whether the last rule that was asked had an opinion: otherwise all were asked, and none had."""
    return bool(trace.steps) and (trace.steps[-1].rule != _LAST_RULE or reason == Reason.CHANCE)


def _stage(trace: Trace, reason: str | None) -> str:
    """Return the stage at which a message that was not answered was let go."""
    if reason == Reason.ANSWERED and trace.steps and trace.steps[-1].rule == "answered":
        return "the rules"
    return _STAGES.get(reason, "the rules")


def _facts(trace: Trace) -> Iterator[str]:
    if trace.addressees:
        people = ", ".join(f"<@{one}>" if one else "somebody unknown" for one in trace.addressees)
        yield f"addressed to {people}" + (" (the model was asked)" if trace.asked_who else "")
    for why in dict.fromkeys(wait.why for wait in trace.waits):
        yield f"waited {sum(wait.seconds for wait in trace.waits if wait.why == why):.1f} s: {why}"
    if trace.votes:
        counts = ", ".join(
            f"{trace.votes.count(vote)} {vote}" for vote in ("yes", "no", "abstain") if vote in trace.votes
        )
        yield f"votes: {counts}"
    if trace.signal:
        yield f"shown as: {trace.signal}"
    cost = "an unknown sum" if trace.cost is None else f"${trace.cost:.6f}"
    yield f"decided in {trace.seconds:.2f} s for {cost}"


def _outcome(turn: Turn | None) -> Iterator[str]:
    if turn is not None:
        yield _OUTCOMES[turn.state]


def holding(house: HouseRules, where: Where, *, chance: float) -> Iterator[str]:
    """Yield what holds in a place and who said so; `chance` is the operator's own setting."""
    switched = "on" if house.active(where) else "off"
    yield f"**Here**: switched {switched}, {_source(house, Kind.ACTIVE, where) or UNSET}"
    own = house.chance(where)
    source = _source(house, Kind.CHANCE, where) or "the operator's setting"
    yield f"**Chance to consider joining in unasked**: {_percent(chance if own is None else own)}, {source}"


def switched(house: HouseRules, where: Where) -> Iterator[str]:
    """Yield what admins may switch for their whole server, and whether it is on in a place."""
    for switch in SWITCHES:
        yield SWITCHED[house.allows(switch, where)].format(what=SWITCH_NAMES[switch])


def standing(house: HouseRules, guild_id: int) -> Iterator[str]:
    """Yield the rules that were laid down for a server."""
    rules = [in_words(kind, target, value) for guild, kind, target, value in house.rules if guild == guild_id]
    yield "**Set in this server**:" if rules else "**Set in this server**: nothing"
    yield from (f"- {rule}" for rule in rules)
    ignored = sum(guild == EVERYWHERE and kind is Kind.DENIED_USER for guild, kind, _, _ in house.rules)
    if ignored:
        yield f"**Ignored everywhere**: {ignored}, by the bot's operators"


def in_words(kind: Kind, target_id: int, value: float | None = None) -> str:
    """Return a rule in words; without a value it is one that was taken back."""
    if kind is Kind.DENIED_USER:
        return f"<@{target_id}> is ignored"
    if kind is Kind.DENIED_ROLE:
        return f"<@&{target_id}> is ignored"
    if kind in SWITCHES:
        return f"{SWITCH_NAMES[kind]}: {'on' if value else 'off'}"
    if value is None:
        return f"{kind} in {place_name(target_id)}"
    what = f"chance of {_percent(value)}" if kind is Kind.CHANCE else f"switched {'on' if value else 'off'}"
    return f"{what} in {place_name(target_id)}"


def place_name(channel_id: int) -> str:
    """Return what a rule is for: a channel, or the whole server."""
    return "the whole server" if channel_id == EVERYWHERE else f"<#{channel_id}>"


def _source(house: HouseRules, kind: Kind, where: Where) -> str:
    """Return who said what holds in a place: the nearest rule of a kind; empty where there is none."""
    place = house.laid_down_for(kind, where)
    if place is None:
        return ""
    thread = where.parent_id is not None
    words = {
        (EVERYWHERE, EVERYWHERE): "set for every place",
        (where.guild_id, EVERYWHERE): "set for the whole server",
        (where.guild_id, where.parent_id): "set for the channel of this thread",
        (where.guild_id, where.channel_id): "set for this thread" if thread else "set for this channel",
    }
    return words[place]


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
