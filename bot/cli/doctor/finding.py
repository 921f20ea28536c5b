"""What the doctor found: one thing that is well, worth knowing, wrong, or could not be looked at."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "notice", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `check` is its group and name ("discord.token"), `mend` what to do about it."""

    check: str
    level: Level
    sentence: str
    mend: str = ""

    @property
    def group(self) -> str:
        return self.check.partition(".")[0]
