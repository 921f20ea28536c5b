"""What somebody does when they say something, told from signs in the words, without a question.

One persona to another: `interaction_of`. A person to a persona: `tone_of`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import regex

from personas.relations import sign_words as words
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone
from personas.selection.mentions import spoken

THRESHOLD = 0.6
"""What weighs less than this tells nothing."""

_MOST_LETTERS = 600


@dataclass(frozen=True, slots=True)
class PersonaLine:
    """What a persona said to another, whose names became "you", and what the other had said before it."""

    text: str
    raw: str
    before: str


@dataclass(frozen=True, slots=True)
class DealingSign:
    """One reason to read a line as a kind: what it weighs, and whether it is there."""

    kind: Interaction
    weight: float
    found: Callable[[PersonaLine], bool]


def _pattern(alternatives: str) -> str:
    spelt = "|".join(one for part in alternatives.split(";") if (one := " ".join(part.split())))
    return f"(?:{spelt})"


_STANDS_FOR = {
    "GOOD": _pattern(words.GOOD),
    "BAD": _pattern(words.BAD),
    "ARE": "(?:'re|'ve been| are| is| were| was| have been| looks?| sounds?| seems?)",
    "SUCH": "(?:(?:such an?|absolute|utter|total|complete|little|old|big|great|poor) )*+",
}


def _filled(alternatives: str) -> str:
    marks = "|".join(_STANDS_FOR)
    return regex.sub(marks, lambda found: _STANDS_FOR[found[0]], _pattern(alternatives))


@cache
def _compiled(before: str, alternatives: str) -> regex.Pattern[str]:
    """Return a pattern of many words. They take a fifth of a second together, so no start waits for them."""
    return regex.compile(rf"{before}{_filled(alternatives)}(?!\w)")


def _says(alternatives: str) -> Callable[[PersonaLine], bool]:
    return lambda line: _compiled(r"(?<!\w)", alternatives).search(line.text) is not None


def _begins(alternatives: str) -> Callable[[PersonaLine], bool]:
    """It begins with one of them, or has only an "oh" or the other's name before."""
    before = r"(?:oh|well|ah|hm+|you|and|\W)*+"
    return lambda line: _compiled(before, alternatives).match(line.text) is not None


_LAUGH = regex.compile(
    r"(?<!\w)(?:l+o+l|lmao|rofl|b?a?(?:ha){2,}h?|he(?:he)+|heh|jk|kidding|teas(?:e|es|ing))(?!\w)|[;:]-?[p)](?!\w)|"
    r"[😂🤣😏😉😜😝😄😆😹🙃]|\*[^*]*(?:grin|smirk|wink|chuckl|snicker|laugh|giggl|tongue)[^*]*\*"
)
_harsh = _says(words.BAD)
_against = _says("wrong; no; not; never; don't; nonsense; stop; liar; lies?")


def _laughs(line: PersonaLine) -> bool:
    return _LAUGH.search(line.text) is not None


def _teases(line: PersonaLine) -> bool:
    """An insult with a laugh is none."""
    return _laughs(line) and _harsh(line)


def _shouts(line: PersonaLine) -> bool:
    """It is loud and it is against something."""
    loud = "!!" in line.raw or sum(word.isupper() and len(word) > 2 for word in line.raw.split()) > 1
    return loud and _against(line) and not _laughs(line)


def _asks(line: PersonaLine) -> bool:
    return "?" in line.text


def _ends_asking(line: PersonaLine) -> bool:
    return line.text.rstrip(" *_\"'”").endswith("?")


def _was_asked(line: PersonaLine) -> bool:
    return "?" in line.before and not _ends_asking(line)


