"""Pairing and filtration: candidates, JND threshold, funnel, splits."""
