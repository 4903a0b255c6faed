"""Arithmetic on images that methods and pairs share: planes, SSIM, statistics, phase, saliency."""
