"""Whether what nobody addressed to the character is worth a paid question: signs, and what each weighs.

The signs that decide come from turn-taking, which is the same in every language; the few words that are
looked for only help.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from bot.conversation.attention.wording import asks, begins_as_question, is_small_talk, words_of
from bot.conversation.attention.words import ANYBODY, ANYBODY_UNSPACED, PLEA, PLEA_UNSPACED
from bot.conversation.types import Glimpse, Utterance
from bot.core.i18n import _

THRESHOLD = 0.3
"""From this score on it is worth asking. A question to nobody in particular passes, and so does the next
line of somebody whom the character has just answered; what two others say to one another does not."""

MOST_LINES = 50
"""So many lines are looked at, and none that is older than a quarter of an hour."""

_LATELY = timedelta(minutes=15)
_SOON = timedelta(minutes=4)  # within this time a line may be the answer to another one
_MOST_LETTERS = 600  # of each earlier line, so that fifty long ones cost no more than one


@dataclass(frozen=True, slots=True)
class Priority:
    """How likely an unaddressed line is for the character: `score` is 0 to 1, `signs` name what counted."""

    score: float
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the signs look at: an utterance, and who took turns with whom before it.

    `answer` is the character's last line to this author; `others_since` counts the lines of other people
    after it, and `turns_since` the author's own ones that it left to others. `exchanges` is how often the
    author answered one and the same other person since.
    """

    heard: Utterance
    words: str
    spoken: frozenset[str]
    answer: Glimpse | None
    others_since: int
    turns_since: int
    exchanges: int


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason for or against: what it weighs at most, and `strength`, 0 to 1, of how much it applies.

    It is kept by the name of that function, and shown by its `label`.
    """

    label: str
    weight: float
    strength: Callable[[Scene], float]

    @property
    def name(self) -> str:
        return self.strength.__name__


def follow_up(scene: Scene) -> float:
    """The character answered this author last: half of it is left after twelve lines of others, or after
    a quarter of an hour, or after four turns of the author that the character left to others."""
    if scene.answer is None:
        return 0.0
    minutes = max((scene.heard.sent_at - scene.answer.sent_at).total_seconds() / 60, 0.0)
    return 1 / (1 + scene.others_since / 12 + minutes / 15 + scene.turns_since / 4)


def asked(scene: Scene) -> float:
    """What the character said last to this author was a question: this is likely the answer."""
    return follow_up(scene) if scene.answer and asks(scene.answer.text[:_MOST_LETTERS]) else 0.0


def room(scene: Scene) -> float:
    """It asks for anybody at all."""
    return _found(scene, ANYBODY, ANYBODY_UNSPACED)


def plea(scene: Scene) -> float:
    """It asks for help, or can't wait (F032)."""
    return _found(scene, PLEA, PLEA_UNSPACED)


def question(scene: Scene) -> float:
    """It asks something; without a question mark that is told by its first word, which is less sure."""
    if asks(scene.words):
        return 1.0
    return 0.8 if begins_as_question(scene.words) else 0.0


def others_talk(scene: Scene) -> float:
    """The author is talking with somebody else: once is mostly chance, three times are a dialogue."""
    return (0.0, 0.2, 0.6, 1.0)[min(scene.exchanges, 3)]


def small_talk(scene: Scene) -> float:
    """No words at all, one word, or a few of those that everybody throws in."""
    return float(is_small_talk(scene.words))


def elsewhere(scene: Scene) -> float:
    """It replies to somebody else's message."""
    heard = scene.heard
    return float(not heard.replies_to_me and heard.replies_to not in (None, heard.author_id))


def from_bot(scene: Scene) -> float:
    """Another bot said it."""
    return float(scene.heard.from_bot)


def _found(scene: Scene, words: frozenset[str], unspaced: tuple[str, ...]) -> float:
    return float(not words.isdisjoint(scene.spoken) or any(word in scene.words for word in unspaced))


SIGNS: tuple[Sign, ...] = (
    # Enough by itself while fresh, with room for two other talks in between: who was answered goes on.
    Sign(_("follow-up", "a sign that a message is for the character"), 0.7, follow_up),
    # Lets a bare "yes" through as an answer, and keeps a follow-up alive for longer.
    Sign(_("asked", "a sign that a message is for the character"), 0.3, asked),
    # Enough by itself, but hardly within a dialogue of others: there "anyone" is mostly told of.
    Sign(_("room", "a sign that a message is for the character"), 0.4, room),
    # Just enough: pleas are often phrases ("please do"), but whoever means it should be heard.
    Sign(_("plea", "a sign that a message is for the character"), 0.3, plea),
    # Enough by itself, marked or not: it may be for everybody who reads along.
    Sign(_("question", "a sign that a message is for the character"), 0.4, question),
    # Takes more than a question brings: within a dialogue the questions are for one another.
    Sign(_("others' talk", "a sign that a message is not for the character"), -0.45, others_talk),
    # Takes a mere follow-up away ("lol", "ok"), but not the answer to a question of the character.
    Sign(_("small talk", "a sign that a message is not for the character"), -0.5, small_talk),
    # Discord says whom it is for: all that speaks for the character together does not outweigh that.
    Sign(_("elsewhere", "a sign that a message is not for the character"), -2.0, elsewhere),
    # What a bot asks the room is seldom meant; whom the character answered may be one all the same.
    Sign(_("from a bot", "a sign that a message is not for the character"), -0.15, from_bot),
)


