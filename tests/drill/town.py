"""A town of people who talk with a bot on the loopback wire, and what must hold of every word of theirs.

Each line has a number, by which it asks for an answer, and a canary, a word that stands nowhere else. Claude
answers all the numbers of a place that its prompt shows and that have no answer in it yet. So the posts tell
which line was answered where and how often, and the prompts tell which words reached whom.
"""

import asyncio
import json
import re
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.drill.score import Score
from tests.postgres import Server
from tests.world.claude_server import Request
from tests.world.discord_events import Event
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.process import BotProcess

SETTINGS = {
    "BACKFILL_LIMIT": "1000",
    "CONVERSATION_TOKEN_THRESHOLD": "800",
    "CORE_MEMORY_TOKEN_THRESHOLD": "3000",
    "MEMORY_BATCHES": "false",
    "YES_NO_VOTE_COUNT": "0",
    "DRAIN_SECONDS": "3",
}
WITHIN = 60.0
FORGETS_WITHIN = 1.5
LONG = 9
"""Every so many answers one comes in three messages."""
ASKED = re.compile(r"#(\d+)\?")
ANSWERED = re.compile(r"answers ((?:\d+ )+)by (\d+)")
REST = re.compile(r"rest-(\d)-by-(\d+)-")
CANARY = re.compile(r"canary\d{6}[a-z]")
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Rows = Callable[[str], list[tuple]]


@dataclass
class Line:
    """Something that a person said; `is_open` where it may be answered or not, as it was taken back."""

    number: int
    message: Message
    calls: bool
    is_open: bool = False
    edits: int = 0

    @property
    def place(self) -> Channel:
        return self.message.channel

    @property
    def person(self) -> User:
        return self.message.author

    @property
    def canary(self) -> str:
        return canary_of(self.number, self.edits)


def canary_of(number: int, edits: int = 0) -> str:
    return f"canary{number:06}{LETTERS[edits]}"


@dataclass
class Word:
    """A canary: who said it where, and whether the bot has had the time to forget it."""

    person: User
    place: Channel
    is_gone: bool = False


