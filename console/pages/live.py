"""The page Live: the latest messages, the decisions about them, their prompts and costs."""

from typing import cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.features.operations.feed import FeedEntry
from console.view import TemplateView, form_of, number_of, session_of
from database.repositories.feed import Outcome

OUTCOMES = ("answered", "silent", "failed")
GONE = "That line is not in the log any more: it was deleted, or a day is over.\n"
REVEALED = "revealed private talk"
RULES_IN_WORDS = {
    "itself": "Did the character say it itself?",
    "forbidden": "Is the bot off here, or the author ignored?",
    "empty": "Is there nothing in it to answer?",
    "stale": "Was it said while the bot was away?",
    "paid_for": "Is the budget of the day spent?",
    "age_gate": "Is the character for adults, the place not?",
    "often_enough": "Is it a bot, answered too often in a row?",
    "tired": "Have bots used up this channel's replies?",
    "answered": "Is it a bot's line, and overtaken by now?",
    "taken": "Has another who was called answered?",
    "private": "Is it a direct message?",
    "alone_in_call": "Are the two alone in a call?",
    "mentioned": "Is the character mentioned?",
    "replied_to": "Does it reply to the character?",
    "named": "Does it name the character?",
    "others_addressed": "Is it said to somebody else?",
    "spared": "Does the budget run short?",
    "chatter": "Is it small talk?",
    "by_chance": "Does chance say no?",
}
"""The question of each rule in `attention/rules.py`; the first rule with an answer decides."""


class Live:
    """The feed and the details of one message."""

    def __init__(self, view: TemplateView) -> None:
        self._view = view
        self._feed = view.app.feed
        self._audit = view.app.audit

    async def page(self, request: Request) -> Response:
        shown = number_of(request.query_params.get("shown"))
        detail = await self._feed.detail(shown, revealed=session_of(request).revealed) if shown else None
        return await self._view.page(
            "live.html",
            request,
            lines=await self._lines(request),
            places=await self._feed.places(),
            rules=RULES_IN_WORDS,
            outcomes=OUTCOMES,
            detail=detail,
            shown=shown,
            gone=bool(shown and detail is None),
        )

    async def lines(self, request: Request) -> Response:
        """Return only the lines, which an open page requests after a change."""
        shown = number_of(request.query_params.get("shown"))
        return await self._view.page("_lines.html", request, lines=await self._lines(request), shown=shown)

    async def detail(self, request: Request) -> Response:
        """Return the details of one line."""
        shown = number_of(request.path_params["message_id"])
        if shown is None:
            return PlainTextResponse(GONE, 404)
        detail = await self._feed.detail(shown, revealed=session_of(request).revealed)
        return await self._view.page(
            "_detail.html", request, detail=detail, gone=detail is None, shown=shown, rules=RULES_IN_WORDS
        )

    async def body(self, request: Request) -> Response:
        """Return a prompt byte for byte as it was sent."""
        message_id, number = (
            number_of(request.path_params["message_id"]),
            number_of(request.path_params["number"]),
        )
        if message_id is None or number is None:
            return PlainTextResponse(GONE, 404)
        body = await self._feed.body(message_id, number, revealed=session_of(request).revealed)
        if body is None:
            return PlainTextResponse(GONE, 404)
        return Response(body, media_type="application/json")

    async def reveal(self, request: Request) -> Response:
        """Reveal the words of a private talk for this session, with an audit entry."""
        channel_id = number_of(form_of(request).get("channel_id"))
        if channel_id is None:
            return PlainTextResponse("Which talk?\n", 400)
        session = session_of(request)
        await self._audit.note(session.actor, REVEALED, str(channel_id))
        session.revealed.add(channel_id)
        return RedirectResponse(f"/?shown={number_of(form_of(request).get('shown')) or ''}#detail", 303)

    async def _lines(self, request: Request) -> list[FeedEntry]:
        asked = request.query_params
        outcome = asked.get("outcome")
        return await self._feed.lines(
            before=number_of(asked.get("before")),
            channel_id=number_of(asked.get("place")),
            person_id=number_of(asked.get("person")),
            outcome=cast("Outcome", outcome) if outcome in OUTCOMES else None,
            revealed=session_of(request).revealed,
        )


def routes(view: TemplateView) -> list[Route]:
    live = Live(view)
    return [
        Route("/", live.page),
        Route("/lines", live.lines),
        Route("/lines/{message_id}", live.detail),
        Route("/lines/{message_id}/prompts/{number}", live.body),
        Route("/reveal", live.reveal, methods=["POST"]),
    ]
