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
        rankings=rankings,
        methods=catalogue_files("methods"),
    output:
        "results/analysis/{preset}/performance.csv",
    log:
        "logs/{preset}/performance.log",
    conda:
        "../environment.yml"
    params:
        options=options("analysis"),
        code=code_digest("fgresq.analysis.performance"),
    shell:
        "python -m fgresq performance --images {input.images} --pairs {input.pairs}"
        " --scores {input.scores} --rankings {input.rankings}"
        " --options {params.options:q} --out {output} --log {log}"


rule intervals:
    input:
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        scores=of_methods("results/scores/{preset}/{method}.csv"),
        methods=catalogue_files("methods"),
    output:
        "results/analysis/{preset}/intervals.csv",
    log:
        "logs/{preset}/intervals.log",
    conda:
        "../environment.yml"
    params:
        options=options("analysis"),
        code=code_digest("fgresq.analysis.intervals"),
    shell:
        "python -m fgresq intervals --images {input.images} --pairs {input.pairs}"
        " --scores {input.scores}"
        " --options {params.options:q} --out {output} --log {log}"


rule training:
    input:
        stage1=trained("results/stage1/{preset}/{stage1}/{run}/card.json"),
        stage2=trained("results/stage2/{preset}/{variant}/{run}/card.json"),
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
    output:
        confusion="results/analysis/{preset}/confusion.csv",
        reliability="results/analysis/{preset}/reliability.csv",
        curves="results/analysis/{preset}/curves.csv",
        record="results/analysis/{preset}/training.json",
    log:
        "logs/{preset}/training.log",
    conda:
        "../environment.yml"
    params:
        options=options("analysis"),
        stage1=lambda w, input: folders_of(input.stage1),
        stage2=lambda w, input: folders_of(input.stage2),
        code=code_digest("fgresq.analysis.learning"),
    shell:
        "python -m fgresq training --stage1 {params.stage1} --stage2 {params.stage2}"
        " --images {input.images} --pairs {input.pairs} --options {params.options:q}"
        " --confusion {output.confusion} --reliability {output.reliability}"
        " --curves {output.curves} --record {output.record} --log {log}"


rule baseline_runs:
    input:
        runs=cards_of_baselines,
    output:
        runs="results/analysis/{preset}/baselines.csv",
        curves="results/analysis/{preset}/baseline_curves.csv",
    log:
        "logs/{preset}/baseline-runs.log",
    conda:
        "../environment.yml"
    params:
        runs=lambda w, input: folders_of(input.runs),
        code=code_digest("fgresq.analysis.baseline_runs"),
    shell:
        "python -m fgresq baseline-runs {params.runs} --out {output.runs}"
        " --curves {output.curves} --log {log}"


rule ablation:
    input:
        runs=trained("results/stage2/{preset}/{variant}/{run}/card.json"),
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
    output:
        "results/analysis/{preset}/ablation.csv",
    log:
        "logs/{preset}/ablation.log",
    conda:
        "../environment.yml"
    params:
        options=options("analysis"),
        runs=lambda w, input: folders_of(input.runs),
        code=code_digest("fgresq.analysis.ablation"),
    shell:
        "python -m fgresq ablation --runs {params.runs} --images {input.images}"
        " --pairs {input.pairs} --options {params.options:q} --out {output} --log {log}"


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
        ablation="results/analysis/{preset}/ablation.csv",
        training="results/analysis/{preset}/training.json",
        methods=catalogue_files("methods"),
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
        " --ablation {input.ablation} --training {input.training}"
        " --threshold {input.threshold}"
        " --out {output.metrics} --provenance {output.provenance} --log {log}"
