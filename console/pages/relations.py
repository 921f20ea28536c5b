"""The page Relations: relations of characters to each other and to people, and their moods."""

import asyncio
from itertools import combinations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.features.inner_life.relationship import chart_for_others
from bot.features.inner_life.week import Viewer, told_now
from bot.features.inner_life.week_picture import week_svg
from bot.pictures import bond_svg
from console.view import TemplateView, number_of
from personas.relations import affinity
from personas.relations.bonds import BOUNDS

PEOPLE = 50
SVG = "image/svg+xml"


class RelationPages:
    """Pairs of characters, a character's relations to people, and the week of each character."""

    def __init__(self, view: TemplateView) -> None:
        self._view = view
        self._app = view.app

    async def page(self, request: Request) -> Response:
        roles = list(self._app.company.by_slug.values())
        chosen = self._app.company.by_slug.get(request.query_params.get("character", ""))
        pairs = [await self._app.relations.of(role, other) for role, other in combinations(roles, 2)]
        moods = []
        for role in roles:
            felt = await self._app.weeks.of(role, _NOBODY)
            moods.append((role, told_now(felt, role) if felt else []))
        role = chosen or self._app.company.primary
        people = (await self._app.standings.bonds(role))[:PEOPLE]
        person_id = number_of(request.query_params.get("person"))
        return await self._view.page(
            "relations.html",
            request,
            roles=roles,
            role=role,
            pairs=pairs,
            most=affinity.HIGHEST,
            people=people,
            most_people=PEOPLE,
            bounds=BOUNDS,
            person=next((person for person in people if person.person_id == person_id), None),
            moods=moods,
        )

    async def bond(self, request: Request) -> Response:
        """Return the picture of a relationship without its causes, which only the person may see."""
        role = self._app.company.by_slug.get(request.path_params["slug"])
        person_id = number_of(request.path_params["person_id"])
        found = await self._app.relationships.of(person_id, role) if role and person_id else None
        if role is None or person_id is None or found is None:
            return PlainTextResponse("Nothing is kept of how the two stand.\n", 404)
        name = await self._view.name_of(person_id)
        return Response(bond_svg(chart_for_others(role, name, found, self._view.zone)), media_type=SVG)

    async def week(self, request: Request) -> Response:
        """Return the picture of a character's week without the people who caused its moods."""
        role = self._app.company.by_slug.get(request.path_params["slug"])
        felt = await self._app.weeks.of(role, _NOBODY) if role else None
        if felt is None:
            return PlainTextResponse("Nothing has moved them yet.\n", 404)
        drawn = await asyncio.to_thread(week_svg, self._app.weeks.picture_of(felt))
        return Response(drawn, media_type=SVG)


_NOBODY = Viewer(0, lambda _channel_id: False)
"""Words without names: operators see a character's feelings here, but not which people caused them."""


def routes(view: TemplateView) -> list[Route]:
    relations = RelationPages(view)
    return [
        Route("/relations", relations.page),
        Route("/relations/{slug}/week.svg", relations.week),
        Route("/relations/{slug}/{person_id}.svg", relations.bond),
    ]
