"""Every finding that stands, with its reason: here and in the modules of the consumers, nowhere else.

A reason without a finding fails the tests.
"""

from __future__ import annotations

from registry_constructs.registry.account_settings.resource import ANY_RESOURCE_REASON
from registry_constructs.registry.cache_of_ecr import UPSTREAM_ROLE_REASON
from registry_constructs.registry.cache_secret import SECRET_FINDINGS
from registry_constructs.registry.creation_template import ROLE_REASON
from registry_constructs.repository.access import ORGANIZATION_REASON
from tests import variants
from tests.scanners import (
    exceptions_access,
    exceptions_build,
    exceptions_catalog,
    exceptions_delivery,
    exceptions_ecs,
    exceptions_eks,
    exceptions_findings,
    exceptions_gate,
    exceptions_organization,
    exceptions_promotion,
    exceptions_publishers,
    exceptions_rollout,
)

_ASKED = "asked for by name in the code"
_DUAL_LAYER = "KMS_DSSE is stronger than what the check knows: it compares with KMS to the letter"
_EXCLUSION = "the check knows no exclusion filters; all tags but those named are immutable"
_AES_256 = "asked for by name, to take over a repository that was made without a key"

CHECKOV: dict[tuple[str, str], str] = {
    (
        "CKV_AWS_107",
        "public",
    ): "a client that pushes needs a token; its actions know no resource but *",
    ("CKV_AWS_136", "encryption-aes-256"): _AES_256,
    ("CKV_AWS_136", "encryption-two-layers"): _DUAL_LAYER,
    (
        "CKV_AWS_163",
        "scanning-left-to-the-registry",
    ): "the registry's own rules scan; CloudFormation can't show it",
    ("CKV_AWS_51", "tags-mutable"): _ASKED,
    ("CKV_AWS_51", "tags-mutable-except"): _ASKED,
    ("CKV_AWS_51", "tags-immutable-except"): _EXCLUSION,
    ("CKV_AWS_51", "Repositories"): "a build cache writes the same tag with every build",
}
"""Check and template."""

_ROLE_RULES = {
    "AwsSolutions-IAM5[Resource::*]": "a token is asked for on *: its actions know no resource",
    "HIPAA.Security-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
    "NIST.800.53.R4-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
    "NIST.800.53.R5-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
    "PCI.DSS.321-IAMNoInlinePolicy": "the CDK writes a role's grants into a policy of its own",
}
_ROLES = ("all-grants/Pipeline", "imported/Role", "public/Role")

CDK_NAG: dict[tuple[str, str], str] = {
    (rule, f"{role}/DefaultPolicy/Resource"): reason
    for role in _ROLES
    for rule, reason in _ROLE_RULES.items()
}
"""Rule and construct: the roles that the variants' grants are tried on."""

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    ("AwsSolutions-ECR1", "all-grants/App"): ORGANIZATION_REASON,
}
"""Rule and construct, as the library acknowledges them itself."""

# Pull-through caches ------------------------------------------------------------------------------------

_CACHES_WITH_SECRET = [
    f"cache-of-{name}" for name in ("azure", "chainguard", "docker-hub", "github", "gitlab")
]
_CACHE_PREFIXES = {
    "cache-of-an-upstream-prefix": "base/*",
    "cache-of-another-account": "account/*",
    "cache-of-another-region": "region/*",
    "cache-of-azure": "azure/*",
    "cache-of-chainguard": "chainguard/*",
    "cache-of-docker-hub": "docker-hub/*",
    "cache-of-ecr-public": "ecr-public/*",
    "cache-of-github": "github/*",
    "cache-of-gitlab": "gitlab/*",
    "cache-of-kubernetes": "k8s/*",
    "cache-of-quay": "quay/*",
    "cache-with-grants": "quay-for-all/*",
    "cache-with-own-settings": "own/*",
    "cache-without-prefix": "*",
}
_CACHED = "AwsSolutions-IAM5[Resource::arn:aws:ecr:eu-west-1:555566667777:repository/"
_UPSTREAM = "AwsSolutions-IAM5[Resource::arn:aws:ecr:eu-west-1:222233334444:repository/"

