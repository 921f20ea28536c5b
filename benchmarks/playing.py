"""Plays a talk to a conversation, or to seed 000, and enters each prompt in the books of its layouts."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.billing import Books
from benchmarks.kept_vectors import KeptVectors
from benchmarks.layouts import Layout
from benchmarks.pair_talk import Said
from benchmarks.seed_layout import SeedLayout
from bot.app import EMBED_SECONDS, PRUNE_SECONDS, SUMMARIZE_SECONDS, App
from bot.arranging import embedder_of
from bot.conversation.company import Company
from bot.conversation.config import Learning, TranscriptLimits
from bot.conversation.generation import ModelVoice
from bot.conversation.summaries.summary_prompt import SUMMARY_SCHEMA
from bot.conversation.types import Utterance
from bot.llm.client import Answer
from bot.llm.types import ModelCall, Prompt, Question, TokenEstimate
from bot.settings import Settings
from bot.settings.envfile import read_env
from database import Database
from memory.meaning import Meaning
from memory.places import Place, Where
from personas.character import Character, character_from
from personas.relations.bonds import Tone
from tests.builders import AT_ONCE, app_on, beginnings_ended
from tests.fakes import FakeClock, FakeMouth
from tests.listening import VOTERS
from tests.summing import joined, note, summary_of
from tests.world.process import ROOT

MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 500
SUMMED_LINES = 500
JOINED_SHARE = 0.4
"""The length of one note that takes the place of several, as a share of theirs."""
FACT_WORDS, TOLD_FOR_A_FACT = 12, 10
"""The words of a fact, and the lines of so many words in which somebody tells one."""
_FIRST_MESSAGE = 1_000
_WHO_AGREED = re.compile(
    r"^\(Those who want to be remembered: (.+)\. What is known of them:\)$", re.MULTILINE
)
_NEW_FACT = re.compile(r"(\d+)\. ")


@dataclass(frozen=True, slots=True)
class Bill:
    """What a layout came to: the cache's share of what the replies read, calls and dollars by purpose."""

    hit_rate: float
    calls: Mapping[str, int]
    spent: Mapping[str, float]

    @property
    def dollars(self) -> float:
        """What it came to in all."""
        return sum(self.spent.values())


def nyx() -> Character:
    """Return the persona that all channels share."""
    return character_from(read_env(ROOT / "characters" / "nyx" / "character.env").values, "nyx")


def some_words(talk: Sequence[Said], seed: int, **more: int) -> str:
    """Return what a model makes of some talk."""
    return summary_of([said.text for said in talk[:SUMMED_LINES]], seed, **more)


# Seed 000


def play_seed(talk: Sequence[Said]) -> Bill:
    """Let seed 000's layout answer what is answered."""
    clock = FakeClock()
    books, layout = Books(clock.monotonic), SeedLayout(nyx(), MODEL)
    for number, said in enumerate(talk):
        clock.pass_time(said.seconds - (talk[number - 1].seconds if number else 0.0))
        layout.hear(said)
        if said.answer is None:
            continue
        books.enter("reply", layout.request(said), said.answer)
        layout.answered(said, said.answer)
        if layout.is_too_long(said.author_id):
            answer = layout.summary_answer(said.author_id, some_words(talk, number))
            books.enter("summary", layout.summary_request(said.author_id), answer)
            layout.condense(said.author_id, answer)
    return _bill(books)


# Ours


async def play_ours(
    folder: Path,
    talk: Sequence[Said],
    layouts: Sequence[Layout],
    *,
    tokens: int,
    made: Mapping[str, Any] | None = None,
) -> dict[str, Bill]:
    """Let a real conversation on a database in `folder` hear the talk; bill its prompts in all layouts.

    The first of `layouts` is ours as it is; of a whole bill there is but that one. Talk is summed up from
    `tokens` on. `made` are vectors that need not be made anew, by their texts.
    """
    folder.mkdir()
    clock, whole = FakeClock(), layouts[0].whole
    claude = BilledClaude(clock, layouts, talk)
    database = await Database.open(folder / "masquerade.sqlite3")
    manner = replace(AT_ONCE, extent=TranscriptLimits(condensed=tokens))
    if whole:
        attention, learning = replace(AT_ONCE.attention, voters=VOTERS), Learning(VOTERS.model)
        manner = replace(manner, attention=attention, learning=learning)
    embedder = embedder_of(Settings()) if whole else None
    meaning = Meaning(KeptVectors(embedder, dict(made or {})) if embedder else None)
    try:
        app = app_on(
            database,
            claude,
            clock,
            company=Company.of(nyx()),
            voice=ModelVoice(model=MODEL, max_tokens=MAX_TOKENS, deadline=60, tokens=TokenEstimate()),
            manner=manner,
            rng=Random(1),
            meaning=meaning,
        )
        if whole:
            for person_id in {said.author_id for said in talk}:
                await app.memories.let_learn(person_id, True)
        await _play(app, clock, claude, talk)
    finally:
        if embedder:
            embedder.close()
        await beginnings_ended()
        await database.close()
    return {layout.name: _bill(claude.books[layout.name]) for layout in layouts}


