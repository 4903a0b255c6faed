"""Correlations, accuracy, intervals, statistics; what labels alone tell."""
