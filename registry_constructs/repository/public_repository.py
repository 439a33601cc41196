"""A repository in the Amazon ECR Public Gallery: anybody may pull from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr import limits
from registry_constructs.ecr.actions import PUBLIC_PUSH_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_public_repository_name
from registry_constructs.ecr.tokens import is_token, known_to_differ


@jsii.implements(iam.IResourceWithPolicyV2)
class PublicRepository(cdk.Resource):
    """A public ECR repository, with the page that the Public Gallery shows for it.

    Everybody may pull, so there is no grant for it. ECR Public knows no lifecycle policy, scanning, tag
    immutability or encryption key. It exists in us-east-1 only: other stacks are refused.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id, unique in `scope`. Changing it replaces the repository.
        repository_name: 2 to 205 characters: lower-case letters and digits with a single `.`, `_` or `-`
            between them, in parts joined by `/`. Changing it replaces the repository. Default: a generated
            name.
        repository_description: One line under the name; up to 1,024 characters.
        about_text: What the image is, in Markdown; up to 10,240 characters.
        usage_text: How it is used, in Markdown; up to 10,240 characters.
        architectures: Such as `x86-64`, `ARM 64`, `x86`, `ARM`, which the gallery knows as badges; up to 50
            entries of 1 to 50 characters.
        operating_systems: Such as `Linux`, `Windows`; bounds as above.
        tags: AWS tags; Security Hub ECR.4 asks for at least one.
        removal_policy: What happens to the repository when it leaves the template. Default: `RETAIN`.

    Raises:
        InvalidInputError: For a stack in another Region, and for what ECR Public would refuse.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_name: str | None = None,
        repository_description: str | None = None,
        about_text: str | None = None,
        usage_text: str | None = None,
        architectures: Sequence[str] = (),
        operating_systems: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        with located(scope, id):
            _check_region(cdk.Stack.of(scope).region)
            if repository_name is not None:
                check_public_repository_name(repository_name)
            _check_text("repository_description", repository_description, limits.PUBLIC_DESCRIPTION_LENGTH)
            _check_text("about_text", about_text, limits.PUBLIC_ABOUT_LENGTH)
            _check_text("usage_text", usage_text, limits.PUBLIC_ABOUT_LENGTH)
            _check_platforms("architectures", architectures)
            _check_platforms("operating_systems", operating_systems)
        super().__init__(scope, id, physical_name=repository_name)
        # The generated property class would render camelCase names, which CloudFormation refuses.
        catalog = {
            "RepositoryDescription": repository_description,
            "AboutText": about_text,
            "UsageText": usage_text,
            "Architectures": list(architectures),
            "OperatingSystems": list(operating_systems),
        }
        self._resource = ecr.CfnPublicRepository(
            self,
            "Resource",
            repository_name=repository_name,
            repository_catalog_data={name: value for name, value in catalog.items() if value} or None,
        )
        self._resource.apply_removal_policy(removal_policy)
        self._policy: iam.PolicyDocument | None = None
        for key, value in (tags or {}).items():
            cdk.Tags.of(self).add(key, value)
        if is_token(self.stack.region):
            cdk.Validations.of(self).add_warning(
                "registry-constructs:public-repository-region",
                "The stack names no Region, and public repositories exist in one Region only: "
                f"give the stack env=cdk.Environment(region={limits.PUBLIC_REPOSITORY_REGION!r}).",
            )

    @property
    def repository_name(self) -> str:
        """The name within the registry."""
        return self._get_resource_name_attribute(self._resource.ref)

    @property
    def repository_arn(self) -> str:
        """The ARN; an ecr-public ARN names no Region."""
        return self._resource.attr_arn

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """Add a statement to the repository's policy: who besides the own account may push or manage it."""
        if self._policy is None:
            self._policy = iam.PolicyDocument()
            self._resource.repository_policy_text = self._policy
        self._policy.add_statements(statement)
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self._policy)

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity push images, by its own policy or, for another account, by the repository's."""
        grant = iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(PUBLIC_PUSH_ACTIONS),
            resource_arns=[self.repository_arn],
            resource=self,
            # A repository's policy speaks of the repository alone, and its own ARN would be a circle.
            resource_self_arns=[],
        )
        ecr.PublicGalleryAuthorizationToken.grant_read(grantee)
        return grant


def _check_region(region: str) -> None:
    if known_to_differ(region, limits.PUBLIC_REPOSITORY_REGION):
        raise InvalidInputError(
            "A public repository can't be in this stack's Region",
            got=region,
            allowed=limits.PUBLIC_REPOSITORY_REGION,
            fix="put it into a stack of its own with "
            f"env=cdk.Environment(region={limits.PUBLIC_REPOSITORY_REGION!r})",
        )


def _check_text(keyword: str, text: str | None, longest: int) -> None:
    if text is None or is_token(text):
        return
    if not isinstance(text, str) or len(text) > longest:
        raise InvalidInputError(
            f"{keyword} is too long" if isinstance(text, str) else f"{keyword} is not text",
            got=f"{len(text)} characters: {text[:40]}..." if isinstance(text, str) else text,
            allowed=f"up to {longest} characters",
            fix="shorten it, and link to the full text",
        )


def _check_platforms(keyword: str, entries: Sequence[str]) -> None:
    fits = (
        isinstance(entries, list | tuple)
        and len(entries) <= limits.PUBLIC_PLATFORMS
        and all(isinstance(entry, str) and 1 <= len(entry) <= 50 for entry in entries)
    )
    if not fits or len(set(entries)) < len(entries):
        raise InvalidInputError(
            f"{keyword} is not a list that ECR Public takes",
            got=entries,
            allowed=f"up to {limits.PUBLIC_PLATFORMS} different entries of 1 to 50 characters",
            fix="write a list such as ['x86-64', 'ARM 64']",
        )
