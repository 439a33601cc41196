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
    from registry_constructs.consumers.ecs.ec2_capacity import Ec2Capacity
    from registry_constructs.consumers.ecs.ec2_service import Ec2Service
    from registry_constructs.consumers.ecs.fargate_service import CapacityMix, FargateService
    from registry_constructs.consumers.ecs.fargate_task import FargateTask
    from registry_constructs.consumers.ecs.load_balancer import LoadBalancer
    from registry_constructs.consumers.ecs.scaling import Scaling
    from registry_constructs.consumers.eks.cluster import EksCluster
    from registry_constructs.consumers.eks.nodes import Nodes
    from registry_constructs.consumers.eks.workload import KubernetesWorkload
    from registry_constructs.consumers.eks.workload_description import Autoscaling, HealthChecks, SecretKey
    from registry_constructs.consumers.lambda_.image_function import ImageFunction
    from registry_constructs.consumers.network.private_access import PrivateRegistryAccess
    from registry_constructs.delivery.build.delivery_pipeline import DeliveryPipeline
    from registry_constructs.delivery.build.deployed_image import DeployedImage
    from registry_constructs.delivery.build.image_build import ImageBuild
    from registry_constructs.delivery.deploy_on_push.deploy_on_push import DeployOnPush
    from registry_constructs.delivery.deploy_on_push.pipeline_on_push import PipelineOnPush
    from registry_constructs.delivery.promotion.promotion import Promotion
    from registry_constructs.delivery.publishers.bitbucket import BitbucketPublisher
    from registry_constructs.delivery.publishers.github import GitHubPublisher
    from registry_constructs.delivery.publishers.gitlab import GitLabPublisher
    from registry_constructs.delivery.scan_gate.action import ScanGateAction
    from registry_constructs.delivery.scan_gate.exceptions import (
        FindingException,
        UnsupportedImageException,
    )
    from registry_constructs.delivery.scan_gate.gate import ScanGate
    from registry_constructs.ecr.errors import InvalidInputError
    from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule, LifecycleWarning, presets
    from registry_constructs.guardrails.pinned_images import PinnedImages
    from registry_constructs.guardrails.registry_checks import RegistryChecks
    from registry_constructs.guardrails.safe_repositories import SafeRepositories
    from registry_constructs.guardrails.safe_repository import SafeRepository
    from registry_constructs.images.image import Image
    from registry_constructs.monitoring.alarms import RegistryAlarms
    from registry_constructs.monitoring.dashboard import RegistryDashboard
    from registry_constructs.monitoring.failures import RegistryFailures
    from registry_constructs.monitoring.notifications.notifications import Notifications
    from registry_constructs.monitoring.scan_findings import ScanFindings
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
    "presets",
]

_ROOMS = {
    "AccountSettings": "registry",
    "Autoscaling": "consumers.eks.workload_description",
    "BitbucketPublisher": "delivery.publishers.bitbucket",
    "CapacityMix": "consumers.ecs.fargate_service",
    "Catalog": "catalog.catalog",
    "CatalogStage": "catalog.stage",
    "DeliveryPipeline": "delivery.build.delivery_pipeline",
    "DeployOnPush": "delivery.deploy_on_push.deploy_on_push",
    "DeployedImage": "delivery.build.deployed_image",
    "Ec2Capacity": "consumers.ecs.ec2_capacity",
    "Ec2Service": "consumers.ecs.ec2_service",
    "EksCluster": "consumers.eks.cluster",
    "FargateService": "consumers.ecs.fargate_service",
    "FargateTask": "consumers.ecs.fargate_task",
    "FindingException": "delivery.scan_gate.exceptions",
    "GitHubPublisher": "delivery.publishers.github",
    "GitLabPublisher": "delivery.publishers.gitlab",
    "HealthChecks": "consumers.eks.workload_description",
    "Image": "images.image",
    "ImageBuild": "delivery.build.image_build",
    "ImageFunction": "consumers.lambda_.image_function",
    "InvalidCatalogError": "catalog.problems",
    "InvalidInputError": "ecr.errors",
    "KubernetesWorkload": "consumers.eks.workload",
    "LifecyclePolicy": "ecr.lifecycle",
    "LifecycleRule": "ecr.lifecycle",
    "LifecycleWarning": "ecr.lifecycle",
    "LoadBalancer": "consumers.ecs.load_balancer",
    "ManagedSigning": "registry",
    "Nodes": "consumers.eks.nodes",
    "Notifications": "monitoring.notifications.notifications",
    "PinnedImages": "guardrails.pinned_images",
    "PipelineOnPush": "delivery.deploy_on_push.pipeline_on_push",
    "PrivateRegistryAccess": "consumers.network.private_access",
    "Promotion": "delivery.promotion.promotion",
    "PublicRepository": "repository",
    "PullThroughCache": "registry",
    "PullTimeExclusion": "registry",
    "Registry": "registry",
    "RegistryAlarms": "monitoring.alarms",
    "RegistryChecks": "guardrails.registry_checks",
    "RegistryDashboard": "monitoring.dashboard",
    "RegistryFailures": "monitoring.failures",
    "RegistryStackSet": "registry.stack_set",
    "Replication": "registry",
    "Repository": "repository",
    "RepositoryCreationTemplate": "registry",
    "RepositorySettings": "registry",
    "Rollout": "registry.rollout",
    "SafeRepositories": "guardrails.safe_repositories",
    "SafeRepository": "guardrails.safe_repository",
    "Scaling": "consumers.ecs.scaling",
    "ScanFindings": "monitoring.scan_findings",
    "ScanGate": "delivery.scan_gate.gate",
    "ScanGateAction": "delivery.scan_gate.action",
    "Scanning": "registry",
    "SecretKey": "consumers.eks.workload_description",
    "Severity": "rules.rule",
    "UnsupportedImageException": "delivery.scan_gate.exceptions",
    "Upstream": "registry",
    "presets": "ecr.lifecycle",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes have no common type
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
