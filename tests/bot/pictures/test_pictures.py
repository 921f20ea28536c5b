"""The pictures of a week and of a bond: nothing cut, nothing over another, legible to all (F085, F089)."""

import importlib.util
import struct
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from math import sin
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.features.inner_life.week_picture import (
    COLOURS,
    LEFT,
    RIGHT,
    ROW,
    Curve,
    PictureMoment,
    Week,
    week_svg,
    week_text,
)
from bot.pictures import BondChart, Gauge, GaugeChange, bond_svg, bond_text
from bot.pictures.days import days, nights, stretch
from bot.pictures.flags import placed
from bot.pictures.gauges import COLOURS as GAUGE_COLOURS
from bot.pictures.sheet import DESCRIBED, GROUND, QUIET, RAISED, SMALL, WIDTH, WORDS
from bot.pictures.strips import Strip, Strips, strips_svg
from memory.map.lettering import width
from memory.map.rasterise import as_png
from memory.map.spreading import Box
from personas.affect.moods import MOODS

SVG = "{http://www.w3.org/2000/svg}"
BERLIN = ZoneInfo("Europe/Berlin")
UNTIL = datetime(2026, 11, 22, 20, tzinfo=UTC)
SAID = ("Mira came back", "argument with Tom", "Ana's wedding news", "long silence")
NAMES = (
    "Nyx",
    "W" * 32,
    "彼女は毎週日曜日に祖母に電話をかけるそして長い散歩をする彼女は",
    "🐕" * 32,
    "مرحبا بالعالم العزيز اليوم كلنا",
    "<script>alert('1')</script>&amp;",
    "",
    "long " * 400,
)
needs_resvg = pytest.mark.skipif(
    importlib.util.find_spec("resvg_py") is None or importlib.util.find_spec("font_source_sans_pro") is None,
    reason="resvg-py or font-source-sans-pro is not installed (extra `pictures`)",
)


def curve(name: str, *, until: datetime = UNTIL, hours: int = 168, high: float = 0.1) -> Curve:
    times = [until - timedelta(hours=back) for back in range(hours, -1, -1)] if hours else []
    points = tuple((at, 0.5 + high * sin(number / 4)) for number, at in enumerate(times))
    return Curve(name, 0.5, points, 0.45)


def week(name: str = "Nyx", *, hours: int = 168, said: tuple[str, ...] = SAID, every: float = 40) -> Week:
    moments = tuple(
        PictureMoment(UNTIL - timedelta(hours=4 + every * n), words) for n, words in enumerate(said)
    )
    curves = tuple(curve(one, hours=hours) for one in COLOURS)
    return Week(name, UNTIL - timedelta(days=7), UNTIL, BERLIN, curves, moments, "bright")


def strips(name: str = "Nyx", *, count: int = 14, of: int = 5, known: int = 0) -> Strips:
    days = tuple(date(2026, 11, 22) - timedelta(days=back) for back in reversed(range(count)))
    values = tuple(3.0 * n % 7 for n in range(count))
    words, line = (
        f"1,234 replies · 25 of 60 votes won · {name}",
        f"{name} · 222 letters each · 17 other takes · $1.15 · 73 % cached",
    )
    rows = tuple(Strip(name, words, values, lambda one: f"${one:,.2f}", values, (line,)) for _ in range(of))
    return Strips(f"What {name} did", f"{name} · counted", days, rows, "Topics", ((name, 9), ("a", 1)), known)


def bond(title: str = "You and Nyx", causes: tuple[str, ...] = ("+1 trust: you told of home",)) -> BondChart:
    history = tuple((UNTIL - timedelta(days=30 - 5 * n), n) for n in range(5))
    gauges = (
        Gauge("anger", 0, 0, 10),
        Gauge("rapport", 10, 0, 10, history),
        Gauge("trust", 4, 0, 10, history),
        Gauge("formality", -2, -5, 5, history[:3]),
    )
    changes = tuple(GaugeChange(UNTIL - timedelta(days=n), one, n % 2 == 1) for n, one in enumerate(causes))
    stages = ("initial connection", "developing rapport", "deepening", "established")
    return BondChart(title, 1, stages, gauges, changes, BERLIN)


