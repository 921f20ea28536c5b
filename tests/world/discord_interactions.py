"""Interactions: commands used, buttons pressed, modals submitted, and what the bot answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import Event
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Json, User
from tests.world.discord_payloads import message_payload
from tests.world.discord_requests import DiscordError, invalid_form
from tests.world.discord_roles import BOT_PERMISSIONS
from tests.world.discord_usage import (
    ON_MESSAGE,
    ON_USER,
    SLASH,
    component_of,
    menu_details,
    press_details,
    slash_details,
    submission,
)

if TYPE_CHECKING:
    from tests.world.discord_world import World

ACKNOWLEDGE_WITHIN = 3.0
TOKEN_LIVES = 900.0
COMMAND, COMPONENT, COMPLETION, SUBMISSION = 2, 3, 4, 5
SAYS, DEFERS, DEFERS_UPDATE, UPDATES, OFFERS, SHOWS_MODAL = 4, 5, 6, 7, 8, 9


@dataclass(eq=False)
class Interaction:
    """A command used, a button pressed or a modal submitted, and all that its bot (`account`) answered.

    `response` is the body of the callback; `messages` are all answers, ephemeral ones too, the
    first being the original response. `message` is what the button belongs to. `refusals` are the
    codes that callbacks met: 10062 for late ones, 40060 for second ones.
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
    refusals: list[int] = field(default_factory=list)

    @property
    def is_deferred(self) -> bool:
        """Say whether the bot asked for time and has not answered yet."""
        return self.response is not None and self.response["type"] == DEFERS and self.original is None

    @property
    def modal(self) -> Json | None:
        """Return the modal that the bot answered with, if it did."""
        is_modal = self.response is not None and self.response["type"] == SHOWS_MODAL
        return self.response["data"] if self.response is not None and is_modal else None

    async def wait_modal(self, timeout: float = 30.0) -> Json:
        """Wait for a modal and return it: its title, custom_id and components."""
        await self.world.wait_until(lambda: self.modal, timeout=timeout, what="a modal")
        assert self.modal is not None
        return self.modal

    async def wait_acknowledged(self, timeout: float = 30.0) -> Json:
        """Wait for the callback and return its body."""
        what = "an acknowledgement"
        await self.world.wait_until(lambda: self.response, timeout=timeout, what=what)
        assert self.response is not None
        return self.response

    async def wait_answered(self, timeout: float = 30.0) -> Message:
        """Wait for the first message that answers and return it."""
        await self.world.wait_until(lambda: self.messages, timeout=timeout, what="an answer")
        return self.messages[0]

    def accept(self, response: Json) -> None:
        """Take the callback; late ones meet 10062, second ones 40060, those of a wrong type 50035."""
        if self.response is not None:
            self.refusals.append(40060)
            raise DiscordError(400, 40060, "Interaction has already been acknowledged.")
        if self.world.clock() - self.made_at > ACKNOWLEDGE_WITHIN:
            self.refusals.append(10062)
            raise DiscordError(404, 10062, "Unknown interaction")
        if response["type"] not in self._may_answer_with():
            raise invalid_form("type", "INTERACTION_RESPONSE_TYPE", "This answer does not fit here.")
        self.response = response
        self.acknowledged_at = self.world.clock()
        if response["type"] in (DEFERS_UPDATE, UPDATES):
            self.original = self.message

    def _may_answer_with(self) -> set[int]:
        if self.type == COMPLETION:
            return {OFFERS}
        # Only what came from a message can change it, and no modal opens from a modal.
        changes = {DEFERS_UPDATE, UPDATES} if self.message is not None else set()
        modal = set() if self.type == SUBMISSION else {SHOWS_MODAL}
        return {SAYS, DEFERS} | changes | modal

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
        account, command = self._command(channel, first, SLASH, of)
        details = slash_details(command, channel, rest, options)
        return self._begin(account, user, channel, COMMAND, details, name=name)

    def use_menu(
        self, user: User, target: Message | User, channel: Channel, name: str, of: BotAccount | None
    ) -> Interaction:
        """Choose a context menu's command on a message or on somebody. LookupError when it is unknown."""
        kind = ON_USER if isinstance(target, User) else ON_MESSAGE
        account, command = self._command(channel, name, kind, of)
        details = menu_details(command, channel, target, account)
        return self._begin(account, user, channel, COMMAND, details, name=name)

    def press(
        self,
        user: User,
        message: Message,
        custom_id: str,
        values: Sequence[str] | None = None,
        *,
        forged: bool = False,
    ) -> Interaction:
        """Press a button, or choose in a select menu.

        LookupError for what is not there or not offered, for what the user does not see unless it is
        `forged`, and when none of our bots made it.
        """
        if message.deleted or not (forged or message.is_shown_to(user)):
            raise LookupError("the user does not see this message")
        details = press_details(component_of(message, custom_id), values)
        account = self._world.bots[message.sender_id]
        return self._begin(account, user, message.channel, COMPONENT, details, message=message)

    def submit(self, user: User, opened: Interaction, written: Mapping[str, str]) -> Interaction:
        """Submit the modal that answered an interaction, however long ago. LookupError for a wrong form."""
        if opened.modal is None or opened.user is not user:
            raise LookupError("the user does not see a modal")
        details = submission(opened.modal, written)
        return self._begin(opened.account, user, opened.channel, SUBMISSION, details, message=opened.message)

    @property
    def failed(self) -> list[Interaction]:
        """Return those that were not acknowledged, or not yet: people are told that they failed."""
        return [each for each in self.by_token.values() if each.acknowledged_at is None]

    @property
    def late(self) -> int:
        """Return how many callbacks came after the three seconds."""
        return sum(each.refusals.count(10062) for each in self.by_token.values())

    @property
    def messages(self) -> list[Message]:
        """Return what all bots have answered so far, ephemeral messages too, oldest first."""
        said = [message for each in self.by_token.values() for message in each.messages]
        return sorted(said, key=lambda each: each.id)

    def find(self, token: str, application_id: int) -> Interaction:
        """Return an application's interaction of `token`; DiscordError when it is unknown or too old."""
        interaction = self.by_token.get(token)
        if interaction is None or interaction.account.application_id != application_id:
            raise DiscordError(404, 10015, "Unknown Webhook")
        if self._world.clock() - interaction.made_at > TOKEN_LIVES:
            raise DiscordError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _command(
        self, channel: Channel, name: str, kind: int, of: BotAccount | None
    ) -> tuple[BotAccount, Json]:
        guild_id = channel.guild.id if channel.guild else None
        for account in self._world.bots_in(channel) if of is None else [of]:
            commands = account.commands
            for command in [*commands.get(guild_id, []), *commands.get(None, [])]:
                if (command["name"], command["type"]) == (name, kind):
                    return account, command
        raise LookupError(f"no bot has a command {name!r}")

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
