"""Whatever is said where, whatever a model makes of it: thoughts come up before no wider audience (F133)."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.llm.types import Prompt, Question
from memory.places import Place, Where
from tests.builders import CHANNEL, DM, PIXEL, Table, table
from tests.learning import DAY, agree, say

INNER = PIXEL.model_copy(update={"inner_life": ("beliefs", "dreams", "threads")})
PLACES = (
    replace(CHANNEL, public=True),
    replace(CHANNEL, channel_id=601, name="random", public=True),
    replace(CHANNEL, channel_id=602, name="staff"),
    replace(CHANNEL, channel_id=603, name="thread", parent_id=602),
    Where(800, Place.GUILD, name="hall", guild_id=900, guild_name="Another", public=True),
    DM,
    replace(DM, channel_id=501),
)
PERSON = {500: 42, 501: 43}
"""Who is in a private place; anybody is in the others."""
CANARY = re.compile(r"kanari[a-z]+")


def canary(number: int) -> str:
    return "kanari" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")


def may_know(here: Where, said: Where) -> bool:
    """Say whether everybody in a place may know what was said in another one."""
    if here.channel_id == said.channel_id:
        return True
    if here.place.private or said.guild_id != here.guild_id:
        return False
    return said.public or said.channel_id == here.parent_id


def greedy(prompt: Prompt) -> str:
    """Make thoughts of every canary that a model was shown, and claim the first line for all of them."""
    seen = list(dict.fromkeys(CANARY.findall(prompt.text)))
    plain = {"belief": 0, "stronger": True, "evidence": "example", "lines": [1]}
    beliefs = [plain | {"text": f"Some {one} hums at night"} for one in seen]
    threads = [
        {"thread": 0, "text": f"Does a {one} ever sleep?", "done": False, "lines": [1]} for one in seen
    ]
    dream = {"text": f"All of them dance: {' and '.join(seen)}."[:240], "lines": [1]}
    return json.dumps({"beliefs": beliefs[-3:], "dream": dream, "threads": threads[-3:]})


async def lived(at: Table, nights: list[list[int]]) -> None:
    """Let things be said in places, night after night; then look at the prompt of each place."""
    said: dict[str, Where] = {}
    ask = at.claude.ask

    async def asked(prompt: Prompt, question: Question) -> Any:
        answer = await ask(prompt, question)
        return replace(answer, text=greedy(prompt)) if question.purpose == "musings" else answer

    at.claude.ask = asked  # type: ignore[method-assign]
    at.claude.finds = lambda _prompt, _question: '{"facts": []}'
    await agree(at, 42, 43)
    for night in nights:
        for place in night:
            where = PLACES[place]
            for _ in range(4):
                word = canary(len(said))
                said[word] = where
                person = PERSON.get(where.channel_id, 42)
                await say(at, f"I once saw a {word} here", where=where, author_id=person)
                at.clock.pass_time(60)
        await at.app.consolidation.run("pixel")
        await at.app.night_thoughts.run("pixel")
        at.clock.pass_time(DAY)
    everything = f"what of a night, does it hum, ever sleep, dance? {' '.join(said)}"
    for here in PLACES:
        held = await at.app.thoughts_here.of("pixel", here)
        await say(at, everything, where=here, author_id=PERSON.get(here.channel_id, 42))
        note = at.claude.prompts[-1].text.partition("own thoughts of late")[2]
        shown = CANARY.findall(note + " ".join(one.musing.text for one in held))
        for word in shown:
            assert may_know(here, said[word]), f"{word} of {said[word]} came up in {here}"
    public = [said[word] for word in said if said[word].public]
    if public:  # or nothing would have been looked at
        here = replace(public[0], channel_id=650, name="new")
        assert await at.app.thoughts_here.of("pixel", here)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, len(PLACES) - 1), max_size=4), min_size=1, max_size=2))
def test_nothing_said_in_a_private_place_comes_up_elsewhere_through_thoughts(nights):
    async def live() -> None:
        with TemporaryDirectory() as folder:
            async with table(Path(folder), character=INNER) as at:
                await lived(at, nights)

    asyncio.run(live())


def test_it_would_be_noticed_if_anything_did():
    staff, general = PLACES[2], PLACES[0]
    assert may_know(staff, general)
    assert not may_know(general, staff)
    assert may_know(PLACES[3], staff)
    assert not may_know(staff, PLACES[3])
    assert not may_know(DM, general)
