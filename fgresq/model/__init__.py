"""The model FGResQ: towers, the prompt block and the two heads."""
