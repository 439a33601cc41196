"""SafeRepositories: what authors left open becomes safe, what they said stays, and nothing is replaced."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match
from syrupy.assertion import SnapshotAssertion

from registry_constructs import InvalidInputError, SafeRepositories, SafeRepository, presets
from tests.guardrails.inherited import Inherited
from tests.synthesis import ENV, new_app, new_stack, properties, raw_template, resources

UPDATED_IN_PLACE = {"ImageTagMutability", "ImageScanningConfiguration", "LifecyclePolicy"}
SAFE = {
    "ImageTagMutability": "IMMUTABLE",
    "ImageScanningConfiguration": {"ScanOnPush": True},
    "LifecyclePolicy": {"LifecyclePolicyText": presets.default().to_dict()},
}


@pytest.fixture
def inherited(tmp_path: Path) -> Inherited:
    return Inherited(tmp_path)


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The keys whose values differ in anything of the same name."""
    return {
        key
        for name in before
        for key in before[name].keys() | after[name].keys()
        if before[name].get(key) != after[name].get(key)
    }


def informed(stack: cdk.Stack) -> dict[str, str]:
    """What the synth says at each construct."""
    found = Annotations.from_stack(stack).find_info("*", Match.any_value())
    return {message.id: str(message.entry.data) for message in found}


def test_the_app_as_it_was_inherited(inherited: Inherited, snapshot: SnapshotAssertion) -> None:
    assert inherited.resources() == snapshot


def test_the_app_made_safe(inherited: Inherited, snapshot: SnapshotAssertion) -> None:
    SafeRepositories(inherited.app)
    assert inherited.resources() == snapshot


OVERRIDES = [(), ("ImageTagMutability", "ScanOnPush", "DeletionPolicy")]


@pytest.mark.parametrize("override", OVERRIDES, ids=["no override", "all overridden"])
def test_what_is_changed_and_what_is_left_in_full(
    inherited: Inherited, snapshot: SnapshotAssertion, override: tuple[str, ...]
) -> None:
    safe = SafeRepositories(inherited.app, override=override, leave={"Images/Plain": "it is exported"})
    inherited.resources()
    assert {
        "changes": [asdict(one) for one in safe.changes],
        "left": [{**asdict(one), "value": str(one.value)} for one in safe.left],
        "told": [str(one) for one in [*safe.changes, *safe.left]],
    } == snapshot


def test_nothing_is_replaced(tmp_path: Path) -> None:
    before = Inherited(tmp_path).resources()
    made_safe = Inherited(tmp_path)
    SafeRepositories(made_safe.app)
    after = made_safe.resources()
    assert [(name, one["Type"]) for name, one in before.items()] == [
        (name, one["Type"]) for name, one in after.items()
    ]
    assert differing(before, after) == {"Properties", "DeletionPolicy", "UpdateReplacePolicy"}
    properties_before, properties_after = (
        {name: one.get("Properties", {}) for name, one in found.items()} for found in (before, after)
    )
    assert differing(properties_before, properties_after) == UPDATED_IN_PLACE


def test_what_an_author_says_stays_and_is_listed(inherited: Inherited) -> None:
    safe = SafeRepositories(inherited.app)
    before = Inherited.resources(inherited)
    said = next(one for name, one in before.items() if name.startswith("Said"))
    assert said["Properties"]["ImageTagMutability"] == "MUTABLE"
    assert (said["DeletionPolicy"], said["Properties"]["EmptyOnDelete"]) == ("Delete", True)
    assert {(one.property, one.value) for one in safe.left if one.path == "Images/Said/Resource"} == {
        ("ImageTagMutability", "MUTABLE"),
        ("ScanOnPush", False),
        ("EmptyOnDelete", True),
        ("DeletionPolicy", "Delete"),
        ("UpdateReplacePolicy", "Delete"),
    }


def test_every_change_is_listed_and_told_at_its_construct(inherited: Inherited) -> None:
    safe = SafeRepositories(inherited.app)
    told = informed(inherited.stack)
    assert {(one.property, one.before) for one in safe.changes if one.path == "Images/Low"} == {
        ("ImageTagMutability", None),
        ("ScanOnPush", None),
        ("LifecyclePolicy", None),
        ("DeletionPolicy", None),
        ("UpdateReplacePolicy", None),
    }
    assert not any(one.replaces for one in safe.changes)
    assert told.keys() == {f"/{one.path}" for one in safe.changes}
    assert "ImageTagMutability to IMMUTABLE" in told["/Images/Low"]
    assert "[ack: registry-constructs:made-safe]" in told["/Images/Low"]
    assert safe.summary().splitlines()[0] == "16 values set in 4 constructs, 8 left alone"
    assert "Images/Low: ImageTagMutability to IMMUTABLE" in safe.summary()
    assert "Images/Said/Resource: EmptyOnDelete is True, left: its author set it" in safe.summary()


