"""What somebody asks in plain words to be remembered: "remember that I ..." (C56, F078), by rules."""

import re
from collections.abc import Sequence

LONGEST = 500
_QUOTED = re.compile(r"(?m)^[ \t]*>[^\n]*|```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_MANNERS = r"(?:please|pls|ok|okay|hey|hi|hello|and|also|so|bitte|por favor|s'il te plaît|<@!?\d+>)[\s,]++"
_MOST_MANNERS = 8
"""So many words may stand before the wish; each line is looked through for that many and no more."""
_BEGINS = r"(?:(?:^|[.!?])\s*+|\n[^\S\n]*+)"
"""Where a sentence begins; a run of blank lines is gone over once, and not from each of them."""
_ASKS = (
    r"(?:(?:(?:always |please )?remember|don['’]?t (?:ever )?forget|never forget|keep in mind|note|save)"
    r"(?: this)?"
    r"|merk(?:e)? dir(?: bitte)?|vergiss nicht|souviens-toi|n['’]oublie pas|retiens|recuerda|no olvides)"
)
_SAYS = (
    r"(?:[,\s]+(?:that|dass|que|qu['’])\s*"
    r"(?=(?:i|i['’]\w+|my|me|we|our|ich|mein\w*|mir|wir|unser\w*|je|j['’]\w+|m[aoe]n?s?|nous|notre"
    r"|yo|mis?|me|nosotr[oa]s|soy|tengo|vivo)\b)"
    r"|\s*:\s*)"
)
_BY_ID = re.compile(r"<[^<>\s]{1,80}>")
_END = re.compile(r"\n|[.!?]+(?:\s|$)")


def remembered_in(text: str, *, names: Sequence[str] = ()) -> str:
    """Return what somebody asks to be remembered, in their own words; "" where they ask for nothing.

    Only a wish at the beginning of a sentence counts: "do you remember that I ..." asks something else. What
    they quote counts for nothing. `names` are those by which the character may be called before it.
    """
    said = _QUOTED.sub(lambda quoted: "\x00" * len(quoted[0]), text)
    called = "|".join([_MANNERS, *(rf"{re.escape(name)}[\s,:!]++" for name in names)])
    asks = re.compile(
        rf"{_BEGINS}(?:{called}){{0,{_MOST_MANNERS}}}{_ASKS}{_SAYS}(?P<what>\S.*)", re.IGNORECASE | re.DOTALL
    )
    found = asks.search(said)
    if found is None or "\x00" in _END.split(found["what"])[0]:
        return ""
    return _END.split(found["what"])[0].strip(" ,;:")[:LONGEST]


def stands_in(words: str, line: str) -> bool:
    """Say whether somebody's words still stand in a line as it is kept.

    Letters and digits count alone, and not what is named by id: a line has the names of people and emoji.
    """
    letters, place = _letters(line), 0
    for piece in map(_letters, _BY_ID.split(words)):
        found = letters.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
