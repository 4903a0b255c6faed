"""Check that the package works anywhere: `make check-wheel`, or `python -m workflow.check_wheel`.

Builds the wheel, installs it into an empty environment by the lock, and calls it from an empty
folder, with a user cache of its own and no checkout: the commands for people have to work, and what
they score and answer has to be what the checkout does. With --quick the environment borrows the
libraries of this one, which shows no missing dependency but takes a minute less of every two.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

ROOT = Path(__file__).parents[1]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "fgresq")
FETCHED = ("niqe", "lpips_alex")
TOLERANCE = 1e-9  # relative; both sides have the same libraries
IMAGES = "--images=images", "--references=references"
SCORED = {  # name: what `fgresq score` is told
    "psnr": ("psnr", *IMAGES),
    "niqe": ("niqe", "--images=images"),
    "lpips": ("lpips", *IMAGES),
    "embedded": ("embedded", "--images=images"),
    "fgresq": ("--checkpoint=checkpoint", "--images=images"),
}
ANSWERED = (  # calls whose words have to be the checkout's, to the letter
    ("compare", "images/0.png", "images/1.png", "--model=embedded", "--html=compared.html"),
    ("compare", "images/0.png", "images/1.png", "--model=checkpoint", "--json"),
    ("rank", "images", "--model=embedded"),
    ("bench", "references", "images", "--model=embedded", "--csv=bench.csv"),
    ("evaluate", "embedded.csv", "ratings.csv", "--draws=20"),
)
PYTHON = (
    "import fgresq; m = fgresq.load('embedded'); a, b = 'images/0.png', 'images/1.png'; "
    "print(m.score([a, b]), m.compare(a, b), fgresq.metric('psnr_y', border=4).score(a, b))"
)


def run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and give what it printed; leave with its words where it fails."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        shown = " ".join(command[:6])
        sys.exit(
            f"check-wheel: `{shown}` failed with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def build(work: Path) -> Path:
    """Build the wheel from a copy, so that the checkout stays clean; give its path."""
    source = work / "source"
    for name in SOURCES:
        source.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run([*pip, "--wheel-dir", str(work), str(source)], work)
    return next(work.glob("*.whl"))


def install(wheel: Path, work: Path, quick: bool) -> Path:
    """Make an environment with the wheel in it; give its folder of programs."""
    venv.create(work / "env", with_pip=True)
    bin_ = work / "env/bin"
    more = ["-c", str(ROOT / "requirements.lock")]
    if quick:
        (site,) = (work / "env/lib").glob("python*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        more = ["--no-deps"]
    pip = [str(bin_ / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, *more, str(wheel)], work)
    return bin_


def pictures(folder: Path) -> None:
    """Draw three images of a size that every method takes, and their references."""
    for name in ("images", "references"):
        (folder / name).mkdir(parents=True)
    for number in range(3):
        chance = np.random.default_rng(number)
        coarse = chance.integers(0, 255, (24, 24, 3), dtype=np.uint8)
        clean = np.asarray(Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC))
        noisy = np.clip(clean + chance.normal(0, 8 * (number + 1), clean.shape), 0, 255)
        Image.fromarray(clean).save(folder / f"references/{number}.png")
        Image.fromarray(noisy.astype(np.uint8)).save(folder / f"images/{number}.png")


def checkpoint(folder: Path) -> None:
    """Write an untrained FGResQ on the random tower, in the form that stage 2 writes."""
    import torch

    from fgresq.model.alignment import Alignment
    from fgresq.model.fgresq import FGResQ
    from fgresq.networks.task_clip import build_clip
    from fgresq.networks.towers import sibling
    from fgresq.presets import load
    from fgresq.tables import TASKS
    from fgresq.weights.checkpoints import trained_state, write_weights

    preset = load(ROOT / "config/config.yaml").presets["tiny"]
    tower = preset.tower.model_copy(update={"tower": "random_vits14", "device": "cpu"})
    torch.manual_seed(0)
    clip = build_clip(tower, Path("none"), list(TASKS))
    model = FGResQ.build(preset.stage2, sibling(clip.visual.tower))
    state = {f"quality.{n}": v for n, v in trained_state(model).items()}
    state |= {f"degradation.{n}": v for n, v in trained_state(Alignment(clip)).items()}
    card = {"kind": "FGResQ", "tower": tower.record(), "settings": preset.stage2.record()}
    write_weights(folder, state, card)


def compare(name: str, here: Path, there: Path) -> float:
    """Give the greatest relative difference of two score tables; leave where it is too great."""
    ours, theirs = (pd.read_csv(path)["value"].to_numpy() for path in (here, there))
    if len(ours) != 3 or not np.isfinite(ours).all() or ours.shape != theirs.shape:
        sys.exit(f"check-wheel: {name} has values {ours} by the wheel, {theirs} by the checkout")
    difference = float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-12)))
    if difference > TOLERANCE:
        sys.exit(f"check-wheel: {name} is {ours} by the wheel and {theirs} by the checkout")
    return difference


def call(bin_: Path, work: Path) -> None:
    """Call the commands for people from a folder that has no checkout above it."""
    empty = work / "empty"
    pictures(empty)
    checkpoint(empty / "checkpoint")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    env |= {"FGRESQ_HOME": str(work / "home"), "PATH": f"{bin_}{os.pathsep}{env['PATH']}"}
    fgresq = str(bin_ / "fgresq")
    print(run([fgresq, "--version"], empty, env).strip())
    run([fgresq, "--help"], empty, env)
    print(run([fgresq, "methods"], empty, env).splitlines()[-1])
    for name in FETCHED:
        run([fgresq, "weights", name], empty, env)
    for name, words in SCORED.items():
        there, here = empty / f"{name}.csv", work / f"{name}.csv"
        run([fgresq, "score", *words, "--out", str(there)], empty, env)
        own = [word.replace("=", f"={empty}/", 1) for word in words]
        own += [f"--out={here}", f"--cache={work / 'own'}"]
        run([sys.executable, "-m", "fgresq", "score", *own], ROOT)
        difference = compare(name, there, here)
        print(f"{name}: as by the checkout (greatest relative difference {difference:.1g})")
    ratings = "image,score\n" + "".join(f"{k}.png,{90 - 20 * k}\n" for k in range(3))
    (empty / "ratings.csv").write_text(ratings)
    calls = [(["-m", "fgresq", *answered], answered[0]) for answered in ANSWERED]
    for call_, name in [*calls, (["-c", PYTHON], "Python")]:
        told = run([str(bin_ / "python"), *call_], empty, env)
        by = run([sys.executable, *call_], empty, {**os.environ, "PYTHONPATH": str(ROOT)})
        if told != by or not told.strip():
            sys.exit(f"check-wheel: {name} says by the wheel\n{told}\nand by the checkout\n{by}")
        print(f"{name}: the checkout's words")
    kept = sorted(path.name for path in (work / "home").iterdir())
    print(f"kept in FGRESQ_HOME: {', '.join(kept)}")


def size_of(folder: Path) -> float:
    """Give the GiB of a folder's files."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 2**30


def main() -> None:
    """Build, install, call, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="borrow this environment's libraries")
    quick, started = parser.parse_args().quick, time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="check-wheel-") as folder:
        work = Path(folder).resolve()
        wheel = build(work)
        print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.2f} MiB")
        bin_ = install(wheel, work, quick)
        seconds = time.perf_counter() - started
        print(f"environment: {size_of(work / 'env'):.2f} GiB after {seconds:.0f} s", flush=True)
        call(bin_, work)
    print(f"check-wheel: done in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
