"""Quality when the reference is not perfect: data, training and tests of A-FINE and its kin."""
