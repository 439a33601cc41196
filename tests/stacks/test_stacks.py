"""The example app: what its stacks deploy, and where."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from syrupy.assertion import SnapshotAssertion

import app as example
from tests.synthesis import new_app, template

pytestmark = pytest.mark.deploy


def stacks(**context: str) -> dict[str, cdk.Stack]:
    app = new_app()
    for name, value in context.items():
        app.node.set_context(name, value)
    example.build(app)
    return {child.node.id: child for child in app.node.children if isinstance(child, cdk.Stack)}


def without_bootstrap_check(rendered: dict[str, Any]) -> dict[str, Any]:
    """The template without what the default synthesizer adds to every stack."""
    parameters = {name: one for name, one in rendered["Parameters"].items() if name != "BootstrapVersion"}
    kept = {name: part for name, part in rendered.items() if name not in {"Parameters", "Rules"}}
    return kept | ({"Parameters": parameters} if parameters else {})


ALWAYS = ["PublicImages", "Repositories"]
OF_REGISTRIES = ["DestinationRegistry", "SourceRegistry"]
OF_CHECKOUT = ["Ec2", "Eks", "Fargate", "Network"]
OF_DELIVERY = ["Delivery"]
OF_THUMBNAILS = ["Functions"]
NAMES = sorted([*ALWAYS, *OF_REGISTRIES, *OF_CHECKOUT, *OF_DELIVERY, *OF_THUMBNAILS])


@pytest.fixture(scope="module")
def example_stacks() -> dict[str, cdk.Stack]:
    """The app as `make deploy-local` deploys it."""
    return stacks()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_stack_deploys(
    name: str, example_stacks: dict[str, cdk.Stack], snapshot: SnapshotAssertion
) -> None:
    assert without_bootstrap_check(template(example_stacks[name])) == snapshot


def test_the_app_has_no_other_stack(example_stacks: dict[str, cdk.Stack]) -> None:
    assert sorted(example_stacks) == NAMES


def test_in_an_account_of_the_users_nobody_else_may_pull_unless_named() -> None:
    for context in ({"account": "444455556666"}, {"account": "444455556666", "readers": ""}):
        assert "RepositoryPolicyText" not in str(template(stacks(**context)["Repositories"]))


def test_in_an_account_of_the_users_the_registry_is_left_alone_until_its_replicas_have_a_place() -> None:
    assert sorted(stacks(account="444455556666")) == ALWAYS
    found = stacks(account="444455556666", replica_account="444455556666", replica_region="eu-north-1")
    assert found["DestinationRegistry"].environment == "aws://444455556666/eu-north-1"
    assert "RegistryPolicy" not in str(template(found["DestinationRegistry"]))


DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("context", "names"),
    [
        ({"checkout": "v1.4.2"}, OF_CHECKOUT),
        ({"thumbnails": "v1.4.2"}, OF_THUMBNAILS),
        ({"checkout": "v1.4.2", "thumbnails": DIGEST}, [*OF_CHECKOUT, *OF_THUMBNAILS]),
        ({"checkout": "", "thumbnails": ""}, []),
        ({"checkout": "v1.4.2", "github": "acme@1/checkout@2"}, [*OF_CHECKOUT, *OF_DELIVERY]),
        ({"github": "acme@1/checkout@2"}, []),
    ],
    ids=["checkout", "thumbnails", "both", "empty", "delivery", "nothing to deliver"],
)
def test_in_an_account_of_the_users_only_what_has_an_image_runs(
    context: dict[str, str], names: list[str]
) -> None:
    assert sorted(stacks(account="444455556666", **context)) == sorted([*ALWAYS, *names])


@pytest.mark.parametrize(
    ("image", "suffix"), [("v1.4.2", ":v1.4.2"), (DIGEST, f"@{DIGEST}")], ids=["tag", "digest"]
)
def test_what_runs_is_the_image_that_is_named(image: str, suffix: str) -> None:
    found = stacks(account="444455556666", checkout=image, thumbnails=image)
    repositories = template(found["Repositories"])
    uri = re.compile(
        r'444455556666\.dkr\.ecr\.eu-west-1\.", {"Ref": "AWS::URLSuffix"}, "/", {"Fn::GetStackOutput": '
        r'{"OutputName": "(\w+)", "Region": "eu-west-1", "StackName": "Repositories"}}, "' + suffix
    )
    names = {}
    for name in ("Fargate", "Ec2", "Eks", "Functions"):
        [output] = set(uri.findall(json.dumps(template(found[name]), sort_keys=True)))
        repository = repositories["Resources"][repositories["Outputs"][output]["Value"]["Ref"]]
        names[name] = repository["Properties"]["RepositoryName"]
    assert names == {
        "Fargate": "shop/checkout",
        "Ec2": "shop/checkout",
        "Eks": "shop/checkout",
        "Functions": "shop/thumbnails",
    }


def test_account_region_and_readers_come_from_the_context() -> None:
    found = stacks(account="444455556666", region="ap-south-1", readers="555566667777, 666677778888")
    assert found["Repositories"].environment == "aws://444455556666/ap-south-1"
    assert found["PublicImages"].environment == "aws://444455556666/us-east-1"
    rendered = str(template(found["Repositories"]))
    assert "arn:aws:iam::555566667777:root" in rendered
    assert "arn:aws:iam::666677778888:root" in rendered
    assert "222233334444" not in rendered


def test_with_a_severity_the_service_passes_a_gate() -> None:
    gated = template(stacks(checkout=DIGEST, severity="HIGH")["Fargate"])
    [gate] = [name for name, one in gated["Resources"].items() if one["Type"] == "Custom::ECRScanGate"]
    definitions = [one for one in gated["Resources"].values() if one["Type"] == "AWS::ECS::TaskDefinition"]
    assert len(definitions) == 2
    assert all(f"{gate}" in json.dumps(one) for one in definitions)
    assert "ECRScanGate" not in json.dumps(template(stacks(checkout=DIGEST)["Fargate"]))
