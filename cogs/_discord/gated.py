"""Words of a character for adults, looked at once more just before they are posted (C91)."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from bot.conversation.company import Speaker
from bot.conversation.types import Mouth, Part
from bot.core.errors import Unpostable

NOT_FOR_CHILDREN = "the channel is not marked as age-restricted any more"


class GatedMouth:
    """Says nothing once Discord does not keep children out any more, whatever was thought of before.

    `open_now` looks at the channel's mark as Discord told it last. What stands there may be deleted still.
    """

    show: Callable[[str], None] | None = None

    def __init__(self, own: Mouth, open_now: Callable[[], bool]) -> None:
        self._own = own
        self._open_now = open_now

    @property
    def me(self) -> int:
        return self._own.me

    @property
    def emotes(self) -> Mapping[str, str]:
        return self._own.emotes

    def speaking_as(self, speaker: Speaker) -> Mouth:
        return self._own.speaking_as(speaker)

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._own.typing() if self._open_now() else nullcontext()

    async def say(self, part: Part, *, to: int) -> int:
        self._check()
        return await self._own.say(part, to=to)

    async def edit(self, message_id: int, text: str) -> None:
        self._check()
        await self._own.edit(message_id, text)

    async def unsay(self, message_id: int) -> None:
        await self._own.unsay(message_id)

    async def react(self, message_id: int) -> None:
        self._check()
        await self._own.react(message_id)

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        self._check()  # looking may complete what was posted half
        return await self._own.find(part, after=after, known=known)

    async def whisper(self, part: Part, *, to: int) -> bool:
        return await self._own.whisper(part, to=to)

    def _check(self) -> None:
        if not self._open_now():
            raise Unpostable(NOT_FOR_CHILDREN)
