"""Outlet of a call: speaks a reply while it is still being generated, then posts it in the channel's chat."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.conversation.company import Speaker
from bot.conversation.senses import SpeechEngine
from bot.conversation.text.spoken import finished_sentences, sentences
from bot.conversation.types import Mouth, Part
from bot.core.clock import Clock
from bot.core.errors import Interrupted, SpeakingError
from bot.features.speech.spoken_reply import Player, SpokenReply
from personas.timbre import Timbre

log = logging.getLogger(__name__)


DISCORD_EPOCH_MS = 1_420_070_400_000


class MadeIds:
    """Generates time-based ids for things that are no Discord messages; they sort among message ids."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        moment = int(self._clock.now().timestamp() * 1000) - DISCORD_EPOCH_MS
        self._last = max(moment << 22, self._last + 1)
        return self._last


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """Speech output of a call: the engine, each character's timbre, and the channel's player.

    `may_speak` returns whether a character may be heard there now.
    """

    engine: SpeechEngine
    player: Player
    timbre_of: Callable[[Speaker], Timbre]
    may_speak: Callable[[Speaker], bool] = lambda _: True


class Delivery:
    """Spoken delivery in a call, one reply at a time."""

    def __init__(self, loudspeaker: Loudspeaker) -> None:
        self._loudspeaker = loudspeaker
        self._speaker: Speaker | None = None
        self._reply: SpokenReply | None = None
        self._said = 0
        self._settled_on = False
        self._interrupted = False
        self._saying = False
        self.closed = False
        self.thinking: asyncio.Task[object] | None = None
        """The task generating a reply, which may be cancelled as long as nothing of the reply was heard."""

    def begin(self, speaker: Speaker) -> None:
        """Start a new reply."""
        self.drop()
        self._speaker = speaker
        self._interrupted = self._settled_on = False

    def drop(self) -> None:
        """Finish the current reply; sentences queued but not confirmed by `speak` are discarded."""
        if self._reply is not None:
            unsaid = len(self._reply.given) > self._said
            self._reply.stop() if unsaid else self._reply.end()
        self._reply, self._said = None, 0

    def show(self, text: str) -> None:
        """Speak the finished sentences of a growing text. Raises Interrupted after an interruption.

        If the text is restarted after some of it was heard, the heard part stands and nothing more is spoken:
        nobody should hear two answers.
        """
        if self._interrupted or self.closed:
            raise Interrupted(None, self._heard())
        if self._settled_on or not text or not self._may_speak():
            return
        found, given = finished_sentences(text), self._given()
        if found[: len(given)] != given[: len(found)]:
            if self._heard():
                self._settled_on = True
                return
            self._forget()
            given = []
        self._give(found[len(given) :])

    async def speak(self, text: str) -> str | None:
        """Speak the rest of a text and wait until it was heard; return None if all of it was.

        Otherwise return the words heard instead, "" for none.
        """
        if self._interrupted or self.closed or not self._may_speak():
            return self._heard()
        wanted, given = sentences(text), self._given()
        fits = wanted[: len(given)] == given or given[: len(wanted)] == wanted
        if not fits and not self._heard():
            self._forget()
            given, fits = [], True
        if fits:
            self._give(wanted[len(given) :])
        before, count = self._said, self._said + (len(wanted) if fits else len(given))
        return await self._heard_to_the_end(before, count, fits=fits)

    async def announce(self, speaker: Speaker, text: str) -> None:
        """Speak a notice, until a reply begins or somebody speaks."""
        self.begin(speaker)
        if self._may_speak():
            self._give(sentences(text))
        if (own := self._reply) is not None:
            await own.played(len(own.given))
            if self._reply is own:
                self.drop()

    @property
    def unspeakable(self) -> bool:
        """Whether the engine failed: the rest has to be written."""
        return self._reply is not None and self._reply.failed

    def interrupt(self) -> bool:
        """Fall silent because somebody speaks; return whether this cancelled a reply not heard at all."""
        heard = self._heard()
        if self._reply is not None:
            self._reply.stop()
        if self._reply is None and self.thinking is None:
            return False
        self._interrupted = True
        if heard or self._saying or self.thinking is None:
            return False
        self.thinking.cancel()
        return True

    async def _heard_to_the_end(self, before: int, count: int, *, fits: bool) -> str | None:
        reply = self._reply
        if reply is None:  # nothing in the text can be spoken
            return None
        self._saying = True
        try:
            await reply.played(count)
        finally:
            self._saying = False
        if reply.stopped:
            return reply.heard(before)
        self._said = count
        return None if fits else reply.heard(before)

    def _may_speak(self) -> bool:
        return self._speaker is not None and self._loudspeaker.may_speak(self._speaker)

    def _given(self) -> list[str]:
        """Return the sentences queued since the last confirmed part."""
        return self._reply.given[self._said :] if self._reply else []

    def _heard(self) -> str:
        return self._reply.heard(self._said) if self._reply else ""

    def _give(self, more: list[str]) -> None:
        if more and self._reply is None:
            assert self._speaker is not None
            loudspeaker = self._loudspeaker
            timbre = loudspeaker.timbre_of(self._speaker)
            self._reply = SpokenReply(loudspeaker.engine, timbre, loudspeaker.player)
        if more and self._reply is not None:
            self._reply.give(more)

    def _forget(self) -> None:
        """Discard a reply that nobody heard."""
        if self._reply is not None:
            self._reply.stop()
        self._reply, self._said = None, 0


