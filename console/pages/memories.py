"""The page Memories: facts about people, with their sources and changes."""

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.features.admin.edits import ChangeRefused
from bot.features.admin.people import FactDetails
from bot.features.memory.map import MapRefused
from console.access import ConsoleSession
from console.view import TemplateView, form_of, number_of, session_of


class MemoryPages:
    """The list of people and the facts about one of them."""

    def __init__(self, view: TemplateView) -> None:
        self._view = view
        self._app = view.app
        self._known = view.app.known_people

    async def page(self, request: Request) -> Response:
        return await self._page(request)

    async def change(self, request: Request) -> Response:
        """Edit, pin or delete a fact by the rules of /admin facts, or show the reason of a refusal."""
        form, actor = form_of(request), session_of(request).actor
        role, person_id = self._role(form.get("character")), number_of(form.get("person"))
        number = number_of(form.get("number"))
        if person_id is None or number is None:
            return PlainTextResponse("Which fact?\n", 400)
        try:
            await self._change(actor, person_id, role, number, form)
        except ChangeRefused as refused:
            return await self._page(request, person_id, role, refused=str(refused))
        return RedirectResponse(f"/memories?character={role.slug}&person={person_id}#fact-{number}", 303)

    async def _change(
        self, actor: Actor, person_id: int, role: PlayedCharacter, number: int, form: dict[str, str]
    ) -> None:
        fact = await self._known.fact(person_id, role, number)
        match form.get("do"):
            case "edit":
                await self._known.edit(actor, person_id, role, number, text=form.get("text", ""))
            case "pin":
                await self._known.edit(actor, person_id, role, number, kept=not fact.kept)
            case _:
                await self._known.remove(actor, person_id, role, fact.id)

    async def _page(
        self,
        request: Request,
        person_id: int | None = None,
        role: PlayedCharacter | None = None,
        refused: str = "",
    ) -> Response:
        asked = request.query_params
        role = role or self._role(asked.get("character"))
        person_id = person_id or number_of(asked.get("person"))
        words = asked.get("words", "").strip()[:100]
        async with self._app.database.read() as db:
            people = await db.feed.known(role.slug, words)
        facts = await self._facts(session_of(request), person_id, role) if person_id else []
        visible = [fact for fact in facts if fact.seen.holds and fact.seen.text is not None]
        return await self._view.page(
            "memories.html",
            request,
            status=409 if refused else 200,
            roles=list(self._app.company.by_slug.values()),
            role=role,
            people=people,
            person=await self._view.name_of(person_id) if person_id else "",
            person_id=person_id,
            facts=facts,
            as_map=bool(visible) and asked.get("as") == "map",
            mappable=len(visible),
            map_mark=_mark(visible),
            words=words,
            refused=refused,
        )

    async def map(self, request: Request) -> Response:
        """Return the map of the facts about a person, which counts as a view of the facts."""
        asked, session = request.query_params, session_of(request)
        role, person_id = self._role(asked.get("character")), number_of(asked.get("person"))
        if person_id is None:
            return PlainTextResponse("Whose map?\n", 400)
        if session.looks(person_id, role.slug, self._app.clock.monotonic()):
            await self._known.looked(session.actor, person_id)
        try:
            name = await self._view.name_of(person_id)
            picture = await self._app.maps.for_operators(role.slug, person_id, name)
        except MapRefused as refused:
            return PlainTextResponse(f"{refused}\n", 503)
        if picture is None:
            return PlainTextResponse("There is nothing to draw.\n", 404)
        return Response(picture.svg, media_type="image/svg+xml")

    async def _facts(
        self, session: ConsoleSession, person_id: int, role: PlayedCharacter
    ) -> list[FactDetails]:
        new = session.looks(person_id, role.slug, self._app.clock.monotonic())
        return await self._known.told(session.actor, person_id, role, again=not new)

    def _role(self, slug: str | None) -> PlayedCharacter:
        return self._app.company.by_slug.get(slug or "") or self._app.company.primary


def _mark(facts: list[FactDetails]) -> str:
    """Return a digest of the facts; in the map's URL it makes a browser reload a changed map."""
    return sha256(repr([fact.seen for fact in facts]).encode()).hexdigest()[:12]


def routes(view: TemplateView) -> list[Route]:
    memories = MemoryPages(view)
    return [
        Route("/memories", memories.page),
        Route("/memories/map.svg", memories.map),
        Route("/memories/change", memories.change, methods=["POST"]),
    ]
