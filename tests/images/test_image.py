"""An image by its name: what is refused, what is warned of, and who may pull it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs import Image, InvalidInputError, PullThroughCache, Repository, Upstream
from registry_constructs.ecr.actions import PULL_ACTIONS
from registry_constructs.ecr.references import MOVING_TAGS
from tests.consumers.reading import container, statements
from tests.synthesis import new_app, new_stack, properties, resources, warnings

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def imported(scope: Construct) -> ecr.IRepository:
    return Repository.from_repository_name(scope, "Repository", "shop/checkout")


def quay(stack: cdk.Stack, prefix: str = "quay") -> PullThroughCache:
    return PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix=prefix)


def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))


def run(stack: cdk.Stack, image: Image) -> None:
    """Put the image into a task definition of the CDK's own."""
    definition = ecs.FargateTaskDefinition(stack, "Task")
    definition.add_container("Container", image=image.for_ecs())


def uri(stack: cdk.Stack, image: Image) -> Any:
    return stack.resolve(image.uri)


# Names --------------------------------------------------------------------------------------------------


def test_an_image_by_its_digest() -> None:
    stack = new_stack()
    image = Image.of(imported(stack), digest=DIGEST, architectures=["arm64"])
    assert (image.digest, image.tag, image.architectures) == (DIGEST, None, ("arm64",))
    assert image.repository_name == "shop/checkout"
    assert (
        stack.resolve(image.repository_arn) == "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"
    )
    assert f"/shop/checkout@{DIGEST}" in str(uri(stack, image))


def test_the_name_of_an_own_image_says_account_and_region() -> None:
    stack = new_stack()
    image = Image.of(Repository(stack, "R"), digest=DIGEST)
    [logical_id] = resources(stack)
    parts = ["111122223333.dkr.ecr.eu-west-1.", {"Ref": "AWS::URLSuffix"}, "/", {"Ref": logical_id}]
    assert uri(stack, image) == {"Fn::Join": ["", [*parts, f"@{DIGEST}"]]}


def test_an_image_by_a_tag() -> None:
    stack = new_stack()
    image = Image.of(imported(stack), tag="v1.4.2")
    assert (image.digest, image.tag, image.architectures) == (None, "v1.4.2", None)
    assert "/shop/checkout:v1.4.2" in str(uri(stack, image))


@pytest.mark.parametrize("given", [{}, {"digest": DIGEST, "tag": "v1"}])
def test_neither_and_both_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="named by its digest or by a tag"):
        Image.of(imported(new_stack()), **given)


@pytest.mark.parametrize(
    "digest", ["", "latest", "sha256:abc", DIGEST.upper(), f"{DIGEST}0", DIGEST[7:], f" {DIGEST}", 1]
)
def test_a_malformed_digest_is_refused(digest: Any) -> None:
    with pytest.raises(InvalidInputError, match="Not an image digest") as caught:
        Image.of(imported(new_stack()), digest=digest)
    assert caught.value.got == digest


@pytest.mark.parametrize("tag", ["", "-v1", ".v1", "v 1", "v1:2", "a" * 129, "é", 1])
def test_a_malformed_tag_is_refused(tag: Any) -> None:
    with pytest.raises(InvalidInputError, match="Not an image tag"):
        Image.of(imported(new_stack()), tag=tag)


@pytest.mark.parametrize("tag", ["v1", "_", "1.0", "A-b_c.d", "a" * 128])
def test_every_tag_that_registries_take_is_taken(tag: str) -> None:
    assert Image.of(imported(new_stack()), tag=tag).tag == tag


def test_tokens_pass() -> None:
    stack = new_stack()
    parameter = cdk.CfnParameter(stack, "Release")
    assert Image.of(imported(stack), tag=parameter.value_as_string).tag == parameter.value_as_string
    image = Image.of(
        Repository.from_repository_name(stack, "Other", "shop/other"), digest=parameter.value_as_string
    )
    run(stack, image)
    assert warnings(stack) == []
    assert container(stack)["Image"]["Fn::Join"][1][-2:] == ["/shop/other@", {"Ref": "Release"}]