@dataclass
class Town:
    """People in two servers and in private, half of whom agreed to be remembered, and the bot among them."""

    bot: BotProcess
    dice: Random
    rows: Rows
    score: Score = field(default_factory=Score)
    lines: dict[int, Line] = field(default_factory=dict)
    words: dict[str, Word] = field(default_factory=dict)
    people: list[User] = field(default_factory=list)
    agreed: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)
    places: list[Channel] = field(default_factory=list)
    left: list[Channel] = field(default_factory=list)
    log_channel: Channel = field(init=False)
    held: list[Event] | None = None
    server: Server | None = None
    has_disk: bool = False
    summing_up: asyncio.Event = field(default_factory=asyncio.Event)
    _known: set[tuple[str, object]] = field(default_factory=set)
    _answers: int = 0

    # --- who lives there

    @asynccontextmanager
    async def living(self) -> AsyncIterator["Town"]:
        """Let people move in, the bot start and everybody say something."""
        discord = self.bot.discord
        self.people = [discord.add_user(f"Person{number}") for number in range(8)]
        for name in ("Harbour", "Hills"):
            guild = discord.add_guild(name)
            for person in self.people:
                guild.add_member(person)
            self.places += [guild.add_text_channel(f"{name.lower()}-{number}") for number in range(3)]
        self.log_channel = guild.add_text_channel("log")
        operator = discord.add_user("Operator")
        self.bot.settings |= {"LOG_CHANNEL": str(self.log_channel.id), "ADMIN_IDS": str(operator.id)}
        self.agreed = {person.id for person in self.people[::2]}
        self.bot.claude.answer_with(self.answer)
        self._dispatch = discord.gateway.dispatch
        setattr(discord.gateway, "dispatch", self._hold_back)  # noqa: B010
        await self.bot.start()
        for person in self.people:
            self.say(discord.dm_with(person), person)
        for place in self.places:
            self.say(place, self.people[0])
        await self.rest("the beginning")
        for person in self.people[::2]:
            used = await person.use_command(discord.dm_with(person), "privacy yes")
            await used.wait_answered()
        yield self

    def _hold_back(self, event: Event) -> None:
        if self.held is None:
            self._dispatch(event)
        else:
            self.held.append(event)

    def release(self, events: list[Event]) -> None:
        """Let the bot hear of these events, in this order."""
        for event in events:
            self._dispatch(event)

    def private(self, person: User) -> Channel:
        return self.bot.discord.dm_with(person)

    # --- what they say

    def say(self, place: Channel, person: User, *, calls: bool = True) -> Line:
        """Say something new; `calls` when an answer is due."""
        number = len(self.lines) + 1
        asking = f"#{number}?" if calls else f"no {number}"
        call = (
            self.dice.choice(["Pixel, ", f"<@{self.bot.discord.bot.id}> "]) if place.guild and calls else ""
        )
        self.words[canary_of(number)] = Word(person, place)
        words = f"{call}{asking} remember that {canary_of(number)} likes tea"
        line = self.lines[number] = Line(number, self.bot.discord.post(place, person, words), calls)
        return line

    def say_something(self) -> Line:
        """Let somebody say something somewhere."""
        person = self.dice.choice(self.people)
        place = self.dice.choice([*self.places, self.private(person), self.private(person)])
        return self.say(place, person, calls=place.guild is None or self.dice.random() < 0.7)

    def take_back(self, line: Line) -> Word:
        """Let somebody delete a line, or put another word into it; return the word that is gone."""
        line.is_open = True
        old, before = self.words[line.canary], line.canary
        if self.dice.random() < 0.5 or line.edits + 1 == len(LETTERS):
            self.bot.discord.delete(line.message)
            return old
        line.edits += 1
        self.words[line.canary] = Word(old.person, old.place)
        self.bot.discord.edit(line.message, content=line.message.content.replace(before, line.canary))
        return old

    @asynccontextmanager
    async def talking(self, pause: float = 0.12) -> AsyncIterator[None]:
        """Let people talk on while something happens."""

        async def talk() -> None:
            while True:
                self.say_something()
                await asyncio.sleep(self.dice.uniform(0, 2 * pause))

        talker = asyncio.create_task(talk())
        try:
            yield
        finally:
            talker.cancel()
            with suppress(asyncio.CancelledError):
                await talker

    async def forget_something(self) -> None:
        """Let people take back what the bot knows, and give it the time to forget that."""
        lines = [line for line in self.lines.values() if not line.is_open]
        words = [self.take_back(line) for line in self.dice.sample(lines, min(2, len(lines)))]
        await asyncio.sleep(FORGETS_WITHIN)
        for word in words:
            word.is_gone = True

    async def put_right(self) -> None:
        """Begin anew with everything as it should be, after something that was not survived."""
        discord = self.bot.discord
        discord.faults.clear()
        discord.gateway.cut_after_every(0)
        self.bot.claude.delay = 0.0
        await self.bot.kill()
        await self.bot.start()

    # --- what Claude answers

    def answer(self, request: Request) -> str:
        """Search a prompt for what may not stand there, and answer it."""
        self.score.tried["prompt"] += 1
        system, text = request.system_text, request.text
        self._search(request)
        if "Write a fact for each thing" in system:
            return json.dumps({"facts": [_fact(f"{one} likes tea") for one in CANARY.findall(text)[:3]]})
        if "beside what is known" in system:
            return json.dumps({"decisions": []})
        if "the field `summary`" in system:
            self.summing_up.set()
            words = " ".join(dict.fromkeys(CANARY.findall(text)))
            return json.dumps({"summary": f"They talked about {words[:400]}, and more.", "operations": []})
        return self._reply(talk_of(request))

    def _reply(self, text: str) -> str:
        asked = [int(found) for found in ASKED.findall(text)]
        if not asked:
            return "talk"
        place = self.lines[asked[-1]].place
        done = {int(each) for found in ANSWERED.finditer(text) for each in found[1].split()}
        open_ones = [each for each in dict.fromkeys(asked) if self.lines[each].place is place]
        numbers = [each for each in open_ones if each not in done] or open_ones[-1:]
        self._answers += 1
        head = f"answers {' '.join(map(str, numbers))} by {self._answers}"
        if self._answers % LONG:
            return head
        # A word so long stands in a message of its own.
        rest = (f"rest-{part}-by-{self._answers}-" for part in (1, 2))
        return " ".join([head, *((one + "abc" * 700)[:1_950] for one in rest)])

    def _search(self, request: Request) -> None:
        text = request.text.removeprefix(request.system_text)
        asked, one_person = ASKED.findall(talk_of(request)), "You keep the memory of" in request.system_text
        place = self.lines[int(asked[-1])].place if asked else None
        for canary in set(CANARY.findall(text)):
            word = self.words[canary]
            if word.is_gone or not self._may(word, place, one_person):
                self.score.failed("leak", f"{canary} of {word.person.name} before {place}:\n{text}")

    def _may(self, word: Word, place: Channel | None, one_person: bool) -> bool:
        if place is None or word.place is place or one_person:
            return True
        if word.place.guild is None or word.person.id not in self.agreed:
            return False
        return place.guild is word.place.guild or place is self.private(word.person)

    # --- what must hold

    async def rest(self, after: str, within: float = WITHIN) -> None:
        """Wait until everything that was said is noted and answered, and count what is not."""
        wrong: list[tuple[str, object]] = []
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            wrong = list(await asyncio.to_thread(self._unfinished))
            if self._known.issuperset(wrong):
                break
            await asyncio.sleep(0.1)
        wrong += list(await asyncio.to_thread(self._spoilt))
        fresh = [one for one in wrong if one not in self._known]
        self._known.update(fresh)
        for kind, detail in fresh:
            self.score.failed(kind, f"{detail} (after {after})")
        self.bot.claude.requests.clear()

    def _unfinished(self) -> Iterator[tuple[str, object]]:
        noted = dict(self._ask("SELECT message_id, open FROM claims"))
        answered = self._answered()
        for number, line in list(self.lines.items()):
            if line.is_open:
                continue
            if line.message.id not in noted or noted[line.message.id] not in (0, False, "f"):
                yield "never noted", number
            elif line.calls and number not in answered:
                yield "lost", number
        if self._ask("SELECT count(*) FROM turns WHERE state = 'pledged'") not in ([(0,)], [("0",)]):
            yield "lost", "a reply that was pledged"

    def _spoilt(self) -> Iterator[tuple[str, object]]:
        for number, posts in self._answered().items():
            if len(posts) > 1:
                yield "answered twice", number
        yield from self._torn()
        by_place: dict[object, list[int]] = defaultdict(list)
        query = "SELECT channel_id, id FROM messages WHERE NOT from_bot ORDER BY place, position"
        for channel_id, message_id in self._ask(query):
            by_place[channel_id].append(int(message_id))
        for channel_id, ids in by_place.items():
            if ids != sorted(ids):
                yield "out of order", f"what was said in {channel_id}: {ids}"

    def _answered(self) -> dict[int, list[int]]:
        """Return for each line the posts that answer it."""
        found: dict[int, list[int]] = defaultdict(list)
        for place in self._everywhere():
            for post in place.said_by(self.bot.discord.bot):
                for answer in ANSWERED.finditer(post.content):
                    for number in answer[1].split():
                        found[int(number)].append(post.id)
        return found

    def _everywhere(self) -> list[Channel]:
        return [*self.places, *map(self.private, self.people), *self.left]

    def _torn(self) -> Iterator[tuple[str, object]]:
        for place in self._everywhere():
            posts = [post.content for post in place.said_by(self.bot.discord.bot)]
            heads = Counter(int(found[2]) for post in posts for found in ANSWERED.finditer(post))
            rests = Counter((int(found[2]), int(found[1])) for post in posts for found in REST.finditer(post))
            for serial in heads:
                wanted = 0 if serial % LONG else 1
                if [rests[serial, part] for part in (1, 2)] != [wanted, wanted]:
                    yield "lost", f"a part of answer {serial}"

    def _ask(self, query: str) -> list[tuple]:
        try:
            return self.rows(query)
        except sqlite3.Error:
            return []


def talk_of(request: Request) -> str:
    """Return what a prompt shows of the talk in its place, without what the character recalls beside it."""
    *talk, last = request.messages
    blocks = [block for message in talk for block in message["content"]]
    blocks += last["content"][:-1] or last["content"]
    return "\n".join(block.get("text", "") for block in blocks)


def _fact(text: str) -> dict[str, object]:
    return {"text": text, "quote": text, "category": "self", "tags": ["tea"], "about": ""}


def rows_on(server: Server, name: str) -> Rows:
    """Return what asks a database on a server."""

    def rows(query: str) -> list[tuple]:
        try:
            told = server.tell(query, name)
        except AssertionError:  # it is not there just now
            return []
        return [
            tuple(int(one) if one.isdigit() else one for one in line.split("|")) for line in told.splitlines()
        ]

    return rows


def rows_of(path: Path) -> Rows:
    """Return what asks a database file."""

    def rows(query: str) -> list[tuple]:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query).fetchall()

    return rows
