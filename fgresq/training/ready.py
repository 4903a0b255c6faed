"""Whether training can be had here: data, weights, device; else why not, as a value."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from fgresq.absent import Absent
from fgresq.errors import UserError
from fgresq.files import write_csv, write_json
from fgresq.networks.torchvision_ops import make_importable
from fgresq.pretrained import STAND_INS, weights_file
from fgresq.sections import Tower


def clip_absence(tower: Tower) -> Absent | None:
    """Say why the weights of an open_clip tower cannot be had; downloads them where it can."""
    if tower.tower in STAND_INS or tower.pretrained is None:
        return None
    if file := weights_file(tower.pretrained):
        return None if file.is_file() else no_file(file)
    make_importable()
    import httpx2
    from open_clip.pretrained import download_pretrained, get_pretrained_cfg

    try:
        download_pretrained(get_pretrained_cfg(tower.tower, tower.pretrained))
    except (OSError, ValueError, httpx2.HTTPError) as error:
        return Absent(
            "no_network",
            f"the weights '{tower.pretrained}' of {tower.tower} are not at hand and could "
            f"not be downloaded ({type(error).__name__})",
            "connect to a network once and run again: open_clip downloads them",
        )
    return None


def no_file(file: Path) -> Absent:
    """Say that the file of a tower's weights is not where the settings say."""
    return Absent(
        "no_weights",
        f"there is no file {file}, which `tower/pretrained` names",
        "put the weights there, or give `tower/pretrained` in config/config.yaml open_clip's name "
        "of them",
    )


def check_device(tower: Tower) -> None:
    """Refuse to train at settings for a GPU without one.

    Raises:
        UserError: names the ways out.
    """
    import torch

    if tower.device != "cuda" or torch.cuda.is_available():
        return
    where = "config/config.yaml, key 'tower/device'"
    if not tower.allow_cpu:
        raise UserError(
            where,
            "these settings are for a CUDA device, and there is none",
            "Set `preset: mini`, or `tower: {allow_cpu: true, max_steps: N}` for a truncated run",
        )
    if not tower.max_steps:
        raise UserError(
            where,
            "training at these settings on a CPU would take weeks",
            "Give `tower: {max_steps: N}` beside allow_cpu; the report is then headed TRUNCATED",
        )


def absence(images: pd.DataFrame, tower: Tower) -> Absent | None:
    """Say why training cannot be had here, or None where it can.

    Raises:
        UserError: data and weights are there, and the device is not.
    """
    if images.empty:
        return Absent(
            "not_placed",
            "no restored image or photograph of this preset is in place, so nothing was trained",
            "bring in a source that the report lists as absent",
        )
    absent = clip_absence(tower)
    if absent is None:
        check_device(tower)
    return absent


def write_absent(folder: Path, tables: dict[str, list[str]], absent: Absent) -> None:
    """Write what a run would have written, empty, with the reason on its card."""
    logging.info("training is absent: %s. Next step: %s.", absent.reason, absent.next_step)
    for name, columns in tables.items():
        write_csv(folder / name, pd.DataFrame(columns=columns))
    write_json(folder / "card.json", {"kind": "absent", "absent": absent.record()})
