"""Human: how far methods, and what is trained on people's scores, agree with people elsewhere.

Purpose: the bench of transfer, apart from the report: `make human` alone asks for it.
Inputs: the human-rated sets that are placed, the embedded data, weights; fgresq/data/human.yaml
    declares which set may be trained on, select, or test.
Outputs: results/human/transfer.csv with its record, of which `make human` keeps a copy in
    reports/human, for docs and report.
"""


rule pool_features:
    input:
        images=inputs.table_of_bench,
        declared="fgresq/data/human.yaml",
        weights=inputs.weights_of_tower,
    output:
        "results/human/features/{frozen}/{rated}.json",
    log:
        "logs/human/features-{frozen}-{rated}.log",
    wildcard_constraints:
        frozen="|".join(FROZEN),
        rated="|".join(BENCH.sets),
    conda:
        "../environment.yml"
    params:
        code=code_of("pool-features"),
    shell:
        "python -m fgresq step pool-features {wildcards.frozen} --images {input.images}"
        " --out {output} --log {log}"


rule transfer:
    input:
        images=inputs.tables_of_bench,
        features=inputs.features_of_bench,
        weights=inputs.weights_of_bench,
        declared="fgresq/data/human.yaml",
        methods=inputs.catalogue("methods"),
    output:
        table="results/human/transfer.csv",
        record="results/human/transfer.json",
    log:
        "logs/human/transfer.log",
    conda:
        "../environment.yml"
    params:
        methods=values.methods_of_bench,
        code=code_of("transfer"),
    shell:
        "python -m fgresq step transfer --images {input.images} --out {output.table} --log {log}"
