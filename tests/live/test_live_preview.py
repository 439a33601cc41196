"""`registry-constructs lifecycle preview --live`, with an evaluator that stands in for ECR's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from syrupy.assertion import SnapshotAssertion

from registry_constructs.ecr.lifecycle import Action, LifecyclePolicy, LifecycleRule
from registry_constructs.live.live_preview import preview_app
from registry_constructs.local import LocalAws
from registry_constructs.simulation import SimulatedImage
from tests.live.conftest import Result, Shell
from tests.live.content import digest_of, image
from tests.live.gateway import Answer, Gateway, Request, refusal
from tests.live.test_needed_rights import STATEMENTS
from tests.simulation.reference import evaluate

KEEP = LifecyclePolicy([LifecycleRule.expire(tag_pattern_list=["v*"], image_count_more_than=2)])
OLD = LifecyclePolicy([LifecycleRule.archive(days_since_pulled=30)])

ANYWHERE = "aws://unknown-account/unknown-region"

PUSHED_AT = time.time() - 3_600

Ask = Callable[..., Result]


class Previews:
    """ECR's previews: what the shortest form of AWS's rules says, in pages, after some patience."""

    def __init__(self, gateway: Gateway, images: dict[str, list[SimulatedImage]]) -> None:
        self._images = images
        self.running = 0
        """How often one is still in progress when it is asked for."""
        self.busy = 0
        """How often another one is in progress when ours is to begin."""
        self.change: Callable[[dict[str, Any]], dict[str, Any] | Answer] = lambda answer: answer
        self._text: dict[str, str] = {}
        gateway.hooks["StartLifecyclePolicyPreview"] = self._start
        gateway.hooks["GetLifecyclePolicyPreview"] = self._get

    def _start(self, request: Request) -> Answer:
        if request["repositoryName"] not in self._images:
            return refusal("RepositoryNotFoundException")
        if self.busy:
            self.busy -= 1
            self._text.setdefault(request["repositoryName"], OLD.to_json())
            return refusal("LifecyclePolicyPreviewInProgressException")
        self._text[request["repositoryName"]] = request["lifecyclePolicyText"]
        return 200, {"status": "IN_PROGRESS"}

    def _get(self, request: Request) -> Answer:
        name = request["repositoryName"]
        if name not in self._text:
            return refusal("LifecyclePolicyPreviewNotFoundException")
        if self.running:
            self.running -= 1
            return 200, {"status": "IN_PROGRESS", "lifecyclePolicyText": self._text[name]}
        policy = LifecyclePolicy.from_json(self._text[name])
        marked = evaluate(policy, self._images[name], time.time())
        results = [
            {
                "imageDigest": digest,
                "action": {"type": "EXPIRE"}
                if action is Action.EXPIRE
                else {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
                "appliedRulePriority": 1,
            }
            for digest, action in sorted(marked.items())
        ]
        start = int(request.get("nextToken", 0))
        answer: dict[str, Any] = {
            "status": "COMPLETE",
            "lifecyclePolicyText": self._text[name],
            "previewResults": results[start : start + 2],
            "summary": {"expiringImageTotalCount": sum(one is Action.EXPIRE for one in marked.values())},
        }
        if start + 2 < len(results):
            answer["nextToken"] = str(start + 2)
        changed = self.change(answer)
        return changed if isinstance(changed, tuple) else (200, changed)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at a preview again at once."""
    monkeypatch.setitem(cast("Any", preview_app).__kwdefaults__, "pause", 0.001)


def push(aws: LocalAws, account: str, gateway: Gateway, name: str, tags: int) -> list[SimulatedImage]:
    """Images pushed one minute after the other."""
    ecr = aws.client("ecr", account=account, region="eu-west-1")
    ecr.create_repository(repositoryName=name)
    found = []
    for number in range(tags):
        text, tag, pushed_at = image(f"{name} {number}"), f"v1.{number}", PUSHED_AT + number * 60.0
        ecr.put_image(repositoryName=name, imageManifest=text, imageTag=tag)
        gateway.details[digest_of(text)] = {"imagePushedAt": pushed_at}
        found.append(SimulatedImage(digest_of(text), (tag,), pushed_at))
    return found


@pytest.fixture
def previews(local_aws: LocalAws, account: str, gateway: Gateway) -> Previews:
    names = {"shop/checkout": 7, "shop/cart": 1}
    return Previews(
        gateway, {name: push(local_aws, account, gateway, name, tags) for name, tags in names.items()}
    )


def repository(name: str | dict[str, Any], policy: LifecyclePolicy | None = KEEP) -> dict[str, Any]:
    properties: dict[str, Any] = {"RepositoryName": name}
    if policy:
        properties["LifecyclePolicy"] = {"LifecyclePolicyText": policy.to_json()}
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def synthesized(
    environment: str = "aws://unknown-account/unknown-region", **resources: dict[str, Any]
) -> None:
    folder = Path("cdk.out")
    folder.mkdir(exist_ok=True)
    (folder / "App.template.json").write_text(json.dumps({"Resources": resources}))
    properties = {"templateFile": "App.template.json"}
    kind = "aws:cloudformation:stack"
    artifact = {"type": kind, "environment": environment, "properties": properties}
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": {"App": artifact}}))


@pytest.fixture
def ask(shell: Shell, gateway: Gateway) -> Ask:
    def preview(*options: str) -> Result:
        return shell("lifecycle", "preview", "--live", *options, endpoint=gateway.url)

    return preview


