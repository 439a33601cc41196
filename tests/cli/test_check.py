"""`registry-constructs check` as people run it, about an app in TypeScript."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from registry_constructs.cli import run
from tests.templates.test_assembly import TYPESCRIPT


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's assembly, in the current folder."""
    shutil.copytree(TYPESCRIPT, tmp_path / "cdk.out")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["check", *arguments])
    return int(ended.value.code or 0)


def report(*arguments: str) -> dict[str, Any]:
    command(*arguments, "--format", "json", "--output", "report.json")
    found: dict[str, Any] = json.loads(Path("report.json").read_text())
    return found


def test_findings_say_where_what_and_how_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command() == 3
    out = capsys.readouterr().out
    for said in (
        "Images/Legacy",
        "retained",
        "Set removal_policy=cdk.RemovalPolicy.RETAIN",
        "The app in cdk.out",
    ):
        assert said in out


def test_what_the_app_acknowledges_is_no_finding() -> None:
    found = report("--rule", "lifecycle-policy")
    assert [one["place"]["path"] for one in found["findings"]] == [
        "Images/Nested/Inner",
        "Images/Web/Resource",
    ]
    [acknowledged] = found["acknowledged"]
    assert acknowledged["place"]["path"] == "Images/Legacy"
    assert acknowledged["acknowledgment"]["reason"] == "A few images of an app that nobody builds any more"


@pytest.mark.parametrize(
    ("fail_on", "status"), [("low", 3), ("medium", 3), ("high", 3), ("critical", 0), ("never", 0)]
)
def test_the_exit_status_by_severity(fail_on: str, status: int) -> None:
    assert command("--fail-on", fail_on) == status


def test_a_clean_app_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--rule", "open-access") == 0
    assert "3 as they should be" in capsys.readouterr().out


def test_what_only_the_deployment_knows_ends_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("cdk.out/Images.template.json")
    template = json.loads(file.read_text())
    template["Resources"]["Legacy"]["Properties"]["ImageTagMutability"] = {"Ref": "Parameter"}
    file.write_text(json.dumps(template))
    assert command("--rule", "tags-immutable", "--fail-on", "never") == 4
    assert command("--rule", "tags-immutable") == 5
    assert "1 unknown" in capsys.readouterr().out


def test_a_baseline_leaves_only_what_is_new() -> None:
    assert command("--format", "json", "--output", "baseline.json") == 3
    assert command("--baseline", "baseline.json") == 0
    file = Path("cdk.out/Images.template.json")
    file.write_text(
        file.read_text().replace('"ImageTagMutability": "IMMUTABLE"', '"ImageTagMutability": "MUTABLE"')
    )
    found = report("--baseline", "baseline.json")
    assert [one["rule"] for one in found["findings"] if one["status"] == "new"] == ["tags-immutable"]


def test_acknowledgments_of_a_file() -> None:
    Path("known.yaml").write_text("- {id: retained, where: Images/*, reason: Moved to another account}\n")
    found = report("--rule", "retained", "--acknowledgments", "known.yaml")
    assert found["findings"] == []
    assert {one["acknowledgment"]["source"] for one in found["acknowledged"]} == {"known.yaml:1"}


def test_sarif_points_at_the_source() -> None:
    assert command("--format", "sarif", "--output", "report.sarif") == 3
    [made] = json.loads(Path("report.sarif").read_text())["runs"]
    [result] = [one for one in made["results"] if one["ruleId"] == "floating-tag"]
    place = result["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("/app/app.ts")
    assert place["physicalLocation"]["region"]["startLine"] == 21
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "Service/Task/Resource"


def test_junit_has_a_suite_a_rule() -> None:
    assert (
        command("--rule", "retained", "--rule", "open-access", "--format", "junit", "--output", "j.xml") == 3
    )
    root = ET.parse("j.xml").getroot()  # noqa: S314 - our own
    assert [suite.get("name") for suite in root.iter("testsuite")] == ["open-access", "retained"]
    assert len(list(root.iter("failure"))) == 2


def test_settings_of_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--rule", "required-tags", "--required-tag", "team", "--fail-on", "low") == 0
    assert command("--rule", "required-tags", "--required-tag", "owner", "--fail-on", "low") == 3
    assert "It lacks the tags owner" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "synthesize the app first: cdk synth"),
        (["--rule", "retain"], "write retained"),
        (["--trusted-account", "123"], "--trusted-account"),
        (["--organization-id", "ours"], "--organization-id"),
        (["--baseline", "cdk.out/manifest.json"], "manifest.json"),
        (["--acknowledgments", "nowhere.yaml"], "nowhere.yaml"),
        (["--output", "nowhere/report.json"], "nowhere"),
        (["--format", "asff"], "Security"),
    ],
)
def test_bad_input_ends_with_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*arguments) == 2
    assert said in capsys.readouterr().err
