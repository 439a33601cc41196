"""The same templates given to Checkov and cdk-nag: they judge alike, or the docs say why not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cdk_nag
import pytest
from aws_cdk import cloudformation_include as cfn_include

from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.examples import KEEP_THE_NEWEST, KEY, allowing, lifecycle, repository
from registry_constructs.rules.judge import judge
from registry_constructs.rules.packs import RULES
from registry_constructs.rules.rule import RuleSettings
from registry_constructs.templates.app import read_templates
from tests.rules.declaring import stack
from tests.synthesis import new_app, new_stack

pytestmark = pytest.mark.deploy


_ONE_ACCOUNT = {"aws:PrincipalAccount": "111122223333"}
_ORGANIZATION = {"aws:PrincipalOrgID": "o-1234567890"}


def _tags(mutability: str) -> dict[str, Any]:
    filters = [
        {
            "ImageTagMutabilityExclusionFilterType": "WILDCARD",
            "ImageTagMutabilityExclusionFilterValue": "dev*",
        }
    ]
    excluded = {"ImageTagMutabilityExclusionFilters": filters} if mutability.endswith("EXCLUSION") else {}
    return repository(ImageTagMutability=mutability, **excluded)


def _encrypted(kind: str, **key: str) -> dict[str, Any]:
    return repository(EncryptionConfiguration={"EncryptionType": kind, **key})


RESOURCES = {
    "Bare": repository(),
    "Mutable": _tags("MUTABLE"),
    "Immutable": _tags("IMMUTABLE"),
    "MutableBut": _tags("MUTABLE_WITH_EXCLUSION"),
    "ImmutableBut": _tags("IMMUTABLE_WITH_EXCLUSION"),
    "Aes": _encrypted("AES256"),
    "AwsKey": _encrypted("KMS"),
    "OwnKey": _encrypted("KMS", KmsKey=KEY),
    "TwoLayers": _encrypted("KMS_DSSE", KmsKey=KEY),
    "ScanOnPush": repository(ImageScanningConfiguration={"ScanOnPush": True}),
    "NoScanOnPush": repository(ImageScanningConfiguration={"ScanOnPush": False}),
    "Lifecycle": repository(LifecyclePolicy=lifecycle(KEEP_THE_NEWEST)),
    "Account": repository(RepositoryPolicyText=allowing({"AWS": "arn:aws:iam::111122223333:root"})),
    "Everybody": repository(RepositoryPolicyText=allowing("*")),
    "EverybodyOfAws": repository(RepositoryPolicyText=allowing({"AWS": "*"})),
    "EverybodyListed": repository(RepositoryPolicyText=allowing({"AWS": ["111122223333", "*"]})),
    "Organization": repository(RepositoryPolicyText=allowing("*", Condition={"StringEquals": _ORGANIZATION})),
    "OrganizationLike": repository(
        RepositoryPolicyText=allowing("*", Condition={"StringLike": _ORGANIZATION})
    ),
    "OneAccount": repository(RepositoryPolicyText=allowing("*", Condition={"StringEquals": _ONE_ACCOUNT})),
    "DenyEverybody": repository(
        RepositoryPolicyText={
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:DeleteRepository"}],
        }
    ),
}

DIFFERENT = {
    "checkov-32": {"OrganizationLike", "OneAccount", "DenyEverybody"},
    "checkov-136": {"TwoLayers"},
    "checkov-163": set[str](),
    "checkov-51": set[str](),
    "cdk-nag-ecr1": {"Organization", "OrganizationLike", "OneAccount"},
}
"""Where we differ in these templates."""


def _ours(control: str, resources: dict[str, Any] = RESOURCES) -> set[str]:
    """What fails the rule that answers a control."""
    [rule] = [rule for rule in RULES.values() if control in rule.controls]
    states = [
        state
        for state in read_templates([stack(resources)])
        if state.kind in ("repository", "registry policy")
    ]
    judgment = judge(states, [rule], RuleSettings())
    assert judgment.unjudged == []
    return {finding.state.place.logical_id for finding in judgment.findings}


@pytest.fixture(scope="module")
def checkov(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What fails each of Checkov's checks."""
    return _checkov(RESOURCES, tmp_path_factory.mktemp("checkov"))


def _checkov(resources: dict[str, Any], folder: Path) -> dict[str, set[str]]:
    file = folder / "template.json"
    file.write_text(json.dumps({"Resources": resources}, indent=1))
    names = [one.name for one in CONTROLS.values() if one.owner == "Checkov"]
    command = [sys.prefix + "/checkov/bin/checkov", "--file", str(file), "--framework", "cloudformation"]
    command += ["--skip-download", "--output", "json", "--check", ",".join(names)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    results = json.loads(shown.stdout)["results"]
    judged = {check["resource"] for kind in ("passed_checks", "failed_checks") for check in results[kind]}
    assert judged == {f"AWS::ECR::Repository.{name}" for name in resources}
    return {
        name: {
            check["resource"].rpartition(".")[2]
            for check in results["failed_checks"]
            if check["check_id"] == name
        }
        for name in names
    }


@pytest.mark.parametrize("control", [one.id for one in CONTROLS.values() if one.owner == "Checkov"])
def test_checkov_judges_alike_or_the_docs_say_why(checkov: dict[str, set[str]], control: str) -> None:
    theirs = checkov[CONTROLS[control].name]
    assert theirs
    assert theirs != RESOURCES.keys()
    assert theirs ^ _ours(control) == DIFFERENT[control]
    assert not DIFFERENT[control] or CONTROLS[control].difference


def test_cdk_nag_judges_alike_or_the_docs_say_why(tmp_path: Path) -> None:
    app = new_app()
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Resources": RESOURCES}))
    cfn_include.CfnInclude(new_stack(app=app), "Included", template_file=str(file))
    violations = cdk_nag.AwsSolutionsChecks(app).validate_scope(app).violations
    theirs = {
        str(resource.construct_path).rpartition("/")[2]
        for violation in violations
        if violation.rule_name == CONTROLS["cdk-nag-ecr1"].name
        for resource in violation.violating_resources
    }
    assert "Everybody" in theirs
    assert theirs ^ _ours("cdk-nag-ecr1") == DIFFERENT["cdk-nag-ecr1"]


def test_a_registry_s_rules_pass_here_and_fail_there(checkov: dict[str, set[str]]) -> None:
    """The difference that `ScanOnPush` of one repository can't show."""
    assert "Bare" in checkov["CKV_AWS_163"]
    scanning = RULES["scanning-effective"].example
    assert scanning
    assert _ours("checkov-163", {**scanning.compliant}) == set()
    assert "registry's scanning rules" in CONTROLS["checkov-163"].difference
