"""One account's registry in one Region, as all constructs of an app have described it together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct, IValidation

from registry_constructs._cdk.policy_text import policy_length
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import ENCODED_TEXT
from registry_constructs.registry.deployment_order import deploy_first
from registry_constructs.registry.places import environment_of
from registry_constructs.registry.replication_rules import (
    Flow,
    broken_chains,
    check_replication,
    replication_rules,
)
from registry_constructs.registry.scanning import Frequency, Scanning, ScanType, review, scanning_rules
from registry_constructs.registry.signing_coverage import SigningCoverage
from registry_constructs.registry.signing_rules import signing_rules
from registry_constructs.repository.access import ORGANIZATION_REASON

_STORE_ID = "RegistryConstructsRegistries"
_TEMPLATES = "creation templates"
_V1_ACTIONS = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:ReplicateImage"}
_LIMITS = {
    "pull-through cache rules": limits.PULL_THROUGH_CACHE_RULES,
    "pull-time exclusions": limits.PULL_TIME_EXCLUSIONS,
}


class MergedRegistry:
    """The settings of one registry, and who set them; each addition writes the owner's resources anew.

    Everything is sorted by content, so the template does not depend on the order of constructs.
    """

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.owner: Construct | None = None
        self._scope_v2: Construct | None = None
        self._scanning: Scanning | None = None
        self._filters: list[tuple[Frequency, str, str]] = []
        self._flows: list[Flow] = []
        self._replicas_in: list[Construct] = []
        self._statements: list[tuple[str, str, iam.PolicyStatement]] = []
        self._signing: set[tuple[str, str, str]] = set()
        self._signing_profiles: dict[str, str] = {}
        self._claims: dict[str, dict[str, str]] = {}
        self._templates: dict[str, tuple[frozenset[str], IConstruct]] = {}
        self._contributors: set[str] = set()
        self._resources: dict[str, Any] = {}

    def own(self, owner: Construct, scanning: Scanning | None, scope_v2: Construct | None = None) -> None:
        """Write what was added so far, and what comes later, into the owner.

        Args:
            owner: The construct that gets the resources.
            scanning: Its scanning configuration.
            scope_v2: What sets the registry policy's scope to V2, if something of the owner does.
        """
        if self.owner is not None:
            raise InvalidInputError(
                f"The registry of {self.environment} has an owner already",
                got=f"a Registry at {self.owner.node.path} and another one at {owner.node.path}",
                allowed="one Registry for an account and Region; ECR keeps these settings once",
                fix="say Registry.of(self) in the second place, or give stacks of different accounts or "
                "Regions an env",
            )
        self.owner = owner
        self._scanning, self._scope_v2 = scanning, scope_v2
        if scanning:
            self._filters += [("CONTINUOUS_SCAN", value, owner.node.path) for value in scanning.continuous]
            self._filters += [("SCAN_ON_PUSH", value, owner.node.path) for value in scanning.on_push]
        self._write_scanning()
        self._write_replication()
        self._write_policy()
        self._write_signing()

    def claim(self, what: str, key: str, path: str) -> None:
        """Take a key that a registry has only once, such as a pull-through cache's prefix.

        Raises:
            InvalidInputError: If somebody else has it, or there are more than ECR takes.
        """
        taken = self._claims.setdefault(what, {})
        if key in taken:
            raise InvalidInputError(
                f"The registry of {self.environment} has two {what} for {key!r}",
                got=f"one at {taken[key]} and another one at {path}",
                allowed="one for an account and Region",
                fix="keep one of the two"
                + (" (settings=None in a Replication or a PullThroughCache)" if what == _TEMPLATES else ""),
            )
        most = _LIMITS.get(what)
        if most is not None and len(taken) == most:
            raise InvalidInputError(
                f"The registry of {self.environment} has more than {most} {what}",
                got=f"{path} after {', '.join(taken.values())}",
                allowed=f"up to {most} for an account and Region",
                fix="leave one out",
            )
        taken[key] = path

    def claim_template(self, prefix: str, purposes: Sequence[str], scope: IConstruct) -> None:
        """Take a creation template's prefix.

        Raises:
            InvalidInputError: If another template has it.
        """
        self.claim(_TEMPLATES, prefix, scope.node.path)
        self._templates[prefix] = (frozenset(purposes), scope)

    def add_scanning_filters(self, frequency: Frequency, filters: Iterable[str], path: str) -> None:
        """Add filters to the owner's scanning rules."""
        self._filters += [(frequency, value, path) for value in filters]
        self._contributors.add(path)
        self._write_scanning()

    def add_flows(self, flows: Iterable[Flow], destination: Construct | None) -> None:
        """Add prefixes to replicate, and the registry of this app that takes them, if it is one."""
        for flow in flows:
            self._flows.append(flow)
            self._contributors.add(flow.path)
        if destination is not None:
            self._replicas_in.append(destination)
        self._write_replication()

    def add_statement(self, statement: iam.PolicyStatement, scope: IConstruct) -> None:
        """Add a statement to the registry's policy; the same one twice is written once."""
        key = identity(scope, statement.to_statement_json())
        self._statements.append((key, scope.node.path, statement))
        self._contributors.add(scope.node.path)
        self._write_policy()

    def add_signing(self, profile_arn: str, filters: Iterable[str], scope: IConstruct) -> None:
        """Let a signing profile sign what is pushed to the repositories that the filters match."""
        key = identity(scope, profile_arn)
        self._signing_profiles[key] = profile_arn
        self._signing |= {(key, value, scope.node.path) for value in filters}
        self._contributors.add(scope.node.path)
        self._write_signing()

    @property
    def scan_type(self) -> ScanType | None:
        """How the registry scans, as far as its owner has set it; None if it is not set."""
        return None if self._scanning is None else self._scanning.scan_type

    @property
    def flows(self) -> list[Flow]:
        """What this registry replicates."""
        return self._flows

    def problems(self) -> list[str]:
        """What is known only when everything was added; it adds warnings as well."""
        self._review()
        if self.owner is None:
            if not self._contributors:
                return []
            return [
                f"Nobody owns the registry of {self.environment}.\n"
                f"  Got: settings from {', '.join(sorted(self._contributors))}\n"
                "  Allowed: one Registry for an account and Region\n"
                "  Fix: make Registry(self, 'Registry') in one stack of that account and Region"
            ]
        return [*self._replication_problems(self.owner), *self._policy_problems(self.owner)]

    def _review(self) -> None:
        if self.owner is not None and self._scanning:
            found = [(frequency, value) for frequency, value, _ in self._filters]
            review(self.owner, self._scanning.scan_type, found)
        for longer, (for_longer, construct) in self._templates.items():
            for shorter, (for_shorter, other) in self._templates.items():
                lost = sorted(for_shorter - for_longer)
                if lost and longer.startswith(f"{shorter}/"):
                    cdk.Validations.of(construct).add_warning(
                        "registry-constructs:creation-template-hides-another",
                        f"ECR uses the template with the longest prefix, so this one hides the template for "
                        f"{shorter!r} ({other.node.path}) below {longer + '/'!r}, and it is not for "
                        f"{', '.join(lost)}. Add that to applied_for.",
                    )

    def _write_scanning(self) -> None:
        if self.owner is None or (not self._filters and self._scanning is None):
            return
        if self._scanning is None or self._scanning.scan_type == "BASIC":
            self._check_scan_type(self.owner.node.path)
        if self._scanning is None:
            return
        rules = scanning_rules(self._filters)
        resource = self._resources.get("Scanning")
        if resource is None:
            self._resources["Scanning"] = ecr.CfnRegistryScanningConfiguration(
                self.owner, "Scanning", rules=rules, scan_type=self._scanning.scan_type
            )
        else:
            resource.rules = rules

    def _check_scan_type(self, owner: str) -> None:
        for frequency, value, path in sorted(self._filters, key=lambda item: item[2]):
            if self._scanning is None or frequency == "CONTINUOUS_SCAN":
                needed = "enhanced" if frequency == "CONTINUOUS_SCAN" else "basic"
                raise InvalidInputError(
                    f"The filter {value!r} does not fit how the registry scans",
                    got=f"{frequency} requested at {path}; "
                    f"{'no scanning' if self._scanning is None else 'Scanning.basic'} at the owner, {owner}",
                    allowed="continuous scanning with Scanning.enhanced, scanning on push with either",
                    fix=f"give the owner scanning=Scanning.{needed}(...), or leave the filter out",
                )

    def _write_replication(self) -> None:
        if self.owner is None or not self._flows:
            return
        # Not the stack that added them: the rules are in the owner's.
        for destination in self._replicas_in:
            deploy_first(destination, self.owner)
        configuration = {"rules": replication_rules(self._flows)}
        resource = self._resources.get("Replication")
        if resource is None:
            self._resources["Replication"] = ecr.CfnReplicationConfiguration(
                self.owner, "ReplicationRules", replication_configuration=configuration
            )
        else:
            resource.replication_configuration = configuration

    def _write_policy(self) -> None:
        if self.owner is None or not self._statements:
            return
        document = iam.PolicyDocument(
            statements=[statement for *_, statement in sorted(self._statements, key=lambda added: added[:2])],
            minimize=True,
        )
        if any("aws:PrincipalOrgID" in key for key, *_ in self._statements):
            cdk.Validations.of(self.owner).acknowledge(
                cdk.Acknowledgment(id="AwsSolutions-ECR1", reason=ORGANIZATION_REASON)
            )
        resource = self._resources.get("Policy")
        if resource is None:
            resource = ecr.CfnRegistryPolicy(self.owner, "Policy", policy_text=document)
            if self._scope_v2 is not None:
                resource.node.add_dependency(self._scope_v2)
            self._resources["Policy"] = resource
        else:
            resource.policy_text = document

    def _write_signing(self) -> None:
        if self.owner is None or not self._signing:
            return
        rules = [
            {**rule, "signingProfileArn": self._signing_profiles[rule["signingProfileArn"]]}
            for rule in signing_rules(self._signing)
        ]
        resource = self._resources.get("Signing")
        if resource is None:
            self._resources["Signing"] = ecr.CfnSigningConfiguration(self.owner, "SigningRules", rules=rules)
        else:
            resource.rules = rules

    def _replication_problems(self, owner: Construct) -> list[str]:
        # Only now: how many rules there are goes down as well as up with each prefix that is added.
        try:
            check_replication(self._flows)
        except InvalidInputError as error:
            return [str(error.at(owner.node.path))]
        return []

    def _policy_problems(self, owner: Construct) -> list[str]:
        if not self._statements:
            return []
        document: iam.PolicyDocument = self._resources["Policy"].policy_text
        resolved = cdk.Stack.of(owner).resolve(document) or {}
        actions = {
            action
            for statement in resolved.get("Statement", [])
            for action in _listed(statement.get("Action", []))
        }
        if actions - _V1_ACTIONS and self._scope_v2 is None:
            cdk.Validations.of(owner).add_warning(
                "registry-constructs:registry-policy-scope",
                f"The registry policy names {sorted(actions - _V1_ACTIONS)}, which ECR heeds only with the "
                "registry policy scope V2. New registries have it; to be sure, give the owner "
                "account_settings=AccountSettings(registry_policy_scope='V2').",
            )
        incomplete = document.validate_for_resource_policy()
        length = policy_length(owner, document)
        if length <= limits.REGISTRY_POLICY_LENGTH:
            return [f"{owner.node.path}: {problem}" for problem in incomplete]
        return [
            f"{owner.node.path}: The registry policy has {length:,} characters.\n"
            f"  Got: statements from {', '.join(sorted({path for _, path, _ in self._statements}))}\n"
            f"  Allowed: {limits.REGISTRY_POLICY_LENGTH:,} characters\n"
            "  Fix: allow an organization instead of many accounts, or a prefix that covers several"
        ]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def identity(scope: IConstruct, value: Any) -> str:  # noqa: ANN401 - text, or what becomes JSON
    """What tells two values apart: their text, with each resource that they refer to named by its path.

    Logical ids won't do: two stacks made from one class have the same.
    """
    stack = cdk.Stack.of(scope)

    def name(match: re.Match[str]) -> str:
        token = cdk.Tokenization.reverse_string(match[0]).first_token
        resolved = json.dumps(stack.resolve(token), sort_keys=True)
        if isinstance(token, cdk.Reference) and '"AWS::' not in resolved:
            return f"<{token.target.node.path}.{token.display_name}>"
        return resolved

    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=stack.resolve)
    return re.sub(ENCODED_TEXT, name, text)


