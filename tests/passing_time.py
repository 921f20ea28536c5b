"""Time in the in-memory Discord: who waits a while is woken as soon as nothing else is under way.

It has a clock of its own, but what is due soon it waits for in real time, so that what goes on meanwhile gets
done. Here that is looked at, instead.
"""

import asyncio
from typing import Any

import simcord
from simcord import _settlement

LOOK_AGAIN = 0.002
"""Seconds between two looks at what is under way."""


async def sleep(env: simcord.Env, seconds: float) -> None:
    """Wait as asyncio.sleep does, and for what is due before the bot counts as settled not in real time."""
    loop = asyncio.get_running_loop()
    waking = loop.create_future()
    timer = loop.call_later(seconds, _set_result_unless_cancelled, waking)
    record = next((one for one in env._work.callbacks if one.handle is timer), None)
    if record is not None and record.real_handle is not None and seconds < env.settle_timeout:
        _Haste(env, record).look_later()
    try:
        await waking
    finally:
        timer.cancel()


def _set_result_unless_cancelled(waking: asyncio.Future[None]) -> None:
    """Wake a sleeper. The in-memory Discord knows those who sleep by this name, which is asyncio's."""
    if not waking.cancelled():
        waking.set_result(None)


class _Haste:
    """Lets a timer go off when everything else is at rest, at the latest when it would have by itself."""

    def __init__(self, env: Any, record: Any) -> None:
        self._env = env
        self._record = record
        self._late = record.real_handle.when()
        self._go_off, self._context = record.real_handle._callback, record.real_handle._context

    def look_later(self) -> None:
        self._record.real_handle.cancel()
        call_at = self._env._runtime.call_at
        at = asyncio.get_running_loop().time() + LOOK_AGAIN
        self._record.real_handle = call_at(at, self._look, context=self._context)

    def _look(self) -> None:
        if self._record.handle.cancelled():
            return
        is_late = asyncio.get_running_loop().time() >= self._late
        if not is_late and (self._env._advancing or not self._at_rest()):
            self.look_later()
        else:
            self._go_off()

    def _at_rest(self) -> bool:
        """Say whether all that the bot does waits for time to pass, or for somebody outside."""
        state = self._env._settlement_state()
        return (
            not self._env._work.executors
            and all(_settlement._is_parked(state, one, 0.0) for one in _settlement._owned_tasks(state))
            and all(_settlement._callback_is_parked(state, one, 0.0) for one in state.work.callbacks)
        )
