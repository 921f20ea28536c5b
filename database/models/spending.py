"""What was spent on a day, and for whom."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Row


class DaySpending(Row):
    """What calls came to on a day of the house's zone: for a person, a server, or all together (C86).

    `payer` says for whom; of a person it is a mark that does not tell who they are. What is `held` was set
    aside for calls that had no answer yet. `level` is what operators were told of it: 0 for nothing, 1 that
    it runs short, 2 that it is spent; `told` says that whom it concerns was told that it is.
    """

    __tablename__ = "day_spending"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    payer: Mapped[str] = mapped_column(String(64), primary_key=True)
    nanodollars: Mapped[int] = mapped_column(BigInteger, default=0)
    tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    held_nanodollars: Mapped[int] = mapped_column(BigInteger, default=0)
    held_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    level: Mapped[int] = mapped_column(default=0)
    told: Mapped[bool] = mapped_column(default=False)
