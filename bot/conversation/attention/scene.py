"""Features of a line that only the rules judge: its words, and the turn-taking before it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise

import regex

from bot.conversation.attention.words import LEAD_INS, NO_NAMES, OPEN_A_QUESTION, THROWN_IN
from bot.conversation.text.names import spoken
from bot.conversation.types import Glimpse, Utterance

MOST_LINES = 50
"""The maximum number of earlier lines; conversation partners are told by the last quarter of an hour."""
MOST_WORDS = 120
"""The maximum number of a line's words: the first ones show its nature."""
MOST_LETTERS = 600
"""The maximum number of letters of each earlier line, so that fifty long lines cost no more than one."""

_LATELY = timedelta(minutes=15)
SOON = timedelta(minutes=4)
"""Within this time a line may answer an earlier line."""
_LONG_AGO = timedelta(days=1)
_SAYS_MUCH = 8  # words in a line that is more than a remark; a question counts as this many more
_SHORTEST_NAME = 3
_SHORTEST_NICKNAME = 4
_NAME_PARTS = regex.compile(r"[\p{L}\p{M}]+")


@dataclass(frozen=True, slots=True)
class MessageContext:
    """The input of the signs: an utterance, and the turn-taking before it.

    `words` are those of its `text`, which excludes code, links and emotes; `asking`, 0 to 1, is the certainty
    that it is a question. `answer` is the character's last line to this author; `others_since` counts the
    lines of other people after it, and `turns_since` the author's own turns that it left to others.
    `exchanges` counts the author's answers to the same other person since. `quiet` is the time in which
    nobody else spoke. `around` are the lines of the last minutes; `turns` counts the author's own among the
    newest of them to which others have reacted. `names` are the words that call today's speakers, and
    `called` says that somebody has just called the author.
    """

    heard: Utterance
    text: str
    words: tuple[str, ...]
    asking: float
    answer: Glimpse | None
    others_since: int
    turns_since: int
    exchanges: int
    quiet: timedelta
    around: tuple[Glimpse, ...]
    turns: int
    names: frozenset[str]
    called: bool

    @property
    def said_lately(self) -> tuple[Glimpse, ...]:
        """The lines of other people recent enough for the utterance to answer them."""
        return tuple(
            line
            for line in self.around[-4:]
            if not line.mine
            and line.author_id != self.heard.author_id
            and self.heard.sent_at - line.sent_at <= SOON
        )


def scene_of(heard: Utterance, recent: Sequence[Glimpse]) -> MessageContext:
    """Return an utterance with the features that earlier lines give it."""
    around = tuple(line for line in recent[-MOST_LINES:] if heard.sent_at - line.sent_at <= _LATELY)
    own = heard.author_id
    last = _last_answer(heard, around)
    since = [line for line in around[0 if last is None else last + 1 :] if not line.mine]
    authors = [line.author_id for line in since]
    others = [line for line in around if line.author_id != own and not line.mine]
    text = spoken(heard.said)
    return MessageContext(
        heard=heard,
        text=text,
        words=tuple(words_of(text, MOST_WORDS)),
        asking=1.0 if asks(heard.said) else 0.8 if begins_as_question(heard.said) else 0.0,
        answer=None if last is None else around[last],
        others_since=sum(author != own for author in authors),
        turns_since=sum(author == own != after for author, after in pairwise(authors)),
        exchanges=_exchanges(heard, since, answered=last is not None),
        quiet=_quiet(heard, recent),
        around=around,
        turns=sum(
            before.author_id == own != after.author_id and heard.sent_at - before.sent_at <= SOON
            for before, after in pairwise(around)
        ),
        names=_callable(
            line.author_name for line in recent[-MOST_LINES:] if line.author_id != own and not line.mine
        ),
        called=_called(heard, others[-4:]),
    )


def _quiet(heard: Utterance, recent: Sequence[Glimpse]) -> timedelta:
    """Return the time since somebody else spoke: several messages in a row are one turn."""
    others = (line.sent_at for line in reversed(recent) if line.author_id != heard.author_id)
    return max(heard.sent_at - next(others, heard.sent_at - _LONG_AGO), timedelta())


def _called(heard: Utterance, lines: Iterable[Glimpse]) -> bool:
    names = _callable((heard.author_name,))
    late = (line for line in lines if heard.sent_at - line.sent_at <= SOON)
    return any(not names.isdisjoint(words_of(line.text[:MOST_LETTERS])) for line in late)


def _callable(names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*map(_ways_to_call, set(names)))


@lru_cache(maxsize=2048)
def _ways_to_call(name: str) -> frozenset[str]:
    """Return the words that call somebody of this name: its parts, and the beginnings of these."""
    parts = [part for part in _NAME_PARTS.findall(name.casefold()) if len(part) >= _SHORTEST_NAME]
    short = {part[:end] for part in parts for end in range(_SHORTEST_NICKNAME, len(part))}
    return frozenset({*parts, *short} - NO_NAMES)


# The addressee of the character's lines


def _last_answer(heard: Utterance, lines: Sequence[Glimpse]) -> int | None:
    """Return the index of the character's last line to the author of `heard`."""
    last: int | None = None
    lately: set[int] = set()  # people whom the character has answered
    to: set[int] = set()
    begin = 0
    for index, line in enumerate(lines):
        if not line.mine:
            continue
        if index > begin or index == 0:  # otherwise it continues its own line before
            after = [later for later in lines[index + 1 :] if not later.mine]
            replied = _replied(line, lines[:index])
            to = replied or _answered(line, lines[begin:index], lately) or _partner(line, [*after, heard])
            lately |= to
        begin = index + 1
        if heard.author_id in to or _names(line, heard.author_name.casefold()):
            last = index
    return last