# Architectures ------------------------------------------------------------------------------------------


def test_an_architecture_that_it_was_not_built_for_is_refused() -> None:
    image = Image.of(imported(new_stack()), digest=DIGEST, architectures=["amd64"])
    image.check_architecture("amd64")
    with pytest.raises(InvalidInputError, match="not built for this architecture") as caught:
        image.check_architecture("arm64")
    assert (caught.value.got, caught.value.allowed) == ("arm64", "amd64")


def test_what_is_not_known_is_not_checked() -> None:
    image = Image.of(imported(new_stack()), digest=DIGEST)
    image.check_architecture("amd64")
    image.check_architecture("arm64")


@pytest.mark.parametrize("architectures", [[], "arm64", ["x86_64"], ["arm64", "ARM64"]])
def test_what_is_no_architecture_is_refused(architectures: Any) -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError, match="architectures is not a list"):
        Image.of(imported(stack), digest=DIGEST, architectures=architectures)
    with pytest.raises(InvalidInputError, match="architectures is not a list"):
        Image.cached(quay(stack), "quay.io/org/app:v1", architectures=architectures)


# Tags that move -----------------------------------------------------------------------------------------

MUTABILITY: dict[str, tuple[Callable[[Construct], ecr.IRepository], str, bool]] = {
    "own, immutable": (lambda s: Repository(s, "R"), "latest", False),
    "own, mutable": (
        lambda s: Repository(s, "R", image_tag_mutability=ecr.TagMutability.MUTABLE),
        "v1",
        True,
    ),
    "own, excepted": (lambda s: Repository(s, "R", immutable_except=["latest", "dev-*"]), "dev-7", True),
    "own, not excepted": (lambda s: Repository(s, "R", immutable_except=["latest", "dev-*"]), "v1", False),
    "own, excepted from moving": (lambda s: Repository(s, "R", mutable_except=["v*"]), "v1", False),
    "own, not excepted from moving": (lambda s: Repository(s, "R", mutable_except=["v*"]), "main", True),
    "the CDK's, by default": (lambda s: ecr.Repository(s, "R"), "v1", True),
    "the CDK's, immutable": (
        lambda s: ecr.Repository(s, "R", image_tag_mutability=ecr.TagMutability.IMMUTABLE),
        "latest",
        False,
    ),
    "the CDK's, excepted": (
        lambda s: ecr.Repository(
            s,
            "R",
            image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
            image_tag_mutability_exclusion_filters=[ecr.ImageTagMutabilityExclusionFilter.wildcard("edge*")],
        ),
        "edge-2",
        True,
    ),
    "imported, a name that moves": (imported, "latest", True),
    "imported, a name that moves in capitals": (imported, "Latest", True),
    "imported, a version": (imported, "v1.4.2", False),
    "the CDK's import, a name that moves": (
        lambda s: ecr.Repository.from_repository_name(s, "R", "shop/checkout"),
        "main",
        True,
    ),
}


@pytest.mark.parametrize("case", MUTABILITY)
def test_a_tag_that_can_be_moved_is_a_warning(case: str) -> None:
    make, tag, moves = MUTABILITY[case]
    stack = new_stack()
    run(stack, Image.of(make(stack), tag=tag))
    assert len(warnings(stack)) == moves
    if moves:
        assert f"The tag {tag!r} can be moved" in warnings(stack)[0]


def test_a_digest_never_warns() -> None:
    stack = new_stack()
    repository = Repository(stack, "R", image_tag_mutability=ecr.TagMutability.MUTABLE)
    run(stack, Image.of(repository, digest=DIGEST))
    assert warnings(stack) == []


