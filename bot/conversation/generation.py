"""Generation of a reply by the model, with its fallback lines."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation import style_guard
from bot.conversation.context.transcript import fit
from bot.conversation.experts import Experts, ModelChoice
from bot.conversation.intents import PLAIN, intent_of
from bot.conversation.prompt import compose_prompt
from bot.conversation.queue import QueuedMessage
from bot.conversation.rehearsal import brief, not_read_out, on_guard, rehearsal_prompt
from bot.conversation.text.clean import sentence_ends, tidy, trim_to_sentence
from bot.conversation.text.emotes import dress
from bot.conversation.text.growing import showable
from bot.conversation.text.split import split
from bot.conversation.text.typing import Pace, remaining_seconds
from bot.conversation.types import NO_EMOTES, Recollection, Reply, Showing, Utterance, Wish
from bot.core.clock import Runtime
from bot.core.errors import Interrupted
from bot.llm.client import Answer, Claude
from bot.llm.errors import (
    ClaudeCut,
    ClaudeDenied,
    ClaudeError,
    ClaudeInterrupted,
    ClaudeTimeout,
    OverBudget,
    PromptTooLong,
)
from bot.llm.types import Effort, Model, ModelCall, Prompt, Question, TokenEstimate
from bot.prompts import fill
from personas.character import Character, names_of

log = logging.getLogger(__name__)

_MOST_PHRASES, _LONGEST_PHRASE = 3, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVoice:
    """The model's settings: name, maximum length, and `deadline` in seconds.

    `premium_model` answers premium members (F060); without one they get the same as all others. `general`
    writes replies if it differs from `model`, which does everything else. A `rehearsal` is our own small
    model, whose prompts have a special shape.
    """

    model: str
    premium_model: str = ""
    max_tokens: int
    deadline: float
    tokens: TokenEstimate
    effort: Effort = "off"
    rehearsal: bool = False
    general: Model | None = None
    coder: Model | None = None
    vision: Model | None = None

    @property
    def experts(self) -> Experts:
        """The models that write replies; if the general model is elsewhere, `model` is its fallback."""
        general, model = self.general or Model(self.model), Model(self.model)
        premium = Model(self.premium_model) if self.premium_model not in ("", self.model) else None
        return Experts(general, self.coder, self.vision, premium, spare=model if general.server else None)

    def question(self, choice: ModelChoice, person_id: int, channel_id: int) -> Question:
        """Return a request for a reply; only the main server's models think first."""
        return Question(
            purpose="reply",
            model=choice.model.name,
            server=choice.model.server,
            instead=choice.instead,
            max_tokens=self.max_tokens,
            deadline=self.deadline,
            effort="off" if choice.model.server else self.effort,
            user_id=person_id,
            channel_id=channel_id,
        )


@dataclass(frozen=True, slots=True)
class _Request:
    """The constant parts of all attempts at one reply."""

    voice: ModelVoice
    character: Character
    heard: tuple[Utterance, ...]
    now: datetime
    seen: "_Seen"


