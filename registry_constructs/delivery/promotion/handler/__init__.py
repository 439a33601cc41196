"""The function that copies images."""
