"""Rendering of the console's templates, and their common values and filters."""

import asyncio
import re
from collections.abc import Callable, Collection
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.app import App
from bot.features.operations.costs import CostReports
from console.access import ConsoleSession

VERSION = "@version@"
"""The placeholder in a template for the page's digest; a browser that has this version gets no new one."""
_MARK = '"X-Was": "{}"'
"""The text around the digest; escaped user text can't contain these quotes."""
_NUMBER = re.compile(r"-?[0-9]{1,18}|[0-8][0-9]{18}")
TEMPLATES = Path(__file__).parent / "templates"
PAGES = (
    ("/", "Live"),
    ("/memories", "Memories"),
    ("/characters", "Characters"),
    ("/relations", "Relations"),
    ("/costs", "Costs"),
    ("/health", "Health"),
    ("/settings", "Settings"),
    ("/audit", "Audit"),
)


class TemplateView:
    """Renders templates for a request and escapes all values."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.zone = app.manner.zone
        self.accounts = CostReports(app.database, app.budgets, app.clock, zone=self.zone)
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        own: dict[str, Callable[[Any], str]] = {
            "time": self._time,
            "day": lambda at: at.astimezone(self.zone).strftime("%-d %b %Y"),
            "moment": lambda at: at.astimezone(self.zone).strftime("%-d %b %H:%M:%S"),
            "money": money,
            "percent": lambda share: f"{100 * share:.0f} %",
            "thousands": lambda number: f"{number:,}",
            "bytes": in_bytes,
            "span": span,
        }
        self._environment.filters |= own

    async def page(self, name: str, request: Request, *, status: int = 200, **values: Any) -> Response:
        """Return a rendered template as the response, or 204 if the page already shows the same.

        The rendering is slow and runs in a thread.
        """
        about = {"path": request.url.path, "query": request.query_params, "pages": PAGES}
        about |= {"bot_name": self.app.character.name, "version": VERSION, **values}
        html, digest = await asyncio.to_thread(self._written, name, about)
        if request.headers.get("x-was") == digest:
            return Response(status_code=204)
        return HTMLResponse(html.replace(_MARK.format(VERSION), _MARK.format(digest)), status_code=status)

    def _written(self, name: str, about: dict[str, Any]) -> tuple[str, str]:
        # The first use also compiles the template.
        html = self._environment.get_template(name).render(about)
        return html, sha256(html.encode()).hexdigest()[:16]

    async def names_of(self, user_ids: Collection[int]) -> dict[int, str]:
        """Return the known names of people."""
        async with self.app.database.read() as db:
            known = await db.users.known_as(set(user_ids), guild_id=None)
        return {user.user_id: user.names[0] for user in known if user.names}

    async def name_of(self, user_id: int) -> str:
        """Return a person's name, or their id if no name is known."""
        return (await self.names_of([user_id])).get(user_id, str(user_id))

    def _time(self, at: datetime) -> str:
        """Return the time of day, with the date unless it is today."""
        local, today = at.astimezone(self.zone), self.app.clock.now().astimezone(self.zone)
        return local.strftime("%H:%M:%S" if local.date() == today.date() else "%-d %b %H:%M:%S")


def session_of(request: Request) -> ConsoleSession:
    """Return the session of an authorised request."""
    session: ConsoleSession = request.scope["session"]
    return session


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a submitted form."""
    form: dict[str, str] = request.scope.get("form", {})
    return form


def number_of(text: str | None) -> int | None:
    """Return the number in a field, a query or a path; None if it is none or too large."""
    return int(text) if text and _NUMBER.fullmatch(text) else None


def money(amount: float | None) -> str:
    """Return US dollars, small sums to a thousandth of a cent; "unknown" for None."""
    if amount is None:
        return "unknown"
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.5f}" if amount else "$0"


def in_bytes(size: float) -> str:
    """Return a number of bytes in its largest unit."""
    for unit in ("B", "kB", "MB"):
        if size < 1_000:
            return f"{size:.0f} {unit}"
        size /= 1_000
    return f"{size:.1f} GB"


def span(seconds: float | None) -> str:
    """Return a duration in its largest unit."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{1_000 * seconds:.0f} ms"
