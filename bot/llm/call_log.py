"""The optional log of model calls (F022): lengths and tokens, never users' words."""

import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bot.llm.types import ModelCall

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000


class _CallLog(RotatingFileHandler):
    """Reports once that its file can't be written; logging would print a traceback for each call."""

    told = False

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        if not self.told:
            self.told = True
            reason = getattr(sys.exception(), "strerror", None) or sys.exception()
            log.warning(
                "Calls are not logged: api_log_file %s can't be written: %s", self.baseFilename, reason
            )


def open_call_log(path: Path) -> Callable[[ModelCall, int], None]:
    """Return a function that writes one JSON line for a call and the length of its prompt."""
    with suppress(OSError):  # the first call reports the error
        path.parent.mkdir(parents=True, exist_ok=True)
    handler = _CallLog(path, maxBytes=10 * MEGABYTE, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("masquerade.calls")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    for earlier in logger.handlers:
        earlier.close()
    logger.handlers = [handler]

    def write(call: ModelCall, prompt_characters: int) -> None:
        line = {
            "at": call.at.isoformat(timespec="milliseconds"),
            "purpose": call.purpose,
            "model": call.model,
            "outcome": call.outcome,
            "seconds": round(call.seconds, 3),
            "prompt_characters": prompt_characters,
            "input_tokens": call.usage.input,
            "output_tokens": call.usage.output,
            "cache_read_tokens": call.usage.cache_read,
            "cache_write_tokens": call.usage.cache_write_5m + call.usage.cache_write_1h,
            "cost_usd": call.cost,
        }
        logger.info(json.dumps(line))

    return write
