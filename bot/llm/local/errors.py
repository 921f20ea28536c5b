"""The one error of the rehearsal voice: what is wrong, and the ways out."""

from bot.core.errors import MasqueradeError

CONNECT_CLAUDE = "set ANTHROPIC_API_KEY to talk with Claude"
USE_A_SERVER = "start Ollama or LM Studio"
USE_A_FILE = "set local_model=/path/to/file.gguf"
FREE_SPACE = "free some space"
FREE_MEMORY = "close other programs"
TRY_AGAIN = "try again"


class LocalVoiceError(MasqueradeError):
    """There is no local voice, for the stated reason.

    `fact` is a clause without its full stop, `ways_out` are imperative phrases. The text joins both into
    something that can be shown as it is.
    """

    def __init__(self, fact: str, *ways_out: str) -> None:
        super().__init__(fact, *ways_out)
        self.fact = fact
        self.ways_out = ways_out

    def __str__(self) -> str:
        if not self.ways_out:
            return f"{self.fact}."
        *others, last = self.ways_out
        choice = f"{', '.join(others)} or {last}" if others else last
        return f"{self.fact}. What helps: {choice}."
