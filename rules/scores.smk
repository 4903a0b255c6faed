"""Scores: what every method says of every image.

Purpose: one score table a method; trained methods score only what they were not trained on.
Inputs: the image table, the pair table and folds, frozen weights.
Outputs: results/scores/PRESET/METHOD.csv, and methods.json, which says what the preset has of every
    method of the catalogue.
"""


rule score:
    input:
        images="results/data/{preset}/images.csv",
        weights=inputs.weights_of_method,
    output:
        "results/scores/{preset}/{method}.csv",
    log:
        "logs/{preset}/score-{method}.log",
    wildcard_constraints:
        method="|".join(SETTINGS.untrained),
    conda:
        "../environment.yml"
    threads: values.workers
    resources:
        mem_mb=values.memory_of_method,
    params:
        attempt=values.attempt,
        placed=values.placed_for_method,
        made=values.made_by_method,
        code=lambda w: code_of("score", *SETTINGS.code_of_method(w.method)),
    shell:
        "python -m fgresq step score {wildcards.method} --images {input.images}"
        " --made {params.made} --workers {threads} --out {output} --log {log}"


rule features:
    input:
        images="results/data/{preset}/images.csv",
        weights="data/weights/dinov2_vits14/card.json",
        encoded=inputs.forward_of_training,
    output:
        "results/scores/{preset}/features/{tower}.npz",
    log:
        "logs/{preset}/features-{tower}.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("ridge", "tower"),
        weights=subpath(input.weights, parent=True),
        code=code_of("features"),
    shell:
        "python -m fgresq step features {wildcards.tower} --images {input.images}"
        " --weights {params.weights} --options {params.options:q} --out {output} --log {log}"


rule ridge:
    input:
        features="results/scores/{preset}/features/{tower}.npz",
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        folds="results/pairs/{preset}/folds.csv",
    output:
        "results/scores/{preset}/ridge_{tower}.csv",
    log:
        "logs/{preset}/ridge-{tower}.log",
    conda:
        "../environment.yml"
    params:
        code=code_of("ridge"),
    shell:
        "python -m fgresq step ridge ridge_{wildcards.tower} --features {input.features}"
        " --images {input.images} --pairs {input.pairs} --folds {input.folds}"
        " --out {output} --log {log}"


rule collect:
    input:
        runs=inputs.trained("results/stage2/{preset}/full/{run}/card.json", only_full=True),
        images="results/data/{preset}/images.csv",
    output:
        scores="results/scores/{preset}/fgresq.csv",
        ranking="results/scores/{preset}/fgresq.ranking.csv",
    log:
        "logs/{preset}/collect.log",
    conda:
        "../environment.yml"
    params:
        runs=folders_of("runs"),
        code=code_of("collect"),
    shell:
        "python -m fgresq step collect {params.runs} --images {input.images}"
        " --out {output.scores} --ranking {output.ranking} --log {log}"


rule collect_baseline:
    input:
        runs=inputs.cards_of_baselines,
        images="results/data/{preset}/images.csv",
    output:
        "results/scores/{preset}/{baseline}.csv",
    log:
        "logs/{preset}/collect-{baseline}.log",
    conda:
        "../environment.yml"
    params:
        runs=folders_of("runs"),
        code=code_of("collect"),
    shell:
        "python -m fgresq step collect {params.runs} --method {wildcards.baseline}"
        " --images {input.images} --out {output} --log {log}"


rule method_states:
    input:
        scores=inputs.of_methods("results/scores/{preset}/{method}.csv"),
        methods=inputs.catalogue("methods"),
    output:
        "results/scores/{preset}/methods.json",
    log:
        "logs/{preset}/method-states.log",
    conda:
        "../environment.yml"
    params:
        named=values.named("methods"),
        full=values.named("full_methods"),
        code=code_of("method-states"),
    shell:
        "python -m fgresq step method-states --scores {input.scores} --named {params.named}"
        " --full {params.full} --out {output} --log {log}"
