"""Train a row of kind fgresq of the bench of transfer, and ask it of all sets at hand.

`fgresq step train-rated ROW --images SET.csv ... --weights DIR --work DIR --out FOLDER`. The
settings are those that the search chose (fgresq/data/search.yaml), on as many images of a set as it
takes, by the code of `train-human`. No label of a set that does not teach the row is in what it
reads. Writes a checkpoint, scores.csv of the images of all other sets, and compared.csv, what the
comparison head says of their pairs; it has no row where the comparison has learnt nothing. A
stopped call goes on from the checkpoint in the folder of work.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pandas as pd

from fgresq.absent import Absent
from fgresq.errors import unknown
from fgresq.files import read_json, write_csv
from fgresq.human.at_hand import read_sets
from fgresq.human.declared import FGRESQ, Declared, Line, add_declared, read_declared
from fgresq.human.declared_search import read_search
from fgresq.human.learnt import learnt
from fgresq.human.lent import lent, parted
from fgresq.training.ready import write_absent
from fgresq.training.stage2 import STAGE2_TABLES

COMPARED = ["image_a", "image_b", "probability_a"]
TABLES = {**STAGE2_TABLES, "compared.csv": COMPARED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this step."""
    parser.add_argument("row", help="name of a row of kind fgresq")
    parser.add_argument(
        "--images", type=Path, nargs="+", required=True, help="image tables, one a set"
    )
    parser.add_argument("--simulated", type=Path, help="pair table of the embedded data")
    parser.add_argument("--weights", type=Path, required=True, help="folder of the tower's weights")
    parser.add_argument("--work", type=Path, required=True, help="folder of checkpoints")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    add_declared(parser)


def line_of(declared: Declared, name: str) -> Line:
    """Give a row of kind fgresq by its name.

    Raises:
        UserError: there is none.
    """
    lines = {line.name: line for line in declared.rows if line.kind == FGRESQ}
    if name not in lines:
        raise unknown("fgresq step train-rated", "row", name, lines)
    return lines[name]


def compared_of(out: Path, pairs: pd.DataFrame) -> pd.DataFrame:
    """Give what the comparison head says of pairs; none where it has learnt nothing."""
    if read_json(out / "card.json")["comparison"] != "learnt":
        return pd.DataFrame(columns=COMPARED)
    ranking = pd.read_csv(out / "ranking.csv").merge(pairs, on="pair")
    return ranking[COMPARED].drop_duplicates(["image_a", "image_b"])  # votes of two kinds


def main(args: argparse.Namespace) -> None:
    """Run the step."""
    declared, search = read_declared(args.declared), read_search()
    line = line_of(declared, args.row)
    sets, absent = read_sets(args.images, declared)
    reasons = [absent[name] for name in line.sets if name in absent]
    if reasons:
        told = Absent("not_placed", "; ".join(reasons), "place them, and call `make human` again")
        write_absent(args.out, TABLES, told)
        return
    taught, others = parted(lent(sets, declared, search, args.simulated), line)
    (args.out / "card.json").unlink(missing_ok=True)
    _, pairs = learnt(
        search, taught, others, args.weights, args.work, args.out, declared.seed, args.threads
    )
    write_csv(args.out / "compared.csv", compared_of(args.out, pairs))
    shutil.rmtree(args.work)
