"""The prompt of the rehearsal voice, sized for a very small model.

It has a few lines about the character, its samples as turns, and people's words without labels. Such a model
would copy the rules, notes and labels of a full prompt into its answer.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby, pairwise
from random import Random

from bot.conversation.attention.scene import words_of
from bot.conversation.prompt import BEGINNING, is_tender
from bot.conversation.text.clean import sentence_ends
from bot.conversation.text.emotes import named
from bot.conversation.text.names import speaker_label
from bot.conversation.types import Line, Recollection, Utterance, Wish
from bot.llm.types import Block, Message, Prompt
from bot.prompts import fill
from personas.character import Character
from personas.macros import Macros, expand

VOICE_LINES, CRUMBS, SAMPLES = 5, 5, 8
LONGEST_LINE, LONGEST_SAMPLE, WORDS = 200, 300, 25
ALIKE = 0.6
"""The share of common words from which a question counts as that of a sample."""
HELPDESK = (
    "how can i help",
    "how may i help",
    "how can i assist",
    "how may i assist",
    "what can i assist",
    "what can i help",
    "what can i do for you",
    "here to help",
    "here to assist",
    "my purpose is to",
    "i'm sorry, but i can't",
    "i am sorry, but i",
    "i apologize",
    "designed to help",
    "designed to assist",
    "can't assist",
    "cannot assist",
    "enough information",
    "provide more context",
    "feel free to ask",
    "is there anything else",
    "feel free to share",
    "if you need anything",
    "let me know",
    "glad i could help",
    "thanks for reaching out",
    "what would you like to talk about",
)
"""Phrases that such a model falls back to, whomever it plays."""
SOMEBODY = "you"

_HEADING = re.compile(r"^[ \t]{0,3}(?:#{1,6}[ \t]+(\S.*)|\*\*([^*\n]+)\*\*:?)$", re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)")
_OF_THE_VOICE = re.compile(
    r"\b(?:voice|speak\w*|speech|talk\w*|style|tone|manners?|sounds?)\b", re.IGNORECASE
)
_PASSED_OVER = re.compile(
    r"\b(?:rules?|lines you hold|limits|hold to|getting to know|looks?|appearance|samples?|examples?|decide|"
    r"would rather not)\b",
    re.IGNORECASE,
)
_SAMPLE = re.compile(
    r"^[^\w\n]*To [‘'\"“](?P<heard>.+?)[’'\"”] you (?:said|say|answer(?:ed)?): *(?P<said>.+)$", re.MULTILINE
)
_START = re.compile(r"^[ \t]*<START>[ \t]*$", re.MULTILINE | re.IGNORECASE)

Sample = tuple[str, str]


def rehearsal_prompt(
    character: Character,
    remembered: Recollection,
    heard: Sequence[Utterance],
    *,
    now: datetime,
    wish: Wish = Wish(),  # noqa: B008 - a value that never changes
) -> Prompt:
    """Return the rehearsal voice's prompt for a reply to `heard`; compose_prompt is the counterpart for
    Claude.

    Its beginning is the same for all places and people. It contains a note of ours only if there is no
    message to answer.
    """
    messages = [*_known(remembered, heard), *_talk(remembered.lines)]
    if not messages or messages[-1].mine:
        messages.append(_message(" ".join((*wish.remarks, wish.note)).strip() or BEGINNING))
    system = rehearsal_system(character)
    if is_tender(remembered, heard, now):
        system = (*system, Block(fill("gentle", name=character.name)))
    return Prompt(system, (*_sample_turns(character, messages[-1].blocks[0].text), *messages))


def rehearsal_beginning(character: Character) -> Prompt:
    """Return the common beginning of a character's prompts, with the shortest question after it."""
    return Prompt(rehearsal_system(character), (*_sample_turns(character), _message("hi")))


def rehearsal_system(character: Character) -> tuple[Block, ...]:
    """Return the description of the character, from its card alone."""
    return (Block(_sketch(character)),)


@lru_cache(maxsize=64)
def on_guard(character: Character) -> Character:
    """Return a character with the assistant's phrases among its forbidden ones."""
    return character.model_copy(update={"forbidden_phrases": (*character.forbidden_phrases, *HELPDESK)})


def not_read_out(character: Character, heard: str) -> tuple[str, ...]:
    """Return the samples that don't answer a line; a greeting may be answered as the author did."""
    return tuple(said for _, said in samples_of(character)) if len(words_of(heard, 2)) > 1 else ()


def brief(text: str) -> str:
    """Return the first sentences of the first line: after them it rambles, or speaks for others."""
    if "```" in text:
        return text
    line = text.partition("\n")[0]
    ends = [*sentence_ends(line), len(line)]
    fitting = [end for end in ends if len(line[:end].split()) <= WORDS]
    return line[: max(fitting, default=ends[0])].rstrip()


