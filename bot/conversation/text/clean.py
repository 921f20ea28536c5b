"""Cleanup of a model's output: no labels, no words of others, no torn end, no machine's talk."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import regex

from bot.conversation.text.names import SPEAKER, clean_text, is_blank

_TAG = r"(?:#\d{6})?"
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "「": "」", "『": "』"}
_CLOSERS = r"[\"'”’»」』)\]*_~|]{0,6}+"
# A full stop after a list's number or a title ends no sentence.
_NOT_AN_END = r"(?<!(?:^|\n)[ \t>]{0,8}\d{1,3}\.|\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|e\.g|i\.e)\.)"
_SENTENCE_END = regex.compile(rf"(?:[.!?…]++{_NOT_AN_END}{_CLOSERS}(?=\s|$)|[。！？]++{_CLOSERS})")
_LINE_END = regex.compile(r"\S(?=[ \t]*\n)")
_FENCE = "```"


def tidy(reply_text: str, own_names: Iterable[str], *, labels: Iterable[str] = ()) -> str:
    """Return the character's words in `reply_text`, or "" without any.

    A leading `Name:` and quotes around the whole are removed; the reply ends where it begins to speak for
    somebody else. `labels` are the transcript's: if the reply uses one as a name, only the name is kept.
    """
    names = {label: label.partition("#")[0] for label in labels}
    own, others = _spelt(tuple(own_names)), _spelt(tuple(names.values()))
    text = clean_text(reply_text).strip()
    for _ in range(3):
        text = others.leading.sub("", own.leading.sub("", text, count=1).strip(), count=1)
        text = _unquoted(text.strip())
    text = _own_words(text, own.folded)
    for label, name in names.items():
        text = text.replace(label, name)
    return "" if is_blank(text) else text.strip()


def decided(text: str, own_names: Iterable[str], *, labels: Iterable[str] = ()) -> str:
    """Return the longest beginning of a partial reply whose `tidy` form can't change any more.

    A name may become a label, and a quotation may turn out to be the whole reply.
    """
    labels = tuple(labels)
    before, _, last = text.rpartition("\n")
    if any(label.casefold().startswith(last.casefold()) for label in labels):
        return decided(before, own_names, labels=labels) if before else ""
    own, others = _spelt(tuple(own_names)), _spelt(tuple(label.partition("#")[0] for label in labels))
    rest = text
    for _ in range(3):
        if own.may_lead(rest) or others.may_lead(rest):
            return ""
        rest = others.leading.sub("", own.leading.sub("", rest, count=1).strip(), count=1).strip()
        closing, inner = _QUOTES.get(rest[:1]), rest[1:-1]
        if closing and rest[0] not in inner and closing not in inner:
            return ""
    return text


def trim_to_sentence(text: str) -> str:
    """Return a truncated reply with the best possible ending (C5).

    It ends with its last whole sentence or line if that leaves a third of it, else with its last whole word
    and "…". A truncated code block is closed after its last whole line.
    """
    text = text.rstrip().rstrip("\ufffd\u200d")
    if text.count(_FENCE) % 2:
        return _trim_code(text)
    if is_blank(text):
        return ""
    end = max((match.end() for match in _ends(text)), default=0)
    return text[:end] if end * 3 >= len(text) else _trim_to_word(text)


def sentence_ends(text: str) -> list[int]:
    """Return the positions where a sentence or a line of `text` ends, in order; also within code."""
    return sorted({match.end() for match in _ends(text)})


class _Spelt:
    """Patterns of labels with certain names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.folded = frozenset(name.casefold() for name in names)
        name = "|".join(map(regex.escape, sorted(names, key=len, reverse=True)))
        name = rf"(?:{name}){_TAG}" if names else r"(?!)"
        self.leading = regex.compile(
            rf"^(?:(?P<mark>[*_]{{1,3}}){name}(?: ?:(?P=mark)|(?P=mark) ?:)|\[{name}\] ?:?|"
            # ":3" and ":)" after a name are a face.
            rf"{name}(?::(?![0-9()/\\|<>])| :(?=\s|$)))\s*",
            regex.IGNORECASE | regex.FULLCASE,
        )

    def may_lead(self, text: str) -> bool:
        """Say whether a text may become one that begins with a name."""
        found = self.leading.match(text, partial=True)
        return found is not None and found.partial


