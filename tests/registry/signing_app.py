"""What pushes, what caches and who may sign, for the tests of managed signing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from registry_constructs import (
    BitbucketPublisher,
    GitHubPublisher,
    GitLabPublisher,
    ImageBuild,
    Promotion,
    PullThroughCache,
    Registry,
    RegistryStackSet,
    Repository,
    Upstream,
)
from tests.registry.places import IRELAND
from tests.synthesis import (
    new_app,
    new_stack,
    resources,
)

UUID = "{680cb3e4-55d4-4f8b-9b8d-8f8d9ddbb4e1}"
PROFILE = "AWS::Signer::SigningProfile"
PERMISSION = "AWS::Signer::ProfilePermission"
CACHED = "signing-cached-images"

Pusher = Callable[..., Construct]


def github(scope: Construct, repository: ecr.IRepository, **keywords: Any) -> Construct:
    return GitHubPublisher(
        scope, "Pusher", repository="a@1/b@2", branches=["main"], repositories=[repository], **keywords
    )


def gitlab(scope: Construct, repository: ecr.IRepository, **keywords: Any) -> Construct:
    return GitLabPublisher(
        scope, "Pusher", project="a/b", branches=["main"], repositories=[repository], **keywords
    )


def bitbucket(scope: Construct, repository: ecr.IRepository, **keywords: Any) -> Construct:
    return BitbucketPublisher(
        scope,
        "Pusher",
        workspace="acme",
        workspace_uuid=UUID,
        repository_uuid=UUID,
        any_job=True,
        repositories=[repository],
        **keywords,
    )


def image_build(scope: Construct, repository: ecr.IRepository, **keywords: Any) -> Construct:
    return ImageBuild(scope, "Pusher", repository=repository, **keywords)


def promotion(scope: Construct, repository: ecr.IRepository, **keywords: Any) -> Construct:
    source = Repository.from_repository_name(scope, "Source", "development/checkout")
    return Promotion(scope, "Pusher", source=source, destination=repository, tags=["v*"], **keywords)


PUSHERS: list[Pusher] = [github, gitlab, bitbucket, image_build, promotion]


def rights(stack: cdk.Stack) -> list[Any]:
    """The profiles that the roles of a stack may sign with, as its policies name them."""
    found = []
    for policy in resources(stack, "AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if "signer:SignPayload" in statement["Action"]:
                assert statement["Action"] == "signer:SignPayload"
                assert statement["Effect"] == "Allow"
                resource = statement["Resource"]
                found += resource if isinstance(resource, list) else [resource]
    return found


def owner(
    env: cdk.Environment | None = IRELAND, name: str = "Stack", app: cdk.App | None = None
) -> cdk.Stack:
    stack = new_stack(name, env=env, app=app)
    Registry(stack, "Registry")
    return stack


def arn_of(stack: cdk.Stack) -> dict[str, Any]:
    """The only profile of a stack, as the same stack refers to it."""
    [logical_id] = resources(stack, PROFILE)
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def by_name(stack: cdk.Stack, env: cdk.Environment = IRELAND) -> str:
    """The only profile of a stack, as another stack names it."""
    [logical_id] = resources(stack, PROFILE)
    return f"arn:aws:signer:{env.region}:{env.account}:/signing-profiles/{logical_id}_*"


def checkout(scope: Construct, name: str | None = "shop/checkout") -> Repository:
    return Repository(scope, "Checkout", repository_name=name)


def two_stacks(env: cdk.Environment | None = IRELAND) -> tuple[cdk.App, cdk.Stack, cdk.Stack]:
    app = new_app()
    return app, owner(env, "Central", app), new_stack("Team", env=env, app=app)


ELSEWHERE = "arn:aws:signer:eu-west-1:999988887777:/signing-profiles/release"


def imported(arn: str) -> Any:
    return SimpleNamespace(signing_profile_arn=arn)


def organization(app: cdk.App, regions: list[str]) -> RegistryStackSet:
    stack = new_stack(
        "Organization", env=cdk.Environment(account="555566667777", region="eu-west-1"), app=app
    )
    everywhere = RegistryStackSet(stack, "Everywhere", units=["ou-ab12-11111111"], regions=regions)
    Registry(everywhere.baseline, "Registry")
    return everywhere


def quay(scope: Construct, prefix: str = "quay") -> PullThroughCache:
    return PullThroughCache(scope, "Quay", upstream=Upstream.quay(), prefix=prefix, settings=None)
