"""Score images with untrained methods, or with a trained FGResQ.

    fgresq score niqe brisque FOLDER
    fgresq score psnr ssim lpips restored.png --references original.png
    fgresq score psnr_y ssim_y x4/ --references HR/ --border 4    # as super-resolution papers print
    fgresq score niqe --images FOLDER --out niqe.csv
    fgresq score lpips 'out/*.png' --references OTHER_FOLDER --out lpips.csv
    find . -name '*.png' | fgresq score embedded - --json
    fgresq score --checkpoint results/stage2/mini/full/0 --images FOLDER --out scores.csv

Words that name methods (`fgresq methods` lists them) are methods, whatever files are called: write
`./psnr` for a file of a method's name. All others are pictures, folders (searched with their
folders), patterns, tables, or `-`, a list on standard input, a line a path. A table is CSV with
the column `path` and, as far as they are known, `image` (an identifier), `reference` and `mask`;
its paths start at its own folder. The image tables of the workflow serve as well.

--references is one picture, the reference of all, or a folder whose pictures have the same names,
or names that the images' begin with (img001.png for img001_SwinIR.png); --pattern says how else
they are made: --pattern '{method}_{reference}'.

Without --out the values are printed; the last lines have each method's mean, n, how many images
have no value, and which values are better. The table of --out (or --csv) says so in every row, with
the method's version. FGResQ gives values in (0, 1), higher better; scores of one model compare,
those of two do not.

A full-reference method gives no value, with the reason, for an image without a reference, or with
one of another size; where an image has a mask, it compares what lies inside. Any method may say of
an image that it has no value. What cannot be read has none either, and the others are scored; where
all fail, nothing is written. A method that cannot run here gives every image no value, and the
reason. Where any value is missing, the call ends in 1.

What was scored before is not scored again: it is kept (--cache) by the content of the image and the
version of the method. A call that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
from pathlib import Path
from typing import Any

import cv2
import pandas as pd

from fgresq.catalogues import methods_file, read_methods
from fgresq.errors import UserError
from fgresq.files import check_writable
from fgresq.scoring.cache import version_of
from fgresq.scoring.given import rows_of, split_words
from fgresq.scoring.judging import (
    NOTHING_WRITTEN,
    add_judging,
    entry_of,
    score_all,
    tell,
    workers_of,
)
from fgresq.scoring.registry import method_module, method_of, own_absence
from fgresq.scoring.remarks import remark
from fgresq.scoring.score_table import (
    as_json,
    bases,
    last_lines,
    printed,
    summaries,
    told,
    write_told,
)

TRAINED = {"kind": "NR", "direction": "higher", "range": [0, 1]}  # of a checkpoint of FGResQ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    words = "methods, such as ssim; then pictures, folders, tables, patterns, or - for a list"
    parser.add_argument("words", nargs="*", metavar="METHOD | IMAGES", help=words)
    parser.add_argument("--checkpoint", type=Path, help="or: folder that stage 2 wrote")
    more = "a picture, folder, table, pattern or - that is no method, whatever its name"
    parser.add_argument("--images", action="append", default=[], metavar="FILE", help=more)
    parser.add_argument("--references", metavar="FILE", help="folder of references; or one picture")
    pattern = "how images are named after references, as '{reference}_{method}'"
    parser.add_argument("--pattern", metavar="PATTERN", help=pattern)
    border = "pixels that methods with such an option cut off, as psnr_y and ssim_y (default 0)"
    parser.add_argument("--border", type=int, metavar="N", help=border)
    parser.add_argument("--out", "--csv", metavar="FILE", help="score table to write (CSV)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_judging(parser)


def keep_inputs(out: str, inputs: list[str], rows: pd.DataFrame) -> None:
    """Refuse what would fail after all images are scored, or write over what is read.

    Raises:
        UserError: the score table cannot be written there, or is one of the inputs.
    """
    check_writable(out)
    read = {*inputs, *rows["path"], *rows["reference"], *rows["mask"]} - {""}
    if os.path.realpath(out) in {os.path.realpath(path) for path in read if "\0" not in path}:
        raise UserError(out, "it is read, and would be written over", "Give --out another name")


def table_of(
    name: str, rows: pd.DataFrame, judgements: list[tuple[float, str]], entry: dict[str, Any]
) -> pd.DataFrame:
    """Give the score table of one method, without its version, in the order of the names."""
    scores = pd.DataFrame({"image": rows["image"].to_numpy(), "method": name, "split": "all"})
    scores["value"] = [value for value, _ in judgements]
    scores["reason"] = [reason for _, reason in judgements]
    scores["basis"] = ""
    return told(scores, entry, "").sort_values("image")


def options_of(entry: dict[str, Any], args: argparse.Namespace) -> dict[str, int]:
    """Give what the call asks of a method beside the images."""
    wanted = args.border is not None and "border" in entry.get("options", {})
    return {"border": args.border} if wanted else {}


def by_method(
    name: str, rows: pd.DataFrame, entry: dict[str, Any], args: argparse.Namespace
) -> pd.DataFrame:
    """Score rows by an untrained method and give its table.

    Raises:
        UserError: its weights cannot be read, or all images fail.
    """
    options = options_of(entry, args)
    judgements = score_all(rows, name, args, options)
    scores = table_of(name, rows, judgements, entry)
    if own_absence(name, entry) is None:
        own = method_of(name, entry, **options)
        scores["version"] = version_of(own, entry)
        basis = None if "pyiqa" in entry else getattr(method_module(name), "basis", None)
        paths = rows.set_index("image")["path"][scores["image"]]
        scores["basis"] = f"border {args.border}" if options else bases(paths, basis)
        scores["basis"] = scores["basis"].where(scores["value"].notna(), "")
    return scores


def by_methods(
    names: list[str], rows: pd.DataFrame, args: argparse.Namespace
) -> tuple[list[pd.DataFrame], dict[str, Any]]:
    """Score rows by untrained methods: their tables, and their entries.

    Of several methods, one that fails gives every image no value, and the reason.

    Raises:
        UserError: there is no such method, or the only one fails, or all do.
    """
    entries = {name: entry_of(name, args.methods) for name in names}
    if args.border is not None and not any(options_of(own, args) for own in entries.values()):
        problem = f"none of {', '.join(names)} cuts a border"
        raise UserError("--border", problem, "Name psnr_y or ssim_y, or leave it out")
    for name, entry in entries.items():
        workers_of(name, args, entry)
    remark(rows, any(entry["kind"] == "FR" for entry in entries.values()))
    tables, faults = [], []
    for name, entry in entries.items():
        try:
            tables.append(by_method(name, rows, entry, args))
        except UserError as error:
            faults.append(error)
            if len(faults) == len(names) or args.debug:
                raise
            logging.warning("%s", error)
            tables.append(table_of(name, rows, [(math.nan, str(error))] * len(rows), entry))
    return tables, entries


def by_checkpoint(rows: pd.DataFrame, args: argparse.Namespace) -> pd.DataFrame:
    """Score rows by a trained FGResQ and give its table.

    Raises:
        UserError: the folder is no whole checkpoint.
    """
    from fgresq.scoring import predict  # torch takes a second: not for --help

    remark(rows, with_references=False)
    judgements, version = predict.score_paths(args.checkpoint, rows["path"].tolist(), args.cache)
    return table_of("fgresq", rows, judgements, TRAINED).assign(version=version)


def scored(methods: list[str], rows: pd.DataFrame, args: argparse.Namespace) -> Any:
    """Score rows by what the call names: the whole table, and the entries of the methods.

    Raises:
        UserError: no image can be scored.
    """
    faulty = rows[rows["reason"].ne("")]
    sound = rows[rows["reason"].eq("")].sort_values(["reference", "image"])
    if sound.empty:
        reason = faulty["reason"].iloc[0]
        raise UserError("fgresq score", f"no image can be scored: {reason}", NOTHING_WRITTEN)
    if args.checkpoint:
        tables, entries = [by_checkpoint(sound, args)], {"fgresq": TRAINED}
    else:
        tables, entries = by_methods(methods, sound, args)
    whole = []
    for (name, entry), table in zip(entries.items(), tables, strict=True):
        reasons = [(math.nan, reason) for reason in faulty["reason"]]
        rest = table_of(name, faulty, reasons, entry)
        rest["version"] = table["version"].iloc[0]
        parts = [table, rest] if len(rest) else [table]
        whole.append(pd.concat(parts).sort_values("image"))
        tell(name, whole[-1]["reason"])
    return pd.concat(whole, ignore_index=True), entries


def main(args: argparse.Namespace) -> int:
    """Run the command.

    Returns:
        1 where a value is missing, else 0.
    """
    where = methods_file(args.methods)
    methods, inputs = split_words(args.words, read_methods(args.methods), where)
    inputs = args.images + inputs
    if args.checkpoint and (methods or args.workers > 1):
        given = f"method '{methods[0]}'" if methods else "--workers"
        mend = "Leave one of them out"
        raise UserError("--checkpoint", f"it does not go with {given}", mend)
    if not args.checkpoint:
        for name in methods:
            entry_of(name, args.methods)
        if not methods:
            entry_of(None, args.methods)  # tells how one is named
    cv2.setNumThreads(args.threads)
    rows = rows_of(inputs, args.references, args.pattern)
    if args.out is not None:
        keep_inputs(args.out, inputs, rows)
    scores, entries = scored(methods, rows, args)
    found = summaries(scores, entries)
    if args.out is not None:
        write_told(args.out, scores)
    if args.json:
        print(as_json(scores, found), end="")
    else:
        lines = [] if args.out is not None else [*printed(scores), ""]
        print("\n".join([*lines, *last_lines(found)]))
    without = sum(one["without_value"] for one in found.values())
    if without:
        place = args.out or "their rows"
        logging.warning("%d of %d values are missing: reasons in %s", without, len(scores), place)
    return 1 if without else 0
