"""Who a channel message addresses, and in which order, by the position of names in it (F038, F039)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.conversation.attention.sentences import Sentence, Token, TokenKind, edges, lists, sentences
from bot.conversation.attention.words import (
    AND,
    ASKING,
    AUXILIARIES,
    DEMANDS,
    GREETINGS,
    HAILS,
    ME,
    NAMES_AND_WORDS,
    NEVER_NAMES,
    NO_NAMES,
    YOU,
    YOURS,
)
from bot.conversation.text.names import by_name, spoken
from bot.conversation.types import Person, Utterance


@dataclass(frozen=True, slots=True)
class Addressees:
    """The addressed people in order, including the character itself if it is addressed.

    If not `sure`, the rules can't tell.
    """

    order: tuple[Person, ...]
    sure: bool

    def before(self, me: Person) -> tuple[Person, ...]:
        """Return the people whose turn comes before mine: everybody, if I am not addressed (F039)."""
        ids = [person.id for person in self.order]
        return self.order[: ids.index(me.id)] if me.id in ids else self.order

    def others_only(self, me: Person) -> bool:
        """Say whether the message addresses somebody, but not me (C16)."""
        return bool(self.order) and all(person.id != me.id for person in self.order)


def addressees(heard: Utterance, people: Sequence[Person], *, me: Person) -> Addressees:
    """Return the addressees of `heard`. `people` are the other candidates, latest speaker first.

    A mention or `@name` counts anywhere, and so does my own name (F027). Another name counts where people put
    a form of address: in front, after a comma at the end, in a list with mine. Elsewhere a name only refers
    to somebody. A reply addresses the author of its target, unless it calls somebody: then it only quotes,
    but a reply to me remains mine to answer (F038, C16, C21).
    """
    others = [person for person in people if person.id not in (me.id, heard.author_id)]
    ids = {user: Person(user, ()) for user in heard.mentions}
    ids |= {person.id: person for person in (*heard.people, *people, me)}
    said = spoken(heard.said)
    reading = _Reading(me)
    names = {
        name: person for name, person in by_name(others, me=me).items() if person is me or _is_distinct(name)
    }
    for sentence in sentences(said, names, mentioned=heard.mentions, ids=ids):
        reading.read(sentence)
    order = {person.id: person for person in reading.called if person.id != heard.author_id}
    if heard.mentions_me or heard.replies_to_me or heard.replies_to == me.id:
        order.setdefault(me.id, me)
    elif not order and heard.replies_to is not None and heard.replies_to != heard.author_id:
        order[heard.replies_to] = ids.get(heard.replies_to, Person(heard.replies_to, ()))
    return Addressees(tuple(order.values()), not reading.doubtful)


def _is_distinct(name: str) -> bool:
    """Say whether a name differs from ordinary words: a member called "yes" or "1" has to be mentioned."""
    return name not in NO_NAMES and any(map(str.isalpha, name))


class _Verdict(Enum):
    CALLED = auto()
    TOPIC = auto()
    DOUBT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """The position of a name, or of a list of names, in its sentence.

    `first` and `last` skip openers and fillers, `before` and `behind` are up to two tokens, nearest first,
    `beside` is the verdict on the names right before its comma. `word` says that the name is also an ordinary
    word, `personal` that the sentence asks or says "you".
    """

    first: bool
    last: bool
    before: Sequence[Token]
    behind: Sequence[Token]
    beside: _Verdict | None
    word: bool
    personal: bool
    others_called: bool

    @property
    def after_pause(self) -> bool:
        return (
            bool(self.before) and self.before[0].kind is TokenKind.PAUSE and self.before[0].text not in ":;"
        )

    @property
    def before_pause(self) -> bool:
        return bool(self.behind) and self.behind[0].kind is TokenKind.PAUSE


# Each function checks one way of addressing somebody; the first verdict counts.


def _alone(at: _Standing) -> _Verdict | None:
    return _Verdict.CALLED if at.first and at.last else None


def _in_front(at: _Standing) -> _Verdict | None:
    if not at.first:
        return None
    if at.before_pause:
        return _Verdict.CALLED
    if at.word:
        return _Verdict.DOUBT
    if at.before and at.before[0].among(GREETINGS):
        return _Verdict.CALLED
    return _by_what_follows(at)


def _asked_for(at: _Standing) -> _Verdict | None:
    """Recognise "what about Alice" and "and you, Alice"."""
    words = [token for token in at.before if token.kind is TokenKind.WORD]
    if len(words) < 2 or not (
        (words[0].text == "about" and words[1].text in ("what", "how"))
        or (words[0].among(YOU) and words[1].among(AND))
    ):
        return None
    return _Verdict.DOUBT if at.word and not at.last else _Verdict.CALLED


def _at_the_end(at: _Standing) -> _Verdict | None:
    if not at.last:
        return None
    if at.after_pause:
        return _Verdict.DOUBT if at.beside not in (None, _Verdict.CALLED) else _Verdict.CALLED
    if at.word:
        return _Verdict.TOPIC
    if at.before and at.before[0].among(YOU):
        return _Verdict.CALLED
    return _Verdict.DOUBT if at.personal and not at.others_called else _Verdict.TOPIC


def _between_commas(at: _Standing) -> _Verdict | None:
    if not (at.after_pause and at.before_pause):
        return None
    if at.beside or at.word:
        return at.beside or _Verdict.TOPIC
    return _Verdict.CALLED if at.personal else _Verdict.DOUBT


def _behind_a_comma(at: _Standing) -> _Verdict | None:
    clear = at.after_pause and not at.word and at.beside is not _Verdict.TOPIC
    return _Verdict.CALLED if clear and _by_what_follows(at) is _Verdict.CALLED else None


def _by_what_follows(at: _Standing) -> _Verdict:
    """Tell "Alice can you come" and "Alice look" from "Alice can come" and "Alice looks tired"."""
    if not at.behind or at.behind[0].kind is not TokenKind.WORD:
        return _Verdict.TOPIC
    word, further = at.behind[0], at.behind[1:]
    if word.among(AUXILIARIES):
        if further and further[0].among(YOU | ME):
            return _Verdict.CALLED
        unclear = at.personal and further and further[0].among(NEVER_NAMES)
        return _Verdict.DOUBT if unclear else _Verdict.TOPIC
    if word.among(YOU | YOURS | ASKING | DEMANDS):
        return _Verdict.CALLED
    of_a_list = word.among(AND) and further and further[0].among(NO_NAMES)
    told = word.text.endswith(("s", "ed")) and not word.among(NO_NAMES)
    return _Verdict.TOPIC if of_a_list or told else _Verdict.DOUBT


_WAYS = (_alone, _in_front, _asked_for, _at_the_end, _between_commas, _behind_a_comma)


@dataclass(slots=True)
class _Reading:
    """The findings so far, while sentences are read one after the other."""

    me: Person
    called: list[Person] = field(default_factory=list)
    doubtful: bool = False

    def read(self, sentence: Sentence) -> None:
        tokens = sentence.tokens
        first, last = edges(tokens)
        personal = sentence.question or any(token.among(YOU | YOURS) for token in tokens)
        beside: tuple[int, _Verdict] | None = None
        for start, end in lists(tokens):
            names = tokens[start:end]
            verdict = _verdict(
                names,
                _Standing(
                    first=start <= first,
                    last=end >= last,
                    before=tokens[max(start - 2, 0) : start][::-1],
                    behind=tokens[end : end + 2],
                    beside=beside[1] if beside and beside[0] == start - 1 else None,
                    word=end == start + 1 and (names[0].text in NAMES_AND_WORDS or len(names[0].text) == 1),
                    personal=personal,
                    others_called=bool(self.called),
                ),
            )
            self._note(sentence, names, verdict)
            beside = (end, verdict)
        if not sentence.quoted:
            stranger = _stranger_in_front(tokens, first)
            stranger = stranger or (personal and _stranger_at_the_end(tokens, last))
            self.doubtful = self.doubtful or stranger

    def _note(self, sentence: Sentence, names: list[Token], verdict: _Verdict) -> None:
        """Add the people whom these names call: everybody in the list, if my name is in it."""
        called = verdict is _Verdict.CALLED or any(token.person == self.me for token in names)
        for token in names:
            mine = token.explicit or token.person == self.me
            if token.person and (mine or (called and not token.owner and not sentence.quoted)):
                self.called.append(token.person)
            elif verdict is _Verdict.DOUBT and not sentence.quoted:
                self.doubtful = True


def _verdict(names: list[Token], at: _Standing) -> _Verdict:
    if names[-1].owner:
        return _Verdict.TOPIC
    return next((verdict for way in _WAYS if (verdict := way(at))), _Verdict.TOPIC)


def _stranger_in_front(tokens: list[Token], first: int) -> bool:
    """Say whether a word stands in a name's position, as in "Kira, come", "hey Kira" and "Kira and Pixel,
    come".
    """
    if first == len(tokens) or not _like_a_name(tokens[first]):
        return False
    behind = tokens[first + 1 : first + 3]
    paused = bool(behind) and behind[0].kind is TokenKind.PAUSE
    hailed = first > 0 and tokens[first - 1].among(HAILS) and (paused or not behind)
    listed = len(behind) == 2 and behind[0].among(AND) and behind[1].kind is TokenKind.NAME
    return hailed or listed or (paused and behind[0].text in ",:，、：")


def _stranger_at_the_end(tokens: list[Token], last: int) -> bool:
    """Say whether a word stands in a name's position, as in "what do you think, Kira?"."""
    return last >= 4 and tokens[last - 2].text == "," and _like_a_name(tokens[last - 1])


def _like_a_name(token: Token) -> bool:
    letters = token.kind is TokenKind.WORD and token.text.isalpha() and len(token.text) > 1
    return letters and not token.among(NO_NAMES) and not token.text.endswith("ly")
