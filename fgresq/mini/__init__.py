"""The embedded data: photographs, degraded and restored for six tasks, with simulated observers."""
