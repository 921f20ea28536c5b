"""Output of findings: text for people, or one JSON object."""

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby

from bot.cli.doctor.finding import Finding, Level

WIDEST = 100
NARROWEST = 20
_HEADINGS = {
    "settings": "Settings",
    "character": "Character",
    "data": "Data",
    "senses": "Senses",
    "claude": "Claude",
    "discord": "Discord",
}
_SIGNS: Mapping[Level, str] = {"ok": "✓", "notice": "!", "problem": "✗", "skipped": "–"}
_COLOURS: Mapping[Level, str] = {"ok": "32", "notice": "33", "problem": "31", "skipped": "2"}
_ASCII = str.maketrans({"✓": "+", "✗": "x", "–": "-", "→": ">", "…": "...", "·": "-"})
# Names from Discord and server responses could move the cursor or reverse the text.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_ALL_GOOD = "All good. Start it with: python main.py"


def is_ok(findings: Iterable[Finding]) -> bool:
    """Return whether the bot can run: notices and skipped checks don't prevent it."""
    return all(finding.level != "problem" for finding in findings)


def clean(finding: Finding, *, secrets: Iterable[str]) -> Finding:
    """Return the finding on one line, with all secrets removed, wherever its text comes from."""
    sentence, mend = finding.sentence, finding.mend
    for secret in filter(None, secrets):
        sentence, mend = sentence.replace(secret, "…"), mend.replace(secret, "…")
    return replace(finding, sentence=_CONTROLS.sub(" ", sentence), mend=_CONTROLS.sub(" ", mend))


def as_json(findings: Sequence[Finding]) -> str:
    """Return {"ok": ..., "findings": [{"check", "level", "sentence", "mend"}, ...]}."""
    written = {"ok": is_ok(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(written, ensure_ascii=True, indent=2)


def as_text(findings: Sequence[Finding], *, width: int | None, colour: bool) -> str:
    """Return the findings in groups, wrapped at `width`; one line each if it is None."""
    lines: list[str] = []
    for group, members in groupby(findings, key=lambda finding: finding.group):
        lines += [_HEADINGS.get(group, group), *(_entry(one, width, colour) for one in members), ""]
    return "\n".join([*lines, _wrapped(_summary(findings), "", "", width)])


def show(text: str) -> None:
    """Print a text, in ASCII if standard output can't encode it."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(text: str, *, then: str = "") -> None:
    """Print a text wrapped at the terminal's width; `then` prefixes continuation lines."""
    width = terminal_width()
    lines = (_CONTROLS.sub(" ", line) for line in text.split("\n"))
    show("\n".join(_wrapped(line, "", then, width) for line in lines))


def terminal_width() -> int | None:
    """Return the terminal's width in columns; None for a file or a pipe."""
    if not sys.stdout.isatty():
        return None
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def _entry(finding: Finding, width: int | None, colour: bool) -> str:
    sign = _SIGNS[finding.level]
    shown = f"\x1b[{_COLOURS[finding.level]}m{sign}\x1b[0m" if colour else sign
    mend = f"→ {finding.mend}" if finding.mend else ""
    if width is None:
        return " ".join(part for part in (f"  {shown}", finding.sentence, mend) if part)
    text = _wrapped(finding.sentence, f"  {sign} ", "    ", width).replace(sign, shown, 1)
    return f"{text}\n{_wrapped(mend, '    ', '      ', width)}" if mend else text


def _wrapped(text: str, first: str, then: str, width: int | None) -> str:
    if width is None:
        return first + text
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,  # a broken address can't be opened
        break_on_hyphens=False,
    )


def _summary(findings: Sequence[Finding]) -> str:
    counts = {level: sum(finding.level == level for finding in findings) for level in _SIGNS}
    if not counts["problem"] and not counts["skipped"]:
        return _ALL_GOOD
    parts = [
        f"{counts[level]} {words[counts[level] > 1]}" for level, words in _COUNTED.items() if counts[level]
    ]
    return ("" if counts["problem"] else "No problem found: ") + ", ".join(parts) + "."


_COUNTED: Mapping[Level, tuple[str, str]] = {
    "problem": ("problem", "problems"),
    "notice": ("notice", "notices"),
    "skipped": ("not checked", "not checked"),
}
