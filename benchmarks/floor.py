"""The floor: the least that a bot on the same libraries does, to measure Masquerade's overhead against."""

import os
from typing import Any

import discord
from anthropic import AsyncAnthropic
from sqlalchemy import BigInteger, event, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from tests.world.discord_pointing import point_discord_at


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    channel_id: Mapped[int] = mapped_column(BigInteger, index=True)
    role: Mapped[str]
    text: Mapped[str]


engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['FLOOR_DB']}")
sessions = async_sessionmaker(engine, expire_on_commit=False)
claude = AsyncAnthropic(
    base_url=os.environ["FLOOR_CLAUDE"], api_key=os.getenv("FLOOR_KEY", "sk-ant-scripted")
)
intents = discord.Intents(guilds=True, messages=True, message_content=True)


@event.listens_for(engine.sync_engine, "connect")
def make_durable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


class Floor(discord.Client):
    async def setup_hook(self) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or not (message.guild is None or self.user in message.mentions):
            return
        heard = Line(message.channel.id, "user", f"{message.author.display_name}: {message.content}")
        async with sessions.begin() as session:
            session.add(heard)
        reply = await self.answer(heard)
        async with sessions.begin() as session:
            session.add(Line(message.channel.id, "assistant", reply))
        await message.channel.send(reply[:2000])

    async def answer(self, heard: Line) -> str:
        here = select(Line).where(Line.channel_id == heard.channel_id, Line.id <= heard.id)
        async with sessions() as session:
            lines = list(await session.scalars(here.order_by(Line.id.desc()).limit(20)))[::-1]
        while lines[0].role == "assistant":
            lines.pop(0)
        answered = await claude.messages.create(
            model="claude-sonnet-5-5",
            max_tokens=500,
            system="You are Nyx, a rogue hacker AI. Stay in character.",
            messages=[{"role": line.role, "content": line.text} for line in lines],  # type: ignore[misc]
        )
        return "".join(block.text for block in answered.content if block.type == "text") or "…"


if __name__ == "__main__":
    point_discord_at(os.environ["FLOOR_DISCORD"])
    Floor(intents=intents).run(os.getenv("FLOOR_TOKEN", "loopback.bot.token"), log_handler=None)
