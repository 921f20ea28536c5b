"""Messages as Discord writes them, for REST and for the gateway."""

from collections.abc import Iterable

from tests.world.discord_accounts import BotAccount
from tests.world.discord_messages import Message
from tests.world.discord_objects import Guild, Json, Member, User
from tests.world.discord_snowflakes import timestamp


def message_payload(
    message: Message, viewer: BotAccount | None, *, bare: bool = False, quoted: bool = False
) -> Json:
    """Return Discord's message object as `viewer` is shown it, or None, who is no bot.

    `bare` leaves out what a bot without the message content intent is not shown; `quoted` is for a
    message inside another, which quotes no further.
    """
    payload: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "author": author_payload(message),
        "tts": message.tts,
        "mention_everyone": message.mentions.everyone,
        "pinned": False,
        **_said(message, bare=bare),
    }
    payload |= _rarely_there(message, viewer)
    if message.poll is not None and not bare:
        payload["poll"] = message.poll.payload(message.sent_at)
    return payload | _reference(message, viewer, quoted=quoted, bare=bare)


def _said(message: Message, *, bare: bool) -> Json:
    """Return what also a forward shows of the message inside: all but where it stands, and whose it is."""
    fields: Json = {
        "type": _type_of(message),
        "content": "" if bare else message.content,
        "timestamp": timestamp(message.sent_at),
        "edited_timestamp": timestamp(message.edited_at) if message.edited_at else None,
        "mentions": [user.payload() for user in _mentioned(message)],
        "mention_roles": [str(role) for role in message.mentions.roles],
        "attachments": [] if bare else [each.payload() for each in message.attachments],
        "embeds": [] if bare else message.embeds,
        "components": [] if bare else message.components,
        "flags": message.flags,
    }
    if message.stickers:
        fields["sticker_items"] = [each.payload() for each in message.stickers]
    return fields


def gateway_payload(message: Message, viewer: BotAccount, *, bare: bool = False) -> Json:
    """Return the message object of MESSAGE_CREATE and MESSAGE_UPDATE, which names guild and member."""
    payload = message_payload(message, viewer, bare=bare)
    guild = message.channel.guild
    if guild is None:
        return payload | {"channel_type": message.channel.type}
    payload |= {"guild_id": str(guild.id), "channel_type": message.channel.type}
    member = guild.members.get(message.author.id)
    if member is not None and message.webhook is None:
        payload["member"] = member.payload(user=False)
    payload["mentions"] = [_with_member(guild, user) for user in _mentioned(message)]
    return payload


def author_payload(message: Message) -> Json:
    """Return who is shown to have written a message: a user, or a webhook with its name."""
    if message.webhook is None:
        return message.author.payload()
    return message.author.payload() | {
        "id": str(message.webhook.id),
        "username": message.alias or message.webhook.name,
        "global_name": None,
        "discriminator": "0000",
        "avatar": None,
        "bot": True,
    }


def emoji_payload(emoji: str) -> Json:
    """Return Discord's emoji object for a Unicode emoji or a `name:id`."""
    name, _, number = emoji.partition(":")
    return {"id": number or None, "name": name}


def guild_create_payload(guild: Guild, viewer: BotAccount, members: Iterable[Member] | None = None) -> Json:
    """Return the guild object of GUILD_CREATE with all channels and those members, or `viewer` alone.

    Discord names the other members there only to bots with the presences intent.
    """
    own = guild.members[viewer.id]
    return guild.payload() | {
        "joined_at": timestamp(own.joined_at),
        "large": len(guild.members) > 250,
        "unavailable": False,
        "member_count": len(guild.members),
        "channels": [channel.payload() for channel in guild.channels.values()],
        "members": [member.payload() for member in members or [own]],
        "threads": [thread.payload() for thread in guild.threads.values()],
        "presences": [],
        "voice_states": list(guild.voice_states.values()),
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _type_of(message: Message) -> int:
    if message.interaction is not None:
        return 20 if message.interaction["type"] == 2 else 0
    return 0 if message.reference_id is None else 19


def _rarely_there(message: Message, viewer: BotAccount | None) -> Json:
    fields: Json = dict(message.further)
    if message.nonce is not None:
        fields["nonce"] = message.nonce
    if message.webhook is not None:
        fields["webhook_id"] = str(message.webhook.id)
    if message.interaction is not None:
        fields["interaction_metadata"] = message.interaction
    if message.reactions:
        fields["reactions"] = [_reaction(message, emoji, viewer) for emoji in message.reactions]
    by_application = message.webhook is not None and message.webhook.application_id is not None
    if by_application or message.interaction is not None:
        fields["application_id"] = str(message.sender_id)
    return fields


def _reaction(message: Message, emoji: str, viewer: BotAccount | None) -> Json:
    users = message.reactions[emoji]
    return {
        "emoji": emoji_payload(emoji),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "me": viewer is not None and viewer.user in users,
        "me_burst": False,
        "burst_colors": [],
    }


def _reference(message: Message, viewer: BotAccount | None, *, quoted: bool, bare: bool) -> Json:
    if message.forwarded is not None:
        return _forward(message, message.forwarded, bare=bare)
    if message.reference_id is None:
        return {}
    pointer: Json = {
        "type": 0,
        "message_id": str(message.reference_id),
        "channel_id": str(message.channel.id),
    }
    if message.channel.guild is not None:
        pointer["guild_id"] = str(message.channel.guild.id)
    if quoted or not message.quotes:
        return {"message_reference": pointer}
    original = message.reference
    if original is None or original.deleted:
        return {"message_reference": pointer, "referenced_message": None}
    hidden = bare and viewer is not None and not viewer.is_shown(original)
    shown = message_payload(original, viewer, bare=hidden, quoted=True)
    return {"message_reference": pointer, "referenced_message": shown}


def _forward(message: Message, forwarded: Message, *, bare: bool) -> Json:
    original = message.original or forwarded
    pointer = {"type": 1, "message_id": str(original.id), "channel_id": str(original.channel.id)}
    if original.channel.guild is not None:
        pointer["guild_id"] = str(original.channel.guild.id)
    snapshots = [{"message": _said(forwarded, bare=bare)}]
    return {"message_reference": pointer, "message_snapshots": snapshots}


def _mentioned(message: Message) -> list[User]:
    users = message.channel.world.users
    return [users[each] for each in message.mentions.users if each in users]


def _with_member(guild: Guild, user: User) -> Json:
    member = guild.members.get(user.id)
    return user.payload() | ({"member": member.payload(user=False)} if member else {})