@pytest.mark.parametrize("tag", sorted(MOVING_TAGS))
def test_every_tag_that_people_move_is_known(tag: str) -> None:
    stack = new_stack()
    run(stack, Image.of(imported(stack), tag=tag))
    assert len(warnings(stack)) == 1


def test_the_warning_can_be_acknowledged() -> None:
    stack = new_stack()
    run(stack, Image.of(imported(stack), tag="latest"))
    cdk.Validations.of(stack).acknowledge(
        cdk.Acknowledgment(id="registry-constructs:image-tag-moves", reason="a development stack")
    )
    assert warnings(stack) == []


# Rights -------------------------------------------------------------------------------------------------


def test_a_pull_is_granted_on_this_repository_alone() -> None:
    stack = new_stack()
    Image.of(imported(stack), digest=DIGEST).grant_pull(role(stack))
    assert sorted(statements(stack, "Role")) == [
        (PULL_ACTIONS, "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout", None),
        (("ecr:GetAuthorizationToken",), "*", None),
    ]


def test_a_cached_image() -> None:
    stack = new_stack()
    image = Image.cached(quay(stack), f"quay.io/org/app:v1@{DIGEST}", architectures=["amd64"])
    assert (image.source, image.repository_name, image.digest, image.tag) == (
        stack.node.find_child("Cache"),
        "quay/org/app",
        DIGEST,
        None,
    )
    assert stack.resolve(image.repository_arn) == "arn:aws:ecr:eu-west-1:111122223333:repository/quay/org/app"
    assert uri(stack, image) == {
        "Fn::Join": [
            "",
            [
                "111122223333.dkr.ecr.eu-west-1.",
                {"Ref": "AWS::URLSuffix"},
                f"/quay/org/app@{DIGEST}",
            ],
        ]
    }
    image.grant_pull(role(stack))
    pull = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", *PULL_ACTIONS}
    found = [one for one in statements(stack, "Role") if one[0] != ("ecr:GetAuthorizationToken",)]
    [(actions, resource, _)] = found
    assert set(actions) == pull
    assert resource == "arn:aws:ecr:eu-west-1:111122223333:repository/quay/*"


def test_the_same_image_at_another_digest() -> None:
    stack = new_stack()
    other = f"sha256:{'f' * 64}"
    tagged = Image.of(Repository(stack, "R"), tag="v1.4.2", architectures=["arm64"])
    fixed = tagged.at_digest(other)
    assert (fixed.digest, fixed.tag, fixed.architectures) == (other, None, ("arm64",))
    assert uri(stack, fixed)["Fn::Join"][1][-1] == f"@{other}"
    assert (tagged.digest, tagged.tag) == (None, "v1.4.2")
    cached = Image.cached(quay(stack), "quay.io/org/app:v1").at_digest(other)
    assert (cached.source, cached.digest) == (stack.node.find_child("Cache"), other)


def test_a_host_to_sign_in_to_and_a_name_without_references() -> None:
    stack = new_stack()
    own = Image.of(Repository(stack, "R", repository_name="shop/checkout"), digest=DIGEST)
    host = ["111122223333.dkr.ecr.eu-west-1.", {"Ref": "AWS::URLSuffix"}]
    assert stack.resolve(own.registry_host) == {"Fn::Join": ["", host]}
    assert own.plain_uri == f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout@{DIGEST}"
    cached = Image.cached(quay(stack), "quay.io/org/app:v1")
    assert stack.resolve(cached.registry_host) == {"Fn::Join": ["", host]}
    assert cached.plain_uri == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/quay/org/app:v1"
    unnamed = Image.of(Repository(stack, "Unnamed"), digest=DIGEST)
    assert unnamed.plain_uri == unnamed.uri


def test_a_cached_tag_that_people_move_is_a_warning() -> None:
    stack = new_stack()
    run(stack, Image.cached(quay(stack), "quay.io/org/app"))
    [warning] = warnings(stack)
    assert "The tag 'latest' can be moved" in warning


