"""What runs methods over images: registry, inputs, evaluation, cache, and their steps."""