LONG = "-2 rapport: " + "you went on about it for quite a while so that nobody slept " * 9
PICTURES = {
    **{f"week of {name[:9]}": week_svg(week(name)) for name in NAMES},
    **{f"bond with {name[:9]}": bond_svg(bond(f"You and {name}", (name, LONG))) for name in NAMES},
    **{f"strips of {name[:9]}": strips_svg(strips(name)) for name in NAMES},
    **{f"strips of {count} days": strips_svg(strips(count=count)) for count in (1, 2, 5, 30, 31, 60, 90)},
    "a strip of days not known": strips_svg(strips(of=1, known=9)),
    "no strips": strips_svg(replace(strips(of=0), topics=())),
    "crowded": week_svg(week(said=("WWW something long that goes on and on",) * 12, every=9)),
    "all at once": week_svg(week(said=SAID, every=0)),
    "words of others": week_svg(week(said=NAMES, every=18)),
    "moods": week_svg(replace(week(), mood="W" * 90)),
    "two moods": week_svg(replace(week(), mood="melancholic, sleepy")),
    "two days old": week_svg(week(hours=48)),
    "just begun": week_svg(week(hours=0)),
    "one day": week_svg(replace(week(), since=UNTIL - timedelta(days=1))),
    "a month": week_svg(replace(week(), since=UNTIL - timedelta(days=31))),
    "no time at all": week_svg(replace(week(), since=UNTIL)),
    "no curves": week_svg(replace(week(), curves=())),
    "long names of hormones": week_svg(replace(week(), curves=(curve("W" * 50), curve("🐕" * 9)))),
    "six long changes": bond_svg(bond(causes=(LONG,) * 9)),
    "nothing yet": bond_svg(replace(bond(causes=()), gauges=(Gauge("trust", 0, 0, 10),))),
    "nothing at all": bond_svg(BondChart("", 7, (), (), (), BERLIN)),
    "wide numbers": bond_svg(replace(bond(), gauges=(Gauge("W" * 40, 10**9, -7, 10**12),))),
    "long stages": bond_svg(replace(bond(), stages=("W" * 40, "on and on and on and on again") * 2)),
    "over years": bond_svg(replace(bond(), changes=(GaugeChange(UNTIL - timedelta(days=900), LONG, True),))),
}
pictures = pytest.mark.parametrize("shape", PICTURES)


def boxes(svg: str) -> list[tuple[Box, str]]:
    """Return where each text of a picture stands."""
    found = []
    for text in ET.fromstring(svg).iter(f"{SVG}text"):
        words, size = text.text or "", float(text.attrib["font-size"])
        wide = width(words, size, bold="font-weight" in text.attrib)
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[text.attrib["text-anchor"]]
        found.append((Box(left, y - 0.78 * size, left + wide, y + 0.24 * size), words))
    return found


def words(svg: str) -> list[str]:
    return [text for _, text in boxes(svg)]


# Where words stand


@pictures
def test_no_words_lie_on_others_nor_out_of_the_picture(shape):
    root = ET.fromstring(PICTURES[shape])
    sheet = Box(0, 0, WIDTH, float(root.attrib["height"])).grown(-12)
    stand = boxes(PICTURES[shape])
    assert all(sheet.holds(box) for box, _ in stand)
    assert not [(a, b) for (one, a), (two, b) in combinations(stand, 2) if one.overlap(two) > 0.01]


@pictures
def test_no_words_lie_on_the_line_of_a_moment_nor_on_what_is_drawn_of_a_gauge(shape):
    root = ET.fromstring(PICTURES[shape])
    drawn = [upright(one.attrib["d"]) for one in root.iter(f"{SVG}path") if one.get("stroke-dasharray")]
    for one in root.iter(f"{SVG}rect"):
        if one.get("height") in {"20.0", "48.0"}:
            x, y, wide, high = (float(one.attrib[name]) for name in ("x", "y", "width", "height"))
            drawn.append(Box(x, y, x + wide, y + high))
    for box, text in boxes(PICTURES[shape]):
        assert not any(box.overlap(other) for other in drawn if other), text


