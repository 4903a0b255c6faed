"""The frozen networks that ridges of the bench read, by name; importing this loads none."""

GLANCE = "glance"  # no network: sharpness, and a perceptual hash
DEPTHS = {"dinov2": 12, "random": 12, "lite0": 1}  # blocks that each has
WEIGHTS = {"dinov2": "dinov2_vits14", "lite0": "efficientnet_lite0"}
