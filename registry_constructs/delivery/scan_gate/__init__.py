"""A gate that stops vulnerable images; imports nothing, because the command line works without the CDK."""
