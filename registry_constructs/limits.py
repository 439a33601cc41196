"""Amazon ECR's numbers and patterns, each written once, with the page or schema it comes from.

UG is the Amazon ECR User Guide, API the ECR API reference (botocore's service model), CFN the CloudFormation
provider schema of the type named. Where service and schema differ, the stricter one stands here.
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

RESOURCE_TAGS: Final = 50
"""Tags on one repository (CFN AWS::ECR::Repository Tags)."""

REPOSITORY_POLICY_LENGTH: Final = 10_240
"""Characters in a repository policy (API RepositoryPolicyText)."""

# Tag mutability -----------------------------------------------------------------------------------------

EXCLUSION_FILTERS: Final = (1, 5)
"""Exclusion filters of one repository (CFN AWS::ECR::Repository ImageTagMutabilityExclusionFilters)."""

EXCLUSION_FILTER: Final = re.compile(r"[0-9a-zA-Z._*-]{1,128}")
"""One exclusion filter; `*` stands for any run of characters (same schema). Match it whole."""

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

# Images -------------------------------------------------------------------------------------------------

IMAGE_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""An image tag (OCI distribution specification). Match it whole."""

# Accounts and organizations -----------------------------------------------------------------------------

ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
"""An AWS account's id (API RegistryId). Match it whole."""

ORGANIZATION_ID: Final = re.compile(r"o-[a-z0-9]{10,32}")
"""An organization's id (API Organizations OrganizationId). Match it whole."""

ORGANIZATIONAL_UNIT_ID: Final = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}")
"""An organizational unit's id (API Organizations OrganizationalUnitId). Match it whole."""
