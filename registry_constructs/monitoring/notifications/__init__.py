"""Readable notifications about images, by email and chat."""
