"""REST routes of webhooks, and of interactions, which answer through webhooks."""

from tests.world.discord_components import check_modal
from tests.world.discord_interactions import DEFERS, SAYS, SHOWS_MODAL, UPDATES, Interaction
from tests.world.discord_message_routes import apply_edit, channel_of, check_body, fields_of
from tests.world.discord_messages import EPHEMERAL, Message, Webhook
from tests.world.discord_objects import Channel, Json
from tests.world.discord_payloads import message_payload
from tests.world.discord_requests import Answer, DiscordError, Request, invalid_form
from tests.world.discord_rest import Route
from tests.world.discord_roles import ADMINISTRATOR, MANAGE_WEBHOOKS
from tests.world.discord_world import World

MOST_WEBHOOKS = 15
LONGEST_NAME = 80


def webhooks(world: World, request: Request) -> list[Json]:
    """Answer GET of a channel's webhooks."""
    place = _channel_with_webhooks(world, request)
    return [each.payload(request.account) for each in world.webhooks.values() if each.channel is place]


def create_webhook(world: World, request: Request) -> Json:
    """Answer POST of a new webhook; a channel has 15 at most."""
    place, name = _channel_with_webhooks(world, request), request.field("name")
    _check_name("name", name)
    if sum(each.channel is place for each in world.webhooks.values()) >= MOST_WEBHOOKS:
        raise DiscordError(400, 30007, "Maximum number of webhooks reached (15)")
    return world.add_webhook(place, name, user=request.account.user).payload()


def _channel_with_webhooks(world: World, request: Request) -> Channel:
    """Return the channel of the path, if it can have webhooks and the bot may manage them."""
    place = channel_of(world, request)
    if place.guild is None or place.parent is not None:
        raise DiscordError(400, 50024, "Cannot execute action on this channel type")
    member = place.guild.members[request.account.id]
    if not member.permissions() & (MANAGE_WEBHOOKS | ADMINISTRATOR):
        raise DiscordError(403, 50013, "Missing Permissions")
    return place


