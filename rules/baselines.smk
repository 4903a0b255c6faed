"""Baselines: learned no-reference methods, retrained on the pairs that FGResQ is trained on.

Purpose: the paper's protocol for learned methods: the same sampler, loss and splits.
Inputs: image and pair tables, folds, frozen weights; nothing of FGResQ's own training.
Outputs: results/baselines/PRESET/METHOD/RUN/ with weights, card, history, scores.
"""


rule train_baseline:
    input:
        weights="data/weights/dinov2_vits14/card.json",
        backbones=inputs.backbones,
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        folds="results/pairs/{preset}/folds.csv",
    output:
        "results/baselines/{preset}/{baseline}/{run}/card.json",
    log:
        "logs/{preset}/baseline-{baseline}-{run}.log",
    conda:
        "../environment.yml"
    resources:
        gpu=values.gpus,
    params:
        options=values.options_of_baseline,
        placed=values.placed_for_baseline,
        out=subpath(output[0], parent=True),
        weights=subpath(input.weights, parent=True),
        work="work/baselines/{preset}/{baseline}/{run}",
        code=lambda w: code_of("train-baseline", f"fgresq.baselines.{w.baseline}"),
    shell:
        "python -m fgresq step train-baseline {wildcards.baseline} {wildcards.run}"
        " --images {input.images} --pairs {input.pairs} --folds {input.folds}"
        " --weights {params.weights} --options {params.options:q}"
        " --work {params.work} --out {params.out} --log {log}"
