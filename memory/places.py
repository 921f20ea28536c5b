"""Channels, and the audience before which their content may be recalled."""

from dataclasses import dataclass
from enum import StrEnum

from database.models import Channel
from database.repositories.memories import Audience


class Place(StrEnum):
    """Type of a channel; with it, the audience decides what may be recalled."""

    DM = "dm"
    GUILD = "guild"
    TERMINAL = "terminal"

    @property
    def private(self) -> bool:
        """Whether one person is alone with the character."""
        return self is not Place.GUILD

    @property
    def holds_several(self) -> bool:
        """Whether several characters can be present; a direct message has one."""
        return self is not Place.DM


@dataclass(frozen=True, slots=True)
class Where:
    """The channel of an utterance.

    `age_restricted` is Discord's flag for adult channels; a thread inherits its channel's. `public` channels
    can be read by everybody on the server.
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
        """Whether adult characters may appear here (C91).

        Discord tells no age for private chats, so these don't qualify; the terminal's user is the operator.
        """
        return self.age_restricted or self.place is Place.TERMINAL


def audience_of(where: Where) -> Audience:
    """Return the audience of a channel: readers of a thread can also read its parent channel."""
    channels = (where.channel_id,) if where.parent_id is None else (where.channel_id, where.parent_id)
    return Audience(channels, where.guild_id, where.place.private)


def where_of(channel: Channel) -> Where:
    """Return a channel's database row as a Where."""
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
