"""Live registries of every kind, for hypothesis."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from registry_constructs.catalog.lifecycles import PRESETS
from registry_constructs.ecr.actions import LAMBDA_PULL_ACTIONS, PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule
from registry_constructs.live.live_repository import LiveRepository

ACCOUNTS = ("111122223333", "444455556666", "012345678901")
REGIONS = ("eu-west-1", "us-east-1", "eu-central-1")

names = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,3})?(/[a-z0-9]{1,4}){0,2}", fullmatch=True).filter(
    lambda name: len(name) > 1
)
patterns = st.lists(
    st.from_regex(r"[a-z0-9._-]{1,8}\*?", fullmatch=True), min_size=1, max_size=3, unique=True
)
numbers = st.sampled_from([1, 7, 14, 30, 50, 90, 500])


@st.composite
def rules(draw: st.DrawFn) -> LifecycleRule:
    """Rules for tagged or untagged images; those for any image are a policy's last."""
    tags: dict[str, Any] = draw(
        st.one_of(
            st.builds(lambda tags: {"tag_pattern_list": tags}, patterns),
            st.builds(lambda tags: {"tag_prefix_list": [tag.rstrip("*") for tag in tags]}, patterns),
            st.builds(lambda tags: {"any_of": tags}, patterns),
            st.just({"untagged": True}),
        )
    )
    description = draw(st.sampled_from([None, "Keep", "Keep all images with this tag", "Größe: 1 # 2"]))
    kind = draw(st.sampled_from(["image_count_more_than", "days_since_pushed", "days_since_pulled"]))
    make = LifecycleRule.archive if kind == "days_since_pulled" else LifecycleRule.expire
    return make(**tags, **{kind: draw(numbers)}, description=description)  # type: ignore[arg-type]


def policy_or_none(rules: list[LifecycleRule], apart: int) -> str:
    """The policy that the rules make, numbered with gaps; none if ECR would refuse them."""
    try:
        document = LifecyclePolicy(rules).to_dict()
        for number, rule in enumerate(document["rules"]):
            rule["rulePriority"] += number * apart
            if apart == 2 and rule["selection"]["countType"] == "imageCountMoreThan":
                rule["selection"]["storageClass"] = "standard"
        return LifecyclePolicy.from_dict(document).to_json() if apart != 2 else json.dumps(document)
    except ValueError:
        return ""


lifecycles = st.one_of(
    st.just(""),
    st.sampled_from([make().to_json() for make in PRESETS.values()]),
    st.builds(lambda days: PRESETS["default"](untagged_days=days).to_json(), numbers),
    st.builds(lambda keep: PRESETS["build_cache"](keep=keep).to_json(), numbers),
    st.builds(lambda tags: PRESETS["releases"](release_patterns=tags).to_json(), patterns),
    st.builds(
        lambda tags, days: PRESETS["continuous_delivery"](branch_patterns=tags, branch_days=days).to_json(),
        patterns,
        numbers,
    ),
    st.builds(policy_or_none, st.lists(rules(), min_size=1, max_size=4), st.sampled_from([0, 1, 2])),
    st.just('{"rules": [{"unknown": 1}]}'),
)


