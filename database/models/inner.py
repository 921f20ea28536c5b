"""A character's inner life: feelings, thoughts, relationships with people, initiative."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Exactly, Instant, Key, Row, Snowflake

Slug = String(64)
ATTACKS = ("rudeness", "conflict", "threat")
"""Stirrings that hostility consists of (F133); they are erased with the person who caused them."""


class FeelingRow(Row):
    """A character's mood at a moment, the remainder of everything that moved it (F085)."""

    __tablename__ = "feelings"

    character: Mapped[str] = mapped_column(Slug, primary_key=True)
    at: Mapped[Exactly]
    talked_at: Mapped[Exactly]
    deviations: Mapped[dict[str, float]] = mapped_column(JSON)
    shift: Mapped[dict[str, float]] = mapped_column(JSON)
    lately: Mapped[dict[str, str]] = mapped_column(JSON)


class Stirring(Row):
    """A stimulus that moved a character, or the start of a day.

    `person_id` caused it in `channel_id`; `shift` is a day's effect on the baselines.
    """

    __tablename__ = "stirrings"
    __table_args__ = (
        Index("ix_stirrings_character", "character", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    character: Mapped[str] = mapped_column(Slug)
    at: Mapped[Exactly]
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    guild_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    shift: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True), default=None)


class BondRow(Row):
    """A character's relationship with a person (F089). `kind` is the type that the person chose."""

    __tablename__ = "bonds"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "character"),
        CheckConstraint("anger BETWEEN 0 AND 10", name="anger"),
        CheckConstraint("rapport BETWEEN 0 AND 10", name="rapport"),
        CheckConstraint("trust BETWEEN 0 AND 10", name="trust"),
        CheckConstraint("formality BETWEEN -5 AND 5", name="formality"),
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(Slug)
    changed_at: Mapped[Exactly]
    talked_at: Mapped[Exactly]
    anger: Mapped[int] = mapped_column(default=0)
    rapport: Mapped[int] = mapped_column(default=2)
    trust: Mapped[int] = mapped_column(default=2)
    formality: Mapped[int] = mapped_column(default=0)
    exchanges: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str] = mapped_column(String(32), default="")
    kind: Mapped[str | None] = mapped_column(String(32), default=None)


class BondChange(Row):
    """A change of a character's relationship with a person, and its cause (C71, C74).

    If `metric` is 'stage', `cause` names the new stage. `disputed_at` marks a change that the person
    rejected.
    """

    __tablename__ = "bond_changes"
    __table_args__ = (
        Index("ix_bond_changes_user_id", "user_id", "character", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    user_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(Slug)
    at: Mapped[Exactly]
    metric: Mapped[str] = mapped_column(String(16))
    change: Mapped[int]
    cause: Mapped[str] = mapped_column(String(100))
    message_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    disputed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)


class Remark(Row):
    """A character's unprompted line or follow-up question, recorded to limit both (F112, F116)."""

    __tablename__ = "remarks"
    __table_args__ = (
        Index("ix_remarks_channel_id", "channel_id", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    channel_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(Slug)
    at: Mapped[Exactly]
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    why: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)


class Musing(Row):
    """A thought of a character: a belief, a dream, or a thread, which is an open question (F133).

    Its audience is that of its sources, as with facts: `scope` is 'dm', 'channel' or 'guild'. `confidence` is
    that of a belief, from 0 to 1. A finished thread has a `result`. A musing that an operator removed is kept
    for a while, so that it can be restored.
    """

    __tablename__ = "musings"
    __table_args__ = (
        CheckConstraint("kind IN ('belief', 'dream', 'thread')", name="kind"),
        CheckConstraint("scope IN ('dm', 'channel', 'guild')", name="scope"),
        Index("ix_musings_character", "character"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    character: Mapped[str] = mapped_column(Slug)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(String(16))
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[Exactly]
    changed_at: Mapped[Exactly]
    confidence: Mapped[float] = mapped_column(default=0.0)
    result: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    removed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)


class MusingChange(Row):
    """A change of a musing, including its creation: its cause and kind of evidence, without words of people.

    The confidence is the sum of all `added`. `before` is the text that an operator replaced.
    """

    __tablename__ = "musing_changes"
    __table_args__ = (
        Index("ix_musing_changes_musing_id", "musing_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    musing_id: Mapped[int] = mapped_column(ForeignKey("musings.id", ondelete="CASCADE"))
    at: Mapped[Exactly]
    cause: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[str] = mapped_column(String(16), default="")
    added: Mapped[float] = mapped_column(default=0.0)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    before: Mapped[str | None] = mapped_column(Text, default=None)


class MusingSource(Row):
    """An archived line that is a source of a musing's change, and its author."""

    __tablename__ = "musing_sources"
    __table_args__ = (
        PrimaryKeyConstraint("message_id", "change_id"),
        Index("ix_musing_sources_change_id", "change_id"),
        Index("ix_musing_sources_person_id", "person_id"),
        {"sqlite_with_rowid": False},
    )

    message_id: Mapped[Snowflake]
    change_id: Mapped[int] = mapped_column(ForeignKey("musing_changes.id", ondelete="CASCADE"))
    person_id: Mapped[Snowflake]