def upright(d: str) -> Box | None:
    """Return where an upright line goes; None for others."""
    (x, top), (end, bottom) = ((float(x), float(y)) for x, y in (at.split(",") for at in d[1:].split("L")))
    return Box(x - 1, top, x + 1, bottom) if x == end else None


@pictures
def test_no_letters_are_smaller_than_11_on_a_phone(shape):
    sizes = [float(text.attrib["font-size"]) for text in ET.fromstring(PICTURES[shape]).iter(f"{SVG}text")]
    assert min(sizes) * 360 / WIDTH >= 11


@pytest.mark.parametrize("name", NAMES[:5])
def test_a_name_of_32_letters_stands_there_whole(name):
    title = ET.fromstring(week_svg(week(name))).findtext(f"{SVG}title") or ""
    shown = "".join(words(week_svg(week(name)))[:2]).replace(" ", "")
    assert name in title
    assert shown.startswith(title.replace(" ", ""))


@given(st.lists(st.tuples(st.floats(LEFT, RIGHT), st.text(max_size=40)), max_size=14))
@settings(max_examples=60, deadline=None)
def test_no_line_of_a_moment_goes_through_the_words_of_another(moments):
    flags = placed(moments)
    for one, two in combinations(flags, 2):
        assert one.clears(two)
        assert two.clears(one)
    assert all(flag.left >= 24 and flag.right <= WIDTH - 24 for flag in flags)
    assert bool(flags) == bool(moments)


def test_the_weightier_moments_are_shown_where_not_all_can_be():
    said = tuple(f"moment {number} that was felt deeply" for number in range(12))
    shown = [one for one in words(week_svg(week(said=said, every=0.1))) if one.startswith("moment")]
    assert 2 <= len(shown) < 12
    assert {"moment 0 that was felt deeply", "moment 1 that was felt deeply"} <= set(shown)


def test_the_four_moments_of_a_usual_week_are_all_shown():
    assert set(SAID) <= set(words(week_svg(week())))
    assert set(SAID) <= set(words(week_svg(week(every=12))))


@pytest.mark.parametrize("mood", [*(one.name for one in MOODS), "steady"])
@pytest.mark.parametrize("besides", ["", ", sleepy"])
def test_every_mood_that_there_is_stands_there_whole(mood, besides):
    shown = words(week_svg(replace(week(said=()), mood=mood + besides)))
    assert mood + besides in " ".join(shown)
    assert not any("…" in one for one in shown)


# Time


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_on_which_clocks_are_moved_are_as_long_as_they_are(day, hours):
    since, until = (datetime.combine(day + timedelta(days=n), time(), BERLIN) for n in (-3, 4))
    whole = stretch(since, until)
    lengths = {name: part.length / timedelta(hours=1) for name, part in days(whole, BERLIN)}
    assert lengths.pop(day) == hours
    assert set(lengths.values()) == {24}
    dark = {name: part.length / timedelta(hours=1) for name, part in nights(whole, BERLIN)}
    assert dark[day - timedelta(days=1)] == hours - 16
    assert dark[day] == 8


def test_a_week_with_a_short_day_has_seven_names_and_its_night_is_narrower():
    until = datetime(2026, 3, 30, tzinfo=BERLIN)
    shown = replace(week(), since=datetime(2026, 3, 23, tzinfo=BERLIN), until=until, moments=())
    svg = week_svg(shown)
    assert [one for one in words(svg) if one in "Mon Tue Wed Thu Fri Sat Sun"] == [
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
    ]  # fmt: skip
    shades = [one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.get("fill") == RAISED]
    assert [round(float(one.attrib["width"]) / (RIGHT - LEFT) * 167) for one in shades] == [
        5, 8, 8, 8, 8, 8, 7, 3,
    ]  # fmt: skip


@pytest.mark.parametrize("hours", range(2, 168, 6))
def test_what_is_said_of_the_time_before_is_whole_or_not_said_at_all(hours):
    said = " ".join(words(week_svg(week(hours=hours, said=()))))
    begin = (UNTIL - timedelta(hours=hours)).astimezone(BERLIN)
    whole = f"nothing noted before {begin:%a} {begin.day} {begin:%b}"
    assert (whole in said) == ("nothing" in said)
    assert (whole in said) == (hours < 140)


