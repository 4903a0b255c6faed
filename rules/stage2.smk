"""Stage 2: the quality model, trained on scores and pair preferences.

Purpose: FGResQ itself (equations 5 to 9) and its ablations, a run a fold and variant.
Inputs: what stage 1 read, and the degradation encoder of the same run.
Outputs: results/stage2/PRESET/VARIANT/RUN/ with weights, card, history, scores, ranking.
"""


rule stage2:
    input:
        degradation=inputs.stage1_card,
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        folds="results/pairs/{preset}/folds.csv",
        weights="data/weights/dinov2_vits14/card.json",
        tower=inputs.tower_file,
    output:
        "results/stage2/{preset}/{variant}/{run}/card.json",
    log:
        "logs/{preset}/stage2-{variant}-{run}.log",
    conda:
        "../environment.yml"
    resources:
        gpu=values.gpus,
    params:
        options=values.training_options("stage2"),
        placed=values.placed_for_tower,
        out=subpath(output[0], parent=True),
        degradation=subpath(input.degradation, parent=True),
        weights=subpath(input.weights, parent=True),
        work="work/stage2/{preset}/{variant}/{run}",
        code=code_of("stage2"),
    shell:
        "python -m fgresq step stage2 {wildcards.run} --variant {wildcards.variant}"
        " --images {input.images} --pairs {input.pairs} --folds {input.folds}"
        " --weights {params.weights} --degradation {params.degradation}"
        " --options {params.options:q} --work {params.work} --out {params.out} --log {log}"
