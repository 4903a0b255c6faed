"""Analysis: how well each method agrees with the preferences, with intervals.

Purpose: the numbers of the paper's tables 2 to 17, each with n and a 95 % interval.
Inputs: image, pair and score tables.
Outputs: results/analysis/PRESET/*.csv, provenance.json; reports/metrics/PRESET.json (in git).
"""


rule performance:
    input:
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        scores=of_methods("results/scores/{preset}/{method}.csv"),
        methods="config/methods.yaml",
    output:
        "results/analysis/{preset}/{kind}.csv",
    log:
        "logs/{preset}/{kind}.log",
    wildcard_constraints:
        kind="performance|intervals",
    conda:
        "../environment.yml"
    params:
        options=options("analysis"),
        code=lambda w: code_digest(f"fgresq.analysis.{w.kind}"),
    shell:
        "python -m fgresq {wildcards.kind} --images {input.images} --pairs {input.pairs}"
        " --scores {input.scores} --methods {input.methods}"
        " --options {params.options:q} --out {output} --log {log}"


rule preference:
    input:
        "results/pairs/{preset}/pairs.csv",
    output:
        "results/analysis/{preset}/preference.csv",
    log:
        "logs/{preset}/preference.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("fgresq.analysis.preference"),
    shell:
        "python -m fgresq preference --pairs {input} --out {output} --log {log}"


rule summary:
    input:
        performance="results/analysis/{preset}/performance.csv",
        intervals="results/analysis/{preset}/intervals.csv",
        sources="results/data/{preset}/sources.json",
        funnel="results/pairs/{preset}/funnel.json",
        leak="results/pairs/{preset}/leak.json",
        threshold="results/pairs/{preset}/threshold.json",
        methods="config/methods.yaml",
    output:
        metrics="reports/metrics/{preset}.json",
        provenance="results/analysis/{preset}/provenance.json",
    log:
        "logs/{preset}/summary.log",
    conda:
        "../environment.yml"
    params:
        options=lambda w: json.dumps(CONFIG["presets"][w.preset], sort_keys=True),
        code=code_digest("fgresq.analysis.summary"),
    shell:
        "python -m fgresq summary --preset {wildcards.preset} --options {params.options:q}"
        " --performance {input.performance} --intervals {input.intervals}"
        " --sources {input.sources} --funnel {input.funnel} --leak {input.leak}"
        " --threshold {input.threshold} --methods {input.methods}"
        " --out {output.metrics} --provenance {output.provenance} --log {log}"
