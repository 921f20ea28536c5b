"""A finding of the doctor: fine, notable, wrong, or skipped."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "notice", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `check` is its group and name ("discord.token"), `mend` the remedy."""

    check: str
    level: Level
    sentence: str
    mend: str = ""

    @property
    def group(self) -> str:
        return self.check.partition(".")[0]
