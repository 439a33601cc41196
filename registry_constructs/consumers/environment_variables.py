"""Checks of environment variables in plain text, and conversion of secrets for ECS."""

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
    """Check that variable names are valid and that no value in plain text is a secret.

    Everyone who can read the template or the deployed resource can read plain-text values.

    Args:
        scope: The construct that the variables belong to.
        environment: The variables in plain text.
        secrets: The variables from secrets.
        fix: The advice of the error for a secret in plain text.

    Raises:
        InvalidInputError: For an invalid name, a name that is in both, a value that isn't text, and a value
            that is a secret by its name or its format.
    """
    for name in (*environment, *secrets):
        check_variable_name(name)
    both = sorted(environment.keys() & secrets.keys())
    if both:
        raise InvalidInputError(
            "A variable is in both environment and secrets",
            got=both,
            allowed="each name once",
            fix="leave it out of environment",
        )
    for name, value in environment.items():
        resolved = str(cdk.Stack.of(scope).resolve(value)) if is_token(value) else ""
        check_variable(name, value, fix=fix, resolved=resolved)


def as_ecs_secrets(secrets: Mapping[str, SecretValue]) -> dict[str, ecs.Secret]:
    """Convert secrets and parameters to `ecs.Secret`.

    Raises:
        InvalidInputError: For a value that is not a secret, and a parameter that isn't a SecureString.
    """
    return {name: _as_ecs_secret(name, value) for name, value in secrets.items()}


def grant_imported_keys(role: iam.Role, secrets: Mapping[str, SecretValue]) -> None:
    """Allow a role to decrypt secrets whose KMS key is imported.

    For reading a secret the CDK allows the decryption in the key's policy, which it can't change for an
    imported key.
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
    # The CDK's interfaces are protocols without a check at run time, so the attributes show the type.
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
                "can't create it",
            )
        return ecs.Secret.from_ssm_parameter(given)
    raise InvalidInputError(
        f"The value of {name} is not a secret",
        got=type(given).__name__,
        allowed="an ecs.Secret, a secret of Secrets Manager, a SecureString parameter",
        fix="write ecs.Secret.from_secrets_manager(secret, 'field') for one field of a secret",
    )
