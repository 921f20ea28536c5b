"""REST routes about channels and messages."""

from typing import Any
from urllib.parse import unquote

from tests.world.discord_components import check_message_components
from tests.world.discord_enclosures import IS_VOICE_MESSAGE
from tests.world.discord_mentions import contradiction
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Json
from tests.world.discord_payloads import message_payload
from tests.world.discord_requests import DiscordError, Request, invalid_form
from tests.world.discord_rest import Route
from tests.world.discord_roles import ADMINISTRATOR, MANAGE_MESSAGES
from tests.world.discord_world import World

# Discord's document allows 4,000, bots get 2,000; it counts code points.
LONGEST_CONTENT = 2000
LONGEST_NONCE = 25


def channel(world: World, request: Request) -> Json:
    """Answer GET /channels/{channel_id}."""
    return channel_of(world, request).payload()


def edit_channel(world: World, request: Request) -> Json:
    """Answer PATCH /channels/{channel_id}: its name and topic."""
    edited = channel_of(world, request)
    edited.name = request.field("name", edited.name)
    edited.topic = request.field("topic", edited.topic)
    return edited.payload()


def history(world: World, request: Request) -> list[Json]:
    """Answer GET of a channel's messages, newest first: before, after or around one, or the last."""
    messages = channel_of(world, request).messages
    limit = int(request.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid_form("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    return [shown(request, each) for each in reversed(_page(messages, request.query, limit))]


def _page(messages: list[Message], query: dict[str, str], limit: int) -> list[Message]:
    if "after" in query:
        return [each for each in messages if each.id > int(query["after"])][:limit]
    if "before" in query:
        return [each for each in messages if each.id < int(query["before"])][-limit:]
    if "around" in query:
        middle = int(query["around"])
        older = [each for each in messages if each.id < middle][-(limit // 2) :]
        return older + [each for each in messages if each.id >= middle][: limit - len(older)]
    return messages[-limit:]


def message(world: World, request: Request) -> Json:
    """Answer GET of one message."""
    return shown(request, message_of(world, request))


def create_message(world: World, request: Request) -> Json:
    """Answer POST of a message; a nonce known within the window posts nothing again."""
    place, account = channel_of(world, request), request.account
    if place.recipient is not None and place.recipient.blocks_bot:
        raise DiscordError(403, 50007, "Cannot send messages to this user")
    if not place.bot_may_send:
        raise DiscordError(403, 50013, "Missing Permissions")
    check_body(request)
    check_voice_message(request)
    nonce = request.field("nonce")
    if nonce is not None and request.field("enforce_nonce"):
        known = world.posted_with(place, account.user, nonce)
        if known is not None:
            return message_payload(known, account)
    original, original_id = _reference(world, place, request)
    posted = world.post(
        place,
        account.user,
        request.field("content") or "",
        reference=original,
        reference_id=original_id,
        nonce=nonce,
        tts=bool(request.field("tts")),
        **fields_of(request),
    )
    return message_payload(posted, account)


def fields_of(request: Request) -> dict[str, Any]:
    """Return what every kind of new message takes from its body."""
    return {
        "allowed": request.field("allowed_mentions"),
        "uploads": request.files,
        "embeds": request.field("embeds") or [],
        "components": request.field("components") or [],
        "flags": request.field("flags") or 0,
    }


def check_voice_message(request: Request) -> None:
    """Refuse a voice message that says anything besides, or does not tell its length and its waveform."""
    if not (request.field("flags") or 0) & IS_VOICE_MESSAGE:
        return
    told = request.field("attachments") or [{}]
    if request.field("content") or request.field("embeds") or len(request.files) != 1:
        raise DiscordError(400, 50160, "Voice messages do not support additional content.")
    if not (told[0].get("duration_secs") and told[0].get("waveform")):
        raise DiscordError(400, 50161, "Voice messages must have supporting metadata.")


def check_body(request: Request, *, edits: bool = False) -> None:
    """Refuse, as Discord does, what is too long, blank or contradicts itself."""
    content = request.field("content") or ""
    if len(content) > LONGEST_CONTENT:
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    nonce = request.field("nonce")
    if nonce is not None and len(str(nonce)) > LONGEST_NONCE:
        raise invalid_form("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    both = contradiction(request.field("allowed_mentions"))
    if both is not None:
        raise invalid_form("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", both)
    check_message_components(request.field("components") or [], flags=request.field("flags") or 0)
    more = ("embeds", "components", "sticker_ids", "poll", "attachments")
    has_more = bool(request.files) or any(request.field(each) for each in more)
    untouched = edits and "content" not in (request.body or {})
    if not content.strip() and not has_more and not untouched:
        raise DiscordError(400, 50006, "Cannot send an empty message")


def _reference(world: World, place: Channel, request: Request) -> tuple[Message | None, int | None]:
    reference = request.field("message_reference")
    if not reference:
        return None, None
    original = world.messages.get(int(reference["message_id"]))
    if original is not None and original.channel is place:
        return original, original.id
    if reference.get("fail_if_not_exists", True):
        raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return None, None


def edit_message(world: World, request: Request) -> Json:
    """Answer PATCH of a message, which must be the bot's own."""
    edited = message_of(world, request)
    if edited.author is not request.account.user or edited.webhook is not None:
        raise DiscordError(403, 50005, "Cannot edit a message authored by another user")
    apply_edit(world, edited, request)
    return message_payload(edited, request.account)


def apply_edit(world: World, edited: Message, request: Request) -> None:
    """Change a message by an edit's body."""
    check_body(request, edits=True)
    if {"allowed_mentions", "content"} & set(request.body or {}):
        # New words are parsed anew: what the message itself allowed counts no longer.
        edited.allowed_mentions = request.field("allowed_mentions")
    names = ("content", "embeds", "components", "flags")
    given = {name: request.body[name] for name in names if name in (request.body or {})}
    if "flags" in given:
        given["flags"] = given["flags"] or 0
    world.edit(edited, **{name: [] if value is None else value for name, value in given.items()})


def delete_message(world: World, request: Request) -> None:
    """Answer DELETE of a message: the bot's own, or in guilds anybody's with the permission for it."""
    gone, account = message_of(world, request), request.account
    guild = gone.channel.guild
    if gone.author is not account.user or gone.webhook is not None:
        if guild is None:
            raise DiscordError(403, 50003, "Cannot execute action on a DM channel")
        if not guild.members[account.id].permissions() & (MANAGE_MESSAGES | ADMINISTRATOR):
            raise DiscordError(403, 50013, "Missing Permissions")
    world.delete(gone)


def bulk_delete(world: World, request: Request) -> None:
    """Answer the deletion of 2 to 100 messages, none of them older than two weeks."""
    place = channel_of(world, request)
    ids = [int(each) for each in request.field("messages", [])]
    if not 2 <= len(ids) <= 100:
        raise DiscordError(400, 50016, "Provided too few or too many messages to delete.")
    found = [world.messages[each] for each in ids if each in world.messages]
    if any(world.clock() - each.sent_at > 14 * 86_400 for each in found):
        raise DiscordError(400, 50034, "A message provided was too old to bulk delete")
    here = [each for each in found if each.channel is place]
    if here:
        world.delete_all(here)


def typing(world: World, request: Request) -> None:
    """Answer POST of the typing indicator."""
    place = channel_of(world, request)
    if not place.bot_may_send:
        raise DiscordError(403, 50013, "Missing Permissions")
    world.begin_typing(place, request.account.user)


def add_reaction(world: World, request: Request) -> None:
    """Answer PUT of the bot's reaction."""
    world.react(message_of(world, request), request.account.user, unquote(request.params["emoji_name"]))


def remove_reaction(world: World, request: Request) -> None:
    """Answer DELETE of the bot's reaction, or of somebody's."""
    number = request.params.get("user_id")
    person = world.users[int(number)] if number is not None else request.account.user
    world.unreact(message_of(world, request), person, unquote(request.params["emoji_name"]))


def channel_of(world: World, request: Request) -> Channel:
    """Return the channel that the path names, if it is there and the bot may see it."""
    found = world.channels.get(request.id("channel_id"))
    if found is None:
        raise DiscordError(404, 10003, "Unknown Channel")
    if not found.bot_may_view or request.account not in world.bots_in(found):
        raise DiscordError(403, 50001, "Missing Access")
    return found


def message_of(world: World, request: Request) -> Message:
    """Return the message that the path names, if it is in the channel that the path names."""
    place = channel_of(world, request)
    found = world.messages.get(request.id("message_id"))
    if found is None or found.channel is not place:
        raise DiscordError(404, 10008, "Unknown Message")
    return found


def shown(request: Request, each: Message) -> Json:
    """Return a message as REST shows it, bare where the application may not read contents."""
    account = request.account
    return message_payload(each, account, bare=not (account.reads_contents or account.is_shown(each)))


MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"
REACTION = f"{MESSAGE}/reactions/{{emoji_name}}"

ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}", channel),
    ("PATCH", "/channels/{channel_id}", edit_channel),
    ("POST", "/channels/{channel_id}/typing", typing),
    ("GET", MESSAGES, history),
    ("POST", MESSAGES, create_message),
    ("POST", f"{MESSAGES}/bulk-delete", bulk_delete),
    ("GET", MESSAGE, message),
    ("PATCH", MESSAGE, edit_message),
    ("DELETE", MESSAGE, delete_message),
    ("PUT", f"{REACTION}/@me", add_reaction),
    ("DELETE", f"{REACTION}/@me", remove_reaction),
    ("DELETE", f"{REACTION}/{{user_id}}", remove_reaction),
]
