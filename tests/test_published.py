"""Published weights by toolkits: absent with a step; what a toolkit is given and gives back."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from fgresq import workspace
from fgresq.absent import CODES
from fgresq.catalogues import catalogue
from fgresq.cli import parser_for
from fgresq.errors import UserError
from fgresq.external import by_pyiqa as installed
from fgresq.external.by_pyiqa import PyiqaMetric
from fgresq.metrics import afine, arniqa, clipiqa_published, fgresq_published
from fgresq.networks.torchvision_ops import make_importable
from fgresq.ops.least import NoValue
from fgresq.scoring import score
from fgresq.scoring.cache import version_of
from fgresq.scoring.registry import method_of, own_absence
from fgresq.scoring.score_table import read_told
from fgresq.tables import IMAGE_COLUMNS, empty, write_table
from tests.conftest import ROOT, picture

ENTRIES = catalogue("methods")
PYIQA = sorted(name for name, entry in ENTRIES.items() if "pyiqa" in entry)
OTHERS = [
    "afine",
    "arniqa",
    "clipiqa_published",
    "compare2score",
    "deqa_score",
    "fgresq_published",
    "qalign",
]

# A toolkit that keeps what it is given; of a metric `falls`, low values are good.
FAKE = """
import json, pathlib, torch
print("a toolkit that talks while it loads")
class Metric:
    def __init__(self, name):
        self.name, self.lower_better = name, name == "falls"
    def __call__(self, *images):
        if min(images[0].shape[-2:]) < 4:
            raise RuntimeError("kernel larger than the image")
        kept = [
            {"shape": list(i.shape), "type": str(i.dtype), "values": i.tolist()} for i in images
        ]
        pathlib.Path(__file__).with_name("seen.json").write_text(json.dumps([self.name, kept]))
        return torch.stack([i.mean() for i in images]).sum()[None]
def create_metric(name, device):
    assert isinstance(device, torch.device)
    if name == "fails":
        raise RuntimeError("no weights and no network")
    return Metric(name)
"""


@pytest.fixture
def nothing(monkeypatch, tmp_path: Path) -> Path:
    """A machine on which nothing is placed."""
    monkeypatch.setattr(workspace, "weights", lambda: tmp_path / "weights")
    for module in (afine, arniqa, fgresq_published):
        monkeypatch.setattr(module, "folder", lambda own=module.__name__: tmp_path / own)
    monkeypatch.setattr(clipiqa_published, "folder", lambda: tmp_path / "clip")
    return tmp_path


@pytest.fixture
def pyiqa(nothing, monkeypatch):
    """Install the fake toolkit where the worker finds it, and accept its licence."""
    package = nothing / "packages/pyiqa/__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(package.parents[1]))
    path = nothing / "weights/pyiqa/settings.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("accept_licence: true\ndevice: cpu\n")
    yield package.with_name("seen.json")
    worker = installed.PYIQA.__dict__.pop("worker", None)
    if worker:
        worker.close()


def test_the_methods_asked_for_are_there():
    assert {"topiq_fr", "topiq_nr", "ahiq", "ckdn", "musiq", "maniqa", "nima", "paq2piq",
            "dbcnn_published", "hyperiqa_published", "metaiqa_published", "liqe_published",
            "clipiqa_plus_published"} == set(PYIQA)  # fmt: skip


@pytest.mark.parametrize("name", [*PYIQA, *OTHERS])
def test_what_is_absent_says_how_it_comes_in(name, nothing):
    entry = ENTRIES[name]
    method, absent = method_of(name, entry), own_absence(name, entry)
    assert absent.code in CODES and absent.reason and absent.next_step
    assert absent.code == ("non_commercial" if name in PYIQA else "no_weights")
    assert entry["kind"] == method.kind and entry["needs"] and not entry["trained"]
    assert {"convention", "licence", "reference"} <= entry.keys()
    image = picture(0, 32)
    if name != "compare2score":  # it looks for its anchors first
        with pytest.raises(UserError):
            method.score(image, image if method.kind == "FR" else None)


def test_a_metric_of_the_toolkit_is_a_version_of_its_own(nothing):
    """Scores of one are not taken for those of another, of whose entry nothing else differs."""
    entries = {n: {**ENTRIES["musiq"], "pyiqa": {"metric": n}} for n in ("musiq", "nima")}
    found = {version_of(method_of("musiq", entry), entry) for entry in entries.values()}
    assert len(found) == 2


def test_nothing_non_commercial_is_imported():
    assert "pyiqa" not in sys.modules
    for path in (ROOT / "fgresq").rglob("*.py"):
        if path.name != "serve.py":
            assert "import pyiqa" not in path.read_text(), path
    assert "pyiqa" not in (ROOT / "requirements.lock").read_text()


def test_consent_is_asked_for(nothing):
    path = nothing / "weights/pyiqa/settings.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("device: cpu\n")
    absent = installed.PYIQA.absent()
    assert absent.code == "non_commercial" and "accept_licence: true" in absent.next_step


def test_a_metric_of_a_new_version_says_which(nothing):
    steps = {
        n: own_absence(n, ENTRIES[n]).next_step for n in ("metaiqa_published", "liqe_published")
    }
    assert "pyiqa 0.1.16 or newer" in steps["metaiqa_published"]
    assert "0.1.16" in ENTRIES["metaiqa_published"]["needs"]
    assert "or newer" not in steps["liqe_published"]


def test_liqe_is_that_of_its_paper(nothing, monkeypatch):
    """And not its authors' later one on KonIQ-10k alone."""
    asked = []

    class Worker:
        def ask(self, request, images):
            asked.append(request)
            return [3.0, False]

    monkeypatch.setitem(installed.PYIQA.__dict__, "worker", Worker())
    assert method_of("liqe_published", ENTRIES["liqe_published"]).score(picture(0, 16)) == 3.0
    assert asked == [{"metric": "liqe_mix"}]


