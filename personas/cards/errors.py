"""Why a file is no card that can be used, in one sentence."""


class CardError(ValueError):
    """A file is not read: `wrong` is what is wrong with it, `mend` what to do about it.

    `line` counts from 1 where the fault has one.
    """

    def __init__(self, wrong: str, mend: str, *, line: int | None = None) -> None:
        super().__init__(f"{wrong}; {mend}.")
        self.wrong, self.mend, self.line = wrong, mend, line
