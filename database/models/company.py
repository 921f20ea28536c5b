"""Several characters: who was there, who speaks next, how they get on, and what became of them."""

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
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Key, Moment, Row, Snowflake, UtcDateTime

Slug = String(64)


class Cast(Row):
    """Some of the characters, as they heard something together: who was not there never learns of it (C25).

    `members` are their slugs in order, with a space between.
    """

    __tablename__ = "casts"
    __table_args__ = (UniqueConstraint("members", name="uq_casts_members"),)

    id: Mapped[Key] = mapped_column(init=False)
    members: Mapped[str] = mapped_column(Text)


class CastMember(Row):
    """That a character belongs to a cast."""

    __tablename__ = "cast_members"
    __table_args__ = (PrimaryKeyConstraint("character", "cast_id"), {"sqlite_with_rowid": False})

    character: Mapped[str] = mapped_column(Slug)
    cast_id: Mapped[Snowflake] = mapped_column(ForeignKey("casts.id", ondelete="CASCADE"))


class Seat(Row):
    """One character's place in one channel.

    `floor` is the place in the log (Message.place) where the transcript in its prompt begins. `head_at`
    is the moment whose memories stand at the prompt's head, about the people in `head_people`.
    `consolidated` is the last position in the log from which it drew facts. `lore` is what its
    lorebooks remember from turn to turn here.
    """

    __tablename__ = "seats"
    __table_args__ = (PrimaryKeyConstraint("channel_id", "character"), {"sqlite_with_rowid": False})

    channel_id: Mapped[Snowflake] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    character: Mapped[str] = mapped_column(Slug)
    floor: Mapped[Snowflake] = mapped_column(default=0, server_default="0")
    head_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    head_people: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), default=None)
    consolidated: Mapped[Snowflake] = mapped_column(default=0, server_default="0")
    lore: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)


class Attendance(Row):
    """That a character was invited to a channel, or sent out of it; without a row it is there."""

    __tablename__ = "attendances"
    __table_args__ = (PrimaryKeyConstraint("channel_id", "character"), {"sqlite_with_rowid": False})

    channel_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(Slug)
    present: Mapped[bool]


