"""Example stacks. They only compose: what decides something is a construct of the library."""

from stacks.delivery import DeliveryStack
from stacks.ec2 import Ec2Stack
from stacks.eks import EksStack
from stacks.fargate import FargateStack
from stacks.functions import FunctionsStack
from stacks.network import NetworkStack
from stacks.public_images import PublicImagesStack
from stacks.registries import DestinationRegistryStack, SourceRegistryStack
from stacks.repositories import RepositoriesStack

__all__ = [
    "DeliveryStack",
    "DestinationRegistryStack",
    "Ec2Stack",
    "EksStack",
    "FargateStack",
    "FunctionsStack",
    "NetworkStack",
    "PublicImagesStack",
    "RepositoriesStack",
    "SourceRegistryStack",
]
