"""What was left open in a talk: a question that nobody answered, something that was still to come (C83)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import regex

RECENT = 4
"""So many of the last lines are what is being talked about now: nothing earlier."""
ANSWERED_WITHIN = 3
"""Lines behind a question in which it may have been answered."""
SHORTEST, LONGEST = 15, 300
"""Letters of a line worth coming back to: shorter ones say too little, longer ones are no single topic."""

_TO_COME = regex.compile(
    r"\b(?:tomorrow|tonight|next (?:week|month|time)|this (?:evening|weekend)|later today|soon|"
    r"going to|gonna|i['’]ll|about to|planning to|hoping to|waiting for|exam|interview|appointment|"
    r"morgen|heute abend|nächste (?:woche|mal)|bald|werde|vorhabe|prüfung|termin|"
    r"demain|ce soir|la semaine prochaine|bientôt|je vais|examen|entretien|"
    r"mañana|esta noche|la próxima semana|pronto|voy a|entrevista)\b",
    regex.IGNORECASE,
)
_QUESTION = regex.compile(r"[?？]\s*$")
_NOT_TALK = regex.compile(r"https?://|```|^\s*[/!.]\w")


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a talk: where it stands, who said it, 0 for the character itself."""

    place: int
    person_id: int
    text: str


def open_topic(talk: Sequence[Said], people: Collection[int], *, done: Collection[int] = ()) -> Said | None:
    """Return the latest earlier line of some people that was left open; none of those `done`, by place."""
    earlier = range(len(talk) - RECENT - 1, -1, -1)
    for number in earlier:
        said = talk[number]
        if said.person_id in people and said.place not in done and _is_open(talk, number):
            return said
    return None


def _is_open(talk: Sequence[Said], number: int) -> bool:
    text = talk[number].text.strip()
    if not SHORTEST <= len(text) <= LONGEST or _NOT_TALK.search(text):
        return False
    if not _QUESTION.search(text):
        return _TO_COME.search(text) is not None
    asker = talk[number].person_id
    behind = talk[number + 1 : number + 1 + ANSWERED_WITHIN]
    return all(one.person_id == asker for one in behind)
