"""Analysis: how well each method agrees with the preferences, with intervals.

Purpose: the numbers of the paper's tables 2 to 17, each with n and a 95 % interval; which method
    may be trusted for what.
Inputs: image, pair and score tables.
Outputs: results/analysis/PRESET/*.csv, provenance.json; in git reports/metrics/PRESET.json and
    reports/plots/PRESET.csv.
"""


rule performance:
    input:
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        scores=inputs.of_methods("results/scores/{preset}/{method}.csv"),
        rankings=inputs.rankings,
        methods=inputs.catalogue("methods"),
    output:
        "results/analysis/{preset}/performance.csv",
    log:
        "logs/{preset}/performance.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("analysis"),
        code=code_of("performance"),
    shell:
        "python -m fgresq step performance --images {input.images} --pairs {input.pairs}"
        " --scores {input.scores} --rankings {input.rankings}"
        " --options {params.options:q} --out {output} --log {log}"


rule intervals:
    input:
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        scores=inputs.of_methods("results/scores/{preset}/{method}.csv"),
        methods=inputs.catalogue("methods"),
    output:
        "results/analysis/{preset}/intervals.csv",
    log:
        "logs/{preset}/intervals.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("analysis"),
        code=code_of("intervals"),
    shell:
        "python -m fgresq step intervals --images {input.images} --pairs {input.pairs}"
        " --scores {input.scores}"
        " --options {params.options:q} --out {output} --log {log}"


rule observers:
    input:
        images="results/data/{preset}/images.csv",
        sources="results/data/{preset}/sources.json",
        pairs="results/pairs/{preset}/pairs.csv",
        scores=inputs.of_methods("results/scores/{preset}/{method}.csv"),
        methods=inputs.catalogue("methods"),
        evidence=glob_of("reports/human/observers.csv"),
    output:
        table="results/analysis/{preset}/observers.csv",
        record="results/analysis/{preset}/observers.json",
    log:
        "logs/{preset}/observers.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("analysis", "labels"),
        code=code_of("observers"),
    shell:
        "python -m fgresq step observers --images {input.images} --sources {input.sources}"
        " --pairs {input.pairs} --scores {input.scores} --options {params.options:q}"
        " --evidence reports/human/observers.csv --out {output.table} --record {output.record}"
        " --log {log}"


rule training:
    input:
        stage1=inputs.trained("results/stage1/{preset}/{stage1}/{run}/card.json"),
        stage2=inputs.trained("results/stage2/{preset}/{variant}/{run}/card.json"),
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
        options=values.options("analysis"),
        stage1=folders_of("stage1"),
        stage2=folders_of("stage2"),
        code=code_of("training"),
    shell:
        "python -m fgresq step training --stage1 {params.stage1} --stage2 {params.stage2}"
        " --images {input.images} --pairs {input.pairs} --options {params.options:q}"
        " --confusion {output.confusion} --reliability {output.reliability}"
        " --curves {output.curves} --record {output.record} --log {log}"


rule baseline_runs:
    input:
        runs=inputs.cards_of_baselines,
    output:
        runs="results/analysis/{preset}/baselines.csv",
        curves="results/analysis/{preset}/baseline_curves.csv",
    log:
        "logs/{preset}/baseline-runs.log",
    conda:
        "../environment.yml"
    params:
        runs=folders_of("runs"),
        code=code_of("baseline-runs"),
    shell:
        "python -m fgresq step baseline-runs {params.runs} --out {output.runs}"
        " --curves {output.curves} --log {log}"


rule ablation:
    input:
        runs=inputs.trained("results/stage2/{preset}/{variant}/{run}/card.json"),
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
    output:
        "results/analysis/{preset}/ablation.csv",
    log:
        "logs/{preset}/ablation.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("analysis"),
        runs=folders_of("runs"),
        code=code_of("ablation"),
    shell:
        "python -m fgresq step ablation --runs {params.runs} --images {input.images}"
        " --pairs {input.pairs} --options {params.options:q} --out {output} --log {log}"


rule trust:
    input:
        images="results/data/{preset}/images.csv",
        sources="results/data/{preset}/sources.json",
        pairs="results/pairs/{preset}/pairs.csv",
        scores=inputs.of_methods("results/scores/{preset}/{method}.csv"),
        methods=inputs.catalogue("methods"),
    output:
        "results/analysis/{preset}/mean_ranks.csv",
        "results/analysis/{preset}/nemenyi.csv",
        "results/analysis/{preset}/gaps.csv",
        "results/analysis/{preset}/margins.csv",
        "results/analysis/{preset}/margin_steps.csv",
        "results/analysis/{preset}/restorers.csv",
        "results/analysis/{preset}/choices.csv",
        "results/analysis/{preset}/within.csv",
        significance="results/analysis/{preset}/significance.csv",
    log:
        "logs/{preset}/trust.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("analysis"),
        code=code_of("trust"),
    shell:
        "python -m fgresq step trust --images {input.images} --sources {input.sources}"
        " --pairs {input.pairs} --scores {input.scores} --options {params.options:q}"
        " --out {output.significance} --log {log}"


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
        code=code_of("preference"),
    shell:
        "python -m fgresq step preference --pairs {input} --out {output} --log {log}"


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
        observers="results/analysis/{preset}/observers.json",
        methods=inputs.catalogue("methods"),
        machines=glob_of("reports/machines.json"),
    output:
        metrics="reports/metrics/{preset}.json",
        plots="reports/plots/{preset}.csv",
        provenance="results/analysis/{preset}/provenance.json",
    log:
        "logs/{preset}/summary.log",
    conda:
        "../environment.yml"
    params:
        options=values.preset,
        code=code_of("summary"),
    shell:
        "python -m fgresq step summary --preset {wildcards.preset} --options {params.options:q}"
        " --performance {input.performance} --intervals {input.intervals}"
        " --sources {input.sources} --funnel {input.funnel} --leak {input.leak}"
        " --ablation {input.ablation} --training {input.training}"
        " --threshold {input.threshold} --observers {input.observers}"
        " --machines reports/machines.json --out {output.metrics}"
        " --plots {output.plots} --provenance {output.provenance} --log {log}"
