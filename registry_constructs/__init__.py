"""AWS CDK constructs for Amazon ECR.

The names load on first use, so that the plain Python parts (lifecycle policies, the command line) start
without the CDK and its Node process.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_constructs.errors import InvalidInputError
    from registry_constructs.lifecycle import LifecyclePolicy, LifecycleRule, LifecycleWarning, presets
    from registry_constructs.registry import (
        AccountSettings,
        ManagedSigning,
        PullThroughCache,
        PullTimeExclusion,
        Registry,
        Replication,
        RepositoryCreationTemplate,
        RepositorySettings,
        Scanning,
        Upstream,
    )
    from registry_constructs.repository import PublicRepository, Repository

__all__ = [
    "AccountSettings",
    "InvalidInputError",
    "LifecyclePolicy",
    "LifecycleRule",
    "LifecycleWarning",
    "ManagedSigning",
    "PublicRepository",
    "PullThroughCache",
    "PullTimeExclusion",
    "Registry",
    "Replication",
    "Repository",
    "RepositoryCreationTemplate",
    "RepositorySettings",
    "Scanning",
    "Upstream",
    "presets",
]

_ROOMS = {
    "AccountSettings": "registry",
    "InvalidInputError": "errors",
    "LifecyclePolicy": "lifecycle",
    "LifecycleRule": "lifecycle",
    "LifecycleWarning": "lifecycle",
    "ManagedSigning": "registry",
    "PublicRepository": "repository",
    "PullThroughCache": "registry",
    "PullTimeExclusion": "registry",
    "Registry": "registry",
    "Replication": "registry",
    "Repository": "repository",
    "RepositoryCreationTemplate": "registry",
    "RepositorySettings": "registry",
    "Scanning": "registry",
    "Upstream": "registry",
    "presets": "lifecycle",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes have no common type
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
