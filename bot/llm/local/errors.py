"""The rehearsal voice's only error, with its remedies, and the reasons why the embedded one did not start."""

import re
import signal
from contextlib import suppress
from pathlib import Path

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


# Failed starts.

MAGIC = b"GGUF"
LOG_TAIL_BYTES = 64 * 1024
# The messages of llama.cpp and the C++ library after a failed allocation.
NO_MEMORY = re.compile(
    r"failed to allocate|unable to allocate|alloc(ation)? .*failed|out of memory|bad_alloc"
    r"|cannot allocate memory",
    re.IGNORECASE,
)


def missing_runtime(reason: str = "") -> LocalVoiceError:
    """The extra is not installed, or its binary does not fit this machine (`reason`)."""
    if reason:
        fact = f"The rehearsal voice does not run on this machine ({reason.rstrip('.')})"
        return LocalVoiceError(fact, CONNECT_CLAUDE, USE_A_SERVER)
    return LocalVoiceError(
        "The rehearsal voice is not installed",
        "install it with: pip install 'xllamacpp>=2026.10' (it may have no build for this machine)",
        CONNECT_CLAUDE,
        USE_A_SERVER,
    )


def check_model_file(path: Path) -> None:
    """Raise LocalVoiceError unless `path` has the beginning of a model file."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalVoiceError(
            f"The model file {path} can't be read ({reason})", USE_A_FILE, CONNECT_CLAUDE, USE_A_SERVER
        ) from error
    if magic != MAGIC:
        raise LocalVoiceError(f"{path} is not a GGUF model file", USE_A_FILE, CONNECT_CLAUDE, USE_A_SERVER)


def too_slow(path: Path, deadline: float) -> LocalVoiceError:
    return LocalVoiceError(
        f"{path.name} was not loaded after {deadline:g} s",
        "give the machine less to do and try again",
        CONNECT_CLAUDE,
        USE_A_SERVER,
    )


def no_port(port: int) -> LocalVoiceError:
    return LocalVoiceError(
        f"The rehearsal voice could not take up its port {port} again",
        "start Masquerade again",
        CONNECT_CLAUDE,
    )


def refused(path: Path, log_file: Path) -> LocalVoiceError:
    """llama.cpp rejected the file, for a reason that only its log contains."""
    if NO_MEMORY.search(_tail(log_file)):
        return _no_memory(path)
    return LocalVoiceError(
        f"{path} could not be loaded: it is damaged, cut short or of a kind that is not known "
        f"(details: {log_file})",
        "delete it, so that it is fetched anew",
        USE_A_FILE,
        CONNECT_CLAUDE,
        USE_A_SERVER,
    )


def crashed(path: Path, code: int, log_file: Path) -> LocalVoiceError:
    """The child ended without an answer. `code` is subprocess's: a signal is negative."""
    if -code == signal.SIGILL:
        return LocalVoiceError(
            "This machine's processor lacks instructions that the rehearsal voice needs",
            CONNECT_CLAUDE,
            "start Ollama or LM Studio, which choose a build that fits",
        )
    if code == -9 or NO_MEMORY.search(_tail(log_file)):
        return _no_memory(path)
    name = f"code {code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return LocalVoiceError(
        f"The rehearsal voice crashed while it loaded {path.name} ({name}, details: {log_file})",
        USE_A_FILE,
        CONNECT_CLAUDE,
        USE_A_SERVER,
    )


def _no_memory(path: Path) -> LocalVoiceError:
    with suppress(OSError):
        needed = path.stat().st_size * 2 / 1e9
        return LocalVoiceError(
            f"There is not enough memory for {path.name}, which takes about {needed:.1f} GB",
            FREE_MEMORY,
            "set local_model to a smaller GGUF file",
            CONNECT_CLAUDE,
        )
    return LocalVoiceError(f"There is not enough memory for {path.name}", FREE_MEMORY, CONNECT_CLAUDE)


def _tail(log_file: Path) -> str:
    with suppress(OSError):
        return log_file.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
    return ""
