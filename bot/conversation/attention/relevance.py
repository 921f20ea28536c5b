"""Relevance of a message that doesn't address the character, as weighted signs: is it worth a paid vote?

Turn-taking is the same in every language; word lists only help, mainly in English, German, Spanish and
French. The weights in relevance.toml were learned from labelled lines: `python -m tests.relevance_weights`
reports their accuracy, and with --write learns them anew.
"""

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import regex

from bot.conversation.attention.scene import (
    MOST_LETTERS,
    MOST_WORDS,
    MessageContext,
    asks,
    is_small_talk,
    plainly,
    scene_of,
    words_of,
)
from bot.conversation.attention.words import (
    ALL_OF_YOU,
    ANYBODY,
    ANYBODY_UNSPACED,
    DID,
    FEELINGS,
    MYSELF,
    OPINIONS,
    PLEA,
    PLEA_UNSPACED,
    THROWN_IN,
)
from bot.conversation.types import Glimpse, Utterance
from bot.core.i18n import _
from memory.attachments import AttachmentKind

_LEARNED = tomllib.loads(Path(__file__).with_name("relevance.toml").read_text("utf-8"))

_WEIGHTS: dict[str, float] = _LEARNED["weights"]

THRESHOLD: float = _LEARNED["needed"]
"""The minimum score that is worth a vote."""