def test_what_is_not_known_is_said_and_no_curve_begins_before():
    svg = week_svg(week(hours=48))
    assert "nothing noted before Fri 20 Nov" in " ".join(words(svg))
    for line in lines(svg):
        assert line[0][0] == pytest.approx(LEFT + (RIGHT - LEFT) * 5 / 7, abs=0.1)
        assert line[-1][0] == pytest.approx(RIGHT)
    assert "nothing noted yet" in words(week_svg(week(hours=0)))
    assert not any("nothing" in one for one in words(week_svg(week())))


# Curves and gauges


def lines(svg: str) -> list[list[tuple[float, float]]]:
    """Return the curves' points."""
    found = [one.attrib["d"] for one in ET.fromstring(svg).iter(f"{SVG}path") if one.get("class") == "curve"]
    return [[(float(x), float(y)) for x, y in (at.split(",") for at in d[1:].split("L"))] for d in found]


def height(points: list[tuple[float, float]]) -> float:
    return max(y for _, y in points) - min(y for _, y in points)


def test_all_rows_have_one_scale_and_small_deviations_are_seen():
    small, large = curve("cortisol", high=0.02), curve("dopamine", high=0.1)
    one, two = map(height, lines(week_svg(replace(week(), curves=(small, large)))))
    assert two / one == pytest.approx(5, rel=0.05)
    assert height(lines(week_svg(replace(week(), curves=(small,))))[0]) > 12


@given(st.lists(st.floats(-9, 9) | st.sampled_from([float("nan"), float("inf")]), min_size=1, max_size=9))
def test_no_curve_leaves_its_row(values):
    points = tuple((UNTIL - timedelta(hours=number), value) for number, value in enumerate(values))
    odd = [Curve(name, value, points, value) for name, value in zip(COLOURS, values, strict=False)]
    for drawn in lines(week_svg(replace(week(), curves=tuple(odd)))):
        assert height(drawn) <= ROW


@pytest.mark.parametrize(("value", "filled"), [(-5, 5), (-2, 2), (0, 0), (3, 3), (5, 5), (99, 5)])
def test_formality_fills_from_its_marked_middle(value, filled):
    svg = bond_svg(replace(bond(), gauges=(Gauge("formality", value, -5, 5),)))
    cells = [one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.get("height") == "20.0"]
    assert len(cells) == 10
    assert sum(one.get("fill") == GAUGE_COLOURS[0] for one in cells) == filled
    assert any(one.get("height") == "36.0" for one in ET.fromstring(svg).iter(f"{SVG}rect"))


def test_the_six_latest_changes_are_shown_with_date_and_whether_they_are_taken_back():
    said = words(bond_svg(bond(causes=tuple(f"-1 trust: cause {number}" for number in range(9)))))
    assert [one for one in said if "cause" in one] == [f"−1 trust: cause {number}" for number in range(6)]
    assert {"22 Nov", "taken back · 21 Nov"} <= set(said)


def test_the_present_stage_is_bold_and_no_other():
    bold = [
        one.text
        for one in ET.fromstring(bond_svg(bond())).iter(f"{SVG}text")
        if one.get("font-weight") and one.get("font-size") == f"{SMALL:g}"
    ]
    assert " ".join(filter(None, bold)) == "developing rapport"


# What people say


TEXT = st.text(max_size=60) | st.sampled_from(["]]>", "\ud83d", "\x00\x1b", "&#0;", "\"'><g x=", "\ufffe"])


@settings(max_examples=60, deadline=None)
@given(name=TEXT, said=st.lists(TEXT, max_size=7), days_old=st.integers(0, 9), value=st.floats())
def test_whatever_people_say_a_week_is_xml_and_its_words_are_short_enough(name, said, days_old, value):
    shown = replace(week(name, said=tuple(said), hours=24 * days_old), mood=name)
    shown = replace(shown, curves=(*shown.curves, Curve(name, value, (), value)))
    assert tags(week_svg(shown)) <= {"svg", "title", "desc", "rect", "path", "circle", "text"}
    assert len(week_text(shown)) <= DESCRIBED


