"""A temperament: how it is written, what is said of a fault, and that it survives every file (F085, F088)."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.affect import hormones, moods
from personas.affect.hormones import Nature, at_rest
from personas.affect.temperament import BASELINES, USUAL, DayMood, Hormone, Stimulus, Temperament
from personas.cards import card_from, cast, read_card, write_charx, write_json, write_png
from personas.cards.convert import card_of
from personas.character import Character, CharacterError, CharacterFault, character_from
from personas.sheet_values import OWN_KEYS
from personas.sheets import read_sheet
from tests.support.paths import ROOT

EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
"""Hardly anything of what the morning and the night add is left by then."""
GUIDE = (ROOT / "docs" / "characters.md").read_text(encoding="utf-8")


def made(temperament: object, **fields: Any) -> Character:
    return Character.model_validate(
        {"slug": "nyx", "name": "Nyx", "core_prompt": "You are Nyx.", "temperament": temperament, **fields}
    )


def told(temperament: str) -> str:
    """Return what an author reads who wrote this into a character.env."""
    values = {"default_name": "Nyx", "core_prompt": "You are Nyx.", "temperament": temperament}
    with pytest.raises(CharacterError) as caught:
        character_from(values, "nyx")
    (fault,) = caught.value.faults
    return str(fault)


# --- How it is written ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "dopamine 0.6, praise x1.5, joy 7, recovery 0.8",
        "dopamine 0.6\npraise x1.5\njoy 7\nrecovery 0.8",
        " Dopamine: 0.6 ,, praise = 1.5,\n\n JOY 7 , recovery x0.8 ,",
        "recovery 0.80, joy 7.0, praise x 1.5, dopamine:0.6",
    ],
)
def test_items_stand_between_commas_or_on_lines_of_their_own(text):
    assert made(text).temperament == Temperament(
        baseline={Hormone.DOPAMINE: 0.6},
        sensitivity={Stimulus.PRAISE: 1.5},
        usual={DayMood.JOY: 7},
        recovery=0.8,
    )


def test_what_is_not_said_is_as_with_anybody():
    plain = made("").temperament
    assert plain == Temperament()
    assert {one: plain.rests_at(one) for one in Hormone} == BASELINES
    assert {one: plain.usually(one) for one in DayMood} == USUAL
    assert {plain.moved_by(one) for one in Stimulus} == {1.0}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dopamine 6", "temperament: gives dopamine 6; write a number from 0 to 1"),
        ("dopamine -0.2", "temperament: gives dopamine -0.2; write a number from 0 to 1"),
        ("praise x9", "temperament: gives praise 9; write a number from 0 to 3"),
        ("joy 11", "temperament: gives joy 11; write a whole number from 0 to 10"),
        ("joy 6.5", "temperament: gives joy 6.5; write a whole number from 0 to 10"),
        ("recovery 0", "temperament: gives recovery 0; write a number from 0.25 to 4"),
        ("recovery 0.1", "temperament: gives recovery 0.1; write a number from 0.25 to 4"),
        ("joy 3, joy 4", "temperament: names joy twice; leave one of them out"),
        ("recovery 1, recovery 2", "temperament: names recovery twice; leave one of them out"),
        (
            "dopamin 0.6",
            "temperament: names 'dopamin'; did you mean dopamine? There are dopamine, serotonin, ",
        ),
        ("priase 2", "temperament: names 'priase'; did you mean praise? There are "),
        ("joy", "temperament: holds 'joy'; write a name and a number, such as 'joy 6'"),
        ("very jolly", "temperament: holds 'very jolly'; write a name and a number, such as "),
        ("joy 7 dopamine 0.6", "temperament: holds 'joy 7 dopamine 0.6'; write a name and a number"),
        ("joy 0xff", "temperament: holds 'joy 0xff'; write a name and a number"),
        ("${ANTHROPIC_API_KEY} 1", "temperament: holds '${ANTHROPIC_API_KEY} 1'; write a name and a number"),
    ],
)
def test_a_fault_names_the_item_and_the_mend(text, fault):
    assert told(f"serotonin 0.5, {text}").startswith(fault)


def test_a_table_says_the_same_as_the_text():
    table = {
        "baseline": {"dopamine": 0.6},
        "sensitivity": {"praise": 1.5},
        "usual": {"joy": 7},
        "recovery": 0.8,
    }
    text = "dopamine 0.6, praise x1.5, joy 7, recovery 0.8"
    assert made(table).temperament == made(text).temperament


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"baseline": {"dopamine": 6}}, "gives dopamine 6; write a number from 0 to 1"),
        ({"baseline": {"joy": 0.5}}, "names 'joy' under baseline; write one of dopamine, serotonin"),
        ({"usual": {"joy": "much"}}, "gives joy much; write a whole number from 0 to 10"),
        ({"usual": {"joy": True}}, "gives joy True; write a whole number from 0 to 10"),
        ({"sensitivity": {"praise": float("nan")}}, "gives praise nan; write a number from 0 to 3"),
        ({"recovery": float("inf")}, "gives recovery inf; write a number from 0.25 to 4"),
        ({"dopamine": 0.6}, "names 'dopamine'; write one of baseline, sensitivity, usual, recovery"),
    ],
)
def test_a_fault_in_a_table_names_the_item_and_the_mend(table, fault):
    sheet = read_sheet({"display_name": "Nyx", "identity": "Nyx.", "temperament": table})
    (notice,) = sheet.notices
    assert notice.startswith(f"temperament: {fault}")
    assert notice.endswith("it was left out")
    assert made_of(sheet.fields).temperament == Temperament()


@given(st.text(max_size=60))
def test_whatever_is_written_is_a_temperament_or_a_fault_in_words(text):
    values = {"default_name": "Nyx", "core_prompt": "You are Nyx.", "temperament": text}
    faults: tuple[CharacterFault, ...] = ()
    try:
        character_from(values, "nyx")
    except CharacterError as error:
        faults = error.faults
    assert all(fault.key == "temperament" and fault.mend for fault in faults)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["baseline", "sensitivity", "usual", "recovery", "dopamine", "praise", "joy"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(ANYTHING)
def test_no_table_breaks_the_reading_of_a_sheet(table):
    sheet = read_sheet({"display_name": "Nyx", "identity": "Nyx.", "temperament": table})
    assert not sheet.faults


# --- In files -------------------------------------------------------------------------------------


FULL = made(
    "dopamine 0.6, cortisol 0.3, praise x1.5, night x0, joy 7, anger 0, recovery 0.8",
    emotes="none",
    nsfw=True,
    mirror_style=False,
    forbidden_phrases=("how may I help", "the abyss"),
    status_lines=("chess with the oven", "patience, in the older sense"),
    relationships=("mentorship", "adversarial"),
    inner_life=("dreams",),
    timbre="model deep, pitch 0.8",
    fallback_lines=("Hm.",),
)


def made_of(fields: dict[str, Any]) -> Character:
    return Character.model_validate({"slug": FULL.slug, "fallback_lines": ("Hm.",), **fields})


def test_the_test_character_says_all_of_it_and_nothing_at_its_default():
    plain = made("")
    assert all(getattr(FULL, field) != getattr(plain, field) for field in OWN_KEYS.values())


@pytest.mark.parametrize("write", [None, write_json, write_png, write_charx])
def test_all_of_it_survives_a_card_of_every_kind(write):
    """C31: what is exported reads back as the same character."""
    card = read_card(card_of(FULL))
    if write is not None:
        card = read_card(write(card))
    taken = cast(card)
    assert taken.notices == ()
    assert made_of(taken.fields) == FULL


def test_a_fault_in_a_card_is_told_with_the_item_and_the_rest_is_kept():
    card = json.loads(card_of(FULL))
    card["data"]["extensions"]["masquerade"]["temperament"]["baseline"]["dopamine"] = 6
    taken = cast(card_from(card))
    assert taken.notices == (
        "extensions.masquerade.temperament: gives dopamine 6; write a number from 0 to 1; it is left out",
    )
    assert made_of(taken.fields) == FULL.model_copy(update={"temperament": Temperament()})


def test_all_of_it_survives_a_sheet():
    said = FULL.model_dump(mode="json", exclude_defaults=True)
    sheet = read_sheet(
        {
            "display_name": "Nyx",
            "identity": "You are Nyx.",
            **{key: said[field] for key, field in OWN_KEYS.items()},
        }
    )
    assert (sheet.notices, sheet.faults) == ((), ())
    read = made_of(sheet.fields)
    assert all(getattr(read, field) == getattr(FULL, field) for field in OWN_KEYS.values())


def test_a_sheet_may_hold_the_text_of_a_character_env():
    sheet = read_sheet({"display_name": "Nyx", "identity": "Nyx.", "temperament": "dopamine 0.6, joy 7"})
    assert made_of(sheet.fields).temperament == made("dopamine 0.6, joy 7").temperament


# --- The guide ------------------------------------------------------------------------------------


def section() -> str:
    return GUIDE.split("\n## Temperament\n")[1].split("\n## ")[0]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table in the guide whose heading begins so."""
    lines = section().split(heading)[1].split("\n\n")[0].split("\n")[2:]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]


