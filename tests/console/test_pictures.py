"""The pictures of the console: safe whatever people are called, and without what was told in private."""

from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("starlette", reason="the extra is missing: pip install '.[console]'")

from bot.features.inner_life.wording import CAUSES
from bot.pictures.bond import WHAT_CHANGED
from tests.console.conftest import opened

pytestmark = pytest.mark.timeout(180)
NAME = '<b>Mira</b> & "co"'


@pytest.fixture
async def told(tmp_path):
    """A bot that knows one thing from a channel and one from a private talk."""
    async with opened(tmp_path, "pixel") as site:
        site.talk.person.name = NAME
        await site.talk.use("privacy yes")
        await site.heard("hello", "Hello.")
        await site.talk.use("remember", memory="I have a <cat> named Momo")
        used = await site.talk.person.use_command(
            site.bot.discord.dm_with(site.talk.person), "remember", memory="I am afraid of moths"
        )
        await used.wait_answered(30)
        assert site.talk.rows("SELECT text FROM facts WHERE scope = 'dm'") == [("I am afraid of moths",)]
        yield site


async def svg_of(site, path: str) -> str:
    visitor = await site.visitor()
    async with visitor, visitor.get(path) as response:
        assert response.status == 200
        assert response.content_type == "image/svg+xml"
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        svg = await response.text()
    assert ET.fromstring(svg)[0].tag.endswith("title")
    assert "<script" not in svg
    assert "<b>" not in svg
    return svg


@pytest.mark.slow
async def test_the_map_leaves_out_what_was_told_in_private_and_is_told_as_a_look(told):
    svg = await svg_of(told, f"/memories/map.svg?character=pixel&person={told.talk.person.id}")
    assert "I have a &lt;cat&gt; named Momo" in svg
    assert "moths" not in svg
    assert "&lt;b&gt;Mira&lt;/b&gt;" in svg
    assert told.talk.rows("SELECT action FROM audit") == [("facts looked at",)]


@pytest.mark.slow
async def test_of_private_facts_alone_there_is_no_map(told):
    visitor = await told.visitor()
    async with visitor:
        form = {"character": "pixel", "person": str(told.talk.person.id), "number": "1", "do": "forget"}
        async with visitor.post("/memories/change", data=form, headers={"Origin": told.base}) as response:
            assert response.status == 200
        path = f"/memories?character=pixel&person={told.talk.person.id}&as=map"
        async with visitor.get(path) as response:
            page = await response.text()
        assert "hidden: told in private" in page
        assert "map.svg" not in page
        async with visitor.get(f"/memories/map.svg?person={told.talk.person.id}") as response:
            assert response.status == 404


@pytest.mark.slow
async def test_the_picture_of_a_bond_shows_its_numbers_and_not_what_moved_them(told):
    await told.talk.use("admin bond set", person=told.talk.person, trust=7)
    [(cause,)] = told.talk.rows("SELECT DISTINCT cause FROM bond_changes WHERE metric = 'trust'")
    svg = await svg_of(told, f"/relations/pixel/{told.talk.person.id}.svg")
    assert "&lt;b&gt;Mira&lt;/b&gt;" in svg
    assert "trust 7 on a scale from 0 to 10" in svg
    assert str(CAUSES[cause]) not in svg
    assert str(WHAT_CHANGED) not in svg


@pytest.mark.slow
async def test_of_nobody_there_is_no_picture(told):
    visitor = await told.visitor()
    async with visitor:
        for path in ("/memories/map.svg?person=5", "/relations/pixel/5.svg", "/relations/nobody/5.svg"):
            async with visitor.get(path) as response:
                assert response.status == 404, path
