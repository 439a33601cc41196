"""AWS CDK constructs for Amazon ECR: the public names, each with the module that has it."""

from registry_constructs.catalog.catalog import Catalog as Catalog
from registry_constructs.catalog.problems import InvalidCatalogError as InvalidCatalogError
from registry_constructs.catalog.stage import CatalogStage as CatalogStage
from registry_constructs.consumers.ecs.ec2_capacity import Ec2Capacity as Ec2Capacity
from registry_constructs.consumers.ecs.ec2_service import Ec2Service as Ec2Service
from registry_constructs.consumers.ecs.fargate_service import CapacityMix as CapacityMix
from registry_constructs.consumers.ecs.fargate_service import FargateService as FargateService
from registry_constructs.consumers.ecs.fargate_task import FargateTask as FargateTask
from registry_constructs.consumers.ecs.load_balancer import LoadBalancer as LoadBalancer
from registry_constructs.consumers.ecs.scaling import Scaling as Scaling
from registry_constructs.consumers.eks.cluster import EksCluster as EksCluster
from registry_constructs.consumers.eks.nodes import Nodes as Nodes
from registry_constructs.consumers.eks.workload import KubernetesWorkload as KubernetesWorkload
from registry_constructs.consumers.eks.workload_description import Autoscaling as Autoscaling
from registry_constructs.consumers.eks.workload_description import HealthChecks as HealthChecks
from registry_constructs.consumers.eks.workload_description import SecretKey as SecretKey
from registry_constructs.consumers.lambda_.image_function import ImageFunction as ImageFunction
from registry_constructs.consumers.network.private_access import (
    PrivateRegistryAccess as PrivateRegistryAccess,
)
from registry_constructs.delivery.build.delivery_pipeline import DeliveryPipeline as DeliveryPipeline
from registry_constructs.delivery.build.deployed_image import DeployedImage as DeployedImage
from registry_constructs.delivery.build.image_build import ImageBuild as ImageBuild
from registry_constructs.delivery.deploy_on_push.deploy_on_push import DeployOnPush as DeployOnPush
from registry_constructs.delivery.deploy_on_push.pipeline_on_push import PipelineOnPush as PipelineOnPush
from registry_constructs.delivery.promotion.promotion import Promotion as Promotion
from registry_constructs.delivery.publishers.bitbucket import BitbucketPublisher as BitbucketPublisher
from registry_constructs.delivery.publishers.github import GitHubPublisher as GitHubPublisher
from registry_constructs.delivery.publishers.gitlab import GitLabPublisher as GitLabPublisher
from registry_constructs.delivery.scan_gate.action import ScanGateAction as ScanGateAction
from registry_constructs.delivery.scan_gate.exceptions import FindingException as FindingException
from registry_constructs.delivery.scan_gate.exceptions import (
    UnsupportedImageException as UnsupportedImageException,
)
from registry_constructs.delivery.scan_gate.gate import ScanGate as ScanGate
from registry_constructs.ecr.errors import InvalidInputError as InvalidInputError
from registry_constructs.ecr.errors import MissingExtraError as MissingExtraError
from registry_constructs.ecr.errors import RegistryConstructsError as RegistryConstructsError
from registry_constructs.ecr.lifecycle import LifecyclePolicy as LifecyclePolicy
from registry_constructs.ecr.lifecycle import LifecycleRule as LifecycleRule
from registry_constructs.ecr.lifecycle import LifecycleWarning as LifecycleWarning
from registry_constructs.ecr.lifecycle import presets as presets
from registry_constructs.guardrails.pinned_images import PinnedImages as PinnedImages
from registry_constructs.guardrails.registry_checks import RegistryChecks as RegistryChecks
from registry_constructs.guardrails.safe_repositories import SafeRepositories as SafeRepositories
from registry_constructs.guardrails.safe_repository import SafeRepository as SafeRepository
from registry_constructs.images.image import Image as Image
from registry_constructs.monitoring.alarms import RegistryAlarms as RegistryAlarms
from registry_constructs.monitoring.dashboard import RegistryDashboard as RegistryDashboard
from registry_constructs.monitoring.failures import RegistryFailures as RegistryFailures
from registry_constructs.monitoring.notifications.notifications import Notifications as Notifications
from registry_constructs.monitoring.scan_findings import ScanFindings as ScanFindings
from registry_constructs.registry import AccountSettings as AccountSettings
from registry_constructs.registry import ManagedSigning as ManagedSigning
from registry_constructs.registry import PullThroughCache as PullThroughCache
from registry_constructs.registry import PullTimeExclusion as PullTimeExclusion
from registry_constructs.registry import Registry as Registry
from registry_constructs.registry import Replication as Replication
from registry_constructs.registry import RepositoryCreationTemplate as RepositoryCreationTemplate
from registry_constructs.registry import RepositorySettings as RepositorySettings
from registry_constructs.registry import Scanning as Scanning
from registry_constructs.registry import Upstream as Upstream
from registry_constructs.registry.rollout import Rollout as Rollout
from registry_constructs.registry.stack_set import RegistryStackSet as RegistryStackSet
from registry_constructs.repository import PublicRepository as PublicRepository
from registry_constructs.repository import Repository as Repository
from registry_constructs.rules.rule import Severity as Severity
