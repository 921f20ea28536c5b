"""What every table begins with. Ids that Discord gives are 64-bit snowflakes."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column

from database.types import Instant, UtcDateTime

Snowflake = Annotated[int, mapped_column(BigInteger)]
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
