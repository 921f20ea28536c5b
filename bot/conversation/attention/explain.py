"""Wording of decisions (C18) and server rules (F127) for /why, /settings and the log channel."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.conversation.attention.relevance import SIGNS
from bot.conversation.attention.rules import RULES
from bot.conversation.attention.server_rules import EVERYWHERE, SWITCHES, HouseRules, RuleKind
from bot.conversation.decision import Pause, Reason, RuleRemark, Trace, english
from bot.core.i18n import _, number, speaking, worded
from database.models import Claim, Turn
from memory.places import Where
from personas.affect.hostility import POSTURES

_UNDECIDED = _("**Not decided yet**: it waits for its turn, or the bot was stopped before it came to it.")
_NOT_ANSWERED = _("**Not answered**: {reason}.")
_VERDICTS = {
    "pledged": _("**Being answered**: {reason}."),
    "said": _("**Answered**: {reason}."),
    "dropped": _("**Meant to be answered**: {reason}."),
}
_FALLEN_BACK = {
    "pledged": _("**Being answered with a fallback line**: {reason}."),
    "said": _("**Answered with a fallback line**: {reason}."),
    "dropped": _("**Meant to be answered with a fallback line**: {reason}."),
}
_OUTCOMES = {
    "pledged": _("a reply is being said"),
    "said": _("the reply was said"),
    "dropped": _("the reply could not be said, or not all of it"),
}
_LET_PASS = _("- `{rule}` let it pass ({remark})")
_QUIET = _("- {quiet} of {all} rules had nothing to say")
_DECIDED = _("- `{rule}` decided")
_DECIDED_FOR = _("- `{rule}` decided ({remark})")
_AT_THE_RULES = _("It came as far as the rules.")
_STAGES: dict[Reason | None, str] = {
    Reason.OUTVOTED: _("It came as far as the vote."),
    Reason.NO_VOTE: _("It came as far as the vote."),
    Reason.ANSWERED: _("It came as far as the answer to something else."),
    Reason.UNSENDABLE: _("It came as far as recalling what was said here."),
    Reason.NO_ANSWER: _("It came as far as thinking of an answer."),
    Reason.DELETED: _("It came as far as waiting to be answered."),
}
_ADDRESSED = _("addressed to {people}")
_ADDRESSED_ASKED = _("addressed to {people} (the model was asked)")
_SOMEBODY = _("somebody unknown")
_WAITED = _("waited {seconds} s: {why}")
_VOTES = _("votes: {counts}")
_COUNTS = {"yes": _("{count} yes"), "no": _("{count} no"), "abstain": _("{count} abstain")}
_SHOWN_AS = _("shown as: {signal}")
_SIGNALS = {
    "reply": _("reply", "what is shown when thinking failed"),
    "react": _("react", "what is shown when thinking failed"),
    "silent": _("silent", "what is shown when thinking failed"),
}
_CUE = _("its turn to speak ({why})", "why it was answered")
_CUES = {
    "addressed": _("addressed", "why it is a character's turn"),
    "named": _("named", "why it is a character's turn"),
    "routed": _("routed", "why it is a character's turn: the topic is its own"),
    "banter": _("banter", "why it is a character's turn: it answers another one"),
    "scene": _("scene", "why it is a character's turn"),
}
_NO_SIGN = _("no sign", "that a message is for the character")
_CODES = {
    **{sign.name: sign.label for sign in SIGNS},
    "contextual": _("contextual", "a remark of a character that speaks first: on the talk"),
    "status": _("status", "a remark of a character that speaks first: on what it does"),
}
_ONE_DECIMAL = frozenset({"days"})
"""The figures shown with one decimal; other fractions have two."""
_COST = _("decided in {seconds} s for ${cost}")
_FREE = _("decided in {seconds} s")
_COST_UNKNOWN = _("decided in {seconds} s for an unknown sum")
_EXPERT = _("expert: {who} ({why})", "which model wrote the reply, and why")
_EXPERTS = {
    "coder": _("coder", "the model for code"),
    "vision": _("vision", "the model that sees pictures"),
    "premium": _("premium", "the model for premium members"),
    "general": _("general", "the model for general talk"),
    "cheap": _("cheap", "the model that writes where a budget runs short"),
}
_EXPERTISE = {
    "fence": _("fence", "why a model wrote the reply: a block of code"),
    "traceback": _("traceback", "why a model wrote the reply: an error message of a program"),
    "exchange": _("still the same exchange", "why a model wrote the reply"),
    "picture": _("picture", "why a model wrote the reply"),
    "member": _("member", "why a model wrote the reply: a premium member asked"),
    "down": _("who was asked first is down", "why a model wrote the reply"),
    "budget": _("a budget runs short", "why a model wrote the reply"),
}
_GUARDED = _(
    "hostility stood at {hostility} after attacks, so it was told to be {posture} (≥ {least}); skin {skin}",
    "why a reply was curt; a skin goes from -1, thin, to +1, thick",
)
POSTURE_NAMES = {
    "hostile": _("hostile", "how a character talks that was attacked often"),
    "guarded": _("guarded", "how a character talks that was attacked"),
}
SWITCH_NAMES = {
    RuleKind.ADULTS: _("Characters for adults in age-restricted channels"),
    RuleKind.NOTICES: _("Notices about help for people in distress"),
}
SWITCHED = {True: _("**{what}**: on"), False: _("**{what}**: off")}
UNSET = _("nobody has set anything else")
_OPERATORS = _("the operator's setting")
_HERE = {True: _("**Here**: switched on, {source}"), False: _("**Here**: switched off, {source}")}
_CHANCE = _("**Chance to consider joining in unasked**: {chance}, {source}")
_PERCENT = _("{number} %")
_SET, _NOTHING_SET = _("**Set in this server**:"), _("**Set in this server**: nothing")
_IGNORED_EVERYWHERE = _("**Ignored everywhere**: {count}, by the bot's operators")
_IGNORED = {RuleKind.DENIED_USER: _("<@{id}> is ignored"), RuleKind.DENIED_ROLE: _("<@&{id}> is ignored")}
_SWITCH = {True: _("{what}: on"), False: _("{what}: off")}
_WHOLE_SERVER = _("the whole server")
_LAST_RULE = RULES[-1].__name__


@dataclass(frozen=True, slots=True)
class _Ruling:
    """The wording of an on/off rule or a chance; a rule without a value was removed."""

    on: str
    off: str
    chance: str
    no_switch: str
    no_chance: str


_IN_SERVER = _Ruling(
    on=_("switched on in the whole server"),
    off=_("switched off in the whole server"),
    chance=_("chance of {chance} in the whole server"),
    no_switch=_("active in the whole server"),
    no_chance=_("chance in the whole server"),
)
_IN_CHANNEL = _Ruling(
    on=_("switched on in <#{id}>"),
    off=_("switched off in <#{id}>"),
    chance=_("chance of {chance} in <#{id}>"),
    no_switch=_("active in <#{id}>"),
    no_chance=_("chance in <#{id}>"),
)


def explain(claim: Claim, turn: Turn | None) -> str:
    """Return why a message was answered or not, rule by rule, in lines of Discord Markdown.

    If the message was not answered, they name the stage that stopped it. They contain facts and ids, but none
    of the message's words.
    """
    if claim.open:
        return str(_UNDECIDED)
    trace = Trace.from_json(claim.trace or {})
    because = reason_in_words(claim.reason, trace.cue)
    lines = [_verdict(turn).format(reason=because), *_rules(trace, claim.reason)]
    if turn is None:
        lines.append(str(_stage(trace, claim.reason)))
    if claim.trace is not None:
        lines += _facts(trace)
    return "\n".join([*lines, *_outcome(turn)])


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """A rule that was applied to a message, and its notes; the last rule may be the one that `decided`."""

    rule: str
    remark: str
    decided: bool


def asked_of(trace: Trace, reason: str | None) -> Iterator[RuleTrace]:
    """Yield the applied rules in their order."""
    deciding = trace.steps[-1] if _a_rule_decided(trace, reason) else None
    for step in trace.steps:
        remark = _remark_in_words(step.remark) if step.remark else ""
        yield RuleTrace(step.rule, remark, step is deciding)


def facts_of(trace: Trace) -> Iterator[str]:
    """Yield a line each for a message's addressees, pauses, votes, the expert, time and cost."""
    return _facts(trace)


