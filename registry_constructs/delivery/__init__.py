"""Publishing, building, checking, promoting and deploying images."""
