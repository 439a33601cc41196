"""The images that consumers run."""
