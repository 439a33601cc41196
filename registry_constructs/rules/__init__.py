"""What is demanded of repositories and registries; the same functions judge templates and what is live."""