_SILENCE = timedelta(minutes=5)  # after this much silence a conversation is over
_WORDS = 12  # words in a line of typical length
_NOTICED = 0.5  # the minimum weight of a sign that is named in explanations
_SHOWN = frozenset({AttachmentKind.PICTURE, AttachmentKind.FILE, AttachmentKind.PDF, AttachmentKind.TEXT})
_SENTENCE_END = regex.compile(r"[.!?…。！？\n]++(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Priority:
    """The relevance of a line to the character: `score` is 0 to 1.

    `signs` name the factors for and against it, the weightiest first.
    """

    score: float
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelevanceSign:
    """A factor for or against a line: `strength`, 0 to 1, says how much it applies.

    It is stored under the name of that function, and shown by its `label`.
    """

    label: str
    strength: Callable[[MessageContext], float]

    @property
    def name(self) -> str:
        return self.strength.__name__


# The character's own conversation


def follow_up(scene: MessageContext) -> float:
    """The character has answered this author: the strength of 1 halves after twelve lines of others, after a
    quarter of an hour, or after four turns that the author left to others.
    """
    if scene.answer is None:
        return 0.0
    minutes = max((scene.heard.sent_at - scene.answer.sent_at).total_seconds() / 60, 0.0)
    return 1 / (1 + scene.others_since / 12 + minutes / 15 + scene.turns_since / 4)


def asked(scene: MessageContext) -> float:
    """The character's last line to this author was a question: this is likely the answer."""
    return follow_up(scene) if scene.answer and asks(scene.answer.text[:MOST_LETTERS]) else 0.0


def takes_up(scene: MessageContext) -> float:
    """The line answers the character with more than a word or two."""
    return follow_up(scene) * min(len(scene.words) / 5, 1.0)


# Questions and requests


def question(scene: MessageContext) -> float:
    """The line is a question, but not to the author's latest partners in conversation."""
    return scene.asking * (1.0 if newcomer(scene) else 0.25)


def room(scene: MessageContext) -> float:
    """The line asks for anybody at all, or asks all readers."""
    return max(_found(scene, ANYBODY, ANYBODY_UNSPACED), question(scene) * _found(scene, ALL_OF_YOU))


def plea(scene: MessageContext) -> float:
    """The line asks for help, or is urgent (F032)."""
    return _found(scene, PLEA, PLEA_UNSPACED)


def opinions(scene: MessageContext) -> float:
    """The line asks for opinions or for advice."""
    return _found(scene, OPINIONS)


# Stories and remarks


def silence(scene: MessageContext) -> float:
    """Nobody else has spoken for some minutes: the line begins a conversation."""
    return min(scene.quiet / _SILENCE, 1.0)


def newcomer(scene: MessageContext) -> float:
    """The author had no part in the latest conversation of others."""
    return float(not scene.turns)


def length(scene: MessageContext) -> float:
    """The line is long: answers, agreement and laughter need few words."""
    return min(math.log1p(len(scene.words)) / math.log1p(2 * _WORDS), 1.0)


def sentences(scene: MessageContext) -> float:
    """The line has several sentences."""
    ends = sum(1 for _end in _SENTENCE_END.finditer(scene.text.strip()[:-1]))
    return min(ends / 3, 1.0)


def own_story(scene: MessageContext) -> float:
    """After a silence, or into a conversation of others, the author tells something about themselves at some
    length: in the first person, or beginning with a verb in the past tense.
    """
    told = not MYSELF.isdisjoint(scene.words) or _begins_as_report(scene)
    return told * max(silence(scene), newcomer(scene) / 2) * min(len(scene.words) / _WORDS, 1.0)


def feeling(scene: MessageContext) -> float:
    """The line names a feeling or a judgement."""
    return _found(scene, FEELINGS)


def shows(scene: MessageContext) -> float:
    """The line comes with a picture or a file, and comments on it."""
    shown = any(attachment.kind in _SHOWN for attachment in scene.heard.attachments)
    return float(shown and not is_small_talk(scene.text))


# Signs against it


def others_talk(scene: MessageContext) -> float:
    """The author is talking with somebody else: one exchange is mostly chance, three are a dialogue."""
    return (0.0, 0.2, 0.6, 1.0)[min(scene.exchanges, 3)]


def answers(scene: MessageContext) -> float:
    """Somebody else has just asked something, and the line asks nothing itself."""
    return float(not scene.asking and any(asks(line.text[:MOST_LETTERS]) for line in scene.said_lately))


def called(scene: MessageContext) -> float:
    """Somebody else has just called the author by name."""
    return float(scene.called)


def calls_somebody(scene: MessageContext) -> float:
    """The line names a recent speaker."""
    return float(not scene.names.isdisjoint(scene.words))


def small_talk(scene: MessageContext) -> float:
    """The line has no words, one word, or a few common interjections, unless it may answer the character."""
    return is_small_talk(scene.text) * (1.0 - asked(scene))


def reaction(scene: MessageContext) -> float:
    """The share of common interjections in the line; in a question "what" is not counted as one."""
    if scene.asking:
        return 0.0
    words = words_of(plainly(scene.text), MOST_WORDS)
    return sum(word in THROWN_IN for word in words) / len(words) if words else 1.0


def elsewhere(scene: MessageContext) -> float:
    """The line replies to somebody else's message."""
    heard = scene.heard
    return float(not heard.replies_to_me and heard.replies_to not in (None, heard.author_id))


def from_bot(scene: MessageContext) -> float:
    """The author is another bot."""
    return float(scene.heard.from_bot)


def _found(scene: MessageContext, words: frozenset[str], unspaced: tuple[str, ...] = ()) -> float:
    return float(not words.isdisjoint(scene.words) or any(word in scene.text for word in unspaced))


def _begins_as_report(scene: MessageContext) -> bool:
    first = scene.words[0] if scene.words else ""
    return first in DID or (len(first) > 4 and first.endswith("ed"))


SIGNS: tuple[RelevanceSign, ...] = (
    RelevanceSign(_("follow-up", "a sign that a message is for the character"), follow_up),
    RelevanceSign(_("asked", "a sign that a message is for the character"), asked),
    RelevanceSign(_("takes up what it said", "a sign that a message is for the character"), takes_up),
    RelevanceSign(_("question", "a sign that a message is for the character"), question),
    RelevanceSign(_("room", "a sign that a message is for the character"), room),
    RelevanceSign(_("plea", "a sign that a message is for the character"), plea),
    RelevanceSign(_("asks for opinions", "a sign that a message is for the character"), opinions),
    RelevanceSign(_("after a silence", "a sign that a message is for the character"), silence),
    RelevanceSign(_("in no talk with others", "a sign that a message is for the character"), newcomer),
    RelevanceSign(_("its length", "a sign that a message is for the character"), length),
    RelevanceSign(_("several sentences", "a sign that a message is for the character"), sentences),
    RelevanceSign(_("tells about oneself", "a sign that a message is for the character"), own_story),
    RelevanceSign(_("a feeling", "a sign that a message is for the character"), feeling),
    RelevanceSign(_("shows something", "a sign that a message is for the character"), shows),
    RelevanceSign(_("others' talk", "a sign that a message is not for the character"), others_talk),
    RelevanceSign(
        _("answers somebody's question", "a sign that a message is not for the character"), answers
    ),
    RelevanceSign(_("called by somebody", "a sign that a message is not for the character"), called),
    RelevanceSign(_("names somebody", "a sign that a message is not for the character"), calls_somebody),
    RelevanceSign(_("small talk", "a sign that a message is not for the character"), small_talk),
    RelevanceSign(_("a reaction", "a sign that a message is not for the character"), reaction),
    RelevanceSign(_("elsewhere", "a sign that a message is not for the character"), elsewhere),
    RelevanceSign(_("from a bot", "a sign that a message is not for the character"), from_bot),
)


def priority(heard: Utterance, recent: Sequence[Glimpse]) -> Priority:
    """Return the relevance of `heard`, which doesn't address the character (C13, F032).

    `recent` are the earlier lines of this channel, in their order. The function is free of charge and doesn't
    block; its time is linear in the length of the texts.
    """
    counted = {name: _WEIGHTS[name] * strength for name, strength in strengths(heard, recent).items()}
    score = 1 / (1 + math.exp(-_LEARNED["start"] - sum(counted.values())))
    noticed = (name for name, weight in counted.items() if abs(weight) >= _NOTICED)
    return Priority(score, tuple(sorted(noticed, key=lambda name: -abs(counted[name]))))


def strengths(heard: Utterance, recent: Sequence[Glimpse]) -> dict[str, float]:
    """Return the strength of each sign that applies."""
    scene = scene_of(heard, recent)
    return {sign.name: strength for sign in SIGNS if (strength := sign.strength(scene))}
