"""Training in two stages, resumable, with the same bytes in the end."""