class Composer:
    """Asks the model for a character's words."""

    def __init__(
        self, claude: Claude, voice: ModelVoice, runtime: Runtime, *, pace: Pace, longest_message: int
    ) -> None:
        self._claude = claude
        self._voice = voice
        self._clock, self._rng = runtime.clock, runtime.rng
        self._pace = pace
        self.longest = longest_message
        """The maximum number of letters of one message."""

    async def compose(
        self,
        character: Character,
        remembered: Recollection,
        heard: Sequence[Utterance],
        *,
        showing: Showing | None = None,
        wish: Wish = Wish(),  # noqa: B008 - a value that never changes
        emotes: Mapping[str, str] = NO_EMOTES,
    ) -> Reply:
        """Return the character's reply to `heard`; its own fallback line if generation fails (F020).

        A prompt that is too long is shortened once, never sent again unchanged (faults C1). A reply outside
        the character's own voice is repaired, or requested once more (C47). `showing` displays it while it is
        written. `emotes` are the place's own.
        """
        voice = self._voice
        request = _Request(voice, character, tuple(heard), self._clock.now(), _Seen(showing))
        calls: tuple[ModelCall, ...] = ()
        for recollection in _tries(remembered, voice):
            try:
                answer = await self._ask(request, recollection, wish)
            except PromptTooLong as error:
                calls += error.calls
                log.warning("The prompt was too long for %s", voice.model)
                continue
            except OverBudget as error:
                log.info("No reply: %s", error)
                if error.line:
                    return Reply(error.line, fallback=True, unpaid=True, calls=calls)
                return self._fallback(character, emotes, calls, error)
            except ClaudeInterrupted as error:
                return Reply(error.heard, floor=recollection.floor, calls=(*calls, *error.calls))
            except ClaudeError as error:
                log.warning("No reply from %s: %s", voice.model, error)
                return self._fallback(character, emotes, (*calls, *error.calls), error)
            text = self._spoken(request, answer, recollection)
            text, further = await self._in_its_own_voice(request, text, recollection, wish)
            text, calls = dress(text, emotes, character), (*calls, *answer.calls, *further)
            if not split(text):
                log.warning("Nothing was left of the answer of %s", answer.call.model)
                return replace(self._fallback(character, emotes, calls), expert=answer.expert)
            return Reply(text, floor=recollection.floor, calls=calls, expert=answer.expert)
        return self._fallback(character, emotes, calls)

    async def _ask(self, request: _Request, remembered: Recollection, wish: Wish) -> Answer:
        """Ask the model, and learn from its token counts. Raises ClaudeError."""
        shape = rehearsal_prompt if request.voice.rehearsal else compose_prompt
        prompt = shape(request.character, remembered, request.heard, now=request.now, wish=wish)
        experts, intent = request.voice.experts, PLAIN
        if experts.coder or experts.vision:  # otherwise the intent doesn't matter
            intent = intent_of(request.heard, remembered.lines, pictured=bool(prompt.pictures))
        choice = experts.choose(intent, premium=remembered.premium)
        request.seen.begin_anew()
        try:
            answer = await self._claude.ask(prompt, _question(request, choice))
        except (ClaudeTimeout, ClaudeCut) as error:
            answer = request.seen.cut_off(error)
        if not answer.call.server:  # another server's model counts tokens differently
            _learn(request.voice, prompt, answer.call)
        return replace(answer, expert=answer.expert or choice.expert)

    def _spoken(self, request: _Request, answer: Answer, remembered: Recollection) -> str:
        """Return the part of an answer that is posted."""
        labels = {line.speaker for line in remembered.lines if not line.mine}
        text = tidy(answer.text, names_of(request.character), labels=tuple(labels))
        text = trim_to_sentence(text) if answer.cut_short else text
        return brief(text) if request.voice.rehearsal else text

    async def _in_its_own_voice(
        self, request: _Request, text: str, remembered: Recollection, wish: Wish
    ) -> tuple[str, tuple[ModelCall, ...]]:
        """Return a reply in the character's own voice, and the call of a second attempt (C47).

        If a second answer fails or is no better, the first is used: there is always a reply.
        """
        character = on_guard(request.character) if request.voice.rehearsal else request.character
        samples = not_read_out(character, request.heard[-1].text) if request.voice.rehearsal else ()
        earlier = [*samples, *_own_lines(remembered)][-style_guard.EARLIER :]
        said = [*(message.text for message in request.heard), *wish.remarks]
        flaw = style_guard.flaw_of(text, character, earlier, heard=said)
        if flaw is None or not split(text):
            return text, ()
        if mended := style_guard.mended(text, character, earlier, heard=said):
            log.info("A reply of %s was mended because of %s", character.slug, flaw)
            return mended, ()
        log.info("A reply of %s was asked for again because of %s", character.slug, flaw)
        note = _correction(flaw, text, request.character)
        again, calls = await self._again(request, note, remembered, wish)
        drafts = [reply for reply in (again, text) if split(style_guard.unlabelled(reply, character))]
        better = min(
            drafts,
            key=lambda draft: style_guard.gravity(draft, character, earlier, heard=said),
            default="",
        )
        whole = style_guard.mended(better, character, earlier, heard=said)
        return whole or style_guard.unlabelled(better, character), calls

    async def _again(
        self, request: _Request, note: str, remembered: Recollection, wish: Wish
    ) -> tuple[str, tuple[ModelCall, ...]]:
        """Ask once more; the beginning of the prompt is cached."""
        try:
            answer = await self._ask(request, remembered, replace(wish, note=f"{wish.note} {note}".strip()))
        except ClaudeError as error:
            log.warning("No second answer from %s: %s", request.voice.model, error)
            return "", error.calls
        return self._spoken(request, answer, remembered), answer.calls

    def showable(
        self, character: Character, remembered: Recollection, heard: Sequence[QueuedMessage]
    ) -> Callable[[str], str]:
        """Return a function that limits the visible part of a growing reply: it stops at the first flaw."""
        labels = tuple(sorted({line.speaker for line in remembered.lines if not line.mine}))
        earlier = _own_lines(remembered)[-style_guard.EARLIER :]
        said, emotes = [message.utterance.text for message in heard], heard[-1].mouth.emotes

        def shown(text: str) -> str:
            seen = showable(text, character, labels=labels, emotes=emotes)
            return "" if style_guard.flaw_of(seen, character, earlier, heard=said) else seen

        return shown

    def typing_left(self, reply: Reply, remembered: Recollection, *, since: float) -> float:
        """Return the seconds left for typing the first message, after thinking since a moment (monotonic)."""
        spent = self._clock.monotonic() - since
        first = split(reply.text, self.longest)[0]
        return remaining_seconds(first, self._pace, self._rng, spent=spent, tempo=remembered.stage.tempo)

    def _fallback(
        self,
        character: Character,
        emotes: Mapping[str, str],
        calls: tuple[ModelCall, ...],
        error: ClaudeError | None = None,
    ) -> Reply:
        line = self._rng.choice(character.fallback_lines)
        line = dress(line, emotes, character) or line
        return Reply(line, fallback=True, lasting=isinstance(error, ClaudeDenied), calls=calls)


