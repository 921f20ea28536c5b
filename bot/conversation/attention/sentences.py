"""Parser of a message into sentences of words, signs and people's names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import regex

from bot.conversation.attention.words import AND, FILLERS, OPENERS
from bot.conversation.text.names import found
from bot.conversation.types import Person

_MENTION = regex.compile(r"<@!?(?P<user>\d{1,20})>|<@&(?P<role>\d{1,20})>")
_OWNED = regex.compile(r"'[^\W_]++")
_PIECE = regex.compile(
    r"(?<!\S)(?:<3|[:;=][-']?[dpo03sx()/\\|*<>\[\]])++(?!\S)|"  # a smiley, which doesn't end a sentence
    r"(?P<quote>(?m:^)>(?:>>)?(?=[^\S\n]))|"
    r"(?P<word>[^\W_](?:[^\W_]|\p{M}|'(?=[^\W_]))*+)|"
    r"(?P<stop>(?:[!?…。！？\n]|\.(?![^\W_]))++)|"
    r"(?P<pause>[,;:，、：；—–]|(?<!\S)-++(?!\S)|--++)|"
    r"(?P<link>[&+/])"
)


class TokenKind(Enum):
    """The kind of a token; a link is "&" and the like, between two names."""

    NAME = auto()
    WORD = auto()
    PAUSE = auto()
    LINK = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign or a name: `explicit` with an @, `owner` with an 's."""

    kind: TokenKind
    text: str
    person: Person | None = None
    explicit: bool = False
    owner: bool = False

    def among(self, words: frozenset[str]) -> bool:
        """Say whether the token is one of `words`, or a short form of one, as in "what's"."""
        return self.kind is TokenKind.WORD and (self.text in words or self.text.partition("'")[0] in words)


_Span = tuple[int, int, Token]


@dataclass(slots=True)
class Sentence:
    """The tokens up to the next full stop; flags for a question mark and for a quotation."""

    tokens: list[Token] = field(default_factory=list)
    question: bool = False
    quoted: bool = False


def sentences(
    said: str, names: Mapping[str, Person], *, mentioned: Sequence[int], ids: Mapping[int, Person]
) -> Iterator[Sentence]:
    """Yield the sentences of a message; lines after a ">" are quotations.

    A token refers to a person by one of the folded `names`, or by a mention, whose id is looked up in `ids`.
    `mentioned` are all the ids that Discord lists for the message, in the order of its mentions.
    """
    sentence, quote = Sentence(), ""
    for kind, text, name in _pieces(said, _spans(said, _mentions(said, mentioned, ids), names)):
        if kind == "stop":
            sentence.question = "?" in text or "？" in text
            yield sentence
            quote = "" if "\n" in text and quote != ">>>" else quote
            sentence = Sentence(quoted=bool(quote))
        elif kind == "quote":
            quote, sentence.quoted = quote or text, True
        else:
            sentence.tokens.append(name or Token(TokenKind[kind.upper()], text))
    yield sentence


def _pieces(said: str, names: list[_Span]) -> Iterator[tuple[str, str, Token | None]]:
    reached = 0
    for start, end, name in (*names, (len(said), len(said), None)):
        for match in _PIECE.finditer(said, reached, start):
            if match.lastgroup:
                yield match.lastgroup, match[0], None
        if name and name.person:
            yield "name", name.text, name
        reached = end


def _mentions(said: str, in_order: Sequence[int], ids: Mapping[int, Person]) -> list[_Span]:
    """Return every mention. A bot's own role stands for the bot, whose id is then in `in_order`."""
    matches = list(_MENTION.finditer(said))
    users = {int(match["user"]) for match in matches if match["user"]}
    roles = dict.fromkeys(match["role"] for match in matches if match["role"])
    bots = dict(zip(roles, (user for user in in_order if user not in users), strict=False))
    spans = []
    for match in matches:
        user = int(match["user"]) if match["user"] else bots.get(match["role"], 0)
        spans.append((*match.span(), Token(TokenKind.NAME, "", ids.get(user), explicit=True)))
    return spans


def _spans(said: str, mentions: list[_Span], names: Mapping[str, Person]) -> list[_Span]:
    """Return every mention and every name, in order."""
    spans = list(mentions)
    for start, end, name in found(said, names):
        owned = _OWNED.match(said, end)
        at = said[start - 1 : start] == "@"
        token = Token(TokenKind.NAME, name, names[name], explicit=at, owner=bool(owned))
        spans.append((start, owned.end() if owned else end, token))
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda span: span[0]):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def edges(tokens: list[Token]) -> tuple[int, int]:
    """Return the index after a sentence's openers, and the index where its fillers begin."""
    first, last = 0, len(tokens)
    while first < last and (tokens[first].kind is TokenKind.PAUSE or tokens[first].among(OPENERS)):
        first += 1
    while last > first and (tokens[last - 1].kind is TokenKind.PAUSE or tokens[last - 1].among(FILLERS)):
        last -= 1
    return first, last


def lists(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield start and end index of each name, or of each list of names joined by "and" or the like."""
    end = 0
    for start, token in enumerate(tokens):
        if token.kind is TokenKind.NAME and start >= end:
            end = start + 1
            while further := _joined(tokens, end):
                end = further
            yield start, end


def _joined(tokens: list[Token], end: int) -> int:
    """Return the end of the list including its next name, or 0 if no name follows."""
    linked = False
    for place, token in enumerate(tokens[end : end + 4], start=end):
        if token.kind is TokenKind.NAME:
            return place + 1 if linked or place == end else 0
        if token.kind is TokenKind.LINK or token.among(AND):
            linked = True
        elif token.text != ",":
            return 0
    return 0
