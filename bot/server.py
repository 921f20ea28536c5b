"""Which server speaks for the characters."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """A server that speaks the Messages API.

    `local` ones are not Claude's own: they take sampling parameters, and no thinking. A `rehearsal`
    is our embedded model, which has to be warmed up.
    """

    base_url: str
    api_key: str
    model: str
    local: bool = False
    rehearsal: bool = False