@settings(max_examples=60, deadline=None)
@given(title=TEXT, causes=st.lists(TEXT, max_size=8), stage=st.integers(-3, 9), value=st.integers())
def test_whatever_people_say_a_bond_is_xml_and_its_words_are_short_enough(title, causes, stage, value):
    shown = bond(title, tuple(causes))
    gauges = (*shown.gauges, Gauge(title, value, -5, 5, ((UNTIL, value),)))
    shown = replace(shown, stage_index=stage, gauges=gauges)
    assert tags(bond_svg(shown)) <= {"svg", "title", "desc", "rect", "path", "circle", "text"}
    assert len(bond_text(shown)) <= DESCRIBED


def tags(svg: str) -> set[str]:
    return {one.tag.removeprefix(SVG) for one in ET.fromstring(svg).iter()}


def test_sentences_say_what_the_picture_says():
    said = week_text(week())
    assert said.startswith("How Nyx felt from Sun 15 Nov to Sun 22 Nov. Mood now: bright. ")
    assert "dopamine 0.45 (baseline 0.50, 0.40 to 0.60)" in said
    assert all(one in said for one in (*SAID, *COLOURS))
    told = bond_text(bond(causes=("+1 trust: you told of home", "+1 anger: a toaster")))
    assert "You and Nyx. Stage: developing rapport, 2 of 4." in told
    assert "formality -2 on a scale from -5 to 5, between 0 and 2 so far" in told
    assert "22 Nov +1 trust: you told of home; 21 Nov +1 anger: a toaster (taken back)." in told
    assert bond_text(bond(causes=())).endswith("Nothing changed so far.")


def test_what_there_is_no_room_for_in_sentences_is_counted():
    said = week_text(week("W" * 300, said=("on and on " * 30,) * 12, every=2))
    assert said.endswith(" more.")
    assert len(said) <= DESCRIBED


# Colours


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, two: str) -> float:
    """Return the contrast of two colours by WCAG 2."""
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (one, two))]
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("colour", [*COLOURS.values(), *GAUGE_COLOURS, WORDS, QUIET])
def test_words_stand_out_from_the_ground(colour):
    assert contrast(colour, GROUND) >= 4.5
    assert contrast(colour, RAISED) >= (4.5 if colour in {WORDS, QUIET} else 3)


# How linear light looks without one kind of cones, wholly: Machado, Oliveira and Fernandes, 2009.
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.052)),
    "deutan": ((0.3673, 0.8606, -0.228), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
    "tritan": ((1.2555, -0.0767, -0.1788), (-0.0784, 0.9308, 0.1476), (0.0047, 0.6914, 0.3039)),
}


def lab(colour: str, eyes: str) -> list[float]:
    seen = [sum(a * b for a, b in zip(row, linear(colour), strict=True)) for row in EYES[eyes]]
    r, g, b = (min(max(part, 0), 1) for part in seen)
    xyz = (
        (0.4125 * r + 0.3576 * g + 0.1804 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9503 * b) / 1.0888,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("palette", [tuple(COLOURS.values()), GAUGE_COLOURS])
def test_any_two_colours_differ_to_all_eyes(eyes, palette):
    for one, two in combinations(palette, 2):
        apart = sum((a - b) ** 2 for a, b in zip(lab(one, eyes), lab(two, eyes), strict=True)) ** 0.5
        assert apart >= 18, (one, two)


def test_every_curve_is_named_beside_it_so_that_colour_is_never_the_only_sign():
    stand = {text: box for box, text in boxes(week_svg(week()))}
    for name, points in zip(COLOURS, lines(week_svg(week())), strict=True):
        middle = sum(y for _, y in points) / len(points)
        assert stand[name].top < middle < stand[name].bottom


# PNG


@needs_resvg
@pytest.mark.parametrize("svg", [week_svg(week()), bond_svg(bond())], ids=["week", "bond"])
def test_a_png_is_twice_as_large_as_the_picture(svg):
    png = as_png(svg, scale=2)
    size = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert size == (2 * WIDTH, 2 * int(ET.fromstring(svg).attrib["height"]))
    assert len(png) > 20_000
