"""A pushed image rolls a service."""
