"""Managed signing: ECR has AWS Signer sign what is pushed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.registry.merged import identity, registry_of, signing_coverage_of
from registry_constructs.registry.places import regions_of, stack_set_regions
from registry_constructs.registry.signing_rights import (
    PROFILE_ARN,
    SigningProfile,
    admit_account,
    grant_signing,
)
from registry_constructs.repository.principals import check_granted


class ManagedSigning(Construct):
    """Have ECR sign images when they are pushed, with a signing profile of AWS Signer.

    The registry's owner writes the rules, so a `Registry` of this account and Region must be in the app. An
    image that two profiles' filters match gets two signatures. Signing is charged per signature; images that
    exist already are not signed.

    ECR signs as the identity that pushes, which needs `signer:SignPayload` on the profile. AWS documents no
    error of a push without that right: signing is a job of its own that can fail, so the image is most likely
    stored unsigned. A publisher, an `ImageBuild` and a `Promotion` of the app get the right by themselves
    where a filter matches the repository that they push to, or can match it because its name is known only
    at deployment. Any other identity needs `grant_sign`. Images of a `PullThroughCache` are pushed by ECR
    itself, with a role that may not sign: a filter that matches them is a warning.

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
        arn = profile_arn(self.signing_profile)
        self._profile = SigningProfile(arn, identity(self, arn), self)
        with located(self):
            registry_of(self).add_signing(arn, repositories, self)
        signing_coverage_of(self).add_signing(self._profile, repositories)

    def grant_sign(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity that pushes sign; the push itself is `Repository.grant_push`.

        The stack of the identity then depends on the profile's, where both are for one account and Region.
        A profile of another account of the app gets the permission that lets the identity's account sign.
        For a profile that the app does not make, a warning shows the command that adds it.

        Raises:
            InvalidInputError: For an account, an organization or a service: they have no policy of their own.
        """
        principal, profile = grantee.grant_principal, self._profile
        arn = profile.arn
        if isinstance(principal, Construct):
            by_name = profile.arn_without_reference(principal)
            arn = profile.arn_by_reference(principal) or by_name or arn
        grant = grant_signing(grantee, arn)
        with located(self):
            check_granted(grant, grantee, fix="name the role that pushes")
        signing_coverage_of(self).granted(principal, profile)
        # Of the profiles that a StackSet makes, the identity gets that of its own account.
        if stack_set_regions(self) is None:
            admit_account(profile, profile.account, getattr(principal, "principal_account", None), self)
        return grant


def let_sign(
    pusher: Construct, role: iam.Role, repositories: Iterable[ecr.IRepository], signing: ManagedSigning | None
) -> None:
    """Let a role sign what it pushes, with each profile of the app whose rules match or can match it.

    Args:
        pusher: The construct that pushes.
        role: Its role.
        repositories: Where it pushes.
        signing: Managed signing that is named, whose profile the role may sign with in any case.
    """
    if signing is not None:
        signing.grant_sign(role)
    signing_coverage_of(pusher).add_pushes(pusher, role, repositories)


def check_signing(signing: ManagedSigning | None) -> None:
    """Refuse what is not managed signing.

    Raises:
        InvalidInputError: If it is anything but a `ManagedSigning` or None.
    """
    if signing is not None and not isinstance(signing, ManagedSigning):
        raise InvalidInputError(
            "signing is not managed signing",
            got=signing,
            allowed="a ManagedSigning, or None",
            fix="write signing=ManagedSigning(stack, 'Signing'), or leave signing out",
        )


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
    match = PROFILE_ARN.fullmatch(arn)
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
    if known_to_differ(region, there):
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
