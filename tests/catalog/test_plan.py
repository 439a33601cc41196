"""What a plan says: every kind of change, and what is at stake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from registry_constructs import Catalog, CatalogStage, InvalidInputError, Repository
from registry_constructs.catalog.plan import Deployed, Kind, RepositoryChange, plan, read_templates
from tests.synthesis import ENV, new_app

HOME = {"home": {"account": "111122223333", "region": "eu-west-1"}}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234"


def catalog(repositories: dict[str, Any], **data: Any) -> Catalog:
    return Catalog.from_dict({"environments": HOME, **data, "repositories": repositories})


def deployed(before: Catalog, *, tags: dict[str, str] | None = None) -> list[Deployed]:
    """What stands once a catalog is deployed."""
    app = new_app()
    for name, value in (tags or {}).items():
        cdk.Tags.of(app).add(name, value)
    CatalogStage.for_environments(app, before)
    return read_templates(Path(app.synth().directory))


def changes(before: Catalog, after: Catalog, **more: Any) -> dict[str, RepositoryChange]:
    found = plan(after, deployed(before), **more)
    assert len({change.name for change in found}) == len(found)
    return {change.name: change for change in found}


def test_nothing_changes_when_the_same_is_deployed() -> None:
    everything = {
        "a/plain": {},
        "a/all": {
            "lifecycle": "releases",
            "immutable_except": ["latest"],
            "access": {"accounts": ["222233334444"], "lambda_functions": ["f"]},
            "tags": {"x": "y"},
            "removal_policy": "DESTROY",
            "empty_on_delete": True,
        },
        "a/aes": {"encryption": "AES_256"},
        "a/mutable": {"image_tag_mutability": "MUTABLE", "image_scan_on_push": False, "lifecycle": []},
    }
    same = catalog(everything)
    assert plan(same, deployed(same)) == []
    shared = catalog(everything, stacks={"key": "shared"})
    assert plan(shared, deployed(shared)) == []


def test_tags_that_the_app_adds_to_all_are_not_judged() -> None:
    same = catalog({"a/one": {"tags": {"x": "y"}}, "a/two": {}})
    assert plan(same, deployed(same, tags={"stage": "prod"})) == []


def test_every_kind_of_change_is_told_apart() -> None:
    before = catalog({"a/same": {}, "a/altered": {"tags": {"x": "1"}}, "a/replaced": {}, "a/removed": {}})
    after = catalog(
        {
            "a/same": {},
            "a/altered": {"lifecycle": "releases", "image_tag_mutability": "MUTABLE", "tags": {"x": "2"}},
            "a/replaced": {"encryption_key": KEY},
            "a/added": {},
        }
    )
    found = changes(before, after)
    assert {name: change.kind for name, change in found.items()} == {
        "a/added": Kind.ADD,
        "a/altered": Kind.ALTER,
        "a/removed": Kind.REMOVE,
        "a/replaced": Kind.REPLACE,
    }
    assert found["a/altered"].details[0] == "ImageTagMutability: IMMUTABLE -> MUTABLE"
    assert "LifecyclePolicy: expire images tagged v* beyond the 1000000 newest" in found["a/altered"].details
    assert found["a/altered"].details[-1] == 'Tags: {"x": "1"} -> {"x": "2"}'
    assert found["a/removed"].details == (
        "it is removed from its stack and stays in ECR with its images, unmanaged",
    )
    assert [name for name, change in found.items() if change.at_stake] == ["a/removed", "a/replaced"]


@pytest.mark.parametrize(
    "said",
    [
        {"encryption": "AES_256"},
        {"encryption": "KMS"},
        {"encryption_key": KEY},
    ],
)
def test_another_encryption_replaces(said: dict[str, Any]) -> None:
    [change] = changes(catalog({"a/b": {}}), catalog({"a/b": said})).values()
    assert change.kind is Kind.REPLACE
    [back] = changes(catalog({"a/b": said}), catalog({"a/b": {}})).values()
    assert back.kind is Kind.REPLACE


def test_another_key_for_all_replaces_all() -> None:
    before = catalog({"a/b": {}, "a/c": {"encryption": "AES_256"}})
    after = catalog({"a/b": {}, "a/c": {"encryption": "AES_256"}}, stacks={"key": "shared"})
    assert {name: change.kind for name, change in changes(before, after).items()} == {"a/b": Kind.REPLACE}


def test_planning_other_stacks_by_hand_moves_and_that_is_at_stake() -> None:
    names: dict[str, Any] = {f"a/{number}": {} for number in range(20)}
    found = changes(catalog(names), catalog(names, stacks={"count": 2}))
    assert {change.kind for change in found.values()} == {Kind.MOVE}
    assert 0 < len(found) < 20
    assert all(change.at_stake for change in found.values())
    assert "deployed in home-Repositories0 as" in next(iter(found.values())).details[0]


def test_a_repository_of_another_stack_is_a_move_if_the_catalog_has_its_name() -> None:
    app = new_app()
    stack = cdk.Stack(app, "Old", env=ENV)
    Repository(stack, "Cart", repository_name="a/cart")
    Repository(stack, "Other", repository_name="a/other")
    Repository(stack, "Generated")
    standing = read_templates(Path(app.synth().directory))
    [change] = plan(catalog({"a/cart": {}}), standing)
    assert (change.name, change.kind) == ("a/cart", Kind.MOVE)


def test_images_decide_what_is_at_stake() -> None:
    before, after = catalog({"a/full": {}, "a/empty": {}, "a/gone": {}}), catalog({})
    counts = {"a/full": 3, "a/empty": 0}
    found = changes(before, after, images=lambda name, _: counts.get(name))
    assert {name: (change.images, change.at_stake) for name, change in found.items()} == {
        "a/empty": (0, False),
        "a/full": (3, True),
        "a/gone": (None, True),
    }


def test_what_is_allowed_is_not_at_stake() -> None:
    before = catalog({"a/removed": {}, "a/replaced": {}})
    after = catalog(
        {"a/replaced": {"encryption": "AES_256"}},
        allow_removal=["a/removed"],
        allow_replacement=["a/replaced"],
    )
    found = changes(before, after)
    assert all(change.allowed and not change.at_stake for change in found.values())
    assert len(found) == 2


def test_what_would_be_deleted_is_told() -> None:
    destroyed = {"removal_policy": "DESTROY"}
    before = catalog({"a/one": destroyed, "a/two": {**destroyed, "empty_on_delete": True}})
    found = changes(before, catalog({}))
    assert found["a/one"].details == ("CloudFormation deletes it, which fails as long as it contains images",)
    assert found["a/two"].details == ("CloudFormation deletes it with all its images",)


def test_environments_are_planned_apart() -> None:
    away = {**HOME, "away": {"account": "111122223333", "region": "eu-central-1"}}
    before = Catalog.from_dict({"environments": away, "repositories": {"a/b": {}, "a/c": {}}})
    after = Catalog.from_dict(
        {"environments": away, "repositories": {"a/b": {"environments": ["home"]}, "a/c": {}}}
    )
    standing = deployed(before)
    [change] = plan(after, standing)
    assert (change.environment, change.name, change.kind) == ("away", "a/b", Kind.REMOVE)
    assert plan(after, standing, environments=["home"]) == []


def test_a_template_may_come_alone(tmp_path: Path) -> None:
    app = new_app()
    CatalogStage(app, "Stage", catalog=Catalog.from_dict({"repositories": {"a/b": {}}}))
    [stack] = app.synth().get_nested_assembly("assembly-Stage").stacks
    file = tmp_path / "Stage-Repositories0.template.json"
    file.write_text(json.dumps(stack.template))
    assert plan(Catalog.from_dict({"repositories": {"a/b": {}}}), read_templates(file)) == []


def test_a_lifecycle_that_differs_in_priorities_only_says_so() -> None:
    rule = {"tag_pattern_list": ["v*"], "image_count_more_than": 5}
    before, after = (
        catalog({"a/b": {"lifecycle": [{"expire": {**rule, "priority": priority}}]}}) for priority in (1, 2)
    )
    [change] = changes(before, after).values()
    assert change.kind is Kind.ALTER
    assert change.details == ("LifecyclePolicy: the same rules with other priorities or descriptions",)


def test_a_policy_that_can_t_be_read_is_shown_as_it_is() -> None:
    before = catalog({"a/b": {}})
    [standing] = deployed(before)
    standing.body["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"] = "broken"
    [change] = plan(before, [standing])
    assert change.details[0] == "LifecyclePolicy: no longer broken"


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_what_is_no_template_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "x.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidInputError):
        read_templates(file)
