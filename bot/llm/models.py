"""The names of Claude's models, as far as the SDK knows them."""

from typing import get_args

from anthropic.types.model import Model


def known_models() -> list[str]:
    """Return the model names of the SDK's own type: no list of ours could be more up to date."""
    return [name for literal in get_args(Model) for name in get_args(literal)]
