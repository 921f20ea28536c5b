"""The people whose remembered words an answer names or repeats: their ids are stored with it (C64)."""

from collections.abc import Collection, Iterator
from functools import lru_cache

from bot.conversation.types import Line, Recollection
from memory.echoes import called, runs
from memory.words import names_in
from memory.worth import Recalled

_runs = lru_cache(maxsize=2048)(runs)  # the same lines precede reply after reply
_called = lru_cache(maxsize=1024)(called)


def drawn_on(reply: str, remembered: Recollection) -> list[int] | None:
    """Return the people whose remembered words or names a reply uses; None for nobody.

    Words repeated from an earlier reply belong to the people whom that reply used.
    """
    said, people = runs(reply), set[int]()
    for whose, text in _texts(remembered) if said else ():
        if not said.isdisjoint(_runs(text)):
            people.update(whose)
    people.update(whose for whose, name in _names(remembered) if names_in(reply, _called(name)))
    return sorted(people) or None


def _texts(remembered: Recollection) -> Iterator[tuple[Collection[int], str]]:
    """Yield the remembered texts and their owners."""
    for said in _said(remembered):
        yield (said.drew_on if said.person_id is None else (said.person_id,)), said.text
    for known in (*remembered.head.known, *remembered.fresh):
        for _, text in known.memories:
            yield (known.person_id,), text
    for musing in remembered.stage.musings:
        yield musing.people, musing.text


def _names(remembered: Recollection) -> set[tuple[int, str]]:
    """Return the remembered people, under their names in the prompt."""
    labels = {(said.person_id, said.speaker) for said in _said(remembered) if said.person_id is not None}
    labels |= {
        (knowledge.person_id, knowledge.speaker) for knowledge in (*remembered.head.known, *remembered.fresh)
    }
    played = remembered.stage.names
    names = {(whose, label.rpartition("#")[0]) for whose, label in labels}
    return names | {(whose, played[label]) for whose, label in labels if label in played}


def _said(remembered: Recollection) -> tuple[Line | Recalled, ...]:
    return (*remembered.lines, *remembered.recalled)
