"""Which pairs and images make a step: scene-aware, and a function of (seed, step) alone."""

from __future__ import annotations

import numpy as np


class SceneSampler:
    """Batches of which each holds items of one scene only (the paper's scene-aware sampling).

    Every item occurs once an epoch. A scene's last batch may be smaller; one of a single item is
    joined to the batch before it, since nothing can be compared within it.

    Args:
        scenes: (n,) the scene of each item.
        batch: items a batch.
        seed: of the order.
        groups: (n,) items that are to stay together in the order, or None.
    """

    def __init__(
        self, scenes: np.ndarray, batch: int, seed: int, groups: np.ndarray | None = None
    ) -> None:
        self.scenes = np.asarray(scenes)
        self.groups = None if groups is None else np.unique(groups, return_inverse=True)[1]
        self.batch, self.seed = batch, seed
        self.names = sorted(set(self.scenes.tolist()))
        self.drawn = 0, self.epoch(0)
        self.per_epoch = len(self.drawn[1])

    def epoch(self, number: int) -> list[np.ndarray]:
        """Give the batches of an epoch, each an array of item numbers."""
        rng = np.random.default_rng([self.seed, number])
        batches = []
        for name in self.names:
            order = rng.permutation(np.flatnonzero(self.scenes == name))
            if self.groups is not None:
                rank = rng.permutation(self.groups.max() + 1)
                order = order[np.argsort(rank[self.groups[order]], kind="stable")]
            cuts = list(range(self.batch, len(order), self.batch))
            if cuts and len(order) - cuts[-1] == 1:
                cuts.pop()
            batches += np.split(order, cuts)
        return [batches[k] for k in rng.permutation(len(batches))]

    def step(self, number: int) -> np.ndarray:
        """Give the item numbers of a step, counted over all epochs."""
        epoch, place = divmod(number, self.per_epoch)
        if self.drawn[0] != epoch:
            self.drawn = epoch, self.epoch(epoch)
        return self.drawn[1][place]
