"""What several tests stand on: ages."""

from tests.builders import PIXEL

RED = PIXEL.model_copy(update={"name": "Scarlet", "nsfw": True, "aliases": (), "greeting": "Come closer."})
