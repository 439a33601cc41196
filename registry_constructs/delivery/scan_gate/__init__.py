"""The gate that vulnerable images do not pass; it imports nothing, as the command line knows no CDK."""
