"""What could not be had in a run: sources and methods, each with reason and next step."""

from __future__ import annotations

from fgresq.analysis.ablation import FULL
from fgresq.analysis.headline import OURS
from fgresq.errors import UserError, capital
from fgresq.records import absence_of_source
from fgresq.report.parts.cells import Methods, count
from fgresq.report.parts.method_tables import reasons
from fgresq.report.results import Run
from fgresq.scoring.states import counted, why_none


def absences(run: Run, methods: Methods) -> list[dict[str, str]]:
    """List absent sources, training, then methods without any value.

    Each as kind, of (its name in the settings), name (that readers see), reason, next_step.
    """
    return absent_sources(run) + absent_training(run) + absent_methods(run, methods)


def refuse_absent(required: list[str], run: Run, methods: Methods) -> None:
    """Refuse to report a run from which a required source or method is absent.

    Raises:
        UserError: names it with its reason and next step.
    """
    absent = {row["of"]: row for row in absences(run, methods)}
    if run.images.empty:
        why = {"kind": "method", "reason": "there is no image to score"}
        why["next_step"] = "bring in a source of the preset"
        absent = {**dict.fromkeys(methods.entries, why), **absent}
    for name in required:
        if name in absent:
            row = absent[name]
            where = f"required {row['kind']} '{name}', preset '{run.preset}'"
            raise UserError(where, row["reason"], capital(row["next_step"]))


def absent_training(run: Run) -> list[dict[str, str]]:
    """List the training of FGResQ where its record says that it could not be had."""
    absent = run.trained.absent
    if absent is None:
        return []
    words = {key: absent[key] for key in ("reason", "next_step")}
    return [{"kind": "training", "of": OURS, "name": "FGResQ", **words}]


def absent_sources(run: Run) -> list[dict[str, str]]:
    """List the sources that are absent, from their records."""
    return [
        {
            "kind": "data set",
            "of": record["source"],
            "name": record["title"],
            "reason": absence_of_source(record)["reason"],
            "next_step": absence_of_source(record)["next_step"],
        }
        for record in run.records
        if record["status"] == "absent"
    ]


def absent_methods(run: Run, methods: Methods) -> list[dict[str, str]]:
    """List the methods that gave no value for any image although there were images."""
    rows = []
    for method, scores in run.scores.groupby("method", sort=True):
        if scores["value"].notna().any() or (method == OURS and run.trained.absent):
            continue
        known = run.states.get(method, {}).get("absent")
        why = known or why_none(counted(scores), methods.entry(method))
        words = {key: why[key] for key in ("reason", "next_step")}
        rows.append({"kind": "method", "of": method, "name": methods.title(method), **words})
    return rows


def fold_note(run: Run) -> str:
    """Say which folds FGResQ has values for, where some were left out; else an empty text."""
    tested = {
        int(trained["run"])
        for trained in run.trained.record.get("runs", [])
        if (trained["stage"], trained["variant"]) == (2, FULL) and trained["run"].isdigit()
    }
    rows = run.scores[run.scores["method"].eq(OURS) & run.scores["split"].eq("family")]
    if not run.trained.there or len(tested) == run.folds or rows.empty:
        return ""
    last, numbers = run.folds - 1, ", ".join(map(str, sorted(tested)))
    named = f"folds {numbers} of 0..{last} only" if tested else f"none of the folds 0..{last}"
    return (
        f"FGResQ has values for {named} (runs/full): "
        f"n {count(rows['value'].notna().sum())} of {count(len(rows))} images"
    )


def partial_notes(run: Run, methods: Methods) -> list[str]:
    """Say which folds FGResQ lacks, and which methods gave values for some images only."""
    notes = [f"{note}." for note in [fold_note(run)] if note]
    for method, scores in run.scores.groupby("method", sort=True):
        found = counted(scores)
        lacking = found["images"] - found["values"]
        if found["values"] and lacking:
            notes.append(
                f"{methods.title(method)} has no value for {count(lacking)} of "
                f"{count(found['images'])} images ({reasons(found['without'])})."
            )
    return notes
