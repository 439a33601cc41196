"""What each rule finds beyond its examples; live, as nothing of it depends on where it was read."""

from __future__ import annotations

import importlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry_constructs.rules.judge import Judgment, judge
from registry_constructs.rules.packs import RULES
from registry_constructs.rules.rule import RuleSettings
from registry_constructs.rules.state import (
    CacheState,
    ConsumerState,
    ImageState,
    PublicRepositoryState,
    RegistryState,
    ReplicationDestination,
    ReplicationState,
    ScanningRule,
    ScanningState,
    State,
    TemplateState,
)
from registry_constructs.rules.statements import read_policy
from registry_constructs.rules.values import Unknown
from tests.rules.states import ACCOUNT, live, registry_policy, repository

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OWN = RuleSettings(organization="o-ourown1234", accounts=frozenset({"222233334444"}), now=NOW)


def _judge(rule: str, state: State, settings: RuleSettings = OWN) -> Judgment:
    return judge([state], [RULES[rule]], settings)


def _messages(rule: str, state: State, settings: RuleSettings = OWN) -> list[str]:
    judgment = _judge(rule, state, settings)
    assert judgment.unjudged == []
    assert judgment.passed[rule] == (0 if judgment.findings else 1)
    return [finding.message for finding in judgment.findings]


