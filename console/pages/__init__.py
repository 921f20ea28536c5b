"""The pages of the console, each in its own module."""

from starlette.routing import Route

from console.pages import characters, live, memories, relations, running
from console.view import TemplateView


def routes(view: TemplateView) -> list[Route]:
    """Return the routes of all pages."""
    return [
        route for module in (live, memories, characters, relations, running) for route in module.routes(view)
    ]
