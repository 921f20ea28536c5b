"""Perception of attachments: voice before the decision, everything else before an answer."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from weakref import WeakValueDictionary

from bot.conversation import turns
from bot.conversation.senses import Fetch, Senses
from bot.conversation.text.names import clean_text
from bot.conversation.types import Quote, Quoted, Recollection, Sight, Utterance
from bot.core.errors import Unperceived
from bot.core.tasks import Tasks
from bot.llm.budget import Budgets, Level
from bot.llm.client import Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import Block, Message, Model, ModelCall, Picture, Prompt, Question
from bot.prompts import fill
from database import Database, DatabaseError
from memory.attachments import (
    Attachment,
    AttachmentKind,
    attachments_of,
    json_of,
    with_attachments,
    with_known,
    without_attachments,
)

log = logging.getLogger(__name__)

MOST_PICTURES, MOST_FILES = 8, 4
"""The maximum number of pictures (the newest) in one prompt, and of files read per message."""
LARGEST = {
    AttachmentKind.PICTURE: 20 << 20,
    AttachmentKind.STICKER: 20 << 20,
    AttachmentKind.TEXT: 1 << 20,
    AttachmentKind.PDF: 20 << 20,
    AttachmentKind.VOICE: 10 << 20,
}
"""The maximum download in bytes. For a larger file only the name and the size are known."""
LOOKING_SECONDS, READING_SECONDS, LISTENING_SECONDS = 20.0, 20.0, 45.0
"""Time limits of a reply for all of its pictures, of each file, and of a message's transcription."""
MOST_LETTERS = 16_100
"""The maximum number of letters of a message's files together: about 4,000 tokens, and a mark where text was
cut.
"""
KEPT_QUOTES = 500
"""The number of messages whose reply target is cached: a second take shows it, too."""
KEPT_PICTURES = 16
"""The number of pictures in the cache: the next answer shows them once more."""
DESCRIPTION_TOKENS, LONGEST_DESCRIPTION, DESCRIBING_SECONDS = 80, 300, 30.0


async def fetch_nothing(_channel_id: int, _message_id: int, _attachment: Attachment, *, most: int) -> bytes:
    """The default: nothing can be fetched, since no source is set yet."""
    raise Unperceived(f"there is nowhere to fetch {most} bytes from")


@dataclass(frozen=True, slots=True)
class Describer:
    """The model that describes a picture after its pixels were answered; None for no descriptions."""

    claude: Claude
    model: Model | None
    instead: Model | None = None


