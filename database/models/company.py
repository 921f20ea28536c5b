"""Several characters: presence, next speakers, relationships, development."""

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
    """A set of characters that heard something together; absent characters never learn of it (C25).

    `members` are their slugs in alphabetical order, separated by spaces.
    """

    __tablename__ = "casts"
    __table_args__ = (UniqueConstraint("members", name="uq_casts_members"),)

    id: Mapped[Key] = mapped_column(init=False)
    members: Mapped[str] = mapped_column(Text)


class CastMember(Row):
    """Membership of a character in a cast."""

    __tablename__ = "cast_members"
    __table_args__ = (PrimaryKeyConstraint("character", "cast_id"), {"sqlite_with_rowid": False})

    character: Mapped[str] = mapped_column(Slug)
    cast_id: Mapped[Snowflake] = mapped_column(ForeignKey("casts.id", ondelete="CASCADE"))


class Seat(Row):
    """A character's state in a channel.

    `floor` is the place in the log (Message.place) where the transcript in its prompt begins. `head_at` is
    the moment of the memories at the prompt's start, which are about the people in `head_people`.
    `consolidated` is the log position up to which facts were extracted. `lore` is the state of its lorebooks
    between turns.
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
    """A character's invitation to a channel or dismissal from it; without a row it is present."""

    __tablename__ = "attendances"
    __table_args__ = (PrimaryKeyConstraint("channel_id", "character"), {"sqlite_with_rowid": False})

    channel_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(Slug)
    present: Mapped[bool]


class CueRow(Row):
    """A character's pending turn after the message `message_id` (C27).

    It is stored together with its cause, and is `open` until the character speaks or declines. `chain` counts
    the characters' lines since a person spoke; `scene_id` is its scene. `kind` is what the character did to
    the addressee, according to a model (Encounter), and `trace` how the decision was made (Claim.trace).
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
    """A scene that characters play among themselves in a channel (C26): only they hear it.

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
    """An admin's addition to a character's identity, besides its files (F110)."""

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
    """An admin's change or addition to a character's lorebooks, besides its files (D12, F105).

    If `book` and `uid` exist in the files, `values` override the entry; otherwise they form an entry of their
    own. The values are `keys`, `content`, `constant` and `enabled`, as far as they are set.
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
    """A character's interactions with anybody (F104), and the deviation of its traits from its card's at a
    moment, from -1 to 1."""

    __tablename__ = "growth"

    character: Mapped[str] = mapped_column(Slug, primary_key=True)
    interactions: Mapped[int] = mapped_column(default=0)
    traits: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True), default=None)
    traits_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class TraitShift(Row):
    """A small shift of a character's trait, by something it did (`spoke`) or met (`heard`).

    `cause` is a kind of encounter with the character `other`, or a person's tone, if they consent to being
    recorded.
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
    """A character's activity on a day of the house's time zone in a server: counts, never by person (F109).

    `guild_id` 0 stands for all private channels together. `votes` counts votes on joining in, `won` those in
    favour. `cached` counts prompt tokens for replies read from the provider's cache. `topics` counts the
    character's own interests that came up.
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
    """A growth stage that a character reached, and the changes it brought (C75)."""

    __tablename__ = "milestones"

    character: Mapped[str] = mapped_column(Slug, primary_key=True)
    milestone: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    reverted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class Affinity(Row):
    """A character's liking of another, from -10 to 10, and the resulting relationship (F091, C74)."""

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
    """One character's words to another, with their effect on what they think of each other (F092, F093).

    `change` is the effect on the speaker's view of the other, `back` the effect on the other's view of the
    speaker, `modifier` the factor that circumstances apply to both, and `circumstances` its parts other than
    1. `milestone` names what they became by it, separated by commas. `memory` is how the two remember it, if
    at all, and `topic` the interest it was about. No words are stored: `message_id` refers to them.
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
    """A topic on which two characters fell out; `one` precedes `other` alphabetically (F094)."""

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
    """The number of messages in a channel in an hour, counted from 1970 (F106)."""

    __tablename__ = "rhythms"
    __table_args__ = (PrimaryKeyConstraint("channel_id", "hour"), {"sqlite_with_rowid": False})

    channel_id: Mapped[Snowflake]
    hour: Mapped[int]
    messages: Mapped[int]


class Guise(Row):
    """The persona somebody plays in a channel (C37)."""

    __tablename__ = "guises"
    __table_args__ = (PrimaryKeyConstraint("user_id", "channel_id"), {"sqlite_with_rowid": False})

    user_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    name: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]


class VoiceChoice(Row):
    """A person's choice of voice replies in a channel: 'on', 'off', or 'auto' to reply in kind."""

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