def test_a_cached_image_of_another_registry_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"Stack/Cache: "):
        Image.cached(quay(new_stack()), "ghcr.io/org/app:v1")


def test_a_replica_has_the_name_and_the_digest_of_its_source() -> None:
    app = new_app()
    there = new_stack("There", env=cdk.Environment(account="222233334444", region="us-east-1"), app=app)
    image = Image.replica(there, "Replica", "shop/checkout", digest=DIGEST)
    image.grant_pull(role(there))
    assert (
        there.resolve(image.repository_arn) == "arn:aws:ecr:us-east-1:222233334444:repository/shop/checkout"
    )
    assert "arn:aws:ecr:us-east-1:222233334444:repository/shop/checkout" in str(statements(there, "Role"))
    with pytest.raises(InvalidInputError, match="Stack/Replica: "):
        Image.replica(new_stack(), "Replica", "Shop", digest=DIGEST)


def test_another_accounts_repository_needs_its_owner() -> None:
    stack = new_stack()
    arn = "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout"
    image = Image.of(Repository.from_repository_arn(stack, "Closed", arn), digest=DIGEST)
    with pytest.raises(RuntimeError, match="An imported repository's policy can't be changed from here"):
        image.grant_pull(role(stack))
    opened = Repository.from_repository_arn(stack, "Opened", arn, policy_managed_elsewhere=True)
    other = iam.Role(stack, "Other", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    Image.of(opened, digest=DIGEST).grant_pull(other)
    assert arn in str(statements(stack, "Other"))


def test_another_accounts_repository_of_the_app_lets_the_role_in() -> None:
    app = new_app()
    owner = new_stack("Owner", env=cdk.Environment(account="222233334444", region="eu-west-1"), app=app)
    here = new_stack("Here", app=app)
    image = Image.of(Repository(owner, "R", repository_name="shop/checkout"), digest=DIGEST)
    run(here, image)
    assert "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout" in str(statements(here, "Task"))
    assert container(here)["Image"]["Fn::Join"][1] == [
        "222233334444.dkr.ecr.eu-west-1.",
        {"Ref": "AWS::URLSuffix"},
        f"/shop/checkout@{DIGEST}",
    ]
    [statement] = properties(owner)["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert set(statement["Action"]) == set(PULL_ACTIONS)
    assert "aws:PrincipalTag/aws-cdk:id" in str(statement["Condition"])


# Lambda -------------------------------------------------------------------------------------------------


def test_lambda_takes_an_image_of_a_repository() -> None:
    from aws_cdk import aws_lambda as lambda_

    stack = new_stack()
    image = Image.of(Repository(stack, "R"), digest=DIGEST)
    lambda_.DockerImageFunction(stack, "Function", code=image.for_lambda(cmd=["handler"]))
    said = properties(stack, "AWS::Lambda::Function")
    assert f"@{DIGEST}" in str(said["Code"]["ImageUri"])
    assert said["ImageConfig"] == {"Command": ["handler"]}
    [statement] = properties(stack)["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_lambda_takes_a_digest_that_is_known_only_at_deployment() -> None:
    from aws_cdk import aws_lambda as lambda_

    stack = new_stack()
    digest = cdk.CfnParameter(stack, "Digest").value_as_string
    image = Image.of(Repository(stack, "R"), digest=digest)
    lambda_.DockerImageFunction(stack, "Function", code=image.for_lambda())
    uri = properties(stack, "AWS::Lambda::Function")["Code"]["ImageUri"]["Fn::Join"][1]
    assert uri[-2:] == ["@sha256:", {"Fn::Select": [1, {"Fn::Split": [":", {"Ref": "Digest"}]}]}]


def test_lambda_refuses_a_cached_image() -> None:
    image = Image.cached(quay(new_stack()), "quay.io/org/app:v1")
    with pytest.raises(InvalidInputError, match="Lambda can't pull through a cache") as caught:
        image.for_lambda()
    assert caught.value.got == "quay/org/app"
