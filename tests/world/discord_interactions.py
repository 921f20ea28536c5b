"""Interactions: commands used and buttons pressed, and what the bot answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import Event
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Json, User
from tests.world.discord_payloads import message_payload
from tests.world.discord_requests import DiscordError
from tests.world.discord_roles import BOT_PERMISSIONS

if TYPE_CHECKING:
    from tests.world.discord_world import World

OPTION_TYPES: dict[type, int] = {str: 3, int: 4, bool: 5, float: 10, User: 6, Channel: 7}
ACKNOWLEDGE_WITHIN = 3.0
TOKEN_LIVES = 900.0


@dataclass(eq=False)
class Interaction:
    """A command used or a button pressed, and everything that its bot (`account`) answered.

    `response` is the body of the callback; `messages` are all answers, ephemeral ones too, the
    first being the original response.
    """

    id: int
    token: str
    type: int
    account: BotAccount
    user: User
    channel: Channel
    world: World = field(repr=False)
    made_at: float
    name: str = ""
    response: Json | None = None
    acknowledged_at: float | None = None
    message: Message | None = None
    original: Message | None = None
    messages: list[Message] = field(default_factory=list)

    @property
    def is_deferred(self) -> bool:
        """Say whether the bot asked for time and has not answered yet."""
        return self.response is not None and self.response["type"] == 5 and self.original is None

    async def wait_acknowledged(self, timeout: float = 10.0) -> Json:
        """Wait for the callback and return its body."""
        what = "an acknowledgement"
        await self.world.wait_until(lambda: self.response, timeout=timeout, what=what)
        assert self.response is not None
        return self.response

    async def wait_answered(self, timeout: float = 10.0) -> Message:
        """Wait for the first message that answers and return it."""
        await self.world.wait_until(lambda: self.messages, timeout=timeout, what="an answer")
        return self.messages[0]

    def accept(self, response: Json) -> None:
        """Take the callback; late ones meet 10062, second ones 40060."""
        if self.response is not None:
            raise DiscordError(400, 40060, "Interaction has already been acknowledged.")
        if self.world.clock() - self.made_at > ACKNOWLEDGE_WITHIN:
            raise DiscordError(404, 10062, "Unknown interaction")
        self.response = response
        self.acknowledged_at = self.world.clock()

    def metadata(self) -> Json:
        """Return what a message tells of the interaction that it answers."""
        return {
            "id": str(self.id),
            "type": self.type,
            "name": self.name,
            "user": self.user.payload(),
            "authorizing_integration_owners": {},
        }


class Interactions:
    """All interactions so far, by id and by token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.by_token: dict[str, Interaction] = {}

    def use_command(
        self,
        user: User,
        channel: Channel,
        name: str,
        options: Mapping[str, Any],
        *,
        of: BotAccount | None = None,
    ) -> Interaction:
        """Use a slash command `of` a bot, by default the first that has it; "group sub" uses a subcommand.

        LookupError when it is unknown.
        """
        first, *rest = name.split()
        account, command = self._command(channel, first, of)
        given: list[Json] = [_option(key, value) for key, value in options.items()]
        level = command
        nested: list[tuple[str, int]] = []
        for word in rest:
            level = next(each for each in level["options"] if each["name"] == word)
            nested.append((word, level["type"]))
        for word, kind in reversed(nested):
            given = [{"name": word, "type": kind, "options": given}]
        details = {"id": command["id"], "name": first, "type": 1, "options": given}
        people = {str(each.id): each for each in options.values() if isinstance(each, User)}
        if people:
            details["resolved"] = self._resolved(channel, people)
        return self._begin(account, user, channel, 2, details, name=name)

    def press(
        self, user: User, message: Message, custom_id: str, values: Sequence[str] | None
    ) -> Interaction:
        """Press a button, or choose in a select menu. LookupError when none of our bots made it."""
        details: Json = {"custom_id": custom_id, "component_type": 2 if values is None else 3}
        if values is not None:
            details["values"] = list(values)
        account = self._world.bots[message.sender_id]
        return self._begin(account, user, message.channel, 3, details, message=message)

    def find(self, token: str, application_id: int) -> Interaction:
        """Return an application's interaction of `token`; DiscordError when it is unknown or too old."""
        interaction = self.by_token.get(token)
        if interaction is None or interaction.account.application_id != application_id:
            raise DiscordError(404, 10015, "Unknown Webhook")
        if self._world.clock() - interaction.made_at > TOKEN_LIVES:
            raise DiscordError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _command(self, channel: Channel, name: str, of: BotAccount | None) -> tuple[BotAccount, Json]:
        guild_id = channel.guild.id if channel.guild else None
        for account in self._world.bots_in(channel) if of is None else [of]:
            commands = account.commands
            for command in [*commands.get(guild_id, []), *commands.get(None, [])]:
                if command["name"] == name:
                    return account, command
        raise LookupError(f"no bot has a command {name!r}")

    def _resolved(self, channel: Channel, people: Mapping[str, User]) -> Json:
        resolved: Json = {"users": {key: user.payload() for key, user in people.items()}}
        if channel.guild is not None:
            members = channel.guild.members
            resolved["members"] = {
                key: members[user.id].payload(user=False)
                | {"permissions": str(members[user.id].permissions())}
                for key, user in people.items()
                if user.id in members
            }
        return resolved

    def _begin(
        self,
        account: BotAccount,
        user: User,
        channel: Channel,
        kind: int,
        details: Json,
        *,
        name: str = "",
        message: Message | None = None,
    ) -> Interaction:
        world = self._world
        number = world.snowflakes.make()
        token = f"interaction-token-{number}"
        interaction = Interaction(number, token, kind, account, user, channel, world, world.clock(), name)
        interaction.message = message
        self.by_token[token] = interaction
        payload = {
            "id": str(number),
            "application_id": str(account.application_id),
            "type": kind,
            "token": token,
            "version": 1,
            "data": details,
            "channel": channel.payload(),
            "channel_id": str(channel.id),
            "locale": "en-US",
            "app_permissions": str(BOT_PERMISSIONS),
            "attachment_size_limit": 10 << 20,
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 0 if channel.guild else 1,
        }
        if message is not None:
            payload["message"] = message_payload(message, account)
        world.dispatch(
            Event(
                "INTERACTION_CREATE",
                payload | self._who(user, channel),
                [account],
                guild_id=channel.guild.id if channel.guild else None,
            )
        )
        return interaction

    def _who(self, user: User, channel: Channel) -> Json:
        guild = channel.guild
        if guild is None:
            return {"user": user.payload()}
        member = guild.members.get(user.id) or guild.add_member(user)
        permissions = {"permissions": str(member.permissions())}
        return {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": member.payload() | permissions,
        }


def _option(name: str, value: Any) -> Json:
    given = str(value.id) if isinstance(value, User | Channel) else value
    return {"name": name, "type": OPTION_TYPES[type(value)], "value": given}
