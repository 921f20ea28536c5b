"""The faces of further characters: emojis of the application on the real wire, and what fails (C20)."""

import logging
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from bot.conversation.company import Company, Playing
from cogs.chat.avatars import LARGEST_EMOJI, emoji_name, emoji_stem, fit, give_faces
from tests.builders import PIXEL
from tests.support.pictures import PNG
from tests.world import discord_faults as faults
from tests.world.discord_listening import listening
from tests.world.discord_objects import Json
from tests.world.discord_pointing import point_discord_back
from tests.world.discord_server import DiscordServer

EMOJIS = r"/applications/\d+/emojis"
CREATES = ("POST", "/applications/{application_id}/emojis")


@pytest.fixture(autouse=True)
def _discord_as_it_was() -> Iterator[None]:
    yield
    point_discord_back()


@dataclass
class Gallery:
    """A bot that plays Pixel, Fangs and Nyx; a picture of each may lie in the folder."""

    server: DiscordServer
    folder: Path
    bot: Any
    company: Company

    def paint(self, slug: str, picture: bytes = PNG, *, ending: str = "png") -> None:
        path = self.folder / f"{slug}.{ending}"
        path.write_bytes(picture)
        role = self.company.by_slug[slug]
        role.playing = replace(role.playing, avatar=path)

    def face(self, slug: str) -> str:
        return self.company.by_slug[slug].speaker.avatar

    @property
    def emojis(self) -> list[Json]:
        return list(self.server.first_bot.emojis.values())

    @property
    def made(self) -> int:
        return len(self.server.requests_to(*CREATES))

    def own(self, slug: str) -> list[Json]:
        return [one for one in self.emojis if one["name"].startswith(f"{emoji_stem(slug)}_")]


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    fangs, nyx = (PIXEL.model_copy(update={"slug": one, "name": one.title()}) for one in ("fangs", "nyx"))
    company = Company.of(PIXEL, (fangs, nyx))
    async with DiscordServer() as server, listening(server) as client:
        bot: Any = client
        bot.app = SimpleNamespace(company=company)
        yield Gallery(server, tmp_path, bot, company)
    assert server.unknown_requests == []
    assert server.schema_faults == []


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "cogs.chat.avatars"]


async def test_a_picture_is_shown_at_a_url_that_lasts(gallery):
    gallery.paint("fangs")
    await give_faces(gallery.bot)
    [emoji] = gallery.emojis
    assert re.fullmatch(r"masq_fangs_[0-9a-f]{8}", emoji["name"])
    assert gallery.face("fangs") == f"{gallery.server.base_url}/cdn/emojis/{emoji['id']}.png"
    async with aiohttp.ClientSession() as session, session.get(gallery.face("fangs")) as shown:
        assert await shown.read() == PNG
    assert gallery.face("nyx") == ""


async def test_the_bots_own_character_has_the_face_of_its_account(gallery):
    gallery.paint("pixel")
    await give_faces(gallery.bot)
    assert gallery.face("pixel") == ""
    assert gallery.emojis == []


async def test_a_picture_that_discord_has_already_is_not_sent_again(gallery):
    gallery.paint("fangs")
    await give_faces(gallery.bot)
    before, role = gallery.face("fangs"), gallery.company.by_slug["fangs"]
    role.face = ""
    await give_faces(gallery.bot)
    assert role.face == before
    assert gallery.made == 1


async def test_another_picture_makes_another_face_and_the_earlier_one_goes(gallery):
    gallery.paint("fangs")
    gallery.paint("nyx")
    await give_faces(gallery.bot)
    before, others = gallery.face("fangs"), gallery.own("nyx")
    gallery.paint("fangs", PNG + b"more")
    await give_faces(gallery.bot, changed_only=True)
    [emoji] = gallery.own("fangs")
    assert gallery.face("fangs") != before
    assert emoji["id"] in gallery.face("fangs")
    assert gallery.own("nyx") == others


async def test_where_no_picture_changed_discord_is_not_asked(gallery):
    gallery.paint("fangs")
    await give_faces(gallery.bot)
    asked = len(gallery.server.requests)
    await give_faces(gallery.bot, changed_only=True)
    assert len(gallery.server.requests) == asked


