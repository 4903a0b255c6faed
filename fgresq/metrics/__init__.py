"""Methods: one module each, and what scores images with them."""