def scored(name: str, folder: Path, images: dict[str, np.ndarray]) -> pd.DataFrame:
    """Score a table of images, each with a brighter reference."""
    rows = empty(IMAGE_COLUMNS)
    for place, (key, image) in enumerate(images.items()):
        Image.fromarray(image).save(folder / f"{key}.png")
        Image.fromarray(image // 2 + 100).save(folder / f"{key}-hd.png")
        fields = dict.fromkeys(IMAGE_COLUMNS, "") | {"raw_score": 0.5, "score": 0.5}
        files = {"path": str(folder / f"{key}.png"), "reference": str(folder / f"{key}-hd.png")}
        rows.loc[place] = fields | {"image": key} | files
    write_table(folder / "images.csv", rows, IMAGE_COLUMNS)
    out = folder / "scores.csv"
    given = [name, "--images", str(folder / "images.csv"), "--out", str(out)]
    score.main(parser_for("score").parse_args(given))
    return read_told(out).set_index("image")["value"]


def test_a_toolkit_gets_rgb_and_gives_values(pyiqa, tmp_path, monkeypatch):
    """NCHW, float32, [0, 1], the image before its reference; values come back in the table."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "workflow"):
        Path(name).symlink_to(ROOT / name)
    image = np.zeros((5, 7, 3), np.uint8)
    image[..., 0], image[..., 2], image[0, 0] = 255, 51, (255, 102, 0)
    found = scored("musiq", tmp_path, {"a": image, "b": image // 3})
    assert found["a"] == pytest.approx((image / 255).mean(), abs=1e-6)
    assert found["b"] == pytest.approx((image // 3 / 255).mean(), abs=1e-6)
    found = scored("musiq", tmp_path, {"a": image, "small": image[:3], "b": image // 3})
    assert found.isna().tolist() == [False, False, True] and found["b"] > 0
    found = scored("topiq_fr", tmp_path, {"a": image})
    name, (first, second) = json.loads(pyiqa.read_text())
    assert name == "topiq_fr" and first["type"] == "torch.float32"
    assert first["shape"] == second["shape"] == [1, 3, 5, 7]
    for kept, pixels in ((first, image), (second, image // 2 + 100)):
        want = pixels.transpose(2, 0, 1)[None] / 255
        assert np.array(kept["values"]) == pytest.approx(want, abs=1e-6)
    with pytest.raises(UserError, match="its process says: RuntimeError: no weights and no net"):
        PyiqaMetric("fails", lower_better=False).score(image)
    with pytest.raises(UserError, match="'falls'.*its lower values are better.*direction"):
        PyiqaMetric("falls", lower_better=False).score(image)
    found = PyiqaMetric("falls", lower_better=True).score(image)
    assert found == pytest.approx((image / 255).mean())


@pytest.mark.parametrize("name", PYIQA)
def test_directions_are_those_of_the_methods_file(name, nothing, monkeypatch):
    method = method_of(name, ENTRIES[name])
    low = ENTRIES[name]["direction"] == "lower"

    class Worker:
        def ask(self, request, images):
            return [0.25, low]

    monkeypatch.setitem(installed.PYIQA.__dict__, "worker", Worker())
    assert method.score(picture(0, 16), picture(1, 16)) == 0.25
    low = not low
    with pytest.raises(UserError, match="values are better"):
        method.score(picture(0, 16), picture(1, 16))


class Regressor(torch.nn.Module):
    """What the authors' regressor file holds: an object with these two weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.Parameter(torch.randn(1, 4096) / 64)
        self.biases = torch.nn.Parameter(torch.tensor(50.0))


def test_arniqa_by_torchmetrics_from_placed_files(nothing, monkeypatch):
    """torchmetrics itself, on random weights: no download, RGB, both sizes."""
    make_importable()  # before torchmetrics, which imports torchvision
    pytest.importorskip("torchmetrics")
    from torchvision.models import resnet50

    folder = arniqa.folder() / "checkpoints"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    network = torch.nn.Sequential(*list(resnet50().children())[:-1]).eval()
    state = {f"model.{name}": value for name, value in network.state_dict().items()}
    torch.save(state, folder / "ARNIQA.pth")
    assert "regressor_koniq10k.pth" in arniqa.absent().next_step
    assert "ARNIQA.pth" not in arniqa.absent().next_step
    regressor = Regressor()
    torch.save(regressor, folder / "regressor_koniq10k.pth")
    assert arniqa.absent() is None
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("download"))
    image, before = picture(0, 64), torch.hub.get_dir()
    arniqa.model.cache_clear()
    value = arniqa.score(image)
    assert torch.hub.get_dir() == before and arniqa.score(image) == value
    assert value != pytest.approx(arniqa.score(image[..., ::-1].copy()), abs=1e-6)
    arniqa.model.cache_clear()