class CueRow(Row):
    """That a character is to speak, after what was said in message `message_id` (C27).

    It is written down with what it follows, and `open` until the character spoke, or will not. `chain`
    counts the characters' lines since a person spoke; `scene_id` is the scene that it belongs to. `kind`
    is what it did to whom it answered, as far as a model told (Encounter), and `trace` what it drew on
    (Claim.trace).
    """

    __tablename__ = "cues"
    __table_args__ = (
        Index("ix_cues_open", "open"),
        Index("ix_cues_channel_id", "channel_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    channel_id: Mapped[Snowflake] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    message_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(Slug)
    reason: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[Moment]
    delay: Mapped[float] = mapped_column(default=0.0)
    chain: Mapped[int] = mapped_column(default=0)
    scene_id: Mapped[int | None] = mapped_column(ForeignKey("scenes.id", ondelete="CASCADE"), default=None)
    open: Mapped[bool] = mapped_column(default=True)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id", ondelete="SET NULL"), default=None)
    ended: Mapped[str | None] = mapped_column(String(64), default=None)
    kind: Mapped[str | None] = mapped_column(String(16), default=None)
    trace: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)


class Scene(Row):
    """Characters who play a scene in a channel, among themselves (C26): they alone hear what is said in it.

    `opened_by` is the message that began it.
    """

    __tablename__ = "scenes"
    __table_args__ = (Index("ix_scenes_channel_id", "channel_id"), {"sqlite_autoincrement": True})

    id: Mapped[Key] = mapped_column(init=False)
    channel_id: Mapped[Snowflake] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    members: Mapped[list[str]] = mapped_column(JSON)
    topic: Mapped[str] = mapped_column(Text)
    turns: Mapped[int]
    started_by: Mapped[Snowflake]
    started_at: Mapped[Moment]
    opened_by: Mapped[Snowflake]
    done: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    ended: Mapped[str | None] = mapped_column(String(64), default=None)


class IdentityLine(Row):
    """Something that admins laid down about who a character is, beside its files (F110)."""

    __tablename__ = "identity_lines"
    __table_args__ = (
        CheckConstraint("kind IN ('trait', 'lore', 'fact', 'quirk')", name="kind"),
        Index("ix_identity_lines_character", "character"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    character: Mapped[str] = mapped_column(Slug)
    kind: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    made_by: Mapped[Snowflake]
    made_at: Mapped[Moment]
    changed_at: Mapped[Moment]


class LoreLine(Row):
    """What admins laid down about an entry of a character's lorebooks, beside its files (D12, F105).

    With a `book` and `uid` that the files have, `values` stand in place of the entry's own; otherwise they
    are an entry of their own. The values are `keys`, `content`, `constant` and `enabled`, as far as they
    are laid down.
    """

    __tablename__ = "lore_lines"
    __table_args__ = (PrimaryKeyConstraint("character", "book", "uid"), {"sqlite_with_rowid": False})

    character: Mapped[str] = mapped_column(Slug)
    book: Mapped[str] = mapped_column(String(200))
    uid: Mapped[str] = mapped_column(String(100))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_by: Mapped[Snowflake]
    changed_at: Mapped[Moment]


class Growth(Row):
    """How often a character has spoken with anybody (F104), and how far its traits were from its card's own
    at a moment, from -1 to 1."""

    __tablename__ = "growth"

    character: Mapped[str] = mapped_column(Slug, primary_key=True)
    interactions: Mapped[int] = mapped_column(default=0)
    traits: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True), default=None)
    traits_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class TraitShift(Row):
    """That a trait of a character shifted a little, and why: by what it did (`spoke`) or met (`heard`).

    `cause` is a kind of encounter with the character `other`, or the tone of a person, if they may be noted.
    """

    __tablename__ = "trait_shifts"
    __table_args__ = (
        Index("ix_trait_shifts_character", "character", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    character: Mapped[str] = mapped_column(Slug)
    at: Mapped[Moment]
    trait: Mapped[str] = mapped_column(String(16))
    change: Mapped[float]
    cause: Mapped[str] = mapped_column(String(16))
    spoke: Mapped[bool] = mapped_column(default=False)
    other: Mapped[str | None] = mapped_column(Slug, default=None)
    person_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    reverted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class CharacterDay(Row):
    """What a character did on a day of the house's zone in a server: counts, and never for whom (F109).

    `guild_id` 0 stands for all private places together. `votes` are those that were held on whether it joins
    in, `won` those that said so. Of its prompts for replies so many tokens were `cached`, that is, read from
    the provider's cache. `topics` counts the interests of its own that came up.
    """

    __tablename__ = "character_days"
    __table_args__ = (PrimaryKeyConstraint("day", "character", "guild_id"), {"sqlite_with_rowid": False})

    day: Mapped[str] = mapped_column(String(10))
    character: Mapped[str] = mapped_column(Slug)
    guild_id: Mapped[Snowflake]
    replies: Mapped[int] = mapped_column(default=0)
    letters: Mapped[int] = mapped_column(BigInteger, default=0)
    rerolls: Mapped[int] = mapped_column(default=0)
    swipes: Mapped[int] = mapped_column(default=0)
    votes: Mapped[int] = mapped_column(default=0)
    won: Mapped[int] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)
    unpriced: Mapped[int] = mapped_column(default=0)
    cost: Mapped[float] = mapped_column(default=0.0)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cached_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    topics: Mapped[dict[str, int]] = mapped_column(JSON, default_factory=dict)


class Milestone(Row):
    """A stage of its growth that a character reached, and what that changed (C75)."""

    __tablename__ = "milestones"

    character: Mapped[str] = mapped_column(Slug, primary_key=True)
    milestone: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    reverted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class Affinity(Row):
    """How much one character likes another, from -10 to 10, and what that makes them (F091, C74)."""

    __tablename__ = "affinities"
    __table_args__ = (
        PrimaryKeyConstraint("character", "other"),
        CheckConstraint("value BETWEEN -10 AND 10", name="value"),
        {"sqlite_with_rowid": False},
    )

    character: Mapped[str] = mapped_column(Slug)
    other: Mapped[str] = mapped_column(Slug)
    value: Mapped[float] = mapped_column(default=0.0)
    stage: Mapped[str] = mapped_column(String(16), default="", server_default="")


class Encounter(Row):
    """What one character said to another, as far as it moved what they think of each other (F092, F093).

    `change` is what it made of the speaker's view of the other, `back` of the other's view of the speaker,
    `modifier` what its circumstances made of both, and `circumstances` the parts of that which are not 1.
    `milestone` names what they became by it, with commas between. `memory` is as what the two remember it,
    if at all, and `topic` one of their own that it was about. No words are kept: `message_id` is where they
    stand.
    """

    __tablename__ = "encounters"
    __table_args__ = (Index("ix_encounters_speaker", "speaker", "other"), {"sqlite_autoincrement": True})

    id: Mapped[Key] = mapped_column(init=False)
    speaker: Mapped[str] = mapped_column(Slug)
    other: Mapped[str] = mapped_column(Slug)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[Moment]
    channel_id: Mapped[Snowflake]
    message_id: Mapped[Snowflake]
    change: Mapped[float]
    back: Mapped[float]
    milestone: Mapped[str | None] = mapped_column(String(64), default=None)
    reverted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    modifier: Mapped[float] = mapped_column(default=1.0, server_default="1")
    circumstances: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True), default=None)
    memory: Mapped[str | None] = mapped_column(String(32), default=None)
    topic: Mapped[str | None] = mapped_column(String(100), default=None)


class ConflictRow(Row):
    """Something about which two characters fell out; `one` comes before `other` in the alphabet (F094)."""

    __tablename__ = "conflicts"
    __table_args__ = (
        PrimaryKeyConstraint("one", "other", "topic"),
        CheckConstraint("severity BETWEEN 0 AND 1", name="severity"),
        {"sqlite_with_rowid": False},
    )

    one: Mapped[str] = mapped_column(Slug)
    other: Mapped[str] = mapped_column(Slug)
    topic: Mapped[str] = mapped_column(String(100))
    severity: Mapped[float]
    at: Mapped[Moment]
    message_id: Mapped[Snowflake]


class Rhythm(Row):
    """How much was said in a channel in an hour, counted from 1970 (F106)."""

    __tablename__ = "rhythms"
    __table_args__ = (PrimaryKeyConstraint("channel_id", "hour"), {"sqlite_with_rowid": False})

    channel_id: Mapped[Snowflake]
    hour: Mapped[int]
    messages: Mapped[int]


class Guise(Row):
    """Whom somebody plays in a channel (C37)."""

    __tablename__ = "guises"
    __table_args__ = (PrimaryKeyConstraint("user_id", "channel_id"), {"sqlite_with_rowid": False})

    user_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    name: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]


class VoiceChoice(Row):
    """Whether somebody wants replies in a channel as voice messages: 'on', 'off', or 'auto' for in kind."""

    __tablename__ = "voice_choices"
    __table_args__ = (
        PrimaryKeyConstraint("user_id", "channel_id"),
        CheckConstraint("choice IN ('on', 'off', 'auto')", name="choice"),
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    choice: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[Moment]
