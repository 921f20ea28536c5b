"""Worlds in which chance talks, and every prompt is searched for words that were not said for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.bot.conversation import test_company_hunt as companies
from tests.drill.score import Score
from tests.memory import test_canary_hunt as places

PER_WORLD = 1_250
WORLDS = {"places": places, "companies": companies}


def run_hunts(prompts: int, seed: int, say: Callable[[str], object]) -> Score:
    """Search so many prompts, in worlds of both kinds, two at a time."""
    score = Score()
    kinds = [list(WORLDS)[number % 2] for number in range(-(-prompts // PER_WORLD))]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        running = [
            workers.submit(hunt, kind, 1_000 * seed + number, min(PER_WORLD, prompts))
            for number, kind in enumerate(kinds)
        ]
        for kind, one in zip(kinds, running, strict=True):
            searched, leaks = one.result()
            score.tried["prompt"] += searched
            for leak in leaks:
                score.failed("leak", leak)
            say(f"{searched:,} prompts of {kind}: {len(leaks)} leaks")
    return score


def hunt(kind: str, seed: int, prompts: int) -> tuple[int, list[str]]:
    """Let one world go on until it has asked so many prompts; return them, and what leaked."""
    return asyncio.run(_hunt(kind, seed, prompts))


async def _hunt(kind: str, seed: int, prompts: int) -> tuple[int, list[str]]:
    async with WORLDS[kind].hunting(seed) as world:
        try:
            while world.prompts < prompts and not world.leaks:
                await world.step()
        except AssertionError as error:
            return world.prompts, world.leaks or [str(error)]
        return world.prompts, world.leaks
