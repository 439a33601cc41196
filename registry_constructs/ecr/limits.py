"""Amazon ECR's numbers and patterns, each written once, with the page or schema it comes from.

UG is the Amazon ECR User Guide, API the ECR API reference (botocore's service model), CFN the CloudFormation
provider schema of the type named. Where service and schema differ, the stricter one is here.
"""

from __future__ import annotations

import re
from typing import Final

# Repositories -------------------------------------------------------------------------------------------

REPOSITORY_NAME_LENGTH: Final = (2, 256)
"""Characters in a private repository's name (CFN AWS::ECR::Repository RepositoryName)."""

REPOSITORY_NAME: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""A private repository's name (CFN AWS::ECR::Repository RepositoryName). Match it whole."""

PUBLIC_REPOSITORY_NAME_LENGTH: Final = (2, 205)
"""Characters in a public repository's name (API ecr-public RepositoryName; CFN would take 256)."""

PUBLIC_REPOSITORY_NAME: Final = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
"""A public repository's name: single separators only (CFN AWS::ECR::PublicRepository). Match it whole."""

REPOSITORIES: Final = 100_000
"""Private repositories of a registry; the quota can be raised (UG service-quotas)."""

IMAGES: Final = 100_000
"""Images of one repository; the quota can be raised (UG service-quotas)."""

RESOURCE_TAGS: Final = 50
"""Tags on one repository (CFN AWS::ECR::Repository Tags)."""

REPOSITORY_POLICY_LENGTH: Final = 10_240
"""Characters in a repository policy (API RepositoryPolicyText)."""

# Tag mutability -----------------------------------------------------------------------------------------

EXCLUSION_FILTERS: Final = (1, 5)
"""Exclusion filters of one repository (CFN AWS::ECR::Repository ImageTagMutabilityExclusionFilters)."""

EXCLUSION_FILTER: Final = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
"""One exclusion filter; `*` matches any characters (same schema). Match it whole."""

# Public repositories ------------------------------------------------------------------------------------

PUBLIC_REPOSITORY_REGION: Final = "us-east-1"
"""The only Region with AWS::ECR::PublicRepository and the ecr-public API (CFN, ECR Public guide)."""

PUBLIC_ABOUT_LENGTH: Final = 10_240
"""Characters of AboutText and of UsageText (CFN AWS::ECR::PublicRepository; the API would take 25,600)."""

PUBLIC_DESCRIPTION_LENGTH: Final = 1_024
"""Characters of RepositoryDescription (CFN AWS::ECR::PublicRepository)."""

PUBLIC_PLATFORMS: Final = 50
"""Entries in Architectures and in OperatingSystems, each of 1 to 50 characters (same schema)."""

# Lifecycle policies -------------------------------------------------------------------------------------

LIFECYCLE_RULES: Final = (1, 50)
"""Rules in one lifecycle policy (UG service-quotas)."""

LIFECYCLE_POLICY_LENGTH: Final = (100, 30_720)
"""Characters of a lifecycle policy's text (API LifecyclePolicyText, UG service-quotas)."""

LIFECYCLE_PATTERN_WILDCARDS: Final = 4
"""`*` in one string of tagPatternList (UG lifecycle-policy-parameters)."""

LIFECYCLE_ARCHIVE_DAYS: Final = 90
"""The least days an image stays archived before a rule may expire it (UG lifecycle-policy-parameters)."""

# The registry -------------------------------------------------------------------------------------------

REPLICATION_RULES: Final = 10
"""Rules of a registry's replication configuration (UG service-quotas; CFN would take 25)."""

REPLICATION_DESTINATIONS: Final = 25
"""Different destinations across all replication rules of a registry (UG service-quotas)."""

REPLICATION_FILTERS: Final = 100
"""Repository filters of one replication rule (UG service-quotas)."""

REPLICATION_PREFIX_LENGTH: Final = (2, 256)
"""Characters of a replication rule's prefix (CFN AWS::ECR::ReplicationConfiguration RepositoryFilter)."""

REPLICATION_PREFIX: Final = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*")
"""A replication rule's prefix (same schema). Match it whole."""

PULL_THROUGH_CACHE_RULES: Final = 50
"""Pull-through cache rules of a registry (UG service-quotas)."""

REGIONS_WITHOUT_PULL_THROUGH_CACHE: Final = frozenset(
    {"cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"}
)
"""Regions without pull-through caches, although CloudFormation lists the type (UG pull-through-cache)."""

CACHE_PREFIX_LENGTH: Final = (2, 30)
"""Characters of a pull-through cache's prefix, and of the prefix upstream; the pattern is TEMPLATE_PREFIX
(CFN AWS::ECR::PullThroughCacheRule)."""