class CallMouth:
    """Speaks replies in a call; with `posts` they are also posted through the `chat` outlet."""

    def __init__(
        self,
        chat: Mouth,
        delivery: Delivery,
        ids: MadeIds,
        *,
        posts: bool,
        speaker: Speaker | None = None,
    ) -> None:
        self._chat = chat
        self._delivery = delivery
        self._ids = ids
        self._posts = posts
        self._speaker = speaker

    @property
    def me(self) -> int:
        return self._chat.me

    @property
    def emotes(self) -> Mapping[str, str]:
        return self._chat.emotes

    @property
    def show(self) -> Callable[[str], None] | None:
        return self._delivery.show

    def speaking_as(self, speaker: Speaker) -> "CallMouth":
        self._delivery.begin(speaker)
        chat = self._chat.speaking_as(speaker)
        return CallMouth(chat, self._delivery, self._ids, posts=self._posts, speaker=speaker)

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Make the reply generated inside cancellable; nothing more of it is spoken afterwards."""
        if self._speaker is None:
            self._delivery.thinking = asyncio.current_task()
        try:
            yield
        finally:
            self._delivery.thinking = None
            self._delivery.drop()

    async def say(self, part: Part, *, to: int) -> int:
        """Speak a part to its end and post it. Raises Interrupted if not all of it was heard."""
        heard = await self._delivery.speak(part.text) if self._speaker else ""
        if self._speaker is None or self._delivery.unspeakable:
            return await self._chat.say(part, to=to)
        if heard is None:
            return await self._post(part, to=to)
        raise Interrupted(await self._post(replace(part, text=heard), to=to) if heard else None, heard)

    async def edit(self, message_id: int, text: str) -> None:
        await self._chat.edit(message_id, text)

    async def unsay(self, message_id: int) -> None:
        await self._chat.unsay(message_id)

    async def react(self, message_id: int) -> None:
        await self._chat.react(message_id)

    async def whisper(self, part: Part, *, to: int) -> bool:
        return await self._chat.whisper(part, to=to)

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        return await self._chat.find(part, after=after, known=known)

    async def _post(self, part: Part, *, to: int) -> int:
        """Post the heard text; a failure to post does not undo the speech."""
        if self._posts:
            try:
                return await self._chat.say(part, to=to)
            except SpeakingError as error:
                log.warning("What was spoken can't be written beside it: %s", error)
        return self._ids.next()
