"""What is made of a simulation: uses, the preview's shape, changes, sentences, checks of an app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.reports.simulation_page import simulation_page
from registry_constructs.simulation import (
    ImageStatus,
    Inventory,
    SimulatedImage,
    Use,
    simulate,
    write_inventories,
)
from registry_constructs.simulation.check import check
from registry_constructs.simulation.explain import explain
from registry_constructs.simulation.preview import changes, preview
from registry_constructs.simulation.usage import losses, missing, used
from registry_constructs.templates.lifecycle_policies import policies_of
from tests.simulation.drawn import DIGESTS, NOW, ago

A, B, C, D = DIGESTS[:4]
OLD = LifecyclePolicy([LifecycleRule.expire(days_since_pushed=10)])
BOTH = LifecyclePolicy(
    [
        LifecycleRule.expire(tag_pattern_list=["pr-*"], days_since_pushed=10),
        LifecycleRule.archive(days_since_pulled=30),
    ]
)
IMAGES = [
    SimulatedImage(A, ("pr-1",), ago(20)),
    SimulatedImage(B, ("v1",), ago(50)),
    SimulatedImage(C, (), ago(60), status=ImageStatus.ARCHIVED, archived_at=ago(5)),
    SimulatedImage(D, ("v2",), ago(1)),
]


def test_uses_by_tag_by_digest_and_through_a_list() -> None:
    images = [*IMAGES, SimulatedImage(DIGESTS[4], ("all",), ago(1), children=(A, C, "gone"))]
    uses = (
        Use("x", tag="all"),
        Use("y", digest=A),
        Use("y", digest=A),
        Use("z", tag="none"),
        Use("u", digest="d"),
    )
    inventory = Inventory(images, in_use=uses)
    assert {digest: places for digest, places in used(inventory).items() if digest in DIGESTS} == {
        DIGESTS[4]: ("x",),
        A: ("x", "y"),
        C: ("x",),
    }
    assert [use.where for use in missing(inventory)] == ["z", "u"]
    found = losses(simulate(OLD, images, now=NOW), inventory)
    # A list that stays holds its platforms.
    assert found == []


def test_losses_are_expired_and_archived_images() -> None:
    inventory = Inventory(IMAGES, in_use=(Use("x", tag="pr-1"), Use("y", digest=B), Use("z", tag="v2")))
    found = losses(simulate(BOTH, IMAGES, now=NOW), inventory)
    assert [(loss.outcome.image.digest, loss.places) for loss in found] == [(B, ("y",)), (A, ("x",))]


def test_the_preview_has_the_shape_of_the_api() -> None:
    inventory = Inventory(IMAGES, "shop/checkout", "111122223333")
    shown = preview(simulate(BOTH, IMAGES, now=NOW), inventory)
    assert json.loads(shown.pop("lifecyclePolicyText")) == BOTH.to_dict()
    assert shown == {
        "registryId": "111122223333",
        "repositoryName": "shop/checkout",
        "status": "COMPLETE",
        "previewResults": [
            {
                "imageTags": ["v1"],
                "imageDigest": B,
                "imagePushedAt": "2026-10-05T12:00:00+00:00",
                "action": {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
                "appliedRulePriority": 2,
                "storageClass": "STANDARD",
            },
            {
                "imageTags": ["pr-1"],
                "imageDigest": A,
                "imagePushedAt": "2026-11-04T12:00:00+00:00",
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": 1,
                "storageClass": "STANDARD",
            },
        ],
        "summary": {
            "expiringImageTotalCount": 1,
            "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 1}],
        },
    }


def test_botocore_knows_every_key_of_the_preview() -> None:
    model = botocore.session.get_session().get_service_model("ecr")
    shape = model.operation_model("GetLifecyclePolicyPreview").output_shape
    expire = LifecyclePolicy([LifecycleRule.expire(days_since_transitioned=90)])
    archived = [SimulatedImage(A, (), ago(400), status=ImageStatus.ARCHIVED, archived_at=ago(100))]
    for policy, images in ((BOTH, IMAGES), (OLD, []), (expire, archived)):
        shown = preview(simulate(policy, images, now=NOW), Inventory(images, "shop/checkout", "111122223333"))
        assert ParamValidator().validate(shown, cast("Any", shape)).generate_report() == ""
        assert _keys(shown) <= _known(shape)
    assert shown["previewResults"][0]["storageClass"] == "ARCHIVE"


def _keys(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for item in value for key in _keys(item)}
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in _keys(item)}
    return set()


def _known(shape: Any) -> set[str]:
    if shape.type_name == "list":
        return _known(shape.member)
    if shape.type_name == "structure":
        return set(shape.members) | {key for member in shape.members.values() for key in _known(member)}
    return set()


def test_changes_are_by_what_is_done() -> None:
    found = changes(simulate(OLD, IMAGES, now=NOW), simulate(BOTH, IMAGES, now=NOW))
    assert [(change.image.digest, change.old.action, change.new.action) for change in found] == [
        (B, "expire", "transition")
    ]


def test_rules_in_sentences() -> None:
    policy = LifecyclePolicy(
        [
            LifecycleRule.expire(tag_prefix_list=["pr-"], days_since_pushed=1),
            LifecycleRule.expire(tag_pattern_list=["a", "b"], image_count_more_than=1),
            LifecycleRule.expire(untagged=True, image_count_more_than=1000),
            LifecycleRule.archive(days_since_pulled=30),
            LifecycleRule.expire(days_since_transitioned=365),
        ]
    )
    found = explain(policy)
    assert [explanation.sentences[0] for explanation in found] == [
        "Deletes images with a tag pr-... pushed more than 1 day ago.",
        "Deletes images that have all of these tags at once: a, b, except the one pushed last.",
        "Deletes images without a tag except the 1,000 pushed last.",
        "Archives images, tagged or not, last pulled more than 30 days ago; if never pulled, pushed "
        "more than 30 days ago.",
        "Deletes archived images, tagged or not, that went to the archive more than 365 days ago.",
    ]
    shields = ["Later rules" in " ".join(explanation.sentences) for explanation in found]
    assert shields == [True, True, True, False, False]
    assert [len(explanation.warnings) for explanation in found] == [0, 1, 0, 0, 0]


def test_a_page_escapes_what_it_shows() -> None:
    images = [SimulatedImage(A, ("<b>",), ago(99))]
    inventory = Inventory(images, "shop/<i>", in_use=(Use("<script>", digest=A),))
    text = simulation_page(simulate(OLD, images, now=NOW), inventory, ["<u>"])
    assert not {"<b>", "<i>", "<script>", "<u>"} & {text[at : text.find(">", at) + 1] for at in _tags(text)}
    assert "&lt;b&gt;" in text
    assert "://" not in text


def _tags(text: str) -> list[int]:
    return [at for at, character in enumerate(text) if character == "<"]


def template(**resources: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": resources}


def cdk_repository(name: object = None, policy: object = None) -> dict[str, Any]:
    properties: dict[str, Any] = {"RepositoryName": name} if name else {}
    if policy:
        properties["LifecyclePolicy"] = {"LifecyclePolicyText": policy}
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def creation_template(prefix: str, policy: LifecyclePolicy) -> dict[str, Any]:
    properties = {"Prefix": prefix, "LifecyclePolicy": policy.to_json()}
    return {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": properties}


def write_app(
    folder: Path, stacks: dict[str, Any], environment: str = "aws://111122223333/eu-west-1"
) -> Path:
    folder.mkdir()
    artifacts: dict[str, Any] = {}
    for name, content in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(content))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": {"templateFile": f"{name}.template.json"},
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def test_an_app_is_read_with_its_stages(tmp_path: Path) -> None:
    app = write_app(
        tmp_path / "cdk.out",
        {
            "Images": template(
                Checkout=cdk_repository("shop/checkout", OLD.to_json()),
                Nameless=cdk_repository(None, OLD.to_json()),
                Kept=cdk_repository("shop/kept"),
                Shop=creation_template("shop", OLD),
                Topic={"Type": "AWS::SNS::Topic"},
            )
        },
    )
    stage = {"Cart": template(Cart=cdk_repository("shop/cart", BOTH.to_json()))}
    write_app(app / "assembly-Prod", stage, "aws://unknown-account/unknown-region")
    manifest = json.loads((app / "manifest.json").read_text())
    manifest["artifacts"]["Prod"] = {
        "type": "cdk:cloud-assembly",
        "properties": {"directoryName": "assembly-Prod"},
    }
    (app / "manifest.json").write_text(json.dumps(manifest))
    found = {policy.place: policy for policy in policies_of(app)}
    assert set(found) == {"Images.Checkout", "Images.Nameless", "Images.Kept", "Images.Shop", "Cart.Cart"}
    assert found["Images.Checkout"][1:] == ("shop/checkout", "", "111122223333", "eu-west-1", OLD)
    assert found["Images.Nameless"].repository == ""
    assert found["Images.Kept"].policy is None
    assert found["Images.Shop"].prefix == "shop"
    assert found["Cart.Cart"][3:] == ("", "", BOTH)


def test_an_app_is_checked_against_one_inventory(tmp_path: Path) -> None:
    root = LifecyclePolicy([LifecycleRule.expire(image_count_more_than=1)])
    app = write_app(
        tmp_path / "cdk.out",
        {
            "Images": template(
                Checkout=cdk_repository("shop/checkout", OLD.to_json()),
                New=cdk_repository("shop/new", OLD.to_json()),
                Kept=cdk_repository("shop/kept"),
                Shop=creation_template("shop/", BOTH),
                All=creation_template("ROOT", root),
            )
        },
    )
    names = ["shop/checkout", "shop/kept", "shop/other", "shopping/x"]
    inventories = [
        Inventory(IMAGES, name, "111122223333", "eu-west-1", (Use("x", tag="v1"),)) for name in names
    ]
    elsewhere = Inventory(IMAGES, "shop/checkout", "111122223333", "us-east-1")
    write_inventories(tmp_path / "all.jsonl", [*inventories, elsewhere])
    found = list(check(policies_of(app), tmp_path / "all.jsonl", now=NOW))
    shown = [
        (
            checked.app_policy.place,
            checked.inventory and checked.inventory.repository_name,
            checked.simulation and len(checked.simulation.going()),
            len(checked.losses),
        )
        for checked in found
    ]
    assert shown == [
        ("Images.Checkout", "shop/checkout", 2, 1),
        ("Images.Kept", "shop/kept", None, 0),
        ("Images.Shop", "shop/other", 2, 1),
        ("Images.All", "shopping/x", 2, 1),
        ("Images.New", None, None, 0),
    ]


def test_an_app_is_checked_against_a_folder(tmp_path: Path) -> None:
    app = write_app(
        tmp_path / "cdk.out", {"Images": template(Checkout=cdk_repository("shop/checkout", OLD.to_json()))}
    )
    folder = tmp_path / "images" / "shop"
    folder.mkdir(parents=True)
    (folder / "checkout.json").write_text(
        json.dumps({"imageDetails": [{"imageDigest": A, "imagePushedAt": ago(20)}]})
    )
    (folder / "unrelated.json").write_text("not read")
    [checked] = check(policies_of(app), tmp_path / "images", now=NOW)
    assert checked.inventory is not None
    assert checked.simulation is not None
    assert (checked.inventory.repository_name, len(checked.simulation.going())) == ("shop/checkout", 1)
    write_inventories(folder / "checkout.json", [Inventory([], "shop/cart")])
    with pytest.raises(InvalidInputError, match="another repository than its name says"):
        list(check(policies_of(app), tmp_path / "images", now=NOW))


@pytest.mark.parametrize(
    ("stacks", "message"),
    [
        ({"S": template(R=cdk_repository("a", {"Fn::Join": ["", []]}))}, "not known before the deployment"),
        (
            {"S": template(R=cdk_repository("a", "{}"))},
            "S.template.json: R.LifecyclePolicy.LifecyclePolicyText",
        ),
        ({"S": []}, "This is not an object"),
    ],
)
def test_apps_that_cannot_be_checked(tmp_path: Path, stacks: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        policies_of(write_app(tmp_path / "cdk.out", stacks))


def test_a_folder_that_is_no_app(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no synthesized app"):
        policies_of(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InvalidInputError, match="not JSON"):
        policies_of(tmp_path)
