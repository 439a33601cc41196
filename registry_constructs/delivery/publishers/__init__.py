"""IAM roles for publishing images from CI outside AWS."""
