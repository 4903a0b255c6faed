"""What the phases share: checked settings, the targets of this call, and input functions."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, workflow.basedir)

from fgresq.baselines import BASELINES
from fgresq.errors import UserError
from fgresq.human.declared import FGRESQ, read_declared
from fgresq.human.tower_names import DEPTHS, GLANCE
from fgresq.imperfect.declared_presets import read_presets
from fgresq.presets import check_required
from fgresq.tables import TASKS
from workflow.afine_files import FEATURES, TERMS, TRAINING, AfineFiles
from workflow.environment import prefer_own_python
from workflow.inputs import Inputs, glob_of
from workflow.layout import looks_only, mark, set_aside
from workflow.phases import PHASES
from workflow.runs import Runs, reported
from workflow.settings import read_settings
from workflow.steps import code_of
from workflow.values import Values, as_json, folders_of

prefer_own_python()
try:
    SETTINGS = read_settings(config)
    BENCH = read_declared()
    afine = AfineFiles(SETTINGS, read_presets())
except UserError as error:
    raise WorkflowError(str(error)) from None
RUNS = Runs(SETTINGS)
# what rules ask: `inputs` for the files of a job, `values` for its parameters
inputs, values = Inputs(RUNS, BENCH), Values(SETTINGS, BENCH)
FROZEN = (GLANCE, *DEPTHS)
FGRESQ_ROWS = [line.name for line in BENCH.rows if line.kind == FGRESQ]

# The call chooses targets only: jobs of cluster executors parse this file again without
# --resources, so what a rule does must follow from its wildcards.
WANTED = RUNS.wanted(gpus=int(workflow.global_resources.get("gpu").value or 0))
TARGETS = RUNS.targets(SETTINGS.config.only or "report", WANTED)
if "report" in SETTINGS.phases:
    TARGETS.append("reports/site/index.html")
try:
    if workflow.is_main_process:  # a job of a cluster may see fewer presets
        check_required(SETTINGS.config, WANTED)
    RUNS.refuse_to_train(WANTED)
except UserError as error:
    raise WorkflowError(str(error)) from None
# DVC wants the places of its stages, also where there is nothing to put there
STAGE_FOLDERS = [folder for p in SETTINGS.phases for folder in (PHASES[p].out, *PHASES[p].beside)]
if workflow.is_main_process and not looks_only(sys.argv):
    for line in set_aside(PHASES[p].out for p in PHASES if p != "weights"):
        print(line, file=sys.stderr)
for folder in ("data/raw", "data/labels", *STAGE_FOLDERS):
    Path(folder).mkdir(parents=True, exist_ok=True)


wildcard_constraints:
    preset="|".join(SETTINGS.config.presets),
    source="|".join(SETTINGS.sources),
    task="|".join(TASKS),
    method="|".join(SETTINGS.methods),
    baseline="|".join(BASELINES),
    tower="random|dinov2",
    variant="[a-z][a-z0-9_]*",
    afine="|".join(afine.presets),
    backbone="[a-z0-9_]+",
    taught="[a-z][a-z0-9_]*",
    tested="[0-9]+|all",
    terms="|".join(TERMS),
    compared="[a-z][a-z0-9_]*",
    run="([0-9]+|pairs|all)(-without-[A-Za-z0-9_.+]+)?(-seed[0-9]+)?",