@st.composite
def statements(draw: st.DrawFn, account: str, region: str) -> dict[str, Any]:
    """A statement of a repository policy: of those that a catalog can say, and of others."""
    other = draw(st.sampled_from(ACCOUNTS))
    role = f"arn:aws:iam::{other}:role/{draw(st.sampled_from(['ci', 'team/run']))}"
    root = f"arn:aws:iam::{other}:root"
    organization = {
        "StringEquals": {"aws:PrincipalOrgID": draw(st.sampled_from(["o-a1b2c3d4e5", "o-x1b2c3d4e5"]))}
    }
    [who] = organization["StringEquals"].values()
    units = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [f"{who}/*/ou-ab12-11111111/*"]}}
    function = {"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:{region}:{account}:function:resize-*"}}
    far = {"ArnLike": {"aws:SourceArn": [f"arn:aws:lambda:{region}:{other}:function:resize"]}}
    service = {"Service": "lambda.amazonaws.com"}
    principal, actions, condition = draw(
        st.sampled_from(
            [
                ({"AWS": role}, PULL_ACTIONS, None),
                ({"AWS": [role, root]}, PULL_ACTIONS, None),
                ({"AWS": other}, PULL_ACTIONS, None),
                ({"AWS": role}, PUSH_ACTIONS, None),
                ({"AWS": role}, {*PUSH_ACTIONS, *PULL_ACTIONS}, None),
                ({"AWS": root}, PUSH_ACTIONS, None),
                ({"AWS": role}, {*PULL_ACTIONS, "ecr:DeleteRepository"}, None),
                ("*", PULL_ACTIONS, organization),
                ({"AWS": "*"}, PULL_ACTIONS, organization | units),
                ("*", PULL_ACTIONS, None),
                (service, LAMBDA_PULL_ACTIONS, function),
                (service, LAMBDA_PULL_ACTIONS, far),
                ({"AWS": root}, LAMBDA_PULL_ACTIONS, None),
                (service, LAMBDA_PULL_ACTIONS, None),
                ({"AWS": "AROAEXAMPLE"}, PULL_ACTIONS, None),
                ({"AWS": role}, ["ecr:*"], {"Bool": {"aws:MultiFactorAuthPresent": True}}),
            ]
        )
    )
    effect = draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))
    said = {"Effect": effect, "Principal": principal, "Action": sorted(actions), "Sid": f"s{draw(numbers)}"}
    return said | ({"Condition": condition} if condition else {})


texts = st.text(max_size=12)
tags = st.dictionaries(
    st.one_of(
        st.sampled_from(["team", "owner", "stage", "aws:cloudformation:stack-name"]), texts.filter(bool)
    ),
    st.one_of(st.sampled_from(["shop", "platform", "no", "123", "2026-01-01", ""]), texts),
    max_size=4,
)


@st.composite
def settings_of(draw: st.DrawFn, account: str, region: str) -> dict[str, Any]:
    """Everything that stands in ECR, but for the place."""
    key = f"arn:aws:kms:{region}:{account}:key/{draw(st.sampled_from('ab'))}"
    encryption = draw(st.sampled_from(["AES256", "KMS", "KMS_DSSE"]))
    mutability = draw(
        st.sampled_from(["IMMUTABLE", "MUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"])
    )
    filters = draw(patterns) if mutability.endswith("_EXCLUSION") else []
    stated = draw(st.lists(statements(account, region), max_size=3))
    policy = {"Version": draw(st.sampled_from(["2008-10-17", "2012-10-17"])), "Statement": stated}
    return {
        "encryption": encryption,
        "key": draw(st.sampled_from(["", key, key])) if encryption != "AES256" else "",
        "mutability": mutability,
        "filters": tuple(("WILDCARD", value) for value in filters),
        "scan_on_push": draw(st.booleans()),
        "lifecycle": draw(lifecycles),
        "policy": json.dumps(policy) if stated else "",
        "tags": draw(tags),
    }


@st.composite
def registries(draw: st.DrawFn) -> list[LiveRepository]:
    """Repositories in up to three places, many of them alike, some the same in several places."""
    accounts = draw(st.lists(st.sampled_from(ACCOUNTS), min_size=1, max_size=2, unique=True))
    places = [
        (account, region) for account in accounts for region in draw(st.sampled_from([REGIONS[:1], REGIONS]))
    ]
    kinds = {place: [draw(settings_of(*place)) for _ in range(2)] for place in places}
    found = []
    for name in draw(st.lists(names, max_size=8, unique=True)):
        here = draw(st.lists(st.sampled_from(places), min_size=1, unique=True))
        alike = draw(st.booleans())
        shared = draw(st.sampled_from(kinds[here[0]]))
        for account, region in here:
            own = shared if alike else draw(st.sampled_from(kinds[account, region]))
            if draw(st.integers(0, 4)) == 0:
                own = draw(settings_of(account, region))
            if own["key"]:
                own = own | {"key": f"arn:aws:kms:{region}:{account}:key/{own['key'][-1]}"}
            found.append(LiveRepository(name=name, account=account, region=region, **own))
    return found
