"""A stretch of talk in one place, of which facts are to be drawn, and what a model is asked about it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from database.models import Archived
from database.repositories.archive import Fresh
from memory.core import Said
from memory.extraction import own_words
from memory.places import Where
from memory.sensitive.detect import masked
from memory.sensitive.distress import reads_as_distress


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that a character heard in a place, oldest first.

    `agreed` are those of its people about whom anything may be noted.
    `answered` says, by reply, who was answered with it, and `own`, by message, which words of it may be a
    source of facts.
    """

    character: str
    where: Where
    lines: tuple[Fresh, ...]
    agreed: frozenset[int]
    answered: Mapping[int, set[int]]
    own: Mapping[int, str]

    @property
    def through(self) -> int:
        """The position of its last line in the log."""
        return self.lines[-1].position

    def said_by(self, person_id: int) -> list[Said]:
        """Return what may be a source of facts about somebody."""
        theirs = (one for one in self.lines if one.author_id == person_id and one.id in self.own)
        return [Said(one.id, person_id, self.own[one.id]) for one in theirs]

    def told_to(self, line: Fresh) -> int | None:
        """Return for whom alone a reply was meant; None where it answered several, or is none."""
        answered = self.answered.get(line.turn_id or 0, set())
        return next(iter(answered)) if line.mine and len(answered) == 1 else None

    def archived(self) -> Iterator[Archived]:
        """Yield what is to be kept of it: what people who agreed said, and were answered alone (D03).

        What they said in distress, and what they were answered then, is not (C91).
        """
        tender = in_distress(self.lines)
        for line in self.lines:
            if line.id in tender:
                continue
            person_id = self.told_to(line) if line.mine else line.author_id
            if person_id not in self.agreed or (line.from_bot and not line.mine):
                continue
            yield Archived(
                id=line.id,
                channel_id=self.where.channel_id,
                guild_id=self.where.guild_id,
                person_id=person_id,
                author_id=line.author_id,
                author_name=line.author_name,
                text=masked(line.text),
                sent_at=line.sent_at,
                mine=line.mine,
                reply_to=line.reply_to,
                character=self.character,
                cast_id=line.cast_id,
            )


def in_distress(lines: Sequence[Fresh]) -> frozenset[int]:
    """Return which lines hold words of distress, and which answer such a line."""
    said = {one.id for one in lines if not one.mine and reads_as_distress(one.text)}
    return frozenset(said | {one.id for one in lines if one.mine and one.reply_to in said})


def own_words_in(lines: Sequence[Fresh], agreed: Collection[int]) -> dict[int, str]:
    """Return, by message, what people who agreed wrote themselves, and holds no secret. It takes its time."""
    theirs = (one for one in lines if one.author_id in agreed and not one.mine)
    own = own_words(Said(one.id, one.author_id, one.text) for one in theirs)
    return {one.message_id: one.text for one in own}
