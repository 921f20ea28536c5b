"""Who is in which voice channel of the loopback Discord, and where bots are sent to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import Event, Intent
from tests.world.discord_objects import Channel, Guild, Json, User

if TYPE_CHECKING:
    from tests.world.discord_world import World


class VoiceServer(Protocol):
    """What a voice channel is connected to; tests.support.voice_gateway has one that really carries sound."""

    def admit(self, account: BotAccount, channel: Channel, session_id: str) -> tuple[str, str]:
        """Return the endpoint and the token with which a bot connects to a channel."""

    def part(self, user_id: int) -> None:
        """Take note that somebody left the channel."""


class Voice:
    """The voice states of a world; without a `server`, bots that join a channel wait for one in vain."""

    def __init__(self, world: World) -> None:
        self.server: VoiceServer | None = None
        self._world = world

    def move(self, user: User, guild: Guild, channel: Channel | None, session_id: str, **said: bool) -> None:
        """Put somebody into a channel of a guild, or out of all with None, and announce it."""
        state = _state(user, guild, channel, session_id) | said
        if channel is None:
            guild.voice_states.pop(user.id, None)
        else:
            guild.voice_states[user.id] = state
        member = guild.members[user.id].payload()
        bots = self._world.bots_in(guild)
        payload = state | {"guild_id": str(guild.id), "member": member}
        self._world.dispatch(Event("VOICE_STATE_UPDATE", payload, bots, Intent.GUILD_VOICE_STATES, guild.id))
        self._world.changed()

    def ask(self, account: BotAccount, session_id: str, said: Json) -> None:
        """Do what a bot asks with op 4: let it into a channel, or out of the one it is in."""
        guild = self._world.guilds[int(said["guild_id"])]
        channel = self._world.channels[int(said["channel_id"])] if said["channel_id"] else None
        how = {name: bool(said.get(name)) for name in ("self_mute", "self_deaf")}
        self.move(account.user, guild, channel, session_id, **how)
        if self.server is None:
            return
        if channel is None:
            self.server.part(account.id)
        else:
            self.send_server(account, channel, *self.server.admit(account, channel, session_id))

    def send_server(self, account: BotAccount, channel: Channel, endpoint: str | None, token: str) -> None:
        """Tell a bot which voice server its channel is on now."""
        assert channel.guild is not None
        payload = {"token": token, "guild_id": str(channel.guild.id), "endpoint": endpoint}
        self._world.dispatch(Event("VOICE_SERVER_UPDATE", payload, [account], Intent.NONE, channel.guild.id))


def _state(user: User, guild: Guild, channel: Channel | None, session_id: str) -> Json:
    ids = {
        "channel_id": str(channel.id) if channel else None,
        "user_id": str(user.id),
        "session_id": session_id,
    }
    return ids | {
        "deaf": False,
        "mute": False,
        "self_deaf": False,
        "self_mute": False,
        "self_video": False,
        "suppress": False,
        "request_to_speak_timestamp": None,
    }
