"""Chart of a character's relation to somebody: the stage, four gauges, and their changes (F089, F090)."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.core.i18n import _
from bot.pictures.days import TimeStretch
from bot.pictures.gauges import COLOURS, COURSE, ROW, Gauge, bars_begin, drawn_gauge, in_words, signed
from bot.pictures.sheet import (
    END,
    LINE,
    MARGIN,
    PLAIN,
    QUIET,
    RULE,
    SMALL,
    WITHIN,
    WORDS,
    bar,
    dated,
    dot,
    headed,
    lettering,
    named,
    opened,
    told,
)
from memory.map.lettering import clean, width, wrapped

MOST = 6
"""The maximum number of changes shown."""
_GAP = 8.0
"""The gap between the steps of the stages."""
_TEXT = MARGIN + 30
"""The left edge of the words of changes."""
WHAT_CHANGED, NOTHING = _("What changed"), _("nothing so far")
TAKEN_BACK = _("taken back · {day}", "beside a change in a picture")
STAGE_OF = _("Stage: {stage}, {number} of {most}.")
NOW, NOTHING_CHANGED = _("Now:"), _("Nothing changed so far.")
NEWEST_FIRST = _("What changed, the newest first:")
CHANGE_TAKEN_BACK = _("{change} (taken back)")


@dataclass(frozen=True, slots=True)
class GaugeChange:
    """The cause of a gauge's change, in words such as "+1 trust: you told something personal"."""

    at: datetime
    text: str
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class BondChart:
    """The data of the chart; `stage_index` counts the stages from 0, dates are those of `zone`.

    `with_reasons` says whether it shows the causes of changes.
    """

    title: str
    stage_index: int
    stages: tuple[str, ...]
    gauges: tuple[Gauge, ...]
    changes: tuple[GaugeChange, ...]
    zone: tzinfo
    with_reasons: bool = True


def bond_svg(chart: BondChart) -> str:
    """Return the chart as SVG, 720 wide: legible at half that width, too."""
    title, base = headed(_title(chart))
    stages, base = _stages(chart, base + 30)
    gauges, base = _gauges(chart, base + 40)
    changes, base = _changes(chart, base + 20)
    body = [*opened(base + 12, _title(chart), bond_text(chart)), *title, *stages, *gauges, *changes]
    return "\n".join([*body, "</svg>\n"])


def _title(chart: BondChart) -> str:
    return named(chart.title)


# The stage


def _stages(chart: BondChart, top: float) -> tuple[list[str], float]:
    """Return the stages as steps, the present one marked, and their lower edge."""
    drawn: list[str] = []
    wide = (WITHIN + _GAP) / max(len(chart.stages), 1) - _GAP
    present, lines = _present(chart), 1
    for number, stage in enumerate(chart.stages):
        left = MARGIN + number * (wide + _GAP)
        here, colour = number == present, QUIET if number < present else RULE
        drawn.append(
            bar(left, top if here else top + 4, wide, 14 if here else 6, WORDS if here else colour, 3)
        )
        words = wrapped(clean(stage, 80), SMALL, wide, bold=here)
        lines = max(lines, len(words))
        drawn += [
            lettering(left, top + 40 + LINE * row, line, colour=WORDS if here else QUIET, bold=here)
            for row, line in enumerate(words)
        ]
    return drawn, top + 40 + LINE * (lines - 1) if chart.stages else top


def _present(chart: BondChart) -> int:
    return min(max(chart.stage_index, 0), max(len(chart.stages) - 1, 0))


# The gauges


def _gauges(chart: BondChart, top: float) -> tuple[list[str], float]:
    """Return a row for each gauge: its name, bar, number, and history."""
    whole = _time(chart)
    drawn = [
        part
        for row, gauge in enumerate(chart.gauges)
        for part in drawn_gauge(gauge, row, top + ROW * (row + 0.5), whole, bars_begin(chart.gauges))
    ]
    base = top + ROW * len(chart.gauges)
    if whole:
        base += 18
        since, until = _day(whole.since, chart), _day(whole.until, chart)
        drawn.append(lettering(COURSE, base, since, colour=QUIET))
        drawn.append(lettering(END, base, until, colour=QUIET, anchor="end"))
    return drawn, base + 24


