"""fgresq: from data to report. The phases lie in rules/, what they need in workflow/."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/common.smk"


for phase in SETTINGS.phases:

    include: f"rules/{phase}.smk"


rule all:
    default_target: True
    input:
        TARGETS,


onstart:
    mark(PHASES[p].out for p in SETTINGS.phases if p != "weights")


onsuccess:
    if reported(WANTED) and not SETTINGS.config.only:
        shell(f"python -m fgresq step headline {' '.join(reported(WANTED))}")
