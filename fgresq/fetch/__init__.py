"""Bringing data sets and weights in: what is there, fetching it, checking it.

Nothing of the pipeline imports this package: rules read what is placed and never download.
"""
