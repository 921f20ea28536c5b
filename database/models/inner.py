"""An inner life: what moved a character, what it thinks, how it stands with people, when it spoke first."""

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
"""The kinds of stirrings that a hostility is made of (F133): they go with whom they came from."""


class FeelingRow(Row):
    """What is left of all that moved a character, true at a moment (F085)."""

    __tablename__ = "feelings"

    character: Mapped[str] = mapped_column(Slug, primary_key=True)
    at: Mapped[Exactly]
    talked_at: Mapped[Exactly]
    deviations: Mapped[dict[str, float]] = mapped_column(JSON)
    shift: Mapped[dict[str, float]] = mapped_column(JSON)
    lately: Mapped[dict[str, str]] = mapped_column(JSON)


class Stirring(Row):
    """Something that moved a character: a stimulus, or a day that began.

    `person_id` is who did it, and `channel_id` where; `shift` what a day does to the baselines.
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
    """How a character stands with somebody (F089). `kind` is what the person chose it to be like."""

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
    """A change of how a character stands with somebody, and its cause (C71, C74).

    `metric` may be 'stage', then `cause` names the new one. `disputed_at` says that the person took it back.
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
    """That a character spoke first, or asked back on something earlier: what bounds both (F112, F116)."""

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
    """Something that a character thought by itself: a belief, a dream, or a thread, an open question (F133).

    It belongs to the place where all of it was said, as facts do: `scope` is 'dm', 'channel' or 'guild'.
    `confidence` is that of a belief, from 0 to 1. A thread that came to an end has a `result`. What an
    operator took away is kept for a while, so that it can be put back.
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
    """How a musing came to be, and what changed it since: a cause and a kind of evidence, nobody's words.

    The confidence is the sum of all that these rows `added`. `before` are the words that an operator
    replaced.
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
    """A line of the archive that a change of a musing came from, and who said it."""

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
