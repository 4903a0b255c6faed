"""What runs methods over images: registry, inputs, evaluation, cache, and the verbs of them."""
