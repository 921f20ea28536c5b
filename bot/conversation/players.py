"""One character at work: what it keeps in mind, how it answers, and what it does of its own accord."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from bot.conversation.backstage import Backstage
from bot.conversation.company import Role
from bot.conversation.outbox import Saying
from bot.conversation.reply import Answering
from bot.conversation.rethinking import Rethinking
from bot.conversation.revisions import Remaking
from bot.conversation.summaries import Compaction
from bot.conversation.text.names import addresses, clean_text
from bot.conversation.types import Utterance
from bot.features.reminders.delivery import Reminding
from bot.features.reminders.reminder_words import ReminderWording
from bot.features.reminders.service import Reminders
from bot.memory.learn import Consolidation
from bot.memory.recall import Finding
from bot.memory.store import Memories
from memory.sensitive.distress import reads_as_distress
from memory.telling import remembered_in
from personas.character import names_of


class Mind:
    """What one character keeps, sums up, learns and finds again: its own, and nobody else's (C61)."""

    def __init__(self, role: Role, backstage: Backstage) -> None:
        self.role = role
        behind = backstage
        self.memories = Memories(
            database=behind.database,
            role=role,
            claude=behind.claude,
            voice=behind.voice,
            clock=behind.clock,
            eraser=behind.eraser,
            manner=behind.manner,
        )
        self.compaction = Compaction(
            database=behind.database,
            claude=behind.claude,
            role=role,
            voice=behind.voice,
            extent=behind.manner.extent,
            memories=self.memories,
            deadline=behind.manner.summary_deadline,
            clock=behind.clock,
        )
        self.consolidation = Consolidation(
            database=behind.database,
            claude=behind.claude,
            role=role,
            memories=self.memories,
            meaning=behind.meaning,
            manner=behind.manner,
            clock=behind.clock,
            reached=behind.reached,
        )
        self.finding = Finding(
            role.slug, behind.meaning, budget=behind.manner.recalled, tokens=behind.voice.tokens
        )


class SummingUp:
    """The summing up of all characters: each has notes of its own, of what it heard."""

    def __init__(self, minds: Mapping[str, Mind]) -> None:
        self._minds = minds

    @property
    def _each(self) -> list[Compaction]:
        return [mind.compaction for mind in self._minds.values()]

    async def again(self, channel_ids: Collection[int]) -> None:
        """Sum up anew, in the background, what is left of places in which notes had to go."""
        for one in self._each:
            await one.again(channel_ids)

    async def catch_up(self) -> None:
        """Sum up what is about to leave the log, and what an earlier step left behind."""
        for one in self._each:
            await one.catch_up()

    async def close(self) -> None:
        """Break off what is being summed up: it is begun anew another time."""
        for one in self._each:
            await one.close()


class Player:
    """One character that answers, takes its words back, and reminds people of things."""

    def __init__(
        self,
        mind: Mind,
        backstage: Backstage,
        saying: Saying,
        *,
        may_learn: Callable[[int], Awaitable[bool]],
    ) -> None:
        self.mind, self.role = mind, mind.role
        behind = backstage
        self.reminders = Reminders(
            database=behind.database,
            role=self.role,
            clock=behind.clock,
            eraser=behind.eraser,
            may_learn=may_learn,
        )
        self.answering = Answering(self.role, behind, finding=mind.finding, notice=self._note_wish)
        self._open_beside(behind, saying)

    def _open_beside(self, behind: Backstage, saying: Saying) -> None:
        """Make what speaks without a message to answer: other takes on a reply, and what is due at a time."""
        self.remaking = Remaking(
            database=behind.database,
            casting=behind.casting,
            rethinking=Rethinking(
                database=behind.database,
                claude=behind.claude,
                role=self.role,
                voice=behind.voice,
                manner=behind.manner,
                finding=self.mind.finding,
                staging=behind.staging,
                clock=behind.clock,
            ),
            role=self.role,
            longest_message=behind.manner.longest_message,
            rooms=behind.rooms,
            saying=saying,
            clock=behind.clock,
            reached=behind.reached,
        )
        self.reminding = Reminding(
            database=behind.database,
            casting=behind.casting,
            wording=ReminderWording(
                claude=behind.claude, role=self.role, voice=behind.voice, clock=behind.clock
            ),
            role=self.role,
            longest_message=behind.manner.longest_message,
            clock=behind.clock,
            rooms=behind.rooms,
            saying=saying,
            reached=behind.reached,
        )

    async def _note_wish(self, heard: Utterance) -> str | None:
        """Note what the character is asked to remember; return what to say of it at the prompt's end.

        Of words of distress nothing is noted, neither to be remembered nor to be reminded of (C91).
        """
        if reads_as_distress(heard.text):
            return None
        reminded = await self.reminders.notice(heard)
        names = names_of(self.role.character)
        if reminded is not None or heard.from_bot or not addresses(heard, names):
            return reminded
        said = clean_text(heard.text if heard.words is None else heard.words)
        return await self.mind.memories.note_wish(heard, remembered_in(said, names=names))
