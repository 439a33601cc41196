"""The rules in the language of Guard say what the rules say, in the CDK's own validation."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import cloudformation_include as include

from registry_constructs import InvalidInputError, guard_rules
from registry_constructs.rules.examples import allowing
from registry_constructs.rules.guard import guard_file, guard_name, sayable
from registry_constructs.rules.packs import RULES
from tests.synthesis import ENV

ONE_STATEMENT = allowing({"AWS": "arn:aws:iam::111122223333:root"})["Statement"][0]
OTHER_WORDS = {
    "open-access": [allowing({"AWS": "*"}), allowing({"AWS": ["arn:aws:iam::111122223333:root", "*"]})],
    "wildcard-actions": [{"Version": "2012-10-17", "Statement": [{**ONE_STATEMENT, "Action": "ecr:*"}]}],
}
SAID = sorted(rule.id for rule in sayable(RULES.values()))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The names of the rules that find something, by stack; each example is a stack of one app."""
    folder = tmp_path_factory.mktemp("guard")
    app = cdk.App(outdir=str(folder / "cdk.out"))
    for rule in sayable(RULES.values()):
        assert rule.example
        for kind, resources in (("good", rule.example.compliant), ("bad", rule.example.non_compliant)):
            name = f"{rule.id}-{kind}"
            file = folder / f"{name}.json"
            file.write_text(json.dumps({"Resources": dict(resources)}))
            include.CfnInclude(cdk.Stack(app, name, env=ENV), "Example", template_file=str(file))
    for rule_id, policies in OTHER_WORDS.items():
        for number, policy in enumerate(policies):
            stack = cdk.Stack(app, f"{rule_id}-{number}", env=ENV)
            ecr.CfnRepository(stack, "Example", repository_policy_text=policy)
    key = ecr.CfnRepository.EncryptionConfigurationProperty(encryption_type="KMS", kms_key="alias/aws/ecr")
    ecr.CfnRepository(cdk.Stack(app, "own-key", env=ENV), "Example", encryption_configuration=key)
    plugin = cdk.CloudFormationValidatePlugin(guard_rules=guard_rules("strict"))
    cdk.Validations.of(app).add_plugins(plugin)
    app.synth()
    report = json.loads((folder / "cdk.out" / "validation-report.json").read_text())
    names: defaultdict[str, set[str]] = defaultdict(set)
    for one in report["pluginReports"]:
        for violation in one["violations"]:
            for resource in violation["violatingConstructs"]:
                template = Path(resource["cloudFormationResource"]["templatePath"])
                names[template.name.removesuffix(".template.json")].add(violation["ruleName"])
    return names


@pytest.mark.parametrize("name", SAID)
def test_what_complies_passes(name: str, found: dict[str, set[str]]) -> None:
    assert guard_name(RULES[name]) not in found[f"{name}-good"]


@pytest.mark.parametrize("name", SAID)
def test_what_does_not_comply_is_found(name: str, found: dict[str, set[str]]) -> None:
    assert guard_name(RULES[name]) in found[f"{name}-bad"]


def test_the_same_in_other_words_is_found(found: dict[str, set[str]]) -> None:
    for rule_id, policies in OTHER_WORDS.items():
        for number in range(len(policies)):
            assert guard_name(RULES[rule_id]) in found[f"{rule_id}-{number}"]
    assert "customer_key" in found["own-key"]


def test_guard_says_the_rules_about_one_resource() -> None:
    assert SAID == [
        "customer-key",
        "kms-encryption",
        "lifecycle-policy",
        "open-access",
        "public-repository-tagged",
        "required-tags",
        "retained",
        "tags-immutable",
        "tags-immutable-without-exceptions",
        "wildcard-actions",
    ]


def test_a_file_of_rules_says_what_each_demands() -> None:
    text = guard_file([RULES["retained"], RULES["images-scanned"], RULES["tags-immutable"]])
    assert text.count("\nrule ") == 2
    assert text.startswith(f"# {RULES['retained'].demand}.\n")
    assert "rule tags_immutable {\n  AWS::ECR::Repository {\n" in text


def test_rules_are_chosen_as_elsewhere() -> None:
    assert [one.name for one in guard_rules("security-hub", "-customer-key")] == [
        "tags-immutable-without-exceptions",
        "lifecycle-policy",
        "public-repository-tagged",
    ]
    assert len(guard_rules()) < len(SAID)


@pytest.mark.parametrize(
    ("names", "message"),
    [(["images-scanned"], "Guard can say none"), (["open-acess"], "no such rule or pack")],
)
def test_what_can_not_be_meant_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        guard_rules(*names)
