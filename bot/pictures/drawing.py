"""Rendering of pictures: in a thread, one at a time, within a deadline; descriptions never fail."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.i18n import _
from memory.map.rasterise import PictureMissing, as_png

log = logging.getLogger(__name__)

DEADLINE = 30.0
"""The maximum seconds for a picture, including the wait for earlier ones."""
SCALE = 2.0
"""The scale of a PNG: sharp on a phone and on a desktop."""
TOO_LATE = _("The picture took too long to draw: try again in a minute for it.")
STAYS_SVG = _("Pictures stay SVG: {package} not installed (extra `pictures`).")


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A picture; formats that failed are None, and `missing` then says why.

    `about` describes its content, for people who can't see it.
    """

    about: str
    svg: bytes | None = None
    png: bytes | None = None
    missing: str = ""


class Drawings:
    """Renders one picture at a time, to bound memory and CPU."""

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._deadline = deadline

    async def of(self, draw: Callable[[], str], about: str) -> DrawnPicture:
        """Return the rendering of `draw`, which returns SVG; `about` is its description."""
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
