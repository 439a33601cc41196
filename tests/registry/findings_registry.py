"""Accepted findings of cdk-nag and Checkov about registries, caches, with the reason."""

from __future__ import annotations

from registry_constructs.registry.cache_of_ecr import UPSTREAM_ROLE_REASON
from registry_constructs.registry.cache_secret import SECRET_FINDINGS
from registry_constructs.registry.creation_template import ROLE_REASON
from registry_constructs.repository.access import ORGANIZATION_REASON
from tests.registry import variants_registry
from tests.repository.findings_repository import ROLE_RULES

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

CHECKOV: dict[tuple[str, str], str] = {
    ("CKV_AWS_149", name): "ECR can't read a cache's secret that is encrypted with a key of one's own"
    for name in _CACHES_WITH_SECRET
}
CDK_NAG: dict[tuple[str, str], str] = {
    (rule, f"{role}/DefaultPolicy/Resource"): reason
    for role in (
        *(f"{name}/Cache/Template/Role" for name in _CACHE_PREFIXES),
        "cache-of-another-account/Cache/Role",
        "cache-with-grants/Puller",
    )
    for rule, reason in ROLE_RULES.items()
    if rule.endswith("IAMNoInlinePolicy")
}
CDK_NAG |= {
    (rule, "cache-with-grants/Puller/DefaultPolicy/Resource"): reason
    for rule, reason in {
        "AwsSolutions-IAM5[Resource::*]": ROLE_RULES["AwsSolutions-IAM5[Resource::*]"],
        f"{_CACHED}quay-for-all/*]": "the role may make repositories under the cache's prefix",
    }.items()
}
CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
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
    env = variants_registry.own_account(stack)
    if stack == "replication-region":
        env = variants_registry.own_account("replication", "eu-central-1")
    return f"arn:aws:ecr:{env.region}:{env.account}:repository/{names}"


CDK_NAG |= {
    (rule, f"{role}/DefaultPolicy/Resource"): reason
    for role in (*_TEMPLATE_ROLES, "signing/Pipeline")
    for rule, reason in ROLE_RULES.items()
    if rule.endswith("IAMNoInlinePolicy")
}
CDK_NAG_ACKNOWLEDGED |= {
    (f"AwsSolutions-IAM5[Resource::{_repositories(role, names)}]", role): ROLE_REASON
    for role, names in _TEMPLATE_ROLES.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-ECR1", "registry-policy/Registry"): ORGANIZATION_REASON,
    ("registry-constructs:registry-policy-scope", "registry-policy/Registry"): variants_registry.SCOPE_REASON,
}
