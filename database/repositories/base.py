"""What every repository needs: its session, and an insert that knows about conflicts."""

from typing import Any

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession


class Repository:
    """Works inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def _insert(self, model: Any) -> Any:
        """Return the dialect's INSERT, which both databases extend with ON CONFLICT in the same words."""
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        statement: Insert = dialect.insert(model)
        return statement
