"""Report: every table and figure of the paper that could be had, a page a question.

Purpose: paper and ours side by side, coverage, pairs and provenance, for reading.
Inputs: all phases' tables, the reported numbers in reports/paper/, reports/human/, reports/afine/,
    reports/templates/, the slider of fgresq/data/templates/.
Outputs: reports/site/PRESET/index.html with the other pages, their tables and images beside it,
    and absences.json, which the terminal shows; reports/site/index.html leads there.
"""


rule report:
    input:
        tables=inputs.report_tables,
        scores=inputs.of_methods("results/scores/{preset}/{method}.csv"),
        states="results/scores/{preset}/methods.json",
        metrics="reports/metrics/{preset}.json",
        methods=inputs.catalogue("methods"),
        sources=inputs.catalogue("sources"),
        machines=glob_of("reports/machines.json"),
        human=glob_of("reports/human/transfer.*") + glob_of("reports/human/ratings.*"),
        imperfect=glob_of("reports/afine/*"),
        costs=glob_of("reports/cost.csv"),
        paper=glob_of("reports/paper/*"),
        templates=glob_of("reports/templates/**/*.*"),
        slider=glob_of("fgresq/data/templates/slider.*"),
        stand_in=inputs.stand_in("results/analysis/{preset}/provenance.json"),
        stand_in_scores=inputs.stand_in("results/scores/{preset}/{method}.csv"),
        stand_in_states=inputs.stand_in("results/scores/{preset}/methods.json"),
    output:
        page="reports/site/{preset}/index.html",
        absences="reports/site/{preset}/absences.json",
    log:
        "logs/{preset}/report.log",
    conda:
        "../environment.yml"
    params:
        options=values.options("report"),
        stand_in=values.stand_in,
        required=values.required,
        code=code_of("report"),
    shell:
        "python -m fgresq step report --preset {wildcards.preset} --options {params.options:q}"
        " {params.stand_in} {params.required} --log {log}"


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
        code=code_of("site-index"),
    shell:
        "python -m fgresq step site-index --pages reports/site/*/index.html"
        " --metrics reports/metrics/*.json --out {output} --log {log}"
