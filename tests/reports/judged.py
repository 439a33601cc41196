"""Small judgments with everything in them: each severity, hostile texts, what is unknown, live and an app."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from registry_constructs.reports.acknowledgments import Acknowledgment
from registry_constructs.reports.fingerprint import fingerprints
from registry_constructs.reports.report import Report
from registry_constructs.rules.judge import Finding, Judgment, Unjudged, judge
from registry_constructs.rules.rule import Rule, RuleSettings, Severity
from registry_constructs.rules.state import Location, RepositoryState, State
from registry_constructs.rules.values import Unknown, known

AT: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOSTILE: Final = "</script><script>alert(1)</script>]]>--><b onload='x' a=\"y\">[a](http://b)\x1b[31m\u202e"


def _open(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    for number in range(1, 3):
        if state.name != "shop/good":
            yield f"statement {number} of its policy allows everybody in the world"


def _key(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if known(state.encryption) == "AES256":
        yield "Its images are encrypted with AES256 and no key of yours"


def _tags(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if known(state.mutability) == "MUTABLE":
        yield "Its tags can be moved to other images: ImageTagMutability is MUTABLE"


def _age(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if state.name != "shop/good":
        yield "1,200 of its images were scanned before 2026-10-01, such as v7"


def _rule(id: str, severity: Severity, check: object, *controls: str) -> Rule:
    return Rule(
        id=id,
        demand=f"What {id} demands",
        why=f"What happens without {id}.",
        fix=f"Mend {id}",
        severity=severity,
        controls=controls,
        judges=(RepositoryState,),
        check=cast("Any", check),
    )


RULES: Final = (
    _rule("open-access", Severity.CRITICAL, _open, "cdk-nag-ecr1", "checkov-32"),
    _rule("customer-key", Severity.HIGH, _key, "securityhub-ecr-5", "config-cmk"),
    _rule("tags-immutable", Severity.MEDIUM, _tags, "securityhub-ecr-2"),
    _rule("images-scanned", Severity.LOW, _age),
)


def live(name: str, account: str = "111122223333", region: str = "eu-west-1") -> Location:
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    address = f"arn:{partition}:ecr:{region}:{account}:repository/{name}"
    return Location(account=account, region=region, address=address)


def declared(logical_id: str, *, path: str = "", source: str = "") -> Location:
    template = "cdk.out/Images.template.json"
    return Location(
        account="",
        region="",
        address=f"Images.{logical_id}",
        template=template,
        logical_id=logical_id,
        path=path,
        source=source,
    )


def _repositories(*places: tuple[str, Location]) -> list[State]:
    good: dict[str, Any] = {"encryption": "KMS", "mutability": "IMMUTABLE"}
    return [
        RepositoryState(name=name, place=place, **(good if name == "shop/good" else {}))
        for name, place in places
    ]


def judgment_of(*places: tuple[str, Location]) -> Judgment:
    return judge(_repositories(*places), RULES, RuleSettings(now=AT))


def live_judgment() -> Judgment:
    """Repositories of two accounts and two partitions, one of which nobody may read."""
    unread = RepositoryState(
        name="shop/unread",
        place=live("shop/unread"),
        encryption=Unknown("AWS does not allow it"),
        mutability="IMMUTABLE",
    )
    states = _repositories(
        ("shop/checkout", live("shop/checkout")),
        ("shop/good", live("shop/good")),
        ("shop/cart", live("shop/cart", "444455556666", "cn-north-1")),
    )
    judgment = judge([*states, unread], RULES, RuleSettings(now=AT))
    judgment.unjudged.append(
        Unjudged(rule=None, where="444455556666 in eu-central-1", reason="AWS does not answer")
    )
    return judgment


def app_judgment() -> Judgment:
    """Repositories of an app, one with a hostile name and one that is good."""
    judgment = judgment_of(
        (
            "shop/checkout",
            declared("Checkout", path="App/Images/Checkout/Resource", source="stacks/images.py:12"),
        ),
        ("${Cart}", declared("Cart", path="App/Images/Cart", source="/srv/app with space.py:7")),
        (HOSTILE, declared(f"Hostile{HOSTILE}", source=HOSTILE)),
        ("shop/good", declared("Good")),
    )
    judgment.unjudged.append(Unjudged(rule=RULES[1], where=f"Images.{HOSTILE}", reason=HOSTILE))
    return judgment


ACKNOWLEDGMENTS: Final = (
    Acknowledgment(
        id="registry-constructs::images-scanned", where="shop/*", reason="Scanned by <another> & tool"
    ),
    Acknowledgment(
        id="customer-key",
        where="App/Images",
        reason="No secrets in it",
        until=date(2027, 1, 31),
        source="ok.yaml:4",
    ),
    Acknowledgment(
        id="tags-immutable", where="shop/checkout", reason="Late", until=date(2026, 11, 1), source="ok.yaml:8"
    ),
    Acknowledgment(id="tags-immutable", where="no/such", reason="Gone", source="ok.yaml:12"),
    Acknowledgment(id="tags-imutable", where="*", reason="Misspelt", source="ok.yaml:16"),
)


def report(judgment: Judgment, *, judged: str, known: bool = False) -> Report:
    """With acknowledgments; if asked for, with every finding of open-access known from a baseline."""
    of = zip(judgment.findings, fingerprints(judgment.findings), strict=True)
    baseline = frozenset(print_ for finding, print_ in of if finding.rule.id == "open-access")
    made = Report.of(
        judgment,
        judged=judged,
        at=AT,
        acknowledgments=ACKNOWLEDGMENTS,
        baseline=baseline if known else None,
    )
    return replace(made, tool_version="1.2.3")


def finding(message: str, *, name: str = "shop/cart", place: Location | None = None) -> Finding:
    return Finding(
        rule=RULES[0], state=RepositoryState(name=name, place=place or live(name)), message=message
    )
