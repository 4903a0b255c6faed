"""Train FGResQ on what people said: a research model that `fgresq score --checkpoint` takes.

    fgresq train-human --out my/model                    # all training sets that are placed
    fgresq train-human --sets clive biq2021 --out my/model
    fgresq train-human --sets clive srij --most 500 --out my/model
    fgresq score --checkpoint my/model --images FOLDER --out scores.csv

The score learns the mean opinion scores inside each set: photographs (clive, biq2021) need no
partner. The comparison learns pairs inside groups, of people where a set has them (srij), of
simulated observers where it is the embedded data (mini). Where no pair is decided, the model
compares by its scores. The settings are those that a search chose: fgresq/data/search.yaml declares
it, reports/human/search.csv of the repository has what it gave.

Sets are those of `fgresq data`. Select sets (srij, agiqa3k) that are placed and that you do not
name teach nothing: the card says how often the model agrees with people on them, beside what
sharpness alone reaches. Test sets are never read. The card also names data and licence. A set whose
licence is not stated is for research only, and so is a model of it: do not ship either.

The frozen blocks of the tower see every image once (about 0.4 s of one CPU an image), which bars
show with the time left; --most keeps the number down. What they give is kept once they have seen
all, and a call that was stopped in training goes on from the checkpoint in OUT/unfinished, which
goes when the model is whole.

A picture that teaches and is measured on is refused. One that only shows the same, by its
perceptual hash, as the bench of transfer has it, is left out of what teaches.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fgresq.arguments import at_least_one

MOST = 2000  # images of a set


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "--sets", nargs="+", metavar="SET", help="that teach (default: training sets placed here)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument(
        "--most",
        type=at_least_one,
        default=MOST,
        metavar="N",
        help=f"images of a set, at most; the same ones each time (default {MOST})",
    )
    parser.add_argument("--seed", type=int, default=0, help="of heads and batches (default 0)")
    parser.add_argument("--weights", type=Path, help="folder of the tower's weights")


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    from fgresq.human.people import train_on_people  # torch takes a second: not for --help

    train_on_people(args)