def test_an_acknowledged_information_is_not_told() -> None:
    stack = new_stack()
    repository = ecr.CfnRepository(stack, "App")
    cdk.Annotations.of(repository).acknowledge_info("registry-constructs:made-safe", "We know")
    SafeRepositories(stack)
    assert informed(stack) == {}


def test_it_counts_what_is_said_after_it() -> None:
    app = new_app()
    stack = new_stack(app=app)
    early = ecr.Repository(stack, "Early")
    safe = SafeRepositories(app)
    early.add_lifecycle_rule(max_image_count=7)
    ecr.Repository(stack, "Late", image_tag_mutability=ecr.TagMutability.MUTABLE)
    found = {name[:4]: one["Properties"] for name, one in resources(stack).items()}
    [rule] = found["Earl"]["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
    assert rule["selection"]["countNumber"] == 7
    assert found["Late"] == {**SAFE, "ImageTagMutability": "MUTABLE"}
    assert len(safe.changes) == 4


def test_a_second_synth_changes_and_lists_nothing_more(inherited: Inherited) -> None:
    safe = SafeRepositories(inherited.app, leave={"Images/Old": "It goes next month"})
    inherited.app.synth()
    before = (list(safe.changes), list(safe.left))
    inherited.app.synth(force=True)
    assert (safe.changes, safe.left) == before


def test_stages_and_nested_stacks_are_made_safe_once() -> None:
    app = new_app()
    stage = cdk.Stage(app, "Production", env=ENV)
    staged = new_stack("Staged", app=stage)  # type: ignore[arg-type]
    ecr.Repository(staged, "App")
    nested = cdk.NestedStack(new_stack(app=app), "Nested")
    ecr.CfnRepository(nested, "Inside")
    safe = SafeRepositories(app)
    app.synth()
    assert {one.path for one in safe.changes} == {
        "Production/Staged/App/Resource",
        "Stack/Nested/Inside",
    }
    assert len(safe.changes) == 3 + 5
    assert properties(staged) == SAFE


def test_a_stage_that_is_made_too_late_is_refused() -> None:
    app = new_app()
    SafeRepositories(app)
    ecr.Repository(cdk.Stack(cdk.Stage(app, "Production"), "Images", env=ENV), "App")
    with pytest.raises(RuntimeError, match="Production/Images/App/Resource") as raised:
        app.synth()
    assert "the last line before app.synth()" in str(raised.value)


def test_only_what_is_beneath_its_scope_is_made_safe() -> None:
    app = new_app()
    for name in ("Mine", "Theirs"):
        ecr.CfnRepository(new_stack(name, app=app), "App")
    mine = app.node.find_child("Mine")
    assert isinstance(mine, cdk.Stack)
    safe = SafeRepositories(mine)
    app.synth()
    assert {one.path for one in safe.changes} == {"Mine/App"}


def test_what_is_left_has_its_reason(inherited: Inherited) -> None:
    safe = SafeRepositories(inherited.app, leave={"Images/Old": "It goes next month", "*/Low": "Experiments"})
    told = informed(inherited.stack)
    reasons = {one.path: one.reason for one in safe.left if not one.property}
    assert reasons == {
        "Images/Low": "Experiments",
        "Images/Old/Legacy": "It goes next month",
        "Images/Old/Throwaway": "It goes next month",
    }
    assert "leaves it as it is: Experiments" in told["/Images/Low"]
    assert {one.path for one in safe.changes} == {"Images/Plain/Resource"}


def test_an_override_sets_what_its_author_said_otherwise(inherited: Inherited) -> None:
    SafeRepositories(inherited.app, override=["ImageTagMutability", "ScanOnPush", "DeletionPolicy"])
    said = next(one for name, one in inherited.resources().items() if name.startswith("Said"))
    assert (said["DeletionPolicy"], said["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert said["Properties"].pop("LifecyclePolicy") != SAFE["LifecyclePolicy"]
    assert said["Properties"] == {name: SAFE[name] for name in SAFE if name != "LifecyclePolicy"}


def test_exceptions_from_mutable_tags_go_with_an_override() -> None:
    stack = new_stack()
    ecr.Repository(
        stack,
        "App",
        image_tag_mutability=ecr.TagMutability.MUTABLE_WITH_EXCLUSION,
        image_tag_mutability_exclusion_filters=[ecr.ImageTagMutabilityExclusionFilter.wildcard("v*")],
    )
    SafeRepositories(stack, override=["ImageTagMutability"])
    assert properties(stack) == SAFE


def test_immutable_tags_with_exceptions_are_safe() -> None:
    stack = new_stack()
    ecr.Repository(
        stack,
        "App",
        image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
        image_tag_mutability_exclusion_filters=[ecr.ImageTagMutabilityExclusionFilter.wildcard("latest")],
    )
    safe = SafeRepositories(stack, override=["ImageTagMutability"])
    assert properties(stack)["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert "ImageTagMutability" not in {
        *(one.property for one in safe.changes),
        *(one.property for one in safe.left),
    }


def test_a_repository_that_a_cache_fills_keeps_tags_that_move() -> None:
    stack = new_stack()
    ecr.CfnPullThroughCacheRule(stack, "Cache", ecr_repository_prefix="quay", upstream_registry_url="quay.io")
    ecr.CfnRepository(stack, "Cached", repository_name="quay/prometheus/prometheus")
    ecr.CfnRepository(stack, "Own", repository_name="quayside/app")
    safe = SafeRepositories(stack)
    found = resources(stack)
    assert "ImageTagMutability" not in found["Cached"]["Properties"]
    assert found["Own"]["Properties"]["ImageTagMutability"] == "IMMUTABLE"
    [left] = safe.left
    assert (left.value, left.reason) == ("MUTABLE", "a pull-through cache fills it")


def test_a_cache_for_root_may_fill_any_repository_with_a_name() -> None:
    stack = new_stack()
    ecr.CfnPullThroughCacheRule(stack, "Cache", ecr_repository_prefix="ROOT", upstream_registry_url="quay.io")
    ecr.CfnRepository(stack, "Named", repository_name="app")
    ecr.CfnRepository(stack, "Unnamed")
    SafeRepositories(stack)
    found = resources(stack)
    assert "ImageTagMutability" not in found["Named"]["Properties"]
    assert found["Unnamed"]["Properties"]["ImageTagMutability"] == "IMMUTABLE"


def test_a_key_replaces_only_the_repositories_that_are_named() -> None:
    app = new_app()
    stack = new_stack(app=app)
    for name in ("Named", "Other"):
        ecr.Repository(stack, name)
    key = kms.Key(stack, "Key")
    safe = SafeRepositories(app, encryption_key=key, replace=["Stack/Named"])
    found = {name[:5]: one for name, one in resources(stack).items()}
    assert found["Named"]["Properties"]["EncryptionConfiguration"]["EncryptionType"] == "KMS"
    assert found["Named"]["UpdateReplacePolicy"] == "Retain"
    assert "EncryptionConfiguration" not in found["Other"]["Properties"]
    [replaced] = [str(one) for one in safe.changes if one.replaces]
    assert replaced == (
        "Stack/Named/Resource: EncryptionConfiguration to KMS with Stack/Key, which makes another resource"
    )


def test_a_repository_with_a_name_can_not_be_replaced() -> None:
    stack = new_stack()
    ecr.Repository(stack, "App", repository_name="shop/app")
    SafeRepositories(stack, encryption_key=kms.Key(stack, "Key"), replace=["Stack/App"])
    with pytest.raises(RuntimeError, match="another repository of the same name"):
        raw_template(stack)


def test_a_path_that_no_repository_has_is_refused() -> None:
    stack = new_stack()
    ecr.Repository(stack, "App")
    SafeRepositories(stack, leave={"Stack/Ap": "A typing error"})
    with pytest.raises(RuntimeError, match="No repository is there") as raised:
        raw_template(stack)
    assert "Stack/Ap" in str(raised.value)


def test_the_mixin_alone_looks_at_what_stands(inherited: Inherited) -> None:
    mixin = SafeRepository(lifecycle=presets.releases())
    cdk.Mixins.of(inherited.app).apply(mixin)
    ecr.CfnRepository(inherited.stack, "Later")
    found = inherited.resources()
    assert (
        found["Low"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"] == presets.releases().to_dict()
    )
    assert found["Low"]["DeletionPolicy"] == "Retain"
    assert found["Later"] == {"Type": "AWS::ECR::Repository"}
    assert not mixin.supports(inherited.stack)


def test_a_lifecycle_policy_that_python_can_not_read_is_left() -> None:
    stack = new_stack()
    repository = ecr.Repository(stack, "App", lifecycle_rules=[ecr.LifecycleRule(max_image_count=3)])
    low = repository.node.default_child
    assert isinstance(low, ecr.CfnRepository)
    assert low.lifecycle_policy is not None  # from now on its value is lost to Python
    safe = SafeRepositories(stack)
    [rule] = properties(stack)["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
    assert rule["selection"]["countNumber"] == 3
    left = {one.reason: one for one in safe.left}["it can't be read from Python"]
    assert (left.path, left.property) == ("Stack/App/Resource", "LifecyclePolicy")


def test_another_lifecycle_policy_than_the_default(inherited: Inherited) -> None:
    SafeRepositories(inherited.app, lifecycle=presets.build_cache())
    policy = inherited.resources()["Low"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
    assert {"LifecyclePolicyText": policy} != SAFE["LifecyclePolicy"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"override": ["RepositoryName"]}, "There is no such override"),
        ({"replace": ["Stack/App"]}, "can't be changed"),
        ({"leave": {"Stack/App": " "}}, "no reason why"),
    ],
)
def test_what_can_not_be_meant_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as raised:
        SafeRepositories(new_stack(), **arguments)
    assert raised.value.where == "Stack/SafeRepositories"
