"""Data sets: each is read by an adapter into the image table, or is absent with a reason."""
