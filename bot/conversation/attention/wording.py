"""Whether a line asks something or is small talk, by its words alone: marks and spaces of all scripts."""

from itertools import islice

import regex

from bot.conversation.attention.words import LEAD_INS, OPEN_A_QUESTION, THROWN_IN

# A mark inside a link is none: something goes on right behind it. The semicolon is Greek's.
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
    """Say whether `text` has a question mark of any script, or the word that stands for one."""
    return _QUESTION.search(text) is not None


def words_of(text: str, most: int | None = None) -> list[str]:
    """Return the first `most` words of `text`, casefolded; scripts without spaces come in threes."""
    plain = text.casefold().replace("’", "'")
    return [word[0] for word in islice(_WORD.finditer(plain), most)]


def plainly(text: str) -> str:
    """Return `text` without the letters that draw a word out, as in "nooo"."""
    return _DRAWN_OUT.sub(r"\1", text)


def begins_as_question(text: str) -> bool:
    """Say whether its first word, or the first behind one that leads in, is one that asks."""
    return next((word for word in words_of(text, 4) if word not in LEAD_INS), "") in OPEN_A_QUESTION


def is_small_talk(text: str) -> bool:
    """Say whether it has no words at all, only one, or up to three that everybody throws in."""
    said = words_of(_PICTURE.sub(" ", text), 4)
    return len(said) < 2 or (len(said) < 4 and THROWN_IN.issuperset(said))
