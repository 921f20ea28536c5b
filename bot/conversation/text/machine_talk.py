"""Talk of being a language model, where a character should be speaking: its usual turns of phrase."""

from collections.abc import Iterator

import regex

_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "「": "」", "『": "』"}
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
# "As an AI researcher" is somebody else: after the phrase comes a pause, or who speaks goes on.
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
_TALK = regex.compile("|".join(f"(?:{one})" for one in (*_ENGLISH, *_OTHER)), regex.IGNORECASE)
_CLAUDE = regex.compile(rf"{_AM}Claude\b(?!['’]s)", regex.IGNORECASE)
HELP = regex.compile(
    r"\bemergency\s+(?:number|services?|line|room)\b|\bcrisis\s+(?:line|centre|center|text)\b|"
    r"\b(?:hotline|helpline|lifeline|samaritans|notruf|telefonseelsorge)\b|"
    r"\b(?:call|text|dial|ring)\s+(?:988|911|112|999|116\s?123)\b",
    regex.IGNORECASE,
)
"""Words that show somebody in danger where help is: nothing of them is ever taken away."""


def machine_talk(text: str, *, named_claude: bool = False) -> Iterator[tuple[int, int]]:
    """Yield where a character speaks of itself as a model, unless the phrase is only quoted.

    "I am an AI character", said to somebody who sincerely asks, is none; nor is anything in words that
    show somebody where help is.
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