CHECKOV |= {
    ("CKV_AWS_149", name): "ECR can't read a cache's secret that is encrypted with a key of one's own"
    for name in _CACHES_WITH_SECRET
}
CDK_NAG |= {
    (rule, f"{role}/DefaultPolicy/Resource"): reason
    for role in (
        *(f"{name}/Cache/Template/Role" for name in _CACHE_PREFIXES),
        "cache-of-another-account/Cache/Role",
        "cache-with-grants/Puller",
    )
    for rule, reason in _ROLE_RULES.items()
    if rule.endswith("IAMNoInlinePolicy")
}
CDK_NAG |= {
    (rule, "cache-with-grants/Puller/DefaultPolicy/Resource"): reason
    for rule, reason in {
        "AwsSolutions-IAM5[Resource::*]": _ROLE_RULES["AwsSolutions-IAM5[Resource::*]"],
        f"{_CACHED}quay-for-all/*]": "the role may make repositories under the cache's prefix",
    }.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    (rule, f"{name}/Cache/Credentials"): reason
    for name in _CACHES_WITH_SECRET
    for rule, reason in SECRET_FINDINGS.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    (f"{_CACHED}{names}]", f"{name}/Cache/Template/Role"): ROLE_REASON
    for name, names in _CACHE_PREFIXES.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    (rule, "cache-of-another-account/Cache/Role"): UPSTREAM_ROLE_REASON
    for rule in ("AwsSolutions-IAM5[Resource::*]", f"{_CACHED}account/*]", f"{_UPSTREAM}shop/base/*]")
}
CDK_NAG_ACKNOWLEDGED["AwsSolutions-ECR1", "cache-with-grants/Registry"] = ORGANIZATION_REASON

# The registry -------------------------------------------------------------------------------------------

_TEMPLATE_ROLES = {
    "replication-account/Registry/Replicas/base/Role": "base/*",
    "replication-account/Registry/Replicas/shop/Role": "shop/*",
    "replication-from-elsewhere/Registry/Replicas/ROOT/Role": "*",
    "replication-from-elsewhere/Registry/Replicas/shop/Role": "shop/*",
    "replication-region/Registry/Replicas/ROOT/Role": "*",
    "replication-region/Registry/Replicas/base/Role": "base/*",
    "replication-region/Registry/Replicas/shop/Role": "shop/*",
    "template-create-on-push/Template/Role": "shop/*",
    "template-pull-through-cache/Template/Role": "docker-hub/*",
    "template-replication/Template/Role": "shop/*",
    "template-root/Template/Role": "*",
    "template-with-everything/Template/Role": "shop/*",
}


def _repositories(role: str, names: str) -> str:
    """What cdk-nag calls the repositories that a template's role may create."""
    stack = role.partition("/")[0]
    env = variants.own_account(stack)
    if stack == "replication-region":
        env = variants.own_account("replication", "eu-central-1")
    return f"arn:aws:ecr:{env.region}:{env.account}:repository/{names}"


CDK_NAG |= {
    (rule, f"{role}/DefaultPolicy/Resource"): reason
    for role in (*_TEMPLATE_ROLES, "signing/Pipeline")
    for rule, reason in _ROLE_RULES.items()
    if rule.endswith("IAMNoInlinePolicy")
}
CDK_NAG_ACKNOWLEDGED |= {
    (f"AwsSolutions-IAM5[Resource::{_repositories(role, names)}]", role): ROLE_REASON
    for role, names in _TEMPLATE_ROLES.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-ECR1", "registry-policy/Registry"): ORGANIZATION_REASON,
    ("registry-constructs:registry-policy-scope", "registry-policy/Registry"): variants.SCOPE_REASON,
}

# The example app's registries ---------------------------------------------------------------------------

