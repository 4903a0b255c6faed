"""What the paper's printed numbers do not say: findings, each recomputed from data."""