@lru_cache(maxsize=64)
def _spelt(names: tuple[str, ...]) -> _Spelt:
    return _Spelt(tuple(name for name in names if name.strip()))


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    wrapped = len(text) > 1 and text[-1] == closing and text[0] not in inner and closing not in inner
    return inner.strip() if wrapped else text


def _own_words(text: str, own_names: frozenset[str]) -> str:
    """Return the lines up to the first that speaks for another; code may hold any line."""
    kept, in_code = [], False
    for line in text.split("\n"):
        speaker = None if in_code else SPEAKER.match(line)
        if speaker and speaker["name"].casefold() not in own_names:
            break
        kept.append(line[speaker.end() :].lstrip() if speaker else line)
        in_code ^= bool(line.count(_FENCE) % 2)
    return "\n".join(kept)


def _ends(text: str) -> Iterable[regex.Match[str]]:
    yield from _SENTENCE_END.finditer(text)
    yield from _LINE_END.finditer(text)


def _trim_code(text: str) -> str:
    before, _, code = text.rpartition(_FENCE)
    language, _, lines = code.partition("\n")
    whole, _, _ = lines.rpartition("\n")
    if is_blank(whole):
        return trim_to_sentence(before)
    return f"{before}{_FENCE}{language}\n{whole}\n{_FENCE}\n…"


def _trim_to_word(text: str) -> str:
    words = text.rsplit(maxsplit=1)
    kept = words[0] if len(words) == 2 and len(words[0]) * 2 >= len(text) else text
    return f"{kept.rstrip(' ,;:–—-')}…"


# Common phrases of a language model about itself, out of place for a character.