def reason_in_words(kept: str | None, cue: str = "") -> str:
    """Return why a message was answered or not; an unknown stored reason is shown as it is."""
    if kept == Reason.CUE.name and cue:
        return _CUE.format(why=worded(_CUES, cue))
    reason = Reason.__members__.get(kept or "")
    return str(reason.value) if reason else kept or ""


def _remark_in_words(remark: RuleRemark) -> str:
    if isinstance(remark.note, str):
        return remark.note
    figures = {name: _figure(name, value) for name, value in remark.figures.items()}
    return str(remark.note.value).format(**figures)


def _figure(name: str, value: object) -> str:
    if isinstance(value, float):
        return number(value, ".1f" if name in _ONE_DECIMAL else ".2f")
    if isinstance(value, list):
        return ", ".join(worded(_CODES, code) for code in value) or str(_NO_SIGN)
    return worded(_CODES, str(value))


def in_one_line(reason: Reason, trace: Trace, *, reply: bool) -> str:
    """Return a decision for the log channel, in English: outcome, votes, waits, time and cost."""
    failed = reply and trace.signal  # generation failed, and the character's own line says so
    verdict = "answered with a fallback line" if failed else "answered" if reply else "silent"
    with speaking(None):
        return " | ".join([f"{verdict}: {english(reason)}", *_facts(trace)])


