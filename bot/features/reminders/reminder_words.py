"""Wording of due reminders: the character's own, or a fixed text as fallback (C82)."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.conversation.company import PlayedCharacter
from bot.conversation.generation import ModelVoice
from bot.conversation.intents import PLAIN
from bot.conversation.prompt import system_prompt
from bot.conversation.text.clean import tidy, trim_to_sentence
from bot.conversation.text.emotes import dress
from bot.conversation.text.names import speaker_label
from bot.conversation.text.split import split
from bot.conversation.types import NO_EMOTES
from bot.core.clock import Clock
from bot.features.reminders.reminder_rules import is_yearly
from bot.llm.client import Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import Block, Message, ModelCall, Prompt
from bot.prompts import fill
from database import UnitOfWork
from database.models import Reminder
from memory.dates import shown, zone
from personas.character import names_of

log = logging.getLogger(__name__)

LATE_FROM = timedelta(minutes=2)
FIXED = {
    "reminder": "You asked me to remind you: {text}",
    "birthday": "Happy birthday!",
    "date": "Today is a day that you wanted remembered: {text}",
}
FIXED_LATE = "You asked me to remind you at {due} (I am late): {text}"


@dataclass(frozen=True, slots=True)
class ReminderWords:
    """The text of a delivery, and the model calls that it took."""

    text: str
    calls: tuple[ModelCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Addressee:
    """The recipient, with their label in transcripts."""

    label: str
    premium: bool


class ReminderWording:
    """Generates the wording, with a fixed text as fallback on an error or an empty answer."""

    def __init__(self, *, claude: Claude, voice: ModelVoice, clock: Clock) -> None:
        self._claude = claude
        self._voice = voice
        self._clock = clock

    async def of(
        self,
        role: PlayedCharacter,
        due: Reminder,
        person: Addressee,
        *,
        emotes: Mapping[str, str] = NO_EMOTES,
    ) -> ReminderWords:
        """Return the message; in a server it mentions the person and pings nobody else.

        The person's own words stay verbatim; the character's words use the place's `emotes`.
        """
        if self._voice.rehearsal:  # a rehearsal model can't follow our note
            return ReminderWords(_addressed(due, self._fixed(due)), ())
        choice = self._voice.experts.choose(PLAIN, premium=person.premium)
        question = self._voice.question(choice, due.person_id, due.channel_id)
        try:
            answer = await self._claude.ask(self._prompt(role, due, person.label), question)
        except ClaudeError as error:
            log.warning("No words for reminder %d from %s: %s", due.id, choice.model, error)
            return ReminderWords(_addressed(due, self._fixed(due)), error.calls)
        text = tidy(answer.text, names_of(role.character), labels=(person.label,))
        text = trim_to_sentence(text) if answer.cut_short else text
        text = dress(text, emotes, role.character)
        text = _with_what(due, text) if split(text) else self._fixed(due)
        return ReminderWords(_addressed(due, text), answer.calls)

    def _prompt(self, role: PlayedCharacter, due: Reminder, label: str) -> Prompt:
        """Return the prompt: the person's words are quoted on one line before our note."""
        local = zone(due.zone)
        what = fill(f"reminding_{due.kind}", label=label, made=shown(due.made_at, local))
        if self._is_late(due):
            what += " " + fill("reminding_late", due=shown(due.due_at, local))
        alone = f"A private conversation with {label}"
        note = fill(
            "reminding",
            name=role.name,
            label=label,
            time=f"{self._clock.now():%A %d %B %Y, %H:%M} UTC",
            place=alone if due.guild_id is None else "A channel of a server, where others read along",
            what=what,
        )
        quoted = f"{label}: {_quoted(due.text)}\n" if due.text else ""
        block = Block(quoted + note)
        return Prompt(system_prompt(role.character), (Message(mine=False, blocks=(block,)),))

    def _fixed(self, due: Reminder) -> str:
        line = FIXED_LATE if self._is_late(due) else FIXED[due.kind]
        return line.format(text=_quoted(due.text), due=shown(due.due_at, zone(due.zone)))

    def _is_late(self, due: Reminder) -> bool:
        return not is_yearly(due) and self._clock.now() - due.due_at > LATE_FROM


async def person_of(db: UnitOfWork, due: Reminder) -> Addressee:
    """Return the recipient of a reminder."""
    known = await db.users.known_as([due.person_id], guild_id=due.guild_id)
    name = known[0].names[0] if known else ""
    return Addressee(speaker_label(name, due.person_id), await db.users.is_premium(due.person_id))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'") + '"'


def _with_what(due: Reminder, text: str) -> str:
    """Append the reminder's text unless the message already uses one of its words."""
    own = set(re.findall(r"\w{4,}", due.text.casefold()))
    if not due.text or any(word in text.casefold() for word in own):
        return text
    return f"{text}\n> {due.text}"


def _addressed(due: Reminder, text: str) -> str:
    """Add a mention of the person in shared channels, so that they are notified."""
    mention = f"<@{due.person_id}>"
    return text if due.guild_id is None or mention in text else f"{mention} {text}"
