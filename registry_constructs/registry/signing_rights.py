"""The right to sign with a profile: in the policy of who pushes, and on a profile of another account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct, IConstruct

from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr.tokens import ENCODED_TEXT, is_token
from registry_constructs.registry.places import stack_set_regions

SIGN_ACTIONS: Final = ("signer:SignPayload",)
"""What the identity that pushes needs on the profile, beside the push itself (UG managed-signing)."""

GENERATED_NAME_REASON: Final = (
    "CloudFormation generates the signing profile's name: its logical id, '_' and 12 characters. A reference "
    "to a profile of another stack could make two stacks depend on each other."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on a role that signs with a profile of another stack."""

PROFILE_ARN: Final = re.compile(
    rf"arn:(?:aws(?:-[a-z]+)*|{ENCODED_TEXT}):signer:(?P<region>[a-z0-9-]+|{ENCODED_TEXT})"
    rf":(?P<account>[0-9]{{12}}|{ENCODED_TEXT}):/signing-profiles/(?P<name>(?:[a-zA-Z0-9_]|{ENCODED_TEXT})+)"
)
"""A signing profile's ARN, parts of which may be tokens."""

_LONGEST_LOGICAL_ID = 51
"""How much of a logical id fits into a profile's name of 64 characters, before '_' and 12 others."""


@dataclass(frozen=True)
class SigningProfile:
    """A signing profile as the rules of a registry name it."""

    arn: str
    key: str
    """What tells two profiles of an app apart."""
    scope: Construct
    """What signs with it."""

    @property
    def resource(self) -> signer.CfnSigningProfile | None:
        """The profile's resource; None for a profile that the app does not make."""
        for token in _references(self.arn):
            if isinstance(token.target, signer.CfnSigningProfile):
                return token.target
        return None

    @property
    def account(self) -> str:
        """The account that the profile belongs to; may be a token."""
        resource = self.resource
        if resource is not None:
            return cdk.Stack.of(resource).account
        match = PROFILE_ARN.fullmatch(self.arn)
        return match["account"] if match else self.arn

    def arn_by_reference(self, grantee: IConstruct) -> str | None:
        """The ARN for a policy that may depend on the profile's stack; None in another environment."""
        here = cdk.Stack.of(grantee)
        stacks = [cdk.Stack.of(token.target) for token in _references(self.arn)]
        return self.arn if all(_can_refer(here, there) for there in stacks) else None

    def arn_without_reference(
        self, grantee: IConstruct, *, account: str | None = None, region: str | None = None
    ) -> str | None:
        """The ARN for a policy of another stack, which then does not depend on the profile's stack.

        Args:
            grantee: What gets the policy.
            account: Where the profile is, if its own stack is deployed to many accounts. Default: the
                account of `grantee`.
            region: Its Region, likewise.

        Returns:
            The ARN, with `*` for the part of the name that CloudFormation generates; None where nothing of
            the name is known.
        """
        here, resource = cdk.Stack.of(grantee), self.resource
        if all(cdk.Stack.of(token.target) is here for token in _references(self.arn)):
            return self.arn
        if resource is None:
            return None
        there, name = cdk.Stack.of(resource), _name(resource)
        if not name.strip("*"):
            return None
        if stack_set_regions(resource) is None:
            account, region = there.account, there.region
        else:
            account, region = account or here.account, region or here.region
        return f"arn:{here.partition}:signer:{region}:{account}:/signing-profiles/{name}"


def grant_signing(grantee: iam.IGrantable, arn: str) -> iam.Grant:
    """Write the right into the policy of who pushes."""
    principal = grantee.grant_principal
    if "*" in arn and isinstance(principal, Construct):
        acknowledge_wildcards(principal, [arn], GENERATED_NAME_REASON)
    return iam.Grant.add_to_principal(grantee=grantee, actions=list(SIGN_ACTIONS), resource_arns=[arn])


