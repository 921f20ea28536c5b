"""The pages, each in a module of its own."""

from starlette.routing import Route

from console.pages import characters, live, memories, relations, running
from console.view import TemplateView


def routes(view: TemplateView) -> list[Route]:
    """Return where each page is found."""
    return [
        route for module in (live, memories, characters, relations, running) for route in module.routes(view)
    ]
