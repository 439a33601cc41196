"""The schema of catalog files: the keys, their types and the limits of each value on its own.

A key that configures the same as a keyword of a construct has its name. The models are the Python API as
well: a catalog is read from files, or created in code from a `CatalogFile`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from registry_constructs.catalog.lifecycles import Lifecycle
from registry_constructs.delivery.publishers.subjects import (
    bitbucket_subjects,
    github_subjects,
    gitlab_subjects,
)
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import (
    check_account_id,
    check_exclusion_filters,
    check_organization_id,
    check_organizational_unit_id,
    check_prefix,
    check_region,
    check_repository_name,
    parse_lambda_function,
)
from registry_constructs.ecr.upstreams import check_prefixes

MOST_STACKS: Final = 500
"""Limit of a catalog's stacks in an account and Region; CloudFormation's default quota is 2,000."""

_NAME: Final = r"[A-Za-z][A-Za-z0-9-]{0,62}"


Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]
"""A list in the file; an immutable tuple in Python."""


class Model(BaseModel):
    """Base of all models: an unknown key is an error, and no value is converted (`"8"` is not a number)."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # into one validator, of the whole file
    )

    def given(self) -> dict[str, Any]:
        """The keys that were set, with their values; keys that were left out are not included."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _left_out(description: str = "") -> Any:  # noqa: ANN401 - any value
    """An optional key without a default: the code that reads it handles its absence. Null is refused."""
    return Field(default=None, description=description or None)


def _checked(check: Callable[[str], object]) -> AfterValidator:
    def validated(value: str) -> str:
        check(value)
        return value

    return AfterValidator(validated)


def _filters(keyword: str) -> AfterValidator:
    def validated(value: tuple[str, ...]) -> tuple[str, ...]:
        check_exclusion_filters(keyword, value)
        return value

    return AfterValidator(validated)


def check_key(arn: str) -> None:
    """Check that a text is the ARN of a KMS key."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[:1] + parts[2:3] != ["arn", "kms"] or not parts[5].startswith("key/"):
        raise InvalidInputError(
            "Not the ARN of a KMS key",
            got=arn,
            allowed="arn:<partition>:kms:<region>:<account>:key/<id>",
            fix="copy the key's ARN, not an alias: ECR keeps the key that the alias pointed to at creation",
        )


def check_principal(arn: str) -> None:
    """Check that a text is the ARN of a role or user."""
    parts = arn.split(":", 5)
    fits = len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[3] == ""
    if not fits or not parts[5].startswith(("role/", "user/")) or "*" in arn:
        raise InvalidInputError(
            "Not the ARN of a role or user",
            got=arn,
            allowed="arn:<partition>:iam::<account>:role/<name>, or user/<name>",
            fix="name the role; for whole accounts use accounts, for Lambda functions lambda_functions",
        )


RepositoryName = Annotated[str, _checked(check_repository_name)]
Account = Annotated[str, _checked(check_account_id)]
# An upstream in ECR or Azure has an address of its own: create such a cache in code.
Upstream = Annotated[
    Literal[
        "chainguard",
        "docker-hub",
        "ecr-public",
        "github-container-registry",
        "gitlab-container-registry",
        "k8s",
        "quay",
    ],
    Field(),
]
Name = Annotated[str, StringConstraints(pattern=f"^{_NAME}$")]
"""The name of an environment, a team, a profile, a replication, a cache or a publisher."""


class Organization(Model):
    """An AWS organization whose accounts may pull."""

    id: Annotated[str, _checked(check_organization_id)] = Field(description="Such as o-a1b2c3d4e5.")
    units: Many[Annotated[str, _checked(check_organizational_unit_id)]] = Field(
        default=(), description="Organizational units; accounts in and below them may pull. Default: all."
    )


