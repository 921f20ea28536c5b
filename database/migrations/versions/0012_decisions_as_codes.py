"""Decisions as codes and figures instead of English sentences.

Sentences without a matching code stay as text.

Revision: 0012
"""

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

AT_ONCE = 1_000

REASONS = {
    "direct message": "DM",
    "mentioned": "MENTION",
    "reply to one of its messages": "REPLY",
    "called by name": "NAME",
    "voted to join in": "VOTE",
    "greeting": "GREETING",
    "a reminder came due": "REMINDER",
    "spoke first": "INITIATIVE",
    "checked in": "CHECK_IN",
    "its turn to speak": "CUE",
    "its own message": "SELF",
    "switched off here": "INACTIVE",
    "its author is on the deny list": "DENIED_USER",
    "its author has a role on the deny list": "DENIED_ROLE",
    "who would answer is for adults, and this channel is not": "AGE_GATE",
    "nothing to read in it": "EMPTY",
    "too old when it arrived": "STALE",
    "left behind by a stop, and too old after it": "LATE",
    "answered this bot a moment ago": "COOLDOWN",
    "no energy left for bots here": "TIRED",
    "answered this bot often enough": "THRESHOLD",
    "somebody else is addressed": "OTHERS",
    "small talk that needs no answer": "CHATTER",
    "not addressed, and there is no vote": "UNADDRESSED",
    "chance decided against it": "CHANCE",
    "voted to keep quiet": "OUTVOTED",
    "the vote could not be held": "NO_VOTE",
    "answered already, together with something else": "ANSWERED",
    "somebody else who was named has answered": "TAKEN",
    "the channel can't be written to": "UNSENDABLE",
    "thinking failed": "NO_ANSWER",
    "deleted before it was answered": "DELETED",
    "no character is there": "NOBODY",
    "the budget of today is spent, or runs short": "BUDGET",
}
PAUSES = {"cooldown": "COOLDOWN", "somebody else was named first": "TURN"}
SIGNS = {
    "follow-up": "follow_up",
    "asked": "asked",
    "room": "room",
    "plea": "plea",
    "question": "question",
    "others' talk": "others_talk",
    "small talk": "small_talk",
    "elsewhere": "elsewhere",
    "from a bot": "from_bot",
}
_SHARE = r"\d+\.\d+"
_NOTES = [
    (re.compile(pattern), note)
    for pattern, note in (
        (r"four fifths of a budget are spent", "BUDGET_SHORT"),
        (r"a budget is spent", "BUDGET_SPENT"),
        (r"(?P<count>\d+) of (?P<limit>\d+) replies", "REPLIES"),
        (r"(?P<count>\d+) of (?P<limit>\d+) spent", "ENERGY"),
        (rf"(?P<score>{_SHARE}) of (?P<needed>{_SHARE}): (?P<signs>.+)", "PRIORITY"),
        (rf"(?P<roll>{_SHARE}) is not below (?P<chance>{_SHARE})", "CHANCE_AGAINST"),
        (rf"(?P<roll>{_SHARE}) is below (?P<chance>{_SHARE})", "CHANCE"),
        (rf"(?P<kind>contextual|status); (?P<roll>{_SHARE}) is below (?P<chance>{_SHARE})", "SPEAKS_FIRST"),
        (rf"away for (?P<days>{_SHARE}) days", "AWAY"),
    )
]


def upgrade() -> None:
    for table in ("claims", "turns"):
        _name_reasons(table)
    for table, key, column in (
        ("claims", "message_id", "trace"),
        ("cues", "id", "trace"),
        ("remarks", "id", "why"),
    ):
        _name_steps(table, key, column)


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")


def _name_reasons(name: str) -> None:
    table = sa.table(name, sa.column("reason", sa.String))
    reason = table.c.reason
    op.execute(
        sa.update(table)
        .where(reason.in_(REASONS))
        .values(reason=sa.case(REASONS, value=reason, else_=reason))
    )


def _name_steps(name: str, key: str, column: str) -> None:
    table = sa.table(name, sa.column(key, sa.BigInteger), sa.column(column, sa.JSON(none_as_null=True)))
    row_id, kept = table.c[key], table.c[column]
    change = sa.update(table).where(row_id == sa.bindparam("row")).values({column: sa.bindparam("trace")})
    for rows in _pages(row_id, kept):
        changed = [{"row": row, "trace": new} for row, old in rows if (new := renamed(old)) != old]
        if changed:
            op.get_bind().execute(change, changed)


def _pages(row_id: Any, kept: Any) -> Iterator[list[tuple[int, Any]]]:
    last: int | None = None
    while True:
        query = sa.select(row_id, kept).where(kept.is_not(None)).order_by(row_id).limit(AT_ONCE)
        rows = [
            (row[0], row[1])
            for row in op.get_bind().execute(query if last is None else query.where(row_id > last))
        ]
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def renamed(trace: Any) -> Any:
    """Return a trace with codes and figures instead of sentences."""
    if not isinstance(trace, dict):
        return trace
    new = dict(trace)
    if isinstance(trace.get("steps"), list):
        new["steps"] = [_step(step) for step in trace["steps"]]
    if isinstance(trace.get("waits"), list):
        new["waits"] = [{**wait, "why": PAUSES.get(wait["why"], wait["why"])} for wait in trace["waits"]]
    return new


def _step(step: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in step.items() if name != "remark"}
    remark = step.get("remark", "")
    return kept | _noted(remark) if remark else kept


def _noted(remark: str) -> dict[str, Any]:
    for pattern, note in _NOTES:
        if found := pattern.fullmatch(remark):
            figures = {name: _figure(name, value) for name, value in found.groupdict().items()}
            if None not in figures.values():
                return {"note": note, "figures": figures}
    return {"note": remark, "figures": {}}


def _figure(name: str, value: str) -> Any:
    """Parse a figure; None if one of several signs is unknown."""
    if name == "signs":
        signs = [] if value == "no sign" else [SIGNS.get(sign) for sign in value.split(", ")]
        return None if None in signs else signs
    if name == "kind":
        return value
    return int(value) if value.isdecimal() else float(value)
