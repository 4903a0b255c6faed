"""The embedded data: photographs, degraded and restored for six tasks, scored by ColorVideoVDP."""
