"""A Discord message, as the character hears it."""

import re

import discord

from bot.conversation.naming import clean_name, clean_text
from bot.turn import Place, Utterance, Where

TALK = frozenset({discord.MessageType.default, discord.MessageType.reply})
_EMOJI = re.compile(r"<a?(:\w{2,32}:)\d{1,20}>")


def hear(message: discord.Message, *, me: int) -> Utterance:
    """Return what was said, by whom and where. `me` is the bot's own user id."""
    author = message.author
    return Utterance(
        message_id=message.id,
        author_id=author.id,
        author_name=clean_name(author.display_name, f"user {author.id}"),
        account_name=clean_name(author.global_name or author.name, f"user {author.id}"),
        text=text_of(message),
        words=clean_text(message.content),
        sent_at=message.created_at,
        where=where_of(message),
        from_bot=author.bot or message.webhook_id is not None,
        from_self=author.id == me,
        mentions_me=_mentions(message, me),
        reply_to=message.reference.message_id if message.reference else None,
        replies_to_me=_replies_to(message, me),
    )


def text_of(message: discord.Message) -> str:
    """Return the words of a message: mentions and emoji by name, attachments as a note."""
    words = _EMOJI.sub(r"\1", message.clean_content)
    things = [f"(sent a file: {_one_line(file.filename)})" for file in message.attachments]
    things += [f"(sent a sticker: {_one_line(sticker.name)})" for sticker in message.stickers]
    return clean_text("\n".join([words, *things]).strip())


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
    )


def _one_line(name: str) -> str:
    return clean_name(name, "unnamed")


def _mentions(message: discord.Message, me: int) -> bool:
    """Say whether the bot is mentioned: itself, or the role that Discord made for it."""
    if any(user.id == me for user in message.mentions):
        return not _replies_to(message, me) or f"<@{me}>" in message.content
    return any(role.tags and role.tags.bot_id == me for role in message.role_mentions)


def _replies_to(message: discord.Message, me: int) -> bool:
    """Say whether this is a reply to one of the bot's own messages; Discord sends that one along."""
    original = message.reference.resolved if message.reference else None
    return isinstance(original, discord.Message) and original.author.id == me
