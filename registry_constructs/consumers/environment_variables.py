"""What a container's environment may hold in plain text, and what has to be a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import IConstruct

from registry_constructs.consumers.variable_names import check_variable, check_variable_name
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token

SecretValue = ecs.Secret | secretsmanager.ISecret | ssm.IParameter
"""A secret of Secrets Manager, one field of it, or a SecureString parameter of Systems Manager."""


def check_environment(
    scope: IConstruct,
    environment: Mapping[str, str],
    secrets: Mapping[str, SecretValue],
    *,
    fix: str = "store it in Secrets Manager, and let the program read it when it starts",
) -> None:
    """Refuse names that can't be, and secrets in plain text.

    Whoever may read the template, or what is made of it, sees plain text.

    Args:
        scope: What runs the program.
        environment: The variables in plain text.
        secrets: The variables from secrets.
        fix: Where a secret belongs.

    Raises:
        InvalidInputError: For a name that is none or stands in both, for a value that isn't text, and for
            one that is a secret by its name or by its look.
    """
    for name in (*environment, *secrets):
        check_variable_name(name)
    both = sorted(environment.keys() & secrets.keys())
    if both:
        raise InvalidInputError(
            "A variable stands in environment and in secrets",
            got=both,
            allowed="each name once",
            fix="leave it out of environment",
        )
    for name, value in environment.items():
        resolved = str(cdk.Stack.of(scope).resolve(value)) if is_token(value) else ""
        check_variable(name, value, fix=fix, resolved=resolved)


def as_ecs_secrets(secrets: Mapping[str, SecretValue]) -> dict[str, ecs.Secret]:
    """The secrets as ECS takes them.

    Raises:
        InvalidInputError: For a value that is none, and for a parameter that isn't a SecureString.
    """
    return {name: _as_ecs_secret(name, value) for name, value in secrets.items()}


def grant_imported_keys(role: iam.Role, secrets: Mapping[str, SecretValue]) -> None:
    """Let a role decrypt secrets whose key stands in no stack of the app.

    The CDK grants the reading of a secret, and allows the decryption in its key's policy: an imported key has
    none to write into.
    """
    stack = cdk.Stack.of(role)
    for value in secrets.values():
        key = getattr(value, "encryption_key", None)
        if hasattr(value, "secret_arn") and key is not None and not isinstance(key, kms.Key):
            service = f"secretsmanager.{stack.region}.amazonaws.com"
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt"],
                    resources=[key.key_arn],
                    conditions={"StringEquals": {"kms:ViaService": service}},
                )
            )


def _as_ecs_secret(name: str, value: SecretValue) -> ecs.Secret:
    # CDK's interfaces are protocols without a check at run time: what an object is, its attributes tell.
    given: Any = value
    if isinstance(given, ecs.Secret):
        return given
    if hasattr(given, "secret_arn"):
        return ecs.Secret.from_secrets_manager(given)
    if hasattr(given, "parameter_arn"):
        if isinstance(given, (ssm.StringParameter, ssm.StringListParameter)) or given.parameter_type in {
            "String",
            "StringList",
        }:
            raise InvalidInputError(
                f"The parameter of {name} is not encrypted",
                got=given.node.path,
                allowed="a SecureString parameter, or a secret of Secrets Manager",
                fix="import one with StringParameter.from_secure_string_parameter_attributes; CloudFormation "
                "can't make it",
            )
        return ecs.Secret.from_ssm_parameter(given)
    raise InvalidInputError(
        f"The value of {name} is no secret",
        got=type(given).__name__,
        allowed="an ecs.Secret, a secret of Secrets Manager, a SecureString parameter",
        fix="write ecs.Secret.from_secrets_manager(secret, 'field') for one field of a secret",
    )
