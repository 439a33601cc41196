"""One rendering: a repository of the catalog has the properties that `Repository` gives it in code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from registry_constructs import Catalog, CatalogStage, LifecycleRule, Repository, presets
from registry_constructs.catalog.schema import Access, LayerSettings
from tests.synthesis import ENV, new_app, new_stack, raw_template

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE, OTHER_ROLE = "arn:aws:iam::222233334444:role/ci", "arn:aws:iam::111122223333:role/build"
FUNCTION = "arn:aws:lambda:eu-west-1:444455556666:function:orders"


def _nothing(_: Repository) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """The same repository, said in both ways."""

    catalog: dict[str, Any]
    code: dict[str, Any] = field(default_factory=dict)
    grants: Callable[[Repository], Any] = _nothing


def _all_access(repository: Repository) -> None:
    repository.grant_pull(iam.ArnPrincipal(ROLE))
    repository.grant_push(iam.ArnPrincipal(OTHER_ROLE))
    repository.grant_pull_to_accounts("222233334444", "333344445555")
    repository.grant_pull_to_organization("o-a1b2c3d4e5", units=["ou-ab12-11111111"])
    repository.grant_pull_to_lambda("checkout-*", FUNCTION)


CASES = {
    "defaults": Case({}),
    "mutable": Case({"image_tag_mutability": "MUTABLE"}, {"image_tag_mutability": ecr.TagMutability.MUTABLE}),
    "immutable": Case(
        {"image_tag_mutability": "IMMUTABLE"}, {"image_tag_mutability": ecr.TagMutability.IMMUTABLE}
    ),
    "immutable_except": Case(
        {"immutable_except": ["latest", "cache-*"]}, {"immutable_except": ["latest", "cache-*"]}
    ),
    "mutable_except": Case({"mutable_except": ["v*"]}, {"mutable_except": ["v*"]}),
    "no scan": Case({"image_scan_on_push": False}, {"image_scan_on_push": False}),
    "scan": Case({"image_scan_on_push": True}, {"image_scan_on_push": True}),
    "aes": Case({"encryption": "AES_256"}, {"encryption": ecr.RepositoryEncryption.AES_256}),
    "kms of aws": Case({"encryption": "KMS"}, {"encryption": ecr.RepositoryEncryption.KMS}),
    "dual layer": Case({"encryption": "KMS_DSSE"}, {"encryption": ecr.RepositoryEncryption.KMS_DSSE}),
    "own key": Case({"encryption_key": KEY}, {"encryption_key": KEY}),
    "own key, both layers": Case(
        {"encryption": "KMS_DSSE", "encryption_key": KEY},
        {"encryption": ecr.RepositoryEncryption.KMS_DSSE, "encryption_key": KEY},
    ),
    "no lifecycle": Case({"lifecycle": []}, {"lifecycle": []}),
    "rules": Case(
        {
            "lifecycle": [
                {"expire": {"any_of": ["pr-*", "b-*"], "days_since_pushed": 14, "description": "branches"}},
                {"archive": {"tag_prefix_list": ["v"], "days_since_pulled": 90, "priority": 7}},
                {"expire": {"untagged": True, "days_since_pushed": 3}},
            ]
        },
        {
            "lifecycle": [
                LifecycleRule.expire(any_of=["pr-*", "b-*"], days_since_pushed=14, description="branches"),
                LifecycleRule.archive(tag_prefix_list=["v"], days_since_pulled=90, priority=7),
                LifecycleRule.expire(untagged=True, days_since_pushed=3),
            ]
        },
    ),
    "preset with arguments": Case(
        {"lifecycle": {"preset": "releases", "prerelease_days": 7, "release_patterns": ["r*"]}},
        {"lifecycle": presets.releases(prerelease_days=7, release_patterns=["r*"])},
    ),
    "lifecycle of another account": Case(
        {"lifecycle_registry_id": "222233334444"}, {"lifecycle_registry_id": "222233334444"}
    ),
    "destroy": Case({"removal_policy": "DESTROY"}, {"removal_policy": cdk.RemovalPolicy.DESTROY}),
    "retain": Case({"removal_policy": "RETAIN"}, {"removal_policy": cdk.RemovalPolicy.RETAIN}),
    "retain on update or delete": Case(
        {"removal_policy": "RETAIN_ON_UPDATE_OR_DELETE"},
        {"removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE},
    ),
    "empty on delete": Case(
        {"removal_policy": "DESTROY", "empty_on_delete": True},
        {"removal_policy": cdk.RemovalPolicy.DESTROY, "empty_on_delete": True},
    ),
    "all access": Case(
        {
            "access": {
                "pull": [ROLE],
                "push": [OTHER_ROLE],
                "accounts": ["222233334444", "333344445555"],
                "organization": {"id": "o-a1b2c3d4e5", "units": ["ou-ab12-11111111"]},
                "lambda_functions": ["checkout-*", FUNCTION],
            }
        },
        grants=_all_access,
    ),
    "one account": Case(
        {"access": {"accounts": ["222233334444"]}},
        grants=lambda one: one.grant_pull_to_accounts("222233334444"),
    ),
    "an organization": Case(
        {"access": {"organization": {"id": "o-a1b2c3d4e5"}}},
        grants=lambda one: one.grant_pull_to_organization("o-a1b2c3d4e5"),
    ),
    "functions": Case(
        {"access": {"lambda_functions": ["a", "b"]}}, grants=lambda one: one.grant_pull_to_lambda("a", "b")
    ),
    "tags": Case(
        {"tags": {"cost": "1", "Alpha": "x"}, "owner": "me@example.com"},
        grants=lambda one: [
            cdk.Tags.of(one).add(key, value)
            for key, value in {"cost": "1", "Alpha": "x", "owner": "me@example.com"}.items()
        ],
    ),
}
PRESETS = ("default", "releases", "continuous_delivery", "development", "build_cache", "long_term_archive")
CASES |= {
    f"preset {name}": Case({"lifecycle": name}, {"lifecycle": getattr(presets, name)()}) for name in PRESETS
}
NAMES = {name: f"case/{index}" for index, name in enumerate(CASES)}

NOT_IN_CODE = {"owner", "tags", "environments", "replications", "cache"}
"""Keys without a keyword of `Repository`: tags are the CDK's own way, the others say where and with what."""
NOT_IN_CATALOG = {
    "repository_name": "the key of the entry",
    "image_tag_mutability_exclusion_filters": "immutable_except and mutable_except say the same",
    "lifecycle_rules": "lifecycle says the same",
    "auto_delete_images": "deprecated by the CDK in favor of empty_on_delete",
}


