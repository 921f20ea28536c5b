"""The visible part of a reply in progress: a beginning that later text can't change."""

from collections.abc import Mapping, Sequence

import regex

from bot.conversation.text.clean import decided, sentence_ends, tidy
from bot.conversation.text.emotes import dress
from bot.conversation.text.names import clean_text
from bot.conversation.types import NO_EMOTES
from personas.character import Character, names_of

_FENCE = "```"
_WORD_END = regex.compile(r"\s|(?<=(?:\A|\s)[^\s<>:@`/#\[|]*)[。！？，、]", regex.REVERSE)
_CODE = regex.compile(
    r"```.*?```|(?<!`)(?:`(?!`)(?:[^`]|``(?!`))++`|``(?!`)(?:[^`]|`(?!`))++``)(?!`)", regex.DOTALL
)
_HALF = regex.compile(r"`|\|\|(?![^`]*\|\|)|</[^<>\n]*\Z|\[[^\]\n]*\Z")
"""Signs whose meaning depends on their other half: code, a spoiler, a command, a link."""
_EMPTY_CODE = regex.compile(r"[A-Za-z0-9_+.#-]{0,32}\s*\Z")
_EVERYBODY = regex.compile(r"@(?:everyone|here)", regex.IGNORECASE)


def showable(
    text: str, character: Character, *, labels: Sequence[str] = (), emotes: Mapping[str, str] = NO_EMOTES
) -> str:
    """Return the visible part of a reply with `text` written so far; "" if there is none yet.

    It ends with a whole word, and every later result begins with it. It contains no leading name, no words of
    other speakers, and no mass mentions.
    """
    names = names_of(character)
    whole = decided(_closed(_whole_words(clean_text(text).lstrip())), names, labels=labels)
    shown = dress(tidy(whole, names, labels=labels), emotes, character)
    if called := _EVERYBODY.search(shown):
        shown = shown[: called.start()]
    return shown.rstrip()


def is_presentable(shown: str, *, after: int) -> bool:
    """Say whether the text is long enough for a first display: a whole sentence, or `after` characters."""
    return len(shown) >= after or bool(sentence_ends(shown))


def _whole_words(text: str) -> str:
    end = _WORD_END.search(text)
    return text[: end.end()].rstrip() if end else ""


def _closed(text: str) -> str:
    """Return a text up to the first incomplete sign; code in a block is shown as it comes."""
    bare = _CODE.sub(lambda code: " " * len(code[0]), text)
    before, fence, code = bare.partition(_FENCE)
    if half := _HALF.search(before):
        return text[: half.start()].rstrip()
    if fence and _EMPTY_CODE.match(code):
        return text[: len(before)].rstrip()
    return text
