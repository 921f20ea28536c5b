"""When a character speaks first and when it asks back, as a rule without a database (C79, C80, C83)."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import mean
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.initiative import (
    ASKED_WITHIN,
    LEVELS,
    MOST_ASKED,
    REMEMBERED,
    TICK,
    InitiativeBounds,
    InitiativeMoment,
    QuietHours,
    RemarkKind,
    Roll,
    Silence,
    TalkLine,
    due,
    is_curious,
    may_ask_back,
    open_topic,
    remembering,
    roll,
    said_on,
    slot_of,
)
from personas.rhythm import PAUSE, Profile, hour_of, profile_of
from tests.fakes import EPOCH
from tests.support.paths import ROOT

TICKS = 10_000
NO_CAP, ALWAYS = InitiativeBounds(cap=TICKS), InitiativeBounds(chance=1.0)
ZERO = timedelta(0)
COOLDOWN = timedelta(seconds=300)


def noon(**changes) -> InitiativeMoment:
    return InitiativeMoment(**{"now": EPOCH, "own_last": False, **changes})


class Day:
    """A channel in which somebody speaks after each remark, on a clock that jumps by a half hour."""

    def __init__(self, bounds: InitiativeBounds = InitiativeBounds(), seed: int = 1) -> None:  # noqa: B008 - a value
        self.bounds, self.rng, self.now = bounds, Random(seed), EPOCH
        self.said: list[datetime] = []
        self.rolled: tuple[int, ...] = ()

    def tick(self, *, own_last: bool = False) -> RemarkKind | None:
        slot = due(self.now, self.rolled, "600")
        if slot is None:
            return None
        self.rolled = remembering(self.rolled, slot)
        came = roll(self.bounds, noon(now=self.now, own_last=own_last, today=self.said), self.rng)
        if came.kind is not None:
            self.said.append(self.now)
        return came.kind


# --- Ten thousand half hours (C79) ----------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_ten_thousand_half_hours_a_tenth_is_spoken_in_and_half_of_that_takes_up_the_talk(seed):
    rng = Random(seed)
    came = Counter(roll(NO_CAP, noon(), rng).kind for _ in range(TICKS))
    spoken = came[RemarkKind.CONTEXTUAL] + came[RemarkKind.STATUS]
    assert spoken / TICKS == pytest.approx(0.10, abs=0.009)
    assert came[RemarkKind.CONTEXTUAL] / spoken == pytest.approx(0.5, abs=0.03)


@pytest.mark.slow
def test_over_many_seeds_the_fork_is_even():
    kinds = [roll(NO_CAP, noon(), Random(seed)).kind for seed in range(60_000)]
    came = Counter(kinds)
    spoken = came[RemarkKind.CONTEXTUAL] + came[RemarkKind.STATUS]
    assert came[RemarkKind.CONTEXTUAL] / spoken == pytest.approx(0.5, abs=0.03)


def test_it_never_speaks_after_its_own_last_word():
    rng = Random(1)
    own = {roll(InitiativeBounds(chance=1.0), noon(own_last=True), rng).silence for _ in range(TICKS)}
    assert own == {Silence.OWN}


def test_over_a_month_of_half_hours_it_keeps_to_the_quiet_hours_and_the_daily_cap():
    day = Day(InitiativeBounds(chance=0.6))
    for _ in range(30 * 24 * 60):
        day.now += timedelta(minutes=1)
        day.tick()
    by_day = Counter(at.date() for at in day.said)
    assert max(by_day.values()) == 3
    assert len(by_day) >= 29
    assert all(8 <= at.hour < 23 for at in day.said)


def test_quiet_hours_are_those_of_the_clock_of_the_house():
    oslo = ZoneInfo("Europe/Oslo")
    late = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)  # half past eleven there
    assert roll(InitiativeBounds(chance=1.0), noon(now=late), Random(1)).kind is not None
    assert (
        roll(InitiativeBounds(chance=1.0), noon(now=late.astimezone(oslo)), Random(1)).silence
        is Silence.QUIET
    )


@pytest.mark.parametrize(
    ("written", "quiet"),
    [
        ("23-8", {23, 0, 1, 2, 3, 4, 5, 6, 7}),
        ("1-6", {1, 2, 3, 4, 5}),
        ("22-24", {22, 23}),
        ("none", set()),
    ],
)
def test_quiet_hours_are_read_as_they_are_written(written, quiet):
    hours = QuietHours.of(written)
    assert {hour for hour in range(24) if hours.hold(EPOCH.replace(hour=hour))} == quiet
    assert QuietHours.of(str(hours)) == hours


@pytest.mark.parametrize("written", ["", "8", " 9 - 9 ", "0-24", "23-25", "-1-8", "late", "23-8-9", "8:30-9"])
def test_hours_that_are_none_are_refused(written):
    with pytest.raises(ValueError, match=r".+"):
        QuietHours.of(written)


def test_a_day_ends_at_midnight_where_the_character_lives():
    oslo = ZoneInfo("Europe/Oslo")
    times = [datetime(2026, 11, 20, 22, 59, tzinfo=UTC), datetime(2026, 11, 20, 23, 1, tzinfo=UTC)]
    assert said_on(EPOCH.astimezone(oslo), times) == 1
    assert said_on(EPOCH, times) == 0


# --- What shifts the chance (C80, C15) ------------------------------------------------------------


LIVELY, DEAD = Profile(peak=frozenset({EPOCH.hour})), Profile(quiet=frozenset({EPOCH.hour}))


@pytest.mark.parametrize(("profile", "chance"), [(Profile(), 0.1), (LIVELY, 0.06), (DEAD, 0.16)])
def test_the_rhythm_of_a_channel_shifts_the_chance_and_leaves_some_in_every_hour(profile, chance):
    rng = Random(5)
    came = [roll(NO_CAP, noon(profile=profile), rng) for _ in range(TICKS)]
    assert all(one.chance == pytest.approx(chance) for one in came)
    assert sum(one.kind is not None for one in came) / TICKS == pytest.approx(chance, abs=0.015)


def test_where_admins_allow_nothing_unasked_nothing_is_said_and_half_of_it_where_they_allow_half():
    assert roll(InitiativeBounds(chance=1.0), noon(considered=0.0), Random(1)).silence is Silence.CHANCE
    assert roll(InitiativeBounds(chance=1.0), noon(considered=0.5), Random(1)).chance == 0.5
    assert roll(InitiativeBounds(chance=0.0), noon(profile=DEAD), Random(1)).chance == 0.0


@pytest.mark.parametrize(("profile", "minutes"), [(Profile(), 30), (LIVELY, 36), (DEAD, 24)])
def test_it_waits_for_a_silence_which_is_longer_in_lively_hours_and_shorter_in_quiet_ones(profile, minutes):
    """C80: the threshold x1.2 and x0.8."""
    silent = timedelta(minutes=minutes)
    after = [noon(profile=profile, last_at=EPOCH - silent + more) for more in (timedelta(seconds=1), ZERO)]
    assert [roll(ALWAYS, one, Random(1)).silence for one in after] == [Silence.TALK, None]


@pytest.mark.parametrize(("profile", "minutes"), [(Profile(), 60), (LIVELY, 90), (DEAD, 42)])
def test_it_pauses_after_a_remark_for_longer_in_lively_hours_and_shorter_in_quiet_ones(profile, minutes):
    """C80: the cooldown x1.5 and x0.7."""
    ago = timedelta(minutes=minutes)
    after = [noon(profile=profile, today=[EPOCH - ago + more]) for more in (timedelta(seconds=1), ZERO)]
    assert [roll(ALWAYS, one, Random(1)).silence for one in after] == [Silence.PAUSE, None]


class Month:
    """Thirty days of a channel in which people talk in bursts: mostly in the evening, seldom in the morning.

    Who is spoken to first answers half of the time, within minutes.
    """

    BURSTS = (*[0.02] * 7, *[0.1] * 3, *[0.25] * 5, *[0.4] * 3, *[1.0] * 4, 0.4, 0.15)
    """How many begin in each hour of the day, on average."""

    def __init__(self, seed: int) -> None:
        self.rng, self.now = Random(seed), EPOCH
        self.counts: Counter[int] = Counter()
        self.coming: list[datetime] = []
        self.said: list[datetime] = []
        self.last_at, self.own_last = EPOCH, True
        self.eligible: list[tuple[bool, Roll]] = []

    def run(self, days: int) -> None:
        """Let people talk, and roll in each half hour; what the first week brings is not counted."""
        for _ in range((days + 7) * 48):
            self._talk()
            moment = InitiativeMoment(
                now=self.now,
                own_last=self.own_last,
                last_at=self.last_at,
                today=self.said[-10:],
                profile=profile_of(self.counts, self.now),
            )
            rolled = roll(InitiativeBounds(), moment, self.rng)
            if rolled.silence in (None, Silence.CHANCE) and self.now >= EPOCH + timedelta(days=7):
                self.eligible.append((self.now.hour in moment.profile.peak, rolled))
            if rolled.kind is not None:
                self._speak()

    def _talk(self) -> None:
        begin, self.now = self.now, self.now + TICK
        if self.rng.random() < self.BURSTS[begin.hour] / 2:
            self._burst(begin + TICK * self.rng.random())
        for at in sorted(one for one in self.coming if one <= self.now):
            self.counts[hour_of(at)] += 1
            self.last_at, self.own_last = at, False
        self.coming = [one for one in self.coming if one > self.now]

    def _burst(self, at: datetime) -> None:
        for _ in range(self.rng.randint(2, 25)):
            self.coming.append(at)
            at += timedelta(minutes=self.rng.expovariate(0.5))

    def _speak(self) -> None:
        self.said.append(self.now)
        self.last_at, self.own_last = self.now, True
        if self.rng.random() < 0.5:
            self._burst(self.now + timedelta(minutes=3))


@pytest.mark.slow
def test_in_thirty_modelled_days_it_speaks_in_a_tenth_of_the_half_hours_that_are_left_to_chance():
    """C79, C80: 8 to 12 % with the defaults in a channel with lively hours, and never none in these."""
    months = [Month(seed) for seed in range(20)]
    for month in months:
        month.run(30)
        chances = [one.chance for _, one in month.eligible]
        assert 0.08 <= mean(chances) <= 0.12
        assert min(one.chance for lively, one in month.eligible if lively) > 0
    eligible = [one for month in months for one in month.eligible]
    lively = [one.kind is not None for was, one in eligible if was]
    assert 0.08 <= mean(one.kind is not None for _, one in eligible) <= 0.12
    assert 0.04 <= mean(lively) <= 0.08
    assert len(lively) > len(eligible) / 20


# --- Each half hour once, whatever the clock does -------------------------------------------------


def test_a_half_hour_is_rolled_once_however_often_it_is_looked():
    day = Day(InitiativeBounds(chance=1.0, cap=TICKS))
    for _ in range(6 * 60):
        day.now += timedelta(minutes=1)
        day.tick()
    assert len(day.rolled) == 12
    assert len({slot_of(at) for at in day.said}) == len(day.said) >= 4
    assert all(later - sooner >= PAUSE for sooner, later in pairwise(day.said))


def test_nothing_is_made_up_for_after_a_week_offline():
    day = Day(InitiativeBounds(chance=1.0, cap=TICKS))
    day.now += timedelta(days=7, minutes=29)
    for _ in range(10):
        day.tick()
    assert len(day.said) == 1


@pytest.mark.parametrize("jump", [timedelta(days=7), timedelta(days=-7), timedelta(minutes=-25)])
def test_a_clock_that_jumps_and_comes_back_does_no_harm(jump):
    day = Day(InitiativeBounds(chance=1.0))
    day.now = EPOCH.replace(hour=9)

    def run(minutes: int) -> None:
        for _ in range(minutes):
            day.now += timedelta(minutes=1)
            day.tick()

    run(60)
    before = len(day.said)
    day.now += jump
    run(3)
    day.now -= jump
    run(90)
    assert before == 1
    assert max(Counter(slot_of(at) for at in day.said).values()) == 1
    assert max(Counter(at.date() for at in day.said).values()) <= 3
    assert any(at > EPOCH.replace(hour=10) for at in day.said[before:]), "it is silent for good"


@given(st.lists(st.integers(-10_000, 10_000), max_size=60), st.integers(0, 99))
def test_however_the_clock_is_set_no_half_hour_is_rolled_twice_within_a_day_of_them(minutes, seed):
    rolled: tuple[int, ...] = ()
    for ahead in minutes:
        slot = due(EPOCH + timedelta(minutes=ahead), rolled, str(seed))
        if slot is not None:
            assert slot not in rolled
            rolled = remembering(rolled, slot)
    assert len(rolled) <= REMEMBERED


def test_each_channel_has_a_moment_of_its_own_in_the_half_hour_and_none_is_missed():
    slot, moments = slot_of(EPOCH), []
    for channel in range(200):
        looks = [EPOCH + timedelta(minutes=minute) for minute in range(30)]
        moments.append(next(at for at in looks if due(at, (), str(channel)) == slot))
    assert len(set(moments)) > 20
    assert TICK.total_seconds() == 1800


# --- Asking back (C83) ----------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "share"), [("off", 0), ("low", 0.1), ("medium", 0.3), ("high", 0.6)])
def test_a_level_is_how_often_it_asks_back(level, share):
    rng = Random(1)
    assert sum(is_curious(level, rng) for _ in range(TICKS)) / TICKS == pytest.approx(share, abs=0.015)
    assert LEVELS["maximum"] == 0.8


@given(st.lists(st.integers(0, 400), min_size=1, max_size=300), st.integers(0, 9))
def test_it_asks_back_once_in_300_seconds_and_three_times_in_15_minutes_at_most(pauses, seed):
    rng, now, asked = Random(seed), EPOCH, list[datetime]()
    for seconds in pauses:
        now += timedelta(seconds=seconds)
        if may_ask_back(asked, now, cooldown=COOLDOWN) and is_curious("maximum", rng):
            asked.append(now)
    assert all(later - sooner >= COOLDOWN for sooner, later in pairwise(asked))
    assert _busiest(asked) <= MOST_ASKED


@given(st.lists(st.integers(-2_000, 2_000), min_size=1, max_size=200))
def test_without_a_pause_and_on_a_clock_that_is_set_it_still_asks_three_times_in_15_minutes_at_most(jumps):
    now, asked = EPOCH, list[datetime]()
    for seconds in jumps:
        now += timedelta(seconds=seconds)
        if may_ask_back(asked, now, cooldown=timedelta(0)):
            asked.append(now)
    assert _busiest(asked) <= MOST_ASKED


def _busiest(asked: list[datetime]) -> int:
    """Return how often at most it was asked within 15 minutes."""
    return max((sum(at <= one < at + ASKED_WITHIN for one in asked) for at in asked), default=0)


# --- What was left open ---------------------------------------------------------------------------


def talk(*said: tuple[int, str]) -> list[TalkLine]:
    """Return a talk: 42 and 7 are people, 0 is the character."""
    return [TalkLine(2 * place, person, text) for place, (person, text) in enumerate(said, 1)]


CHATTER = tuple((7, f"well, number {number}") for number in range(4))


@pytest.mark.parametrize(
    "text",
    [
        "I have an exam tomorrow, wish me luck",
        "tonight we are going to the castle",
        "Ich habe morgen eine Prüfung in Mathe",
        "mañana tengo una entrevista de trabajo",
    ],
)
def test_what_was_still_to_come_is_open(text):
    said = talk((42, text), (0, "Good luck!"), *CHATTER)
    assert open_topic(said, {42}) == said[0]


def test_a_question_that_nobody_answered_is_open_and_one_with_an_answer_is_not():
    asked = (42, "Does anybody know a good book on bats?")
    alone = talk(asked, (42, "or on moths, for that matter"), (42, "anything with wings"), (42, "really"))
    assert open_topic([*alone, *talk(*[(42, "so")] * 4)], {42}) == alone[0]
    assert open_topic(talk(asked, (0, "Try the library."), *CHATTER), {42}) is None


def test_what_is_being_talked_about_now_is_not_come_back_to():
    assert open_topic(talk((42, "I have an exam tomorrow, wish me luck"), *CHATTER[:3]), {42}) is None


@pytest.mark.parametrize(
    "text", ["soon", "tomorrow: https://example.org/exam of all days", "/remind me tomorrow of the exam"]
)
def test_what_says_too_little_or_is_no_talk_is_no_topic(text):
    assert open_topic(talk((42, text), *CHATTER), {42}) is None


def test_the_latest_is_come_back_to_and_nothing_twice_or_of_somebody_else():
    said = talk((42, "the interview is next week"), (42, "tonight I'm going to bake"), *CHATTER)
    assert open_topic(said, {42}) == said[1]
    assert open_topic(said, {42}, done={said[1].place}) == said[0]
    assert open_topic(said, {42}, done={one.place for one in said}) is None
    assert open_topic(said, {7}) is None


def test_the_page_names_the_levels_as_they_are():
    page = (ROOT / "docs" / "conversation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) % \|$", page, re.MULTILINE)
    assert {level: int(percent) / 100 for level, percent in rows} == LEVELS
