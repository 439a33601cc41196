"""Every consumer with an image of every kind: it names the image, and whoever pulls it may do so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs import (
    Ec2Capacity,
    Ec2Service,
    FargateService,
    FargateTask,
    Image,
    ImageFunction,
    InvalidInputError,
    KubernetesWorkload,
    PrivateRegistryAccess,
    Repository,
)
from registry_constructs.ecr.actions import PULL_ACTIONS
from tests.consumers.ecs.variants_ecs import DIGEST, IMAGES, OTHER_ACCOUNT, vpc
from tests.consumers.eks import variants_eks
from tests.consumers.reading import container, listed
from tests.synthesis import new_app, new_stack, raw_template, warnings

PULL = set(PULL_ACTIONS)
FIRST_PULL = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}
KINDS: dict[str, Callable[[cdk.Stack], Image]] = IMAGES | {
    "imported-by-the-cdk": lambda s: Image.of(
        ecr.Repository.from_repository_name(s, "Repository", "shop/checkout"), digest=DIGEST
    ),
    "of-another-account-by-the-cdk": lambda s: Image.of(
        ecr.Repository.from_repository_arn(s, "Repository", OTHER_ACCOUNT), digest=DIGEST
    ),
    "of-another-account-in-this-app": lambda s: Image.of(
        Repository(
            new_stack(
                "Owner",
                env=cdk.Environment(account="222233334444", region="eu-west-1"),
                app=cast("cdk.App", s.node.root),
            ),
            "Repository",
            repository_name="shop/checkout",
        ),
        digest=DIGEST,
    ),
}
ELSEWHERE = {kind for kind in KINDS if kind.startswith("of-another-account")}


def on_nodes(stack: cdk.Stack, image: Image) -> None:
    KubernetesWorkload(stack, "Checkout", cluster=variants_eks.cluster(stack), image=image, apply=False)


def on_fargate_pods(stack: cdk.Stack, image: Image) -> None:
    cluster = variants_eks.cluster(stack, nodes=None, fargate_namespaces=["checkout"])
    KubernetesWorkload(stack, "Checkout", cluster=cluster, image=image, apply=False)


CONSUMERS: dict[str, Callable[[cdk.Stack, Image], Any]] = {
    "FargateService": lambda s, image: FargateService(s, "Checkout", image=image, vpc=vpc(s)),
    "FargateTask": lambda s, image: FargateTask(s, "Checkout", image=image, vpc=vpc(s)),
    "Ec2Service": lambda s, image: Ec2Service(
        s, "Checkout", image=image, capacity=Ec2Capacity(s, "Capacity", vpc=vpc(s))
    ),
    "KubernetesWorkload on nodes": on_nodes,
    "KubernetesWorkload on Fargate": on_fargate_pods,
    "PrivateRegistryAccess": lambda s, image: PrivateRegistryAccess(s, "Access", vpc=vpc(s), images=[image]),
}
ECS = ("FargateService", "FargateTask", "Ec2Service")
WHOLE_CACHE = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/*"
OF_EKS = "arn:aws:ecr:eu-west-1:*:repository/eks/*"  # what CoreDNS on Fargate is pulled from


def pulls(stack: cdk.Stack) -> Iterator[tuple[set[str], list[Any]]]:
    """Actions and resources of the statements that allow pulls, in roles and endpoints."""
    for name, body in raw_template(stack)["Resources"].items():
        if body["Type"] in {"AWS::IAM::Policy", "AWS::EC2::VPCEndpoint"} and not name.startswith("Cache"):
            for statement in body["Properties"].get("PolicyDocument", {}).get("Statement", []):
                actions = set(listed(statement["Action"]))
                if actions & {*PULL, *FIRST_PULL}:
                    yield actions, listed(statement["Resource"])


@pytest.mark.deploy
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_the_image_is_named_and_may_be_pulled(consumer: str, kind: str) -> None:
    stack = new_stack("shop", app=new_app())
    image = KINDS[kind](stack)
    CONSUMERS[consumer](stack, image)
    found = [(actions, resources) for actions, resources in pulls(stack) if resources != [OF_EKS]]
    expected = PULL | (FIRST_PULL if kind == "cached" else set())
    if consumer == "KubernetesWorkload on nodes" and kind not in ELSEWHERE:
        # AmazonEC2ContainerRegistryPullOnly has the rest.
        expected = {"ecr:CreateRepository"} if kind == "cached" else set()
    assert set().union(*(actions for actions, _ in found)) == expected
    arn = WHOLE_CACHE if kind == "cached" and consumer in ECS else stack.resolve(image.repository_arn)
    assert all(resources == [arn] for _, resources in found)
    if consumer in ECS:
        assert container(stack)["Image"] == stack.resolve(image.uri)
    forgets = kind == "of-another-account-by-the-cdk" and consumer != "PrivateRegistryAccess"
    assert [one.partition("[ack: ")[2] for one in warnings(stack)] == (
        ["Annotation::registry-constructs:owner-must-allow-the-pull]"] if forgets else []
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_runs_the_image_and_lambda_may_fetch_it(kind: str) -> None:
    stack = new_stack("shop", app=new_app())
    image = KINDS[kind](stack)
    if kind in {"cached", "imported", "replica"}:
        with pytest.raises(InvalidInputError, match=r"Lambda can't pull through a cache|can't fetch images"):
            ImageFunction(stack, "Checkout", image=image)
        return
    function = ImageFunction(stack, "Checkout", image=image)
    rendered = stack.resolve(function.node.default_child.code)  # type: ignore[union-attr]
    assert rendered == {"imageUri": stack.resolve(image.uri)}
    repository = image.repository_for_lambda().node.default_child
    if isinstance(repository, ecr.CfnRepository):
        policy = cdk.Stack.of(repository).resolve(repository.repository_policy_text)
        assert "lambda.amazonaws.com" in str(policy)


@pytest.mark.parametrize("consumer", [*CONSUMERS, "ImageFunction"])
@pytest.mark.parametrize("given", ["nginx", None])
def test_what_is_no_image_is_refused(consumer: str, given: Any) -> None:
    stack = new_stack()
    makers = CONSUMERS | {"ImageFunction": lambda s, image: ImageFunction(s, "Checkout", image=image)}
    with pytest.raises(InvalidInputError, match=r"Stack/(Checkout|Access): Not an image"):
        makers[consumer](stack, given)


@pytest.mark.parametrize("given", ["shop/checkout", None])
def test_what_is_no_private_repository_has_no_image(given: Any) -> None:
    with pytest.raises(InvalidInputError, match="Not a private repository"):
        Image.of(given, digest=DIGEST)
