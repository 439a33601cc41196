"""Read permissions of a scan gate's function, in its own account and in the registry's."""

from __future__ import annotations

import hashlib
from typing import Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.delivery.scan_gate.demands import Demands
from registry_constructs.ecr.actions import INSPECTOR_ACTIONS, scan_actions
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.registry.deployment_order import deploy_first
from registry_constructs.registry.merged import MergedRegistry, registry_of

INSPECTOR_REASON: Final = (
    "inspector2:ListCoverage and inspector2:ListFindings have no resource type (Service Authorization "
    "Reference, Amazon Inspector2), so a policy can only name *."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged where a role may read enhanced scans."""


def ecr_statement(repository_arn: str, demands: Demands) -> iam.PolicyStatement:
    """The statement that allows reading scans from ECR."""
    actions = scan_actions(signed=demands.signed_by is not None, start=demands.start_scan)
    return iam.PolicyStatement(actions=actions, resources=[repository_arn])


def grant_inspector(
    role: iam.Role, document: iam.PolicyDocument, registry: IConstruct | None, *, reason: str = ""
) -> None:
    """Allow a role to read Inspector's scans, unless the app's registry uses basic scanning.

    Args:
        role: The role.
        document: Its policy.
        registry: A construct in a stack of the registry's account and Region; None if the app has none.
        reason: Why the policy names `*` already, if it does.
    """
    merged = None if registry is None else registry_of(registry)
    cdk.Aspects.of(role).add(_InspectorGrant(role, document, merged, reason))


@jsii.implements(cdk.IAspect)
class _InspectorGrant:
    """The Inspector grant, decided at synthesis, because scanning may be configured after the gate."""

    def __init__(
        self, role: iam.Role, document: iam.PolicyDocument, merged: MergedRegistry | None, reason: str
    ) -> None:
        self._role, self._document, self._merged, self._reasons = role, document, merged, [reason]

    def visit(self, node: IConstruct) -> None:
        if node is not self._role:
            return
        if self._merged is None or self._merged.scan_type != "BASIC":
            statement = iam.PolicyStatement(actions=list(INSPECTOR_ACTIONS), resources=["*"])
            self._document.add_statements(statement)
            self._reasons.append(INSPECTOR_REASON)
        if reasons := " ".join(filter(None, self._reasons)):
            acknowledge_wildcards(self._role, ["*"], reasons)


def warn_of_unknown_account(gate: Construct, account: str) -> None:
    """Warn if only one of the two accounts is known."""
    here = cdk.Stack.of(gate).account
    if is_token(account) != is_token(here):
        known = here if is_token(account) else account
        cdk.Validations.of(gate).add_warning(
            "registry-constructs:scan-account-unknown",
            "ECR shows enhanced scans to their own account alone. Of the accounts of this stack and of the "
            f"registry only one is known, {known}: give both stacks an account, or give scan_role.",
        )


def role_of_owner(
    gate: Construct,
    owner: IConstruct,
    *,
    account: str,
    repository_name: str,
    repository_arn: str,
    demands: Demands,
    function_role: iam.Role,
) -> iam.IRole:
    """The role that reads the scans of another account's repository, created in the repository's stack.

    Args:
        gate: The gate or action.
        owner: The repository or the cache of the image.
        account: The account of its registry.
        repository_name: The repository's name.
        repository_arn: Its ARN.
        demands: What is checked.
        function_role: The role of the function, which assumes it.

    Raises:
        InvalidInputError: If the repository is not of this app and no role is given, the role is of another
            account, or the Region of a stack is not known.
    """
    if demands.scan_role is not None:
        return _checked(demands.scan_role, account)
    here, there = cdk.Stack.of(gate).account, cdk.Stack.of(owner)
    if there.account != account:
        raise InvalidInputError(
            f"ECR does not show enhanced scans of account {account} to account {here}",
            got=f"the imported repository {repository_name} and no scan_role",
            allowed="a repository of this app, or the role of the registry's account that reads its scans",
            fix=f"in account {account}, make a role that account {here} may assume, with "
            f"{', '.join(ecr_statement(repository_arn, demands).actions)} on the repository and "
            f"{', '.join(INSPECTOR_ACTIONS)} on *; then give "
            f"scan_role=iam.Role.from_role_arn(self, 'ScanRole', 'arn:aws:iam::{account}:role/...')",
        )
    for stack in (cdk.Stack.of(gate), there):
        if is_token(stack.region):
            raise InvalidInputError(
                "A scan gate across accounts makes roles whose names have the Region in them",
                got=f"stack {stack.node.path} without a Region",
                allowed="stacks with an account and a Region",
                fix=f"give {stack.node.path} env=cdk.Environment(account='{stack.account}', region=...)",
            )
    document = iam.PolicyDocument(statements=[ecr_statement(repository_arn, demands)])
    name = hashlib.sha256(gate.node.path.encode()).hexdigest()[:8]
    role = iam.Role(
        there,
        f"ScanGate{name}",
        role_name=cdk.PhysicalName.GENERATE_IF_NEEDED,
        description=f"Lets a scan gate of account {here} read the scans of one repository",
        # Its name is known before it exists, so the account that checks may be deployed after this one.
        assumed_by=iam.AccountPrincipal(here).with_conditions(
            {"ArnEquals": {"aws:PrincipalArn": function_role.role_arn}}
        ),
        inline_policies={"Scans": document},
    )
    grant_inspector(role, document, there)
    _deploy_before(there, gate)
    return role


def _checked(role: iam.IRole, account: str) -> iam.IRole:
    if known_to_differ(role.env.account, account):
        raise InvalidInputError(
            "scan_role belongs to another account than the repository",
            got=f"a role of account {role.env.account}",
            allowed=f"a role of account {account}, which ECR shows the scans to",
            fix=f"make the role in account {account}",
        )
    return role


def _deploy_before(there: cdk.Stack, gate: Construct) -> None:
    if not deploy_first(there, gate):
        cdk.Validations.of(gate).add_warning(
            "registry-constructs:scan-role-deployed-later",
            f"The role that reads the scans is part of {there.node.path}, which this app deploys in another "
            "stage or after this stack: deploy that first, or the gate fails.",
        )
