"""What a person did when they said something to a character: signs in the words, told without a question."""

from dataclasses import dataclass

import regex

from personas.relations import tone_words as words
from personas.relations.affinity import Interaction
from personas.relations.affinity_signs import interaction_of
from personas.relations.bonds import Tone
from personas.selection.mentions import spoken


@dataclass(frozen=True, slots=True)
class Reading:
    """A tone, and whether the words leave no doubt: where they do, a small model may be asked."""

    tone: Tone
    sure: bool = True


_MOST_LETTERS = 600


def _words(alternatives: str) -> regex.Pattern[str]:
    whole = alternatives.replace("|\n", "|").replace("INTENSE", words.INTENSE)
    spelt = "|".join(filter(None, (" ".join(one.split()) for one in whole.split(";"))))
    return regex.compile(rf"(?<!\w)(?:{spelt})(?!\w)")


_THANKS, _NO_THANKS = _words(words.THANKS), _words(words.NO_THANKS)
_TURNED = _words(words.TURNED)
_SIGNS = (
    (Tone.APOLOGY, _words(words.SORRY)),
    (Tone.CONFIDING, _words(words.CONFIDES)),
    (Tone.CONFLICT, _words(words.ATTACK)),
    (Tone.PRAISE, _words(words.PRAISE)),
)
_BY_KIND = {
    Interaction.COMPLIMENT: Tone.PRAISE,
    Interaction.INSULT: Tone.CONFLICT,
    Interaction.ARGUMENT: Tone.CONFLICT,
    Interaction.BANTER: Tone.BANTER,
}


def tone_of(text: str, names: tuple[str, ...] = ()) -> Reading:
    """Return what somebody did with `text`, said to a character that goes by `names`.

    Costs no question. English words decide, with the commonest thanks and apologies of some other languages;
    what none of them tells is TALK. It is not sure where the words point in two directions, or are turned
    round by a "not".
    """
    said = spoken(text[:_MOST_LETTERS])
    found = _signs(said, text, names)
    if not found:
        return Reading(Tone.TALK)
    opposed = Tone.CONFLICT in found and len(found) > 1
    turned = bool(found & {Tone.PRAISE, Tone.CONFLICT}) and _TURNED.search(said) is not None
    # Hard words with a laugh are teasing, among those who know each other.
    first = Tone.BANTER if found == _TEASING else next(tone for tone in _ORDER if tone in found)
    return Reading(Tone.TALK if turned and not opposed else first, sure=not (opposed or turned))


_TEASING = {Tone.CONFLICT, Tone.BANTER}
_ORDER = (Tone.APOLOGY, Tone.CONFLICT, Tone.GRATITUDE, Tone.CONFIDING, Tone.PRAISE, Tone.BANTER)


def _signs(said: str, text: str, names: tuple[str, ...]) -> set[Tone]:
    found: set[Tone] = set()
    if _THANKS.search(said) and not _NO_THANKS.search(said):
        found.add(Tone.GRATITUDE)
    found |= {tone for tone, sign in _SIGNS if sign.search(said)}
    by_kind = _BY_KIND.get(interaction_of(text, names))
    # What is told of a friend who was mean, or apologised for, is no quarrel with the character.
    if by_kind is not None and not (by_kind is Tone.CONFLICT and found & {Tone.CONFIDING, Tone.APOLOGY}):
        found.add(by_kind)
    return found
