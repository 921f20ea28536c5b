"""Several bots in one channel: they wait their turn, and they fall silent (C21, C22, faults D11)."""

import asyncio
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation.attention.throttle import Patience
from bot.conversation.attention.vote import Voters
from bot.conversation.config import Attentiveness, Manner
from bot.conversation.decision import Reason
from bot.conversation.text.typing import Pace
from bot.conversation.types import Person
from tests.builders import AT_ONCE, outcome
from tests.theatre import ActorMouth, Metronome, Theatre, WatchedDatabase, databases, open_theatre

MIRA = Person(42, ("Mira",))
NAMES = ("Anouk", "Boris", "Chandra", "Dmitri")
VOTERS = Voters(model="claude-haiku-5-5", count=3, deadline=10.0)
PACE = Pace()
TYPING = Manner(pace=PACE, attention=Attentiveness(voters=VOTERS, turn=PACE.longest))
_channels = count(10_000)
_bots = count(1_000_000)


def bots(number: int) -> list[Person]:
    """Return bots that no counter has seen yet."""
    return [Person(next(_bots), (name,), is_bot=True) for name in NAMES[:number]]


def manner(patience: Patience, base: Manner = AT_ONCE) -> Manner:
    return replace(base, attention=replace(base.attention, patience=patience, voters=VOTERS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bots")


async def staged(
    folder: Path, people: list[Person], manners: list[Manner], speak, play, *, seed: int = 1
) -> Theatre:
    """Put bots into a channel of their own, and let `play` happen there."""
    clock = Metronome()
    async with databases(folder, len(people), clock) as stores:
        theatre = open_theatre(
            people,
            stores,
            clock,
            channel_id=next(_channels),
            manners=manners,
            speak=speak,
            seed=seed,
        )
        await play(theatre)
        return theatre


async def test_whom_somebody_names_second_speaks_after_the_first(folder):
    people = bots(2)

    async def play(theatre: Theatre) -> None:
        theatre.post(MIRA, "Boris, then Anouk?")
        await theatre.play()

    theatre = await staged(folder, people, [TYPING] * 2, lambda _me: "here I am", play)
    assert [post.author.names[0] for post in theatre.posts[:3]] == ["Mira", "Boris", "Anouk"]
    begun, first, second = (post.at for post in theatre.posts[:3])
    assert PACE.shortest <= first - begun <= PACE.longest
    assert second > first + PACE.shortest - 0.1


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(4)), seed=st.integers(1, 1_000))
async def test_the_order_of_replies_follows_the_order_of_names(folder, order, seed):
    people = bots(4)
    called = [people[index] for index in order]
    said = ", ".join(person.names[0] for person in called) + "?"
    patience = manner(Patience(threshold=0), TYPING)

    async def play(theatre: Theatre) -> None:
        theatre.post(MIRA, said)
        await theatre.play()

    theatre = await staged(folder, people, [patience] * 4, lambda _me: "me too", play, seed=seed)
    assert [post.author for post in theatre.posts[1:]] == called


@pytest.mark.parametrize(("is_bot", "share"), [(False, 0.25), (True, 1.0)])
async def test_the_wait_for_somebody_who_keeps_silent_depends_on_who_named_them(folder, is_bot, share):
    people, asker = bots(1), Person(next(_bots), ("Asker",), is_bot=is_bot)

    async def play(theatre: Theatre) -> None:
        theatre.post(Person(77, ("Alice",)), "morning")
        await theatre.play()
        theatre.post(asker, "Alice, and you Anouk?")
        await theatre.play()

    theatre = await staged(folder, people, [TYPING], lambda _me: "well", play)
    asked, reply = theatre.posts[-2:]
    assert reply.author == people[0]
    (wait,) = theatre.traces[asked.message_id].waits
    assert 0.9 <= wait.seconds / (PACE.longest * share) <= 1.1
    assert reply.at - asked.at >= wait.seconds + PACE.shortest - 0.01


async def test_no_two_waits_are_the_same_and_none_is_off_by_more_than_a_tenth(folder):
    people, waits = bots(1), list[float]()
    for seed in range(8):

        async def play(theatre: Theatre) -> None:
            theatre.post(Person(77, ("Alice",)), "lol")
            await theatre.play()
            theatre.post(MIRA, "Alice, and you Anouk?")
            await theatre.play()

        theatre = await staged(folder, people, [TYPING], lambda _me: "well", play, seed=seed)
        waits += [wait.seconds for trace in theatre.traces.values() for wait in trace.waits]
    assert len(set(waits)) == len(waits) == 8
    assert all(0.9 <= wait / (PACE.longest / 4) <= 1.1 for wait in waits)
    assert max(waits) / min(waits) > 1.05


