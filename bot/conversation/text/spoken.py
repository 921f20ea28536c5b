"""The spoken form of a text, sentence by sentence: its words, without parts that are only for the eye."""

import regex

from bot.conversation.text.clean import sentence_ends

# The leftmost match wins: a match within another one is part of it.
_UNSPOKEN = r"""
    (?P<escaped>\\[^\w\s])
  | (?P<fence>```.*?(?:```|\Z))
  | `[^`\n]+`
  | (?P<smiley>(?<!\S)(?:[:;=8xX][-'^]?[)(DPpOo3/|]+|<3|\^\^)(?!\S))
  | \[(?P<label>[^\[\]\n]*)\]\(\S*?\)
  | <?https?://[^\s)>]+>?
  | </[^<>\n]+> | <[^<>\s]+>
  | \|\|[^\n]+?\|\|
  | (?<!\*)\*(?![*\s])(?:[^*\n]|\*\*)+(?<!\s)\*(?!\*)
  | (?P<aside>\((?:[^()\n]++|(?&aside))*+\))
  | [\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\ufe0f\u200d\u20e3]++
"""
# An incomplete match, from its start to the end of the text, that further words may complete.
_OPEN = r"""(?P<open>
    (?: `[^`\n]* | </[^<>\n]* | \[[^\]\n]* | \|\|[^\n]* | (?<!\*)\*(?![*\s])[^\n]* | \([^\n]* )\Z
)"""
_FLAGS = regex.VERBOSE | regex.DOTALL
_CLOSED = regex.compile(_UNSPOKEN, _FLAGS)
_GROWING = regex.compile(f"{_UNSPOKEN} | {_OPEN}", _FLAGS)
_LINE_SIGN = regex.compile(r"^[ \t]*(?:>{1,3}|\#{1,3}|-\#|[-*+•]|\d{1,3}[.)])[ \t]+", regex.MULTILINE)
_MARKUP = regex.compile(r"\*\*+|__+|~~|(?<!\w)_|_(?!\w)|[*\[\]`|<>{}]")


def spoken_text(text: str) -> str:
    """Return a text's words: no *actions*, (asides), spoilers, code, links, emoji, mentions or markup."""
    return " ".join(sentences(text))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in their spoken form."""
    plain = _plain(text)
    return _pieces(plain, [*sentence_ends(plain), len(plain)])


def finished_sentences(text: str) -> list[str]:
    """Return the sentences of a partial text that can't change any more."""
    whole_words = text[: max((at + 1 for at, letter in enumerate(text) if letter.isspace()), default=0)]
    opening = next((found for found in _GROWING.finditer(whole_words) if found["open"]), None)
    plain = _plain(whole_words[: opening.start()] if opening else whole_words)
    return _pieces(plain, [end for end in sentence_ends(plain) if end < len(plain)])


def _plain(text: str) -> str:
    words = _CLOSED.sub(lambda found: found["label"] or ("\n" if found["fence"] else " "), text)
    return _MARKUP.sub("", _LINE_SIGN.sub("", words))


def _pieces(plain: str, ends: list[int]) -> list[str]:
    found = (" ".join(plain[begin:end].split()) for begin, end in zip([0, *ends], ends, strict=False))
    return [sentence for sentence in found if any(letter.isalnum() for letter in sentence)]
