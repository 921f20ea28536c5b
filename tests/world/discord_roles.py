"""Roles of a guild, and the permissions that members usually have."""

from dataclasses import dataclass
from typing import Any

# Add reactions, view channels, send, embed links, attach files, read history, mention everyone,
# external emojis, change the own nickname, application commands.
ORDINARY_PERMISSIONS = sum(1 << bit for bit in (6, 10, 11, 14, 15, 16, 17, 18, 20, 21, 25, 26, 31))
MANAGE_MESSAGES = 1 << 13
MANAGE_WEBHOOKS = 1 << 29
# Besides these, what an invited bot of this kind asks for: manage messages and webhooks.
BOT_PERMISSIONS = ORDINARY_PERMISSIONS | MANAGE_MESSAGES | MANAGE_WEBHOOKS
ADMINISTRATOR = 1 << 3


@dataclass(eq=False)
class Role:
    """A role of a guild; `permissions` are Discord's bits, `bot_id` is whose managed role it is."""

    id: int
    name: str
    permissions: int
    position: int = 0
    bot_id: int | None = None

    def payload(self) -> dict[str, Any]:
        """Return Discord's role object."""
        fields = {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.bot_id is not None,
            "mentionable": False,
            "flags": 0,
        }
        return fields if self.bot_id is None else fields | {"tags": {"bot_id": str(self.bot_id)}}
