"""Renders repositories as CloudFormation resources, the same as `Repository` does for the same keywords."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from registry_constructs.catalog.description import RepositoryDescription
from registry_constructs.catalog.placement import TEMPLATE_BYTES, logical_id
from registry_constructs.ecr.actions import LAMBDA_PULL_ACTIONS, PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import parse_lambda_function
from registry_constructs.ecr.regions import partition_of

Json = dict[str, Any]

_DELETION: Final = {
    "RETAIN": ("Retain", "Retain"),
    "RETAIN_ON_UPDATE_OR_DELETE": ("RetainExceptOnCreate", "Retain"),
    "DESTROY": ("Delete", "Delete"),
}


DEFAULT_ENCRYPTION: Final = {"EncryptionType": "AES256"}
"""ECR's encryption of a resource that sets none (CFN AWS::ECR::Repository EncryptionConfiguration)."""


class StackEnvironment(NamedTuple):
    """The account and Region of a stack; None for what is known only at deployment.

    Attributes:
        account: The account's id.
        region: The Region.
    """

    account: str | None = None
    region: str | None = None

    @property
    def partition(self) -> str | None:
        """The partition of the Region."""
        if self.region is None:
            return None
        return partition_of(self.region).name

    def arn(self, *parts: str | None) -> Any:  # noqa: ANN401 - text or an intrinsic function
        """An ARN of this partition. A part is text, or None for the account or Region at its position."""
        texts = [self.partition, *parts]
        pseudo = {0: "AWS::Partition", 2: "AWS::Region", 3: "AWS::AccountId"}
        joined: list[Any] = ["arn:"]
        for index, text in enumerate(texts):
            if index:
                joined[-1:] = [joined[-1] + ":"] if isinstance(joined[-1], str) else [joined[-1], ":"]
            piece: Any = {"Ref": pseudo[index]} if text is None else text
            if isinstance(piece, str) and isinstance(joined[-1], str):
                joined[-1] += piece
            else:
                joined.append(piece)
        return joined[0] if len(joined) == 1 else {"Fn::Join": ["", joined]}


def resource(repository: RepositoryDescription, environment: StackEnvironment, key: object) -> Json:
    """Render a repository as a resource of a template.

    Args:
        repository: The description of the repository.
        environment: The account and Region of the stack.
        key: The value to use as the ARN of the customer managed key that repositories share.
    """
    deletion, replacement = _DELETION[repository.removal_policy]
    return {
        "Type": "AWS::ECR::Repository",
        "Properties": properties(repository, environment, key),
        "UpdateReplacePolicy": replacement,
        "DeletionPolicy": deletion,
    }


def properties(repository: RepositoryDescription, environment: StackEnvironment, key: object) -> Json:
    """Render the properties of a repository's resource."""
    filters = repository.mutability_filters
    suffix = "_WITH_EXCLUSION" if filters else ""
    rendered: Json = {
        "RepositoryName": repository.name,
        "ImageScanningConfiguration": {"ScanOnPush": repository.image_scan_on_push},
        "ImageTagMutability": repository.image_tag_mutability + suffix,
    }
    if repository.encryption != "AES_256":  # ECR's own default, which the CDK leaves out
        rendered["EncryptionConfiguration"] = _encryption(repository, key)
    if filters:
        rendered["ImageTagMutabilityExclusionFilters"] = [
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": value,
            }
            for value in filters
        ]
    if repository.lifecycle is not None:
        rendered["LifecyclePolicy"] = {"LifecyclePolicyText": repository.lifecycle.to_json()}
        if repository.lifecycle_registry_id:
            rendered["LifecyclePolicy"]["RegistryId"] = repository.lifecycle_registry_id
    if repository.empty_on_delete:
        rendered["EmptyOnDelete"] = True
    if statements := policy_statements(repository, environment):
        rendered["RepositoryPolicyText"] = {"Statement": statements, "Version": "2012-10-17"}
    if repository.tags:
        rendered["Tags"] = [{"Key": name, "Value": repository.tags[name]} for name in sorted(repository.tags)]
    return rendered


