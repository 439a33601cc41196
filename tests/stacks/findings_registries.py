"""Accepted findings of cdk-nag and Checkov about the example's registries, with the reason."""

from __future__ import annotations

from registry_constructs.registry.account_settings.resource import ANY_RESOURCE_REASON
from registry_constructs.registry.cache_secret import SECRET_FINDINGS
from registry_constructs.registry.creation_template import ROLE_REASON
from tests.registry import findings_registry
from tests.repository.findings_repository import ROLE_RULES

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

CHECKOV: dict[tuple[str, str], str] = {
    ("CKV_AWS_51", "Repositories"): "a build cache writes the same tag with every build",
    ("CKV_AWS_115", "DestinationRegistry"): _ONE_CALLER,
    ("CKV_AWS_116", "DestinationRegistry"): _ONE_CALLER,
    ("CKV_AWS_117", "DestinationRegistry"): _NO_NETWORK,
    ("CKV_AWS_149", "SourceRegistry"): findings_registry.CHECKOV["CKV_AWS_149", "cache-of-docker-hub"],
    ("CKV_AWS_158", "DestinationRegistry"): _NO_SECRET,
}
CDK_NAG: dict[tuple[str, str], str] = {
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
    for rule, reason in ROLE_RULES.items()
    if rule.endswith("IAMNoInlinePolicy")
}
CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    (f"AwsSolutions-IAM5[Resource::{_EXAMPLE_ARNS[role.partition('/')[0]]}{names}]", role): ROLE_REASON
    for role, names in _EXAMPLE_ROLES.items()
}
CDK_NAG_ACKNOWLEDGED |= {
    (rule, "SourceRegistry/DockerHub/Credentials"): reason for rule, reason in SECRET_FINDINGS.items()
}
CDK_NAG_ACKNOWLEDGED["AwsSolutions-IAM5[Resource::*]", f"{_SETTINGS}/Role"] = ANY_RESOURCE_REASON
