"""Errors of cards."""


class CardError(ValueError):
    """A file can't be read as a card: `wrong` is the fault, `mend` the remedy.

    `line` counts from 1, if the fault has a line.
    """

    def __init__(self, wrong: str, mend: str, *, line: int | None = None) -> None:
        super().__init__(f"{wrong}; {mend}.")
        self.wrong, self.mend, self.line = wrong, mend, line
