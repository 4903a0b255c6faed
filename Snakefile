"""fgresq: from data to report. The phases lie in rules/, what they need in workflow/."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/common.smk"


for phase in PHASES_HERE:

    include: f"rules/{phase}.smk"


rule all:
    default_target: True
    input:
        TARGETS,


onsuccess:
    if reported() and not CONFIG["only"]:
        shell(f"python -m fgresq step headline {' '.join(reported())}")
