"""Short transactions on a server, without SQLAlchemy's session, which costs more than most statements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.util import greenlet_spawn

from database.in_place import BriefSession


class ServerSession(BriefSession):
    """A brief session over an asynchronous connection to a server."""

    async def execute(self, statement: Any, given: Any = None) -> Any:
        return await greenlet_spawn(self._dealing_with(statement).execute, statement, given)

    async def get(self, *given: Any, **more: Any) -> Any:
        return await greenlet_spawn(self._session.get, *given, **more)

    async def delete(self, row: object) -> None:
        await greenlet_spawn(self._session.delete, row)

    async def flush(self) -> None:
        if "_session" in vars(self):
            await greenlet_spawn(self._session.flush)

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        nested = await greenlet_spawn(self._begin_nested)
        try:
            yield
        except BaseException:
            await greenlet_spawn(nested.rollback)
            raise
        await greenlet_spawn(nested.commit)

    def _begin_nested(self) -> Any:
        self._session.connection()
        nested = self._session.begin_nested()
        self._session.connection()  # a session creates savepoints only on connections it has used
        return nested
