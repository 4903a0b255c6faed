"""How precise ACC is on the paper's test pairs, against the differences that it reports."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fgresq.audit.averages import AVERAGE, tested_pairs, wide
from fgresq.audit.finding import FIGURE2, LIKELY, TABLE3, TABLE4, Answer, Material, finding
from fgresq.audit.printed import OWN, CannotTell, Printed

WITHOUT = "w/o DFL"
CLEAR = 1.96  # standard errors
DIFFER = (0.05, 0.1, 0.2)  # shares of pairs on which two models may decide differently


@finding(
    "The ablation's gain",
    "The ablation's gain in average ACC is within two standard errors of that average.",
    "Do not take Table 4 alone as proof that degradation-aware feature learning helps: no number "
    "of runs is stated, and the gain may be chance.",
    TABLE4,
    TABLE3,
    FIGURE2,
)
def ablation_gain(material: Material) -> Answer:
    """Compare the gain of Table 4 with the binomial standard error of the average ACC."""
    rows = material.printed.table("table4_ablation")
    acc = rows[rows["stat"].eq("ACC")].set_index("method")["number"]
    if not {OWN, WITHOUT} <= set(acc.index):
        raise CannotTell(f"Table 4 lacks the ACC of {OWN} or of {WITHOUT}")
    table, pairs = acc_by_task(material.printed)
    error = of_average(table.loc[OWN] * (1 - table.loc[OWN]), pairs)
    gain = acc[OWN] - acc[WITHOUT]
    frame = pd.DataFrame(
        {
            "what": ["gain in average ACC", "standard error of one average"]
            + [f"of the gain, if the models differ on {share:.0%} of pairs" for share in DIFFER],
            "value": [gain, error]
            + [of_average(pd.Series(share, pairs.index), pairs) for share in DIFFER],
        }
    )
    frame["gain, in standard errors"] = (gain / frame["value"]).where(frame.index > 0)
    found = f"The gain is {gain:.3f}, the standard error of one average {error:.4f}: "
    found += f"{gain / error:.1f} standard errors."
    because = "Binomial, as if pairs were independent: pairs that share a photograph make it more; "
    because += "that both models see the same pairs makes the error of the gain less, the more "
    because += "they agree."
    return Answer(bool(abs(gain) < CLEAR * error), found, frame, LIKELY, because)


@finding(
    "Leads by task",
    "In most tasks the lead of the paper's model in ACC is within two standard errors, or none.",
    "Call a lead in Table 3 real only where it is more than two standard errors.",
    TABLE3,
    FIGURE2,
)
def leads(material: Material) -> Answer:
    """Compare, in each task, the ACC of the paper's model with that of the best other method."""
    acc, pairs = acc_by_task(material.printed)
    own, others = acc.loc[OWN], acc.drop(OWN)
    best = others.max()
    error = np.sqrt((own * (1 - own) + best * (1 - best)) / pairs)
    frame = pd.DataFrame(
        {
            "test pairs": pairs.astype(int),
            OWN: own,
            "best other": others.idxmax(),
            "its ACC": best,
            "lead": own - best,
            "standard error": error,
            "lead, in standard errors": (own - best) / error,
        }
    )
    frame = frame.rename_axis("task").reset_index()
    clear = frame["lead, in standard errors"] > CLEAR
    found = f"In {clear.sum()} of {len(frame)} tasks the lead over the best other method is more "
    found += f"than two standard errors ({', '.join(frame.loc[clear, 'task']) or 'none'})."
    because = "Binomial, as if pairs and the two methods' errors were independent: pairs that "
    because += "share a photograph make the error more, methods that agree make it less."
    return Answer(bool(clear.sum() <= len(frame) / 2), found, frame, LIKELY, because)


def acc_by_task(printed: Printed) -> tuple[pd.DataFrame, pd.Series]:
    """Give the ACC of Table 3, a row a method, a column a task, and the test pairs by task.

    Only tasks in which the paper's model and another have an ACC, and whose pairs are counted.

    Raises:
        CannotTell: there are none.
    """
    acc = wide(printed).drop(columns=AVERAGE).unstack("stat").xs("ACC", axis=1, level="stat")
    pairs = tested_pairs(printed)
    if OWN not in acc.index:
        raise CannotTell(f"Table 3 has no row of {OWN}")
    told = acc.loc[OWN].notna() & acc.drop(OWN).notna().any()
    tasks = [task for task in acc.columns if told[task] and task in pairs.index]
    if not tasks:
        raise CannotTell(f"no task of Table 3 has the ACC of {OWN} and of another method")
    return acc[tasks], pairs[tasks]


def of_average(variance: pd.Series, pairs: pd.Series) -> float:
    """Give the standard error of the mean over tasks.

    Args:
        variance: of one pair, by task.
        pairs: test pairs, by task.
    """
    each = (variance / pairs).dropna()
    return float(np.sqrt(each.sum()) / len(each))
