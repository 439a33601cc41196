"""Rule `scanning-effective`: images are scanned on push or continuously."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if known(state.scan) == "MANUAL":
        yield "Its images are not scanned: no scanning rule of the registry covers it" + (
            "" if state.place.live else " in this app, and it does not ask for it itself"
        )


RULE: Final = Rule(
    id="scanning-effective",
    demand="Images are scanned on push or continuously",
    why="Images with known vulnerabilities run until somebody thinks of scanning them.",
    fix="Cover the repository by the registry's scanning rules (Registry(scanning=Scanning.basic())), or "
    "set image_scan_on_push=True. If another app sets the registry's rules, acknowledge it here",
    severity=Severity.HIGH,
    controls=(
        "securityhub-ecr-1",
        "config-image-scanning",
        "checkov-163",
        "trivy-0030",
        "guard-scan-on-push",
        "cfn-nag-w79",
    ),
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.SCANNING}),
    example=Example(
        compliant={
            "Scanning": {
                "Type": "AWS::ECR::RegistryScanningConfiguration",
                "Properties": {
                    "ScanType": "BASIC",
                    "Rules": [
                        {
                            "ScanFrequency": "SCAN_ON_PUSH",
                            "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}],
                        }
                    ],
                },
            },
            "Example": repository(),
        },
        non_compliant={"Example": repository()},
    ),
)