def priority(heard: Utterance, recent: Sequence[Glimpse]) -> Priority:
    """Return how likely `heard`, which nobody addressed to the character, is for it nonetheless (C13, F032).

    `recent` are the lines said before it in this channel, in their order. Costs nothing and waits for
    nothing; what it takes grows with the length of the texts and no faster.
    """
    scene = _scene(heard, recent)
    counted = [(sign, strength) for sign in SIGNS if (strength := sign.strength(scene))]
    score = sum(sign.weight * strength for sign, strength in counted)
    return Priority(min(max(score, 0.0), 1.0), tuple(sign.name for sign, _ in counted))


# Who talks with whom


def _scene(heard: Utterance, recent: Sequence[Glimpse]) -> Scene:
    lines = [line for line in recent[-MOST_LINES:] if heard.sent_at - line.sent_at <= _LATELY]
    last = _last_answer(heard, lines)
    since = [line for line in lines[0 if last is None else last + 1 :] if not line.mine]
    authors = [line.author_id for line in since]
    own = heard.author_id
    words = heard.said
    return Scene(
        heard=heard,
        words=words,
        spoken=frozenset(words_of(words)),
        answer=None if last is None else lines[last],
        others_since=sum(author != own for author in authors),
        turns_since=sum(author == own != after for author, after in pairwise(authors)),
        exchanges=_exchanges(heard, since, answered=last is not None),
    )


def _last_answer(heard: Utterance, lines: Sequence[Glimpse]) -> int | None:
    """Return the index of the character's last line to the author of `heard`."""
    last: int | None = None
    lately: set[int] = set()  # whom the character has answered
    to: set[int] = set()
    begin = 0
    for index, line in enumerate(lines):
        if not line.mine:
            continue
        if index > begin or index == 0:  # otherwise it goes on with what it said just before
            after = [one for one in lines[index + 1 :] if not one.mine]
            replied = _replied(line, lines[:index])
            to = replied or _answered(line, lines[begin:index], lately) or _taker(line, [*after, heard])
            lately |= to
        begin = index + 1
        if heard.author_id in to or _names(line, heard.author_name.casefold()):
            last = index
    return last


def _replied(line: Glimpse, before: Sequence[Glimpse]) -> set[int]:
    return {one.author_id for one in before if one.message_id == line.reply_to}


def _answered(line: Glimpse, before: Sequence[Glimpse], lately: set[int]) -> set[int]:
    """Return whom the character answers with `line`: the surest of these that there is.

    Whom it names; who called it by name or was in talk with it; else the last one who spoke to nobody
    else. `before` are the lines since its own last one.
    """
    near = [one for one in before if line.sent_at - one.sent_at <= _SOON]
    called = line.author_name.casefold()
    ways = (
        {one.author_id for one in near if _names(line, one.author_name.casefold())},
        {one.author_id for one in near if one.author_id in lately or _names(one, called)},
    )
    return next((found for found in ways if found), None) or _last_at_large(near)


def _last_at_large(near: Sequence[Glimpse]) -> set[int]:
    names = {(one.author_id, one.author_name.casefold()) for one in near}
    for one in reversed(near):
        to_others = any(author != one.author_id and _names(one, name) for author, name in names)
        if not to_others and not is_small_talk(one.text[:_MOST_LETTERS]):
            return {one.author_id}
    return set()


def _taker(line: Glimpse, after: Sequence[Glimpse | Utterance]) -> set[int]:
    """Return whom the character begins a talk with: whom `line` names, else the next to say something."""
    named = {one.author_id for one in after if _names(line, one.author_name.casefold())}
    said = [one.author_id for one in after if not is_small_talk(one.text[:_MOST_LETTERS])]
    return named or set(said[:1])


def _exchanges(heard: Utterance, since: Sequence[Glimpse], *, answered: bool) -> int:
    """Count how often the author answered the one person whom they answer most, with `heard` as well.

    An answer comes soon after a single turn of the other since the author's own last one: of those who
    talk among themselves, everybody has had more turns. Small talk is no turn: it is thrown in. The
    author's first line of all answers nobody yet; nor does the first one after the character `answered`.
    """
    turns = [line for line in since if not is_small_talk(line.text[:_MOST_LETTERS])]
    own = [at for at, line in enumerate(turns) if line.author_id == heard.author_id]
    if not own:
        return 0
    answers: Counter[int] = Counter()
    waiting: Counter[int] = Counter()  # how many turns others had since the author's last one
    latest: dict[int, datetime] = {}
    before: int | None = None
    said: Sequence[Glimpse | Utterance] = [*turns[own[0] + 1 if answered else 0 :], heard]
    for line in said:
        if line.author_id == heard.author_id:
            single = (one for one, count in waiting.items() if count == 1)
            answers.update(one for one in single if line.sent_at - latest[one] <= _SOON)
            waiting.clear()
        else:
            waiting[line.author_id] += line.author_id != before
            latest[line.author_id] = line.sent_at
        before = line.author_id
    return max(answers.values(), default=0)


def _names(line: Glimpse, name: str) -> bool:
    """Say whether the casefolded `name` stands in `line` as a whole word."""
    text = line.text[:_MOST_LETTERS].casefold()
    at = text.find(name) if name else -1
    while at >= 0:
        around = text[max(at - 1, 0) : at] + text[at + len(name) : at + len(name) + 1]
        if not any(letter.isalnum() for letter in around):
            return True
        at = text.find(name, at + 1)
    return False
