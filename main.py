"""Start Masquerade, with the Python of .venv if needed. This file must stay valid Python 3.6."""

import os
import signal
import sys

EX_CONFIG, INTERRUPTED = 78, 130
IN_VENV = "MASQUERADE_IN_VENV"


def start() -> int:
    """Run the command and return its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - for people who start it with an older Python
        return elsewhere(f"Masquerade needs Python 3.11 or later, and this is {sys.version.split()[0]}.")
    try:
        from bot.cli.main import main

        return main()
    except ModuleNotFoundError as error:
        return elsewhere(f"The package {error.name} is not installed here.")


def elsewhere(why: str) -> int:
    """Restart with the Python of .venv, or say why that is impossible."""
    from pathlib import Path

    here = Path(__file__).resolve().parent
    venv = here / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and Path(sys.prefix).resolve() != venv.resolve() and IN_VENV not in os.environ:
        os.environ[IN_VENV] = "1"  # prevents an endless restart with a broken .venv
        command = [str(python)] + sys.argv  # noqa: RUF005
        if os.name != "nt":
            os.execv(command[0], command)  # noqa: S606
        import subprocess

        return subprocess.call(command)  # noqa: S603 - exec on Windows would detach from the terminal
    mend = "`make run` sets up .venv with all it needs, and starts it (README.md: without make)."
    sys.stderr.write(f"{why} In {here}, {mend}\n")
    return EX_CONFIG


if __name__ == "__main__":
    # Ctrl-C during imports or interpreter shutdown exits silently. Commands handle it themselves.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # otherwise the parent wants it ignored
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    sys.exit(start())
