"""What every table is made of: the types of its columns, and its row. Times are always aware, and in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNSAID = EPOCH
"""The moment of a fact of which nobody said when it was mentioned: it becomes that of its making."""
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware time. SQLite keeps none, so it is stored as UTC and read back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = _aware(value)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """A timezone-aware time, stored as microseconds since 1970: a fourth of the room that a text takes."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else (_aware(value) - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + value * _MICROSECOND


class FactValues(TypeDecorator[dict[str, Any]]):
    """Values of a fact by column, as JSON: what ends in `_at` is a time."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> Any:  # noqa: ARG002
        if value is None:
            return None
        return {key: one.isoformat() if isinstance(one, datetime) else one for key, one in value.items()}

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, Any] | None:  # noqa: ARG002
        if value is None:
            return None
        return {key: _moment(one) if key.endswith("_at") and one else one for key, one in value.items()}


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone: {value!r}")
    return value.astimezone(UTC)


Snowflake = Annotated[int, mapped_column(BigInteger)]
"""An id that Discord gives: 64 bits."""
Key = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Exactly = Annotated[datetime, mapped_column(Instant)]


class Row(MappedAsDataclass, DeclarativeBase):
    """A table row that is a dataclass too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
