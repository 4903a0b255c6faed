"""The tables of the step `trust`: their columns, and the words that stand in them.

The first key is a table's name, and that of its file. Intervals are of 95 %, over families.
"""

from __future__ import annotations

BETTER, WORSE, OPEN, CANNOT = "better", "worse", "not decided", "cannot decide"  # verdicts
AVERAGE = "average"  # over tasks, each with the same weight
ALL_TASKS = "all tasks"  # the pairs of all tasks together
ALL_GAPS = "all"
AT, NEEDS = "chance at", "needs"  # what a curve is asked
NEVER, EVERYWHERE = "never reached", "reached by the smallest differences"
WANTED = 0.75  # the chance whose difference is asked for
TIES, FITS, SPLIT = "tie of a method", "fit of the PLCC", "split"  # choices
SIGNIFICANCE: dict[str, type] = {
    "task": str,  # one of TASKS, or average
    "method": str,
    "against": str,  # what it is compared with
    "origin": str,  # of the preferences
    "value": float,  # accuracy of the method on the pairs of which both have a value
    "other": float,  # of the other
    "difference": float,
    "low": float,  # 95 % interval over families, paired
    "high": float,
    "n": int,  # pairs
    "families": int,
    "unlike": int,  # families in which the two differ
    "p": float,  # of turning signs, two-sided
    "least_p": float,  # that this comparison could reach
    "p_holm": float,
    "least_holm": float,  # Holm's where all comparisons reach their least
    "tests": int,  # that Holm corrects for
    "verdict": str,
}
MEAN_RANKS: dict[str, type] = {
    "task": str,
    "method": str,
    "mean_rank": float,  # over families; 1 is the best
    "families": int,
    "methods": int,  # that are ranked
    "friedman_p": float,
    "critical_difference": float,  # of two mean ranks, at .05
}
NEMENYI: dict[str, type] = {
    "task": str,
    "method": str,
    "other": str,
    "p": float,  # Nemenyi's, corrected for all pairs of methods
}
BY_GAP: dict[str, type] = {
    "task": str,
    "gap": str,  # `all`, or from-to in % of the range
    "method": str,
    "value": float,  # accuracy
    "low": float,  # 95 % interval over families
    "high": float,
    "n": int,  # decided pairs
    "families": int,
    "note": str,
}
MARGINS: dict[str, type] = {
    "task": str,  # one of TASKS, or `all tasks`
    "method": str,
    "difference": float,  # mean size in the block, in the method's own unit
    "least": float,  # smallest in the block
    "most": float,
    "n": int,  # pairs
    "families": int,
    "value": float,  # proportion of them in which the preferred image is first
    "low": float,  # 95 % interval over families
    "high": float,
    "fitted": float,  # of the curve that never falls
    "fitted_low": float,
    "fitted_high": float,
}
MARGIN_STEPS: dict[str, type] = {
    "task": str,
    "method": str,
    "asked": str,  # `chance at` a difference, or which difference it `needs`
    "difference": float,  # in the method's own unit; empty where it is never reached
    "difference_low": float,  # of `needs`; empty where an end is not reached
    "difference_high": float,
    "chance": float,
    "chance_low": float,  # of `chance at`
    "chance_high": float,
    "n": int,  # decided pairs the curve rests on
    "families": int,
    "note": str,
}
RESTORERS: dict[str, type] = {
    "task": str,
    "restorer": str,
    "method": str,
    "prefers": float,  # proportion of the pairs in which the method prefers the restorer's image
    "observers": float,  # the same of the preferences
    "difference": float,
    "low": float,  # 95 % interval over families
    "high": float,
    "n": int,  # decided pairs between the restorer and others
    "families": int,
}
CHOICES: dict[str, type] = {
    "choice": str,
    "setting": str,
    "method": str,
    "value": float,  # mean over tasks
    "tasks": int,
    "rank": float,  # 1 is the best; empty where it is not ranked
    "n": int,  # pairs, or images, with a value
    "ties": int,  # pairs to which the method gives no difference
}
WITHIN: dict[str, type] = {
    "source": str,
    "task": str,
    "method": str,
    "pooled": float,  # SRCC over all images
    "pooled_low": float,  # 95 % interval over families
    "pooled_high": float,
    "within": float,  # mean SRCC inside groups of at least 3 images
    "within_low": float,
    "within_high": float,
    "n": int,  # images
    "groups": int,
    "families": int,
}
TABLES: dict[str, dict[str, type]] = {
    "significance": SIGNIFICANCE,
    "mean_ranks": MEAN_RANKS,
    "nemenyi": NEMENYI,
    "gaps": BY_GAP,
    "margins": MARGINS,
    "margin_steps": MARGIN_STEPS,
    "restorers": RESTORERS,
    "choices": CHOICES,
    "within": WITHIN,
}