@lru_cache(maxsize=64)
def samples_of(character: Character) -> tuple[Sample, ...]:
    """Return the card's exchanges: a line and the character's answer."""
    told = [(match["heard"], match["said"]) for match in _SAMPLE.finditer(character.core_prompt)]
    found = [*told, *_exchanges(character)]
    fitting = [
        sample for sample in found if all(text.strip() and len(text) <= LONGEST_SAMPLE for text in sample)
    ]
    return tuple(dict.fromkeys(fitting))[:SAMPLES]


def _exchanges(character: Character) -> Iterator[Sample]:
    """Yield the exchanges in a card's samples: somebody's line, and the character's directly after it."""
    macros = Macros(char=character.name, user=SOMEBODY, seed=character.slug)
    text = expand(character.examples, macros, rng=Random(character.slug))
    speaker = re.compile(rf"^({re.escape(character.name)}|{SOMEBODY}):\s*", re.MULTILINE | re.IGNORECASE)
    for block in _START.split(text):
        _, *parts = speaker.split(block)
        said = [(parts[i].casefold() == SOMEBODY, parts[i + 1].strip()) for i in range(0, len(parts), 2)]
        for (theirs, line), (others, answer) in pairwise(said):
            if theirs and not others:
                yield line, answer


@lru_cache(maxsize=64)
def _sketch(character: Character) -> str:
    """Return a character in a few lines: its nature, its way of talking, and details of its life."""
    voice, crumbs = list[str](), list[str]()
    about, *sections = _sections(_SAMPLE.sub("", character.core_prompt))
    for heading, lines in sections:
        if _OF_THE_VOICE.search(heading.partition("(")[0]):
            voice += lines
        elif not _PASSED_OVER.search(heading):
            crumbs += lines
    intro = " ".join(about[1][:3]) or f"You are {character.name}. {character.description}".strip()
    if not sections:
        crumbs = about[1][3:]
    return fill(
        "rehearsal",
        name=character.name,
        intro=intro,
        voice=_listed(f"How {character.name} talks:", voice[:VOICE_LINES]),
        crumbs=_listed(f"About {character.name}:", crumbs[:CRUMBS]),
    )


def _listed(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, *(f"- {line}" for line in lines)]) if lines else ""


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading of a prompt with the lines below it; the first has none."""
    heading, begin = "", 0
    for match in _HEADING.finditer(text):
        yield heading, list(_lines(text[begin : match.start()]))
        heading, begin = match[1] or match[2], match.end()
    yield heading, list(_lines(text[begin:]))


def _lines(text: str) -> Iterator[str]:
    """Yield the items of a list, or the sentences of a paragraph, without long ones."""
    for line in filter(None, map(str.strip, text.splitlines())):
        item = _BULLET.sub("", line)
        if item != line and len(item) <= LONGEST_LINE:
            yield item
        elif item != line:
            yield next(_sentences(item))
        else:
            yield from _sentences(line)


def _sentences(text: str) -> Iterator[str]:
    begin = 0
    for end in [*sentence_ends(text), len(text)]:
        if piece := text[begin:end].strip():
            yield piece[:LONGEST_LINE]
        begin = end


def _sample_turns(character: Character, asked: str = "") -> Iterator[Message]:
    """Yield the samples as turns, except for one that answers `asked`: the model would recite it.

    The most frequent questions are short, such as greetings: these samples stand last, so that the text
    before them is constant, and cached.
    """
    for heard, said in sorted(samples_of(character), key=lambda sample: -len(sample[0])):
        if not _alike(heard, asked):
            yield _message(heard)
            yield _message(said, mine=True)


def _alike(first: str, other: str) -> bool:
    """Say whether two lines ask the same. A single word, such as a greeting, asks nothing."""
    words = [set(words_of(text)) for text in (first, other)]
    return len(words[1]) > 1 and len(words[0] & words[1]) > ALIKE * len(words[0] | words[1])


def _known(remembered: Recollection, heard: Sequence[Utterance]) -> Iterator[Message]:
    """Yield the facts about the addressee as a statement of theirs, before the conversation."""
    labels = {speaker_label(message.author_name, message.author_id) for message in heard}
    people = [
        knowledge for knowledge in (*remembered.head.known, *remembered.fresh) if knowledge.speaker in labels
    ]
    known = [text for knowledge in people for _, text in knowledge.memories]
    if known:
        yield _message("Something to keep in mind about me: " + "; ".join(known))
        yield _message("Noted.", mine=True)


def _talk(lines: Sequence[Line]) -> Iterator[Message]:
    """Yield the transcript as turns; speakers are named only if there are several."""
    several = len({line.speaker for line in lines if not line.mine}) > 1
    for number, (mine, run) in enumerate(groupby(lines, key=lambda line: line.mine)):
        if mine and not number:
            yield _message(BEGINNING)
        yield _message("\n".join(_said(line, several=several) for line in run), mine=mine)


def _said(line: Line, *, several: bool) -> str:
    text = named(line.text)
    if line.mine or not several:
        return text
    return f"{line.speaker.partition('#')[0]}: {' '.join(text.splitlines())}"


def _message(text: str, *, mine: bool = False) -> Message:
    return Message(mine=mine, blocks=(Block(text),))
