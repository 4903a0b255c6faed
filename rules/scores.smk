"""Scores: what every method says of every image.

Purpose: one score table a method; trained methods score only what they were not trained on.
Inputs: the image table, the pair table and folds, frozen weights.
Outputs: results/scores/PRESET/METHOD.csv, and methods.json, which says what the preset has of every
    method of the catalogue.
"""


rule score:
    input:
        images="results/data/{preset}/images.csv",
        weights=weights_of_method,
    output:
        "results/scores/{preset}/{method}.csv",
    log:
        "logs/{preset}/score-{method}.log",
    wildcard_constraints:
        method="|".join(UNTRAINED),
    conda:
        "../environment.yml"
    threads: lambda w: METHODS[w.method].get("workers", 1)
    params:
        attempt=attempt_at,
        placed=lambda w: own_version(w.method, METHODS[w.method]),
        code=lambda w: code_digest(
            "fgresq.scoring.judging", *code_of_method(w.method, METHODS[w.method])
        ),
    shell:
        "python -m fgresq score {wildcards.method} --images {input.images}"
        " --workers {threads} --out {output} --log {log}"


rule features:
    input:
        images="results/data/{preset}/images.csv",
        weights="data/weights/dinov2_vits14/card.json",
    output:
        "results/scores/{preset}/features/{tower}.npz",
    log:
        "logs/{preset}/features-{tower}.log",
    conda:
        "../environment.yml"
    params:
        options=options("ridge"),
        weights=subpath(input.weights, parent=True),
        code=code_digest("fgresq.training.features"),
    shell:
        "python -m fgresq features {wildcards.tower} --images {input.images}"
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
        code=code_digest("fgresq.training.ridge"),
    shell:
        "python -m fgresq ridge ridge_{wildcards.tower} --features {input.features}"
        " --images {input.images} --pairs {input.pairs} --folds {input.folds}"
        " --out {output} --log {log}"


rule collect:
    input:
        runs=trained("results/stage2/{preset}/full/{run}/card.json", only_full=True),
        images="results/data/{preset}/images.csv",
    output:
        scores="results/scores/{preset}/fgresq.csv",
        ranking="results/scores/{preset}/fgresq.ranking.csv",
    log:
        "logs/{preset}/collect.log",
    conda:
        "../environment.yml"
    params:
        runs=lambda w, input: [Path(card).parent for card in input.runs],
        code=code_digest("fgresq.training.collect"),
    shell:
        "python -m fgresq collect {params.runs} --images {input.images}"
        " --out {output.scores} --ranking {output.ranking} --log {log}"


rule collect_baseline:
    input:
        runs=cards_of_baselines,
        images="results/data/{preset}/images.csv",
    output:
        "results/scores/{preset}/{baseline}.csv",
    log:
        "logs/{preset}/collect-{baseline}.log",
    conda:
        "../environment.yml"
    params:
        runs=lambda w, input: [Path(card).parent for card in input.runs],
        code=code_digest("fgresq.training.collect"),
    shell:
        "python -m fgresq collect {params.runs} --method {wildcards.baseline}"
        " --images {input.images} --out {output} --log {log}"


rule label_source:
    input:
        "results/data/{preset}/images.csv",
    output:
        "results/scores/{preset}/{method}.csv",
    log:
        "logs/{preset}/label-source-{method}.log",
    wildcard_constraints:
        method="|".join(name for name in METHODS if METHODS[name]["role"] == "label source"),
    conda:
        "../environment.yml"
    params:
        made=json.dumps([name for name in SOURCES if SOURCES[name]["adapter"] == "made"]),
        code=lambda w: code_digest(
            "fgresq.scoring.label_source", *code_of_method(w.method, METHODS[w.method])
        ),
    shell:
        "python -m fgresq label-source {wildcards.method} --images {input}"
        " --made {params.made:q} --out {output} --log {log}"


rule method_states:
    input:
        scores=of_methods("results/scores/{preset}/{method}.csv"),
        methods=catalogue_files("methods"),
    output:
        "results/scores/{preset}/methods.json",
    log:
        "logs/{preset}/method-states.log",
    conda:
        "../environment.yml"
    params:
        named=lambda w: CONFIG["presets"][w.preset]["methods"],
        full=lambda w: CONFIG["presets"][w.preset]["full_methods"],
        code=code_digest("fgresq.scoring.states"),
    shell:
        "python -m fgresq method-states --scores {input.scores} --named {params.named}"
        " --full {params.full} --out {output} --log {log}"
