"""Report: every table and figure of the paper that could be had, on one page.

Purpose: paper and ours side by side, coverage, gallery and provenance, for reading.
Inputs: all phases' tables, the reported numbers in reports/paper/, reports/templates/.
Outputs: reports/site/PRESET/index.html with its tables, and absences.json, which the terminal
    shows; reports/site/index.html leads there.
"""


rule report:
    input:
        images="results/data/{preset}/images.csv",
        pairs="results/pairs/{preset}/pairs.csv",
        folds="results/pairs/{preset}/folds.csv",
        scores=of_methods("results/scores/{preset}/{method}.csv"),
        states="results/scores/{preset}/methods.json",
        performance="results/analysis/{preset}/performance.csv",
        intervals="results/analysis/{preset}/intervals.csv",
        preference="results/analysis/{preset}/preference.csv",
        training=expand(
            "results/analysis/{{preset}}/{table}",
            table=[
                "ablation.csv",
                "confusion.csv",
                "reliability.csv",
                "curves.csv",
                "training.json",
                "baselines.csv",
                "baseline_curves.csv",
            ],
        ),
        labels=expand(
            "results/labels/{{preset}}/{table}",
            table=["sources.json", "counts.csv", "intervals.csv", "nulls.csv"],
        ),
        provenance="results/analysis/{preset}/provenance.json",
        metrics="reports/metrics/{preset}.json",
        methods=catalogue_files("methods"),
        sources=catalogue_files("sources"),
        paper=glob_of("reports/paper/*"),
        templates=glob_of("reports/templates/*"),
        stand_in=stand_in("results/analysis/{preset}/provenance.json"),
        stand_in_scores=stand_in("results/scores/{preset}/{method}.csv"),
        stand_in_states=stand_in("results/scores/{preset}/methods.json"),
    output:
        page="reports/site/{preset}/index.html",
        absences="reports/site/{preset}/absences.json",
    log:
        "logs/{preset}/report.log",
    conda:
        "../environment.yml"
    params:
        options=options("report"),
        stand_in=stand_in_arguments,
        required=required,
        code=code_digest("fgresq.report.build"),
    shell:
        "python -m fgresq report --preset {wildcards.preset} --data results/data/{wildcards.preset}"
        " --pairs results/pairs/{wildcards.preset} --analysis results/analysis/{wildcards.preset}"
        " --labels results/labels/{wildcards.preset} --metrics {input.metrics}"
        " --scores {input.scores} --states {input.states} --paper reports/paper"
        " {params.stand_in} {params.required}"
        " --options {params.options:q} --out {output.page} --log {log}"


rule site_index:
    input:
        expand("reports/site/{preset}/index.html", preset=WANTED),
    output:
        "reports/site/index.html",
    log:
        "logs/site-index.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("fgresq.report.index"),
    shell:
        "python -m fgresq site-index --pages reports/site/*/index.html"
        " --metrics reports/metrics/*.json --out {output} --log {log}"
