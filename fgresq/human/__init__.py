"""What people said: how far methods and what was trained on people agree with them elsewhere."""