_A = r"['’ʼ＇]?"
_AM = rf"\bI(?:{_A}m|\s+am)\s+"
_ONLY = r"(?:just|only|merely|simply|but)\s+"
_FEELINGS = r"(?:feelings|emotions|opinions|beliefs|experiences|preferences|views)"
_MODEL = r"(?:large\s+)?language\s+model"
_THING = (
    r"(?:(?:mere|simple|helpful|text-based)\s+)?(?:(?:AI|A\.I\.|artificial\s+intelligence)(?:[\s-]+(?:powered|based))?"
    rf"(?:\s+(?:{_MODEL}|assistant|model|chat\s?bot|bot|system|program|companion|agent))?|"
    rf"{_MODEL}|LLM|chat\s?bot|(?:virtual|digital)\s+assistant)"
)
# "As an AI researcher" is somebody else: the phrase must be followed by a pause, or by the first person.
_GOING_ON = (
    r"(?=\s*(?:[^\w\s'’-]|$)|\s+(?:I|my|me|we|you|it|there|this|and|so|but|who|that|with|without|by|"
    r"can|cannot|created|made|trained|developed|built|designed)\b|\s+I['’])"
)
_NOT_OF_OTHERS = (
    r"(?<!\b(?:sold|known|described|marketed|advertised|billed|branded|labell?ed|listed|credited|posing|"
    r"poses|posed|disguised|dressed|works?|worked|itself|himself|herself|themselves)\s+)"
)
_MADE_BY = r"(?:made|trained|created|developed|built)\s+by\s+(?:Anthropic|OpenAI)\b"
_ENGLISH = (
    rf"{_NOT_OF_OTHERS}\bas\s+(?:{_ONLY})?an?\s+{_THING}(?:\s+character)?{_GOING_ON}",
    rf"{_AM}{_ONLY}an?\s+{_THING}{_GOING_ON}",
    rf"{_AM}an?\s+(?:(?:AI|helpful|virtual|digital)\s+)*(?:{_MODEL}|LLM)\b",
    rf"{_AM}an?\s+(?:helpful\s+)?AI\s+(?:assistant|model|chat\s?bot)\b",
    rf"(?:{_AM}(?:an?\s+[\w -]{{1,30}}?\s+)?|\bI\s+was\s+){_MADE_BY}",
    rf"\bI\s+(?:don{_A}t|do\s+not)\s+(?:actually\s+|really\s+)?have\s+(?:any\s+|real\s+)?personal\s+{_FEELINGS}\b",
    rf"\b(?:{_MODEL}|AI(?:\s+(?:model|assistant|chat\s?bot|system))?|LLM)s?\s+(?:like|such\s+as)\s+(?:me|myself)\b",
    r"\bmy\s+knowledge\s+cut-?\s?off\b|\bmy\s+training\s+data\s+(?:only|does|goes|ends|includes)\b",
)
_KI = r"(?:KI(?:-(?:Sprachmodell|Modell|Assistent(?:in)?))?|künstliche\s+Intelligenz|Sprachmodell)"
_IA = r"(?:IA|intelligence\s+artificielle|modèle\s+de\s+langage|assistant\s+(?:IA|virtuel))"
_IA_MODEL = r"modelo\s+de\s+(?:lenguaje|linguagem)"
_IA_ALONE = r"(?:IA|inteligencia\s+artificial|inteligência\s+artificial)(?=\s*,|\s+n[oã]o?\b)"
_OTHER = (
    rf"\bals\s+(?:eine?\s+|reine?s?\s+)*{_KI}(?=\s*[,.;:!?]|\s+(?:kann|habe|bin|darf|verfüge)\b)",
    rf"\ben\s+tant\s+qu(?:{_A}|e)\s?(?:une?\s+)?(?:simple\s+)?{_IA}\b",
    rf"\bcomo\s+(?:una?\s+|uma?\s+)?(?:{_IA_MODEL}|{_IA_ALONE})",
    r"作为(?:一个|一名|一款|个)?\s*(?:AI|人工智能|(?:大型?)?语言模型)",
    r"(?:AI|人工知能|(?:大規模)?言語モデル)(?:アシスタント)?として",
)
_TALK = regex.compile("|".join(f"(?:{phrase})" for phrase in (*_ENGLISH, *_OTHER)), regex.IGNORECASE)
_CLAUDE = regex.compile(rf"{_AM}Claude\b(?!['’]s)", regex.IGNORECASE)
HELP = regex.compile(
    r"\bemergency\s+(?:number|services?|line|room)\b|\bcrisis\s+(?:line|centre|center|text)\b|"
    r"\b(?:hotline|helpline|lifeline|samaritans|notruf|telefonseelsorge)\b|"
    r"\b(?:call|text|dial|ring)\s+(?:988|911|112|999|116\s?123)\b",
    regex.IGNORECASE,
)
"""Words that point somebody in danger to help: they are never removed."""


def machine_talk(text: str, *, named_claude: bool = False) -> Iterator[tuple[int, int]]:
    """Yield phrases in which a character speaks of itself as a model, except in quotations.

    "I am an AI character", to somebody who sincerely asks, doesn't count; nor does anything in words that
    point somebody to help.
    """
    if HELP.search(text):
        return
    for pattern in (_TALK,) if named_claude else (_TALK, _CLAUDE):
        for match in pattern.finditer(text):
            if not _quoted(text, *match.span()):
                yield match.span()


def _quoted(text: str, start: int, end: int) -> bool:
    """Say whether a quotation begins with the phrase and ends in its line."""
    closing = _QUOTES.get(text[:start][-1:])
    if closing is None:
        return False
    line = text[end:].partition("\n")[0]
    return regex.search(rf"{regex.escape(closing)}(?!\w)", line) is not None
