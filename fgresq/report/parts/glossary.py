"""Terms of the field and of this report; a page shows them where they first stand."""

from __future__ import annotations

from dataclasses import dataclass

from fgresq.errors import capital
from fgresq.report.parts.cells import STATS


@dataclass(frozen=True)
class Term:
    """A term: its anchor, its name, what it means; whether simulated observers alone need it."""

    name: str
    title: str
    meaning: str
    simulated: bool = False


TERMS = (
    Term(
        "acc",
        "ACC (pair accuracy)",
        "Proportion of decided pairs in which the method ranks higher the image that observers "
        "prefer. A coin has 0.5. Pairs judged equal are left out; a tie of the method counts half.",
    ),
    Term(
        "acc-rank",
        "ACC, ranking head",
        "The same for the second output of FGResQ, which is given two images and says which is "
        "better.",
    ),
    Term(
        "srcc",
        "SRCC, KRCC",
        "Spearman's and Kendall's correlation: agreement in order between method and labels, from "
        "−1 to 1; 0 is none. Higher is better for every method, whatever the direction of its "
        "values; signs are kept.",
    ),
    Term(
        "plcc",
        "PLCC",
        "Pearson's correlation: agreement on a straight line. Where it says “fitted”: "
        "after a logistic curve with four parameters.",
    ),
    Term(
        "srcc-groups",
        "SRCC in groups",
        "SRCC among images of one content, averaged over contents. It asks the fine question; SRCC "
        "over all images also rewards telling easy contents from hard ones.",
    ),
    Term("gap", STATS["acc_gap5"][0], capital(STATS["acc_gap5"][1]) + "."),
    Term(
        "interval",
        "[low, high]",
        "95 % bootstrap interval over families (photographs), not over pairs: pairs of one "
        "photograph are not independent. Two methods whose intervals overlap widely are not told "
        "apart here.",
    ),
    Term(
        "family",
        "Split by family, split by pairs",
        "By family, no photograph is both learnt from and tested on: the number to trust. By pairs "
        "is the paper's protocol, which lets trained methods see test images. Untrained methods "
        "differ between them only by the images tested.",
    ),
    Term(
        "trivial",
        "Trivial rows",
        "Sharpness (log-variance of the Laplacian), a constant order of restorers, an untrained "
        "network: what a line of code gets. A method that does not beat them by an interval has "
        "shown nothing.",
    ),
    Term(
        "sanity",
        "sanity",
        "A row that shows how little it takes, ranked beside the methods.",
    ),
    Term(
        "null",
        "Null of an interval",
        "What a method with the same overall SRCC and evenly spread noise would have left in a "
        "narrow range of scores, with its 95 % band.",
    ),
    Term(
        "afine",
        "F, N, D and λ of A-FINE",
        "D = F + λN, lower better, of a test image and its reference. F: how far the image is from "
        "the reference. N: how unnatural the image looks, alone. λ = exp(k (N of the reference − N "
        "of the image)): near 0 where the reference is far better, above 1 where it is worse. D of "
        "two identical images is not 0.",
    ),
    Term(
        "scenarios",
        "2AFC accuracy; Ref < Test, Ref > Test",
        "Proportion of triplets (two test images and a reference) that a method orders as the "
        "label does; equal scores agree with the label “alike” alone. Ref < Test: the first image "
        "is better than the reference. Ref > Test: it is no better. A method that measures "
        "nearness to the reference is high in the second and low in the first.",
    ),
    Term(
        "coverage",
        "Reproduced, labels only, stand-in, absent",
        "Reproduced: on the paper's data. Labels only: scores at hand, images not. Stand-in: the "
        "same form drawn or computed on other data. Absent: not shown. Whether a number agrees is "
        "another matter, told by the verdict.",
    ),
    Term(
        "verdict",
        "Match, better, worse, not comparable",
        "Ours against the paper's: within the tolerance, higher by more, lower by more; not "
        "comparable where images or observers are others, or nothing was measured.",
    ),
    Term(
        "observers",
        "Simulated observers",
        "Preferences drawn from a model: Thurstone's Case V on a full-reference measure of each "
        "image beside its original. No person has seen these pairs; the numbers check the pipeline "
        "and are no findings on human perception.",
        simulated=True,
    ),
    Term(
        "label-source",
        "label source",
        "The measure that the simulated labels were made from. Shown for reference, never ranked "
        "where it made the labels.",
        simulated=True,
    ),
)
