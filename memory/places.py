"""Where something was said, and before whom it may come up again."""

from dataclasses import dataclass
from enum import StrEnum

from database.models import Channel
from database.repositories.memories import Audience


class Place(StrEnum):
    """What kind of place something was said in: the audience decides what may be recalled there."""

    DM = "dm"
    GUILD = "guild"
    TERMINAL = "terminal"

    @property
    def private(self) -> bool:
        """One person and whom they talk with, and nobody else."""
        return self is not Place.GUILD

    @property
    def holds_several(self) -> bool:
        """Several characters may be there at once; in a direct message it is one."""
        return self is not Place.DM


@dataclass(frozen=True, slots=True)
class Where:
    """The channel an utterance was made in.

    `age_restricted` says that Discord shows it to adults only; a thread goes by its channel. What is
    `public` everybody of the server may read.
    """

    channel_id: int
    place: Place
    name: str = ""
    guild_id: int | None = None
    guild_name: str = ""
    parent_id: int | None = None  # the channel of a thread
    age_restricted: bool = False
    public: bool = False

    @property
    def for_adults(self) -> bool:
        """Say whether characters that are for adults may be here (C91).

        Of a private chat Discord tells no age, so it is none of these places; at the terminal sits whoever
        runs the bot.
        """
        return self.age_restricted or self.place is Place.TERMINAL


def audience_of(where: Where) -> Audience:
    """Return before whom something comes up in a place: who can read a thread can read its channel."""
    channels = (where.channel_id,) if where.parent_id is None else (where.channel_id, where.parent_id)
    return Audience(channels, where.guild_id, where.place.private)


def where_of(channel: Channel) -> Where:
    """Return a channel as a place."""
    return Where(
        channel.id,
        Place(channel.place),
        channel.name,
        channel.guild_id,
        channel.guild_name,
        parent_id=channel.parent_id,
        age_restricted=channel.age_restricted,
        public=channel.public,
    )
