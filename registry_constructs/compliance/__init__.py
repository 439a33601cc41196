"""The rules asked inside a CDK app, and what makes an inherited app comply."""
