"""Decisions that an earlier version kept as sentences read as they did, once they are kept by name (C18)."""

from importlib import import_module
from typing import Any

from sqlalchemy import select, text

from bot.conversation.attention.explain import explain
from bot.conversation.decision import Reason
from database import UnitOfWork
from database.models import Channel, Claim, CueRow, Remark, Turn
from tests.fakes import EPOCH

decisions_as_codes: Any = import_module("database.migrations.versions.0012_decisions_as_codes")
REMARKS = (
    "four fifths of a budget are spent",
    "a budget is spent",
    "1 of 3 replies",
    "2 of 12 spent",
    "0.00 of 0.30: no sign",
    "0.12 of 0.30: follow-up, asked, room, plea, question, others' talk, small talk, elsewhere, from a bot",
    "0.90 is not below 0.50",
    "0.50 is below 0.75",
    "contextual; 0.10 is below 0.20",
    "status; 0.10 is below 0.20",
    "away for 3.4 days",
    # Of another version, or of nobody knows whom.
    "0.12 of 0.30: a sign of old",
    "greeting; 0.10 is below 0.20",
    "it was late",
)
MANY = 1_500
COLUMNS_SINCE = {
    "turns": ("drew_on", "begun_at", "letters", "rerolls", "swipes", "topic", "spoken"),
    "messages": ("drew_on", "attachments"),
    "archive": ("drew_on",),
    "facts": ("search_text",),
    "encounters": ("modifier", "circumstances", "memory", "topic"),
    "growth": ("traits", "traits_at"),
    "calls": ("character", "turn_id", "message_id"),
    "channels": ("public", "public_from"),
    "consents": ("guild_id", "channel_id"),
    "claims": ("aloud",),
}
INDEXES_SINCE = ("ix_calls_turn_id", "ix_calls_message_id", "ix_claims_failed", "ix_turns_fallback")
TABLES_SINCE = (
    "prompts",
    "system_prompts",
    "voice_choices",
    "voice_consents",
    "drafts",
    "trait_shifts",
    "character_days",
    "musing_sources",
    "musing_changes",
    "musings",
)


def sentences(*remarks: str) -> dict[str, Any]:
    """Return a trace as it was kept until now."""
    steps = [{"rule": f"rule_{number}", "remark": remark} for number, remark in enumerate(remarks)]
    return {
        "steps": [*steps, {"rule": "itself", "remark": ""}],
        "addressees": [5],
        "asked_who": False,
        "waits": [
            {"why": "cooldown", "seconds": 2.5},
            {"why": "somebody else was named first", "seconds": 1.0},
            {"why": "dinner", "seconds": 3.0},
        ],
        "votes": [],
        "seconds": 0.5,
        "cost": 0,
        "signal": "",
        "recalled": [],
        "lines": [],
        "known": [],
        "lore": [],
    }


def claim(number: int, reason: str | None, trace: dict[str, Any] | None) -> Claim:
    return Claim(number, 600, EPOCH, open=reason is None, reason=reason, trace=trace)


async def kept_by_sentences(db: UnitOfWork) -> None:
    reasons = [*decisions_as_codes.REASONS, "the moon is full"]
    rows: list[Any] = [claim(number, reason, None) for number, reason in enumerate(reasons, 1)]
    rows += [claim(1_000, "mentioned", sentences(*REMARKS)), claim(1_001, None, None)]
    rows += [claim(10_000 + number, "mentioned", sentences("1 of 3 replies")) for number in range(MANY)]
    rows += [Channel(600, "guild", 700, "general", "The Guild")]
    db.turns._session.add_all(rows)
    await db.turns._session.flush()
    rows = [Turn(600, 1, 42, "pixel", reason, 0, EPOCH) for reason in ("greeting", "the moon is full")]
    rows += [CueRow(600, 1, "pixel", "named", EPOCH, trace=sentences("1 of 3 replies"))]
    why = sentences("status; 0.10 is below 0.20") | {"turn": 1}
    rows += [Remark(600, "pixel", EPOCH, "status", why=why), Remark(600, "pixel", EPOCH, "follow-up")]
    db.turns._session.add_all(rows)
    for index in INDEXES_SINCE:
        await db.turns._session.execute(text(f"DROP INDEX {index}"))
    for table, columns in COLUMNS_SINCE.items():  # what came later was not there then
        for column in columns:
            await db.turns._session.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    for table in TABLES_SINCE:
        await db.turns._session.execute(text(f"DROP TABLE {table}"))
    await db.turns._session.execute(text("UPDATE alembic_version SET version_num = '0011'"))


async def test_what_was_kept_as_sentences_reads_as_it_did(opening):
    database = await opening()
    async with database.begin() as db:
        await kept_by_sentences(db)
    await database.close()
    database = await opening()
    async with database.read() as db:
        claims = {one.message_id: one for one in await db.turns._session.scalars(select(Claim))}
        turns = list(await db.turns._session.scalars(select(Turn.reason).order_by(Turn.id)))
        cues = list(await db.turns._session.scalars(select(CueRow.trace)))
        remarks = list(await db.turns._session.scalars(select(Remark.why).order_by(Remark.id)))
    await database.close()
    for number, sentence in enumerate([*decisions_as_codes.REASONS, "the moon is full"], 1):
        assert explain(claims[number], None).startswith(f"**Not answered**: {sentence}.")
    said = explain(claims[1_000], None)
    for number, remark in enumerate(REMARKS):
        assert f"- `rule_{number}` let it pass ({remark})" in said
    for waited in ("2.5 s: cooldown", "1.0 s: somebody else was named first", "3.0 s: dinner"):
        assert f"waited {waited}" in said
    assert claims[1_001].open
    expected = {"rule": "rule_0", "note": "REPLIES", "figures": {"count": 1, "limit": 3}}
    for number in range(MANY):
        kept = claims[10_000 + number]
        assert kept.reason == "MENTION"
        assert kept.trace is not None
        assert kept.trace["steps"] == [expected, {"rule": "itself"}]
    assert turns == ["GREETING", "the moon is full"]
    assert cues[0]["steps"][0] == expected
    assert (remarks[0]["steps"][0]["note"], remarks[0]["turn"], remarks[1]) == ("SPEAKS_FIRST", 1, None)


def test_every_reason_there_is_has_its_sentence_of_old():
    """A reason that comes later never was a sentence: it does not belong here, nor into the migration."""
    kept = set(decisions_as_codes.REASONS.values())
    assert kept <= set(Reason.__members__)
    assert {Reason[name].value: name for name in kept} == decisions_as_codes.REASONS
