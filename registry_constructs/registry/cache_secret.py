"""The secret with which ECR signs in to a pull-through cache's upstream."""

from __future__ import annotations

import json
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.places import stack_set_regions

SECRET_PREFIX: Final = "ecr-pullthroughcache/"  # noqa: S105 - a name, not a secret
"""What the name of a cache's secret begins with (UG pull-through-cache-creating-secret)."""

_NO_OWN_KEY = (
    "Amazon ECR reads a pull-through cache's secret with Secrets Manager's own key only: one with a "
    "customer-managed key makes every pull fail (ECR User Guide, creating a secret for a pull-through cache)."
)
_NO_ROTATION = (
    "The secret holds a token that another company's registry issued, and AWS has no rotation for it: it is "
    "renewed there and put into the secret."
)
SECRET_FINDINGS: Final = {
    "AwsSolutions-SMG4": _NO_ROTATION,
    "HIPAA.Security-SecretsManagerRotationEnabled": _NO_ROTATION,
    "HIPAA.Security-SecretsManagerUsingKMSKey": _NO_OWN_KEY,
    "NIST.800.53.R4-SecretsManagerUsingKMSKey": _NO_OWN_KEY,
    "NIST.800.53.R5-SecretsManagerRotationEnabled": _NO_ROTATION,
    "NIST.800.53.R5-SecretsManagerUsingKMSKey": _NO_OWN_KEY,
    "PCI.DSS.321-SecretsManagerUsingKMSKey": _NO_OWN_KEY,
}
"""cdk-nag's rules that are acknowledged on a cache's secret, and why."""


def make_secret(scope: Construct, *, prefix: str, host: str) -> secretsmanager.Secret:
    """A secret with the right name and keys, whose values a person has to put in."""
    name = f"{SECRET_PREFIX}{prefix}"
    secret = secretsmanager.Secret(
        scope,
        "Credentials",
        secret_name=name,
        description=f"User name and access token for the cache of {host}",
        # A template can't hold the real values, and ECR wants the keys to be there.
        generate_secret_string=secretsmanager.SecretStringGenerator(
            secret_string_template=json.dumps({"username": "to-be-replaced"}),
            generate_string_key="accessToken",
        ),
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    for rule, reason in SECRET_FINDINGS.items():
        cdk.Validations.of(secret).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
    if stack_set_regions(scope) is not None:
        cdk.Validations.of(scope).add_warning(
            "registry-constructs:stack-set-credentials",
            f"Every account and Region gets a secret {name} of its own, and nothing is cached there before "
            "somebody has put credentials into it. The secret outlives its stack, and a stack that is made "
            "again finds its name taken. Keep caches that need credentials to one account.",
        )
    cdk.Annotations.of(scope).add_info(
        f"After the first deployment, put the credentials of {host} into the secret: "
        f"aws secretsmanager put-secret-value --secret-id {name} --secret-string "
        """'{"username": "...", "accessToken": "..."}'"""
    )
    return secret


def check_secret(secret: secretsmanager.ISecret, stack: cdk.Stack) -> None:
    """Refuse what ECR would refuse at deployment, or at the first pull."""
    if secret.encryption_key is not None:
        raise InvalidInputError(
            "ECR can't read a secret that is encrypted with a key of your own",
            got=secret.encryption_key.node.path,
            allowed="a secret with Secrets Manager's own key, aws/secretsmanager",
            fix="leave encryption_key out of the secret",
        )
    resource = secret.node.default_child
    if isinstance(resource, secretsmanager.CfnSecret):
        # Without a name the CDK's property is a token without a value.
        name = stack.resolve(resource.name)
        if name is None or (isinstance(name, str) and not name.startswith(SECRET_PREFIX)):
            raise _wrong_secret(name, "give the secret such a secret_name")
    elif secret.secret_full_arn is None:
        raise InvalidInputError(
            "The secret's ARN is not known in full",
            got=secret.secret_arn,
            allowed="a complete ARN, with the six characters that Secrets Manager adds to the name",
            fix="import it with Secret.from_secret_complete_arn",
        )
    elif not is_token(arn := secret.secret_arn) and not limits.PULL_THROUGH_CACHE_SECRET.fullmatch(arn):
        raise _wrong_secret(arn, "store the credentials in a secret of that name")
    everywhere = stack_set_regions(stack) is not None
    for what, got, own in (
        ("Region", secret.env.region, stack.region),
        ("account", secret.env.account, stack.account),
    ):
        if not is_token(got) and got != own and (everywhere or not is_token(own)):
            raise InvalidInputError(
                f"The secret is in another {what}",
                got=f"{secret.node.path} in {what} {got}",
                allowed=f"a secret in {f'every {what}' if everywhere else f'{what} {own}'}",
                fix="store the credentials where the cache is",
            )


def _wrong_secret(got: object, fix: str) -> InvalidInputError:
    return InvalidInputError(
        "ECR reads credentials from secrets of one kind of name only",
        got=got,
        allowed=f"a name that begins with {SECRET_PREFIX}",
        fix=fix,
    )
