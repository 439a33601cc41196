"""Each document of a report: whole, valid for those who read it, and safe whatever a name holds."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any, cast
from xml.etree import ElementTree

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.reports.asff import asff
from registry_constructs.reports.html_page import html_page
from registry_constructs.reports.json_document import json_document
from registry_constructs.reports.junit import junit
from registry_constructs.reports.report import Report
from registry_constructs.reports.sarif import sarif
from registry_constructs.rules.judge import Judgment, Unjudged
from tests.drawing import examples
from tests.reports.judged import (
    AT,
    RULES,
    app_judgment,
    declared,
    finding,
    live,
    live_judgment,
    report,
)

APP = report(app_judgment(), judged="the app in cdk.out", known=True)
LIVE = report(live_judgment(), judged="2 accounts, 3 Regions")
REPORTS = {"app": APP, "live": LIVE}
# Any character, also the halves of pairs that no encoding takes.
TEXT = st.text(st.characters(exclude_categories=()), min_size=1)


class Tags(HTMLParser):
    """The tags of a page, each with the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))


def saying(text: str, place: str) -> Report:
    """A report in which a text stands wherever a text can come from elsewhere."""
    at = live("x") if place == "live" else declared(text, path=text, source=text)
    judgment = Judgment(rules=RULES, findings=[finding(text, name=text, place=at)])
    judgment.unjudged.append(Unjudged(rule=RULES[0], where=f"111122223333 in eu-west-1 {text}", reason=text))
    return Report.of(judgment, judged=text, at=AT)


@pytest.mark.parametrize("name", REPORTS)
def test_documents(name: str, snapshot: SnapshotAssertion) -> None:
    made = REPORTS[name]
    assert json.loads(json_document(made)) == snapshot(name=f"{name} json")
    assert json.loads(sarif(made)) == snapshot(name=f"{name} sarif")
    assert junit(made).splitlines() == snapshot(name=f"{name} junit")
    body = html_page(made).split("<body>")[1].split("<script>")[0]
    assert body.splitlines() == snapshot(name=f"{name} html")


def test_findings_for_security_hub(snapshot: SnapshotAssertion) -> None:
    findings = json.loads(asff(LIVE))
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    assert not ParamValidator().validate({"Findings": findings}, cast("Any", shape)).has_errors()
    assert findings == snapshot(name="live asff")


@pytest.mark.parametrize("length", [1, 5_000])
def test_what_is_long_is_cut_to_what_security_hub_takes(length: int) -> None:
    findings = json.loads(asff(saying("x" * length, "live")))
    assert len(findings) == 2
    for one in findings:
        assert len(one["Title"]) <= 256
        assert len(one["Description"]) <= 1024


def test_security_hub_takes_nothing_of_an_app_or_of_no_known_place() -> None:
    with pytest.raises(InvalidInputError, match="this one is about an app"):
        asff(APP)
    judgment = Judgment(
        rules=RULES, unjudged=[Unjudged(rule=None, where="the organization", reason="no right")]
    )
    with pytest.raises(InvalidInputError, match="an account and a Region"):
        asff(Report.of(judgment, judged="all", at=AT))


def test_what_sarif_demands_beside_its_shape() -> None:
    run: dict[str, Any] = json.loads(sarif(APP))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) > 3
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        physical = result["locations"][0]["physicalLocation"]
        assert not {*physical["artifactLocation"]["uri"]} & {" ", "<", '"', "\\"}
        assert "](" not in result["message"]["text"]
    assert {one["baselineState"] for one in run["results"]} == {"new", "unchanged"}
    said = {s["kind"] for one in run["results"] for s in one.get("suppressions", ())}
    assert said == {"external", "inSource"}
    assert run["invocations"][0]["executionSuccessful"] is False
    passing = Report.of(Judgment(rules=RULES), judged="all", at=AT)
    assert json.loads(sarif(passing))["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_the_numbers_of_a_suite_are_those_of_its_tests() -> None:
    root = ElementTree.fromstring(junit(APP))  # noqa: S314 - made here
    for suite in (root, *root):
        found = {name: len([*suite.iter(name)]) for name in ("testcase", "failure", "error", "skipped")}
        named = ("tests", "failures", "errors", "skipped")
        assert [int(suite.get(name, "")) for name in named] == [*found.values()]


@settings(max_examples=examples(60))
@given(TEXT, st.sampled_from(["live", "app"]))
def test_no_text_breaks_out_of_a_document(text: str, place: str) -> None:
    made, plain = saying(text, place), saying("x", place)
    page = html_page(made)
    page.encode()
    assert Tags(page).tags == Tags(html_page(plain)).tags
    document = junit(made)
    shapes = [
        [(element.tag, *element.keys()) for element in ElementTree.fromstring(one.encode()).iter()]  # noqa: S314
        for one in (document, junit(plain))
    ]
    assert shapes[0] == shapes[1]
    assert json.loads(json_document(made))["findings"][0]["message"] == text
    assert len(json.loads(sarif(made))["runs"][0]["results"]) == 1
    if place == "live":
        assert len(json.loads(asff(made))) == 2


def test_a_page_loads_nothing_and_runs_only_its_own_script() -> None:
    page = html_page(APP)
    assert page.count("<script>") == 1
    assert "script-src 'sha256-" in page
    assert not {tag for tag, *_ in Tags(page).tags} & {"img", "link", "iframe", "object", "b onload"}
    assert "url(" not in page
