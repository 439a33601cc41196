"""The registry as one thing: what ECR keeps once for an account and Region, and creates by itself."""

from registry_constructs.registry.account_settings import AccountSettings
from registry_constructs.registry.creation_template import RepositoryCreationTemplate
from registry_constructs.registry.pull_through_cache import PullThroughCache
from registry_constructs.registry.pull_time_exclusion import PullTimeExclusion
from registry_constructs.registry.registry import Registry
from registry_constructs.registry.replication import Replication
from registry_constructs.registry.repository_settings import RepositorySettings
from registry_constructs.registry.scanning import Scanning
from registry_constructs.registry.signing import ManagedSigning
from registry_constructs.registry.upstream import Upstream

__all__ = [
    "AccountSettings",
    "ManagedSigning",
    "PullThroughCache",
    "PullTimeExclusion",
    "Registry",
    "Replication",
    "RepositoryCreationTemplate",
    "RepositorySettings",
    "Scanning",
    "Upstream",
]
