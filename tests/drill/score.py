"""What the drill counts, and the line that it prints."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Score:
    """Everything that was tried, and how much of it went wrong, each kind apart."""

    tried: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)

    def failed(self, kind: str, detail: str, count: int = 1) -> None:
        """Count what went wrong, and keep what is known of it."""
        self.wrong[kind] += count
        self.details.append(f"{kind}: {detail}")

    def add(self, other: "Score") -> None:
        self.tried += other.tried
        self.wrong += other.wrong
        self.details += other.details

    @property
    def is_clean(self) -> bool:
        return not self.wrong.total()

    def line(self) -> str:
        """Return the result in one line."""
        faults, guards = self.tried["fault"], self.tried["guard"]
        return " · ".join(
            (
                f"faults survived {faults - self.wrong['fault']}/{faults}",
                f"never noted {self.wrong['never noted']}",
                f"lost {self.wrong['lost']}",
                f"answered twice {self.wrong['answered twice']}",
                f"out of order {self.wrong['out of order']}",
                f"leaks {self.wrong['leak']}/{self.tried['prompt']:,} prompts",
                f"residue {self.wrong['residue']} bytes",
                f"forged {self.wrong['forged']}/{self.tried['forged']}",
                f"guards {guards - self.wrong['guard']}/{guards}",
            )
        )