@pytest.fixture(scope="module")
def in_code() -> dict[str, Any]:
    stack = new_stack()
    for name, case in CASES.items():
        code = dict(case.code)
        if "encryption_key" in code:
            code["encryption_key"] = kms.Key.from_key_arn(stack, f"Key {name}", code["encryption_key"])
        case.grants(Repository(stack, name, repository_name=NAMES[name], **code))
    return _repositories(raw_template(stack))


@pytest.fixture(scope="module")
def in_catalog() -> dict[str, Any]:
    catalog = Catalog.from_dict({"repositories": {NAMES[name]: case.catalog for name, case in CASES.items()}})
    stage = CatalogStage(new_app(), "Stage", catalog=catalog, env=ENV)
    [stack] = stage.synth().stacks
    return _repositories(stack.template)


@pytest.mark.parametrize("name", CASES)
def test_the_catalog_and_code_give_the_same_resource(
    in_code: dict[str, Any], in_catalog: dict[str, Any], name: str
) -> None:
    assert in_catalog[NAMES[name]] == in_code[NAMES[name]]


def test_every_option_of_repository_and_of_the_catalog_is_compared() -> None:
    keywords = {
        name
        for name, parameter in inspect.signature(Repository.__init__).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    settings = set(LayerSettings.model_fields)
    assert keywords - NOT_IN_CATALOG.keys() == settings - NOT_IN_CODE - {"access"}
    compared = {key for case in CASES.values() for key in case.catalog}
    assert compared == settings - {"environments", "replications", "cache"}
    access = {key for case in CASES.values() for key in case.catalog.get("access", {})}
    assert access == set(Access.model_fields) - {"publishers"}


def test_without_a_known_place_it_is_the_same_too() -> None:
    access = {"accounts": ["222233334444"], "lambda_functions": ["checkout-*"]}
    stack = new_stack(env=None)
    repository = Repository(stack, "R", repository_name="shop/cart")
    repository.grant_pull_to_accounts("222233334444")
    repository.grant_pull_to_lambda("checkout-*")
    catalog = Catalog.from_dict({"repositories": {"shop/cart": {"access": access}}})
    [made] = CatalogStage(new_app(), "Stage", catalog=catalog).synth().stacks
    assert _repositories(made.template) == _repositories(raw_template(stack))


def test_in_another_partition_it_is_the_same_too() -> None:
    china = cdk.Environment(account="111122223333", region="cn-north-1")
    stack = new_stack(env=china)
    Repository(stack, "R", repository_name="shop/cart").grant_pull_to_accounts("222233334444")
    catalog = Catalog.from_dict({"repositories": {"shop/cart": {"access": {"accounts": ["222233334444"]}}}})
    [made] = CatalogStage(new_app(), "Stage", catalog=catalog, env=china).synth().stacks
    assert _repositories(made.template) == _repositories(raw_template(stack))


def _repositories(template: dict[str, Any]) -> dict[str, Any]:
    """The resources by repository; the stack's own key is called the same whatever its logical id."""
    [key] = [name for name, body in template["Resources"].items() if body["Type"] == "AWS::KMS::Key"]
    found = {}
    for body in template["Resources"].values():
        if body["Type"] == "AWS::ECR::Repository":
            encryption = body["Properties"].get("EncryptionConfiguration", {})
            if encryption.get("KmsKey") == {"Fn::GetAtt": [key, "Arn"]}:
                encryption["KmsKey"] = "the stack's"
            found[body["Properties"]["RepositoryName"]] = body
    return found
