"""Adaptation to a person's style of writing: small letters, emoji, exclamation marks (F051, C77)."""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from bot.conversation.text.names import SPEAKER
from bot.conversation.types import Line
from bot.prompts import fill
from personas.character import Character

LINES = 5
"""The number of latest messages that show a person's style; fewer are not enough."""
SMALL_SHARE = 0.8
EXCLAMATIONS = 2
WITH_EMOJI = 2

_NOT_TYPED = regex.compile(
    r"```.*?(?:```|\Z)|(?<!`)(?P<ticks>`{1,2})(?!`)[^\n]{1,400}?(?<!`)(?P=ticks)(?!`)|(?i:https?)://\S++|"
    r"<(?:@[!&]?|\#|id:|t:|/[^<>\n]{1,100}:)[\w:-]{1,30}>|^>(?:>>)?[^\S\n][^\n]*+",
    regex.DOTALL | regex.MULTILINE,
)
_NAMED_EMOJI = r"<a?:\w{2,32}:\d{1,20}>|(?<![\w:]):[A-Za-z0-9_~+-]{2,32}:(?!\w)"
_NAMED = regex.compile(_NAMED_EMOJI)
_EMOJI = regex.compile(
    rf"{_NAMED_EMOJI}|\p{{Emoji_Presentation}}|\p{{Extended_Pictographic}}\ufe0f|[0-9\#*]\ufe0f?\u20e3|"
    # "©" and "™" are pictures to Unicode, but letters to people who type them.
    r"(?=[\u2600-\u27bf\U0001f000-\U0001faff])\p{Extended_Pictographic}"
)
# A "!" before a word is a command to some bot, and "!=" is code.
_EXCLAMATION = regex.compile(r"[!！](?![\w=])")
# Georgian has no letter case in practice.
_CASED = regex.compile(r"(?!\p{Georgian})[\p{Ll}\p{Lu}\p{Lt}]")


@dataclass(frozen=True, slots=True)
class Habits:
    """Conspicuous habits of a person's writing."""

    small_letters: bool = False
    emoji: bool = False
    exclamations: bool = False


def habits_of(texts: Sequence[str]) -> Habits:
    """Return the writing habits in the last five of `texts`; none if there are fewer.

    Code, links, mentions, quotations and labels are ignored.
    """
    typed = [_NOT_TYPED.sub(" ", SPEAKER.sub("", text)) for text in texts[-LINES:]]
    if len(typed) < LINES:
        return Habits()
    return Habits(
        small_letters=_in_small_letters(typed),
        emoji=sum(1 for text in typed if _EMOJI.search(text)) >= WITH_EMOJI,
        exclamations=sum(len(_EXCLAMATION.findall(text)) for text in typed) >= EXCLAMATIONS,
    )


def style_note(character: Character, habits: Habits) -> str:
    """Return the prompt's note about the person's style; "" if the character does not adapt to it."""
    if not character.mirror_style:
        return ""
    how = [
        "in small letters" if habits.small_letters else "",
        "with emoji" if habits.emoji and character.emotes != "none" else "",
        "with exclamation marks" if habits.exclamations else "",
    ]
    told = " and ".join(habit for habit in how if habit)
    return fill("style", how=told) if told else ""


def mirrored(character: Character, lines: Sequence[Line], speaker: str) -> str:
    """Return the note for a reply to `speaker`, given as a label of the transcript."""
    texts = [line.text for line in lines if line.speaker == speaker and not line.mine]
    return style_note(character, habits_of(texts))


def _in_small_letters(typed: Sequence[str]) -> bool:
    """Say whether somebody writes small letters even at the beginning of sentences.

    Most letters of any prose are small: the share alone tells nothing.
    """
    cased = [letters for text in typed if (letters := _CASED.findall(_NAMED.sub(" ", text)))]
    total = sum(map(len, cased))
    small = sum(letter.islower() for letters in cased for letter in letters)
    begun_small = sum(letters[0].islower() for letters in cased)
    return total > 0 and small > SMALL_SHARE * total and begun_small * 2 > len(cased)
