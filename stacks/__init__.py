"""Example stacks. They only compose: what decides something is a construct of the library."""

from stacks.public_images import PublicImagesStack
from stacks.registries import DestinationRegistryStack, SourceRegistryStack
from stacks.repositories import RepositoriesStack

__all__ = ["DestinationRegistryStack", "PublicImagesStack", "RepositoriesStack", "SourceRegistryStack"]
