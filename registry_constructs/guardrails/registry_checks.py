"""The rules as a plugin of the CDK's validation, which each synth asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import aws_cdk as cdk
import jsii

from registry_constructs.ecr.names import check_account_id, check_organization_id
from registry_constructs.rules.controls import CONTROLS
from registry_constructs.rules.judge import Judgment, judge
from registry_constructs.rules.packs import RULES, select
from registry_constructs.rules.rule import NAMESPACE, Rule, RuleSettings, Severity
from registry_constructs.rules.state import Location, State
from registry_constructs.templates.app import read_templates
from registry_constructs.templates.assembly import StackTemplate, stacks_of


@jsii.implements(cdk.IPolicyValidationPlugin)
class RegistryChecks:
    """Asks the rules about every repository, registry and consumer of an app, at each synth.

        cdk.Validations.of(app).add_plugins(RegistryChecks("recommended"))

    All stacks are judged together, nested ones and those of stages too: the scanning rules of one stack
    decide about the repositories of another. A finding stops the synth if its rule is at least as severe as
    `fail_on`. What a rule can't know before the deployment is a warning of the same rule that begins with
    `Not known`: it does not count as complying.

    A finding is acknowledged with a reason, on its construct or any above it:

        cdk.Validations.of(repository).acknowledge(
            cdk.Acknowledgment(id="registry-constructs::open-access", reason="...")
        )

    The report names the construct, and where it was made if `JSII_HOST_STACK_TRACES=1` is set in the
    environment of a Python app.

    Args:
        names: Packs and ids of rules, as for `registry-constructs check`; `-` before an id leaves that rule
            out. Default: the pack `recommended`.
        fail_on: The severity from which on a finding stops the synth; below it, it is a warning. None: all
            are warnings. Default: MEDIUM.
        organization: The id of your organization, such as `o-a1b2c3d4e5`.
        accounts: Your accounts, of 12 digits. The account of a stack is its own in any case.
        required_tags: Keys of tags that each repository must have. Default: any tag will do.
        public_repositories: Names of public repositories that are allowed, with `*`.

    Attributes:
        rules: The rules that are asked.
        judgment: What they found at the last synth; None before the first.

    Raises:
        InvalidInputError: There is no such pack or rule, no rule is left, or an id is none.
    """

    def __init__(
        self,
        *names: str,
        fail_on: Severity | None = Severity.MEDIUM,
        organization: str = "",
        accounts: Iterable[str] = (),
        required_tags: Iterable[str] = (),
        public_repositories: Iterable[str] = (),
    ) -> None:
        self.rules = select(names or ("recommended",))
        accounts = frozenset(accounts)
        if organization:
            check_organization_id(organization)
        for account in accounts:
            check_account_id(account)
        self.judgment: Judgment | None = None
        self._fail_on = fail_on
        self._settings = RuleSettings(
            organization=organization,
            accounts=accounts,
            required_tags=tuple(required_tags),
            public_repositories=tuple(public_repositories),
        )

    @property
    def name(self) -> str:
        """The prefix of a rule's id where it is acknowledged."""
        return NAMESPACE

    @property
    def version(self) -> str:
        """The version of this library."""
        return version("registry-constructs")

    @property
    def rule_ids(self) -> list[str]:
        """The ids of the rules that are asked."""
        return [rule.id for rule in self.rules]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Judge the templates; the CDK calls it."""
        paths = {one.template_path: one.stack_construct_path for one in context.stack_templates}
        states = read_templates(_stacks(paths))
        self.judgment = judge(states, self.rules, self._settings)
        violations: dict[tuple[str, str, bool], list[Location]] = {}
        for rule, message, error, place in self._found(self.judgment, states):
            violations.setdefault((rule.id, message, error), []).append(place)
        return cdk.PolicyValidationPluginReport(
            success=not any(error for _, _, error in violations),
            violations=[
                cdk.PolicyViolation(
                    rule_name=name,
                    description=message,
                    fix=RULES[name].fix,
                    severity="error" if error else "warning",
                    rule_metadata=_metadata(RULES[name]),
                    violating_resources=[_resource(place, paths) for place in found],
                )
                for (name, message, error), found in violations.items()
            ],
        )

    def _found(
        self, judgment: Judgment, states: Iterable[State]
    ) -> Iterator[tuple[Rule, str, bool, Location]]:
        for finding in judgment.findings:
            error = self._fail_on is not None and finding.rule.severity >= self._fail_on
            yield finding.rule, finding.message, error, finding.state.place
        places: defaultdict[str, list[Location]] = defaultdict(list)
        for state in states:
            places[state.place.address].append(state.place)
        for one in judgment.unjudged:
            # Stacks of one name in several Regions have the same addresses.
            for place in places[one.where]:
                if one.rule is not None:
                    yield one.rule, f"Not known: {one.reason}", False, place


def _stacks(templates: Iterable[str]) -> list[StackTemplate]:
    """The stacks of the assemblies that the templates lie in; an assembly holds those of its stages."""
    folders = {Path(template).parent for template in templates}
    outermost = [folder for folder in sorted(folders) if not folders.intersection(folder.parents)]
    return [stack for folder in outermost for stack in stacks_of(folder)]


def _metadata(rule: Rule) -> dict[str, str]:
    answered = [f"{control.owner} {control.name}" for control in map(CONTROLS.__getitem__, rule.controls)]
    return {
        "severity": rule.severity.name,
        "documentation": f"docs/rules/{rule.id}.md",
        **({"controls": ", ".join(answered)} if answered else {}),
    }


def _resource(place: Location, stacks: dict[str, str]) -> cdk.PolicyViolatingResource:
    """The place in the CDK's words: a resource, whose construct the CDK finds, or else a stack."""
    return cdk.PolicyViolatingResource(
        resource_logical_id=place.logical_id or None,
        construct_path=None if place.logical_id else stacks.get(place.template),
        template_path=place.template,
        locations=[],
    )
