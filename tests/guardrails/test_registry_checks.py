"""RegistryChecks: what the rules find stops the synth, and is acknowledged with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from registry_constructs import InvalidInputError, RegistryChecks, Repository, Severity
from tests.synthesis import ENV, ROOT, new_app, new_stack

OPEN = "registry-constructs::open-access"
INHERITED = """
import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from registry_constructs import RegistryChecks

app = cdk.App()
stack = cdk.Stack(app, "Images")
ecr.Repository(stack, "Checkout", image_scan_on_push=True)
cdk.Validations.of(app).add_plugins(RegistryChecks("tags-immutable"))
app.synth()
"""


def opened(scope: cdk.Stack, id: str = "App") -> ecr.Repository:
    """A repository from which everybody may pull."""
    repository = ecr.Repository(scope, id)
    everybody = iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:BatchGetImage"])
    repository.add_to_resource_policy(everybody)
    return repository


def synthesized(app: cdk.App, checks: RegistryChecks) -> list[dict[str, Any]]:
    """What the CDK reports of these checks."""
    cdk.Validations.of(app).add_plugins(checks)
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    return [
        violation
        for plugin in report["pluginReports"]
        if plugin["pluginName"] == "registry-constructs"
        for violation in plugin["violations"]
    ]


def paths(violations: list[dict[str, Any]]) -> list[str]:
    return sorted(one["constructPath"] for each in violations for one in each["violatingConstructs"])


def acknowledge(scope: Any, id: str = OPEN) -> None:
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=id, reason="It is an example"))


def test_a_finding_stops_the_synth_and_says_what_to_do() -> None:
    app = new_app()
    opened(new_stack(app=app))
    cdk.Validations.of(app).add_plugins(RegistryChecks("open-access"))
    with pytest.raises(RuntimeError, match="ValidationFailed") as raised:
        app.synth()
    told = str(raised.value)
    assert "ERROR statement 1 of its policy allows everybody in the world (registry-constructs)" in told
    assert "Suggested fix: Name accounts or roles as principals" in told
    assert f"Acknowledge with '{OPEN}'" in told


@pytest.mark.deploy
def test_the_report_names_the_construct_and_the_line_of_a_python_app(tmp_path: Path) -> None:
    (tmp_path / "inherited.py").write_text(INHERITED)
    shown = subprocess.run(
        [sys.executable, "inherited.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "JSII_HOST_STACK_TRACES": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode != 0
    finding = shown.stderr[shown.stderr.index("inherited.py:8") :].splitlines()
    assert finding[1].strip().startswith("ERROR Its tags can be moved to other images")
    assert "Images/Checkout/Resource (" in finding[2]


def test_a_finding_carries_its_severity_its_controls_and_its_page() -> None:
    app = new_app()
    opened(new_stack(app=app))
    [violation] = synthesized(app, RegistryChecks("open-access"))
    metadata = violation["ruleMetadata"]
    assert (metadata["severity"], metadata["documentation"]) == ("CRITICAL", "docs/rules/open-access.md")
    assert "cdk-nag AwsSolutions-ECR1" in metadata["controls"]
    assert (ROOT / metadata["documentation"]).exists()


def test_nested_stacks_and_stages_are_judged_too() -> None:
    app = new_app()
    stack = new_stack(app=app)
    ecr.CfnRepository(cdk.NestedStack(stack, "Nested"), "Inside")
    ecr.CfnRepository(cdk.Stack(cdk.Stage(app, "Production"), "Images", env=ENV), "Staged")
    found = paths(synthesized(app, RegistryChecks("tags-immutable")))
    assert found == ["Production/Images/Staged", "Stack/Nested/Inside"]


def test_an_app_of_stages_alone_is_judged() -> None:
    app = new_app()
    for name in ("Test", "Production"):
        ecr.CfnRepository(cdk.Stack(cdk.Stage(app, name), "Images", env=ENV), "Staged")
    found = paths(synthesized(app, RegistryChecks("tags-immutable")))
    assert found == ["Production/Images/Staged", "Test/Images/Staged"]


def test_the_scanning_rules_of_one_stack_count_for_the_repositories_of_another() -> None:
    app = new_app()
    ecr.Repository(new_stack("Images", app=app), "App", repository_name="shop/app")
    rule = ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty(
        scan_frequency="SCAN_ON_PUSH",
        repository_filters=[
            ecr.CfnRegistryScanningConfiguration.RepositoryFilterProperty(
                filter="shop/*", filter_type="WILDCARD"
            )
        ],
    )
    registry = new_stack("Registry", app=app)
    ecr.CfnRegistryScanningConfiguration(registry, "Scanning", scan_type="BASIC", rules=[rule])
    checks = RegistryChecks("scanning-effective")
    assert synthesized(app, checks) == []
    assert checks.judgment is not None
    assert checks.judgment.passed == {"scanning-effective": 1}


@pytest.mark.parametrize("above", ["", "Stack", "Stack/App", "Stack/App/Resource"])
def test_an_acknowledgment_counts_for_all_that_is_beneath_it(above: str) -> None:
    app = new_app()
    repository = opened(new_stack(app=app))
    found = [one for one in app.node.find_all() if one.node.path == above]
    acknowledge(found[0])
    assert synthesized(app, RegistryChecks("open-access")) == []
    assert repository.node.path == "Stack/App"


def test_another_id_or_a_sibling_acknowledges_nothing() -> None:
    app = new_app()
    stack = new_stack(app=app)
    acknowledge(opened(stack), "registry-constructs::tags-immutable")
    acknowledge(opened(stack, "Sibling"))
    acknowledge(opened(stack, "AppToo"), "open-access")
    found = paths(synthesized(app, RegistryChecks("open-access")))
    assert found == ["Stack/App/Resource", "Stack/AppToo/Resource"]


def test_every_message_about_one_resource_appears() -> None:
    app = new_app()
    repository = opened(new_stack(app=app))
    everything = iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:GetDownloadUrlForLayer"])
    everything.add_condition("Bool", {"aws:SecureTransport": "true"})
    repository.add_to_resource_policy(everything)
    messages = [one["description"] for one in synthesized(app, RegistryChecks("open-access"))]
    assert [message.partition(" of")[0] for message in messages] == ["statement 1", "statement 2"]


def test_what_is_less_severe_than_asked_is_a_warning() -> None:
    for fail_on, severity in ((None, "warning"), (Severity.HIGH, "warning"), (Severity.MEDIUM, "error")):
        app = new_app()
        ecr.Repository(new_stack(app=app), "App")
        [violation] = synthesized(app, RegistryChecks("tags-immutable", fail_on=fail_on))
        assert violation["severity"] == severity


def test_what_only_the_deployment_knows_is_a_warning_and_can_be_acknowledged() -> None:
    for acknowledged in (False, True):
        app = new_app()
        stack = new_stack(app=app)
        parameter = cdk.CfnParameter(stack, "Mutability", allowed_values=["IMMUTABLE", "MUTABLE"])
        repository = ecr.CfnRepository(stack, "App", image_tag_mutability=parameter.value_as_string)
        if acknowledged:
            acknowledge(repository, "registry-constructs::tags-immutable")
        found = [
            (one["severity"], one["description"], paths([one]))
            for one in synthesized(app, RegistryChecks("tags-immutable"))
        ]
        expected = [("warning", "Not known: it is known at the deployment only", ["Stack/App"])]
        assert found == ([] if acknowledged else expected)


def test_the_settings_reach_the_rules() -> None:
    app = new_app()
    repository = ecr.Repository(new_stack(app=app), "App")
    for principal in (iam.AccountPrincipal("222233334444"), iam.OrganizationPrincipal("o-a1b2c3d4e5")):
        repository.grant_pull(principal)
    cdk.Tags.of(repository).add("team", "shop")
    checks = RegistryChecks(
        "outside-organization",
        "required-tags",
        organization="o-a1b2c3d4e5",
        accounts=["222233334444"],
        required_tags=["team", "cost-center"],
    )
    [violation] = synthesized(app, checks)
    assert violation["ruleName"] == "required-tags"
    assert "cost-center" in violation["description"]


def test_the_repositories_of_this_library_comply() -> None:
    app = new_app()
    cdk.Tags.of(Repository(new_stack(app=app), "App", image_scan_on_push=True)).add("team", "shop")
    assert synthesized(app, RegistryChecks("recommended", "customer-key")) == []


def test_cdk_nag_stands_beside_it() -> None:
    from cdk_nag import AwsSolutionsChecks

    app = new_app()
    acknowledge(opened(new_stack(app=app)))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    assert synthesized(app, RegistryChecks("open-access")) == []
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    assert "AwsSolutions-ECR1" in str(report)


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (["recomended"], {}, "There is no such rule or pack"),
        (["open-access", "-open-access"], {}, "No rule is left"),
        ([], {"organization": "my-company"}, "my-company"),
        ([], {"accounts": ["12345"]}, "12345"),
    ],
)
def test_what_can_not_be_meant_is_refused(names: list[str], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        RegistryChecks(*names, **settings)
