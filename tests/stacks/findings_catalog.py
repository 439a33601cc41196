"""Accepted findings of cdk-nag and Checkov about the example's catalog, with the reason."""

from __future__ import annotations

from registry_constructs import Catalog
from registry_constructs.catalog.placement import logical_id
from registry_constructs.delivery.publishers.publisher import TOKEN_REASON
from registry_constructs.registry.creation_template import ROLE_REASON
from registry_constructs.repository.access import ORGANIZATION_REASON
from tests.synthesis import ROOT

_CATALOG = Catalog.load(ROOT / "examples" / "catalog")
_PUBLISHERS = [f"{name}/Publishers/checkout-ci/Role" for name in ("production", "staging")]
_TEMPLATES = {
    "production/Registry/Cache-public/Template/Role": "eu-west-1:555566667777:repository/public",
    "staging/Registry/Cache-public/Template/Role": "eu-west-1:444455556666:repository/public",
    "standby/Registry/Registry/Replicas/checkout/Role": "eu-central-1:555566667777:repository/checkout",
    "standby/Registry/Registry/Replicas/payments/Role": "eu-central-1:555566667777:repository/payments",
}
_OF_ORGANIZATION = [
    f"{name}/{_CATALOG.stack(one)}/Catalog/{logical_id(one.name)}"
    for name in _CATALOG.environments
    for one in _CATALOG.repositories(name)
    if "organization" in one.access.model_fields_set
]

CHECKOV: dict[tuple[str, str], str] = {}

CDK_NAG: dict[tuple[str, str], str] = {
    (
        rule,
        f"{role}/DefaultPolicy/Resource",
    ): "the CDK writes a role's grants into a policy of its own"
    for rule in (
        "HIPAA.Security-IAMNoInlinePolicy",
        "NIST.800.53.R4-IAMNoInlinePolicy",
        "NIST.800.53.R5-IAMNoInlinePolicy",
        "PCI.DSS.321-IAMNoInlinePolicy",
    )
    for role in [*_PUBLISHERS, *_TEMPLATES]
}

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = (
    {("AwsSolutions-IAM5[Resource::*]", role): TOKEN_REASON for role in _PUBLISHERS}
    | {
        (f"AwsSolutions-IAM5[Resource::arn:aws:ecr:{start}/*]", role): ROLE_REASON
        for role, start in _TEMPLATES.items()
    }
    | {("AwsSolutions-ECR1", path): ORGANIZATION_REASON for path in _OF_ORGANIZATION}
)