def _time(chart: BondChart) -> TimeStretch | None:
    """Return the time range of the histories; None without any event."""
    moments = [at for gauge in chart.gauges for at, _ in gauge.history]
    times = [at.astimezone(UTC) for at in [*moments, *(change.at for change in chart.changes if moments)]]
    return TimeStretch(min(times), max(times)) if len(set(times)) > 1 else None


# The changes


def _changes(chart: BondChart, top: float) -> tuple[list[str], float]:
    """Return the last changes, the newest first, and their lower edge."""
    if not chart.with_reasons:
        return [], top
    shown = latest(chart)
    drawn = [lettering(MARGIN, top + 18, str(WHAT_CHANGED), size=PLAIN, bold=True)]
    if not shown:
        return [*drawn, lettering(MARGIN, top + 54, str(NOTHING), colour=QUIET)], top + 66
    base = top + 56
    for change in shown:
        when = _when(change, chart)
        lines = _lines(change, END - _TEXT - width(when, SMALL) - 18)
        colour = QUIET if change.taken_back else WORDS
        drawn += [_sign(change, base - 7, chart), lettering(END, base, when, colour=QUIET, anchor="end")]
        drawn += [lettering(_TEXT, base + LINE * row, line, colour=colour) for row, line in enumerate(lines)]
        base += LINE * len(lines) + 11
    return drawn, base - LINE


def latest(chart: BondChart) -> list[GaugeChange]:
    """Return the changes shown, the newest first."""
    return sorted(chart.changes, key=lambda change: change.at.astimezone(UTC), reverse=True)[:MOST]


def _when(change: GaugeChange, chart: BondChart) -> str:
    day = _day(change.at, chart)
    return TAKEN_BACK.format(day=day) if change.taken_back else day


def _day(at: datetime, chart: BondChart) -> str:
    """Return a date; a month with its year, if it is another year than the chart's last one."""
    moments = [at for gauge in chart.gauges for at, _ in gauge.history]
    last = max(moment.astimezone(UTC) for moment in [*moments, *(change.at for change in chart.changes)])
    return dated(at.astimezone(chart.zone), last.astimezone(chart.zone).year)


def _lines(change: GaugeChange, most: float) -> list[str]:
    words = signed(clean(change.text, 300))
    return [words] if width(words, SMALL) <= most else wrapped(words, SMALL, most)


def _sign(change: GaugeChange, y: float, chart: BondChart) -> str:
    """Return an arrow up or down in the colour of the changed gauge, or a dot."""
    head = change.text.casefold().partition(":")[0]
    tones = (
        COLOURS[row % len(COLOURS)]
        for row, gauge in enumerate(chart.gauges)
        if f" {gauge.name.casefold()} " in f" {head} "
    )
    tone, x = next(tones, QUIET), MARGIN + 9
    if head[:1] not in {"+", "-", "−"}:
        return dot(x, y, 5, tone)
    tip, foot = (y - 9, y + 7) if head[0] == "+" else (y + 9, y - 7)
    return f'<path d="M{x:.1f},{tip:.1f}L{x + 9:.1f},{foot:.1f}L{x - 9:.1f},{foot:.1f}Z" fill="{tone}"/>'


# The description


def bond_text(chart: BondChart) -> str:
    """Return the chart in sentences, at most 1,024 characters: for people who can't see it."""
    said = f"{_title(chart)}."
    if chart.stages:
        stage = clean(chart.stages[_present(chart)], 80)
        number, most = _present(chart) + 1, len(chart.stages)
        said += " " + STAGE_OF.format(stage=stage, number=number, most=most)
    said = told(said, NOW, [in_words(gauge) for gauge in chart.gauges])
    if not chart.with_reasons:
        return said
    changes = [_in_words(change, chart) for change in latest(chart)]
    return told(said, NEWEST_FIRST, changes) + ("" if changes else f" {NOTHING_CHANGED}")


def _in_words(change: GaugeChange, chart: BondChart) -> str:
    words = f"{_day(change.at, chart)} {clean(change.text, 150).rstrip('.')}"
    return CHANGE_TAKEN_BACK.format(change=words) if change.taken_back else words
