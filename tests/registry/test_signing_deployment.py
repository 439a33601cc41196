"""Who may sign, deployed to the local AWS: IAM's own simulation of each role on the profiles that ECR has.

Its ECR signs nothing and its Signer has no SignPayload, so nothing is signed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aws_cdk
import pytest

from registry_constructs import GitHubPublisher, ImageBuild, ManagedSigning, Promotion, Registry, Repository
from registry_constructs.local import LocalAws, cdk
from tests.synthesis import CONTEXT

HERE, THERE = ("111122223333", "eu-west-1"), ("222233334444", "eu-central-1")
PUBLISHER, PROMOTER = "publish-checkout", "promote-checkout"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A central stack that signs, which is deployed after a team's, and production in another account."""
    app = aws_cdk.App(outdir=str(tmp_path_factory.mktemp("assembly")), context=CONTEXT)
    central, team, production = (
        aws_cdk.Stack(app, name, env=aws_cdk.Environment(account=account, region=region))
        for name, (account, region) in {"Central": HERE, "Team": HERE, "Production": THERE}.items()
    )
    central.add_stack_dependency(team)
    source = Repository(team, "Checkout", repository_name="shop/checkout")
    destination = Repository(production, "Checkout", repository_name="shop/checkout")
    GitHubPublisher(
        team,
        "Publisher",
        repository="acme@1/checkout@2",
        branches=["main"],
        repositories=[source],
        role_name=PUBLISHER,
    )
    ImageBuild(team, "Build", repository=source)
    Promotion(team, "Promotion", source=source, destination=destination, tags=["v*"], role_name=PROMOTER)
    for stack in (central, production):
        Registry(stack, "Registry")
        ManagedSigning(stack, "Signing", repositories=["shop/*"])
        ManagedSigning(stack, "OtherSigning", repositories=["tools/*"])
    with (
        LocalAws(account=HERE[0], region=HERE[1]) as local,
        cdk.synthesized(local, app.synth().directory) as assembly,
    ):
        assembly.bootstrap()
        assembly.deploy(concurrency=2)
        yield local


def profiles(aws: LocalAws, place: tuple[str, str]) -> dict[str, str]:
    """The profile of each filter, as the registry has it."""
    account, region = place
    configuration = aws.client("ecr", account=account, region=region).get_signing_configuration()
    return {
        one["filter"]: rule["signingProfileArn"]
        for rule in configuration["signingConfiguration"]["rules"]
        for one in rule["repositoryFilters"]
    }


def may_sign(aws: LocalAws, role: str, profile: str) -> bool:
    iam: Any = aws.client("iam")
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{HERE[0]}:role/{role}",
        ActionNames=["signer:SignPayload"],
        ResourceArns=[profile],
    )
    [result] = answer["EvaluationResults"]
    assert result["EvalResourceName"] == profile
    return bool(result["EvalDecision"] == "allowed")


def build_role(aws: LocalAws) -> str:
    [role] = [
        one["PhysicalResourceId"]
        for one in aws.client("cloudformation").describe_stack_resources(StackName="Team")["StackResources"]
        if one["ResourceType"] == "AWS::IAM::Role" and one["LogicalResourceId"].startswith("BuildRole")
    ]
    return str(role)


def test_each_role_may_sign_with_the_profile_that_signs_what_it_pushes(aws: LocalAws) -> None:
    here, there = profiles(aws, HERE), profiles(aws, THERE)
    assert here.keys() == there.keys() == {"shop/*", "tools/*"}
    every = {*here.values(), *there.values()}
    assert len(every) == 4
    allowed = {
        role: {profile for profile in every if may_sign(aws, role, profile)}
        for role in (PUBLISHER, build_role(aws), PROMOTER)
    }
    assert set(map(frozenset, allowed.values())) == {
        frozenset([here["shop/*"]]),
        frozenset([there["shop/*"]]),
    }
    assert allowed[PROMOTER] == {there["shop/*"]}


def test_the_other_account_s_profile_lets_this_account_sign(aws: LocalAws) -> None:
    account, region = THERE
    signer = aws.client("signer", account=account, region=region)
    permissions = {}
    for value, profile in profiles(aws, THERE).items():
        name = profile.rpartition("/")[2]
        try:
            found = signer.list_profile_permissions(profileName=name)["permissions"]
        except signer.exceptions.ResourceNotFoundException:
            found = []
        permissions[value] = [(one["action"], one["principal"]) for one in found]
    assert permissions == {"shop/*": [("signer:SignPayload", HERE[0])], "tools/*": []}