def _verdict(turn: Turn | None) -> str:
    if turn is None:
        return _NOT_ANSWERED
    return (_FALLEN_BACK if turn.fallback else _VERDICTS)[turn.state]


def _rules(trace: Trace, reason: str | None) -> Iterator[str]:
    if not trace.steps:
        return
    decided = _a_rule_decided(trace, reason)
    passed = trace.steps[:-1] if decided else trace.steps
    for step in passed:
        if step.remark:
            yield _LET_PASS.format(rule=step.rule, remark=_remark_in_words(step.remark))
    quiet = sum(not step.remark for step in passed)
    if quiet:
        yield _QUIET.format(quiet=quiet, all=len(RULES))
    if decided:
        last = trace.steps[-1]
        if last.remark:
            yield _DECIDED_FOR.format(rule=last.rule, remark=_remark_in_words(last.remark))
        else:
            yield _DECIDED.format(rule=last.rule)


def _a_rule_decided(trace: Trace, reason: str | None) -> bool:
    """Say whether the last applied rule decided; otherwise all rules were applied without a decision."""
    return bool(trace.steps) and (trace.steps[-1].rule != _LAST_RULE or reason == Reason.CHANCE.name)


def _stage(trace: Trace, reason: str | None) -> str:
    """Return the stage at which an unanswered message was dropped."""
    if reason == Reason.ANSWERED.name and trace.steps and trace.steps[-1].rule == "answered":
        return _AT_THE_RULES
    return _STAGES.get(Reason.__members__.get(reason or ""), _AT_THE_RULES)


def _facts(trace: Trace) -> Iterator[str]:
    if trace.addressees:
        people = ", ".join(f"<@{user_id}>" if user_id else str(_SOMEBODY) for user_id in trace.addressees)
        yield (_ADDRESSED_ASKED if trace.asked_who else _ADDRESSED).format(people=people)
    for why in dict.fromkeys(wait.why for wait in trace.waits):
        seconds = sum(wait.seconds for wait in trace.waits if wait.why == why)
        pause = Pause.__members__.get(why)
        yield _WAITED.format(seconds=number(seconds, ".1f"), why=pause.value if pause else why)
    if trace.votes:
        counts = (
            said.format(count=trace.votes.count(vote))
            for vote, said in _COUNTS.items()
            if vote in trace.votes
        )
        yield _VOTES.format(counts=", ".join(counts))
    if len(trace.expert) == 2:
        expert, why = trace.expert
        yield _EXPERT.format(who=worded(_EXPERTS, expert), why=worded(_EXPERTISE, why))
    if len(trace.guard) == 2:
        yield _guarded(*trace.guard)
    if trace.signal:
        yield _SHOWN_AS.format(signal=worded(_SIGNALS, trace.signal))
    yield _cost(trace)