def policy_statements(repository: RepositoryDescription, environment: StackEnvironment) -> list[Json]:
    """Render the statements of the repository policy: one for each kind of access that is granted."""
    access = repository.access
    given = access.model_fields_set
    if not given:
        return []
    statements = []
    pullers = [*access.pull, *(_root(environment, account) for account in access.accounts)]
    if pullers:
        statements.append(_statement(PULL_ACTIONS, {"AWS": _one_or_all(pullers)}))
    if access.push:
        statements.append(_statement(PUSH_ACTIONS, {"AWS": _one_or_all(list(access.push))}))
    if "organization" in given:
        organization = access.organization
        conditions: Json = {"StringEquals": {"aws:PrincipalOrgID": organization.id}}
        if organization.units:
            paths = [f"{organization.id}/*/{unit}/*" for unit in organization.units]
            conditions["ForAnyValue:StringLike"] = {"aws:PrincipalOrgPaths": paths}
        statements.append(_statement(PULL_ACTIONS, {"AWS": "*"}, conditions))
    if access.lambda_functions:
        arns, accounts = _functions(access.lambda_functions, environment)
        condition = {"ArnLike": {"aws:SourceArn": arns}}
        statements.append(_statement(LAMBDA_PULL_ACTIONS, {"Service": "lambda.amazonaws.com"}, condition))
        if accounts:
            roots = [_root(environment, account) for account in accounts]
            statements.append(_statement(LAMBDA_PULL_ACTIONS, {"AWS": _one_or_all(roots)}))
    return statements


def policy_length(repository: RepositoryDescription, environment: StackEnvironment) -> int:
    """The length of the repository policy in characters, as ECR counts them."""
    if not repository.access.model_fields_set:
        return 0
    return len(
        json.dumps(
            {"Statement": policy_statements(repository, environment), "Version": "2012-10-17"},
            separators=(",", ":"),
        )
    )


def template_size(repositories: Sequence[RepositoryDescription], environment: StackEnvironment) -> int:
    """The size of a template with these repositories in bytes; far below the limit an upper estimate."""
    estimate = sum(_most_bytes(repository) for repository in repositories)
    if estimate <= TEMPLATE_BYTES:
        return estimate
    key = {"Fn::GetAtt": ["RegistryConstructsKey00000000", "Arn"]}
    return sum(
        len(logical_id(one.name)) + len(json.dumps(resource(one, environment, key))) for one in repositories
    )


def _most_bytes(repository: RepositoryDescription) -> int:
    """An upper estimate of the resource's size in bytes, without rendering it."""
    access = repository.access
    principals = (access.pull, access.push, access.accounts, access.lambda_functions)
    texts = [repository.name, *repository.mutability_filters, *repository.tags, *repository.tags.values()]
    lifecycle = repository.lifecycle.to_json() if repository.lifecycle else ""
    return (
        700
        + sum(len(text) + 60 for text in texts)
        + len(lifecycle)
        + lifecycle.count('"')  # which JSON in JSON escapes
        + (1_500 + 250 * sum(map(len, principals)) if access.model_fields_set else 0)
    )


def _encryption(repository: RepositoryDescription, key: object) -> Json:
    kind = repository.encryption or "KMS"
    if repository.encryption_key:
        return {"EncryptionType": kind, "KmsKey": repository.encryption_key}
    return {"EncryptionType": kind} if repository.encryption else {"EncryptionType": kind, "KmsKey": key}


def _functions(functions: Sequence[str], environment: StackEnvironment) -> tuple[list[Any], list[str]]:
    """The ARNs of Lambda functions, and the other accounts among them.

    Raises:
        InvalidInputError: For a function of another Region: Lambda pulls within a Region only.
    """
    arns: list[Any] = []
    accounts: set[str] = set()
    for function in functions:
        name, region, account = parse_lambda_function(function)
        if name is not None:
            arns.append(
                environment.arn("lambda", environment.region, environment.account, f"function:{name}")
            )
            continue
        if environment.region is not None and region != environment.region:
            raise InvalidInputError(
                "A Lambda function can't pull from a repository in another Region",
                got=function,
                allowed=f"functions in {environment.region}",
                fix="replicate the image to the function's Region and name the function there",
                where="access.lambda_functions",
            )
        arns.append(function)
        if account is not None and account != environment.account:
            accounts.add(account)
    return arns, sorted(accounts)


def _root(environment: StackEnvironment, account: str) -> Any:  # noqa: ANN401 - text or an intrinsic function
    return environment.arn("iam", "", account, "root")


def _one_or_all(values: list[Any]) -> Any:  # noqa: ANN401 - IAM takes a single one without a list
    return values[0] if len(values) == 1 else values


def _statement(actions: Sequence[str], principal: Json, conditions: Json | None = None) -> Json:
    statement: Json = {"Action": list(actions), "Effect": "Allow", "Principal": principal}
    if conditions:
        statement["Condition"] = conditions
    return statement
