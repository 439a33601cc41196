"""AWS CDK constructs for Amazon ECR.

The names load on first use, so that the plain Python parts (lifecycle policies, the command line) start
without the CDK and its Node process.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_constructs.catalog.catalog import Catalog
    from registry_constructs.catalog.problems import InvalidCatalogError
    from registry_constructs.catalog.stage import CatalogStage
    from registry_constructs.compliance.checks import RegistryChecks
    from registry_constructs.compliance.guard import guard_rules
    from registry_constructs.compliance.pinned_images import PinnedImages
    from registry_constructs.compliance.safe_repositories import SafeRepositories
    from registry_constructs.compliance.safe_repository import SafeRepository
    from registry_constructs.consumers.ec2_capacity import Ec2Capacity
    from registry_constructs.consumers.ec2_service import Ec2Service
    from registry_constructs.consumers.fargate_service import CapacityMix, FargateService
    from registry_constructs.consumers.fargate_task import FargateTask
    from registry_constructs.consumers.image import Image
    from registry_constructs.consumers.kubernetes.cluster import EksCluster
    from registry_constructs.consumers.kubernetes.description import Autoscaling, HealthChecks, SecretKey
    from registry_constructs.consumers.kubernetes.nodes import Nodes
    from registry_constructs.consumers.kubernetes.workload import KubernetesWorkload
    from registry_constructs.consumers.lambda_function import ImageFunction
    from registry_constructs.consumers.load_balancer import LoadBalancer
    from registry_constructs.consumers.private_access import PrivateRegistryAccess
    from registry_constructs.consumers.scaling import Scaling
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
    from registry_constructs.registry.rollout import Rollout
    from registry_constructs.registry.stack_set import RegistryStackSet
    from registry_constructs.repository import PublicRepository, Repository
    from registry_constructs.rules.rule import Severity
    from registry_constructs.supply_chain.build.delivery_pipeline import DeliveryPipeline
    from registry_constructs.supply_chain.build.deployed_image import DeployedImage
    from registry_constructs.supply_chain.build.image_build import ImageBuild
    from registry_constructs.supply_chain.deploy_on_push.deploy_on_push import DeployOnPush
    from registry_constructs.supply_chain.deploy_on_push.pipeline_on_push import PipelineOnPush
    from registry_constructs.supply_chain.monitoring.alarms import RegistryAlarms
    from registry_constructs.supply_chain.monitoring.dashboard import RegistryDashboard
    from registry_constructs.supply_chain.monitoring.failures import RegistryFailures
    from registry_constructs.supply_chain.notifications.notifications import Notifications
    from registry_constructs.supply_chain.promotion.promotion import Promotion
    from registry_constructs.supply_chain.publishers.bitbucket import BitbucketPublisher
    from registry_constructs.supply_chain.publishers.github import GitHubPublisher
    from registry_constructs.supply_chain.publishers.gitlab import GitLabPublisher
    from registry_constructs.supply_chain.scan_findings import ScanFindings
    from registry_constructs.supply_chain.scan_gate.action import ScanGateAction
    from registry_constructs.supply_chain.scan_gate.exceptions import (
        FindingException,
        UnsupportedImageException,
    )
    from registry_constructs.supply_chain.scan_gate.gate import ScanGate

__all__ = [
    "AccountSettings",
    "Autoscaling",
    "BitbucketPublisher",
    "CapacityMix",
    "Catalog",
    "CatalogStage",
    "DeliveryPipeline",
    "DeployOnPush",
    "DeployedImage",
    "Ec2Capacity",
    "Ec2Service",
    "EksCluster",
    "FargateService",
    "FargateTask",
    "FindingException",
    "GitHubPublisher",
    "GitLabPublisher",
    "HealthChecks",
    "Image",
    "ImageBuild",
    "ImageFunction",
    "InvalidCatalogError",
    "InvalidInputError",
    "KubernetesWorkload",
    "LifecyclePolicy",
    "LifecycleRule",
    "LifecycleWarning",
    "LoadBalancer",
    "ManagedSigning",
    "Nodes",
    "Notifications",
    "PinnedImages",
    "PipelineOnPush",
    "PrivateRegistryAccess",
    "Promotion",
    "PublicRepository",
    "PullThroughCache",
    "PullTimeExclusion",
    "Registry",
    "RegistryAlarms",
    "RegistryChecks",
    "RegistryDashboard",
    "RegistryFailures",
    "RegistryStackSet",
    "Replication",
    "Repository",
    "RepositoryCreationTemplate",
    "RepositorySettings",
    "Rollout",
    "SafeRepositories",
    "SafeRepository",
    "Scaling",
    "ScanFindings",
    "ScanGate",
    "ScanGateAction",
    "Scanning",
    "SecretKey",
    "Severity",
    "UnsupportedImageException",
    "Upstream",
    "guard_rules",
    "presets",
]

_ROOMS = {
    "AccountSettings": "registry",
    "Autoscaling": "consumers.kubernetes.description",
    "BitbucketPublisher": "supply_chain.publishers.bitbucket",
    "CapacityMix": "consumers.fargate_service",
    "Catalog": "catalog.catalog",
    "CatalogStage": "catalog.stage",
    "DeliveryPipeline": "supply_chain.build.delivery_pipeline",
    "DeployOnPush": "supply_chain.deploy_on_push.deploy_on_push",
    "DeployedImage": "supply_chain.build.deployed_image",
    "Ec2Capacity": "consumers.ec2_capacity",
    "Ec2Service": "consumers.ec2_service",
    "EksCluster": "consumers.kubernetes.cluster",
    "FargateService": "consumers.fargate_service",
    "FargateTask": "consumers.fargate_task",
    "FindingException": "supply_chain.scan_gate.exceptions",
    "GitHubPublisher": "supply_chain.publishers.github",
    "GitLabPublisher": "supply_chain.publishers.gitlab",
    "HealthChecks": "consumers.kubernetes.description",
    "Image": "consumers.image",
    "ImageBuild": "supply_chain.build.image_build",
    "ImageFunction": "consumers.lambda_function",
    "InvalidCatalogError": "catalog.problems",
    "InvalidInputError": "errors",
    "KubernetesWorkload": "consumers.kubernetes.workload",
    "LifecyclePolicy": "lifecycle",
    "LifecycleRule": "lifecycle",
    "LifecycleWarning": "lifecycle",
    "LoadBalancer": "consumers.load_balancer",
    "ManagedSigning": "registry",
    "Nodes": "consumers.kubernetes.nodes",
    "Notifications": "supply_chain.notifications.notifications",
    "PinnedImages": "compliance.pinned_images",
    "PipelineOnPush": "supply_chain.deploy_on_push.pipeline_on_push",
    "PrivateRegistryAccess": "consumers.private_access",
    "Promotion": "supply_chain.promotion.promotion",
    "PublicRepository": "repository",
    "PullThroughCache": "registry",
    "PullTimeExclusion": "registry",
    "Registry": "registry",
    "RegistryAlarms": "supply_chain.monitoring.alarms",
    "RegistryChecks": "compliance.checks",
    "RegistryDashboard": "supply_chain.monitoring.dashboard",
    "RegistryFailures": "supply_chain.monitoring.failures",
    "RegistryStackSet": "registry.stack_set",
    "Replication": "registry",
    "Repository": "repository",
    "RepositoryCreationTemplate": "registry",
    "RepositorySettings": "registry",
    "Rollout": "registry.rollout",
    "SafeRepositories": "compliance.safe_repositories",
    "SafeRepository": "compliance.safe_repository",
    "Scaling": "consumers.scaling",
    "ScanFindings": "supply_chain.scan_findings",
    "ScanGate": "supply_chain.scan_gate.gate",
    "ScanGateAction": "supply_chain.scan_gate.action",
    "Scanning": "registry",
    "SecretKey": "consumers.kubernetes.description",
    "Severity": "rules.rule",
    "UnsupportedImageException": "supply_chain.scan_gate.exceptions",
    "Upstream": "registry",
    "guard_rules": "compliance.guard",
    "presets": "lifecycle",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes have no common type
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
