"""Conversion of Discord messages and commands to utterances: speaker, place, text, and which are no talk."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import discord

from bot.conversation.context.reader import LONGEST_QUOTE
from bot.conversation.rethinking import Requester
from bot.conversation.text.names import clean_name, clean_text
from bot.conversation.types import Person, Quote, Utterance
from bot.discord.commands import Interaction, asked_in, is_age_restricted, is_public
from cogs._discord.attachments import EMOJI, attachments_in
from cogs._discord.text import shortened
from memory.attachments import with_attachments
from memory.places import Place, Where

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

TALK = frozenset({discord.MessageType.default, discord.MessageType.reply})
_MENTION = re.compile(r"<@[!&]?(\d{1,20})>")

TEXT_COMMAND = "!memsvg"


def hear(message: discord.Message, *, me: int, application_id: int | None = None) -> Utterance:
    """Return a message as an utterance. `me` is the bot's own user id.

    A message from a webhook of our `application_id` is the bot's own (faults D11): a reply to it is a reply
    to the bot, and its author can't be addressed.
    """
    author, original = message.author, _original(message)
    attached = attachments_in(message)
    to_me = original is not None and (original.author.id == me or is_own_webhooks(original, application_id))
    own = {original.author.id} if to_me and original is not None and original.author.id != me else set()
    return Utterance(
        message_id=message.id,
        author_id=author.id,
        author_name=clean_name(author.display_name, f"user {author.id}"),
        account_name=clean_name(author.global_name or author.name, f"user {author.id}"),
        text=with_attachments(words_of(message), attached),
        words=clean_text(message.content),
        sent_at=message.created_at,
        where=where_of(message),
        from_bot=author.bot or message.webhook_id is not None,
        from_self=author.id == me or is_own_webhooks(message, application_id),
        mentions_me=_mentions(message, me),
        reply_to=message.reference.message_id if message.reference and not _forwards(message) else None,
        replies_to_me=to_me,
        replies_to=me if to_me else original.author.id if original else None,
        author_roles=_roles(message),
        mentions=tuple(user_id for user_id in _mentioned(message) if user_id not in own),
        people=tuple(person for person in _people(message) if person.id not in own),
        attachments=attached,
        quote=_quote(original, mine=to_me),
    )


def is_own_webhooks(message: discord.Message, application_id: int | None) -> bool:
    """Return whether one of our own webhooks, and so one of our characters, posted the message."""
    ours = application_id is not None and message.application_id == application_id
    return ours and message.webhook_id is not None


def words_of(message: discord.Message) -> str:
    """Return the text of a message with mentions and emoji replaced by names."""
    return clean_text(EMOJI.sub(r"\1", message.clean_content).strip())


def _quote(original: discord.Message | None, *, mine: bool) -> Quote | None:
    """Return the replied-to message, which Discord sends along whatever its age."""
    if original is None:
        return None
    author, attached = original.author, attachments_in(original)
    return Quote(
        message_id=original.id,
        author_id=author.id,
        author_name=clean_name(author.display_name, f"user {author.id}"),
        text=shortened(with_attachments(words_of(original), attached), LONGEST_QUOTE),
        sent_at=original.created_at,
        mine=mine,
        attachments=attached,
    )


def where_of(message: discord.Message) -> Where:
    channel, guild = message.channel, message.guild
    if guild is None:
        return Where(channel.id, Place.DM)
    return Where(
        channel.id,
        Place.GUILD,
        name=_one_line(getattr(channel, "name", None) or "channel"),
        guild_id=guild.id,
        guild_name=_one_line(guild.name),
        parent_id=channel.parent_id if isinstance(channel, discord.Thread) else None,
        age_restricted=is_age_restricted(channel),
        public=is_public(channel),
    )


def _one_line(name: str) -> str:
    return clean_name(name, "unnamed")


def _mentions(message: discord.Message, me: int) -> bool:
    """Return whether the message mentions the bot itself or the role that Discord made for it.

    Discord lists the replied-to author among the mentions; this alone doesn't count as a mention.
    """
    if any(user.id == me for user in message.mentions):
        original = _original(message)
        return original is None or original.author.id != me or f"<@{me}>" in message.content
    return any(role.tags and role.tags.bot_id == me for role in message.role_mentions)


def _original(message: discord.Message) -> discord.Message | None:
    """Return the replied-to message that Discord sends along; None if it is deleted or this is no reply."""
    original = message.reference.resolved if message.reference and not _forwards(message) else None
    return original if isinstance(original, discord.Message) else None


def _forwards(message: discord.Message) -> bool:
    """Return whether a message's reference is a forward and not a reply."""
    return bool(message.message_snapshots) or (
        message.reference is not None and message.reference.type is discord.MessageReferenceType.forward
    )