PULL_THROUGH_CACHE_SECRET: Final = re.compile(
    r"arn:[a-zA-Z-]+:secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):secret:"
    r"(?P<name>ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+)"
)
"""The ARN of a secret for a pull-through cache (CFN AWS::ECR::PullThroughCacheRule CredentialArn)."""

SCANNING_FILTERS: Final = 100
"""Repository filters of one scanning rule (API ScanningRepositoryFilterList); each frequency has one rule."""

SCANNING_FILTER: Final = re.compile(r"(?=.{1,255}$)[a-z0-9*]+(?:[._/-][a-z0-9*]+)*")
"""One scanning filter; `*` matches any characters (CFN AWS::ECR::RegistryScanningConfiguration)."""

SIGNING_RULES: Final = 10
"""Rules of a registry's signing configuration (UG managed-signing; CFN would take 50)."""

SIGNING_FILTERS: Final = 100
"""Repository filters of one signing rule (UG managed-signing)."""

SIGNING_FILTER: Final = re.compile(
    r"(?=.{1,256}$)(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*"
)
"""One signing filter; `*` matches any characters (CFN AWS::ECR::SigningConfiguration)."""

REGIONS_WITHOUT_SIGNING: Final = frozenset(
    {
        "ap-east-2",
        "ap-northeast-3",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "cn-north-1",
        "cn-northwest-1",
        "eu-central-2",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "mx-central-1",
    }
)
"""Regions whose CloudFormation has no AWS::ECR::SigningConfiguration (provider schemas of 2026-10)."""

PULL_TIME_EXCLUSIONS: Final = 100
"""Principals of an account whose pulls don't count (UG pull-time-update-exclusions)."""

REGISTRY_POLICY_LENGTH: Final = 10_240
"""Characters of a registry policy (API RegistryPolicyText)."""

# Repository creation templates --------------------------------------------------------------------------

ROOT_PREFIX: Final = "ROOT"
"""The prefix that matches every repository name (UG repository-creation-templates)."""

TEMPLATE_PREFIX_LENGTH: Final = (1, 256)
"""Characters of a creation template's prefix (CFN AWS::ECR::RepositoryCreationTemplate Prefix)."""

TEMPLATE_PREFIX: Final = re.compile(
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*/?|ROOT"
)
"""A creation template's prefix; a `/` at its end is assumed (same schema). Match it whole."""

TEMPLATE_DESCRIPTION_LENGTH: Final = 256
"""Characters of a creation template's description (same schema)."""

TEMPLATE_TAG_LENGTHS: Final = (128, 256)
"""Characters of a tag's key and of its value in a creation template (same schema, ResourceTags)."""

# Images -------------------------------------------------------------------------------------------------

IMAGE_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""An image tag (OCI distribution specification). Match it whole."""

IMAGE_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
"""An image's digest (OCI image specification, descriptor). Match it whole."""

# Events -------------------------------------------------------------------------------------------------

EVENT_PATTERN_LENGTH: Final = 2_048
"""Characters of a rule's event pattern; the quota can be raised (Amazon EventBridge User Guide, quotas)."""

# Pipelines ----------------------------------------------------------------------------------------------

PIPELINE_VALUE_LENGTH: Final = 1_000
"""Characters of one value of an action's configuration (CodePipeline API, ActionConfigurationValue)."""

# Accounts and organizations -----------------------------------------------------------------------------

ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
"""An AWS account's id (API RegistryId). Match it whole."""

ORGANIZATION_ID: Final = re.compile(r"o-[a-z0-9]{10,32}")
"""An organization's id (API Organizations OrganizationId). Match it whole."""

ORGANIZATIONAL_UNIT_ID: Final = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}")
"""An organizational unit's id (API Organizations OrganizationalUnitId). Match it whole."""

STACK_SET_UNIT: Final = re.compile(rf"{ORGANIZATIONAL_UNIT_ID.pattern}|r-[a-z0-9]{{4,32}}")
"""A StackSet's target: a unit, or the root of all (CFN AWS::CloudFormation::StackSet). Match it whole."""

STACK_SET_UNITS: Final = 50
"""Units that a StackSet creates, updates or deletes stacks in at once (API CreateStackInstances)."""

STACK_SET_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,127}")
"""A StackSet's name (CFN AWS::CloudFormation::StackSet StackSetName). Match it whole."""

STACK_SET_DESCRIPTION_LENGTH: Final = (1, 1_024)
"""Characters of a StackSet's description (same schema)."""

REGION: Final = re.compile(r"[a-z0-9-]{2,25}")
"""A Region's name (CFN AWS::ECR::ReplicationConfiguration ReplicationDestination). Match it whole."""
