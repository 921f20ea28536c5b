"""Start Masquerade, with the Python of .venv where this one will not do. Python 3.6 can read this file."""

import os
import signal
import sys

EX_CONFIG, INTERRUPTED = 78, 130
IN_VENV = "MASQUERADE_IN_VENV"


def start() -> int:
    """Run the command and return its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - it is for those who start it with an older one
        return elsewhere(f"Masquerade needs Python 3.11 or later, and this is {sys.version.split()[0]}.")
    try:
        from bot.cli.main import main

        return main()
    except ModuleNotFoundError as error:
        return elsewhere(f"The package {error.name} is not installed here.")


def elsewhere(why: str) -> int:
    """Go on with the Python of .venv, or say why that can't be."""
    from pathlib import Path

    here = Path(__file__).resolve().parent
    venv = here / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and Path(sys.prefix).resolve() != venv.resolve() and IN_VENV not in os.environ:
        os.environ[IN_VENV] = "1"  # a .venv that is none would be started again and again
        command = [str(python)] + sys.argv  # noqa: RUF005
        if os.name != "nt":
            os.execv(command[0], command)  # noqa: S606
        import subprocess

        return subprocess.call(command)  # noqa: S603 - there, exec would leave the terminal at once
    mend = "`make run` sets up .venv with all it needs, and starts it (README.md: without make)."
    sys.stderr.write(f"{why} In {here}, {mend}\n")
    return EX_CONFIG


if __name__ == "__main__":
    # Ctrl-C ends the imports, and what Python does at the end, without a word. A command undoes what it did.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody wants it ignored
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    sys.exit(start())
