"""Hashes of names: choices that are random but do not depend on the order of rows or on a run."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable


def stable_hash(*parts: object) -> int:
    """Give a 64-bit number from names; equal names give it on every machine and in every run."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def pair_key(a: str, b: str) -> tuple[str, str]:
    """Give the two images of a pair in the order of their names, whichever is called A."""
    return (a, b) if a <= b else (b, a)


def oriented(a: str, b: str) -> tuple[str, str]:
    """Decide by a fixed coin which of two images is A, so that A is not always the better."""
    low, high = pair_key(a, b)
    return (high, low) if stable_hash("order", low, high) & 1 else (low, high)


def all_pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    """List all pairs of some images once, each as (A, B)."""
    return [oriented(a, b) for a, b in itertools.combinations(sorted(names), 2)]