def worked() -> Temperament:
    text = re.search(r'```ini\ntemperament="([^"]+)"\n```', section())
    assert text is not None
    return made(text[1]).temperament


def test_the_worked_example_is_made_of_the_items_beside_its_sentences():
    items = ", ".join(cells[1].strip("`") for cells in rows("| Marlow, in sentences |"))
    assert made(items).temperament == worked()


def test_the_guide_names_every_item_with_its_range_and_its_default():
    listed = {cells[0].strip("`"): (cells[2], float(cells[3])) for cells in rows("| item |")}
    plain = Temperament()
    assert listed == {
        **{str(one): ("0, 1", plain.rests_at(one)) for one in Hormone},
        **{str(one): ("0, 3", plain.moved_by(one)) for one in Stimulus},
        **{str(one): ("0, 10", float(plain.usually(one))) for one in DayMood},
        "recovery": ("0.25, 4", plain.recovery),
        "skin": ("-1, 1", plain.skin),
        "hostility": ("0, 3", plain.hostility),
    }
    for name, (span, _) in listed.items():
        least, most = span.split(", ")
        made(f"{name} {least}")
        made(f"{name} {most}")


def levels_after(temperament: Temperament, *happened: Stimulus, apart: timedelta) -> dict[Hormone, float]:
    nature, feeling, at = Nature(temperament, UTC), at_rest(EVENING), EVENING
    for number, one in enumerate(happened):
        at = EVENING + number * apart
        feeling = hormones.felt(feeling, nature, one, at)
    return hormones.levels(feeling, nature, at)


def mood_of(levels: dict[Hormone, float]) -> str:
    mood = moods.mood_of(levels)
    return mood.name if mood else moods.STEADY


def test_what_the_guide_says_of_the_hours_after_a_quarrel_is_so():
    shares = [
        int(one) for one in re.findall(r"(\d+) % of it is left with anybody, and (\d+) %", section())[0]
    ]
    for temperament, share in zip((Temperament(), worked()), shares, strict=True):
        nature = Nature(temperament, UTC)
        feeling = hormones.felt(at_rest(EVENING), nature, Stimulus.CONFLICT, EVENING)
        later = hormones.advanced(feeling, nature, EVENING + timedelta(hours=3))
        left = later.deviations[Hormone.ADRENALINE] / feeling.deviations[Hormone.ADRENALINE]
        assert round(100 * left) == share
    quarrels = [Stimulus.CONFLICT] * 2
    assert mood_of(levels_after(worked(), *quarrels, apart=timedelta(hours=1))) == "stressed"
    assert mood_of(levels_after(worked(), *quarrels[:1], apart=timedelta(hours=1))) != "stressed"
