"""All of cdk-nag's packs, cfn-lint and Checkov over every template: nothing found but what has a reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
from aws_cdk import aws_iam as iam

from registry_constructs import Repository
from tests import variants
from tests.scanners import accepted
from tests.synthesis import cfn_lint, new_app, new_stack, raw_template

PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.NIST80053R4Checks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.PCIDSS321Checks,
    cdk_nag.ServerlessChecks,
)
REGIONS = {name: env.region or "" for name, env in variants.ENVIRONMENTS.items()} | {
    "PublicImages": "us-east-1"
}


def test_cdk_nag_finds_nothing_without_a_reason(apps: list[cdk.App]) -> None:
    found = {
        (violation.rule_name, resource.construct_path)
        for app in apps
        for pack in PACKS
        for violation in pack(app).validate_scope(app).violations
        for resource in violation.violating_resources
    }
    assert found == accepted.CDK_NAG.keys()


def test_cdk_nag_would_find_something() -> None:
    app = new_app()
    repository = Repository(new_stack(app=app), "App")
    repository.add_to_resource_policy(
        iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:BatchGetImage"])
    )
    [violation] = cdk_nag.AwsSolutionsChecks(app).validate_scope(app).violations
    assert violation.rule_name == "AwsSolutions-ECR1"


def test_what_is_acknowledged_has_its_reason(apps: list[cdk.App]) -> None:
    acknowledged = {
        (rule.removeprefix("Annotation::"), construct.node.path): reason
        for app in apps
        for construct in app.node.find_all()
        for entry in construct.node.metadata
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for rule, reason in entry.data.items()
    }
    assert acknowledged == accepted.CDK_NAG_ACKNOWLEDGED


def test_cfn_lint_finds_nothing(templates: dict[str, dict[str, Any]]) -> None:
    found = {name: cfn_lint(body, REGIONS.get(name, "eu-west-1")) for name, body in templates.items()}
    assert {name: findings for name, findings in found.items() if findings} == {}


def test_cfn_lint_would_find_something() -> None:
    stack = new_stack()
    resource: Any = Repository(stack, "App", lifecycle=[]).node.default_child
    rendered = raw_template(stack)
    logical_id = stack.resolve(resource.logical_id)
    rendered["Resources"][logical_id]["Properties"]["ImageTagMutability"] = "SOMETIMES"
    [finding] = cfn_lint(rendered)
    assert "SOMETIMES" in finding


def checkov(folder: Path) -> tuple[set[tuple[str, str]], dict[str, int]]:
    """What Checkov finds in a folder of templates, as check and template, and its summary."""
    command = Path(sys.prefix) / "checkov" / "bin" / "checkov"
    arguments = [
        "--directory",
        str(folder),
        "--framework",
        "cloudformation",
        "--skip-download",
        "--output",
        "json",
    ]
    shown = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    report = json.loads(shown.stdout)
    found = {
        (check["check_id"], Path(check["file_path"]).name.removesuffix(".template.json"))
        for check in report["results"]["failed_checks"]
    }
    return found, report["summary"]


def test_checkov_finds_nothing_without_a_reason(templates: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    for name, body in templates.items():
        (tmp_path / f"{name}.template.json").write_text(json.dumps(body, indent=2))
    found, summary = checkov(tmp_path)
    assert found == accepted.CHECKOV.keys()
    assert summary["parsing_errors"] == 0
    assert summary["resource_count"] >= sum(len(body["Resources"]) for body in templates.values())
