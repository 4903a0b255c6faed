"""All findings, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable

from fgresq.audit.added_row import added_row
from fgresq.audit.afine_averages import afine_all, afine_copies, afine_diffiqa, afine_standard
from fgresq.audit.afine_leads import afine_leads, afine_scenarios, afine_training
from fgresq.audit.afine_original import afine_free_wins, afine_original
from fgresq.audit.averages import averages, equal_tasks
from fgresq.audit.comparable import pooled
from fgresq.audit.copies import copies
from fgresq.audit.disagreement import disagreement
from fgresq.audit.finding import Finding, Material
from fgresq.audit.lattice import few_images, parts_used, perfect
from fgresq.audit.leakage import pair_split_leak
from fgresq.audit.precision import ablation_gain, leads
from fgresq.audit.restriction import restriction
from fgresq.audit.signs import signs
from fgresq.audit.totals import totals
from fgresq.audit.true_rows import true_rows

FINDINGS: tuple[Callable[[Material], Finding], ...] = (
    *(equal_tasks, averages, pair_split_leak, leads, ablation_gain, disagreement, added_row),
    *(copies, true_rows, signs, restriction, few_images, perfect, parts_used, pooled, totals),
)
AFINE_FINDINGS: tuple[Callable[[Material], Finding], ...] = (
    *(afine_leads, afine_scenarios, afine_training, afine_original, afine_free_wins),
    *(afine_standard, afine_diffiqa, afine_all, afine_copies),
)


def audit(material: Material) -> list[Finding]:
    """Test every claim about the paper's numbers. Same material, same findings."""
    return [find(material) for find in FINDINGS]


def audit_afine(material: Material) -> list[Finding]:
    """Test every claim about the numbers of the paper on A-FINE."""
    return [find(material) for find in AFINE_FINDINGS]