class _Seen:
    """The visible part of a reply so far, if it is displayed while growing."""

    def __init__(self, showing: Showing | None) -> None:
        self._showing = showing
        self._written = ""

    @property
    def add(self) -> Callable[[str], None] | None:
        """Return the receiver of the reply's pieces; None if nobody sees it grow."""
        return self._add if self._showing else None

    @property
    def again(self) -> Callable[[], None] | None:
        """Return a function that restarts the display; None if the visible part can't be replaced."""
        return self.begin_anew if self._showing and self._showing.replaceable else None

    def begin_anew(self) -> None:
        """Display the next text from its beginning."""
        if self._showing and self._written:
            self._written = ""
            self._show()

    def cut_off(self, error: ClaudeTimeout | ClaudeCut) -> Answer:
        """Return the visible part of an interrupted answer if a sentence is whole; else raise the error."""
        if self.again is None or error.call is None or not sentence_ends(self._written):
            raise error
        return Answer(self._written, cut_short=True, call=error.call, before=error.before)

    def _add(self, piece: str) -> None:
        self._written += piece
        self._show()

    def _show(self) -> None:
        assert self._showing is not None
        try:
            self._showing.show(self._written)
        except Interrupted as cut:
            raise ClaudeInterrupted(cut.text) from cut


def _own_lines(remembered: Recollection) -> list[str]:
    return [line.text for line in remembered.lines if line.mine]


def _correction(flaw: style_guard.Flaw, text: str, character: Character) -> str:
    """Return the note to the model about a rejected draft."""
    found = style_guard.forbidden_in(text, character)[:_MOST_PHRASES]
    phrases = ", ".join(json.dumps(phrase[:_LONGEST_PHRASE], ensure_ascii=False) for phrase in found)
    return fill(f"again_{flaw.name.lower()}", name=character.name, phrases=phrases)


def _question(request: _Request, choice: ModelChoice) -> Question:
    """Return the request for a reply: its maximum length is the character's usual one (F065)."""
    voice, own, newest = request.voice, request.character.voice, request.heard[-1]
    sampling = {
        name: value
        for name in ("temperature", "top_p", "frequency_penalty")
        if (value := getattr(own, name)) is not None
    }
    return replace(
        voice.question(choice, newest.author_id, newest.where.channel_id),
        max_tokens=min(voice.max_tokens, own.max_tokens or voice.max_tokens),
        sampling=sampling,
        on_text=request.seen.add,
        on_again=request.seen.again,
    )


def _tries(remembered: Recollection, voice: ModelVoice) -> Iterator[Recollection]:
    """Yield the whole transcript, then its newest third without pictures, if that is less."""
    yield remembered
    budget = sum(voice.tokens(line.text) for line in remembered.lines) - 1
    lines = fit(remembered.lines, budget=max(budget, 0), tokens=voice.tokens)
    if len(lines) < len(remembered.lines) or remembered.sights:
        floor = lines[0].place if lines else remembered.floor
        yield replace(remembered, lines=tuple(lines), floor=floor, sights=())


def _learn(voice: ModelVoice, prompt: Prompt, call: ModelCall) -> None:
    # Each server counts the tokens of a picture in its own way.
    if not prompt.pictures:
        voice.tokens.correct(voice.tokens(prompt.text), call.usage.prompt)
