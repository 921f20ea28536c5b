"""The picture of what characters did, day by day: its bars are the figures, and so are its words (F109)."""

from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from bot.core.i18n import number
from bot.pictures.costs import mark_above
from bot.pictures.sheet import DESCRIBED, END, RULE
from bot.pictures.strips import COLOURS, HEIGHT, LEFT, Strip, Strips, strips_svg, strips_text

SVG = "{http://www.w3.org/2000/svg}"
LAST = date(2026, 11, 24)


def days(count: int) -> tuple[date, ...]:
    return tuple(LAST - timedelta(days=back) for back in reversed(range(count)))


def chart(count: int = 14, **changes: object) -> Strips:
    values = tuple(float(3 * n % 7) for n in range(count))
    grey = tuple(float(n % 2) for n in range(count))
    strips = (
        Strip("Replies", "42 · 200 letters each", values, number),
        Strip("Votes to join in", "7 of 9 won (78 %)", values, number, grey),
    )
    topics = (("debugging", 12), ("tea", 3))
    shown = Strips("What Pixel did", "The Guild", days(count), strips, "Interests", topics)
    return replace(shown, **changes)  # type: ignore[arg-type]


def bars(svg: str, colour: str) -> list[tuple[float, float]]:
    """Return the left edge and the height of the bars in a colour, those of topics left out."""
    found = (one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.get("fill") == colour)
    return [(float(one.attrib["x"]), float(one.attrib["height"])) for one in found if one.get("rx") != "3"]


def dots(svg: str) -> list[float]:
    return [float(one.attrib["cx"]) for one in ET.fromstring(svg).iter(f"{SVG}circle")]


def words(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_bar_is_as_high_as_its_value_and_stands_at_its_day():
    drawn = chart()
    values, wide = drawn.strips[0].values, (END - LEFT) / 14
    unit = HEIGHT / mark_above(max(values))
    expected = [(LEFT + wide * n + 3, value * unit - 1) for n, value in enumerate(values) if value]
    found = bars(strips_svg(drawn), COLOURS[0])
    assert [one for pair in found for one in pair] == pytest.approx(
        [one for pair in expected for one in pair], abs=0.1
    )


def test_a_day_on_which_nothing_came_is_a_dot_and_one_of_which_nothing_is_known_is_bare():
    one = (replace(chart().strips[0], values=(0.0,) * 10 + (1.0, 0.0, 2.0, 0.0)),)
    assert len(dots(strips_svg(chart(strips=one)))) == 12
    svg = strips_svg(chart(strips=one, known=10))
    assert len(dots(svg)) == 2
    assert min(dots(svg)) > LEFT + (END - LEFT) * 11 / 14


def test_what_is_grey_stands_on_top():
    drawn = chart(strips=(Strip("Votes", "", (2.0,) * 14, number, (3.0,) * 14),))
    assert drawn.strips[0].most == 5
    svg = strips_svg(drawn)
    ratio = [high / low for (_, high), (_, low) in zip(bars(svg, RULE), bars(svg, COLOURS[0]), strict=True)]
    assert ratio == pytest.approx([1.5] * 14, abs=0.05)


def test_strips_of_the_same_scale_can_be_compared_and_others_stand_for_themselves():
    much, little = (Strip(name, "", (top,) * 14, number) for name, top in (("Nyx", 50.0), ("Ada", 5.0)))
    apart = strips_svg(chart(strips=(much, little)))
    assert bars(apart, COLOURS[0])[0][1] == bars(apart, COLOURS[1])[0][1]
    together = strips_svg(chart(strips=(replace(much, scale="r"), replace(little, scale="r"))))
    high, low = (bars(together, colour)[0][1] + 1 for colour in COLOURS[:2])
    assert low / high == pytest.approx(0.1, abs=0.01)


def test_a_mark_stands_for_as_much_as_it_is_told():
    share = Strip("Cache", "", (5.0,) * 14, "{:.0f} %".format, least=100)
    svg = strips_svg(chart(strips=(share,)))
    assert "100 %" in words(svg)
    assert bars(svg, COLOURS[0])[0][1] + 1 == pytest.approx(HEIGHT / 20, abs=0.1)


@pytest.mark.parametrize("count", [1, 2, 7, 14, 30, 90])
def test_the_last_day_is_called_today_and_as_many_others_have_names_as_there_is_room_for(count):
    shown = words(strips_svg(chart(count)))
    assert shown.count("today") == 1
    named = [one for one in shown if one.endswith((" Nov", " Oct", " Sep", " Aug"))]
    assert len(named) >= min(count - 1, 5)


def test_topics_are_bars_of_their_length_with_their_number():
    svg = strips_svg(chart())
    long = [one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.get("rx") == "3"]
    assert [float(one.attrib["width"]) for one in long] == [370.0, 92.5]
    assert words(svg)[-4:] == ["debugging", "12", "tea", "3"]


def test_the_picture_says_every_figure_in_words():
    said = strips_text(chart(5))
    assert said == (
        "What Pixel did. The Guild. Interests: debugging 12; tea 3. By day, from 20 Nov to 24 Nov: "
        "Replies: 42 · 200 letters each; 0 3 6 2 5; "
        "Votes to join in: 7 of 9 won (78 %); 0 3 6 2 5; grey 0 1 0 1 0."
    )
    assert said in strips_svg(chart(5))


@pytest.mark.parametrize("count", [14, 90])
def test_the_words_fit_into_a_description(count):
    drawn = chart(count)
    many = replace(drawn, strips=drawn.strips * 4, topics=(("tea " * 30, 5),) * 6)
    assert len(strips_text(many)) <= DESCRIBED
    assert "42 · 200 letters each" in strips_text(drawn)
