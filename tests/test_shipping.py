"""What is shipped besides the program: the image's files suffice; unit and image stop as they should."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from tests.requirements import REQUIREMENTS, requirements

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
UNIT = ROOT / "deploy" / "masquerade.service"


def copied() -> list[tuple[str, str]]:
    """Return (file or folder, where to) for what the image takes from here."""
    found = []
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, target = line.split()
        found += [(one, target if len(sources) == 1 else f"{target}/{one}") for one in sources]
    return found


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a folder with exactly what the image has in /app."""
    for source, target in copied():
        to = tmp_path / "app" / target
        to.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, to)
    return tmp_path / "app"


def run_in(app: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
    return subprocess.run(
        [sys.executable, "main.py", *arguments],
        cwd=app,
        env=plain | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_project_comes_under_the_mit_license():
    assert (ROOT / "LICENSE").read_text("utf-8").startswith("MIT License")
    for file in ("pyproject.toml", "personaflow/pyproject.toml"):
        license_ = tomllib.loads((ROOT / file).read_text("utf-8"))["project"]["license"]
        assert license_ in ("MIT", {"text": "MIT"})


def test_requirements_name_what_the_program_needs_at_least():
    assert REQUIREMENTS.read_text(encoding="utf-8") == requirements(), "make docs"
    assert requirements().startswith("-c constraints.txt\n")


def test_everything_that_the_image_takes_is_let_through_to_it():
    let_through = re.findall(r"^!(.+?)/?$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert {source for source, _ in copied()} == set(let_through)
    assert all((ROOT / source).exists() for source in let_through)


def test_nothing_secret_is_let_through():
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"
    assert not {"!config.env", "!character.env", "!data", "!."} & set(ignored)


def test_with_what_is_in_the_image_the_program_starts(image: Path, tmp_path: Path):
    data = tmp_path / "data"
    told = run_in(image, "doctor", "--offline", DATA_DIR=str(data), CHARACTER="nyx")
    assert "Traceback" not in told.stderr
    assert "Nyx" in told.stdout, told.stdout + told.stderr


def test_the_image_is_not_healthy_before_the_bot_is(image: Path, tmp_path: Path):
    told = run_in(image, "healthcheck", DATA_DIR=str(tmp_path / "data"))
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert 'CMD ["python", "main.py", "healthcheck"]' in DOCKERFILE


def test_the_image_is_a_slim_python_whose_command_starts_the_program():
    """F011."""
    assert re.findall(r"(?m)^ARG PYTHON=(.+)$", DOCKERFILE) == ["3.11"]
    assert set(re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)) == {"python:${PYTHON}-slim"}
    assert DOCKERFILE.rstrip().endswith('ENTRYPOINT ["python", "main.py"]')


def test_the_image_runs_as_nobody_special():
    instructions = [line.split()[0] for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert "USER masquerade" in DOCKERFILE
    assert instructions.index("USER") < instructions.index("ENTRYPOINT")
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE


def test_the_unit_starts_nothing_again_that_has_to_be_mended_first():
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT, encoding="utf-8")
    assert unit["Service"]["RestartPreventExitStatus"] == "78"
    assert unit["Service"]["Restart"] == "on-failure"
    assert int(unit["Service"]["TimeoutStopSec"]) > 10
    assert unit["Unit"]["StartLimitBurst"] == "5"


def test_where_the_data_is_says_config_env_alone_so_that_commands_find_it():
    lines = UNIT.read_text("utf-8").splitlines()
    assert not [one for one in lines if one.startswith("Environment") and "DATA_DIR" in one]


def test_systemd_finds_nothing_wrong_with_the_unit_but_that_it_is_not_installed():
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze on this machine")
    told = subprocess.run(
        [analyze, "verify", str(UNIT)], capture_output=True, text=True, timeout=60, check=False
    )
    faults = [line for line in told.stderr.splitlines() if "masquerade" in line]
    assert [one for one in faults if "is not executable: No such file" not in one] == []


def test_composed_it_writes_to_its_volume_alone_and_has_no_rights():
    yaml = pytest.importorskip("yaml")
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    bot = composed["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    writable = [one for one in bot["volumes"] if not one.endswith(":ro")]
    assert writable == ["data:/data"]
    assert set(composed["volumes"]) == {"data"}
    assert bot["restart"] == "on-failure:5", "what has to be mended first is not started for ever"


def with_postgres() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / "compose.postgres.yaml").read_text(encoding="utf-8"))


def test_composed_with_postgresql_the_bot_waits_until_it_answers():
    services = with_postgres()["services"]
    assert services["bot"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    check = services["database"]["healthcheck"]["test"]
    assert check[:2] == ["CMD", "pg_isready"]
    assert "--host=127.0.0.1" in check, "its own socket answers too early, while it sets itself up"


def test_composed_with_postgresql_no_password_is_shipped_and_nothing_outside_reaches_the_server():
    composed = with_postgres()
    database, bot = composed["services"]["database"], composed["services"]["bot"]
    password = r"\$\{POSTGRES_PASSWORD:\?[^}]+\}"
    assert re.fullmatch(password, database["environment"]["POSTGRES_PASSWORD"])
    address = f"postgresql://masquerade:{password}@database/masquerade"
    assert re.fullmatch(address, bot["environment"]["DATABASE_URL"])
    assert "ports" not in database
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert ".env" not in {source for source, _ in copied()}


def test_composed_with_postgresql_the_server_keeps_its_data_and_quotes_no_rows():
    composed = with_postgres()
    database = composed["services"]["database"]
    assert database["volumes"] == ["database:/var/lib/postgresql"]
    assert set(composed["volumes"]) == {"database"}
    assert "log_error_verbosity=terse" in database["command"]
    assert re.fullmatch(r"postgres:\d+", database["image"]), "another major version can't read the volume"


def test_the_address_that_is_composed_is_one_that_the_settings_take():
    address = with_postgres()["services"]["bot"]["environment"]["DATABASE_URL"]
    written = re.sub(r"\$\{[^}]+\}", "0123abcd", address)
    assert Settings.model_validate({"database_url": written}).secrets == (written, "0123abcd", "0123abcd")


def test_the_image_brings_the_driver_of_postgresql_as_compose_files_can_name_a_server():
    assert re.search(r"^ARG EXTRAS=(.*)$", DOCKERFILE, re.MULTILINE)[1].split(",")[-1] == "postgres"  # type: ignore[index]