class Perception:
    """Perceives attachments; results are stored as words of their sender."""

    def __init__(
        self,
        database: Database,
        senses: Senses,
        describer: Describer,
        budgets: Budgets,
        is_gone: Callable[[int], bool],
    ) -> None:
        self._database = database
        self.senses = senses
        """The available senses. Tests replace them."""
        self.describer = describer
        self._budgets = budgets
        self._is_gone = is_gone
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._describing = Tasks()
        self._being_described: set[int] = set()
        self._one_at_a_time: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._quotes: OrderedDict[int, Quote] = OrderedDict()
        self.listening: set[int] = set()
        """Messages whose recordings are being transcribed: answers meanwhile don't know them."""
        self.fetch: Fetch = fetch_nothing
        """Downloads an attachment: set by the front end, such as Discord."""

    async def close(self) -> None:
        """Cancel pending descriptions: a later answer may describe the picture, or none."""
        self._describing.cancel()

    # Words: of voice before the decision, since a name may be spoken; of files before an answer.

    async def listen(self, heard: Utterance) -> Utterance:
        """Return an utterance with the transcript of its voice message, which is then also in the log."""
        if (
            heard.from_bot
            or self.senses.ear is None
            or not any(_is_voice(attachment) for attachment in heard.attachments)
        ):
            return heard
        self.listening.add(heard.message_id)
        try:
            async with self._one_at_a_time.setdefault(heard.author_id, asyncio.Lock()):
                read = await self._read(heard, _is_voice, self._hear, seconds=LISTENING_SECONDS)
        finally:
            self.listening.discard(heard.message_id)
        if read is None:
            return heard
        text, attachments = read
        # A forwarded recording calls nobody here, and asks for nothing.
        own = [attachment for attachment in attachments if not attachment.forwarded]
        spoken = [attachment.text for attachment in own if attachment.kind is AttachmentKind.VOICE]
        words = "\n".join(piece for piece in (heard.said, *spoken) if piece)
        return replace(heard, text=text, words=words, attachments=attachments)

    async def read(self, heard: Sequence[Utterance]) -> None:
        """Store the text of files in answered messages that were not read yet."""
        if self.senses.reader is None:
            return
        for message in heard:
            if any(_is_file(attachment) for attachment in message.attachments):
                await self._read(message, _is_file, self._words_of, seconds=READING_SECONDS)

    async def _read(
        self,
        heard: Utterance,
        wanted: Callable[[Attachment], bool],
        words_of: Callable[[int, int, Attachment], Awaitable[str]],
        *,
        seconds: float,
    ) -> tuple[str, tuple[Attachment, ...]] | None:
        """Extract and store text of a message's attachments; None if it is not in the log."""
        async with self._database.read(brief=True) as db:
            line = await db.messages.get(heard.message_id)
        if line is None:
            return None
        made_out, room = list[Attachment](), MOST_LETTERS
        for attachment in [each for each in attachments_of(line.attachments) if wanted(each)][:MOST_FILES]:
            try:
                async with asyncio.timeout(seconds):
                    text = clean_text(
                        await words_of(heard.where.channel_id, heard.message_id, attachment)
                    ).strip()
            except (Unperceived, TimeoutError, OSError) as error:
                log.info("A %s can't be made out: %s", attachment.kind.value, error or "it takes too long")
                text = ""
            made_out.append(replace(attachment, text=text[:room].rstrip(), fault=not text[:room].strip()))
            room -= len(made_out[-1].text)
        return await self._write_down(heard.message_id, made_out)

    async def _write_down(
        self, message_id: int, made_out: Sequence[Attachment]
    ) -> tuple[str, tuple[Attachment, ...]] | None:
        """Add extracted text to the log, beside the message's current words."""
        async with self._database.begin(brief=True) as db:
            line = await db.messages.get(message_id)
            if line is None:
                return None
            before = attachments_of(line.attachments)
            found = with_known(before, made_out)
            text = with_attachments(without_attachments(line.text, before), found)
            await db.messages.edited(message_id, text, json_of(found))
        return text, found

    async def _hear(self, channel_id: int, message_id: int, attachment: Attachment) -> str:
        assert self.senses.ear is not None
        data = await self.fetch(channel_id, message_id, attachment, most=LARGEST[attachment.kind])
        return await self.senses.ear.hear(data, seconds=attachment.seconds)

    async def _words_of(self, channel_id: int, message_id: int, attachment: Attachment) -> str:
        assert self.senses.reader is not None
        data = await self.fetch(channel_id, message_id, attachment, most=LARGEST[attachment.kind])
        return await self.senses.reader.read(data, pdf=attachment.kind is AttachmentKind.PDF)

    # Targets of replies.

    def quote_of(self, heard: Utterance) -> Quote | None:
        """Return the target of a reply, also for a second take: the log does not store it."""
        if heard.quote is not None:
            self._quotes[heard.message_id] = heard.quote
            while len(self._quotes) > KEPT_QUOTES:
                self._quotes.popitem(last=False)
        return self._quotes.get(heard.message_id)

    # Pictures: only for an answer.

    async def look(self, remembered: Recollection, heard: Sequence[Utterance]) -> Recollection:
        """Return a recollection with its pictures loaded, including those of reply targets.

        When a budget runs short nothing is loaded. A picture that fails has no pixels: the prompt says so.
        """
        quotes = tuple(quoted for quoted in remembered.quotes if not self._is_gone(quoted.quote.message_id))
        sights, unseen = self._chosen([*_quoted_sights(quotes), *remembered.sights])
        if sights and self._may_look(heard[-1]):
            until = asyncio.get_running_loop().time() + LOOKING_SECONDS
            sights = [await self._seen(heard[-1].where.channel_id, sight, until=until) for sight in sights]
        return replace(remembered, sights=tuple(sights), unseen=unseen, quotes=quotes)

    def _may_look(self, newest: Utterance) -> bool:
        purse = self._budgets.purse(newest.author_id, newest.where.guild_id)
        return self.senses.eye is not None and purse.level is Level.FREE

    def _chosen(self, sights: Sequence[Sight]) -> tuple[list[Sight], int]:
        """Return the pictures to load, a few of each message and the newest overall, and the number of
        others.
        """
        chosen, sights = list[Sight](), list({sight.attachment.id: sight for sight in sights}.values())
        for _, theirs in groupby(sights, key=lambda sight: sight.message_id):
            chosen += list(theirs)[: self.senses.most_pictures]
        chosen = chosen[-MOST_PICTURES:]
        return chosen, len(sights) - len(chosen)

    async def _seen(self, channel_id: int, sight: Sight, *, until: float) -> Sight:
        """Return a picture with its pixels, or unchanged if they can't be had in time."""
        key = sight.attachment.id
        if key not in self._pictures:
            assert self.senses.eye is not None
            try:
                async with asyncio.timeout_at(until):
                    most = LARGEST[sight.attachment.kind]
                    data = await self.fetch(channel_id, sight.message_id, sight.attachment, most=most)
                    self._pictures[key] = await self.senses.eye.look(data)
            except (Unperceived, TimeoutError, OSError) as error:
                log.info("A picture can't be seen: %s", error or "it takes too long")
                return sight
        self._pictures.move_to_end(key)
        while len(self._pictures) > KEPT_PICTURES:
            self._pictures.popitem(last=False)
        return replace(sight, picture=self._pictures[key])

    # Descriptions: the later replacement of pixels.

    def describe(self, sights: Iterable[Sight], newest: Utterance) -> None:
        """Start describing pictures that were just answered, each once."""
        for sight in sights:
            begun = sight.attachment.id in self._being_described
            if sight.picture is not None and not (begun or sight.attachment.shows) and self.describer.model:
                self._being_described.add(sight.attachment.id)
                asked = self._question(self.describer.model, newest)
                self._describing.spawn(self._describe(sight, newest, asked), name="Describing a picture")

    async def _describe(self, sight: Sight, newest: Utterance, asked: Question) -> None:
        try:
            await self._describe_now(sight, newest, asked)
        finally:
            self._being_described.discard(sight.attachment.id)

    async def _describe_now(self, sight: Sight, newest: Utterance, asked: Question) -> None:
        assert sight.picture is not None
        try:
            async with self._database.read(brief=True) as db:
                line = await db.messages.get(sight.message_id)
            known = attachments_of(line.attachments) if line else ()
            if not any(attachment.id == sight.attachment.id and not attachment.shows for attachment in known):
                return  # it was deleted, or described meanwhile
            prompt = _description_prompt(sight.picture)
            answer = await self.describer.claude.ask(prompt, asked)
        except (ClaudeError, DatabaseError) as error:
            log.info("A picture was not described: %s", error)
            if isinstance(error, ClaudeError) and error.call:
                await self._book(sight, newest, "", error.call)
            return
        await self._book(sight, newest, " ".join(clean_text(answer.text).split()), answer.call)

    def _question(self, model: Model, newest: Utterance) -> Question:
        return Question(
            purpose="look",
            model=model.name,
            server=model.server,
            instead=self.describer.instead,
            max_tokens=DESCRIPTION_TOKENS,
            deadline=DESCRIBING_SECONDS,
            user_id=newest.author_id,
            channel_id=newest.where.channel_id,
        )

    async def _book(self, sight: Sight, newest: Utterance, shows: str, call: ModelCall) -> None:
        """Book the cost of a description, and store it if the picture still exists."""
        async with self._database.begin(brief=True) as db:
            await turns.note_calls(db, [call])
            line = await db.messages.get(sight.message_id)
            if line is None or not shows:
                return
            told = replace(
                sight.attachment,
                shows=shows[:LONGEST_DESCRIPTION],
                told_at=await db.messages.newest(newest.where.channel_id),
                cost=call.cost,
            )
            found = with_known(attachments_of(line.attachments), [told])
            await db.messages.edited(sight.message_id, line.text, json_of(found))


def _is_voice(attachment: Attachment) -> bool:
    return (
        attachment.kind is AttachmentKind.VOICE
        and attachment.unread
        and attachment.size <= LARGEST[attachment.kind]
    )


def _is_file(attachment: Attachment) -> bool:
    return (
        attachment.kind is not AttachmentKind.VOICE
        and attachment.unread
        and attachment.size <= LARGEST[attachment.kind]
    )


def _quoted_sights(quotes: Iterable[Quoted]) -> list[Sight]:
    """Return the pictures of reply targets: older ones come first."""
    return [
        Sight(quoted.quote.message_id, quoted.speaker, attachment)
        for quoted in quotes
        for attachment in quoted.quote.attachments
        if attachment.pictured
    ]


def _description_prompt(picture: Picture) -> Prompt:
    """Return the prompt for a picture's description; text within the picture is no instruction."""
    asked = Message(mine=False, blocks=(Block.showing(picture), Block(fill("look_question"))))
    return Prompt(system=(Block(fill("look")),), messages=(asked,))
