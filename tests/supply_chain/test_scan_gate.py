"""The gate in a template: who waits for it, what it may read, and what is refused when it is written."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from registry_constructs import (
    FargateService,
    FindingException,
    Image,
    ImageFunction,
    InvalidInputError,
    Repository,
    ScanGate,
    ScanGateAction,
)
from tests.consumers import variants_eks
from tests.supply_chain.variants_gate import DIGEST
from tests.synthesis import cfn_lint, new_stack, properties, raw_template, resources, warnings


def image(stack: cdk.Stack, **said: str) -> Image:
    return Image.of(Repository(stack, "App", repository_name="shop/checkout"), **(said or {"digest": DIGEST}))


def test_what_runs_the_checked_image_waits_for_the_gate() -> None:
    stack = new_stack()
    gate = ScanGate(stack, "Gate", image=image(stack))
    FargateService(stack, "Service", image=gate.image, vpc=variants_eks.vpc(stack))
    definition = properties(stack, "AWS::ECS::TaskDefinition")
    [container] = definition["ContainerDefinitions"]
    [logical_id] = resources(stack, "Custom::ECRScanGate")
    assert {"Fn::GetAtt": [logical_id, "Digest"]} in container["Image"]["Fn::Join"][1]
    assert cfn_lint(raw_template(stack)) == []


def test_what_is_guarded_waits_for_the_gate() -> None:
    stack = new_stack()
    named = image(stack)
    gate = ScanGate(stack, "Gate", image=named)
    service = FargateService(stack, "Service", image=named, vpc=variants_eks.vpc(stack))
    function = ImageFunction(stack, "Function", image=named)
    gate.guard(service, function)
    [logical_id] = resources(stack, "Custom::ECRScanGate")
    for kind in ("AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::Lambda::Function"):
        for name, body in resources(stack, kind).items():
            assert logical_id in body.get("DependsOn", []) or name.startswith("GateScan")


def bad(**said: Any) -> InvalidInputError:
    stack = new_stack()
    with pytest.raises(InvalidInputError) as caught:
        ScanGate(stack, "Gate", **({"image": image(stack)} | said))
    assert str(caught.value).startswith("Stack/Gate: ")
    return caught.value


@pytest.mark.parametrize(
    "said",
    [
        {"image": "shop/checkout"},
        {"severity": "high"},
        {"exceptions": "CVE-2026-1"},
        {"exceptions": ["CVE-2026-1"]},
        {"signed_by": "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"},
        {"timeout": cdk.Duration.minutes(56)},
        {"timeout": cdk.Duration.seconds(90)},
        {"exceptions": [FindingException(cve="CVE-1", until="2999-01-01", reason="a")] * 2},
    ],
)
def test_bad_input_is_refused(said: dict[str, Any]) -> None:
    assert bad(**said).fix


@pytest.mark.parametrize(
    "change", [{"cve": ""}, {"cve": "a b"}, {"until": "soon"}, {"until": None}, {"reason": " "}]
)
def test_an_exception_needs_a_name_a_day_and_a_reason(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        FindingException(**({"cve": "CVE-2026-1", "until": "2999-01-01", "reason": "not reachable"} | change))


def test_a_step_needs_an_image() -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError):
        ScanGateAction(stack, "Step", action_name="Scan", repository=Repository(stack, "App"), image="")


def test_what_has_expired_or_moves_or_is_elsewhere_is_a_warning() -> None:
    stack = new_stack()
    exception = FindingException(cve="CVE-2026-1", until="2020-01-01", reason="was not reachable")
    arn = "arn:aws:ecr:eu-west-1:222233334444:repository/base"
    there = Repository.from_repository_arn(stack, "There", arn)
    ScanGate(stack, "Gate", image=Image.of(there, tag="latest"), exceptions=[exception])
    found = "\n".join(warnings(stack))
    for words in ("ended on 2020-01-01", "'latest' can be moved", "account 222233334444"):
        assert words in found
    assert properties(stack, "Custom::ECRScanGate")["Registry"] == "222233334444"
