"""Search the settings that FGResQ is trained on people with; fgresq/data/search.yaml declares it.

    python -m benchmarks.search --tables results/human --out reports/human/search.csv

The tables are those of `fgresq step read-source NAME`: NAME.csv and NAME.pairs.csv of every set
that the search declares. Work is kept in work/search, and a stopped search goes on. Beside the
table a record (.json) has command, commit, count of settings tried, and how many images of each set
there were.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from fgresq import workspace
from fgresq.analysis.provenance import git_state
from fgresq.files import digest, write_json
from fgresq.human.declared_search import read_search
from fgresq.human.search import COLUMNS, bench_of, best_of, searched
from fgresq.human.taught import set_of_tables
from fgresq.tables import write_table


def main() -> None:
    """Search, and write the table with its record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=Path, default=Path("results/human"))
    parser.add_argument("--work", type=Path, default=Path("work/search"))
    parser.add_argument("--out", type=Path, default=Path("reports/human/search.csv"))
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(args.threads)
    search = read_search()
    sets = {name: set_of_tables(name, args.tables) for name in search.roles}
    weights = workspace.weights_of(search.tower.tower)
    bench = bench_of(search, sets, weights, args.work, args.threads)
    table = searched(bench)
    write_table(args.out, table, COLUMNS)
    record = {
        "command": "python -m benchmarks.search",
        "git": git_state(),
        "declared": digest(search.model_dump(mode="json", exclude={"chosen"})),
        "settings_tried": len(search.configurations) + search.finalists,
        "trainings": len(table),
        "best": best_of(table),
        "roles": search.roles,
        "images": {name: len(own.images) for name, own in bench.sets.items()},
    }
    write_json(args.out.with_suffix(".json"), record)
    logging.info("best: %s. Let it be `chosen` in fgresq/data/search.yaml", record["best"])


if __name__ == "__main__":
    main()
