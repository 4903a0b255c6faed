"""fgresq: fine-grained image quality assessment for image restoration, end to end."""

__version__ = "0.1.0"
