"""Days and hours by a person's own clock, and reading them from words (C82)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.dates import (
    YearDay,
    at_wall_clock,
    in_time,
    near_zones,
    shown,
    zone,
    zone_named,
    zone_names,
    zones_like,
)
from memory.requests import MAY_ASK_TO_BE_REMINDED, ReminderRequest, birthday_in, reminder_in
from memory.when import LONGEST, read_when

OSLO, NEW_YORK = ZoneInfo("Europe/Oslo"), ZoneInfo("America/New_York")
LORD_HOWE, SANTIAGO = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Santiago")
FIRST = datetime(1990, 1, 1)  # noqa: DTZ001 - by the wall clock
NOW = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # a Friday, 17:30 in Oslo


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]


def when(words: str, *, now: datetime = NOW, zone: ZoneInfo = OSLO, languages: tuple[str, ...] = ("en",)):
    """Return what words mean as "DAY Mon YEAR HH:MM" by the wall clock."""
    moment = read_when(words, now=now, zone=zone, languages=languages)
    return moment and shown(moment, zone).rpartition(" ")[0]


# --- Wall clocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "local", "moment"),
    [
        # Set forward: what the clocks skip is the first moment after.
        (OSLO, (2026, 3, 29, 2, 30), (2026, 3, 29, 1, 0)),
        (NEW_YORK, (2026, 3, 8, 2, 0), (2026, 3, 8, 7, 0)),
        (LORD_HOWE, (2026, 10, 4, 2, 15), (2026, 10, 3, 15, 30)),  # by half an hour
        (SANTIAGO, (2026, 9, 6, 0, 30), (2026, 9, 6, 4, 0)),  # at midnight
        # Set back: what they show twice is the first time.
        (OSLO, (2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30)),
        (NEW_YORK, (2026, 11, 1, 1, 30), (2026, 11, 1, 5, 30)),
        (LORD_HOWE, (2026, 4, 5, 1, 45), (2026, 4, 4, 14, 45)),
        (SANTIAGO, (2026, 4, 4, 23, 30), (2026, 4, 5, 2, 30)),
        # And on either side of it.
        (OSLO, (2026, 3, 29, 1, 59), (2026, 3, 29, 0, 59)),
        (OSLO, (2026, 3, 29, 3, 0), (2026, 3, 29, 1, 0)),
        (OSLO, (2026, 10, 25, 3, 0), (2026, 10, 25, 2, 0)),
    ],
)
def test_hours_that_clocks_skip_or_show_twice_are_one_moment(zone, local, moment):
    assert at_wall_clock(datetime(*local), zone) == utc(*moment)  # noqa: DTZ001 - by the wall clock


def test_a_whole_day_that_a_country_skipped_begins_with_the_next_one():
    apia = ZoneInfo("Pacific/Apia")
    moment = at_wall_clock(datetime(2011, 12, 30, 9), apia)  # noqa: DTZ001 - by the wall clock
    assert shown(moment, apia) == "31 Dec 2011 00:00 Pacific/Apia"


@settings(max_examples=200)
@given(
    local=st.integers(0, 50 * 366 * 1440).map(lambda minutes: FIRST + timedelta(minutes=minutes)),
    name=st.sampled_from(
        ["Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC"]
    ),
)
def test_a_moment_never_shows_an_earlier_hour_than_was_asked_for(local, name):
    moment = at_wall_clock(local, ZoneInfo(name))
    seen = moment.astimezone(ZoneInfo(name)).replace(tzinfo=None)
    assert seen == local or timedelta(0) < seen - local <= timedelta(hours=1)
    earlier = (moment - timedelta(seconds=1)).astimezone(ZoneInfo(name)).replace(tzinfo=None)
    assert earlier < local  # it is the first such moment


# --- Days of the year -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "moment"), [(OSLO, (2027, 5, 3, 7)), (NEW_YORK, (2027, 5, 3, 13)), (zone(None), (2027, 5, 3, 9))]
)
def test_the_next_third_of_may_is_at_nine_by_the_persons_own_clock(zone, moment):
    assert YearDay(5, 3).next(NOW, zone) == utc(*moment)


def test_a_day_that_is_today_is_today_until_nine():
    assert YearDay(11, 20).next(utc(2026, 11, 20, 7, 59), OSLO) == utc(2026, 11, 20, 8)
    assert YearDay(11, 20).next(utc(2026, 11, 20, 8), OSLO) == utc(2026, 11, 20, 8)
    assert YearDay(11, 20).next(utc(2026, 11, 20, 8, 1), OSLO) == utc(2027, 11, 20, 8)


def test_the_29th_of_february_is_the_28th_in_other_years():
    leap = YearDay(2, 29)
    years = {leap.in_year(year, OSLO).date() for year in (2026, 2027, 2028, 2100)}
    assert sorted(map(str, years)) == ["2026-02-28", "2027-02-28", "2028-02-29", "2100-02-28"]


def test_a_clock_that_is_set_back_brings_no_day_a_second_time():
    said = utc(2026, 5, 3, 7)
    for now in (said, said - timedelta(hours=1), said - timedelta(days=40), said + timedelta(hours=5)):
        assert YearDay(5, 3).after(said, now=now, zone=OSLO) == utc(2027, 5, 3, 7)


def test_years_that_were_missed_are_left_out_and_today_is_not():
    said = utc(2026, 5, 3, 7)
    assert YearDay(5, 3).after(said, now=utc(2029, 6, 1), zone=OSLO) == utc(2030, 5, 3, 7)
    assert YearDay(5, 3).after(said, now=utc(2029, 5, 3, 20), zone=OSLO) == utc(2029, 5, 3, 7)


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31), (13, 1), (0, 1), (1, 0), (1, 32)])
def test_a_day_that_no_calendar_has_is_none(month, day):
    assert YearDay.of(month, day) is None


def test_what_comes_once_may_be_a_week_late_and_what_comes_every_year_only_on_its_day():
    due = utc(2026, 5, 3, 7)  # 09:00 in Oslo
    assert in_time(due, now=due + timedelta(days=7), zone=OSLO, yearly=False)
    assert not in_time(due, now=due + timedelta(days=7, seconds=1), zone=OSLO, yearly=False)
    assert in_time(due, now=utc(2026, 5, 3, 21, 59), zone=OSLO, yearly=True)
    assert not in_time(due, now=utc(2026, 5, 3, 22), zone=OSLO, yearly=True)


# --- Zones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["Europe/Oslo", "europe/oslo", " EUROPE/OSLO ", "europe/Oslo"])
def test_a_zone_is_known_by_its_name_in_any_letter_case(written):
    assert zone_named(written) == "Europe/Oslo"


def test_spaces_do_for_the_underscores_of_a_zones_name():
    assert zone_named("america/new york") == "America/New_York"


@pytest.mark.parametrize("written", ["", "UTC+2", "Oslo", "../../etc/passwd", "localtime", "Europe/Oslo\x00"])
def test_anything_else_is_no_zone(written):
    assert zone_named(written) is None


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("oslo", "Europe/Oslo"),
        ("Olso", "Europe/Oslo"),
        ("new york", "America/New_York"),
        ("Europe/Osl", "Europe/Oslo"),
    ],
)
def test_near_matches_are_offered_for_what_is_no_zone(written, near):
    assert near in near_zones(written)


def test_nothing_is_near_to_nonsense():
    assert near_zones("zzzzqqq") == near_zones("") == []


def test_zones_are_offered_by_the_beginning_of_their_city_first():
    assert zones_like("york", limit=5) == ["America/New_York"]
    offered = zones_like("lon", limit=25)
    assert offered.index("Europe/London") < offered.index("America/Miquelon")
    assert len(zones_like("a", limit=25)) == 25


def test_a_zone_that_is_not_there_any_more_counts_as_utc():
    assert zone("Mars/Olympus_Mons").key == zone(None).key == "UTC"
    assert "Europe/Oslo" in zone_names()


# --- Reading when ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("in 2 hours", "20 Nov 2026 19:30"),
        ("20 minutes", "20 Nov 2026 17:50"),
        ("1h30m", "20 Nov 2026 19:00"),
        ("in an hour and a half", "20 Nov 2026 19:00"),
        ("half an hour from now", "20 Nov 2026 18:00"),
        ("in 1 day and 2 hours", "21 Nov 2026 19:30"),
        ("in two weeks", "4 Dec 2026 17:30"),
        ("in 3 months", "20 Feb 2027 17:30"),
        ("in 30 seconds", "20 Nov 2026 17:30"),
        ("tomorrow", "21 Nov 2026 09:00"),
        ("Tomorrow  9:00", "21 Nov 2026 09:00"),
        ("tomorrow at 9", "21 Nov 2026 09:00"),
        ("tomorrow at 9pm", "21 Nov 2026 21:00"),
        ("tomorrow evening at 8", "21 Nov 2026 20:00"),
        ("tonight", "20 Nov 2026 20:00"),
        ("at 18:30", "20 Nov 2026 18:30"),
        ("at 9", "21 Nov 2026 09:00"),
        ("12 am", "21 Nov 2026 00:00"),
        ("noon", "21 Nov 2026 12:00"),
        ("3 May 18:30", "3 May 2027 18:30"),
        ("May 3rd at 6pm", "3 May 2027 18:00"),
        ("on the 3rd of May", "3 May 2027 09:00"),
        ("20 november 9:00", "20 Nov 2027 09:00"),
        ("3 May 2028 at 10", "3 May 2028 10:00"),
        ("29 feb", "29 Feb 2028 09:00"),
        ("friday", "27 Nov 2026 09:00"),
        ("friday at 19:00", "20 Nov 2026 19:00"),
        ("next tuesday at noon", "24 Nov 2026 12:00"),
        ("next week", "27 Nov 2026 09:00"),
        ("3.5. 18:30", "3 May 2027 18:30"),
        ("25/12/2026", "25 Dec 2026 09:00"),
        ("2027-05-03", "3 May 2027 09:00"),
        ("2027-05-03T18:30", "3 May 2027 18:30"),
        ("yesterday", "19 Nov 2026 09:00"),
    ],
)
def test_words_for_a_time_are_read(words, meant):
    assert when(words) == meant


@pytest.mark.parametrize(
    "words",
    [
        *("", "  ", "5/3", "May", "5", "a", "call mom", "the moon", "31 april", "25:99", "13pm", "at 24"),
        *(
            "in 99999 years",
            "9999 years",
            "2027-02-30",
            "2027-13-01 10:00",
            "in",
            "at",
            ":",
            "0x10",
            "x" * 101,
        ),
    ],
)
def test_what_is_no_time_or_not_clear_is_none(words):
    assert when(words) is None


@pytest.mark.parametrize(
    ("language", "words", "meant"),
    [
        ("de", "morgen um 9", "21 Nov 2026 09:00"),
        ("de", "in zwei Stunden", "20 Nov 2026 19:30"),
        ("de", "3. Mai 18:30", "3 May 2027 18:30"),
        ("fr", "demain à 9h30", "21 Nov 2026 09:30"),
        ("nb", "i morgen kl 9", "21 Nov 2026 09:00"),
    ],
)
def test_a_time_may_be_written_in_the_persons_own_language(language, words, meant):
    assert when(words, languages=("en", language)) == meant
    assert when(words) != meant


def test_a_language_that_nobody_knows_leaves_english():
    assert when("next month", languages=("xx", "en")) == "20 Dec 2026 09:00"


def test_hours_go_by_in_real_time_and_days_by_the_clock_on_the_wall():
    before = utc(2026, 10, 24, 22, 30)  # 00:30 in Oslo; at three the clocks are set back
    assert read_when("in 4 hours", now=before, zone=OSLO) == before + timedelta(hours=4)
    assert read_when("in 1 day", now=before, zone=OSLO) == before + timedelta(hours=25)
    assert read_when("in vier Stunden", now=before, zone=OSLO, languages=("de",)) == before + timedelta(
        hours=4
    )


@settings(max_examples=300)
@given(st.text(st.sampled_from("0123456789:./- apmhinotrwdykefs") | st.characters(), max_size=LONGEST))
def test_no_words_make_reading_fail(words):
    moment = read_when(words, now=NOW, zone=OSLO)
    assert moment is None or moment.tzinfo is UTC


# --- What is asked in talk ------------------------------------------------------------------------


def asked(said: str) -> tuple[str, str | None] | None:
    def read(words: str) -> datetime | None:
        return read_when(words, now=NOW, zone=OSLO)

    found: ReminderRequest | None = reminder_in(said, read_when=read, names=("Pixel",))
    if found is None:
        return None
    return found.text, shown(found.due, OSLO).rpartition(" ")[0] if found.due else None


@pytest.mark.parametrize(
    ("said", "text", "meant"),
    [
        ("remind me in 20 minutes to call mom", "call mom", "20 Nov 2026 17:50"),
        ("Remind me tomorrow at 9 to take the pills.", "take the pills", "21 Nov 2026 09:00"),
        ("Pixel, remind me to call mom tomorrow at 9 please", "call mom", "21 Nov 2026 09:00"),
        ("could you remind me about the dentist on 3 May at 18:30?", "the dentist", "3 May 2027 18:30"),
        ("hey pixel remind me to go to the gym at 5pm", "go to the gym", "21 Nov 2026 17:00"),
        ("<@123> remind me in an hour: the cake", "the cake", "20 Nov 2026 18:30"),
        (
            "hi! remind me in 2 hours that Bob comes on friday. And you?",
            "Bob comes on friday",
            "20 Nov 2026 19:30",
        ),
        ("I need you to remind me to read 1984 in 3 days", "read 1984", "23 Nov 2026 17:30"),
        ("remind me tomorrow to tell Tom to come", "tell Tom to come", "21 Nov 2026 09:00"),
        ('remind me in an hour to say "hi" to `Bob`', 'say "hi" to `Bob`', "20 Nov 2026 18:30"),
        ("remind me milk tomorrow", "milk", "21 Nov 2026 09:00"),
        ("remind me in 20 minutes", "", "20 Nov 2026 17:50"),
        ("remind me to buy milk", "buy milk", None),
    ],
)
def test_a_wish_to_be_reminded_is_read_in_the_persons_own_words(said, text, meant):
    assert MAY_ASK_TO_BE_REMINDED.search(said)
    assert asked(said) == (text, meant)


@pytest.mark.parametrize(
    "said",
    [
        "you remind me of my cat",
        "that reminds me, in 2 hours I leave",
        "don't remind me in 2 hours to smile",
        "remind me what we said tomorrow",
        "remind me of the plot",
        "> remind me in 2 hours to x",
        'she said "remind me in 2 hours to x"',
        "`remind me in 2 hours to x`",
        "Tom, will he remind me in 2 hours to x",
    ],
)
def test_other_talk_of_reminding_is_no_wish(said):
    assert asked(said) is None


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("my birthday is 3 May", YearDay(5, 3)),
        ("My birthday is on May 3rd!", YearDay(5, 3)),
        ("oh, my bday's the 3rd of May btw", YearDay(5, 3)),
        ("I was born on 3 May 1990", YearDay(5, 3)),
        ("my birthday: 29 feb", YearDay(2, 29)),
        ("my birthday is sept 5", YearDay(9, 5)),
        ("my birthday is 3 May?", None),
        ("is my birthday 3 May", None),
        ("my birthday is not 3 May", None),
        ("my birthday is 31 February", None),
        ("my sister's birthday is 3 May", None),
        ('"my birthday is 3 May", said Tom', None),
        ("> my birthday is 3 May", None),
        ("my birthday is soon", None),
    ],
)
def test_a_birthday_is_only_what_somebody_tells_as_their_own(said, day):
    assert birthday_in(said) == day


@settings(max_examples=200)
@given(st.text(st.sampled_from('remind me to in 5 minutes at \n.!?>`"') | st.characters(), max_size=300))
def test_no_talk_makes_reading_it_fail(said):
    found = reminder_in(f"remind me {said}", read_when=lambda words: NOW if words == "in 5 minutes" else None)
    assert found is None or isinstance(found.text, str)
    birthday_in(f"my birthday is {said}")