def _allow(principal: Any, action: Any = "ecr:BatchGetImage", **more: Any) -> Any:
    return read_policy({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": action, **more}]})


UNKNOWN = Unknown("AWS does not allow it")
UNKNOWN_OF = {
    "open-access": repository(policy=UNKNOWN),
    "outside-organization": registry_policy(policy=UNKNOWN),
    "wildcard-actions": PublicRepositoryState(name="tools", place=live(), policy=UNKNOWN),
    "scanning-effective": repository(scan=UNKNOWN),
    "enhanced-scanning-gaps": ScanningState(name="s", place=live(), type=UNKNOWN),
    "retained": repository(retained=UNKNOWN),
    "cache-credentials": CacheState(name="hub", place=live(), upstream=UNKNOWN),
    "cache-template": CacheState(name="hub", place=live(), templates=UNKNOWN),
    "tags-immutable": repository(cached=UNKNOWN),
    "tags-immutable-without-exceptions": repository(mutability=UNKNOWN),
    "lifecycle-policy": repository(lifecycle=UNKNOWN),
    "lifecycle-sane": repository(lifecycle=UNKNOWN),
    "untagged-images": repository(lifecycle=UNKNOWN),
    "customer-key": repository(encryption="KMS", key=UNKNOWN),
    "kms-encryption": repository(encryption=UNKNOWN),
    "images-scanned": repository(images=UNKNOWN),
    "repository-unused": repository(images=UNKNOWN, created=NOW),
    "floating-tag": ConsumerState(name="web", place=live(), images=UNKNOWN),
    "replica-settings": ReplicationState(name="r", place=live(), destinations=UNKNOWN),
    "quota-near-end": repository(policy_length=UNKNOWN),
    "required-tags": repository(tags=UNKNOWN),
    "public-repository-tagged": PublicRepositoryState(name="tools", place=live(), tags=UNKNOWN),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_file_of_a_rule_begins_with_what_it_demands(rule: str) -> None:
    module = importlib.import_module(f"registry_constructs.rules.checks.{rule.replace('-', '_')}")
    assert module.RULE.id == rule
    assert re.match(f"Rule `{rule}`: .+\\.$", str(module.__doc__).splitlines()[0])


def test_every_rule_that_needs_a_part_is_tried_without_it() -> None:
    assert UNKNOWN_OF.keys() == RULES.keys() - {"public-repository-allowed"}


@pytest.mark.parametrize("rule", UNKNOWN_OF)
def test_what_is_not_known_neither_passes_nor_fails(rule: str) -> None:
    judgment = _judge(rule, UNKNOWN_OF[rule])
    assert [one.reason for one in judgment.unjudged] == ["AWS does not allow it"]
    assert (judgment.findings, judgment.passed[rule]) == ([], 0)


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (_allow({"AWS": "arn:aws:iam::111122223333:root"}), []),
        (_allow({"AWS": ["222233334444", "333344445555"]}), ["the account 333344445555"]),
        (_allow({"AWS": "arn:aws:iam::333344445555:role/x"}), ["the account 333344445555"]),
        (_allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-ourown1234"}}), []),
        (
            _allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-theirs1234"}}),
            ["the organization o-theirs1234"],
        ),
        (
            _allow(
                "*", Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-theirs1234/*/ou-x/*"}}
            ),
            ["the organization o-theirs1234"],
        ),
        (
            _allow("*", Condition={"StringEquals": {"aws:PrincipalAccount": "333344445555"}}),
            ["the account 333344445555"],
        ),
        (
            _allow(
                {"Service": "lambda.amazonaws.com"},
                Condition={"ArnLike": {"aws:SourceArn": "arn:aws:lambda:eu-west-1:333344445555:function:*"}},
            ),
            ["the account 333344445555"],
        ),
        (
            read_policy(
                {"Statement": [{"Effect": "Deny", "Principal": {"AWS": "333344445555"}, "Action": "*"}]}
            ),
            [],
        ),
    ],
)
def test_who_is_outside(policy: Any, found: list[str]) -> None:
    messages = _messages("outside-organization", repository(policy=policy))
    assert [message.removeprefix("statement 1 lets in ") for message in messages] == found


def test_an_account_that_only_the_deployment_knows_is_unknown() -> None:
    judgment = _judge("outside-organization", repository(policy=_allow({"AWS": "${Parameter}"})))
    assert [one.reason for one in judgment.unjudged] == [
        "the account in ${Parameter} is known at the deployment only"
    ]


@pytest.mark.parametrize("action", ["*", "ecr:*", "ecr:Batch*", ["ecr:PutImage", "ecr:Get?mage"]])
def test_wildcards_in_actions(action: Any) -> None:
    [message] = _messages("wildcard-actions", repository(policy=_allow({"AWS": ACCOUNT}, action)))
    assert message.startswith("statement 1 allows ")


def test_actions_that_are_not_meant_are_a_wildcard_too() -> None:
    policy = read_policy(
        {
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "NotAction": "ecr:DeleteRepository"}
            ]
        }
    )
    assert "NotAction" in _messages("wildcard-actions", repository(policy=policy))[0]


def test_a_cache_may_move_its_tags() -> None:
    assert _messages("tags-immutable", repository(mutability="MUTABLE", cached=True)) == []
    assert _messages("tags-immutable", repository(mutability="MUTABLE_WITH_EXCLUSION")) != []
    assert _messages("tags-immutable-without-exceptions", repository(mutability="MUTABLE", cached=True)) != []


def test_a_lifecycle_policy_that_ecr_would_refuse() -> None:
    [message] = _messages("lifecycle-sane", repository(lifecycle='{"rules": []}'))
    assert message.startswith("ECR's rules refuse its lifecycle policy")
    assert _messages("lifecycle-sane", repository()) == []


def test_untagged_images_are_counted_where_they_are_known() -> None:
    images = tuple(
        ImageState(digest=f"sha256:{number}", pushed=NOW, tags=("v1",) if number == 0 else ())
        for number in range(3)
    )
    assert _messages("untagged-images", repository(images=images)) == [
        "No lifecycle rule removes images without a tag; it has 2 of them among 3"
    ]


def _image(days: int, *, pulled: int | None = None, scanned: int | None = None, scan: str = "") -> ImageState:
    return ImageState(
        digest="sha256:" + "a" * 64,
        tags=("v1",),
        pushed=NOW - timedelta(days=days),
        pulled=None if pulled is None else NOW - timedelta(days=pulled),
        scan=scan,
        scanned=None if scanned is None else NOW - timedelta(days=scanned),
    )


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (_image(1, scanned=1, scan="COMPLETE"), None),
        (_image(1), "1 of its images in use have not been scanned, such as v1"),
        (_image(1, scan="FAILED"), "1 of its images in use have not been scanned, such as v1"),
        (_image(400), None),
        (_image(400, pulled=2, scanned=400, scan="COMPLETE"), "more than 30 days ago, such as v1"),
        (_image(400, pulled=2, scanned=400, scan="ACTIVE"), None),
        (_image(1, scan="ACTIVE"), None),
    ],
)
def test_images_in_use_are_scanned_and_not_long_ago(image: ImageState, found: str | None) -> None:
    messages = _messages("images-scanned", repository(images=(image,)))
    assert bool(messages) == bool(found)
    assert all(message.endswith(found or "") for message in messages)


@pytest.mark.parametrize(
    ("images", "created", "found"),
    [
        ((), 10, None),
        ((), 400, "It is empty, and was made on 2025-10-22"),
        ((_image(400),), 400, "Nothing was pushed to it or pulled from it since 2025-10-22"),
        ((_image(400, pulled=10),), 400, None),
        ((_image(10),), 400, None),
    ],
)
def test_what_nobody_uses(images: tuple[ImageState, ...], created: int, found: str | None) -> None:
    state = repository(images=images, created=NOW - timedelta(days=created))
    assert _messages("repository-unused", state) == ([found] if found else [])


def test_tags_that_are_asked_for() -> None:
    settings = RuleSettings(required_tags=("team", "cost-center"))
    assert _messages("required-tags", repository(tags={"team": "x"}), settings) == [
        "It lacks the tags cost-center"
    ]
    public = PublicRepositoryState(name="tools", place=live(), tags={"team": "x", "cost-center": "y"})
    assert _messages("public-repository-tagged", public, settings) == []


_HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "mutability", "moves"),
    [
        (f"{_HOST}/shop/web:v1", {"shop/web": "MUTABLE"}, True),
        (f"{_HOST}/shop/web:v1", {"shop/web": "IMMUTABLE"}, False),
        (f"{_HOST}/shop/web:latest", {"shop/web": "IMMUTABLE"}, False),
        (
            f"{_HOST}/shop/web",
            {"shop/web": "IMMUTABLE_WITH_EXCLUSION"},
            True,
        ),
        ("111122223333.dkr-ecr.eu-west-1.on.aws/shop/web:v1", {}, False),
        ("111122223333.dkr-ecr.eu-west-1.on.aws/shop/web:main", {}, True),
        (f"{_HOST}/shop/web:main@sha256:" + "a" * 64, {}, False),
        ("public.ecr.aws/nginx/nginx", {}, True),
        ("docker.io/library/nginx:latest", {}, False),
        ("nginx", {}, False),
    ],
)
def test_tags_that_float(image: str, mutability: dict[str, str], moves: bool) -> None:
    state = ConsumerState(
        name="web", place=live(), images=(image,), mutability=mutability, exclusions={"shop/web": ("latest",)}
    )
    assert bool(_messages("floating-tag", state)) is moves


@pytest.mark.parametrize(
    ("upstream", "given", "found"),
    [
        ("quay.io", {}, None),
        ("registry-1.docker.io", {}, "It has no secret with credentials for registry-1.docker.io"),
        ("registry-1.docker.io", {"credential": "arn:aws:secretsmanager:x"}, None),
        ("ours.azurecr.io", {}, "It has no secret with credentials for ours.azurecr.io"),
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com", {}, None),
        (
            "333344445555.dkr.ecr.us-east-1.amazonaws.com",
            {},
            "It has no role to pull from the registry of account 333344445555",
        ),
        ("333344445555.dkr.ecr.us-east-1.amazonaws.com", {"role": "arn:aws:iam::1:role/x"}, None),
    ],
)
def test_credentials_of_caches(upstream: str, given: dict[str, str], found: str | None) -> None:
    state = CacheState(name="hub", place=live(), upstream=upstream, **given)  # type: ignore[arg-type]
    assert _messages("cache-credentials", state) == ([found] if found else [])


@pytest.mark.parametrize(
    ("template", "prefix", "covered"),
    [
        ("ROOT", "hub", True),
        ("hub", "hub", True),
        ("hub", "hub/", True),
        ("hub/", "hub/library", True),
        ("hub", "hub2", False),
        ("hub/library", "hub", False),
        ("hub", "ROOT", False),
        ("ROOT", "ROOT", True),
    ],
)
def test_templates_of_caches(template: str, prefix: str, covered: bool) -> None:
    made = TemplateState(name=template, place=live(), applied_for=("PULL_THROUGH_CACHE",))
    state = CacheState(name=prefix, place=live(), templates=(made,))
    assert bool(_messages("cache-template", state)) is not covered


def test_a_template_for_something_else_does_not_count() -> None:
    made = TemplateState(name="ROOT", place=live(), applied_for=("REPLICATION",))
    assert _messages("cache-template", CacheState(name="hub", place=live(), templates=(made,))) != []
    destination = ReplicationDestination(
        account=ACCOUNT, region="eu-central-1", prefixes=(), templates=(made,)
    )
    state = ReplicationState(name="r", place=live(), rules=1, destinations=(destination,))
    assert _messages("replica-settings", state) == []


def test_gaps_of_enhanced_scanning_are_named_but_not_all() -> None:
    state = ScanningState(
        name="scanning",
        place=live(),
        type="ENHANCED",
        rules=(ScanningRule(frequency="SCAN_ON_PUSH", filters=("shop",)),),
        repositories=("shop/web", "the-shop", *(f"other/{number}" for number in range(7))),
    )
    assert _messages("enhanced-scanning-gaps", state) == [
        "Its rules leave out other/0, other/1, other/2, other/3, other/4 and 2 more"
    ]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (repository(policy_length=8_192), "It has 8,192 of at most 10,240 characters of a policy"),
        (registry_policy(policy_length=10_000), "It has 10,000 of at most 10,240 characters of a policy"),
        (
            RegistryState(name="registry", place=live(), repositories=80_000, caches=1),
            "It has 80,000 of at most 100,000 repositories",
        ),
        (
            RegistryState(name="registry", place=live(), repositories=1, caches=40),
            "It has 40 of at most 50 pull-through cache rules",
        ),
        (repository(policy_length=8_191), None),
    ],
)
def test_quotas(state: State, found: str | None) -> None:
    assert _messages("quota-near-end", state) == ([found] if found else [])


def test_a_policy_of_many_rules_is_near_its_quota() -> None:
    rules = [
        {
            "rulePriority": number,
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": [f"v{number}-"],
                "countType": "imageCountMoreThan",
                "countNumber": 5,
            },
            "action": {"type": "expire"},
        }
        for number in range(1, 41)
    ]
    text = json.dumps({"rules": rules})
    assert _messages("quota-near-end", repository(lifecycle=text)) == [
        "It has 40 of at most 50 lifecycle rules"
    ]


def test_a_public_repository_is_meant_by_its_name() -> None:
    state = PublicRepositoryState(name="tools/cli", place=live())
    assert _messages("public-repository-allowed", state) != []
    assert _messages("public-repository-allowed", state, RuleSettings(public_repositories=("tools/*",))) == []
