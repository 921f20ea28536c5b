"""What several tests stand on: moods."""

from datetime import timedelta
from typing import Any

from database.models import Stirring
from tests.inner_world import moved
from tests.support.discord import World

HOUR = timedelta(hours=1)


async def happened(w: World, *log: tuple[float, str, Any, Any], slug: str = "pixel") -> None:
    """Let a character be moved so many hours ago, by somebody, in a channel."""
    stirred = [
        Stirring(
            slug,
            w.env.now() - hours * HOUR,
            kind,
            person.id if person else None,
            channel.id if channel else None,
            getattr(getattr(channel, "guild", None), "id", None),
        )
        for hours, kind, person, channel in log
    ]
    inner, role = w.app.inner_life, w.app.company.by_slug[slug]
    await moved(w.app.database, slug, inner.nature(role), stirred)