class Access(Model):
    """Who may pull or push. All other principals can't, except for identities of the same account."""

    pull: Many[Annotated[str, _checked(check_principal)]] = Field(
        default=(), description="ARNs of roles and users that may pull. They have to exist."
    )
    push: Many[Annotated[str, _checked(check_principal)]] = Field(
        default=(), description="ARNs of roles and users that may push."
    )
    accounts: Many[Account] = Field(default=(), description="Accounts that may pull, by their ids.")
    organization: Organization = _left_out(description="An organization that may pull.")
    lambda_functions: Many[Annotated[str, _checked(parse_lambda_function)]] = Field(
        default=(), description="Lambda functions that may run the images: names or ARNs."
    )
    publishers: Many[Name] = Field(default=(), description="Publishers of the catalog that push here.")


class LayerSettings(Model):
    """Settings of repositories in one layer; keywords and defaults are those of `Repository`."""

    image_tag_mutability: Literal["IMMUTABLE", "MUTABLE"] = Field(
        default="IMMUTABLE", description="Whether a tag may be moved to another image."
    )
    immutable_except: Annotated[Many[str], _filters("immutable_except")] = Field(
        default=(), description="Tags that may be moved although all others are immutable: 1 to 5 filters."
    )
    mutable_except: Annotated[Many[str], _filters("mutable_except")] = Field(
        default=(), description="Tags that are immutable although all others may be moved: 1 to 5 filters."
    )
    image_scan_on_push: bool = Field(
        default=True, description="Scan when pushed; the registry's scanning rules take precedence."
    )
    encryption: Literal["KMS", "KMS_DSSE", "AES_256"] = Field(
        default="KMS",
        description="At rest. KMS without encryption_key uses the AWS managed key, AES_256 keys of S3. "
        "Default: a key of the stack. CHANGING IT REPLACES THE REPOSITORY.",
    )
    encryption_key: Annotated[str, _checked(check_key)] = Field(
        default="",
        description="The ARN of a KMS key of the same Region, instead of the stack's. CHANGING IT REPLACES "
        "THE REPOSITORY.",
    )
    lifecycle: Lifecycle = Field(
        default="default",
        validate_default=False,
        description="The lifecycle policy: a preset, or rules; [] for none.",
    )
    lifecycle_registry_id: Account = Field(
        default="", description="The account written into the lifecycle policy. Default: this account."
    )
    removal_policy: Literal["RETAIN", "RETAIN_ON_UPDATE_OR_DELETE", "DESTROY"] = Field(
        default="RETAIN", description="What happens to the repository when it is removed from the catalog."
    )
    empty_on_delete: bool = Field(
        default=False, description="Delete the images with the repository; needs removal_policy DESTROY."
    )
    access: Access = Field(default=Access(), description="Who may pull or push.")
    tags: dict[str, str] = Field(default={}, description="Resource tags; those of all layers are merged.")
    owner: str = Field(default="", description="The responsible team or person; becomes the tag owner.")
    environments: Many[Name] = Field(
        default=(), description="Where it is created. Default: in all environments."
    )
    replications: Many[Name] = Field(
        default=(),
        description="Replications that must cover it; [] if it must not be replicated. Default: not checked.",
    )
    cache: Name = Field(default="", description="The pull-through cache that it belongs to.")


class Team(LayerSettings):
    """A team, with the settings of its repositories."""


class Profile(LayerSettings):
    """A named set of settings for the repositories that refer to it."""


class Repository(LayerSettings):
    """A repository; keys that are not set come from its profile, team, environment and the defaults."""

    team: Name = Field(default="", description="The team it belongs to; becomes the tag team.")
    profile: Name = Field(default="", description="The profile whose settings it gets.")


class Environment(Model):
    """An account and a Region to deploy to."""

    account: Account = Field(description="The account's id, in quotes.")
    region: Annotated[str, _checked(check_region)] = Field(description="Such as eu-west-1.")
    defaults: LayerSettings = Field(
        default=LayerSettings(), description="Settings of the repositories in this environment."
    )
    identity_providers: Literal["existing", "create"] = Field(
        default="existing",
        description="Whether the account's OIDC providers for publishers exist or are created here. IAM "
        "allows one provider per URL: create them in one environment of an account.",
    )


