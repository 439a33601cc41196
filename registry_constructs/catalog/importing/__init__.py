"""Writes a catalog file for existing repositories in ECR."""
