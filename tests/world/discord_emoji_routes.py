"""REST routes of the emojis that belong to an application."""

import base64
import re
from typing import Any

from tests.world.discord_account_routes import application_of
from tests.world.discord_files import Upload
from tests.world.discord_objects import Json
from tests.world.discord_requests import DiscordError, Request, invalid_form
from tests.world.discord_rest import Route
from tests.world.discord_world import World

MOST_EMOJIS = 2000
LARGEST_EMOJI = 256 * 1024
IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,(.+)", re.DOTALL)


def emojis(_: World, request: Request) -> Json:
    """Answer GET of an application's emojis."""
    return {"items": list(application_of(request).emojis.values())}


def emoji(_: World, request: Request) -> Json:
    """Answer GET of one emoji."""
    return _emoji(request)


def create_emoji(world: World, request: Request) -> Json:
    """Answer POST of a new emoji; the CDN shows its picture from then on."""
    account, name = application_of(request), request.field("name")
    if not re.fullmatch(r"\w{2,32}", name, re.ASCII):
        raise invalid_form("name", "STRING_TYPE_REGEX", "String value did not match validation regex.")
    if any(each["name"] == name for each in account.emojis.values()):
        raise invalid_form("name", "APPLICATION_EMOJI_NAME_ALREADY_TAKEN", "The name is already taken.")
    if len(account.emojis) >= MOST_EMOJIS:
        raise DiscordError(400, 30008, "Maximum number of emojis reached (2000)")
    kind, picture = _picture(request)
    made: dict[str, Any] = {
        "id": str(world.snowflakes.make()),
        "name": name,
        "roles": [],
        "user": account.user.payload(),
        "require_colons": True,
        "managed": False,
        "animated": kind == "gif",
        "available": True,
    }
    account.emojis[int(made["id"])] = made
    for ending in ("png", "webp"):
        path = f"emojis/{made['id']}.{ending}"
        world.files[path] = Upload(f"{name}.{ending}", picture, f"image/{kind}")
    return made


def delete_emoji(_: World, request: Request) -> None:
    """Answer DELETE of an emoji."""
    del application_of(request).emojis[int(_emoji(request)["id"])]


def _picture(request: Request) -> tuple[str, bytes]:
    """Return what kind of picture the body brings, and its bytes."""
    found = IMAGE.fullmatch(request.field("image"))
    if found is None:
        raise invalid_form("image", "IMAGE_INVALID", "Invalid image data")
    picture = base64.b64decode(found[2])
    if len(picture) > LARGEST_EMOJI:
        raise invalid_form("image", "BINARY_TYPE_MAX_SIZE", "File cannot be larger than 256.0 kb.")
    return found[1], picture


def _emoji(request: Request) -> Json:
    found = application_of(request).emojis.get(request.id("emoji_id"))
    if found is None:
        raise DiscordError(404, 10014, "Unknown Emoji")
    return found


EMOJIS = "/applications/{application_id}/emojis"

ROUTES: list[Route] = [
    ("GET", EMOJIS, emojis),
    ("POST", EMOJIS, create_emoji),
    ("GET", f"{EMOJIS}/{{emoji_id}}", emoji),
    ("DELETE", f"{EMOJIS}/{{emoji_id}}", delete_emoji),
]