class PinnedStacks(Model):
    """Stacks created before `stacks.count` was raised, and the repositories pinned to them."""

    first: Annotated[int, Field(ge=0)] = Field(description="The number of the first of these stacks.")
    count: Annotated[int, Field(ge=1, le=MOST_STACKS)] = Field(description="The number of stacks.")
    repositories: Many[RepositoryName] = Field(description="The repositories pinned to these stacks.")


class Stacks(Model):
    """How the repositories are split over stacks. NEVER CHANGE IT BY HAND: repositories would move."""

    count: Annotated[int, Field(ge=1, le=MOST_STACKS)] = Field(
        default=1,
        description="The number of stacks; each holds up to 490 repositories. To raise it: catalog grow.",
    )
    by: Literal["name", "team"] = Field(
        default="name", description="team creates separate stacks for each team, `count` of them per team."
    )
    key: Literal["stack", "shared"] = Field(
        default="stack", description="One KMS key per stack, or one per account and Region."
    )


class Scanning(Model):
    """The registry's scanning configuration; the cost of enhanced scanning depends on the images."""

    type: Literal["basic", "enhanced"] = Field(description="Basic, or enhanced by Amazon Inspector.")
    on_push: Many[str] = Field(default=(), description="Filters of repositories scanned on push.")
    continuous: Many[str] = Field(
        default=(), description="Filters of repositories scanned continuously; enhanced only."
    )

    @model_validator(mode="after")
    def _check(self) -> Scanning:
        for name in ("on_push", "continuous"):
            for value in getattr(self, name):
                if not limits.SCANNING_FILTER.fullmatch(value):
                    raise InvalidInputError(
                        "ECR does not accept this filter",
                        got=value,
                        allowed="1 to 255 characters: parts of a-z, 0-9 and '*' with one of . _ - / between",
                        fix="write a repository's name or a part of it, with '*' for any run of characters",
                        where=name,
                    )
        if self.continuous and self.type == "basic":
            raise InvalidInputError(
                "Basic scanning does not support continuous scanning",
                got=self.continuous,
                allowed="on_push with type: basic",
                fix="write type: enhanced, or on_push",
                where="continuous",
            )
        return self


class AccountSettings(Model):
    """ECR account settings for a Region; settings that are left out are not changed."""

    blob_mounting: bool = _left_out(description="Allow pushes to mount layers of other repositories.")
    registry_policy_scope: Literal["V2"] = _left_out(
        description="The scope of registry policies; V2 can't be reverted."
    )
    basic_scan_type_version: Literal["AWS_NATIVE"] = _left_out(description="The scanner of basic scanning.")
    on_delete: Literal["keep", "restore"] = Field(
        default="keep", description="What happens to the settings when they are removed from the template."
    )


class Registry(Model):
    """Registry-wide settings, once per account and Region; settings that are left out are not changed."""

    scanning: Scanning = _left_out(description="The scanning configuration.")
    account_settings: AccountSettings = _left_out(description="ECR account settings.")
    signing: Many[str] = Field(default=(), description="Filters of repositories whose images ECR signs.")

    @model_validator(mode="after")
    def _check(self) -> Registry:
        for value in self.signing:
            if not limits.SIGNING_FILTER.fullmatch(value):
                raise InvalidInputError(
                    "ECR does not accept this filter",
                    got=value,
                    allowed="up to 256 characters: parts of a-z, 0-9 and '*' with one of . _ - / between",
                    fix="write a repository's name or a part of it, with '*' for any run of characters",
                    where="signing",
                )
        return self


class Replication(Model):
    """A replication of images from one environment to others."""

    source: Name = Field(description="The environment that images are pushed to.")
    destinations: Annotated[Many[Name], Field(min_length=1)] = Field(
        description="The environments that images are replicated to."
    )
    prefixes: Annotated[Many[Annotated[str, _checked(check_prefix)]], Field(min_length=1)] = Field(
        description="Prefixes of the repository names, such as shop/."
    )
    profile: Name = Field(
        default="", description="The profile of the replicas. Default: the catalog's defaults."
    )


