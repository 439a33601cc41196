"""One repository: its encryption, tags, lifecycle and access."""

from registry_constructs.repository.public_repository import PublicRepository
from registry_constructs.repository.repository import Repository

__all__ = ["PublicRepository", "Repository"]
