"""Requests to a character in plain words: to remember something, or to remind somebody of it."""

from bot.conversation.company import PlayedCharacter
from bot.conversation.text.names import addresses, clean_text
from bot.conversation.types import Utterance
from bot.features.memory.wording import worded
from bot.features.reminders.service import Reminders
from memory.requests import MAY_ASK_TO_BE_REMINDED, MAY_ASK_TO_REMEMBER, remembered_in
from memory.rules import MemoryRefused
from memory.sensitive.distress import reads_as_distress
from memory.store import Memories
from personas.character import names_of

KEPT = "(What they ask you to remember is kept for good now. Confirm that in your own words.)"
REFUSED = "(They ask you to remember something, and that can't be done: {why} Tell them so.)"


async def notice_requests(
    reminders: Reminders, memories: Memories, role: PlayedCharacter, heard: Utterance
) -> str | None:
    """Carry out a message's request before the reply; return a note on it for the end of the prompt.

    Words of distress are never stored, neither as a memory nor as a reminder (C91).
    """
    said = clean_text(heard.said)
    asks = MAY_ASK_TO_BE_REMINDED.search(said) or MAY_ASK_TO_REMEMBER.search(said)
    if not asks or reads_as_distress(heard.text):
        return None
    reminded = await reminders.notice(role.slug, heard)
    names = names_of(role.character)
    if reminded is not None or heard.from_bot or not addresses(heard, names):
        return reminded
    return await _remember(memories, role, heard, remembered_in(said, names=names))


async def _remember(memories: Memories, role: PlayedCharacter, heard: Utterance, text: str) -> str | None:
    """Store what a person asked to be remembered; return a note on it (C56)."""
    if not text:
        return None
    try:
        await memories.remember(role.slug, heard.author_id, text, heard.where, source=heard.message_id)
    except MemoryRefused as refused:
        return REFUSED.format(why=worded(refused))
    return KEPT
