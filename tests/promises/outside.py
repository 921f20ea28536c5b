"""What a stranger has: a fresh clone, a terminal, and programs that they start in it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pexpect

from tests.promises.quoting import ROOT

PATIENCE = 100.0
PLAIN_TERMINAL = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
"""Nobody here tells a program where its cursor is."""
LAUNCH = Path("tests", "promises", "launch.py")


@dataclass
class Done:
    """What came of a program."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Return all that was printed."""
        return self.out + self.err


@dataclass
class Clone:
    """A folder with the program, as `git clone` and `make` leave it, and what is set in its environment."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str | Path, stdin: str = "", timeout: float = PATIENCE, **environ: str) -> Done:
        """Run a command in the folder, with nobody at the terminal."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self._environment(environ),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def python(self, *arguments: str | Path, **options: Any) -> Done:
        """Run the virtual environment's Python."""
        return self.run(self.interpreter, *arguments, **options)

    def main(self, *arguments: str | Path, **options: Any) -> Done:
        """Run `python main.py` with these arguments."""
        return self.python(*self._program(), *arguments, **options)

    def terminal(self, *arguments: str, columns: int = 80, **environ: str) -> "pexpect.spawn[str]":
        """Run `python main.py` in a terminal of 24 lines."""
        return pexpect.spawn(
            str(self.interpreter),
            [*self._program(), *arguments],
            cwd=str(self.folder),
            env=self._environment({**PLAIN_TERMINAL, **environ}),
            dimensions=(24, columns),
            timeout=PATIENCE,
            encoding="utf-8",
            preexec_fn=_with_ctrl_c,
        )

    def answer(self, command: str, *answers: tuple[str, str]) -> tuple[int, str]:
        """Run a command in a terminal, answer behind each question; return exit code and what was shown."""
        terminal = self.terminal(command, columns=200)
        shown = ""
        for question, answer in answers:
            terminal.expect(f"(?s){question}")
            shown += f"{terminal.before}{terminal.after}"
            terminal.send(f"{answer}\r")
        terminal.expect(pexpect.EOF)
        terminal.wait()
        return terminal.exitstatus, shown + str(terminal.before)

    def popen(self, *arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
        """Start `python main.py` and let it run."""
        command = [str(self.interpreter), *self._program(), *(str(word) for word in arguments)]
        return subprocess.Popen(command, cwd=self.folder, env=self._environment({}), text=True, **options)

    @property
    def interpreter(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"

    @property
    def config(self) -> Path:
        return self.folder / "config.env"

    def configure(self, **lines: str) -> None:
        """Copy config.env.example, as its first line says, and write these lines into it."""
        shutil.copy(self.folder / "config.env.example", self.config)
        with self.config.open("a", encoding="utf-8") as config:
            config.writelines(f'{key}="{value}"\n' for key, value in lines.items())

    def _program(self) -> list[str]:
        # Where Discord is cannot be set: who needs the loopback one starts the same file by way of ours.
        return [str(LAUNCH)] if "LOOPBACK_DISCORD" in self.environ else ["main.py"]

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            **self.environ,
            **more,
        }


def _with_ctrl_c() -> None:
    """Have Ctrl-C do what it does in anybody's terminal, though whoever runs the tests may ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def clone_into(folder: Path) -> Clone:
    """Clone what stands here into a folder, with a virtual environment like the one that runs this."""
    git("clone", "--quiet", "--no-local", str(ROOT), str(folder))
    for name in names_of("diff", "--name-only", "HEAD"):
        (folder / name).unlink(missing_ok=True)
        if (ROOT / name).is_file():
            _take_over(name, folder)
    for name in names_of("ls-files", "--others", "--exclude-standard"):
        _take_over(name, folder)
    _lend_environment(folder / ".venv")
    return Clone(folder)


def git(*arguments: str) -> str:
    """Run git here and return what it prints."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout


def names_of(*listing: str) -> list[str]:
    """Return the files that git lists."""
    return [name for name in git(*listing, "-z").split("\0") if name]


def copied(clone: Clone, folder: Path) -> Clone:
    """Copy a clone, which is quicker than to make another one."""
    shutil.copytree(clone.folder, folder, symlinks=True)
    return Clone(folder)


def _take_over(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / name, folder / name)


def _lend_environment(folder: Path) -> None:
    """Make a .venv that `make` takes for finished; nothing is ever installed into it."""
    folder.mkdir()
    for each in Path(sys.prefix).iterdir():
        if not each.name.startswith("."):
            (folder / each.name).symlink_to(each)
    for name in (".ready", ".ready-dev"):
        (folder / name).touch()