@pytest.mark.parametrize(
    ("module", "package"), [(arniqa, "torchmetrics"), (clipiqa_published, "piq")]
)
def test_a_package_that_is_not_installed_is_told(module, package, nothing, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    absent = module.absent()
    assert f"package {package} is not installed" in absent.reason
    assert absent.next_step == f"run `pip install {package}`"
    with pytest.raises(UserError, match=f"pip install {package}"):
        module.score(picture(0, 32))


class FakePiq:
    """piq's interface: images (1, 3, h, w) in [0, data_range]."""

    def __init__(self, data_range: float) -> None:
        assert data_range == 1.0

    def eval(self) -> FakePiq:
        return self

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        assert images.shape[:2] == (1, 3) and images.dtype == torch.float32
        return images[:, 0].mean()[None, None]


def test_clipiqa_by_piq(nothing, monkeypatch):
    fake = type(sys)("piq")
    fake.CLIPIQA, fake.__spec__ = FakePiq, importlib.machinery.ModuleSpec("piq", None)
    monkeypatch.setitem(sys.modules, "piq", fake)
    assert "piq.CLIPIQA()" in clipiqa_published.absent().next_step
    clipiqa_published.folder().mkdir()
    for name in clipiqa_published.FILES:
        (clipiqa_published.folder() / name).touch()
    assert clipiqa_published.absent() is None
    clipiqa_published.model.cache_clear()
    red = np.zeros((32, 40, 3), np.uint8)
    red[..., 0] = 51
    assert clipiqa_published.score(red) == pytest.approx(0.2)
    with pytest.raises(NoValue, match="40x31 is too small"):
        clipiqa_published.score(red[:31])
    clipiqa_published.model.cache_clear()
