"""Live registries as rules judge them."""
