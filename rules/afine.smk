"""A-FINE: quality where the reference need not be perfect.

Purpose: data, three stages of training and tests of A-FINE and its kin, apart from the report:
    `make afine` alone asks for it.
Inputs: the photographs of the embedded data, or the data sets that a preset of
    fgresq/data/afine.yaml names, placed by the user; weights; for one row FGResQ's folds, where a
    report has trained them.
Outputs: results/afine/PRESET/accuracy.csv with what stands beside it, of which `make afine` keeps
    a copy in reports/afine, for docs and report; models/BACKBONE-VARIANT/RUN, a model a fold.
"""


rule afine_images:
    input:
        contents="results/data/mini/mini/contents.csv",
        weights=["data/weights/lpips_alex/card.json", "data/weights/dat_light/card.json"],
    output:
        "results/afine/{afine}/versions.csv",
    log:
        "logs/afine/{afine}-images.log",
    conda:
        "../environment.yml"
    threads: 4
    params:
        folder=subpath(output[0], parent=True),
        settings=afine.settings_of("data", "seed"),
        code=code_of("afine-images"),
    shell:
        "python -m fgresq step afine-images --preset {wildcards.afine} --contents {input.contents}"
        " --out-dir {params.folder} --workers {threads} --log {log}"


rule afine_jod:
    input:
        "results/afine/{afine}/versions.csv",
    output:
        "results/afine/{afine}/jod.csv",
    log:
        "logs/afine/{afine}-jod.log",
    conda:
        "../environment.yml"
    threads: 4
    params:
        code=code_of("afine-jod"),
    shell:
        "python -m fgresq step afine-jod --versions {input} --out {output} --workers {threads}"
        " --log {log}"


rule afine_triplets:
    input:
        made=afine.made,
    output:
        comparisons="results/afine/{afine}/comparisons.csv",
        triplets="results/afine/{afine}/triplets.csv",
        folds="results/afine/{afine}/folds.csv",
        record="results/afine/{afine}/data.json",
    log:
        "logs/afine/{afine}-triplets.log",
    conda:
        "../environment.yml"
    params:
        folder=subpath(output.triplets, parent=True),
        settings=afine.settings_of("sources", "data", "seed", "folds", "split"),
        placed=afine.placed,
        code=code_of("afine-triplets"),
    shell:
        "python -m fgresq step afine-triplets --preset {wildcards.afine} --out-dir {params.folder}"
        " --log {log}"


rule afine_encode:
    input:
        comparisons="results/afine/{afine}/comparisons.csv",
        weights=afine.weights_of_features,
    output:
        "results/afine/{afine}/encoded/{features}.json",
    log:
        "logs/afine/{afine}-encode-{features}.log",
    wildcard_constraints:
        features="|".join(FEATURES),
    conda:
        "../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
        settings=afine.settings_of("seed", "device"),
        code=code_of("afine-encode"),
    shell:
        "python -m fgresq step afine-encode {wildcards.features} --preset {wildcards.afine}"
        " --comparisons {input.comparisons} --out {params.folder} --log {log}"


rule afine_train:
    input:
        comparisons="results/afine/{afine}/comparisons.csv",
        triplets="results/afine/{afine}/triplets.csv",
        folds="results/afine/{afine}/folds.csv",
        encoded=afine.encoded,
    output:
        "results/afine/{afine}/models/{backbone}-{taught}/{tested}/card.json",
    log:
        "logs/afine/{afine}-train-{backbone}-{taught}-{tested}.log",
    conda:
        "../environment.yml"
    resources:
        gpu=afine.gpus,
    params:
        out=subpath(output[0], parent=True),
        work="work/afine/{afine}/{backbone}-{taught}-{tested}",
        settings=afine.settings_of(*TRAINING),
        code=code_of("afine-train"),
    shell:
        "python -m fgresq step afine-train {wildcards.backbone} {wildcards.taught}"
        " {wildcards.tested} --preset {wildcards.afine} --comparisons {input.comparisons}"
        " --triplets {input.triplets} --folds {input.folds} --work {params.work}"
        " --out {params.out} --log {log}"


rule afine_refit:
    input:
        comparisons="results/afine/{afine}/comparisons.csv",
        triplets="results/afine/{afine}/triplets.csv",
        folds="results/afine/{afine}/folds.csv",
        encoded="results/afine/{afine}/encoded/{terms}.json",
    output:
        "results/afine/{afine}/models/{terms}_ft/{tested}/card.json",
    log:
        "logs/afine/{afine}-refit-{terms}-{tested}.log",
    conda:
        "../environment.yml"
    params:
        out=subpath(output[0], parent=True),
        work="work/afine/{afine}/{terms}_ft-{tested}",
        settings=afine.settings_of(*TRAINING, "refit"),
        code=code_of("afine-refit"),
    shell:
        "python -m fgresq step afine-refit {wildcards.terms}_ft {wildcards.tested}"
        " --preset {wildcards.afine} --comparisons {input.comparisons}"
        " --triplets {input.triplets} --folds {input.folds} --work {params.work}"
        " --out {params.out} --log {log}"


rule afine_score:
    input:
        comparisons="results/afine/{afine}/comparisons.csv",
        versions=afine.versions,
        weights=afine.weights_of_method,
        trained=afine.trained_folds,
    output:
        "results/afine/{afine}/scores/{compared}.csv",
    log:
        "logs/afine/{afine}-score-{compared}.log",
    conda:
        "../environment.yml"
    params:
        method=afine.code_of_method,
        trained=afine.checkpoints,
        code=code_of("afine-score"),
    shell:
        "python -m fgresq step afine-score {wildcards.compared} --preset {wildcards.afine}"
        " {params.trained} --out {output} --log {log}"


rule afine_evaluate:
    input:
        tables=expand("results/afine/{{afine}}/{name}.csv", name=("comparisons", "triplets")),
        models=afine.models,
        scores=afine.scores,
        methods=inputs.catalogue("methods"),
    output:
        accuracy="results/afine/{afine}/accuracy.csv",
        beside=expand("results/afine/{{afine}}/{name}", name=("values.csv", "turned.csv")),
        record="results/afine/{afine}/record.json",
    log:
        "logs/afine/{afine}-evaluate.log",
    conda:
        "../environment.yml"
    params:
        settings=afine.settings_of(*TRAINING, "bootstrap"),
        code=code_of("afine-evaluate"),
    shell:
        "python -m fgresq step afine-evaluate --preset {wildcards.afine} --log {log}"
