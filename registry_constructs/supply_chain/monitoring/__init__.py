"""Failures told, quotas watched, and one page to look at."""
