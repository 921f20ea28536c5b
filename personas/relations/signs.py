"""Detection of what a message does, by patterns and without a model.

From persona to persona: `interaction_of`. From person to persona: `tone_of`.
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
"""Minimum weight of a detected kind."""

_MOST_LETTERS = 600


@dataclass(frozen=True, slots=True)
class PersonaLine:
    """A persona's line to another, whose names were replaced by "you", and the other's line before it."""

    text: str
    raw: str
    before: str


@dataclass(frozen=True, slots=True)
class DealingSign:
    """A sign of a kind of interaction: its weight, and its test."""

    kind: Interaction
    weight: float
    found: Callable[[PersonaLine], bool]


def _pattern(alternatives: str) -> str:
    spelt = "|".join(spelt_part for part in alternatives.split(";") if (spelt_part := " ".join(part.split())))
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
    """Return a compiled pattern, lazily: all of them take a fifth of a second."""
    return regex.compile(rf"{before}{_filled(alternatives)}(?!\w)")


def _says(alternatives: str) -> Callable[[PersonaLine], bool]:
    return lambda line: _compiled(r"(?<!\w)", alternatives).search(line.text) is not None


def _begins(alternatives: str) -> Callable[[PersonaLine], bool]:
    """Match a line that begins with a pattern, after at most an interjection or the other's name."""
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
    """An insult with a laugh, which counts as teasing."""
    return _laughs(line) and _harsh(line)


def _shouts(line: PersonaLine) -> bool:
    """A loud line that opposes something."""
    loud = "!!" in line.raw or sum(word.isupper() and len(word) > 2 for word in line.raw.split()) > 1
    return loud and _against(line) and not _laughs(line)


def _asks(line: PersonaLine) -> bool:
    return "?" in line.text


def _ends_asking(line: PersonaLine) -> bool:
    return line.text.rstrip(" *_\"'”").endswith("?")


def _was_asked(line: PersonaLine) -> bool:
    return "?" in line.before and not _ends_asking(line)


_I = Interaction
# Of two kinds with equal weight, the earlier wins.
SIGNS: tuple[DealingSign, ...] = (
    # Outweighs everything else in a line.
    DealingSign(_I.ARGUMENT, 2.6, _says(words.HEATED)),
    DealingSign(_I.ARGUMENT, 3.0, _shouts),
    DealingSign(_I.ARGUMENT, 1.2, _says(words.IMPATIENT)),
    DealingSign(_I.INSULT, 2.5, _says(words.SCORN)),
    # A harsh word alone may be about anything.
    DealingSign(_I.INSULT, 0.5, _harsh),
    # "Better than you" is a challenge rather than praise or scorn.
    DealingSign(_I.COMPETITION, 2.6, _says(words.MATCH)),
    # Above a question, which it often is too: "shall we?"
    DealingSign(_I.COLLABORATION, 2.2, _says(words.JOINT)),
    DealingSign(_I.COMPLIMENT, 2.1, _says(words.PRAISE)),
    DealingSign(_I.COMPLIMENT, 0.9, _says(words.KINDNESS)),
    DealingSign(_I.BANTER, 2.0, _laughs),
    # With a laugh it outweighs scorn.
    DealingSign(_I.BANTER, 2.5, _teases),
    DealingSign(_I.BANTER, 2.2, _says(words.PLAY)),
    # Calm disagreement; a mere "no" at the beginning may answer a question.
    DealingSign(_I.DISAGREEMENT, 2.0, _says(words.AGAINST)),
    DealingSign(_I.DISAGREEMENT, 1.0, _begins(words.AGAINST_FIRST)),
    DealingSign(_I.AGREEMENT, 2.0, _says(words.WITH)),
    DealingSign(_I.AGREEMENT, 1.0, _begins(words.WITH_FIRST)),
    DealingSign(_I.ANSWER, 1.6, _was_asked),
    DealingSign(_I.ANSWER, 1.6, _begins(words.ANSWERING_FIRST)),
    DealingSign(_I.ANSWER, 0.8, _says(words.ANSWERING)),
    # A question weighs least: many other kinds take the form of one.
    DealingSign(_I.QUESTION, 1.1, _ends_asking),
    DealingSign(_I.QUESTION, 0.6, _asks),
    DealingSign(_I.QUESTION, 0.7, _says(words.ASKING)),
)


def interaction_of(text: str, other_names: Iterable[str], *, before: str = "") -> Interaction:
    """Return the kind of a persona's `text` to another that goes by `other_names`.

    `before` is the other's last line: the line after a question is mostly its answer. English words decide;
    without a match, as for every second line not anticipated here, the kind is OTHER, which changes nothing.
    Needs no model call.
    """
    line = PersonaLine(_to_you(spoken(text[:_MOST_LETTERS]), other_names), text[:_MOST_LETTERS], before)
    weights = dict.fromkeys((sign.kind for sign in SIGNS), 0.0)
    for sign in SIGNS:
        weights[sign.kind] += sign.weight * sign.found(line)
    kind = max(weights, key=lambda candidate: weights[candidate])
    return kind if weights[kind] >= THRESHOLD else Interaction.OTHER


def _to_you(said: str, names: Iterable[str]) -> str:
    """Replace each name by "you": lines about or to the other persona are treated alike."""
    known = sorted(
        {name for other_name in names if (name := spoken(other_name).strip())}, key=len, reverse=True
    )
    if not known:
        return said
    spelt = "|".join(map(regex.escape, known))
    return regex.sub(rf"(?<!\w)(?:{spelt})(?!\w)", "you", said)


# Tones of people.


@dataclass(frozen=True, slots=True)
class ToneReading:
    """A tone, and whether it is certain: if not, a small model may be asked."""

    tone: Tone
    sure: bool = True


@cache
def _words(alternatives: str) -> regex.Pattern[str]:
    whole = alternatives.replace("|\n", "|").replace("INTENSE", words.INTENSE)
    spelt = "|".join(filter(None, (" ".join(alternative.split()) for alternative in whole.split(";"))))
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
    """Return the tone of `text`, said to a character that goes by `names`.

    Needs no model call. English words decide, with common thanks and apologies of some other languages;
    without a match the tone is TALK. It is uncertain if the words point in two directions or are negated.
    """
    said = spoken(text[:_MOST_LETTERS])
    found = _tones(said, text, names)
    if not found:
        return ToneReading(Tone.TALK)
    opposed = Tone.CONFLICT in found and len(found) > 1
    turned = bool(found & {Tone.PRAISE, Tone.CONFLICT}) and _words(words.TURNED).search(said) is not None
    # Harsh words with a laugh are teasing among friends.
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
    # A story about a mean or apologetic friend is no quarrel with the character.
    if by_kind is not None and not (by_kind is Tone.CONFLICT and found & {Tone.CONFIDING, Tone.APOLOGY}):
        found.add(by_kind)
    return found


def _how_hostile(said: str, names: tuple[str, ...]) -> Tone:
    """Return the class of hostility: rude words are milder than an insult, a threat is worse (F133)."""
    if _words(words.THREATENS).search(said):
        return Tone.THREAT
    milder = _words(words.RUDE).sub("", said)
    insults = _words(words.ATTACK).search(milder) or interaction_of(milder, names) is Interaction.INSULT
    return Tone.CONFLICT if insults else Tone.RUDENESS


# Formality.


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
    """Return the formality of words, -5 to 5; 0 is neutral."""
    text = text[:_MOST_LETTERS]
    formal = len(_FORMAL.findall(text))
    casual = sum(1 for _ in _CASUAL.finditer(text))
    return min(max(2 * formal - 2 * casual, -5), 5)
