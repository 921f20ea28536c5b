"""The memory map as SVG, with all text escaped (F083, C66)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from memory.map.chart import Chart, Dot, Group, Mark, chart, freshness, radius
from memory.map.labels import LINE, SIZE, SPACED, Label, lettered
from memory.map.lettering import FAMILY, clean, shortened
from memory.map.spreading import Box

WIDTH, HEIGHT = 1200, 800
"""Size of the picture in its own units, which are pixels at scale 1."""
MAP = Box(24, 112, 976, 748)
"""Area for dots and their labels."""
GROUND, WORDS, QUIET = "#15161c", "#e9eaf0", "#9a9db0"
_LEGEND, _LEGEND_END = 1010.0, 1168.0
_AGES = (0, 7, 30, 60)
"""Ages in days in the legend."""


def _counted(shown: int, total: int) -> str:
    return f"{f'{shown} of ' if shown < total else ''}{total} {'memory' if total == 1 else 'memories'}"


def _ago(days: int) -> str:
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts of a picture besides the memories; another language supplies other values."""

    nothing: str = "Nothing yet"
    empty: str = "There is nothing to show yet: memories will stand here as they come."
    head: str = "{count} · {near} · big and bright = mentioned lately · ring = kept for good"
    by_meaning: str = "near together = near in meaning, tags pull together"
    by_tag: str = "together = same tag"
    mentioned: str = "last mentioned {ago}"
    kept: str = "kept for good"
    tags: str = "Tags"
    ages: str = "Last mentioned"
    ages_ago: tuple[str, ...] = ("today", "a week ago", "a month ago", "two months ago")
    labelled: str = "{labelled} of {count} labelled; hover a dot (the .svg in a browser) for the rest"
    vectors: str = "vectors"
    grouped: str = "grouped by tag"
    counted: Callable[[int, int], str] = _counted
    ago: Callable[[int], str] = _ago
    tag: Callable[[str], str] = str


IN_ENGLISH = Wording()


def memory_map(
    dots: Sequence[Dot],
    *,
    title: str,
    now: datetime,
    model: str | None = None,
    hint: str = "",
    wording: Wording = IN_ENGLISH,
) -> str:
    """Return the SVG of the memory map: colour by tag, size by recency, a ring around permanent memories.

    `model` names the embedding model; `hint` is a final remark, such as how to forget a memory. The output
    does not depend on the order of the memories.
    """
    drawn = chart(dots, now=now, area=MAP)
    headings, labels = lettered(drawn, MAP, named=wording.tag)
    body = [
        *_head(drawn, title, wording),
        *(_ground(group) for group in drawn.groups),
        *(_mark(mark, now, wording) for mark in sorted(drawn.marks, key=lambda mark: -mark.radius)),
        *(_heading(label) for label in headings),
        *(line for label in labels for line in _lines(label)),
        *_legend(drawn, wording),
        _foot(drawn, len(labels), now, model, hint, wording),
    ]
    return "\n".join([*_opening(title), *body, "</svg>\n"])


def _opening(title: str) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f"viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"'{FAMILY}', 'Source Sans 3', sans-serif\" "
        f'font-size="{SIZE:g}" fill="{WORDS}" role="img">'
    )
    yield f"<title>{_safe(title, 200)}</title>"
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{GROUND}"/>'


def _safe(text: str, longest: int) -> str:
    return escape(clean(text, longest))


def _text(x: float, y: float, words: str, **attributes: object) -> str:
    """Return a text element; `words` must be clean and is escaped here."""
    extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(words)}</text>'


def _head(drawn: Chart, title: str, wording: Wording) -> Iterator[str]:
    name = shortened(clean(title, 200), 40, WIDTH - 80, bold=True)
    yield _text(40, 58, name, font_size=40, font_weight=700)
    if not drawn.marks:
        yield _text(40, 92, _clean(wording.nothing), font_size=19, fill=QUIET)
        yield _text(
            WIDTH / 2,
            HEIGHT / 2,
            _clean(wording.empty),
            font_size=26,
            fill=QUIET,
            text_anchor="middle",
        )
        return
    near = wording.by_meaning if drawn.by_meaning else wording.by_tag
    words = wording.head.format(count=wording.counted(len(drawn.marks), drawn.total), near=near)
    words = shortened(_clean(words), 19, WIDTH - 80)
    yield _text(40, 92, words, font_size=19, fill=QUIET)