def test_both_say_the_same(previews: Previews, gateway: Gateway, ask: Ask) -> None:
    synthesized(Checkout=repository("shop/checkout"), Cart=repository("shop/cart", OLD))
    previews.running = 3
    result = ask("--format", "json")
    assert result.status == 0
    checkout, cart = json.loads(result.out)
    assert (checkout["images"], checkout["going"], checkout["differences"]) == (7, 5, [])
    assert (cart["images"], cart["going"], cart["differences"]) == (1, 0, [])
    assert "differ" not in result.err
    asked = {f"ecr:{operation}" for operation, _ in gateway.calls}
    assert asked <= {*STATEMENTS["Preview"], *STATEMENTS["Inventory"]}
    assert asked >= {*STATEMENTS["Preview"]}


def test_what_is_printed(previews: Previews, ask: Ask, snapshot: SnapshotAssertion) -> None:
    def keeps_another(answer: dict[str, Any]) -> dict[str, Any]:
        for one in answer["previewResults"]:
            if one["imageDigest"] == digest_of(image("shop/checkout 0")):
                one["imageDigest"] = digest_of(image("shop/checkout 6"))
        return answer

    previews.change = keeps_another
    synthesized(
        Checkout=repository("shop/checkout"),
        Cart=repository("shop/cart"),
        Made=repository({"Ref": "Name"}),
        Nowhere=repository("shop/nowhere"),
        Plain=repository("shop/plain", None),
        Template={
            "Type": "AWS::ECR::RepositoryCreationTemplate",
            "Properties": {"Prefix": "team", "LifecyclePolicy": KEEP.to_json()},
        },
    )
    result = ask()
    assert result.status == 4
    assert "ECR's preview and the simulation differ" in result.err
    assert result.out.splitlines() == snapshot(name="table")
    result = ask("--format", "json")
    assert result.status == 4
    assert json.loads(result.out) == snapshot(name="json")


@pytest.mark.usefixtures("previews")
def test_a_repository_of_another_account_is_not_looked_for(ask: Ask) -> None:
    synthesized("aws://999999999999/eu-west-1", Checkout=repository("shop/checkout"))
    result = ask("--format", "json")
    assert result.status == 0
    assert "in account 999999999999, and the credentials are of" in json.loads(result.out)[0]["note"]


@pytest.mark.usefixtures("previews")
def test_each_region_that_is_named_where_the_app_leaves_it_open(ask: Ask) -> None:
    synthesized(Checkout=repository("shop/checkout"))
    result = ask("--format", "json", "--region", "eu-west-1", "--region", "us-east-1")
    here, there = json.loads(result.out)
    assert (here["region"], here["images"]) == ("eu-west-1", 7)
    assert (there["region"], there["note"]) == ("us-east-1", "not there yet: nothing to preview")


def test_somebody_elses_preview_is_waited_for(previews: Previews, ask: Ask) -> None:
    synthesized(Checkout=repository("shop/checkout"))
    previews.busy, previews.running = 2, 2
    result = ask("--format", "json")
    assert result.status == 0
    assert json.loads(result.out)[0]["going"] == 5


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda answer: answer | {"status": "FAILED"}, "ECR's preview did not succeed"),
        (lambda answer: answer | {"status": "EXPIRED"}, "ECR's preview did not succeed"),
        (
            lambda answer: answer | {"lifecyclePolicyText": OLD.to_json()},
            "Another preview took the place of this one",
        ),
        (
            lambda answer: answer | {"summary": {"expiringImageTotalCount": 99}},
            "ECR's preview is not complete",
        ),
        (lambda answer: answer | {"previewResults": [{"imageDigest": "x"}]}, "AWS's answer can't be read"),
        (
            lambda answer: {key: value for key, value in answer.items() if key != "previewResults"},
            "AWS's answer can't be read",
        ),
        (lambda _: refusal("AccessDeniedException"), "AWS does not allow GetLifecyclePolicyPreview"),
    ],
    ids=["failed", "expired", "another", "short", "odd", "without results", "denied"],
)
def test_what_is_no_preview_is_an_error_and_the_others_are_still_compared(
    previews: Previews, ask: Ask, change: Callable[..., Any], problem: str
) -> None:
    synthesized(Checkout=repository("shop/checkout"), Nowhere=repository("shop/nowhere"))
    previews.change = change
    result = ask("--format", "json")
    assert result.status == 1
    assert problem in result.err
    checkout, nowhere = json.loads(result.out)
    assert problem in checkout["error"]
    assert checkout["images"] is None
    assert nowhere["note"] == "not there yet: nothing to preview"


def test_a_preview_that_never_ends_is_given_up(
    previews: Previews, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry_constructs.live.live_preview.PATIENCE", 0.3)
    synthesized(Checkout=repository("shop/checkout"))
    previews.running = 10**9
    result = ask()
    assert result.status == 1
    assert "ECR's preview takes too long" in result.err


@pytest.mark.usefixtures("previews")
def test_credentials_that_are_refused_stop_at_once(gateway: Gateway, ask: Ask) -> None:
    synthesized(Checkout=repository("shop/checkout"), Cart=repository("shop/cart"))
    gateway.hooks["StartLifecyclePolicyPreview"] = lambda _: refusal("ExpiredTokenException")
    result = ask()
    assert (result.status, result.out) == (1, "")
    assert "The credentials are not valid" in result.err
    assert len(gateway.asked("StartLifecyclePolicyPreview")) == 1


def test_bad_options(shell: Shell, ask: Ask) -> None:
    assert ask().status == 2  # there is no cdk.out
    synthesized(Checkout=repository("shop/checkout"))
    result = shell("lifecycle", "preview")
    assert result.status == 2
    assert "A preview asks ECR" in result.err
