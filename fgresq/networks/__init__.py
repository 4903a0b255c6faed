"""Networks by their architecture: ViT, towers, CLIP, EfficientNet-Lite0, perceptual ones."""