def _replied(line: Glimpse, before: Sequence[Glimpse]) -> set[int]:
    return {earlier.author_id for earlier in before if earlier.message_id == line.reply_to}


def _answered(line: Glimpse, before: Sequence[Glimpse], lately: set[int]) -> set[int]:
    """Return the people whom the character answers with `line`, by the surest clue available.

    That is: people whom it names; people who called it by name or were in conversation with it; else the last
    one who spoke to nobody else. `before` are the lines since the character's previous one.
    """
    near = [earlier for earlier in before if line.sent_at - earlier.sent_at <= SOON]
    called = line.author_name.casefold()
    ways = (
        {earlier.author_id for earlier in near if _names(line, earlier.author_name.casefold())},
        {earlier.author_id for earlier in near if earlier.author_id in lately or _names(earlier, called)},
    )
    return next((found for found in ways if found), None) or _last_unaddressed(near)


def _last_unaddressed(near: Sequence[Glimpse]) -> set[int]:
    """Return the last speaker who addressed nobody else; also the one who said far more, if the others only
    commented on that.
    """
    names = {(earlier.author_id, earlier.author_name.casefold()) for earlier in near}
    free = [
        earlier
        for earlier in near
        if not is_small_talk(earlier.text[:MOST_LETTERS])
        and not any(author != earlier.author_id and _names(earlier, name) for author, name in names)
    ]
    if not free:
        return set()
    most = max(free, key=_says)
    much = _says(most) >= 2 * max(_says(free[-1]), _SAYS_MUCH / 2)
    return {free[-1].author_id, most.author_id} if much else {free[-1].author_id}


def _says(line: Glimpse) -> int:
    text = line.text[:MOST_LETTERS]
    return len(words_of(text)) + _SAYS_MUCH * asks(text)


def _partner(line: Glimpse, after: Sequence[Glimpse | Utterance]) -> set[int]:
    """Return the person with whom the character begins a conversation: named in `line`, else the next
    speaker.
    """
    named = {later.author_id for later in after if _names(line, later.author_name.casefold())}
    said = [later.author_id for later in after if not is_small_talk(later.text[:MOST_LETTERS])]
    return named or set(said[:1])


# Conversation partners


def _exchanges(heard: Utterance, since: Sequence[Glimpse], *, answered: bool) -> int:
    """Count how often the author answered their most frequent partner, `heard` included.

    An answer comes soon after a single turn of the other since the author's own last one: in a conversation
    of others, everybody has had more turns. Small talk is no turn. The author's very first line answers
    nobody yet; nor does the first line after the character `answered`.
    """
    turns = [line for line in since if not is_small_talk(line.text[:MOST_LETTERS])]
    own = [at for at, line in enumerate(turns) if line.author_id == heard.author_id]
    if not own:
        return 0
    answers: Counter[int] = Counter()
    waiting: Counter[int] = Counter()  # number of turns of others since the author's last turn
    latest: dict[int, datetime] = {}
    before: int | None = None
    said: Sequence[Glimpse | Utterance] = [*turns[own[0] + 1 if answered else 0 :], heard]
    for line in said:
        if line.author_id == heard.author_id:
            single = (author for author, count in waiting.items() if count == 1)
            answers.update(author for author in single if line.sent_at - latest[author] <= SOON)
            waiting.clear()
        else:
            waiting[line.author_id] += line.author_id != before
            latest[line.author_id] = line.sent_at
        before = line.author_id
    return max(answers.values(), default=0)


def _names(line: Glimpse, name: str) -> bool:
    """Say whether the casefolded `name` occurs in `line` as a whole word."""
    text = line.text[:MOST_LETTERS].casefold()
    at = text.find(name) if name else -1
    while at >= 0:
        around = text[max(at - 1, 0) : at] + text[at + len(name) : at + len(name) + 1]
        if not any(letter.isalnum() for letter in around):
            return True
        at = text.find(name, at + 1)
    return False


# A question mark inside a link doesn't count: more text follows it directly. The semicolon is Greek's.
_QUESTION = regex.compile(
    r"(?:[?\uff1f\u061f\u037e\u055e\u1367\u2cfa\u2cfb\u2e2e\u203d\u2047-\u2049\ua60f\ufe56]|(?<=\p{Greek});)"
    r"(?![\p{L}\p{N}=&_%/-])|[吗嗎か](?=$|[\s。！])"
)
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]{1,3}|[\p{L}\p{M}\p{N}]++(?:['-][\p{L}\p{M}\p{N}]++)*+"
)
_DRAWN_OUT = regex.compile(r"(.)\1{2,}+")
_PICTURE = regex.compile(r"<a?:\w{2,32}:\d{1,20}>|:[\w~]{2,32}:")


def asks(text: str) -> bool:
    """Say whether `text` has a question mark of any script, or a word that stands for it."""
    return _QUESTION.search(text) is not None


def words_of(text: str, most: int | None = None) -> list[str]:
    """Return the first `most` words of `text`, casefolded; scripts without spaces are cut into threes."""
    plain = text.casefold().replace("’", "'")
    return [word[0] for word in islice(_WORD.finditer(plain), most)]


def plainly(text: str) -> str:
    """Return `text` without letters repeated to draw a word out, as in "nooo"."""
    return _DRAWN_OUT.sub(r"\1", text)


def begins_as_question(text: str) -> bool:
    """Say whether the first word, or the first after a lead-in, is a question word."""
    return next((word for word in words_of(text, 4) if word not in LEAD_INS), "") in OPEN_A_QUESTION


def is_small_talk(text: str) -> bool:
    """Say whether the line has no words, only one, or up to three common interjections."""
    said = words_of(_PICTURE.sub(" ", text), 4)
    return len(said) < 2 or (len(said) < 4 and THROWN_IN.issuperset(said))