_NO_SECRET = "the log names settings and their values, no secret; CloudWatch encrypts it with its own key"
_ONE_CALLER = "CloudFormation alone calls the function, once for each change, and reports its failure"
_NO_NETWORK = "the function calls ECR and CloudFormation, and nothing that is in a VPC"
_SETTINGS = "DestinationRegistry/Registry/AccountSettings"
_EXAMPLE_ROLES = {
    "DestinationRegistry/Kubernetes/Template/Role": "kubernetes/*",
    "DestinationRegistry/Registry/Replicas/platform/Role": "platform/*",
    "DestinationRegistry/Registry/Replicas/shop/Role": "shop/*",
    "SourceRegistry/DockerHub/Template/Role": "docker-hub/*",
    "SourceRegistry/Experiments/Role": "experiments/*",
}
_EXAMPLE_ARNS = {
    "DestinationRegistry": "arn:aws:ecr:eu-central-1:222233334444:repository/",
    "SourceRegistry": "arn:aws:ecr:eu-west-1:111122223333:repository/",
}
_FOUR_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")

CHECKOV |= {
    ("CKV_AWS_115", "DestinationRegistry"): _ONE_CALLER,
    ("CKV_AWS_116", "DestinationRegistry"): _ONE_CALLER,
    ("CKV_AWS_117", "DestinationRegistry"): _NO_NETWORK,
    ("CKV_AWS_149", "SourceRegistry"): CHECKOV["CKV_AWS_149", "cache-of-docker-hub"],
    ("CKV_AWS_158", "DestinationRegistry"): _NO_SECRET,
}
CDK_NAG |= {
    (f"{pack}-{rule}", f"{_SETTINGS}/{construct}/Resource"): reason
    for rule, construct, reason in (
        ("CloudWatchLogGroupEncrypted", "Logs", _NO_SECRET),
        ("IAMNoInlinePolicy", "Role", "the policy is this role's alone, and goes with it"),
        ("LambdaInsideVPC", "Function", _NO_NETWORK),
    )
    for pack in _FOUR_PACKS
}
CDK_NAG |= {
    (rule, f"{_SETTINGS}/{construct}/Resource"): reason
    for rule, construct, reason in (
        ("HIPAA.Security-LambdaConcurrency", "Function", _ONE_CALLER),
        ("HIPAA.Security-LambdaDLQ", "Function", _ONE_CALLER),
        ("NIST.800.53.R5-LambdaConcurrency", "Function", _ONE_CALLER),
        ("NIST.800.53.R5-LambdaDLQ", "Function", _ONE_CALLER),
        ("Serverless-LambdaDLQ", "Function", _ONE_CALLER),
        ("Serverless-LambdaStarPermissions", "Role", ANY_RESOURCE_REASON),
        ("Serverless-LambdaTracing", "Function", "a trace of one call for each deployment shows nothing"),
    )
}
CDK_NAG |= {
    (rule, f"{role}/DefaultPolicy/Resource"): reason
    for role in _EXAMPLE_ROLES
    for rule, reason in _ROLE_RULES.items()
    if rule.endswith("IAMNoInlinePolicy")
}
CDK_NAG_ACKNOWLEDGED |= {
    (f"AwsSolutions-IAM5[Resource::{_EXAMPLE_ARNS[role.partition('/')[0]]}{names}]", role): ROLE_REASON
    for role, names in _EXAMPLE_ROLES.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    (rule, "SourceRegistry/DockerHub/Credentials"): reason for rule, reason in SECRET_FINDINGS.items()
}
CDK_NAG_ACKNOWLEDGED["AwsSolutions-IAM5[Resource::*]", f"{_SETTINGS}/Role"] = ANY_RESOURCE_REASON

# The other modules --------------------------------------------------------------------------------------

for other in (
    exceptions_access,
    exceptions_build,
    exceptions_catalog,
    exceptions_delivery,
    exceptions_ecs,
    exceptions_eks,
    exceptions_findings,
    exceptions_gate,
    exceptions_organization,
    exceptions_promotion,
    exceptions_publishers,
    exceptions_rollout,
):
    CHECKOV |= other.CHECKOV
    CDK_NAG |= other.CDK_NAG
    CDK_NAG_ACKNOWLEDGED |= other.CDK_NAG_ACKNOWLEDGED
