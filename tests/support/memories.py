"""What several tests stand on: memories."""

from typing import Any

from hypothesis import strategies as st

from database.models import Fact
from memory.core import LONGEST
from tests.fakes import EPOCH
from tests.support.discord import World


async def remember(w: World, *memories: str, who: Any = None, **options: Any) -> None:
    for words in memories:
        await (who or w.mira).slash(w.channel, "remember", memory=words, **options)


async def known(w: World, who: Any = None) -> list[Fact]:
    return await w.app.memories.of("pixel", (who or w.mira).id)


async def words(w: World, who: Any = None) -> list[str]:
    return [one.text for one in await known(w, who)]


def everything(w: World) -> bytes:
    """Return every byte in the data folder, the write-ahead log and the dumps included."""
    folder = w.app.settings.data_dir
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


WILD = st.text(
    st.sampled_from("ab \n`*_|>#-[]()<@&!:\u0334\u202e\U0001f600\r\u2028\\") | st.characters(),
    min_size=1,
    max_size=LONGEST,
)


def row(number: int, text: str, **values: Any) -> Fact:
    plain = Fact(1, "pixel", number, text, "channel", 10**18, 10**18, "told", EPOCH, EPOCH)
    for key, value in values.items():
        setattr(plain, key, value)
    return plain
