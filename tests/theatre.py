"""Several of our bots in one channel, each a whole conversation with its own database, on one clock.

Time passes only while everybody sleeps, so that waits and typing times meet each other as they would in a
real channel, in a moment of the test's time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from random import Random

from bot.app import App
from bot.conversation.company import Company, Speaker
from bot.conversation.config import Manner
from bot.conversation.decision import Trace
from bot.conversation.types import NO_EMOTES, Part, Person, Utterance
from bot.llm.client import Answer
from bot.llm.types import ModelCall, Prompt, Question
from database import Database, UnitOfWork
from memory.places import Place, Where
from personas.character import Character
from tests.builders import app_on, beginnings_ended
from tests.fakes import FakeClock

MOST_POSTS = 500
RESTS = 25
"""Turns of the event loop without any work after which everybody is taken to be asleep."""


class Metronome(FakeClock):
    """Time that passes when all sleep, up to the moment at which the first of them wakes."""

    def __init__(self) -> None:
        super().__init__()
        self.working = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self.monotonic() + seconds, next(self._numbers), woken))
        await woken

    async def rest(self) -> None:
        """Return when nothing is going on any more but sleep."""
        quiet = 0
        while quiet < RESTS:
            await asyncio.sleep(0.0005 if self.working else 0)
            quiet = 0 if self.working else quiet + 1

    async def wake_next(self) -> bool:
        """Let time pass until somebody wakes; False when nobody sleeps."""
        while self._sleepers:
            due, _number, woken = heappop(self._sleepers)
            if not woken.done():
                self.pass_time(max(due - self.monotonic(), 0.0))
                woken.set_result(None)
                return True
        return False


class WatchedDatabase(Database):
    """Tells the metronome while somebody waits for it: then time must not pass."""

    metronome: Metronome

    @asynccontextmanager
    async def begin(self, *, brief: bool = False) -> AsyncIterator[UnitOfWork]:
        async with self._working(), super().begin(brief=brief) as db:
            yield db

    @asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[UnitOfWork]:
        async with self._working(), super().read(brief=brief) as db:
            yield db

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        self.metronome.working += 1
        try:
            yield
        finally:
            self.metronome.working -= 1


class YesMan:
    """A Claude that votes yes on everything and answers with what `speak` returns."""

    def __init__(self, clock: Metronome, speak: Callable[[], str]) -> None:
        self._clock = clock
        self._speak = speak
        self.purposes: list[str] = []

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        self.purposes.append(question.purpose)
        await asyncio.sleep(0)
        said = {"vote": "yes", "addressees": "[]"}.get(question.purpose) or self._speak()
        call = ModelCall(question.purpose, question.model, "ok", self._clock.now(), 0.0, cost=0.0)
        return Answer(said, cut_short=False, call=call)

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Post:
    """One message of the channel, and when it came, in seconds on the clock."""

    message_id: int
    author: Person
    text: str
    at: float


@dataclass
class Actor:
    """One bot: who it is to the others, and the app that plays it."""

    person: Person
    app: App
    claude: YesMan


@dataclass
class Theatre:
    """One channel with bots in it."""

    clock: Metronome
    where: Where
    actors: list[Actor] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    traces: dict[int, Trace] = field(default_factory=dict)
    ids: Iterable[int] = field(default_factory=lambda: count(5_000))
    _walks: set[asyncio.Task[None]] = field(default_factory=set)

    def post(self, author: Person, text: str, *, reply_to: Post | None = None) -> Post:
        """Say something in the channel: every bot but its author hears it."""
        assert len(self.posts) < MOST_POSTS, "they never stop"
        post = Post(next(iter(self.ids)), author, text, self.clock.monotonic())
        self.posts.append(post)
        for actor in self.actors:
            if actor.person.id != author.id:
                walk = asyncio.create_task(
                    actor.app.conversation.take_turn(self._heard(post, actor), ActorMouth(self, actor))
                )
                self._walks.add(walk)
        return post

    async def play(self) -> None:
        """Let time pass until nobody has anything more to do."""
        while True:
            await self.clock.rest()
            if not await self.clock.wake_next():
                break
        walks, self._walks = self._walks, set()
        await asyncio.gather(*walks)

    def said_by(self, actor: Actor) -> list[Post]:
        return [post for post in self.posts if post.author.id == actor.person.id]

    def _heard(self, post: Post, actor: Actor) -> Utterance:
        return Utterance(
            message_id=post.message_id,
            author_id=post.author.id,
            author_name=post.author.names[0],
            text=post.text,
            sent_at=self.clock.now(),
            where=self.where,
            from_bot=post.author.is_bot,
            people=tuple(one.person for one in self.actors if one is not actor),
        )


class ActorMouth:
    """Says what a bot says in the theatre's channel."""

    show = None
    emotes = NO_EMOTES

    def __init__(self, theatre: Theatre, actor: Actor) -> None:
        self.me = actor.person.id
        self._theatre = theatre
        self._actor = actor

    def speaking_as(self, speaker: Speaker) -> "ActorMouth":
        return self

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        yield

    async def say(self, part: Part, *, to: int) -> int:
        return self._theatre.post(self._actor.person, part.text).message_id

    async def edit(self, message_id: int, text: str) -> None:
        """Nobody looks."""

    async def unsay(self, message_id: int) -> None:
        """Nobody looks."""

    async def react(self, message_id: int) -> None:
        """Nobody looks."""

    async def whisper(self, part: Part, *, to: int) -> bool:
        return True

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        return None


@asynccontextmanager
async def databases(folder: Path, bots: int, clock: Metronome) -> AsyncIterator[list[WatchedDatabase]]:
    """Open a database for each of some bots; they may serve many theatres with other ids."""
    opened = []
    for number in range(bots):
        database = await WatchedDatabase.open(folder / f"bot-{number}.sqlite3")
        database.metronome = clock
        opened.append(database)
    try:
        yield opened
    finally:
        for database in opened:
            await beginnings_ended()
            await database.close()


def open_theatre(
    people: Sequence[Person],
    stores: Sequence[WatchedDatabase],
    clock: Metronome,
    *,
    channel_id: int,
    manners: Sequence[Manner],
    speak: Callable[[Person], str],
    seed: int = 1,
) -> Theatre:
    """Put the bots `people` into one channel; `speak` says what each of them answers."""
    where = Where(channel_id, Place.GUILD, name="stage", guild_id=700, guild_name="The Guild")
    theatre = Theatre(clock, where, ids=count(channel_id * 10_000))
    for number, (person, database, manner) in enumerate(zip(people, stores, manners, strict=False)):
        claude = YesMan(clock, lambda person=person: speak(person))  # type: ignore[misc]
        app = app_on(
            database,
            claude,
            clock,
            company=Company.of(
                Character(slug=f"bot{number}", name=person.names[0], core_prompt="You are a bot.")
            ),
            manner=manner,
            rng=Random(seed * 100 + number),
        )
        app.hooks.on_decision.append(lambda one: theatre.traces.update({one.utterance.message_id: one.trace}))
        theatre.actors.append(Actor(person, app, claude))
    return theatre
