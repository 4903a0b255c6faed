"""Pairs: all, then fine-grained, then noticeable, then labelled and split.

Purpose: the paper's construction funnel (equations 1 to 3) and both frozen splits. Finished groups of
    candidates are kept in work/ and are no outputs, so that a killed run resumes.
Inputs: image tables of the data phase.
Outputs: results/pairs/PRESET/pairs.csv, folds.csv, funnel.json, leak.json, threshold.json.
"""


rule jnd_threshold:
    input:
        "results/data/{preset}/images.csv",
    output:
        "results/pairs/{preset}/threshold.json",
    log:
        "logs/{preset}/jnd-threshold.log",
    conda:
        "../environment.yml"
    threads: 8
    params:
        options=values.options("jnd"),
        code=code_of("jnd-threshold"),
    shell:
        "python -m fgresq step jnd-threshold --images {input} --options {params.options:q}"
        " --threads {threads} --out {output} --log {log}"


rule candidates:
    input:
        "results/data/{preset}/sources/{source}.csv",
    output:
        "results/pairs/{preset}/{source}/candidates.csv",
    log:
        "logs/{preset}/candidates-{source}.log",
    conda:
        "../environment.yml"
    threads: 8
    params:
        code=code_of("candidates"),
    shell:
        "python -m fgresq step candidates --images {input} --work work/similarity"
        " --threads {threads} --out {output} --log {log}"


rule filter_pairs:
    input:
        images="results/data/{preset}/sources/{source}.csv",
        supplied="results/data/{preset}/sources/{source}.pairs.csv",
        record="results/data/{preset}/sources/{source}.json",
        candidates="results/pairs/{preset}/{source}/candidates.csv",
        threshold="results/pairs/{preset}/threshold.json",
    output:
        pairs="results/pairs/{preset}/{source}/pairs.csv",
        funnel="results/pairs/{preset}/{source}/funnel.json",
    log:
        "logs/{preset}/filter-pairs-{source}.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("filter", "labels"),
        code=code_of("filter-pairs"),
    shell:
        "python -m fgresq step filter-pairs --images {input.images} --supplied {input.supplied}"
        " --record {input.record} --candidates {input.candidates}"
        " --threshold {input.threshold} --options {params.options:q}"
        " --out {output.pairs} --funnel {output.funnel} --log {log}"


rule split_pairs:
    input:
        pairs=inputs.of_sources("results/pairs/{preset}/{source}/pairs.csv"),
        funnels=inputs.of_sources("results/pairs/{preset}/{source}/funnel.json"),
        images="results/data/{preset}/images.csv",
    output:
        pairs="results/pairs/{preset}/pairs.csv",
        folds="results/pairs/{preset}/folds.csv",
        funnel="results/pairs/{preset}/funnel.json",
        leak="results/pairs/{preset}/leak.json",
    log:
        "logs/{preset}/split-pairs.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("split"),
        code=code_of("split-pairs"),
    shell:
        "python -m fgresq step split-pairs --pairs {input.pairs} --funnels {input.funnels}"
        " --images {input.images} --options {params.options:q} --out {output.pairs}"
        " --folds {output.folds} --funnel {output.funnel} --leak {output.leak} --log {log}"
