"""Conversion of emotes between `:name:`, as a character writes them, and a place's own form (C39)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.conversation.text.names import is_blank
from personas.character import Character

# A shortcode stands apart from words and from other colons, unlike "10:30:15", "std::vector::x" and "a:b:c".
# Scripts without spaces between words are exempt.
_WORD = r"[^\W\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
_NAME = r"[A-Za-z0-9_+\-]{1,64}"
_CODE = r"```.*?(?:```|\Z)|(?<!`)(?:`(?!`)(?:[^`]|``(?!`))++`|``(?!`)(?:[^`]|`(?!`))++``)(?!`)"
_TOKEN = regex.compile(
    rf"(?P<left>{_CODE}|[A-Za-z][A-Za-z0-9+.\-]{{0,30}}+://[^\s<>`]*+)|"
    rf"<a?:(?P<custom>[\w~+\-]{{1,64}}):(?P<id>\d{{1,30}})>|"
    rf"(?<!{_WORD}|:)(?P<run>(?::{_NAME}:)++)(?!{_WORD})",
    regex.DOTALL,
)
_CUSTOM = regex.compile(r"<a?:([\w~]{1,64}):(\d{1,30})>")
_IN_RUN = regex.compile(rf":({_NAME}):")
# Unknown names that count as shortcodes: no face such as ":3:", no "|:---:|" of a table.
_NAME_LIKE = regex.compile(r"(?=.*[A-Za-z])\w[\w+\-]+")

_GAP = " \t"
_JOINING = regex.compile(r"[\w:<`+\-]")
"""Signs that must not become neighbours: they could form a word or a shortcode."""
_CLOSED = regex.compile(r"[.,!?;…]|:(?=\s|$)|[*_~|\"'’”)\]]+(?=[\s.,!?;:…]|$)")
_OPENING = regex.compile(r"(?<![^\s*_~|\"'“(\[])[*_~|\"'“(\[]+$")
_FEW = 9  # letters: nobody opens more than that at once
_BRACKETS = {"(": ")", "[": "]"}
_EMPTY_LINES = regex.compile(r"[ \t]*+\n*+")
_LINE_END = regex.compile(r"[ \t]*+\n?+")

_DISCORDS_OWN = {
    "clown": "clown_face",
    "cowboy": "cowboy_hat_face",
    "crazy_face": "zany_face",
    "desktop": "desktop_computer",
    "champagne_glass": "clinking_glasses",
    "face_with_symbols_over_mouth": "cursing_face",
    "frowning2": "frowning_face",
    "head_bandage": "face_with_head_bandage",
    "hugging": "hugs",
    "map": "world_map",
    "money_mouth": "money_mouth_face",
    "nerd": "nerd_face",
    "poo": "poop",
    "rolling_eyes": "roll_eyes",
    "skull_crossbones": "skull_and_crossbones",
    "slight_frown": "slightly_frowning_face",
    "slight_smile": "slightly_smiling_face",
    "smiling_face_with_3_hearts": "smiling_face_with_hearts",
    "spy": "detective",
    "thermometer_face": "face_with_thermometer",
    "thumbdown": "thumbsdown",
    "thumbup": "thumbsup",
    "tools": "hammer_and_wrench",
    "upside_down": "upside_down_face",
    "zipper_mouth": "zipper_mouth_face",
}
"""Standard emoji for which Discord uses different names."""
_FLAG = regex.compile(r"flag_([a-z])([a-z])")
_TONED = regex.compile(r"(.+)_tone([1-5])")
_REGIONAL_A, _TONE_0 = 0x1F1E6, 0x1F3FA


@dataclass(frozen=True, slots=True)
class Emotes:
    """The emotes of a place: the form of each, by its name and by its id."""

    by_name: Mapping[str, str]
    by_id: Mapping[str, str]

    @classmethod
    def of(cls, written: Mapping[str, str]) -> "Emotes":
        """Return emotes from names and their forms, such as `<:smile_cat:123>`."""
        folded: dict[str, str] = {}
        for name in sorted(written):
            folded.setdefault(name.casefold(), written[name])
        ids = {found[2]: form for form in written.values() if (found := _CUSTOM.fullmatch(form))}
        return cls({**folded, **written}, ids)

    def named(self, name: str) -> str:
        """Return the form of an emote by its exact name, else in any letter case; "" if unknown."""
        return self.by_name.get(name) or self.by_name.get(name.casefold(), "")


def dress(text: str, written: Mapping[str, str], character: Character) -> str:
    """Return a character's text in the form for a place with these emotes; "" if nothing is left.

    For a character that uses no emotes all are removed.
    """
    dressed = undress(text) if character.emotes == "none" else resolve(text, written)
    return "" if is_blank(dressed) else dressed


def resolve(text: str, written: Mapping[str, str]) -> str:
    """Return `text` with each `:name:` as the place's emote, else as the emoji of that name, else without it.

    A custom emote keeps its id only if the place has it; else the place's emote of that name replaces it, or
    it is removed. Code, links and similar text (times, faces, `a::b`) stay the same.
    """
    if ":" not in text:
        return text
    emotes = Emotes.of(written)
    return _replaced(
        text,
        lambda name: emotes.named(name) or standard_emoji(name),
        lambda name, known_id: emotes.by_id.get(known_id) or emotes.named(name),
    )


def undress(text: str) -> str:
    """Return `text` without any emote, known or not."""
    return _replaced(text, lambda _: "", lambda _name, _id: "")


def named(text: str) -> str:
    """Return `text` with every custom emote as `:name:`, the form in prompts."""
    return _CUSTOM.sub(r":\1:", text) if "<" in text else text


@lru_cache(maxsize=4096)
def standard_emoji(name: str) -> str:
    """Return the emoji of a shortcode, or "" if there is none."""
    import emoji  # takes 40 ms, and many conversations have no emotes

    def look_up(alias: str) -> str:
        code = f":{alias}:"
        found = emoji.emojize(code, language="alias")
        return "" if found == code else found

    if flag := _FLAG.fullmatch(name):
        letters = "".join(chr(_REGIONAL_A + ord(letter) - ord("a")) for letter in flag.groups())
        return letters if emoji.is_emoji(letters) else ""
    if toned := _TONED.fullmatch(name):
        found = look_up(_DISCORDS_OWN.get(toned[1], toned[1])).rstrip("\ufe0f")
        found += chr(_TONE_0 + int(toned[2]))
        return found if emoji.is_emoji(found) else ""
    # A single capital is a face, such as ":D:".
    wanted = _DISCORDS_OWN.get(name, name)
    return look_up(wanted) or (look_up(wanted.lower()) if len(name) > 1 else "")


def _replaced(text: str, of_name: Callable[[str], str], of_custom: Callable[[str, str], str]) -> str:
    if ":" not in text:
        return text
    said, at = "", 0
    for token in _TOKEN.finditer(text):
        if token.start() < at:
            continue
        said += text[at : token.start()]
        at = token.end()
        if token["left"]:
            said += token[0]
            continue
        found = of_custom(token["custom"], token["id"]) if token["custom"] else _run(token["run"], of_name)
        if found:
            said += found
        else:
            said, at = _without_gap(said, text, at)
    return said + text[at:]


def _run(run: str, of_name: Callable[[str], str]) -> str:
    """Return several adjacent shortcodes, without unknown ones."""
    found = ""
    for name in _IN_RUN.findall(run):
        found += of_name(name) or ("" if _is_name(name) else f":{name}:")
    return found


def _is_name(name: str) -> bool:
    return _NAME_LIKE.fullmatch(name) is not None or bool(standard_emoji(name))


def _without_gap(said: str, text: str, at: int) -> tuple[str, int]:
    """Return both sides of a removal before `text[at:]`, without the gap."""
    while said[-1:] in _BRACKETS and text[at : at + 1] == _BRACKETS[said[-1:]]:
        said, at = said[:-1], at + 1
    after = at
    while after < len(text) and text[after] in _GAP:
        after += 1
    kept = said.rstrip(_GAP)
    ends = after == len(text) or text[after] == "\n"
    if not kept or kept.endswith("\n"):
        return _without_line(kept, text, at) if ends else (said, after)
    if ends:
        return kept, after
    before_gap, behind_gap = kept != said, after != at
    if before_gap and (behind_gap or _CLOSED.match(text, after)):
        return kept, at
    if behind_gap and not before_gap and _OPENING.search(kept[-_FEW:]):
        return kept, after
    joins = not before_gap and not behind_gap and _JOINING.match(said[-1]) and _JOINING.match(text[at])
    return (f"{said} " if joins else said), at


def _without_line(kept: str, text: str, at: int) -> tuple[str, int]:
    """Remove a line that became empty; between paragraphs one empty line is enough."""
    lines = _EMPTY_LINES if not kept or kept.endswith("\n\n") else _LINE_END
    found = lines.match(text, at)
    assert found is not None
    return (kept.rstrip("\n") if found.end() == len(text) else kept), found.end()
