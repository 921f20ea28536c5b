"""Puts files from anybody to the child of a sense, one by one, and says why one can't be made out."""

import asyncio
import logging
from threading import Lock
from typing import Any

from bot.core.child import Stop, answer_of
from bot.core.errors import Unperceived
from bot.core.sandbox import Unfinished

log = logging.getLogger(__name__)


class Process:
    """A program that is started anew for each file: one is there at a time, and no other file meets it."""

    def __init__(self, program: str, *, most: int) -> None:
        self._program = program
        self._most = most
        self._turn = asyncio.Lock()
        # Whoever is cancelled gives up the turn at once, and the process a moment later.
        self._place = Lock()

    async def ask(self, data: bytes, order: str, *, deadline: float) -> tuple[dict[str, Any], bytes]:
        """Return what the program says of a file, and the bytes that it made of it.

        `deadline` is in seconds and counts from the start of the process. Raises Unperceived.
        """
        if not data:
            raise Unperceived("it is empty")
        if len(data) > self._most:
            raise Unperceived(f"it has over {self._most >> 20} MB")
        stop = Stop()
        async with self._turn:
            try:
                answer, made = await asyncio.to_thread(self._asked, data, order, deadline, stop)
            except asyncio.CancelledError:
                stop()
                raise
        if "fault" in answer:
            raise Unperceived(str(answer["fault"])[:200])
        return answer, made

    def _asked(self, data: bytes, order: str, deadline: float, stop: Stop) -> tuple[dict[str, Any], bytes]:
        try:
            with self._place:
                return answer_of(self._program, order, data, deadline=deadline, stop=stop)
        except Unfinished as cut:
            if cut.late:
                raise Unperceived(f"it takes longer than {deadline:g} s") from cut
            if cut.fault:
                log.error("A file could not be made out: %s", cut.fault)  # noqa: TRY400 - the trace is the child's
                raise Unperceived("of an error in Masquerade; the log says more") from cut
            raise Unperceived("it broke the process that looked at it") from cut
