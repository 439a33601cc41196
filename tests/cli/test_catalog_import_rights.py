"""The policy of docs/catalog-migration.md is enough, and less is not: tried with IAM evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry_constructs.local import LocalAws
from tests.catalog.content import ROLE, Registry, policy
from tests.live.conftest import Result, Shell
from tests.synthesis import ROOT

pytestmark = pytest.mark.deploy


ACCOUNT, REGION = "111122223333", "eu-west-1"
PAGE = (ROOT / "docs" / "catalog-migration.md").read_text()
[_POLICY] = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ACTIONS: list[str] = json.loads(_POLICY)["Statement"][0]["Action"]

ImportAs = Callable[[list[str]], Result]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An AWS with IAM, in which one key is AWS's own for ECR."""
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as local:
        registry = Registry(local, ACCOUNT, REGION)
        kms = local.client("kms")
        own = kms.create_key(Description="AWS's own for ECR")["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/aws/ecr", TargetKeyId=own)
        registry.make("shop/own", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": own})
        registry.make("shop/dsse", encryptionConfiguration={"encryptionType": "KMS_DSSE", "kmsKey": own})
        registry.make("shop/cart", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": registry.key})
        registry.ecr.set_repository_policy(
            repositoryName="shop/cart", policyText=policy(({"AWS": ROLE}, ["ecr:BatchGetImage"]))
        )
        yield local


@pytest.fixture
def import_as(
    aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[ImportAs]:
    """Import as a user who may do some actions and no others."""
    monkeypatch.chdir(tmp_path)
    iam: Any = aws.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]

    def imported(actions: list[str]) -> Result:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="reader", PolicyName="own", PolicyDocument=document)
        return Shell(capfd, aws, ACCOUNT)(
            *["catalog", "import", "--output", "catalog.yaml"],
            AWS_ACCESS_KEY_ID=key["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
        )

    yield imported
    iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="reader", PolicyName="own")
    iam.delete_user(UserName="reader")


def test_the_policy_is_enough_and_the_own_key_of_aws_is_told_from_others(import_as: ImportAs) -> None:
    done = import_as(ACTIONS)
    assert done.status == 3, done.err
    data = yaml.safe_load(Path("catalog.yaml").read_text())
    said = {name: data["defaults"] | own for name, own in data["repositories"].items()}
    assert said["shop/own"]["encryption"] == "KMS"
    assert said["shop/dsse"]["encryption"] == "KMS_DSSE"
    assert said["shop/cart"]["encryption_key"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")


@pytest.mark.parametrize("action", ACTIONS)
def test_without_one_of_its_actions_nothing_is_written(import_as: ImportAs, action: str) -> None:
    done = import_as([one for one in ACTIONS if one != action])
    assert done.status == 1
    assert f"AWS does not allow {action.partition(':')[2]}" in done.err
    assert not Path("catalog.yaml").exists()