def _guarded(hostility: float, skin: float) -> str:
    posture = next((posture for posture in POSTURES if hostility >= posture.at_least), POSTURES[-1])
    return _GUARDED.format(
        hostility=number(hostility, ".2f"),
        least=number(posture.at_least, ".2f"),
        posture=worded(POSTURE_NAMES, posture.name),
        skin=number(skin, "+.2f"),
    )


def _cost(trace: Trace) -> str:
    seconds = number(trace.seconds, ".2f")
    if trace.cost is None:
        return _COST_UNKNOWN.format(seconds=seconds)
    if not trace.cost:
        return _FREE.format(seconds=seconds)
    return _COST.format(seconds=seconds, cost=number(trace.cost, ".6f"))


def _outcome(turn: Turn | None) -> Iterator[str]:
    if turn is not None:
        yield str(_OUTCOMES[turn.state])


def holding(house: HouseRules, where: Where, *, chance: float) -> Iterator[str]:
    """Yield the settings of a place and who made them; `chance` is the operator's default."""
    source = _source(house, RuleKind.ACTIVE, where) or UNSET
    yield _HERE[house.active(where)].format(source=source)
    own = house.chance(where)
    source = _source(house, RuleKind.CHANCE, where) or _OPERATORS
    yield _CHANCE.format(chance=_percent(chance if own is None else own), source=source)


def switched(house: HouseRules, where: Where) -> Iterator[str]:
    """Yield the switches that admins have for their whole server, with their state in a place."""
    for switch in SWITCHES:
        yield SWITCHED[house.allows(switch, where)].format(what=SWITCH_NAMES[switch])


def standing(house: HouseRules, guild_id: int) -> Iterator[str]:
    """Yield the rules set for a server."""
    rules = [
        in_words(RuleKind(kind), target, value)
        for guild, kind, target, value in house.rules
        if guild == guild_id
    ]
    yield str(_SET if rules else _NOTHING_SET)
    yield from (f"- {rule}" for rule in rules)
    ignored = sum(
        guild == EVERYWHERE and kind == RuleKind.DENIED_USER for guild, kind, _target, _value in house.rules
    )
    if ignored:
        yield _IGNORED_EVERYWHERE.format(count=number(ignored))


def in_words(kind: RuleKind, target_id: int, value: float | None = None) -> str:
    """Return a rule in words; a rule without a value was removed."""
    if kind in _IGNORED:
        return _IGNORED[kind].format(id=target_id)
    if kind in SWITCHES:
        return _SWITCH[bool(value)].format(what=SWITCH_NAMES[kind])
    told = _IN_SERVER if target_id == EVERYWHERE else _IN_CHANNEL
    if value is None:
        said = told.no_chance if kind is RuleKind.CHANCE else told.no_switch
    else:
        said = told.chance if kind is RuleKind.CHANCE else told.on if value else told.off
    return said.format(id=target_id, chance=_percent(value or 0.0))


def place_name(channel_id: int) -> str:
    """Return the target of a rule: a channel, or the whole server."""
    return str(_WHOLE_SERVER) if channel_id == EVERYWHERE else f"<#{channel_id}>"


def _source(house: HouseRules, kind: RuleKind, where: Where) -> str:
    """Return who set the nearest rule of a kind for a place; "" without a rule."""
    place = house.laid_down_for(kind, where)
    if place is None:
        return ""
    thread = where.parent_id is not None
    words = {
        (EVERYWHERE, EVERYWHERE): _("set for every place"),
        (where.guild_id, EVERYWHERE): _("set for the whole server"),
        (where.guild_id, where.parent_id): _("set for the channel of this thread"),
        (where.guild_id, where.channel_id): _("set for this thread") if thread else _("set for this channel"),
    }
    return str(words[place])


def _percent(share: float) -> str:
    return _PERCENT.format(number=number(share * 100, "g"))