_I = Interaction
# Where two kinds weigh the same, the one that stands higher wins.
SIGNS: tuple[DealingSign, ...] = (
    # Outweighs all that may be said beside it.
    DealingSign(_I.ARGUMENT, 2.6, _says(words.HEATED)),
    DealingSign(_I.ARGUMENT, 3.0, _shouts),
    DealingSign(_I.ARGUMENT, 1.2, _says(words.IMPATIENT)),
    DealingSign(_I.INSULT, 2.5, _says(words.SCORN)),
    # A hard word alone may be about anything.
    DealingSign(_I.INSULT, 0.5, _harsh),
    # "Better than you" is a challenge more than praise or scorn.
    DealingSign(_I.COMPETITION, 2.6, _says(words.MATCH)),
    # Above a question, which it often is as well: "shall we?"
    DealingSign(_I.COLLABORATION, 2.2, _says(words.JOINT)),
    DealingSign(_I.COMPLIMENT, 2.1, _says(words.PRAISE)),
    DealingSign(_I.COMPLIMENT, 0.9, _says(words.KINDNESS)),
    DealingSign(_I.BANTER, 2.0, _laughs),
    # Together with the laugh it outweighs what would be scorn without.
    DealingSign(_I.BANTER, 2.5, _teases),
    DealingSign(_I.BANTER, 2.2, _says(words.PLAY)),
    # Calmly against what was said; a mere "no" at the beginning may be the answer to a question.
    DealingSign(_I.DISAGREEMENT, 2.0, _says(words.AGAINST)),
    DealingSign(_I.DISAGREEMENT, 1.0, _begins(words.AGAINST_FIRST)),
    DealingSign(_I.AGREEMENT, 2.0, _says(words.WITH)),
    DealingSign(_I.AGREEMENT, 1.0, _begins(words.WITH_FIRST)),
    DealingSign(_I.ANSWER, 1.6, _was_asked),
    DealingSign(_I.ANSWER, 1.6, _begins(words.ANSWERING_FIRST)),
    DealingSign(_I.ANSWER, 0.8, _says(words.ANSWERING)),
    # A question says least: much else is put as one.
    DealingSign(_I.QUESTION, 1.1, _ends_asking),
    DealingSign(_I.QUESTION, 0.6, _asks),
    DealingSign(_I.QUESTION, 0.7, _says(words.ASKING)),
)


def interaction_of(text: str, other_names: Iterable[str], *, before: str = "") -> Interaction:
    """Return what a persona did with `text`, which it said to another one that goes by `other_names`.

    `before` is what the other one said last: what follows a question is mostly its answer. English
    words decide; where none of them tells, as with every second line that nobody had in mind, it is
    OTHER, which changes nothing. Costs no question.
    """
    line = PersonaLine(_to_you(spoken(text[:_MOST_LETTERS]), other_names), text[:_MOST_LETTERS], before)
    weights = dict.fromkeys((sign.kind for sign in SIGNS), 0.0)
    for sign in SIGNS:
        weights[sign.kind] += sign.weight * sign.found(line)
    kind = max(weights, key=lambda one: weights[one])
    return kind if weights[kind] >= THRESHOLD else Interaction.OTHER


def _to_you(said: str, names: Iterable[str]) -> str:
    """Return what was said with "you" for each name: told of or told to, it is about the other one."""
    known = sorted({name for one in names if (name := spoken(one).strip())}, key=len, reverse=True)
    if not known:
        return said
    spelt = "|".join(map(regex.escape, known))
    return regex.sub(rf"(?<!\w)(?:{spelt})(?!\w)", "you", said)


# What a person does.


@dataclass(frozen=True, slots=True)
class ToneReading:
    """A tone, and whether the words leave no doubt: where they do, a small model may be asked."""

    tone: Tone
    sure: bool = True


@cache
def _words(alternatives: str) -> regex.Pattern[str]:
    whole = alternatives.replace("|\n", "|").replace("INTENSE", words.INTENSE)
    spelt = "|".join(filter(None, (" ".join(one.split()) for one in whole.split(";"))))
    return regex.compile(rf"(?<!\w)(?:{spelt})(?!\w)")