def _check_name(field: str, name: str) -> None:
    """Refuse a webhook's name as Discord does: too long, or with Discord's own name in it."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise invalid_form(field, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.")
    for word in ("discord", "clyde"):
        if word in name.casefold():
            raise invalid_form(field, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')


def webhook(world: World, request: Request) -> Json:
    """Answer GET of one webhook."""
    return _webhook(world, request).payload(request.by)


def delete_webhook(world: World, request: Request) -> None:
    """Answer DELETE of one webhook."""
    del world.webhooks[_webhook(world, request).id]


def execute(world: World, request: Request) -> Json | None:
    """Answer POST to a webhook, or of a follow-up to an interaction."""
    if _is_application(world, request):
        return _payload(world, _follow_up(world, request))
    hook = _webhook(world, request)
    place = _place(world, request, hook)
    if request.field("username") is not None:
        _check_name("username", request.field("username"))
    check_body(request)
    posted = world.post(
        place,
        hook.user,
        request.field("content") or "",
        webhook=hook,
        alias=request.field("username"),
        alias_avatar=request.field("avatar_url"),
        tts=bool(request.field("tts")),
        **fields_of(request),
    )
    is_awaited = request.query.get("wait", "").casefold() in ("1", "true")
    return _payload(world, posted) if is_awaited else None


def callback(world: World, request: Request) -> Answer:
    """Answer the callback of an interaction."""
    interaction = world.interactions.by_token.get(request.params["interaction_token"])
    if interaction is None:
        raise DiscordError(404, 10062, "Unknown interaction")
    kind, details = request.field("type"), request.field("data") or {}
    spoken = _inner(request, details)
    if kind in (SAYS, UPDATES):
        check_body(spoken, edits=kind == UPDATES)
    elif kind == SHOWS_MODAL:
        check_modal(details)
    interaction.accept(request.body)
    if kind == SAYS:
        _speak(world, interaction, spoken)
    elif kind == UPDATES and interaction.message is not None:
        apply_edit(world, interaction.message, spoken)
    world.changed()
    if "with_response" not in request.query:
        return Answer(204)
    return Answer(200, _callback_payload(world, interaction, kind, details))


def original(world: World, request: Request) -> Json:
    """Answer GET of a message that a webhook or an interaction has said."""
    return _payload(world, _message(world, request))


def edit_original(world: World, request: Request) -> Json:
    """Answer PATCH of such a message; the original of a deferred interaction comes to be thereby."""
    if _is_application(world, request):
        interaction = _interaction(world, request)
        is_original = _wanted(request) == "@original"
        if is_original and interaction.is_deferred:
            check_body(request)
            return _payload(world, _speak(world, interaction, request))
    edited = _message(world, request)
    apply_edit(world, edited, request)
    return _payload(world, edited)


def delete_original(world: World, request: Request) -> None:
    """Answer DELETE of such a message."""
    if _wanted(request) == "@original" and _is_application(world, request):
        interaction = _interaction(world, request)
        if interaction.is_deferred:
            interaction.response = {"type": 6}
            return
    gone = _message(world, request)
    if gone.is_ephemeral:
        gone.deleted = True
    else:
        world.delete(gone)


def _follow_up(world: World, request: Request) -> Message:
    interaction = _interaction(world, request)
    if interaction.response is None:
        raise DiscordError(404, 10015, "Unknown Webhook")
    check_body(request)
    return _speak(world, interaction, request)


def _speak(world: World, interaction: Interaction, request: Request) -> Message:
    # The first message after a deferral takes over whether only the user sees it.
    fields = fields_of(request)
    if interaction.is_deferred and interaction.response is not None:
        deferral = interaction.response.get("data") or {}
        hidden = (deferral.get("flags") or 0) & EPHEMERAL
        fields["flags"] = fields["flags"] & ~EPHEMERAL | hidden
    posted = world.post(
        interaction.channel,
        interaction.account.user,
        request.field("content") or "",
        interaction=interaction.metadata(),
        only_for=interaction.user if fields["flags"] & EPHEMERAL else None,
        **fields,
    )
    if interaction.original is None:
        interaction.original = posted
    interaction.messages.append(posted)
    world.changed()
    return posted


def _inner(request: Request, details: Json) -> Request:
    # A callback carries the message's body inside its own.
    return Request(request.method, request.path, request.time, body=details, files=request.files)


def _callback_payload(world: World, interaction: Interaction, kind: int, details: Json) -> Json:
    told: Json = {
        "id": str(interaction.id),
        "type": interaction.type,
        "response_message_loading": kind == DEFERS,
        "response_message_ephemeral": bool((details.get("flags") or 0) & EPHEMERAL),
    }
    if interaction.original is None:
        return {"interaction": told}
    told["response_message_id"] = str(interaction.original.id)
    resource = {"type": kind, "message": _payload(world, interaction.original)}
    return {"interaction": told, "resource": resource}


def _webhook(world: World, request: Request) -> Webhook:
    found = world.webhooks.get(request.id("webhook_id"))
    if found is None:
        raise DiscordError(404, 10015, "Unknown Webhook")
    if request.params.get("webhook_token", found.token) != found.token:
        raise DiscordError(401, 50027, "Invalid Webhook Token")
    return found


def _place(world: World, request: Request, hook: Webhook) -> Channel:
    """Return where a webhook is to speak: its channel, or the thread of it that the query names."""
    if "thread_id" not in request.query:
        return hook.channel
    thread = world.channels.get(int(request.query["thread_id"]))
    if thread is None or thread.parent is not hook.channel:
        raise DiscordError(404, 10003, "Unknown Channel")
    return thread


def _interaction(world: World, request: Request) -> Interaction:
    return world.interactions.find(request.params["webhook_token"], request.id("webhook_id"))


def _is_application(world: World, request: Request) -> bool:
    return request.id("webhook_id") in world.bots


def _payload(world: World, said: Message) -> Json:
    return message_payload(said, world.bots.get(said.sender_id))


def _wanted(request: Request) -> str:
    return request.params.get("message_id", "@original")


def _message(world: World, request: Request) -> Message:
    wanted = _wanted(request)
    if _is_application(world, request):
        interaction = _interaction(world, request)
        said = interaction.messages
        found = interaction.original if wanted == "@original" else _by_id(said, wanted)
    else:
        hook = _webhook(world, request)
        place = _place(world, request, hook)
        found = _by_id([each for each in place.messages if each.webhook is hook], wanted)
    if found is None or found.deleted:
        raise DiscordError(404, 10008, "Unknown Message")
    return found


def _by_id(messages: list[Message], wanted: str) -> Message | None:
    return next((each for each in messages if str(each.id) == wanted), None)


HOOK = "/webhooks/{webhook_id}/{webhook_token}"

ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}/webhooks", webhooks),
    ("POST", "/channels/{channel_id}/webhooks", create_webhook),
    ("GET", "/webhooks/{webhook_id}", webhook),
    ("DELETE", "/webhooks/{webhook_id}", delete_webhook),
    ("GET", HOOK, webhook),
    ("POST", HOOK, execute),
    ("DELETE", HOOK, delete_webhook),
    ("GET", f"{HOOK}/messages/{{message_id}}", original),
    ("PATCH", f"{HOOK}/messages/{{message_id}}", edit_original),
    ("DELETE", f"{HOOK}/messages/{{message_id}}", delete_original),
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callback),
]
