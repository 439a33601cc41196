"""Lambda functions that run images."""
