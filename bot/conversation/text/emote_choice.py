"""Choice of a server's emotes that fit the conversation and the mood, by their names (F050)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.conversation.attention.scene import words_of
from bot.prompts import fill
from personas.character import Character

MOST_OFFERED = 10
FEWEST_OFFERED = 3
"""The minimum number of emotes offered: the rest are ones for feelings, which fit somewhere."""
LOOKED_AT = 4
"""The number of latest lines whose tone counts; the newest counts twice."""
_MOST_WORDS = 200
_OFTEN = ("hardly ever", "sparingly", "freely")
_USUALLY = {"few": 1, "many": 2}

_PART = regex.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_TONES = {
    tone: tuple(stems.split())
    for tone, stems in {
        "mirth": "laugh lol lul lmao rofl kek joy haha hehe xd funny giggl",
        "joy": "happy smile grin glad yay fun jam dance danc party parti cheer celebrat excit",
        "grief": "sad cry sob tear lonely hurt miss sorry depress grief",
        "anger": "angry anger rage mad furious hate grr annoy",
        "love": "love heart hug kiss cuddl blush adore pat uwu dear cute",
        "awe": "wow shock pog omg amaz surpris gasp whoa incredibl",
        "doubt": "think thonk thought hmm ponder confus huh wonder why suspicious sus",
        "praise": "yes nice good gg clap win won congrat thumb great thank proud bravo salute",
        "refusal": "nope nah bad facepalm cringe yikes",
        "fear": "fear scare scary afraid panic monka nervous worri sweat",
        "sleep": "sleep tired zzz bed night yawn nap",
        "greeting": "hello hey wave bye morning welcome greet",
        "animal": "cat kitty kitten pet meow paw nya dog puppy bunny fox",
        "food": "food eat hungry coffee tea cake pizza cookie yum snack",
        "heat": "fire flame lit hot burn",
    }.items()
}
_FACES = {
    "joy": regex.compile(r"(?<!\S)[:;=]-?[)D]"),
    "grief": regex.compile(r"(?<!\S)[:;=]['-]?\("),
    "love": regex.compile(r"<3"),
}


@dataclass(frozen=True, slots=True)
class Leaning:
    """Tones that a mood prefers and avoids; `often` changes the frequency by steps."""

    seeks: frozenset[str]
    shuns: frozenset[str]
    often: int

    @classmethod
    def of(cls, seeks: str, shuns: str, often: int = 0) -> "Leaning":
        return cls(frozenset(seeks.split()), frozenset(shuns.split()), often)


_ANGRY = Leaning.of("anger refusal", "mirth joy love praise", -1)
_SAD = Leaning.of("grief sleep", "mirth joy heat", -1)
_GLAD = Leaning.of("mirth joy love praise", "anger grief refusal", 1)
LEANINGS = {
    "anger": _ANGRY,
    "stressed": _ANGRY,
    "sadness": _SAD,
    "melancholic": _SAD,
    "joy": _GLAD,
    "bright": _GLAD,
    "energy": Leaning.of("joy awe heat", "sleep", 1),
    "energized": Leaning.of("joy awe heat", "sleep", 1),
    "calm": Leaning.of("love", "anger heat"),
    "sleepy": Leaning.of("sleep", "heat"),
}
"""By the name of a mood, or of the day's strongest mood."""


def fitting(names: Iterable[str], talk: Sequence[str], moods: Collection[str] = ()) -> list[str]:
    """Return the emotes that fit the last lines of `talk`, ten at most, the best first.

    Emotes that contradict a mood are excluded. If fewer than three fit, other expressive ones follow.
    """
    said = _heard(talk)
    shunned = {tone for mood in moods for tone in LEANINGS[mood].shuns}
    sought = {tone for mood in moods for tone in LEANINGS[mood].seeks} - shunned
    known = [name for name in dict.fromkeys(names) if _suits(_tones_of_name(name), sought, shunned)]
    scores = {name: _score(name, said) + 2 * len(_tones_of_name(name) & sought) for name in known}
    ranked = sorted(known, key=lambda name: (-scores[name], not _tones_of_name(name), name))
    fit = [name for name in ranked if scores[name]]
    others = [name for name in ranked if not scores[name] and _tones_of_name(name)]
    return (fit + others[: max(FEWEST_OFFERED - len(fit), 0)])[:MOST_OFFERED]


def emote_note(
    names: Iterable[str], talk: Sequence[str], character: Character, moods: Collection[str] = ()
) -> str:
    """Return the prompt's note about the emotes of a place that fit; "" for none."""
    known = tuple(names)
    offered = fitting(known, talk, moods) if known and character.emotes != "none" else []
    if not offered:
        return ""
    steps = [LEANINGS[mood].often for mood in moods]
    often = _USUALLY[character.emotes] + (min(steps, default=0) or max(steps, default=0))
    often = min(often, len(_OFTEN) - 1)
    return fill("emotes", names=" ".join(offered), first=offered[0], often=_OFTEN[often])


def _suits(tones: Collection[str], sought: Collection[str], shunned: Collection[str]) -> bool:
    return any(tone in sought for tone in tones) or not any(tone in shunned for tone in tones)


def _heard(talk: Sequence[str]) -> list[tuple[int, set[str], set[str]]]:
    """Return the weight, the words and the tones of each of the last lines."""
    lines = talk[-LOOKED_AT:]
    heard = []
    for number, line in enumerate(lines, 1):
        words = words_of(line, _MOST_WORDS)
        tones = _tones_of_words(words) | {tone for tone, face in _FACES.items() if face.search(line)}
        singular = {word.rstrip("s") for word in words}
        heard.append((2 if number == len(lines) else 1, singular | set(words), tones))
    return heard


def _score(name: str, heard: Iterable[tuple[int, set[str], set[str]]]) -> int:
    parts, tones = set(_parts(name)), _tones_of_name(name)
    return sum(weight * (3 * len(parts & words) + 2 * len(tones & told)) for weight, words, told in heard)


@lru_cache(maxsize=4096)
def _parts(name: str) -> tuple[str, ...]:
    """Return the words in a name, such as "party" and "cat" of partyCat_2; no single letters."""
    return tuple(dict.fromkeys(part.lower() for part in _PART.findall(name) if len(part) > 1))


@lru_cache(maxsize=4096)
def _tones_of_name(name: str) -> frozenset[str]:
    """Return the tones of a name; people write its words together: catjam, pepelaugh."""
    return frozenset(
        tone
        for tone, stems in _TONES.items()
        if any(_shows(part, stem) for part in _parts(name) for stem in stems)
    )


def _shows(part: str, stem: str) -> bool:
    return part.startswith(stem) or part.endswith(stem) or (len(stem) > 3 and stem in part)


def _tones_of_words(words: Iterable[str]) -> set[str]:
    return {tone for word in set(words) for tone in _tones_of_word(word)}


@lru_cache(maxsize=4096)
def _tones_of_word(word: str) -> tuple[str, ...]:
    """Return the tones of a word; a short one must match entirely, or "category" would be a cat."""
    return tuple(
        tone
        for tone, stems in _TONES.items()
        if any(word in (stem, f"{stem}s") or (len(stem) > 3 and word.startswith(stem)) for stem in stems)
    )
