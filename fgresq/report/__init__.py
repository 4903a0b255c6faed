"""The report: one self-contained page a preset, and the page that leads to them."""
