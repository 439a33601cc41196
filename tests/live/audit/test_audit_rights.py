"""What `audit --policy` prints is enough, and less is not: tried with IAM evaluated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from registry_constructs.live.audit.parts import actions_for, parts_of, policy_for
from registry_constructs.local import LocalAws, images, registry
from registry_constructs.rules.examples import KEY
from registry_constructs.rules.packs import RULES
from tests.live.conftest import Result, Shell
from tests.live.test_needed_rights import STATEMENTS

ACCOUNT, REGION = "111122223333", "eu-west-1"
RULE_NAMES = ["strict", "-floating-tag"]
OPTIONS = [f"--rule={name}" for name in RULE_NAMES]
ACTIONS = actions_for(parts_of(rule for rule in RULES.values() if rule.id != "floating-tag"))


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An AWS with IAM that has something of each part."""
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as local:
        web = {
            "Type": "AWS::ECR::Repository",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "RepositoryName": "shop/web",
                "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": KEY},
            },
        }
        tools = {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "tools"}}
        for region, resource in ((REGION, web), ("us-east-1", tools)):
            local.client("cloudformation", region=region).create_stack(
                StackName="Images", TemplateBody=json.dumps({"Resources": {"One": resource}})
            )
        registry.push(local, "shop/web", images.image({"a": b"b"}), tag="v1", account=ACCOUNT, region=REGION)
        local.client("iam").create_user(UserName="auditor")
        yield local


@pytest.fixture
def audit_as(aws: LocalAws, shell: Shell) -> Callable[[dict[str, Any]], Result]:
    """Audit as a user who has a policy."""
    iam: Any = aws.client("iam")
    key = iam.create_access_key(UserName="auditor")["AccessKey"]

    def run(policy: dict[str, Any]) -> Result:
        iam.put_user_policy(UserName="auditor", PolicyName="own", PolicyDocument=json.dumps(policy))
        return shell(
            *["audit", "--format", "json", *OPTIONS],
            endpoint=aws.endpoint_url,
            AWS_ACCESS_KEY_ID=key["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
        )

    return run


def test_the_policy_that_is_printed_is_enough(
    audit_as: Callable[[dict[str, Any]], Result], shell: Shell
) -> None:
    printed = shell("audit", "--policy", *OPTIONS)
    assert printed.status == 0
    policy = json.loads(printed.out)
    assert policy == policy_for(ACTIONS)
    result = audit_as(policy)
    assert result.status == 3, result
    assert json.loads(result.out)["unknown"] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_without_one_of_its_actions_something_is_unknown(
    audit_as: Callable[[dict[str, Any]], Result], action: str
) -> None:
    result = audit_as(policy_for(one for one in ACTIONS if one != action))
    assert result.status in {4, 5}, result
    unknown = json.loads(result.out)["unknown"]
    assert unknown
    assert all("does not allow" in one["reason"] or "no rule" not in one["reason"] for one in unknown)


def test_only_what_reads_is_allowed() -> None:
    assert all(
        action.partition(":")[2].startswith(("Batch", "Describe", "Get", "List")) for action in ACTIONS
    )


def test_what_runs_takes_the_rights_that_the_inventory_is_held_to() -> None:
    """`test_needed_rights` tries those; only clusters that a kubeconfig leads into are described."""
    floating = set(actions_for(RULES["floating-tag"].needs)) - set(actions_for(()))
    assert floating == set(STATEMENTS["InUse"]) - {"eks:DescribeCluster"}
