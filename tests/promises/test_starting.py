"""docs/operating.md: what a start can meet ends in one sentence and the exit code that is documented."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.promises.outside import Clone, Done
from tests.promises.quoting import promise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MOMENTS = (0.3, 1.0, 2.5)
MOUNTED = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
COMMANDS = {
    ("chat",): "data",
    ("run",): "data",
    ("consolidate",): "data",
    ("restore", "copy.sqlite3"): "data",
    ("backup", "copies/copy.sqlite3"): "copies",
}
"""What is tried, and the folder that it writes to."""
each_command = pytest.mark.parametrize(("command", "folder"), COMMANDS.items(), ids=lambda each: each[0])


@pytest.fixture
def settled(talking: Clone) -> Clone:
    """Give a clone that was talked in, with a copy of its database beside it, and a token to run with."""
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk of their own (unshare)")
    with talking.config.open("a") as config:
        config.write("discord_token=a.b.c\n")
    assert talking.main("chat", stdin="hello\n").code == 0
    assert talking.main("backup", "copy.sqlite3").code == 0
    (talking.folder / "copies").mkdir()
    return talking


def with_a_disk(clone: Clone, options: str, folder: str, *command: str) -> Done:
    """Run a command while a folder of it is a disk of its own, mounted with these options."""
    mounted = ("unshare", "--map-root-user", "--mount", "sh", "-c", MOUNTED, "sh", options, folder)
    return clone.run(*mounted, clone.interpreter, "main.py", *command, stdin="hello\n")


def last_line(done: Done) -> str:
    assert "Traceback" not in done.said, done.said
    assert len(done.err.strip().splitlines()) <= 2, done.said
    return done.err.strip().splitlines()[-1]


@promise("operating.md", "1 | failed; trying again may help")
@each_command
def test_a_full_disk_is_one_sentence(settled: Clone, command: tuple[str, ...], folder: str):
    done = with_a_disk(settled, "size=64k", folder, *command)
    assert done.code == 1, done.said
    assert "free some disk space" in last_line(done)


@promise("operating.md", "78 | you have to change something first: a supervisor should not restart on it")
@each_command
def test_a_folder_that_cannot_be_written_to_is_one_sentence(
    settled: Clone, command: tuple[str, ...], folder: str
):
    done = with_a_disk(settled, "ro", folder, *command)
    assert done.code == 78, done.said
    assert "can't be written" in last_line(done)


def older_pythons() -> Iterator[Path]:
    """Yield the Pythons of this machine that are too old."""
    places = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin"))
    places += [Path(each) for each in os.environ["PATH"].split(os.pathsep) if ".pyenv" not in each]
    for minor in range(6, 11):
        found = [each / f"python3.{minor}" for each in places if (each / f"python3.{minor}").is_file()]
        yield from found[:1]


@promise("README.md", "You need Python 3.11 or later and `make`.")
def test_with_an_older_python_it_says_so_or_finds_the_one_of_its_environment(clone: Clone):
    pythons = list(older_pythons())
    if not pythons:
        pytest.skip("there is no Python here that is too old")
    for python in pythons:
        done = clone.run(python, "main.py", "--help")
        assert done.code == 0, done.said
        assert "usage" in done.out
    shutil.rmtree(clone.folder / ".venv")
    for python in pythons:
        done = clone.run(python, "main.py", "--help")
        assert done.code == 78, done.said
        assert "needs Python 3.11" in last_line(done)


@promise("operating.md", "78 | you have to change something first: a supervisor should not restart on it")
def test_an_environment_that_is_none_is_not_started_again_and_again(clone: Clone):
    shutil.rmtree(clone.folder / ".venv")
    clone.interpreter.parent.mkdir(parents=True)
    clone.interpreter.symlink_to(Path(sys.base_prefix, "bin", "python3"))
    done = clone.run(str(Path(sys.base_prefix, "bin", "python3")), "main.py", "chat")
    assert done.code == 78, done.said
    assert "make run" in last_line(done)


@promise("operating.md", "130 | interrupted with Ctrl-C")
@pytest.mark.parametrize("command", ["chat", "run", "doctor", "setup", "consolidate"])
def test_ctrl_c_in_the_first_seconds_ends_without_a_traceback(talking: Clone, command: str):
    codes = set()
    for moment in MOMENTS:
        terminal = talking.terminal(command)
        time.sleep(moment)
        for _ in range(2):  # the screen of a talk asks for it twice
            terminal.sendintr()
            time.sleep(0.2)
        try:
            terminal.expect(pexpect.EOF)
        finally:
            terminal.close(force=True)
        assert "Traceback" not in str(terminal.before)
        codes.add(128 + terminal.signalstatus if terminal.exitstatus is None else terminal.exitstatus)
    assert 130 in codes
    assert codes <= {0, 1, 78, 130}


@promise("operating.md", "0 | done, or stopped as asked")
def test_sigterm_in_the_first_seconds_ends_without_a_traceback(talking: Clone, discord):
    talking.environ["LOOPBACK_DISCORD"] = discord.base_url
    with talking.config.open("a") as config:
        config.write(f"discord_token={discord.token}\n")
    for moment in MOMENTS:
        process = talking.popen("run", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(moment)
        process.terminate()
        said, _ = process.communicate(timeout=60)
        assert "Traceback" not in said
        assert process.returncode in {0, -signal.SIGTERM}, said


@promise("operating.md", "Only one process may run on a `data_dir`: a second one says so and ends with 78.")
@pytest.mark.parametrize("command", ["chat", "run"])
def test_a_second_one_is_refused_before_any_model_is_loaded(talking: Clone, discord, command: str):
    first = talking.terminal("chat")
    first.expect("(?i)incoming|nyx")
    text = talking.config.read_text()
    keyless = [line for line in text.splitlines() if not line.startswith("anthropic_")]
    talking.config.write_text("\n".join([*keyless, f"discord_token={discord.token}", ""]))
    done = talking.main(command, stdin="hello\n")
    first.close(force=True)
    assert done.code == 78, done.said
    assert "already runs" in last_line(done)
    assert "Loading" not in done.said
    assert not (talking.folder.parent / "home" / ".cache" / "masquerade").exists()