async def test_it_looks_again_after_waiting_and_keeps_quiet_when_its_message_was_answered(folder):
    people, alice = bots(1), Person(77, ("Alice",))

    async def play(theatre: Theatre) -> None:
        mine = theatre.post(people[0], "nice weather")
        theatre.post(alice, "morning")
        await theatre.play()
        heard = replace(
            theatre._heard(theatre.post(MIRA, "nothing"), theatre.actors[0]),
            message_id=next(iter(theatre.ids)),
            text="Alice, what do you think?",
            replies_to_me=True,
            replies_to=people[0].id,
            reply_to=mine.message_id,
        )
        actor = theatre.actors[0]
        walk = asyncio.create_task(actor.app.conversation.take_turn(heard, ActorMouth(theatre, actor)))
        await theatre.clock.rest()
        theatre.post(alice, "I like it")
        await theatre.play()
        await walk
        kept = await outcome(actor.app.database, heard.message_id)
        assert kept.claim.reason == Reason.TAKEN.name

    theatre = await staged(folder, people, [TYPING], lambda _me: "well", play)
    assert theatre.said_by(theatre.actors[0]) == theatre.posts[:1]


PATIENCE = st.builds(
    Patience,
    threshold=st.integers(0, 4),
    cooldown=st.sampled_from([0.0, 1.0, 15.0, 600.0]),
    energy=st.integers(0, 8),
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patience=st.lists(PATIENCE, min_size=1, max_size=4), seed=st.integers(0, 3), calls=st.booleans())
async def test_any_set_of_bots_falls_silent_and_a_person_starts_it_again(folder, patience, seed, calls):
    people = bots(len(patience))
    turn = count(seed)

    def speak(me: Person) -> str:
        others = [person for person in people if person != me]
        asking = "does anybody know how to fix this? please help"
        return f"{others[next(turn) % len(others)].names[0]}, and you?" if calls and others else asking

    def most(one: Patience) -> int:
        return 1 + min(one.energy, one.threshold * (len(people) - 1))

    async def play(theatre: Theatre) -> None:
        for _ in range(2):
            begun = len(theatre.posts)
            theatre.post(MIRA, "Anouk, are you there?")
            await theatre.play()
            new = theatre.posts[begun:]
            assert any(post.author == people[0] for post in new)
            for person, one in zip(people, patience, strict=True):
                assert sum(post.author == person for post in new) <= most(one)

    await staged(folder, people, [manner(one) for one in patience], speak, play, seed=seed)


async def test_two_bots_that_call_each_other_stop_after_their_threshold_each(folder):
    people = bots(2)

    def speak(me: Person) -> str:
        return f"{(people[0] if me == people[1] else people[1]).names[0]}, and you?"

    async def play(theatre: Theatre) -> None:
        theatre.post(MIRA, "Anouk, are you there?")
        await theatre.play()

    patience = Patience(threshold=3, cooldown=15.0)
    theatre = await staged(folder, people, [manner(patience)] * 2, speak, play)
    anouk, boris = (len(theatre.said_by(actor)) for actor in theatre.actors)
    assert (anouk, boris) == (1 + 3, 3)
    times = [post.at for post in theatre.said_by(theatre.actors[1])]
    assert all(later - earlier >= 15.0 for earlier, later in pairwise(times))


async def test_the_counts_of_one_channel_survive_a_restart_and_a_person_rearms_only_their_own(folder):
    people = bots(2)
    clock, patience = Metronome(), Patience(threshold=2, cooldown=0.0)
    here, there = next(_channels), next(_channels)

    def speak(me: Person) -> str:
        return f"{(people[0] if me == people[1] else people[1]).names[0]}, and you?"

    async def talk(stores: list[WatchedDatabase], channel_id: int, author: Person) -> int:
        theatre = open_theatre(
            people,
            stores,
            clock,
            channel_id=channel_id,
            manners=[manner(patience)] * 2,
            speak=speak,
        )
        theatre.ids = count(next(_bots) * 1_000)
        theatre.post(author, "Anouk?")
        await theatre.play()
        return len(theatre.posts) - 1

    stranger = Person(next(_bots), ("Stranger",), is_bot=True)
    async with databases(folder, 2, clock) as stores:
        assert await talk(stores, here, MIRA) == 1 + 2 + 2
        assert await talk(stores, there, MIRA) == 1 + 2 + 2
    async with databases(folder, 2, clock) as stores:
        assert await talk(stores, here, people[1]) == 0
        assert await talk(stores, there, MIRA) == 1 + 2 + 2
        assert await talk(stores, here, people[1]) == 0
        assert await talk(stores, here, stranger) > 0
