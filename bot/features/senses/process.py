"""Parent side of the senses: passes untrusted files to a child process and validates its answers."""

import asyncio
import logging
from threading import Lock
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.core.child import Stop, answer_of
from bot.core.errors import Unperceived
from bot.core.sandbox import Unfinished

log = logging.getLogger(__name__)

MOST_BYTES = 32 << 20


class ChildAnswer(BaseModel):
    """Answer of a child process, which a malicious file may have taken over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """Validate an answer; raise Unperceived if it is malformed."""
        try:
            return cls.model_validate(answer)
        except ValidationError as error:
            raise Unperceived("what was said of it makes no sense") from error


class Process:
    """A program started anew for each file, one at a time, so that files can't affect one another."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._turn = asyncio.Lock()
        # A cancelled task releases the turn at once, but its process ends a moment later.
        self._place = Lock()

    async def ask(self, data: bytes, order: str, *, deadline: float) -> tuple[dict[str, Any], bytes]:
        """Return the program's answer about a file, and the bytes that it produced.

        `deadline` is in seconds from the start of the process. Raises Unperceived.
        """
        if not data:
            raise Unperceived("it is empty")
        if len(data) > MOST_BYTES:
            raise Unperceived(f"it has over {MOST_BYTES >> 20} MB")
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
        except OSError as error:  # out of memory, or too many processes
            raise Unperceived("the process for it can't be started") from error
        except Unfinished as cut:
            if cut.late:
                raise Unperceived(f"it takes longer than {deadline:g} s") from cut
            if cut.fault:
                log.error("A file could not be made out: %s", cut.fault)  # noqa: TRY400 - the trace is the child's
                raise Unperceived("of an error in Masquerade; the log says more") from cut
            raise Unperceived("it broke the process that looked at it") from cut
