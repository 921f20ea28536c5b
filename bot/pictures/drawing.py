"""Pictures as files: drawn in a thread, one at a time, within a deadline; the words for them always come."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.i18n import _
from memory.map.rasterise import PictureMissing, as_png

log = logging.getLogger(__name__)

DEADLINE = 30.0
"""Seconds that a picture may take, with those that are drawn before it."""
SCALE = 2.0
"""So much larger than its own units a PNG is: sharp on a phone and on a desk."""
TOO_LATE = _("The picture took too long to draw: try again in a minute for it.")
STAYS_SVG = _("Pictures stay SVG: {package} not installed (extra `pictures`).")


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A picture; what could not be made of it is None, and `missing` then says why.

    `about` says in words what is in it, for those who don't see it.
    """

    about: str
    svg: bytes | None = None
    png: bytes | None = None
    missing: str = ""


class Drawings:
    """Draws one picture at a time, or they would take all there is."""

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._deadline = deadline

    async def of(self, draw: Callable[[], str], about: str) -> DrawnPicture:
        """Return what `draw`, which makes SVG, comes to; `about` are the words for it."""
        try:
            async with asyncio.timeout(self._deadline), self._one_at_a_time:
                return await asyncio.to_thread(_drawn, draw, about)
        except TimeoutError:
            log.warning("A picture took more than %g seconds", self._deadline)
            return DrawnPicture(about, missing=TOO_LATE)


def _drawn(draw: Callable[[], str], about: str) -> DrawnPicture:
    svg = draw()
    try:
        return DrawnPicture(about, svg.encode(), as_png(svg, scale=SCALE))
    except PictureMissing as error:
        return DrawnPicture(about, svg.encode(), missing=STAYS_SVG.format(package=error.package))