async def _play(app: App, clock: FakeClock, claude: "BilledClaude", talk: Sequence[Said]) -> None:
    mouth, begun = FakeMouth(), clock.monotonic()
    jobs = [
        Job(SUMMARIZE_SECONDS, app.summaries.catch_up),
        Job(PRUNE_SECONDS, app.message_log.prune),
        Job(PRUNE_SECONDS, partial(app.nightly.run_due, nyx().slug)),
        Job(EMBED_SECONDS, app.embedding.catch_up),
    ]
    for number, said in enumerate(talk, _FIRST_MESSAGE):
        await _pass_time(clock, begun + said.seconds, jobs)
        claude.answer = said.answer or ""
        heard = Utterance(
            message_id=number,
            author_id=said.author_id,
            author_name=said.author_name,
            text=said.text,
            sent_at=clock.now(),
            where=_where(said.channel),
            mentions_me=said.answer is not None,
        )
        await app.conversation.take_turn(heard, mouth)
        await app.summaries.settled()


@dataclass
class Job:
    """What the program does every so many seconds; `due` in monotonic seconds."""

    every: float
    work: Callable[[], Awaitable[object]]
    due: float = 0.0


async def _pass_time(clock: FakeClock, until: float, jobs: Sequence[Job]) -> None:
    """Let time pass, and the jobs run that are due meanwhile."""
    while (due := min(jobs, key=lambda job: job.due)).due <= until:
        clock.pass_time(max(due.due - clock.monotonic(), 0.0))
        await due.work()
        due.due = clock.monotonic() + due.every
    clock.pass_time(until - clock.monotonic())


def _where(channel: int) -> Where:
    return Where(600 + channel, Place.GUILD, name=f"channel-{channel}", guild_id=700, guild_name="The Guild")


class BilledClaude:
    """Answers with what the talk says, and enters each prompt in the books of every layout."""

    def __init__(self, clock: FakeClock, layouts: Sequence[Layout], talk: Sequence[Said]) -> None:
        self.answer = ""
        self.books = {layout.name: Books(clock.monotonic) for layout in layouts}
        self._clock = clock
        self._layouts = layouts
        self._talk = talk
        self._summaries = 0

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        text, now = self._said(prompt, question), self._clock.now()
        usage, *_ = [
            self.books[layout.name].enter(question.purpose, layout.request(prompt, question, now), text)
            for layout in self._layouts
            if question.purpose == "reply" or layout.condensed
        ]
        call = ModelCall(question.purpose, question.model, "ok", now, 0.0, usage=usage)
        return Answer(text, cut_short=False, call=call)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _said(self, prompt: Prompt, question: Question) -> str:
        match question.purpose:
            case "reply":
                return self.answer
            case "vote":
                return "no"  # what is answered is addressed to it
            case "appraisal":
                return Tone.TALK
            case "addressees":
                return '{"addressed": []}'
            case "facts":
                return json.dumps({"facts": list(_facts_in(_asked(prompt)))})
            case "same facts":
                return json.dumps({"decisions": list(_decisions_on(_asked(prompt)))})
            case "summary":
                return self._summary(prompt, question)
        raise ValueError(f"nobody wrote an answer for the purpose {question.purpose}")

    def _summary(self, prompt: Prompt, question: Question) -> str:
        self._summaries += 1
        if question.schema is SUMMARY_SCHEMA:
            return note(some_words(self._talk, self._summaries), *_memory_of(_asked(prompt)))
        notes = sum(len(block.text) for message in prompt.messages for block in message.blocks)
        return joined(some_words(self._talk, self._summaries, characters=int(JOINED_SHARE * notes)))


def _asked(prompt: Prompt) -> str:
    return prompt.messages[-1].blocks[-1].text


def _memory_of(talk: str) -> Iterator[dict[str, Any]]:
    """Yield what a model would keep for good of what is summed up: the longest thing that somebody said.

    It is one memory for some 4,000 tokens of talk, as seed 000 has eight for 25,000.
    """
    if not (named := _WHO_AGREED.search(talk)):
        return
    labels = named[1].split(", ")
    said = (line.partition(": ") for line in talk[: named.start()].splitlines())
    theirs = [(label, text) for label, _, text in said if label in labels]
    if theirs:
        label, text = max(theirs, key=lambda one: len(one[1]))
        words = " ".join(text.split()[:FACT_WORDS])
        yield {"op": "add", "person": label, "text": f"{label.partition('#')[0]}: {words}", "quote": words}


def _decisions_on(doubts: str) -> Iterator[Mapping[str, object]]:
    """Yield what a model would say of each new fact: that it can stand beside those that it is like."""
    for line in doubts.splitlines():
        if numbered := _NEW_FACT.match(line):
            yield {"fact": int(numbered[1]), "verdict": "new", "number": 0}


def _facts_in(talk: str) -> Iterator[Mapping[str, object]]:
    """Yield what a model would write down of what is asked about: one thing that somebody told in ten."""
    *lines, asked = talk.splitlines()
    label = asked.removesuffix(".]").rpartition(" ")[2]
    told = [line.removeprefix(f"{label}: ") for line in lines if line.startswith(f"{label}: ")]
    for text in [line for line in told if len(line.split()) >= FACT_WORDS][::TOLD_FOR_A_FACT]:
        words = " ".join(text.split()[:FACT_WORDS])
        yield {"text": words, "quote": words, "category": "self", "tags": words.split()[-2:], "about": ""}


def _bill(books: Books) -> Bill:
    calls = {purpose: usage.calls for purpose, usage in books.usage.items()}
    return Bill(books.hit_rate("reply"), calls, books.spent)
