"""The console costs nothing where it is shut, and says what it lacks where its packages are missing."""

import logging
import subprocess
import sys

import pytest

from cogs.console import MISSING, OFF, ConsoleCog
from tests.world.process import ROOT


class Bot:
    """As much of the bot as the cog looks at."""

    def __init__(self, port: int) -> None:
        settings = type("Settings", (), {"console_port": port})()
        self.app = type("App", (), {"settings": settings})()
        self.console_link = None


@pytest.mark.slow
def test_where_it_is_shut_nothing_of_it_is_imported():
    wanted = ("starlette", "jinja2", "uvicorn", "sse_starlette", "console")
    code = (
        "import asyncio, sys; from tests.console.test_doors import Bot; from cogs.console import ConsoleCog\n"
        "asyncio.run(ConsoleCog(Bot(0)).cog_load())\n"
        f"print([name for name in {wanted!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_shut_it_says_how_to_open_it(caplog):
    caplog.set_level(logging.INFO)
    await ConsoleCog(Bot(0)).cog_load()  # type: ignore[arg-type]
    assert OFF in caplog.text


async def test_without_its_packages_the_bot_starts_and_says_what_to_install(
    caplog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cogs.console.find_spec", lambda name: None if name == "jinja2" else object())
    cog = ConsoleCog(Bot(8788))  # type: ignore[arg-type]
    await cog.cog_load()
    assert MISSING.format(packages="jinja2") in caplog.text
    await cog.cog_unload()