def admit_account(profile: SigningProfile, owner: str, account: str | None, pusher: Construct) -> None:
    """Let another account sign with a profile: by a permission on the app's own one, or by a warning.

    Args:
        profile: The profile.
        owner: The account that the profile belongs to; may be a token.
        account: The account of who pushes; may be a token, and None where nothing is known of it.
        pusher: What gets the warning.
    """
    if account is None or account == owner:
        return
    resource = profile.resource
    # In many accounts, a permission would let the account sign in each of them.
    if resource is None or stack_set_regions(resource) is not None or is_token(account) or is_token(owner):
        _warn_of_permission(profile, owner, account, pusher)
        return
    scope = cast("Construct", resource.node.scope)
    statement = f"SignPayload{account}"
    # An L1 profile is no scope of its own: its permission is made beside it.
    child = statement if resource.node.id == "Resource" else f"{resource.node.id}{statement}"
    if scope.node.try_find_child(child) is not None:
        return
    permission = signer.CfnProfilePermission(
        scope,
        child,
        action=SIGN_ACTIONS[0],
        principal=account,
        profile_name=resource.attr_profile_name,
        statement_id=statement,
    )
    # Each changes the profile's one policy, and Signer refuses a change of a revision that is not the last.
    for other in scope.node.children:
        if (
            isinstance(other, signer.CfnProfilePermission)
            and other is not permission
            and other.profile_name == permission.profile_name
        ):
            permission.add_dependency(other)


def _warn_of_permission(profile: SigningProfile, owner: str, account: str, pusher: Construct) -> None:
    match = PROFILE_ARN.fullmatch(profile.arn)
    known = {key: value for key, value in match.groupdict().items() if not is_token(value)} if match else {}
    certain = not is_token(owner) and not is_token(account)
    belongs = f"belongs to account {owner}" if certain else "may belong to another account"
    pushing = f"account {account}" if certain else "the account that pushes"
    principal = "ACCOUNT_THAT_PUSHES" if is_token(account) else account
    cdk.Validations.of(pusher).add_warning(
        "registry-constructs:signing-profile-permission",
        f"The signing profile of {profile.scope.node.path} {belongs}, which has to let {pushing} sign "
        "with it. Until it does, the images are most likely stored unsigned. In the profile's account: "
        f"aws signer add-profile-permission --profile-name {known.get('name', 'PROFILE')} "
        f"--region {known.get('region', 'REGION')} --action {SIGN_ACTIONS[0]} --principal {principal} "
        f"--statement-id SignPayload{principal}",
    )


def warn_of_missing_right(profile: SigningProfile, pusher: Construct) -> None:
    """Warn that the right can't be granted without a reference to another stack."""
    cdk.Validations.of(pusher).add_warning(
        "registry-constructs:signing-not-granted",
        f"{profile.scope.node.path} signs what this pushes, with a profile whose name is known only at "
        f"deployment, in another stack. The right is not granted by itself. Write signing=..., which makes "
        "this stack depend on that one, or give the profile a name. Without the right, the images are most "
        "likely stored unsigned.",
    )


def _references(arn: str) -> list[cdk.Reference]:
    """The resources and parameters that an ARN refers to; pseudo parameters are the same in every stack."""
    found = []
    for token in cdk.Tokenization.reverse_string(arn).tokens:
        if isinstance(token, cdk.Reference) and not token.display_name.startswith("AWS::"):
            found.append(token)
    return found


def _can_refer(here: cdk.Stack, there: cdk.Stack) -> bool:
    """Whether CloudFormation can hand a value from one stack to the other."""
    if here is there:
        return True
    return here.environment == there.environment and cdk.Stage.of(here) is cdk.Stage.of(there)


def _name(resource: signer.CfnSigningProfile) -> str:
    """A profile's name, with `*` for what is known only at deployment."""
    stack = cdk.Stack.of(resource)
    name = stack.resolve(resource.profile_name)
    if name is not None:
        return known_part(name)
    # Public ARNs of profiles, and ministack, agree: SigningProfile_WOWPkr83gjpe.
    logical_id = str(stack.resolve(resource.logical_id))
    return (
        f"{logical_id}_*"
        if len(logical_id) <= _LONGEST_LOGICAL_ID
        else f"{logical_id[:_LONGEST_LOGICAL_ID]}*"
    )


def known_part(value: object) -> str:
    """A resolved text, with `*` for each part that only CloudFormation knows."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(parts := value.get("Fn::Join"), list) and len(parts) == 2:
        separator, texts = parts
        if isinstance(separator, str) and isinstance(texts, list):
            return re.sub(r"\*+", "*", separator.join(map(known_part, texts)))
    return "*"
