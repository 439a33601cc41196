"""Deployments that start when an image is pushed."""
