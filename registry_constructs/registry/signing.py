"""Managed signing: ECR has AWS Signer sign what is pushed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct

from registry_constructs import limits
from registry_constructs.errors import InvalidInputError
from registry_constructs.registry.grants import check_granted
from registry_constructs.registry.merged import registry_of
from registry_constructs.registry.places import regions_of
from registry_constructs.repository.located import located
from registry_constructs.tokens import ENCODED_TEXT, is_token

SIGN_ACTIONS: Final = ("signer:SignPayload",)
"""What who pushes needs on the profile, next to the push itself (UG managed-signing)."""

_PROFILE_ARN = re.compile(
    rf"arn:(?:aws(?:-[a-z]+)*|{ENCODED_TEXT}):signer:(?P<region>[a-z0-9-]+|{ENCODED_TEXT})"
    rf":(?:[0-9]{{12}}|{ENCODED_TEXT}):/signing-profiles/(?:[a-zA-Z0-9_]|{ENCODED_TEXT})+"
)


class ManagedSigning(Construct):
    """Have ECR sign images when they are pushed, with a signing profile of AWS Signer.

    The registry's owner writes the rules, so a `Registry` of this account and Region must be in the app. An
    image that two profiles' filters match gets two signatures. Who pushes needs `grant_sign`, or the push
    fails. Signing is charged per signature; images that are there already are not signed.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        repositories: Filters of the repositories, up to 100: the whole name, `*` for any run of characters.
            Default: all.
        signing_profile: A profile in the same Region, of this account or another one, for the platform
            `Notation-OCI-SHA384-ECDSA`. Default: one made for it, whose signatures are valid for 135 months,
            Signer's own default.

    Attributes:
        signing_profile: The profile.

    Raises:
        InvalidInputError: In a Region without managed signing, for a profile of another Region, a filter that
            ECR would refuse, and more than ECR's 10 profiles.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: Sequence[str] = ("*",),
        signing_profile: signer.ISigningProfile | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            _check_filters(repositories)
            for region in regions_of(self):
                _check_region(region)
                if signing_profile is not None:
                    _check_profile(signing_profile, region)
        self.signing_profile: signer.ISigningProfile = signing_profile or signer.SigningProfile(
            self, "Profile", platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA
        )
        with located(self):
            registry_of(self).add_signing(profile_arn(self.signing_profile), repositories, self)

    def grant_sign(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let who pushes sign; the push itself is `Repository.grant_push`.

        Raises:
            InvalidInputError: For an account, an organization or a service: they have no policy of their own.
        """
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(SIGN_ACTIONS),
            resource_arns=[profile_arn(self.signing_profile)],
        )
        with located(self):
            check_granted(grant, grantee, fix="name the role that pushes")
        return grant


def profile_arn(profile: signer.ISigningProfile) -> str:
    """A profile's ARN, as ECR takes it."""
    # `SigningProfile.from_signing_profile_attributes` of the CDK writes one slash too many.
    return profile.signing_profile_arn.replace("://signing-profiles/", ":/signing-profiles/")


def _check_region(region: str) -> None:
    if region in limits.REGIONS_WITHOUT_SIGNING:
        raise InvalidInputError(
            "ECR has no managed signing in this stack's Region",
            got=region,
            allowed=f"any Region but {', '.join(sorted(limits.REGIONS_WITHOUT_SIGNING))}",
            fix="sign in the pipeline with Notation, or push in another Region and replicate",
        )


def _check_filters(filters: Sequence[str]) -> None:
    if isinstance(filters, str) or not isinstance(filters, Sequence) or not filters:
        raise InvalidInputError(
            "repositories is not a list of filters",
            got=filters,
            allowed=f"1 to {limits.SIGNING_FILTERS} filters",
            fix="write repositories=['prod/*']",
        )
    for value in filters:
        if not isinstance(value, str) or not limits.SIGNING_FILTER.fullmatch(value):
            raise InvalidInputError(
                "repositories has a filter that ECR refuses",
                got=value,
                allowed="1 to 256 of a-z, 0-9, '*' with one of . _ - between them, in parts joined by '/'",
                fix="write a repository's name, with '*' for any run of characters",
            )


def _check_profile(profile: signer.ISigningProfile, region: str) -> None:
    if not hasattr(profile, "signing_profile_arn"):
        raise InvalidInputError(
            "Not a signing profile",
            got=profile,
            allowed="a signer.SigningProfile, or one imported with from_signing_profile_attributes",
            fix="import the profile, or leave signing_profile out to have one made",
        )
    arn = profile_arn(profile)
    match = _PROFILE_ARN.fullmatch(arn)
    if match is None and not is_token(arn):
        raise InvalidInputError(
            "Not a signing profile's ARN",
            got=arn,
            allowed="arn:<partition>:signer:<region>:<account>:/signing-profiles/<name>",
            fix="copy the profile's ARN, without a version",
        )
    there = match["region"] if match else region
    if isinstance(profile, signer.SigningProfile):
        arn, there = profile.node.path, profile.env.region
        _check_platform(profile)
    if not is_token(region) and not is_token(there) and there != region:
        raise InvalidInputError(
            "The signing profile is in another Region",
            got=arn,
            allowed=f"a profile in {region}",
            fix="make a profile in the registry's Region",
        )


def _check_platform(profile: signer.SigningProfile) -> None:
    needed = signer.Platform.NOTATION_OCI_SHA384_ECDSA.platform_id
    resource = profile.node.default_child
    if isinstance(resource, signer.CfnSigningProfile) and resource.platform_id != needed:
        raise InvalidInputError(
            "The signing profile is not for container images",
            got=resource.platform_id,
            allowed=f"a profile for the platform {needed}",
            fix="write platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA",
        )