def _ground(group: Group) -> str:
    """Return a soft shape behind a group: curves through the midpoints between the corners."""
    corners = group.outline
    middles = [(corner + corners[number - 1]) / 2 for number, corner in enumerate(corners)]
    start = middles[0]
    curves = "".join(
        f"Q{_pair(corner)} {_pair(middles[number + 1 - len(middles)])}"
        for number, corner in enumerate(corners)
    )
    return (
        f'<path d="M{_pair(start)}{curves}Z" fill="{group.colour}" fill-opacity="0.1" '
        f'stroke="{group.colour}" stroke-opacity="0.22"/>'
    )


def _pair(point: complex) -> str:
    return f"{point.real:.1f},{point.imag:.1f}"


def _mark(mark: Mark, now: datetime, wording: Wording) -> str:
    place = f'cx="{mark.centre.real:.1f}" cy="{mark.centre.imag:.1f}"'
    days = max((now - mark.at).days, 0)
    about = [wording.tag(mark.tag), wording.mentioned.format(ago=wording.ago(days))]
    about += [wording.kept] if mark.kept else []
    words = f"{escape(mark.text)}\n{escape(_clean(' · '.join(map(str, about))))}"
    ring = (
        f'<circle class="ring" {place} r="{mark.reach - 1:.1f}" fill="none" stroke="#fff" stroke-width="2"/>'
    )
    return (
        f'<g class="memory"><title>{words}</title>'
        f'<circle class="dot" {place} r="{mark.radius:.2f}" fill="{mark.colour}" '
        f'fill-opacity="{_brightness(mark.freshness):.2f}"/>{ring if mark.kept else ""}</g>'
    )


def _brightness(fresh: float) -> float:
    return 0.5 + 0.5 * fresh


def _heading(label: Label) -> str:
    return _text(
        label.x,
        label.box.top + label.size * 0.84 + 2,
        label.lines[0],
        font_size=f"{label.size:g}",
        font_weight=700,
        letter_spacing=f"{label.size * SPACED:.2f}",
        text_anchor="middle",
        fill=label.colour,
    )


def _lines(label: Label) -> Iterator[str]:
    if label.leader:
        start, end = label.leader
        yield (
            f'<path d="M{_pair(start)}L{_pair(end)}" fill="none" stroke="{label.colour}" '
            'stroke-opacity="0.75" stroke-width="1.3"/>'
        )
    for number, line in enumerate(label.lines):
        base = label.box.top + LINE * number + SIZE * 0.9
        yield _text(label.x, base, line, text_anchor=label.anchor, fill=tinted(label.colour))


def tinted(colour: str) -> str:
    """Return the label's text colour, mixed with a fourth of the dot's colour."""
    pairs = [(int(WORDS[at : at + 2], 16), int(colour[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(0.75 * base + 0.25 * tint):02x}" for base, tint in pairs)


def _legend(drawn: Chart, wording: Wording) -> Iterator[str]:
    if not drawn.marks:
        return
    yield _text(_LEGEND, 142, _clean(wording.tags), font_weight=700, font_size=19)
    y = 142.0
    for tag in drawn.tags:
        y += 29
        yield f'<circle cx="{_LEGEND + 10}" cy="{y - 6:.1f}" r="8" fill="{tag.colour}"/>'
        yield _text(_LEGEND + 28, y, shortened(_clean(wording.tag(tag.name)), 18, 100), font_size=18)
        yield _text(_LEGEND_END, y, f"{tag.count}", font_size=18, fill=QUIET, text_anchor="end")
    y += 48
    yield _text(_LEGEND, y, _clean(wording.ages), font_weight=700, font_size=19)
    y += 6
    for words, days in zip(wording.ages_ago, _AGES, strict=True):
        y += 38
        age = timedelta(days=days)
        yield (
            f'<circle cx="{_LEGEND + 16}" cy="{y - 6:.1f}" r="{radius(age, drawn.scale):.1f}" fill="#d9dbe6" '
            f'fill-opacity="{_brightness(freshness(age)):.2f}"/>'
        )
        yield _text(_LEGEND + 44, y, _clean(words), font_size=18)


def _foot(drawn: Chart, labelled: int, now: datetime, model: str | None, hint: str, wording: Wording) -> str:
    said = []
    if labelled < len(drawn.marks):
        said.append(wording.labelled.format(labelled=labelled, count=len(drawn.marks)))
    if drawn.marks:
        by_meaning = f"{clean(str(model or wording.vectors), 60)}, t-SNE"
        said.append(by_meaning if drawn.by_meaning else str(wording.grouped))
    said += [f"{now:%Y-%m-%d}", clean(hint, 120) if drawn.marks else ""]
    words = shortened(_clean(" · ".join(part for part in said if part)), 16, WIDTH - 80)
    return _text(40, HEIGHT - 20, words, font_size=16, fill=QUIET)


def _clean(words: str) -> str:
    return clean(str(words), 400)