class Cache(Model):
    """A pull-through cache: images of an upstream registry under a repository prefix."""

    upstream: Upstream = Field(description="The upstream registry.")
    prefix: str = Field(description="The repository prefix of the cache.")
    upstream_prefix: str = Field(
        default=limits.ROOT_PREFIX,
        description="The prefix in the upstream registry that the repository prefix replaces.",
    )
    environments: Many[Name] = Field(
        default=(), description="Where it is created. Default: in all environments."
    )

    @model_validator(mode="after")
    def _check(self) -> Cache:
        check_prefixes(self.prefix, self.upstream_prefix)
        return self


class GitHub(Model):
    """Jobs of a GitHub repository; keywords of `GitHubPublisher`."""

    repository: str
    branches: Many[str] = ()
    tags: Many[str] = ()
    environments: Many[str] = ()
    branch_patterns: Many[str] = ()
    tag_patterns: Many[str] = ()
    pull_requests: bool = False
    any_job: bool = False

    @model_validator(mode="after")
    def _check(self) -> GitHub:
        github_subjects(**self.model_dump())
        return self


class GitLab(Model):
    """Jobs of a GitLab project; keywords of `GitLabPublisher`."""

    project: str
    branches: Many[str] = ()
    tags: Many[str] = ()
    branch_patterns: Many[str] = ()
    tag_patterns: Many[str] = ()
    any_job: bool = False

    @model_validator(mode="after")
    def _check(self) -> GitLab:
        gitlab_subjects(**self.model_dump())
        return self


class Bitbucket(Model):
    """Steps of a Bitbucket repository; keywords of `BitbucketPublisher`."""

    workspace: str
    workspace_uuid: str
    repository_uuid: str
    environments: dict[str, str] = {}
    any_job: bool = False

    @model_validator(mode="after")
    def _check(self) -> Bitbucket:
        bitbucket_subjects(self.repository_uuid, environments=self.environments, any_job=self.any_job)
        return self


class Publisher(Model):
    """A role that CI outside AWS assumes to push to the repositories that name it; exactly one kind of CI."""

    github: GitHub = _left_out()
    gitlab: GitLab = _left_out()
    bitbucket: Bitbucket = _left_out()
    role_name: str = Field(
        default="", description="The role's name. Default: publish-<the publisher's name>."
    )

    @model_validator(mode="after")
    def _check(self) -> Publisher:
        given = sorted(self.model_fields_set - {"role_name"})
        if len(given) != 1:
            raise InvalidInputError(
                "A publisher belongs to exactly one CI",
                got=given,
                allowed="one of github, gitlab, bitbucket",
                fix="define one publisher for each CI",
            )
        return self


class CatalogFile(Model):
    """A catalog, or one file of it. A folder is read as one catalog, in which each name is defined once."""

    team: Name = Field(default="", description="The team of this file's repositories.")
    defaults: LayerSettings = Field(default=LayerSettings(), description="Settings of every repository.")
    environments: dict[Name, Environment] = Field(default={}, description="Accounts and Regions.")
    stacks: Stacks = Field(default=Stacks(), description="How repositories are split over stacks.")
    pinned: Many[PinnedStacks] = Field(
        default=(), description="Written by catalog grow: repositories pinned to their stacks."
    )
    teams: dict[Name, Team] = Field(default={}, description="Teams.")
    profiles: dict[Name, Profile] = Field(default={}, description="Named sets of settings.")
    registry: Registry = Field(default=Registry(), description="Settings of each registry.")
    replications: dict[Name, Replication] = Field(
        default={}, description="Replications between environments."
    )
    caches: dict[Name, Cache] = Field(default={}, description="Pull-through caches.")
    publishers: dict[Name, Publisher] = Field(default={}, description="Roles with which CI pushes.")
    repositories: dict[RepositoryName, Repository] = Field(default={}, description="Repositories.")
    allow_removal: Many[RepositoryName] = Field(
        default=(), description="Repositories that a plan may remove although they hold images."
    )
    allow_replacement: Many[RepositoryName] = Field(
        default=(), description="Repositories that a plan may replace although they hold images."
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a catalog's file, for editors.

    It covers keys, types and allowed values. References between parts of a catalog, and most of ECR's
    limits, are checked only by `Catalog`.
    """
    schema = CatalogFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
