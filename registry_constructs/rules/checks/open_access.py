"""Rule `open-access`: no policy allows access for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import allowing, repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RegistryPolicyState, RepositoryState, TemplateState
from registry_constructs.rules.values import known


def _check(state: RepositoryState | RegistryPolicyState | TemplateState, _: RuleSettings) -> Iterator[str]:
    for statement in known(state.policy):
        if statement.everybody:
            yield f"{statement.label} of its policy allows everybody in the world"


RULE: Final = Rule(
    id="open-access",
    demand="No policy allows access for everybody",
    why="Whoever has any AWS account can pull, and with the actions for it push or delete, what you run.",
    fix="Name accounts or roles as principals, or narrow * by a condition such as aws:PrincipalOrgID; "
    "Repository.grant_pull_to_organization and grant_pull_to_accounts do",
    severity=Severity.CRITICAL,
    controls=("cdk-nag-ecr1", "checkov-32", "trivy-0032", "kics-public"),
    judges=(RepositoryState, RegistryPolicyState, TemplateState),
    check=_check,
    needs=frozenset({Part.POLICY, Part.REGISTRY}),
    example=Example(
        compliant={
            "Example": repository(RepositoryPolicyText=allowing({"AWS": "arn:aws:iam::111122223333:root"}))
        },
        non_compliant={"Example": repository(RepositoryPolicyText=allowing("*"))},
    ),
)
