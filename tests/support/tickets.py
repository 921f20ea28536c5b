"""What several tests stand on: tickets."""

from typing import Any

import discord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from cogs.tickets import cog as admin_texts
from tests.support.commands import admin, told
from tests.support.discord import World


class Staff:
    """The people and places of a server in which tickets are answered."""

    def __init__(self, w: World) -> None:
        self.anna = admin(w, manage_guild=True, manage_threads=True)
        self.role = w.guild.create_role("Helpers")
        self.ben = w.guild.add_member(w.env.create_user("ben", global_name="Ben"), roles=[self.role])
        self.office = w.guild.create_text_channel("office")
        hide(w, self.office, self.ben, self.anna)


def hide(w: World, channel: Any, *but: Any) -> None:
    """Let nobody see a channel but some people and the bot."""
    view = discord.Permissions(view_channel=True).value
    everyone = Overwrite(target_id=w.guild.id, type=OverwriteType.ROLE, allow=0, deny=view)
    w.env.backend.set_overwrite(channel.id, everyone)
    assert w.client.user is not None
    for one in (*but, w.client.user):
        w.env.backend.set_overwrite(
            channel.id, Overwrite(target_id=one.id, type=OverwriteType.MEMBER, allow=view, deny=0)
        )


async def set_up(w: World, *, office: bool = True) -> Staff:
    staff = Staff(w)
    more = {"role": staff.role, "staff_channel": staff.office} if office else {}
    said = told(await staff.anna.slash(w.channel, "tickets setup", **more))
    assert said == admin_texts.SET_UP.format(channel=f"<#{w.channel.id}>")
    return staff


def threads(w: World) -> list[Any]:
    return list(w.channel.threads)


async def written(w: World, channel: Any) -> str:
    """Return the transcript that stands in a channel."""
    *_, file = [file for one in channel.history() for file in one.attachments]
    data = await w.client.http.get_from_cdn(file.url)
    return data.decode()
