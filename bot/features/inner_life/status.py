"""Status of a character: a thought of the day, visible to everybody (F114, C81)."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from random import Random

import regex

from bot.conversation import turns
from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.context.mood_state import day_of
from bot.conversation.style_guard import mended
from bot.conversation.text.clean import tidy
from bot.conversation.text.emotes import dress
from bot.conversation.text.names import is_blank
from bot.conversation.text.split import split, width
from bot.conversation.types import NO_EMOTES
from bot.features.inner_life.days import mark_of
from bot.llm.client import Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import Block, Message, ModelCall, Prompt, Question
from bot.prompts import fill
from database import Database
from database.repositories.states import status_day_key, status_key
from personas.affect.temperament import DayMood
from personas.character import Character, names_of
from personas.character_rules import LONGEST_STATUS

log = logging.getLogger(__name__)

MAX_TOKENS = 80
DEADLINE = 30.0
"""Timeout in seconds for generating a status; nobody waits for it."""

_MENTION = regex.compile(r"<[@#][!&]?\d{1,20}>|https?://\S++|@(?=\w)")
_MARKUP = regex.compile(r"[*`|]+|~~|(?<!\w)_+|_+(?!\w)|^[#>\-\s]+")
_PREFIX = regex.compile(r"(?:playing|status)\s*:\s*", regex.IGNORECASE)


class Statuses:
    """Statuses of characters, stored as rows `status ...` of the global state.

    A status derives from the character and its day only; nothing about people, or what they said, goes into
    it. `listeners` are called with the slug of a character whose status changed.
    """

    def __init__(self, database: Database, claude: Claude, company: Company, *, model: str) -> None:
        self._database = database
        self._claude = claude
        self._company = company
        self._model = model
        self._one_at_a_time = asyncio.Lock()
        self.listeners: list[Callable[[str], None]] = []

    async def of(self, slug: str) -> str:
        """Return a character's status; "" before its first status, and for an adult-only character.

        A status is shown next to the bot's name everywhere, where children see it too (C91).
        """
        role = self._company.by_slug.get(slug)
        if role is None or role.nsfw:
            return ""
        async with self._database.read() as db:
            return await db.states.get(status_key(slug)) or ""

    async def renew(self) -> int:
        """Renew the status of every character whose day changed since its last one; return their number."""
        return sum([await self.renew_of(role.slug) for role in self._company])

    async def renew_of(self, slug: str) -> bool:
        """Renew a character's status if its day changed since the last one.

        This happens once per day, and again when admins change the day. The answer, its cost and the day are
        stored in one transaction.
        """
        async with self._one_at_a_time:
            role = self._company.by_slug.get(slug)
            async with self._database.read() as db:
                mark, day = await mark_of(db, slug), await day_of(db, slug)
                known = await db.states.of([status_key(slug), status_day_key(slug)])
            if role is None or role.nsfw or not mark or mark == known.get(status_day_key(slug)):
                return False
            last = known.get(status_key(slug), "")
            status, calls = await self._thought(role, day, last)
            status = status or _line_of(role.character, mark, last) or last
            async with self._database.begin() as db:
                await turns.note_calls(db, calls, slug)
                await db.states.set(status_day_key(slug), mark)
                await db.states.set(status_key(slug), status)
        if status != last:
            log.info("%s has another status", slug)
            self.tell(slug)
        return True

    def tell(self, slug: str) -> None:
        """Notify all listeners that a character's status changed."""
        for listen in self.listeners:
            listen(slug)

    async def _thought(
        self, role: PlayedCharacter, day: Mapping[DayMood, int], last: str
    ) -> tuple[str, tuple[ModelCall, ...]]:
        """Return a presentable thought, or "", and the model calls that it took."""
        if not self._model:
            return "", ()
        question = Question(
            purpose="status", model=self._model, max_tokens=MAX_TOKENS, deadline=DEADLINE, effort="off"
        )
        try:
            answer = await self._claude.ask(status_prompt(role.character, day, last), question)
        except ClaudeError as error:
            log.warning("No status for %s: %s", role.slug, error)
            return "", (error.call,) if error.call else ()
        return shown(answer.text, role.character, last), (answer.call,)


def status_prompt(character: Character, day: Mapping[DayMood, int], last: str = "") -> Prompt:
    """Return the question to the model: who the character is, and what its day is like."""
    mood = ", ".join(f"{mood_name} {day[mood_name]} of 10" for mood_name in DayMood if mood_name in day)
    note = f"{character.name}'s day: {mood}."
    if last:
        note += f" The last status, not to be repeated: {last}."
    return Prompt(
        system=(Block(f"{fill('status', name=character.name)}\n\n{character.core_prompt}"),),
        messages=(Message(mine=False, blocks=(Block(f"[{note} Write the new one.]"),)),),
    )


def shown(text: str, character: Character, last: str = "") -> str:
    """Clean a thought like a reply, and fit it on one line beside a name.

    Returns "" if nothing is left.
    """
    said = tidy(text, names_of(character)).split("\n")
    line = next((candidate for candidate in said if not is_blank(candidate)), "")
    line = dress(_MENTION.sub("", line), NO_EMOTES, character)
    line = mended(_MARKUP.sub("", line), character, [last]) or ""
    line = _PREFIX.sub("", " ".join(line.split()), count=1)
    if is_blank(line):
        return ""
    return line if width(line) <= LONGEST_STATUS else split(line, LONGEST_STATUS - 1)[0].rstrip() + "…"


def _line_of(character: Character, mark: str, last: str) -> str:
    """Return a random status line of the character file, other than the last one."""
    lines = [line for line in character.status_lines if line != last] or list(character.status_lines)
    return Random(f"{character.slug} {mark}").choice(lines) if lines else ""
