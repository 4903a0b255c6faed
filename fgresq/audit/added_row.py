"""The row of Table 3 that only the authors' page prints."""

from __future__ import annotations

import pandas as pd

from fgresq.audit.averages import AVERAGE, STATS, wide
from fgresq.audit.finding import CERTAIN, TABLE3, TABLE3_PAGE, Answer, Material, finding
from fgresq.audit.printed import CannotTell, ordered

PAGE = "table3_official_page"


@finding(
    "A row that the paper lacks",
    "The authors' page prints a row of Table 3 that the paper lacks, and it has the best average "
    "ACC of the full-reference methods.",
    "Compare with this row too: the paper's best full-reference method is not the best one that "
    "its authors measured.",
    TABLE3_PAGE,
    TABLE3,
)
def added_row(material: Material) -> Answer:
    """Lay the added row beside the full-reference rows of Table 3."""
    paper, page = wide(material.printed), wide(material.printed, PAGE)
    added = ordered(page.index.get_level_values("method"))
    rows = material.printed.table("table3", PAGE)
    kinds = rows.drop_duplicates("method").set_index("method")["type"]
    cells = pd.concat([paper, page.drop(index=paper.index.intersection(page.index))])
    alike = [name for name in kinds.index if kinds[name] == kinds[added[0]]]
    if len(alike) == len(added):
        raise CannotTell("Table 3 has no row of the same kind to compare with")
    average = cells[AVERAGE].unstack("stat").reindex(index=alike, columns=list(STATS))
    new = average.index.isin(set(added) - set(paper.index.get_level_values("method")))
    best = average["ACC"].eq(average["ACC"].max())
    frame = average.rename(columns=lambda stat: f"average {stat}")
    frame["printed in"] = ["authors' page" if only else "paper" for only in new]
    said = [
        f"{name} has an average ACC of {average.loc[name, 'ACC']:.3f}, the best of the paper's "
        f"full-reference rows {average.loc[~new, 'ACC'].max():.3f}."
        for name in average.index[new]
    ]
    found = " ".join(said) or "Every row of the authors' page is in the paper."
    frame = frame.rename_axis("method").reset_index()
    return Answer(bool((new & best).any()), found, frame, CERTAIN, "Both tables are printed.")
