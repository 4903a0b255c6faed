"""Put many restorations of one content into an order, best first.

    fgresq rank FOLDER
    fgresq rank out/*.png --reference clean.png --model lpips
    fgresq rank FOLDER --pattern '{content}_{method}'     # one order a content
    fgresq rank FOLDER --model runs/0 --model runs/1      # an order of both, with its range

Every image is looked at once and compared with every other. A strength is fitted to the chances by
Bradley and Terry, with a ridge of 0.01 (without one, an image that nothing beats has no finite
strength); the shares of wins stand beside it. Over --budget comparisons (default 20,000: all of 200
images), half of the budget goes to neighbours in the order of the scores, the nearest first, and
half is drawn by a seed out of the rest. Circles (A beats B, B beats C, C beats A) are counted, and
one is shown.

--reference is the original of all images; beside a --pattern with {content} it may be a folder,
with an original of each content's name. A pattern is that of names without the suffix: what
{content} stands for names the content, what {method} stands for labels the image.

An interval needs something that varies. Several --model give the range of every image's place;
one content and one model give none. Over many contents, with intervals: fgresq bench.
Exit code 1 where an image has no place.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from fgresq.analysis.strengths import RIDGE
from fgresq.arguments import at_least_one
from fgresq.files import json_text, write_csv
from fgresq.scoring.orders import (
    Content,
    Order,
    contents_of,
    give_references,
    odd_ones,
    order_of,
    over_models,
)
from fgresq.scoring.pictures import pictures
from fgresq.scoring.terminal_table import (
    Faults,
    add_answers,
    aligned,
    chance,
    check_outputs,
    named_judges,
    number,
    plain,
    show,
)

if TYPE_CHECKING:
    from fgresq.scoring.judges import Judge
    from fgresq.scoring.looking import Seen
    from fgresq.scoring.preferences import Encoded

BUDGET = 20_000
COLUMNS = ["content", "image", "path", "model", "place", "strength", "wins", "score", "compared"]
HEADS = ("PLACE", "IMAGE", "STRENGTH", "WINS", "SCORE")
NO_INTERVAL = "no interval: one content and one model, so that nothing varies"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    given = "folders, images, globs; - for a list on stdin"
    parser.add_argument("images", nargs="+", metavar="IMAGES", help=given)
    parser.add_argument("--reference", metavar="FILE", help="original; or folder, see --pattern")
    pattern = "of the names, with {content}, {method} or both"
    parser.add_argument("--pattern", metavar="PATTERN", help=pattern)
    budget = f"comparisons at most, of one content (default {BUDGET})"
    parser.add_argument("--budget", type=at_least_one, default=BUDGET, metavar="N", help=budget)
    parser.add_argument("--seed", type=int, default=0, help="of what a budget draws (default 0)")
    add_answers(parser)


def rows_of(content: Content, model: str, order: Order) -> list[dict[str, Any]]:
    """Give the rows of an order, of `COLUMNS`."""
    return [
        {
            "content": content.name,
            "image": label,
            "path": order.paths[k],
            "model": model,
            "place": order.place[k],
            "strength": order.strength[k],
            "wins": order.wins[k],
            "score": order.scores[k],
            "compared": order.compared[k],
        }
        for k, label in enumerate(order.labels)
    ]


def cells_of(content: Content, model: str, order: Order) -> list[tuple[str, ...]]:
    """Write an order as cells, of `HEADS`."""
    return [
        (str(row["place"]), row["image"], number(row["strength"]), chance(row["wins"]))
        + (number(row["score"], 5),)
        for row in rows_of(content, model, order)
    ]


def told(content: Content, orders: Mapping[str, Order], judges: Sequence[Judge]) -> str:
    """Write the orders of a content."""
    parts = [f"content {content.name}"] if content.name else []
    for judge in judges:
        order = orders[judge.name]
        table = aligned(HEADS, cells_of(content, judge.name, order), 2)
        counts = f"{order.pairs} comparisons; {circling(order)}"
        parts.append(f"{judge.facts.line()}\n{table}\n{counts}")
    if len(judges) == 1:
        return "\n\n".join([*parts, NO_INTERVAL])
    rows = [
        (label_of(content, path), number(mean), f"{best} to {worst}")
        for path, (mean, best, worst) in over_models(orders).items()
    ]
    table = aligned(("IMAGE", "MEAN STRENGTH", "PLACES"), rows)
    head = f"all {len(judges)} models: mean strength, and places from best to worst"
    return "\n\n".join([*parts, f"{head}\n{table}"])


def circling(order: Order) -> str:
    """Say how many threes go in a circle, with one of them."""
    if order.circle is None:
        return "no circles"
    a, b, c = order.circle
    return f"{order.circles} circles, such as {a} over {b} over {c} over {a}"


def label_of(content: Content, path: str) -> str:
    """Give the label of an image."""
    return content.labels[content.paths.index(path)]


def main(args: argparse.Namespace) -> None:
    """Run the command."""
    from fgresq.scoring.looking import check_reference, look_at_all

    check_outputs(args)
    faults = Faults("images", args.debug)
    paths = pictures(args.images)
    contents = contents_of(paths, args.pattern, faults)
    give_references(contents, args.reference)
    judges = named_judges(args)
    check_reference(judges, args.reference is not None)
    tasks = [(path, content.reference) for content in contents for path in content.paths]
    ranked: list[tuple[Content, dict[str, Order]]] = [(content, {}) for content in contents]
    for judge in judges:
        seen = look_at_all(judge, tasks, args.threads, args.debug)
        for (path, _), own in seen.items():
            if isinstance(own, str):
                faults.add(path, own)
        for content, orders in tqdm(ranked, desc="comparing", disable=None):
            known = [found(seen[path, content.reference]) for path in content.paths]
            for warning in odd_ones(content, known) if judge is judges[0] else []:
                logging.warning("%s", warning)
            orders[judge.name] = order_of(content, known, judge, args.budget, args.seed)
    give(args, ranked, judges, faults)
    faults.finish(len(paths))


def found(seen: Seen) -> Encoded | None:
    """Give what is known of an image; None where nothing is."""
    return None if isinstance(seen, str) else seen


def give(
    args: argparse.Namespace,
    ranked: Sequence[tuple[Content, dict[str, Order]]],
    judges: Sequence[Judge],
    faults: Faults,
) -> None:
    """Print the orders, and write what is asked for."""
    if args.json:
        show(json_text(records(ranked, judges, faults)).rstrip())
    else:
        show("\n\n\n".join(told(content, orders, judges) for content, orders in ranked))
    rows = [
        row
        for content, orders in ranked
        for name, order in orders.items()
        for row in rows_of(content, name, order)
    ]
    if args.csv:
        write_csv(args.csv, pd.DataFrame(rows, columns=COLUMNS))
    if args.html:
        write_html(args.html, ranked, judges)


def records(
    ranked: Sequence[tuple[Content, dict[str, Order]]], judges: Sequence[Judge], faults: Faults
) -> dict[str, Any]:
    """Give the JSON form of all orders."""
    contents = []
    for content, orders in ranked:
        several = over_models(orders) if len(judges) > 1 else {}
        contents.append(
            {
                "content": content.name,
                "reference": content.reference or None,
                "orders": {
                    name: {
                        "images": [
                            {key: plain(v) if isinstance(v, float) else v for key, v in row.items()}
                            for row in rows_of(content, name, order)
                        ],
                        "comparisons": order.pairs,
                        "circles": order.circles,
                        "circle": order.circle,
                    }
                    for name, order in orders.items()
                },
                "over_models": [
                    {"path": path, "mean_strength": mean, "best_place": best, "worst_place": worst}
                    for path, (mean, best, worst) in several.items()
                ],
                "interval": "range of places over models" if several else NO_INTERVAL,
            }
        )
    models = {judge.name: judge.facts.record() for judge in judges}
    return {"models": models, "ridge": RIDGE, "contents": contents, "reasons": faults.found}


def write_html(
    out: str, ranked: Sequence[tuple[Content, dict[str, Order]]], judges: Sequence[Judge]
) -> None:
    """Write a page of the orders, with the best images of each content under a slider."""
    from fgresq.scoring.web_page import MOST_SLIDERS, Part, slider_of, write_page

    parts, sliders = [], []
    for content, orders in ranked:
        for name, order in orders.items():
            rows = cells_of(content, name, order)
            title = f"{content.name}: {name}" if content.name else name
            parts.append(
                Part(title, HEADS, rows, [f"{order.pairs} comparisons; {circling(order)}."])
            )
        first = next(iter(orders.values()))
        labels = [f"{p}. {label}" for p, label in zip(first.place, first.labels, strict=True)]
        sliders.append(slider_of(content.name or "The images, best first", first.paths, labels))
    lines = [f"{judge.facts.line()}. Chances: {judge.facts.chances}." for judge in judges]
    lines += [] if len(judges) > 1 else [f"{NO_INTERVAL}."]
    if len(ranked) > MOST_SLIDERS:
        lines.append(f"The first {MOST_SLIDERS} of {len(ranked)} contents are shown as pictures.")
    write_page(out, "Which image is best", lines, parts, sliders[:MOST_SLIDERS])