async def test_without_a_picture_any_more_there_is_no_face_and_nothing_is_left_of_it(gallery):
    gallery.paint("fangs")
    await give_faces(gallery.bot)
    role = gallery.company.by_slug["fangs"]
    role.playing = Playing(role.character)
    await give_faces(gallery.bot, changed_only=True)
    assert (role.face, gallery.emojis) == ("", [])


async def test_an_address_of_a_picture_is_used_as_it_is(gallery):
    gallery.paint("fangs")
    await give_faces(gallery.bot)
    role, url = gallery.company.by_slug["fangs"], "https://example.org/fangs.png"
    role.playing = replace(role.playing, character=role.character.model_copy(update={"avatar": url}))
    await give_faces(gallery.bot, changed_only=True)
    assert gallery.face("fangs") == url
    assert gallery.emojis == []


async def test_emojis_that_are_no_faces_of_ours_are_left_alone(gallery):
    for name in ("wave", "masq_fangs", "masq_fangs_two_00000000", "masq_fangsy_00000000"):
        await gallery.bot.create_application_emoji(name=name, image=PNG)
    await give_faces(gallery.bot)
    assert len(gallery.emojis) == 4


@pytest.mark.parametrize(
    ("picture", "ending", "advice"),
    [
        (PNG + bytes(LARGEST_EMOJI), "png", "install Pillow"),
        (b"<svg/>", "svg", "save it as one of these"),
        (b"", "png", "save it as one of these"),
    ],
)
async def test_a_picture_that_can_not_be_used_is_told_with_what_to_do_and_stops_no_other(
    gallery, caplog, monkeypatch, picture, ending, advice
):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    gallery.paint("fangs", picture, ending=ending)
    gallery.paint("nyx")
    await give_faces(gallery.bot)
    [line] = told(caplog)
    assert "Fangs" in line
    assert advice in line
    assert gallery.face("fangs") == ""
    assert gallery.face("nyx")
    await give_faces(gallery.bot, changed_only=True)
    assert len(told(caplog)) == 1


async def test_a_picture_that_is_gone_is_told(gallery, caplog):
    gallery.paint("fangs")
    (gallery.folder / "fangs.png").unlink()
    await give_faces(gallery.bot)
    assert len(told(caplog)) == 1
    assert gallery.face("fangs") == ""


async def test_what_discord_refuses_goes_without_a_face_and_is_tried_again(gallery, caplog):
    gallery.paint("fangs")
    gallery.paint("nyx")
    gallery.server.faults.on("POST", EMOJIS, then=faults.refused(400, 30008, "Maximum number of emojis"))
    await give_faces(gallery.bot)
    assert [bool(gallery.face(one)) for one in ("fangs", "nyx")] == [False, True]
    [line] = told(caplog)
    assert "30008" in line
    await give_faces(gallery.bot, changed_only=True)
    assert gallery.face("fangs")


async def test_a_face_stays_while_discord_does_not_tell_what_it_has(gallery, caplog):
    caplog.set_level(logging.WARNING)
    gallery.paint("fangs")
    await give_faces(gallery.bot)
    before = gallery.face("fangs")
    gallery.server.faults.on("GET", EMOJIS, then=faults.missing_permissions(), times=None)
    await give_faces(gallery.bot)
    assert gallery.face("fangs") == before
    assert len(told(caplog)) == 1


@pytest.mark.parametrize("slug", ["a", "nyx-2", "x" * 200, "the_old_one", "ünïcode", "9"])
def test_the_name_of_an_emoji_is_one_that_discord_takes(slug):
    assert re.fullmatch(r"[A-Za-z0-9_]{2,32}", emoji_name(slug, PNG))


def test_no_two_characters_share_the_names_of_their_faces():
    slugs = ["nyx", "nyx-2", "nyx_2", "nyx.2", "x" * 40, "x" * 41]
    assert len({emoji_stem(slug) for slug in slugs}) == len(slugs)


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBP"]
)
def test_a_small_picture_is_sent_as_it_is(start):
    assert fit(start + b"rest") == start + b"rest"


def test_a_large_picture_is_made_smaller(tmp_path):
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "large.png"
    image.effect_noise((700, 900), 90).save(path)
    large = path.read_bytes()
    assert len(large) > LARGEST_EMOJI
    (tmp_path / "small.png").write_bytes(fit(large))
    with image.open(tmp_path / "small.png") as small:
        assert max(small.size) == 128
        assert len(fit(large)) <= LARGEST_EMOJI
