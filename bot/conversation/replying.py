"""Asking Claude for a reply, and what is said when there is none."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from bot.claude.client import Answer, Claude, Question
from bot.claude.tokens import TokenEstimate
from bot.claude.wire import Effort
from bot.conversation.composition import compose_prompt
from bot.conversation.recall import fit
from bot.conversation.speech import tidy, trim_to_sentence
from bot.conversation.splitting import split
from bot.errors import ClaudeDenied, ClaudeError, PromptTooLong
from bot.turn import Call, Prompt, Recollection, Reply, Utterance, Wish
from personas.character import Character, names_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Which model speaks, how much at most, and how long it may take (`deadline` in seconds).

    `premium_model` speaks to premium members (F060); without one they get the same as all others.
    """

    model: str
    premium_model: str = ""
    max_tokens: int
    deadline: float
    tokens: TokenEstimate
    effort: Effort = "off"

    def for_(self, *, premium: bool) -> "Voice":
        """Return the voice for a member."""
        return replace(self, model=self.premium_model) if premium and self.premium_model else self


async def compose(
    claude: Claude,
    voice: Voice,
    character: Character,
    remembered: Recollection,
    heard: Sequence[Utterance],
    *,
    now: datetime,
    rng: Random,
    show: Callable[[str], None] | None = None,
    wish: Wish = Wish(),  # noqa: B008 - a value that never changes
) -> Reply:
    """Return what the character says to `heard`; its own fallback line when thinking fails (F020).

    A prompt that is too long is shortened once, never sent again as it was (faults C1).
    """
    calls: tuple[Call, ...] = ()
    for recollection in _tries(remembered, voice):
        prompt = compose_prompt(character, recollection, heard, now=now, wish=wish)
        try:
            answer = await claude.ask(prompt, _question(voice, heard[-1], show))
        except PromptTooLong as error:
            calls += _books(error)
            log.warning("The prompt was too long for %s", voice.model)
            continue
        except ClaudeError as error:
            log.warning("No reply from %s: %s", voice.model, error)
            return _fallback(character, rng, (*calls, *_books(error)), error)
        _learn(voice, prompt, answer.call)
        text = _spoken(answer, character, recollection)
        if not split(text):
            log.warning("Nothing was left of the answer of %s", voice.model)
            return _fallback(character, rng, (*calls, answer.call))
        return Reply(text, floor=recollection.floor, calls=(*calls, answer.call))
    return _fallback(character, rng, calls)


def _question(voice: Voice, newest: Utterance, show: Callable[[str], None] | None) -> Question:
    return Question(
        purpose="reply",
        model=voice.model,
        max_tokens=voice.max_tokens,
        deadline=voice.deadline,
        effort=voice.effort,
        on_text=show,
        user_id=newest.author_id,
        channel_id=newest.where.channel_id,
    )


def _spoken(answer: Answer, character: Character, remembered: Recollection) -> str:
    labels = {line.speaker for line in remembered.lines if not line.mine}
    text = tidy(answer.text, names_of(character), labels=tuple(labels))
    return trim_to_sentence(text) if answer.cut_short else text


def _tries(remembered: Recollection, voice: Voice) -> Iterator[Recollection]:
    """Yield the whole transcript, then its newest third, if that is less."""
    yield remembered
    budget = sum(voice.tokens(line.text) for line in remembered.lines) - 1
    lines = fit(remembered.lines, budget=max(budget, 0), tokens=voice.tokens)
    if len(lines) < len(remembered.lines):
        yield replace(remembered, lines=tuple(lines), floor=lines[0].place)


def _learn(voice: Voice, prompt: Prompt, call: Call) -> None:
    voice.tokens.correct(voice.tokens(prompt.text), call.usage.prompt)


def _books(error: ClaudeError) -> tuple[Call, ...]:
    return (error.call,) if error.call else ()


def _fallback(
    character: Character, rng: Random, calls: tuple[Call, ...], error: ClaudeError | None = None
) -> Reply:
    line = rng.choice(character.fallback_lines)
    return Reply(line, fallback=True, lasting=isinstance(error, ClaudeDenied), calls=calls)