def role_ids(member: discord.Member) -> tuple[int, ...]:
    """Return all role ids that Discord sent, including unparsable roles (malformed_events.py)."""
    return (member.guild.id, *member._roles)  # noqa: SLF001 - `roles` omits unparsable roles


def _roles(message: discord.Message) -> tuple[int, ...] | None:
    """Return the author's roles; None for a member's message from history, which comes without roles."""
    if isinstance(message.author, discord.Member):
        return role_ids(message.author)
    return () if message.guild is None or message.webhook_id is not None else None


def _mentioned(message: discord.Message) -> tuple[int, ...]:
    """Return the ids of the mentioned users in order; a mention of a bot's own role counts for the bot."""
    bots = {role.id: role.tags.bot_id for role in message.role_mentions if role.tags}
    found = (bots.get(int(match[1]), int(match[1])) for match in _MENTION.finditer(message.content))
    known = {user.id for user in message.mentions} | set(bots.values())
    return tuple(dict.fromkeys(user_id for user_id in found if user_id is not None and user_id in known))


def _people(message: discord.Message) -> tuple[Person, ...]:
    """Return the people that Discord names with a message: mentioned, replied to, and the server's bots.

    Discord makes a role for every bot that is invited with permissions, named after the bot. So the bots of
    a server are known before they have said a word, and without the intent to list its members.
    """
    original = _original(message)
    people = {user.id: _person(user) for user in message.mentions}
    if original is not None:
        people.setdefault(original.author.id, _person(original.author))
    for role in message.guild.roles if message.guild else ():
        bot_id = role.tags.bot_id if role.tags else None
        if bot_id is not None:
            people.setdefault(bot_id, Person(bot_id, (_one_line(role.name),), is_bot=True))
    return tuple(people.values())


def _person(user: discord.User | discord.Member) -> Person:
    names = (user.display_name, user.global_name, user.name)
    cleaned = (clean_name(name, f"user {user.id}") for name in names if name)
    return Person(user.id, tuple(dict.fromkeys(cleaned)), is_bot=user.bot)


def asks_for_map(message: discord.Message) -> bool:
    """Return whether the message is the text command for a person's own memory map, which is no talk."""
    person = not message.author.bot and message.webhook_id is None and message.type in TALK
    return person and message.content.strip().casefold() == TEXT_COMMAND


def is_ticket(channel: object, me: int) -> bool:
    """Return whether a channel is a ticket: a private thread of the bot, which makes no others.

    The thread alone shows this, so the answer is right even if the database has no record of the ticket.
    """
    return isinstance(channel, discord.Thread) and channel.is_private() and channel.owner_id == me


def asker_of(interaction: Interaction) -> Requester:
    """Return the user of a command with the roles that Discord sent."""
    user = interaction.user
    roles = role_ids(user) if isinstance(user, discord.Member) else ()
    return Requester(user.id, clean_name(user.display_name, f"user {user.id}"), roles)


async def listens_to(bot: "Masquerade", user: discord.User | discord.Member, where: Where) -> bool:
    """Return whether the character may listen to a user in a place."""
    house = await bot.app.administration.house(where.guild_id)
    roles = set(role_ids(user) if isinstance(user, discord.Member) else ())
    denied = house.ignores(user.id) or bool(house.denied_roles & roles)
    return not denied and house.active(where)


def place_of(interaction: Interaction) -> Where:
    """Return the place of a command, with the names of channel and server for prompts."""
    where, guild = asked_in(interaction), interaction.guild
    if guild is None:
        return where
    name = getattr(interaction.channel, "name", None) or "channel"
    return replace(where, name=clean_name(name, "unnamed"), guild_name=clean_name(guild.name, "unnamed"))
