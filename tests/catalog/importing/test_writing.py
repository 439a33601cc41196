"""Live repositories -> a catalog's text -> a catalog -> the properties that stand in ECR."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from registry_constructs.catalog.catalog import Catalog
from registry_constructs.catalog.importing.writing import Written, write_catalog
from registry_constructs.catalog.rendering import DEFAULT_ENCRYPTION, properties
from registry_constructs.catalog.source import Source
from registry_constructs.ecr.actions import PULL_ACTIONS
from registry_constructs.ecr.lifecycle import LifecyclePolicy, presets
from registry_constructs.live.live_repository import LiveRepository
from tests.catalog.importing.live import registries
from tests.drawing import examples

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/a"
ROLE = "arn:aws:iam::444455556666:role/ci"
# Shrinking a whole registry takes minutes and gains little: the error names the repository.
UNSHRUNK = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def live(name: str = "shop/cart", **said: object) -> LiveRepository:
    return LiveRepository(**{"name": name, "account": ACCOUNT, "region": REGION} | said)  # type: ignore[arg-type]


def loaded(written: Written, tmp_path: Path) -> Catalog:
    file = tmp_path / "catalog.yaml"
    file.write_text(written.text, encoding="utf-8")
    return Catalog.load(file)


def allowed(policy: dict[str, Any]) -> set[tuple[str, ...]]:
    """Who may do what under which condition: a reading of policies that is this test's own.

    Several values of one condition may stand in one statement or in several, so each is looked at alone.
    """
    found: set[tuple[str, ...]] = set()
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        who = {"AWS": "*"} if statement["Principal"] == "*" else statement["Principal"]
        values = [
            (operator, key, value)
            for operator, keys in statement.get("Condition", {}).items()
            for key, given in keys.items()
            for value in ([given] if isinstance(given, str) else given)
        ]
        for kind, principals in who.items():
            for principal in [principals] if isinstance(principals, str) else principals:
                one = f"arn:aws:iam::{principal}:root" if principal.isdigit() else principal
                for action in statement["Action"]:
                    found |= {(kind, one, action, *value) for value in values or [("", "", "")]}
    return found


@settings(UNSHRUNK, max_examples=examples(40))
@given(registries())
def test_what_stands_in_ecr_comes_out_of_the_catalog_again(registry: list[LiveRepository]) -> None:
    written = write_catalog(registry)
    catalog = Catalog.from_dict(Source("catalog.yaml", written.text).data or {})
    missing = {(one.name, one.environment) for one in written.undescribed if one.whole}
    lacking = {(one.name, one.environment) for one in written.undescribed if not one.whole}
    environment_of = {(one.account, one.region): name for name, one in catalog.environments.items()}
    there = set()
    for one in registry:
        environment = environment_of[one.account, one.region]
        if (one.name, environment) in missing:
            continue
        there.add((one.name, environment))
        rendered = properties(
            catalog.describe(one.name, environment), catalog.stack_environment(environment), "a new key"
        )
        encryption = {"EncryptionType": one.encryption} | ({"KmsKey": one.key} if one.key else {})
        assert rendered.get("EncryptionConfiguration", DEFAULT_ENCRYPTION) == encryption
        assert rendered["ImageScanningConfiguration"] == {"ScanOnPush": one.scan_on_push}
        assert rendered["ImageTagMutability"] == one.mutability
        assert [
            value["ImageTagMutabilityExclusionFilterValue"]
            for value in rendered.get("ImageTagMutabilityExclusionFilters", [])
        ] == [value for _, value in one.filters]
        tags = {tag["Key"]: tag["Value"] for tag in rendered.get("Tags", [])}
        assert tags == {key: value for key, value in one.tags.items() if not key.startswith("aws:")}
        if (one.name, environment) not in lacking:
            text = one.lifecycle.replace(', "storageClass": "standard"', "")
            lifecycle = rendered.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
            assert (lifecycle and json.loads(lifecycle)) == (json.loads(text) if text else None)
            policy = rendered.get("RepositoryPolicyText", {"Statement": []})
            assert allowed(policy) == allowed(json.loads(one.policy or '{"Statement": []}'))
    made = {(one.name, name) for name in catalog.environments for one in catalog.repositories(name)}
    assert made == there


@settings(UNSHRUNK, max_examples=examples(10))
@given(registries())
def test_the_order_of_reading_means_nothing(registry: list[LiveRepository]) -> None:
    assert write_catalog(registry[::-1]) == write_catalog(registry)


def test_what_most_have_is_said_once(tmp_path: Path) -> None:
    lifecycle = presets.default().to_json()
    most = [
        live(f"shop/s{number}", lifecycle=lifecycle, tags={"team": "shop", "owner": "ann"})
        for number in range(9)
    ]
    other = live("web/page", encryption="KMS", key=KEY, mutability="IMMUTABLE", tags={"team": "web"})
    written = write_catalog([*most, other])
    data = yaml.safe_load(written.text)
    assert written.undescribed == ()
    assert data["defaults"] == {
        "encryption": "AES_256",
        "image_tag_mutability": "MUTABLE",
        "image_scan_on_push": False,
        "lifecycle": "default",
    }
    assert data["teams"] == {"shop": {"owner": "ann"}, "web": {}}
    assert data["repositories"]["shop/s1"] == {"team": "shop"}
    assert data["repositories"]["web/page"] == {
        "team": "web",
        "encryption_key": KEY,
        "image_tag_mutability": "IMMUTABLE",
        "lifecycle": [],
    }
    assert list(data["environments"]) == [REGION]
    assert len(loaded(written, tmp_path)) == 10


def test_encryption_is_said_even_where_it_is_what_the_library_takes() -> None:
    assert yaml.safe_load(write_catalog([live(encryption="KMS")]).text)["defaults"]["encryption"] == "KMS"
    assert yaml.safe_load(write_catalog([live()]).text)["defaults"]["encryption"] == "AES_256"


def test_the_key_of_a_region_is_said_there_for_repositories_that_stand_in_several() -> None:
    def key(region: str) -> str:
        return f"arn:aws:kms:{region}:{ACCOUNT}:key/a"

    written = write_catalog(
        live(name, region=region, encryption="KMS", key=key(region))
        for name in ("shop/cart", "shop/pay")
        for region in ("eu-west-1", "us-east-1")
    )
    data = yaml.safe_load(written.text)
    assert written.undescribed == ()
    for region in ("eu-west-1", "us-east-1"):
        said = data["defaults"] | data["environments"][region].get("defaults", {})
        assert said["encryption_key"] == key(region)
    assert data["repositories"] == {"shop/cart": {}, "shop/pay": {}}


def test_a_difference_between_regions_that_only_one_can_say_is_told() -> None:
    both = [live(name, region=region) for name in ("a/a", "b/b") for region in ("eu-west-1", "us-east-1")]
    both[1] = live("a/a", region="us-east-1", mutability="IMMUTABLE")
    both[3] = live("b/b", region="us-east-1", encryption="KMS", mutability="MUTABLE_WITH_EXCLUSION",
                   filters=(("WILDCARD", "v*"),))  # fmt: skip
    written = write_catalog(both)
    assert any(one.whole for one in written.undescribed)
    assert "# NOT COMPLETE: " in written.text
    for one in written.undescribed:
        assert "which only one can say" in one.what
        assert f"# NOT DESCRIBED {one.name} in {one.environment}" in written.text


STATEMENT = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": [*PULL_ACTIONS, "ecr:DeleteRepository"]}


def test_a_statement_that_says_more_than_a_catalog_can_is_told_and_the_rest_is_kept() -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    written = write_catalog([live(policy=json.dumps({"Statement": [STATEMENT, deny]}))])
    assert [json.loads(one.what.partition(": ")[2]) for one in written.undescribed] == [STATEMENT, deny]
    assert yaml.safe_load(written.text)["repositories"]["shop/cart"] == {"access": {"pull": [ROLE]}}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"Statement": 1}', '{"Statement": [1]}'])
def test_a_policy_that_is_none_is_told(text: str) -> None:
    assert len(write_catalog([live(policy=text)]).undescribed) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"encryption": "NEW"},
        {"encryption": "KMS", "key": "alias/mine"},
        {"encryption": "KMS", "key": KEY.replace(REGION, "us-east-1")},
        {"mutability": "IMMUTABLE_WITH_EXCLUSION", "filters": (("REGEX", "v.*"),)},
        {"mutability": "SOMETIMES"},
        {"tags": {f"tag{number}": "" for number in range(51)}},
    ],
)
def test_a_repository_that_would_come_out_otherwise_is_left_out_and_told(odd: dict[str, Any]) -> None:
    written = write_catalog([live(**odd), live("shop/pay")])
    [told] = written.undescribed
    assert (told.name, told.environment, told.whole) == ("shop/cart", REGION, True)
    assert list(yaml.safe_load(written.text)["repositories"]) == ["shop/pay"]
    assert "# NOT DESCRIBED shop/cart in eu-west-1: is NOT in the catalog there" in written.text


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (presets.default(), "default"),
        (presets.default(untagged_days=3), {"preset": "default", "untagged_days": 3}),
        (presets.releases(), "releases"),
        (presets.releases(prerelease_days=9), {"preset": "releases", "prerelease_days": 9}),
        (presets.continuous_delivery(), "continuous_delivery"),
        (
            presets.continuous_delivery(deployed_tags=["prod"], keep_releases=5),
            {"preset": "continuous_delivery", "deployed_tags": ["prod"], "keep_releases": 5},
        ),
        (presets.development(), "development"),
        (presets.development(days=5), {"preset": "development", "days": 5}),
        (presets.build_cache(), "build_cache"),
        (presets.build_cache(keep=7), {"preset": "build_cache", "keep": 7}),
        (presets.pull_through_mirror(), "pull_through_mirror"),
        (presets.long_term_archive(), "long_term_archive"),
        (presets.long_term_archive(archived_days=99), {"preset": "long_term_archive", "archived_days": 99}),
        (
            presets.build_cache(keep=7, untagged_days=8),
            [
                {"expire": {"tag_pattern_list": ["*"], "image_count_more_than": 7}},
                {"expire": {"untagged": True, "days_since_pushed": 8}},
            ],
        ),
    ],
)
def test_presets_are_recognized(policy: LifecyclePolicy, said: object) -> None:
    written = write_catalog([live(lifecycle=policy.to_json())])
    assert yaml.safe_load(written.text)["defaults"]["lifecycle"] == said


def test_a_policy_of_many_lines_is_one_comment() -> None:
    policy = json.dumps({"Statement": [STATEMENT | {"Sid": "Ü"}]}, indent=2)
    written = write_catalog([live(lifecycle='{"rules":\n [\x85]}', policy=policy)])
    assert len(written.undescribed) == 2
    assert sum(line.startswith("  # NOT DESCRIBED shop/cart") for line in written.text.splitlines()) == 2


def test_settings_that_several_share_become_a_profile() -> None:
    policy = json.dumps({"Statement": {**STATEMENT, "Action": list(PULL_ACTIONS)}})
    alike = [live(f"shop/s{number}", policy=policy, scan_on_push=True) for number in range(3)]
    plain = [live(f"web/s{number}") for number in range(4)]
    data = yaml.safe_load(write_catalog([*alike, *plain]).text)
    assert data["profiles"] == {"profile-1": {"image_scan_on_push": True, "access": {"pull": [ROLE]}}}
    assert data["repositories"]["shop/s0"] == {"profile": "profile-1"}


def test_many_repositories_get_stacks_with_room() -> None:
    written = write_catalog(live(f"shop/service-{number}") for number in range(1000))
    count = yaml.safe_load(written.text)["stacks"]["count"]
    assert {len(names) for names in written.mappings.values()} <= set(range(393))
    assert len(written.mappings) == count


def test_mappings_name_each_repository_in_its_stack() -> None:
    written = write_catalog([live("shop/cart"), live("shop/cart", region="us-east-1")])
    assert written.mappings == {
        (region, "Repositories0"): {"ShopCart5F34A271": {"RepositoryName": "shop/cart"}}
        for region in ("eu-west-1", "us-east-1")
    }


def test_an_empty_registry_is_an_empty_catalog(tmp_path: Path) -> None:
    assert len(loaded(write_catalog([]), tmp_path)) == 0
