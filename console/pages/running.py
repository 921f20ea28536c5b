"""The pages Costs, Health, Settings and Audit."""

import asyncio
import re

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.core.tasks import spawn
from bot.features.admin.edits import ChangeRefused
from bot.features.operations.costs import bars_of
from bot.features.operations.health import STARTING
from bot.jobs.timetable import Daily, Every, Plan
from bot.pictures.costs import bars_svg
from bot.settings.model import SECTIONS
from bot.settings.wording import does
from console.view import TemplateView, form_of, number_of, session_of, span

_PASSWORD = re.compile(r"(://)[^/@\s]+@")
RUNS, ACTS = 12, 100
RAN = "ran a job"
JOB_PURPOSES = {
    "heartbeat": "takes the figures above, and raises alerts",
    "say what is due": "reminders and birthdays",
    "go on with what was left behind": "replies that a restart or a fault held up",
    "note what was spent": "adds up what calls cost, for the budget",
    "speak first": "characters speak of their own accord",
    "forget what expired": "deletes memories whose time is over",
    "embed what is new": "makes new memories findable by their meaning",
    "give faces to characters": "pictures of the characters, where there are several",
    "sum up what ages": "notes of talk that is about to leave the log",
    "draw facts from talk": "once a day: facts about people, then each character's day and status",
    "count what characters did": "figures for /persona stats",
    "forget what is past its time": "empties the 24-hour log, and old rows of decisions and of the audit",
    "erase who wished it": "finishes deleting people who asked for it",
    "write the whole database anew": "frees the room of what was deleted",
    "check the whole database": "reads all of it for damage, and deletes old backups",
    "check what the start left out": "the check that a quick start skipped",
    "write down how the jobs fare": "keeps this list across restarts",
}
"""The purpose of each job; docs/operating.md says more."""


class Running:
    """Four pages with few actions."""

    def __init__(self, view: TemplateView) -> None:
        self._view = view
        self._app = view.app

    async def costs(self, request: Request) -> Response:
        costs = await self._view.accounts.of(None)
        return await self._view.page("costs.html", request, costs=costs, today=costs.days[-1].total)

    async def costs_picture(self, _request: Request) -> Response:
        costs = await self._view.accounts.of(None)
        drawn = await asyncio.to_thread(bars_svg, bars_of(costs, "Cost of everything"))
        return Response(drawn, media_type="image/svg+xml")

    async def health(self, request: Request) -> Response:
        health = self._app.health
        return await self._view.page(
            "health.html",
            request,
            fault=health.fault(),
            starting=health.fault() == STARTING,
            vitals=health.last,
            alerts=health.alerts.on,
            jobs=[
                (job, JOB_PURPOSES.get(job.name, ""), _planned(job.plan))
                for job in self._app.schedule.reports()
            ],
            runs=await self._app.schedule.latest(limit=RUNS),
        )

    async def run(self, request: Request) -> Response:
        """Run a job now; a daily job does only the work that is due."""
        name = form_of(request).get("job", "")
        if name not in self._app.schedule.names:
            return PlainTextResponse("There is no such job.\n", 404)
        await self._app.audit.note(session_of(request).actor, RAN, name)
        spawn(self._app.schedule.run(name), name=f"Job from the console: {name}")
        return RedirectResponse("/health", 303)

    async def settings(self, request: Request) -> Response:
        alone = request.query_params.get("only") == "set"
        sections = await asyncio.to_thread(self._sections, alone=alone)  # it reads source files
        set_here = len(self._app.settings.explicit)
        return await self._view.page(
            "settings.html", request, sections=sections, set_here=set_here, alone=alone
        )

    def _sections(self, *, alone: bool) -> list[tuple[str, list[tuple[str, str, bool, str, str]]]]:
        explicit = self._app.settings.explicit
        return [
            ((section.__doc__ or "").split(".")[0], [self._setting(key) for key in section.model_fields])
            for section in SECTIONS
            if not alone or explicit & set(section.model_fields)
        ]

    def _setting(self, key: str) -> tuple[str, str, bool, str, str]:
        """Return a setting: its name, value, whether and where it is set, and its description.

        Secrets are hidden, including passwords in URLs.
        """
        settings = self._app.settings
        value = getattr(settings, key)
        if isinstance(value, SecretStr):
            shown = "set, and hidden" if value.get_secret_value() else ""
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, tuple | frozenset) else str(value)
            shown = _without_password(shown) if value is not None else ""
        return key, shown, key in settings.explicit, settings.source_of(key), does(key)

    async def audit(self, request: Request) -> Response:
        return await self._audit(request)

    async def undo(self, request: Request) -> Response:
        """Undo a change, or show the reason of a refusal."""
        number = number_of(form_of(request).get("number"))
        if number is None:
            return PlainTextResponse("Which change?\n", 400)
        try:
            await self._app.edits.undo(session_of(request).actor, number)
        except ChangeRefused as refused:
            return await self._audit(request, refused=str(refused))
        return RedirectResponse("/audit", 303)

    async def _audit(self, request: Request, refused: str = "") -> Response:
        acts = await self._app.audit.latest(limit=ACTS)
        people = {person for act in acts for person in (act.actor_id, act.person_id) if person}
        return await self._view.page(
            "audit.html",
            request,
            status=409 if refused else 200,
            acts=acts,
            names=await self._view.names_of(people),
            changes={edit.change.number: edit for edit in await self._app.edits.latest()},
            refused=refused,
        )


def _without_password(value: str) -> str:
    return _PASSWORD.sub(r"\1…@", value)


def _planned(plan: Plan) -> str:
    if isinstance(plan, Every):
        return f"every {span(plan.seconds)}"
    return f"daily from {plan.hour:02d}:00" if isinstance(plan, Daily) else "once"


def routes(view: TemplateView) -> list[Route]:
    running = Running(view)
    return [
        Route("/costs", running.costs),
        Route("/costs.svg", running.costs_picture),
        Route("/health", running.health),
        Route("/health/run", running.run, methods=["POST"]),
        Route("/settings", running.settings),
        Route("/audit", running.audit),
        Route("/audit/undo", running.undo, methods=["POST"]),
    ]
