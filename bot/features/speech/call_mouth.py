"""The mouth of a call: a reply is spoken while it is still written, and stands in the channel's chat then."""

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
    """Makes ids for what is no message of Discord's, by the moment: they sort among those of messages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        moment = int(self._clock.now().timestamp() * 1000) - DISCORD_EPOCH_MS
        self._last = max(moment << 22, self._last + 1)
        return self._last


@dataclass(frozen=True, slots=True)
class Loudspeaker:
    """What a call speaks with: the engine, each character's timbre, and the player of the channel.

    `may_speak` says whether a character may be heard there at present.
    """

    engine: SpeechEngine
    player: Player
    timbre_of: Callable[[Speaker], Timbre]
    may_speak: Callable[[Speaker], bool] = lambda _: True


class Delivery:
    """What is being spoken in a call just now, of one reply at a time."""

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
        """Who thinks of a reply, and may be broken off as long as nothing of it was heard."""

    def begin(self, speaker: Speaker) -> None:
        """Begin another reply."""
        self.drop()
        self._speaker = speaker
        self._interrupted = self._settled_on = False

    def drop(self) -> None:
        """Let go of what was spoken; what was given and not said since is not heard any more."""
        if self._reply is not None:
            unsaid = len(self._reply.given) > self._said
            self._reply.stop() if unsaid else self._reply.end()
        self._reply, self._said = None, 0

    def show(self, text: str) -> None:
        """Speak the sentences of a text that is still written. Raises Interrupted once somebody spoke.

        Where a text is begun anew after some of it was heard, that much stands and nothing more is spoken:
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
        """Speak the rest of a text and wait until it was heard; None where all of it was.

        Else return the words that were heard in its place: "" for none.
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
        """Say something that is no reply, until a reply begins or somebody speaks."""
        self.begin(speaker)
        if self._may_speak():
            self._give(sentences(text))
        if (own := self._reply) is not None:
            await own.played(len(own.given))
            if self._reply is own:
                self.drop()

    @property
    def unspeakable(self) -> bool:
        """Whether the engine gave up: what is left has to be written."""
        return self._reply is not None and self._reply.failed

    def interrupt(self) -> bool:
        """Be silent: somebody speaks. Say whether a reply was broken off of which nothing was heard."""
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
        if reply is None:  # there is nothing to be spoken in it
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
        """Return what was given to be spoken and is no part of what was said."""
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
        """Throw away what nobody heard."""
        if self._reply is not None:
            self._reply.stop()
        self._reply, self._said = None, 0


class CallMouth:
    """Says replies aloud in a call; with `posts` they also stand in its chat, by the `chat` mouth."""

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
        """Let the reply that is thought of in here be broken off; nothing of it is spoken after it."""
        if self._speaker is None:
            self._delivery.thinking = asyncio.current_task()
        try:
            yield
        finally:
            self._delivery.thinking = None
            self._delivery.drop()

    async def say(self, part: Part, *, to: int) -> int:
        """Speak a part to its end, and post it. Raises Interrupted when not all of it was heard."""
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
        """Post what was heard: it was said, even where it can't be written."""
        if self._posts:
            try:
                return await self._chat.say(part, to=to)
            except SpeakingError as error:
                log.warning("What was spoken can't be written beside it: %s", error)
        return self._ids.next()