@jsii.implements(IValidation)
class _Store(Construct):
    """The registries that an app describes; it is at the root of the app and deploys nothing."""

    def __init__(self, root: Construct) -> None:
        super().__init__(root, _STORE_ID)
        self.registries: dict[str, MergedRegistry] = {}
        self.signing = SigningCoverage()
        self.node.add_validation(self)

    def validate(self) -> list[str]:
        """What is wrong once everything was added."""
        flows = [flow for registry in self.registries.values() for flow in registry.flows]
        for first, second in broken_chains(flows):
            construct = _find(self.node.root, second.path)
            cdk.Validations.of(construct).add_warning(
                "registry-constructs:replication-chain",
                f"What arrives in {first.destination} from {first.source} ({first.path}) is not replicated "
                f"on to {second.destination}: ECR replicates what is pushed, not what was replicated. "
                f"Where it is needed there too, add {second.destination} to the destinations of "
                f"{first.path}.",
            )
        return [problem for registry in self.registries.values() for problem in registry.problems()]


def _find(root: IConstruct, path: str) -> IConstruct:
    found = root
    for child in path.split("/"):
        found = found.node.find_child(child)
    return found


def registry_of(scope: IConstruct) -> MergedRegistry:
    """The registry of the account and Region that the stack of `scope` deploys to.

    Those that a StackSet reaches are one: they get the same.
    """
    environment = environment_of(scope)
    return _store_of(scope).registries.setdefault(environment, MergedRegistry(environment))


def signing_coverage_of(scope: IConstruct) -> SigningCoverage:
    """What the managed signing of the app of `scope` signs."""
    return _store_of(scope).signing


def _store_of(scope: IConstruct) -> _Store:
    root = scope.node.root
    store = root.node.try_find_child(_STORE_ID)
    return store if isinstance(store, _Store) else _Store(cast("Construct", root))
