"""Roles with which CI outside AWS publishes images."""
