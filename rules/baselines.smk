"""Baselines: learned no-reference methods, retrained on the pairs that FGResQ is trained on.

Purpose: the paper's protocol for learned methods: the same sampler, loss and splits.
Inputs: image and pair tables, folds, frozen weights; nothing of FGResQ's own training.
Outputs: results/baselines/PRESET/METHOD/RUN/ with weights, card, history, scores.
"""


rule train_baseline:
    input:
        weights=weights_of_baseline,
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
        gpu=gpus,
    params:
        options=options_of_baseline,
        placed=placed_for_baseline,
        out=subpath(output[0], parent=True),
        weights=lambda w, input: Path(input.weights[0]).parent,
        work="work/baselines/{preset}/{baseline}/{run}",
        code=lambda w: code_digest("fgresq.baselines.train", f"fgresq.baselines.{w.baseline}"),
    shell:
        "python -m fgresq step train-baseline {wildcards.baseline} {wildcards.run}"
        " --images {input.images} --pairs {input.pairs} --folds {input.folds}"
        " --weights {params.weights} --options {params.options:q}"
        " --work {params.work} --out {params.out} --log {log}"
