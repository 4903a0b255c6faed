"""Weights on disk: out of packages, checkpoints, foreign forms, the cache of the Hub."""
