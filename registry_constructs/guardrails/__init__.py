"""The rules inside a CDK app, and constructs that make an inherited app comply."""
