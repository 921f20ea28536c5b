"""Language detection by frequent words and characteristic letters."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import repeat

import regex

ENGLISH, GERMAN, JAPANESE = "en", "de", "ja"
ENGLISH_OR_NONE = frozenset({ENGLISH, ""})
"""Undetected text is treated as English."""
LONGEST = 400
"""Characters of a text that are examined."""
_JAPANESE = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_COMMON = {
    ENGLISH: """
    the a an and of to in is it that i you he she we they was were are be been have has had do does
    did not but with for on at by from as this what which who whom whose when where why how my your
    his her our their me him them us will would can could should there about just if or so no yes
    its up out get got hey am don didn doesn isn tell""",
    "de": """
    der die das den dem des ein eine einen einem einer und oder aber nicht ist sind war waren bin
    bist hat habe haben hatte hast ich du er sie es wir ihr mich mir dich dir uns euch sich mein
    meine dein deine sein seine unser unsere zu im am in mit von für auf aus bei nach über vor wie
    was wer wo wann warum welche welcher welchem wem auch noch schon nur doch mal ja nein kein keine
    als wenn dass kann soll wird wurde so um jetzt magst macht machst guten alles gibt""",
    "fr": """
    le la les un une des du de et ou mais est sont était je tu il elle on nous vous ils elles me te
    se ce cette ces mon ma mes ton ta tes son sa ses notre votre leur que qui quoi où quand comment
    pourquoi quel quelle ne pas plus dans sur avec pour par chez au aux en ai as ont avait suis es c
    j l d qu n s t y moi toi lui si très bien déjà être fait dit ça""",
    "es": """
    el la los las un una unos unas y pero es son era fue está estoy eres soy yo tú él ella nosotros
    ellos me te se lo le les mi mis tu tus su sus nuestro nuestra que qué quién cuándo cuando dónde
    donde cómo como cuál por porque no sí con para en de del al a más muy ya también hay ha he has
    había esta este ese eso todo nada si aquí hoy ayer ahora""",
    "pt": """
    o a os as um uma uns umas e ou mas é são era foi está estou eu tu você vocês ele ela nós eles
    elas me te se lhe meu minha meus minhas teu tua seu sua nosso nossa que quem quando onde como
    qual por porque não sim com para em de do da dos das no na nos nas ao à pelo pela mais muito já
    também tem há esse essa isso este esta tudo nada hoje ontem agora gente pra tá num numa""",
}
_VOTES: dict[str, dict[str, int]] = {}
for _language, _words in _COMMON.items():
    for _word in set(_words.split()):
        _VOTES.setdefault(_word, {})[_language] = 0
for _votes in _VOTES.values():
    for _language in _votes:  # the fewer languages share a word, the more it counts
        _votes[_language] = 6 // len(_votes)
_MOST_VOTES = (1 << 24) - 1
_PLACES = range(0, 24 * len(_COMMON), 24)
_BALLOTS = {
    word: sum(votes.get(language, 0) << place for language, place in zip(_COMMON, _PLACES, strict=True))
    for word, votes in _VOTES.items()
}
"""Each word's votes packed into one integer, which makes counting hundreds of texts fast: see `_ahead`."""
MORE_ELSEWHERE = frozenset(
    word for word, votes in _VOTES.items() if max(votes.values()) > votes.get(ENGLISH, 0)
)
"""Words that favour another language over English: a text without any is English or undetected."""
_LETTERS = (
    (regex.compile("[äöß]"), {"de": 6}),
    (regex.compile("[ãõ]|ç[ãõ]"), {"pt": 6}),
    (regex.compile("[ñ¿¡]"), {"es": 6}),
    (regex.compile("[èœêâîûù]|ç[^ãõ]"), {"fr": 6}),
)
"""Letters that nearly identify one of these languages."""


@lru_cache(1_024)
def language_of(text: str) -> str:
    """Return the code of the text's language, or "" if it can't be detected."""
    begun = text[:LONGEST].casefold()
    if _JAPANESE.search(begun):
        return JAPANESE
    votes = [letters for pattern, letters in _LETTERS if pattern.search(begun)]
    return _elected(votes + [_VOTES[word] for word in _WORD.findall(begun) if word in _VOTES])


def language_of_words(words: Collection[str]) -> str:
    """Return the language of a text given as its words: see `language_of`."""
    language = _ahead(sum(map(_BALLOTS.get, words, repeat(0))))
    return _elected([_VOTES[word] for word in words if word in _VOTES]) if language is None else language


@lru_cache(1 << 14)
def _ahead(ballots: int) -> str | None:
    """Return the language with the most votes, "" without votes, None if several are tied."""
    votes = [ballots >> place & _MOST_VOTES for place in _PLACES]
    most = max(votes)
    if not most:
        return ""
    return list(_COMMON)[votes.index(most)] if votes.count(most) == 1 else None


def _elected(votes: Iterable[Mapping[str, int]]) -> str:
    sums: dict[str, int] = {}
    for vote in votes:
        for language, weight in vote.items():
            sums[language] = sums.get(language, 0) + weight
    return max(sums, key=sums.__getitem__) if sums else ""
