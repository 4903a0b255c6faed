"""Stage 1: the degradation encoder, aligned with the texts of the tasks.

Purpose: what the paper calls degradation-aware feature learning (equation 4), a run a fold.
Inputs: image and pair tables, folds, the tower's weights.
Outputs: results/stage1/PRESET/VARIANT/RUN/ with weights, card, history, tasks, features;
    checkpoints lie in work/ and are no outputs, so that a killed run resumes.
"""


rule encode:
    input:
        images="results/data/{preset}/images.csv",
        weights="data/weights/dinov2_vits14/card.json",
        tower=inputs.tower_file,
    output:
        "results/stage1/{preset}/encoded.json",
    log:
        "logs/{preset}/encode.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("tower"),
        weights=subpath(input.weights, parent=True),
        code=code_of("encode"),
    shell:
        "python -m fgresq step encode --images {input.images} --weights {params.weights}"
        " --options {params.options:q} --out {output} --log {log}"


rule stage1:
    input:
        encoded="results/stage1/{preset}/encoded.json",
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        folds="results/pairs/{preset}/folds.csv",
        weights="data/weights/dinov2_vits14/card.json",
        tower=inputs.tower_file,
    output:
        "results/stage1/{preset}/{variant}/{run}/card.json",
    log:
        "logs/{preset}/stage1-{variant}-{run}.log",
    conda:
        "../environment.yml"
    resources:
        gpu=values.gpus,
    params:
        options=values.training_options("stage1"),
        placed=values.placed_for_tower,
        out=subpath(output[0], parent=True),
        weights=subpath(input.weights, parent=True),
        work="work/stage1/{preset}/{variant}/{run}",
        code=code_of("stage1"),
    shell:
        "python -m fgresq step stage1 {wildcards.run} --images {input.images} --pairs {input.pairs}"
        " --folds {input.folds} --weights {params.weights} --options {params.options:q}"
        " --work {params.work} --out {params.out} --log {log}"
