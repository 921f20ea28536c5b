"""REST routes about the bot that asks: its account, its application, its commands, its guilds."""

from typing import Any

from tests.world.discord_accounts import BotAccount
from tests.world.discord_objects import Guild, Json, Member
from tests.world.discord_requests import DiscordError, Request, invalid_form
from tests.world.discord_rest import Route
from tests.world.discord_world import World

IDENTIFIES_A_DAY = 1000
COMMAND_DEFAULTS: Json = {
    "type": 1,
    "description": "",
    "options": [],
    "default_member_permissions": None,
    "dm_permission": True,
    "contexts": None,
    "integration_types": [0],
    "nsfw": False,
}


def gateway(world: World, _: Request) -> Json:
    """Answer GET /gateway."""
    return {"url": world.gateway_url}


def gateway_bot(world: World, request: Request) -> Json:
    """Answer GET /gateway/bot."""
    return {
        "url": world.gateway_url,
        "shards": 1,
        "session_start_limit": {
            "total": IDENTIFIES_A_DAY,
            "remaining": max(IDENTIFIES_A_DAY - request.account.identify_count, 0),
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        },
    }


def me(_: World, request: Request) -> Json:
    """Answer GET /users/@me."""
    return request.account.payload()


def rename_me(world: World, request: Request) -> Json:
    """Answer PATCH /users/@me."""
    user = request.account.user
    user.name = request.field("username") or user.name
    return me(world, request)


def user(world: World, request: Request) -> Json:
    """Answer GET /users/{user_id}."""
    found = world.users.get(request.id("user_id"))
    if found is None:
        raise DiscordError(404, 10013, "Unknown User")
    return found.payload()


def my_guilds(world: World, request: Request) -> list[Json]:
    """Answer GET /users/@me/guilds."""
    return [each.payload() | {"owner": False, "permissions": "0"} for each in _guilds_of(world, request)]


def open_dm(world: World, request: Request) -> Json:
    """Answer POST /users/@me/channels; bots, oneself included, can't be written to."""
    recipient = world.users.get(int(request.field("recipient_id", 0)))
    if recipient is None:
        raise invalid_form("recipient_id", "USER_INVALID", "Invalid Recipient(s)")
    if recipient.bot:
        raise DiscordError(400, 50007, "Cannot send messages to this user")
    return world.dm_with(recipient, request.account).payload()


def application(world: World, request: Request) -> Json:
    """Answer GET /applications/@me."""
    account = request.account
    return {
        "id": str(account.application_id),
        "name": account.user.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": world.owner.payload(),
        "team": None,
        "flags": account.application_flags,
        "bot": account.user.payload(),
        "approximate_guild_count": len(_guilds_of(world, request)),
    }


def commands(_: World, request: Request) -> list[Json]:
    """Answer GET of global or guild commands."""
    return application_of(request).commands.get(_scope(request), [])


def sync_commands(world: World, request: Request) -> list[Json]:
    """Answer PUT of global or guild commands: they become exactly these."""
    account, scope = application_of(request), _scope(request)
    known = {(each["type"], each["name"]): each["id"] for each in account.commands.get(scope, [])}
    given: list[Json] = request.body or []
    account.command_syncs.append((scope, given))
    account.commands[scope] = [_command(world, request, each, known) for each in given]
    return account.commands[scope]


def add_command(world: World, request: Request) -> Json:
    """Answer POST of one global or guild command."""
    account, scope = application_of(request), _scope(request)
    command = _command(world, request, request.body, {})
    others = [each for each in account.commands.get(scope, []) if each["name"] != command["name"]]
    account.commands[scope] = [*others, command]
    return command


def guild(world: World, request: Request) -> Json:
    """Answer GET /guilds/{guild_id}."""
    return _guild(world, request).payload()


def guild_channels(world: World, request: Request) -> list[Json]:
    """Answer GET /guilds/{guild_id}/channels."""
    return [channel.payload() for channel in _guild(world, request).channels.values()]


def members(world: World, request: Request) -> list[Json]:
    """Answer GET /guilds/{guild_id}/members, in pages by `after` and `limit`."""
    after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 1))
    everybody = sorted(_guild(world, request).members.values(), key=lambda each: each.user.id)
    return [each.payload() for each in everybody if each.user.id > after][:limit]


def member(world: World, request: Request) -> Json:
    """Answer GET /guilds/{guild_id}/members/{user_id}."""
    found = _guild(world, request).members.get(request.id("user_id"))
    if found is None:
        raise DiscordError(404, 10007, "Unknown Member")
    return found.payload()


def edit_my_member(world: World, request: Request) -> Json:
    """Answer PATCH /guilds/{guild_id}/members/@me: the nickname."""
    mine: Member = _guild(world, request).members[request.account.id]
    if "nick" in (request.body or {}):
        nick = request.field("nick")
        if nick is not None and len(nick) > 32:
            raise invalid_form("nick", "BASE_TYPE_MAX_LENGTH", "Must be 32 or fewer in length.")
        world.rename(mine, nick)
    return mine.payload()


def _guild(world: World, request: Request) -> Guild:
    found = world.guilds.get(request.id("guild_id"))
    if found is None:
        raise DiscordError(404, 10004, "Unknown Guild")
    if request.account.id not in found.members:
        raise DiscordError(403, 50001, "Missing Access")
    return found


def _guilds_of(world: World, request: Request) -> list[Guild]:
    return [each for each in world.guilds.values() if request.account.id in each.members]


def application_of(request: Request) -> BotAccount:
    """Return the bot whose application the path names, which must be the one that asks."""
    if request.id("application_id") != request.account.application_id:
        raise DiscordError(403, 20012, "You are not authorized to perform this action on this application")
    return request.account


def _scope(request: Request) -> int | None:
    return request.id("guild_id") if "guild_id" in request.params else None


def _command(world: World, request: Request, given: Json, known: dict[Any, str]) -> Json:
    key, scope = (given.get("type") or 1, given["name"]), _scope(request)
    scoped = {} if scope is None else {"guild_id": str(scope)}
    return (
        COMMAND_DEFAULTS
        | given
        | scoped
        | {
            "id": known.get(key) or str(world.snowflakes.make()),
            "application_id": str(request.account.application_id),
            "version": str(world.snowflakes.make()),
            "type": key[0],
        }
    )


ROUTES: list[Route] = [
    ("GET", "/gateway", gateway),
    ("GET", "/gateway/bot", gateway_bot),
    ("GET", "/users/@me", me),
    ("PATCH", "/users/@me", rename_me),
    ("GET", "/users/@me/guilds", my_guilds),
    ("POST", "/users/@me/channels", open_dm),
    ("GET", "/users/{user_id}", user),
    ("GET", "/applications/@me", application),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/applications/{application_id}/commands", commands),
    ("PUT", "/applications/{application_id}/commands", sync_commands),
    ("POST", "/applications/{application_id}/commands", add_command),
    ("GET", "/applications/{application_id}/guilds/{guild_id}/commands", commands),
    ("PUT", "/applications/{application_id}/guilds/{guild_id}/commands", sync_commands),
    ("POST", "/applications/{application_id}/guilds/{guild_id}/commands", add_command),
    ("GET", "/guilds/{guild_id}", guild),
    ("GET", "/guilds/{guild_id}/channels", guild_channels),
    ("GET", "/guilds/{guild_id}/members", members),
    ("PATCH", "/guilds/{guild_id}/members/@me", edit_my_member),
    ("GET", "/guilds/{guild_id}/members/{user_id}", member),
]
