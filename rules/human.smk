"""Human: how far methods, and what is trained on people's scores, agree with people elsewhere.

Purpose: the bench of transfer, apart from the report: `make human` alone asks for it.
Inputs: the human-rated sets that are placed, the embedded data, weights; fgresq/data/human.yaml
    declares which set may be trained on, select, or test; search.yaml the settings of FGResQ.
Outputs: results/human/transfer.csv with its record, of which `make human` keeps a copy in
    reports/human, for docs and report; results/human/fgresq/ROW/, a checkpoint a row.
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


rule encode_rated:
    input:
        images=inputs.tables_of_bench,
        glances=inputs.glances_of_bench,
        weights="data/weights/dinov2_vits14/card.json",
    output:
        "results/human/fgresq/encoded.json",
    log:
        "logs/human/encode-rated.log",
    conda:
        "../environment.yml"
    params:
        weights=subpath(input.weights, parent=True),
        lent=values.lent_to_rows,
        code=code_of("encode-rated"),
    shell:
        "python -m fgresq step encode-rated --images {input.images} --weights {params.weights}"
        " --out {output} --log {log}"


rule train_rated:
    input:
        images=inputs.tables_of_bench,
        glances=inputs.glances_of_bench,
        encoded="results/human/fgresq/encoded.json",
        simulated=inputs.simulated,
        weights="data/weights/dinov2_vits14/card.json",
    output:
        "results/human/fgresq/{row}/card.json",
    log:
        "logs/human/train-rated-{row}.log",
    wildcard_constraints:
        row="|".join(FGRESQ_ROWS),
    conda:
        "../environment.yml"
    params:
        learnt=values.learnt_by_row,
        simulated=values.given("--simulated", "simulated"),
        weights=subpath(input.weights, parent=True),
        out=subpath(output[0], parent=True),
        work="work/human/{row}",
        code=code_of("train-rated"),
    shell:
        "python -m fgresq step train-rated {wildcards.row} --images {input.images}"
        " {params.simulated} --weights {params.weights} --work {params.work} --out {params.out}"
        " --log {log}"


rule transfer:
    input:
        images=inputs.tables_of_bench,
        features=inputs.features_of_bench,
        models=inputs.models_of_bench,
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
        "python -m fgresq step transfer --images {input.images} --models results/human/fgresq"
        " --out {output.table} --log {log}"