_TONES_BY_SIGN = (
    (Tone.APOLOGY, words.SORRY),
    (Tone.CONFIDING, words.CONFIDES),
    (Tone.CONFLICT, words.ATTACK),
    (Tone.CONFLICT, words.THREATENS),
    (Tone.PRAISE, words.PRAISE_OF_YOU),
)
_BY_KIND = {
    Interaction.COMPLIMENT: Tone.PRAISE,
    Interaction.INSULT: Tone.CONFLICT,
    Interaction.ARGUMENT: Tone.CONFLICT,
    Interaction.BANTER: Tone.BANTER,
}


def tone_of(text: str, names: tuple[str, ...] = ()) -> ToneReading:
    """Return what somebody did with `text`, said to a character that goes by `names`.

    Costs no question. English words decide, with the commonest thanks and apologies of some other languages;
    what none of them tells is TALK. It is not sure where the words point in two directions, or are turned
    round by a "not".
    """
    said = spoken(text[:_MOST_LETTERS])
    found = _tones(said, text, names)
    if not found:
        return ToneReading(Tone.TALK)
    opposed = Tone.CONFLICT in found and len(found) > 1
    turned = bool(found & {Tone.PRAISE, Tone.CONFLICT}) and _words(words.TURNED).search(said) is not None
    # Hard words with a laugh are teasing, among those who know each other.
    first = Tone.BANTER if found == _TEASING else next(tone for tone in _ORDER if tone in found)
    first = _how_hostile(said, names) if first is Tone.CONFLICT else first
    return ToneReading(Tone.TALK if turned and not opposed else first, sure=not (opposed or turned))


_TEASING = {Tone.CONFLICT, Tone.BANTER}
_ORDER = (Tone.APOLOGY, Tone.CONFLICT, Tone.GRATITUDE, Tone.CONFIDING, Tone.PRAISE, Tone.BANTER)


def _tones(said: str, text: str, names: tuple[str, ...]) -> set[Tone]:
    found: set[Tone] = set()
    if _words(words.THANKS).search(said) and not _words(words.NO_THANKS).search(said):
        found.add(Tone.GRATITUDE)
    found |= {tone for tone, sign in _TONES_BY_SIGN if _words(sign).search(said)}
    by_kind = _BY_KIND.get(interaction_of(text, names))
    # What is told of a friend who was mean, or apologised for, is no quarrel with the character.
    if by_kind is not None and not (by_kind is Tone.CONFLICT and found & {Tone.CONFIDING, Tone.APOLOGY}):
        found.add(by_kind)
    return found


def _how_hostile(said: str, names: tuple[str, ...]) -> Tone:
    """Return the class of what is unkind: rude words are milder than an insult, a threat is worse (F133)."""
    if _words(words.THREATENS).search(said):
        return Tone.THREAT
    milder = _words(words.RUDE).sub("", said)
    insults = _words(words.ATTACK).search(milder) or interaction_of(milder, names) is Interaction.INSULT
    return Tone.CONFLICT if insults else Tone.RUDENESS


# How formal words are.


_FORMAL = regex.compile(
    r"\b(?:sir|madam|ma'am|would you|could you (?:please|kindly)|kindly|i would|i should like|please|may i|"
    r"dear \w+|regards|sincerely|good (?:morning|evening|afternoon|day)|pardon|excuse me)\b",
    regex.IGNORECASE,
)
_CASUAL = regex.compile(
    r"\b(?:lol|lmao|rofl|bro|bruh|dude|gonna|wanna|gotta|ya|yo|u|ur|r|ppl|pls|plz|thx|idk|imo|tbh|omg|wtf|nah|"
    r"yeah|yep|sup|hey+|haha+|ain't|kinda)\b|[a-z]([a-z])\1{2,}",
    regex.IGNORECASE,
)


def register_of(text: str) -> int:
    """Return how formal words are, -5 to 5; 0 is neither."""
    text = text[:_MOST_LETTERS]
    formal = len(_FORMAL.findall(text))
    casual = sum(1 for _ in _CASUAL.finditer(text))
    return min(max(2 * formal - 2 * casual, -5), 5)
