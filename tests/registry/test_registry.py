"""One owner for an account and Region, what the rest of an app adds to it, and the policy that results."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_constructs import (
    AccountSettings,
    InvalidInputError,
    ManagedSigning,
    PullTimeExclusion,
    Registry,
    Replication,
    RepositoryCreationTemplate,
    RepositorySettings,
    Scanning,
)
from registry_constructs.ecr import limits
from registry_constructs.repository.access import ORGANIZATION_REASON
from tests.drawing import examples
from tests.registry.places import (
    FRANKFURT,
    IRELAND,
    OHIO,
    OTHER_ACCOUNT,
    THIRD_ACCOUNT,
    inhabited,
    synth_error,
)
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources, warnings

POLICY = "AWS::ECR::RegistryPolicy"
ARN = "arn:aws:ecr:eu-west-1:111122223333:repository/"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
REPLICATE = ["ecr:CreateRepository", "ecr:ReplicateImage"]
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, POLICY)["PolicyText"]["Statement"]
    return found


def pull(account: str = "222233334444") -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=["ecr:ReplicateImage"], resources=[f"{ARN}*"]
    )


def padded(length: int) -> iam.PolicyStatement:
    """A statement with a condition that makes the whole policy that long."""
    statement = pull()
    statement.add_condition("StringEquals", {"aws:PrincipalTag/x": ""})
    bare = {"Statement": [statement.to_statement_json()], "Version": "2012-10-17"}
    bare["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::222233334444:root"}
    padding = length - len(json.dumps(bare, separators=(",", ":")))
    longer = pull()
    longer.add_condition("StringEquals", {"aws:PrincipalTag/x": "x" * padding})
    return longer


# Who owns it


@pytest.mark.parametrize("env", [IRELAND, None])
def test_a_second_owner_is_refused_and_both_are_named(env: cdk.Environment | None) -> None:
    app = new_app()
    Registry(new_stack("First", app=app, env=env), "Registry")
    with pytest.raises(InvalidInputError, match="has an owner already") as caught:
        Registry(new_stack("Second", app=app, env=env), "Settings")
    assert caught.value.got == "a Registry at First/Registry and another one at Second/Settings"
    assert caught.value.where == "Second/Settings"
    assert "Registry.of(self)" in caught.value.fix


def test_a_second_owner_in_one_stack_is_refused() -> None:
    stack = new_stack()
    Registry(stack, "First")
    with pytest.raises(
        InvalidInputError, match="Stack/Second: The registry of aws://111122223333/eu-west-1 has"
    ):
        Registry(stack, "Second")


def test_a_second_owner_in_a_stage_or_a_nested_stack_is_refused() -> None:
    app = new_app()
    stack = new_stack("First", app=app)
    Registry(stack, "Registry")
    with pytest.raises(InvalidInputError, match="owner already"):
        Registry(cdk.NestedStack(stack, "Nested"), "Registry")
    with pytest.raises(InvalidInputError, match="owner already"):
        Registry(cdk.Stack(cdk.Stage(app, "Stage", env=IRELAND), "Stack"), "Registry")


def test_each_account_and_region_has_an_owner_of_its_own() -> None:
    app = new_app()
    places = {"a": IRELAND, "b": FRANKFURT, "c": OTHER_ACCOUNT, "d": None}
    stacks = {name: new_stack(name, app=app, env=env) for name, env in places.items()}
    for name, stack in stacks.items():
        Registry(stack, "Registry", scanning=Scanning.basic(on_push=[name]))
    for name, stack in stacks.items():
        [rule] = properties(stack, "AWS::ECR::RegistryScanningConfiguration")["Rules"]
        assert rule["RepositoryFilters"] == [{"Filter": name, "FilterType": "WILDCARD"}]


def test_each_app_has_its_own_owners() -> None:
    for _ in range(2):
        Registry(new_stack(), "Registry")


def test_what_is_added_goes_to_the_registry_of_the_same_place_alone() -> None:
    app = new_app()
    here, there = inhabited("Here", app), inhabited("There", app, env=FRANKFURT)
    Registry(here, "Registry")
    Registry(there, "Registry")
    Registry.of(inhabited("Team", app, env=FRANKFURT)).add_to_policy(pull())
    assert resources(here, POLICY) == {}
    assert len(statements(there)) == 1


def test_stacks_without_an_env_share_a_registry() -> None:
    app = new_app()
    stack, team = new_stack("Owner", app=app, env=None), inhabited("Team", app, env=None)
    Registry(stack, "Registry")
    Registry.of(team).allow_replication("222233334444")
    assert len(statements(stack)) == 1
    assert cfn_lint(raw_template(stack)) == []


def test_without_an_owner_the_synth_fails_and_names_who_added_something() -> None:
    app = new_app()
    b, a = inhabited("B", app), inhabited("A", app)
    Registry.of(b).allow_replication("222233334444")
    ManagedSigning(a, "Signing")
    error = synth_error(a)
    assert "Nobody owns the registry of aws://111122223333/eu-west-1" in error
    assert "settings from A/Signing, B\n" in error
    assert "Fix: make Registry(self, 'Registry')" in error


def test_what_needs_no_owner_does_without() -> None:
    stack = new_stack()
    PullTimeExclusion(stack, "Exclusion", principal="arn:aws:iam::111122223333:role/scanner")
    RepositoryCreationTemplate(stack, "Template", prefix="shop", applied_for=["REPLICATION"])
    assert warnings(stack) == []


# The policy


def test_accounts_may_replicate() -> None:
    stack = new_stack()
    Registry(stack, "Registry").allow_replication("333344445555", "222233334444", prefixes=["shop/", "base"])
    assert statements(stack) == [
        {
            "Action": REPLICATE,
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::222233334444:root", "arn:aws:iam::333344445555:root"]},
            "Resource": [f"{ARN}base*", f"{ARN}shop/*"],
        }
    ]
    assert warnings(stack) == []


@pytest.mark.parametrize(
    ("method", "actions"),
    [("allow_import", IMPORT), ("allow_create_on_push", "ecr:CreateRepository"), ("allow_pull", PULL)],
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_accounts_and_organizations_may_do_what_is_named(
    method: str, actions: list[str] | str, *, everywhere: bool
) -> None:
    stack = new_stack()
    registry = Registry(stack, "Registry")
    prefixes: list[str] = [] if everywhere else ["shop/"]
    getattr(registry, method)("222233334444", prefixes=prefixes)
    getattr(registry, method)(organization="o-a1b2c3d4e5", prefixes=prefixes)
    getattr(registry, method)(organization="o-a1b2c3d4e5", units=["ou-ab12-11111111"], prefixes=prefixes)
    common = {"Action": actions, "Effect": "Allow", "Resource": f"{ARN}*" if everywhere else f"{ARN}shop/*"}
    units = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-a1b2c3d4e5/*/ou-ab12-11111111/*"]}}
    found = statements(stack)
    assert len(found) == 3
    assert {**common, "Principal": {"AWS": "arn:aws:iam::222233334444:root"}} in found
    assert {**common, "Principal": {"AWS": "*"}, "Condition": ORGANIZATION} in found
    assert {**common, "Principal": {"AWS": "*"}, "Condition": {**ORGANIZATION, **units}} in found
    assert cfn_lint(raw_template(stack)) == []


def test_an_organization_is_acknowledged_with_cdk_nag_before_any_synth() -> None:
    app = new_app()
    registry = Registry(new_stack(app=app), "Registry")
    registry.allow_import(organization="o-a1b2c3d4e5", prefixes=["docker-hub/"])
    assert AwsSolutionsChecks(app).validate_scope(app).violations == []
    assert ORGANIZATION_REASON in str([entry.data for entry in registry.node.metadata])


def test_everyone_is_not_acknowledged() -> None:
    app = new_app()
    Registry(new_stack(app=app), "Registry").add_to_policy(
        iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=["ecr:ReplicateImage"], resources=["*"])
    )
    [violation] = AwsSolutionsChecks(app).validate_scope(app).violations
    assert violation.rule_name == "AwsSolutions-ECR1"


ALLOWS: list[Callable[[Any], object]] = [
    lambda of: of.allow_replication(),
    lambda of: of.allow_pull(),
    lambda of: of.allow_import(prefixes=["a/"]),
    lambda of: of.allow_create_on_push("222233334444", organization="o-a1b2c3d4e5", prefixes=["a/"]),
    lambda of: of.allow_pull("222233334444", units=["ou-ab12-11111111"]),
    lambda of: of.allow_pull("222233334444", units="ou-ab12-11111111"),
]


@pytest.mark.parametrize("allow", ALLOWS)
def test_who_is_allowed_must_be_clear(allow: Callable[[Any], object]) -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError, match="Stack: Who is allowed must be accounts, or an organization"):
        allow(Registry.of(stack))


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"accounts": ["1234"]}, "Not an AWS account id"),
        ({"accounts": ["222233334444"], "prefixes": "shop/"}, "prefixes is a single text"),
        ({"accounts": ["222233334444"], "prefixes": iter(["shop/"])}, "prefixes is not a list"),
        ({"accounts": ["222233334444"], "prefixes": None}, "prefixes is not a list"),
        ({"accounts": ["222233334444"], "prefixes": ["shop/*"]}, "Not a prefix"),
        ({"accounts": ["222233334444"], "prefixes": ["a"]}, "Not a prefix"),
        ({"organization": "o-1"}, "Not an organization id"),
        ({"organization": "o-a1b2c3d4e5", "units": ["x"]}, "Not an organizational unit id"),
    ],
)
def test_what_is_no_id_or_prefix_is_refused(keywords: dict[str, Any], problem: str) -> None:
    accounts = keywords.pop("accounts", [])
    with pytest.raises(InvalidInputError, match=f"Stack: {problem}"):
        Registry.of(new_stack()).allow_pull(*accounts, **keywords)


def test_the_same_statement_is_written_once() -> None:
    app = new_app()
    stack, team = new_stack("Owner", app=app), inhabited("Team", app)
    registry = Registry(stack, "Registry")
    for adder in (registry, Registry.of(team), Registry.of(stack)):
        adder.allow_replication("222233334444", prefixes=["shop/"])
    assert len(statements(stack)) == 1


def test_without_an_env_the_same_statement_of_two_stacks_is_written_once() -> None:
    app = new_app()
    stack, team = new_stack("Owner", app=app, env=None), inhabited("Team", app, env=None)
    Registry(stack, "Registry")
    for scope in (stack, team):
        Registry.of(scope).allow_replication("222233334444", prefixes=["shop/"])
    assert len(statements(stack)) == 1


def test_roles_with_the_same_logical_id_in_two_stacks_are_told_apart() -> None:
    app = new_app()
    owner = new_stack("Owner", app=app)
    Registry(owner, "Registry")
    for name in ("A", "B"):
        stack = new_stack(name, app=app)
        role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        statement = pull()
        statement.add_principals(iam.ArnPrincipal(role.role_arn))
        Registry.of(stack).add_to_policy(statement)
    text = json.dumps(statements(owner))
    assert '"StackName": "A"' in text
    assert '"StackName": "B"' in text


def test_a_statement_that_is_changed_later_is_written_as_it_is_then() -> None:
    stack = new_stack()
    statement = Registry(stack, "Registry").add_to_policy(pull())
    statement.add_actions("ecr:CreateRepository")
    assert statements(stack)[0]["Action"] == REPLICATE


def test_of_two_that_began_the_same_a_later_change_is_written() -> None:
    stack = new_stack()
    registry = Registry(stack, "Registry")
    statement = registry.add_to_policy(pull())
    registry.add_to_policy(pull())
    statement.add_actions("ecr:CreateRepository")
    assert [found["Action"] for found in statements(stack)] == [REPLICATE, "ecr:ReplicateImage"]


def test_a_statement_for_nobody_or_nothing_is_refused() -> None:
    stack = new_stack()
    Registry(stack, "Registry").add_to_policy(iam.PolicyStatement(actions=["ecr:ReplicateImage"]))
    error = synth_error(stack)
    assert "Stack/Registry" in error
    assert "at least one IAM principal" in error
    assert "at least one resource" in error


@pytest.mark.parametrize("length", [10_239, 10_240])
def test_a_policy_may_be_10240_characters_long(length: int) -> None:
    stack = new_stack()
    Registry(stack, "Registry").add_to_policy(padded(length))
    text = json.dumps(properties(stack, POLICY)["PolicyText"], separators=(",", ":"))
    assert len(text) == length <= limits.REGISTRY_POLICY_LENGTH
    assert cfn_lint(raw_template(stack)) == []


def test_a_longer_policy_fails_and_names_who_wrote_it() -> None:
    app = new_app()
    owner, team = new_stack("Owner", app=app), inhabited("Team", app)
    Registry(owner, "Registry")
    Registry.of(team).add_to_policy(padded(10_241))
    ManagedSigning(owner, "Signing")
    error = synth_error(owner)
    assert "Owner/Registry: The registry policy has 10,241 characters" in error
    assert "statements from Team\n" in error


def test_what_is_known_only_at_deployment_does_not_count_as_long() -> None:
    stack = new_stack(env=None)
    accounts = [f"{number:012}" for number in range(130)]
    Registry(stack, "Registry").allow_replication(*accounts, prefixes=["shop/"])
    assert len(json.dumps(properties(stack, POLICY))) > limits.REGISTRY_POLICY_LENGTH


@pytest.mark.parametrize(
    ("actions", "warned"),
    [
        (["ecr:ReplicateImage", "ecr:CreateRepository", "ecr:BatchImportUpstreamImage"], False),
        (["ecr:ReplicateImage", "ecr:BatchGetImage"], True),
        (["ecr:*"], True),
    ],
)
def test_actions_that_only_the_scope_v2_heeds(actions: list[str], *, warned: bool) -> None:
    stack = new_stack()
    statement = pull()
    statement.add_actions(*actions)
    Registry(stack, "Registry").add_to_policy(statement)
    assert [text.partition("The registry policy names")[1] != "" for text in warnings(stack)] == [
        True
    ] * warned


@pytest.mark.parametrize("owner_first", [True, False])
def test_the_policy_waits_for_the_scope_that_it_needs(*, owner_first: bool) -> None:
    app = new_app()
    stack, team = new_stack(app=app), inhabited("Team", app)
    steps: list[Callable[[], object]] = [
        lambda: Registry(stack, "Registry", account_settings=AccountSettings(registry_policy_scope="V2")),
        lambda: Registry.of(team).allow_pull("222233334444"),
    ]
    for step in steps if owner_first else reversed(steps):
        step()
    [policy] = resources(stack, POLICY).values()
    assert policy["DependsOn"] == list(resources(stack, "Custom::ECRAccountSettings"))
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"scanning": "ENHANCED"}, "scanning is no Scanning"),
        ({"scanning": Scanning.basic}, "scanning is no Scanning"),
        ({"account_settings": {"blob_mounting": True}}, "account_settings is no AccountSettings"),
    ],
)
def test_what_is_of_another_kind_is_refused(keywords: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/Registry: {problem}"):
        Registry(new_stack(), "Registry", **keywords)


def test_registry_policy_scope_is_no_matter_where_the_owner_says_v2() -> None:
    stack = new_stack()
    registry = Registry(stack, "Registry")
    registry.allow_pull("222233334444")
    assert "registry_policy_scope='V2'" in warnings(stack)[0]
    silent = new_stack()
    registry = Registry(silent, "Registry", account_settings=AccountSettings(registry_policy_scope="V2"))
    registry.allow_pull("222233334444")
    assert warnings(silent) == []


# The order of the parts

SETTINGS = RepositorySettings(lifecycle=[])


def everything(order: list[int]) -> list[dict[str, Any]]:
    """The templates of an app whose parts are made in this order."""
    app = new_app()
    owner, team, there = (
        inhabited("Owner", app),
        inhabited("Team", app),
        inhabited("There", app, env=OTHER_ACCOUNT),
    )
    destination = Registry(there, "Registry")
    role = iam.Role(team, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))

    def from_role() -> None:
        statement = pull()
        statement.add_principals(iam.ArnPrincipal(role.role_arn))
        Registry.of(team).add_to_policy(statement)

    steps: list[Callable[[], object]] = [
        lambda: Registry(owner, "Registry", scanning=Scanning.enhanced(continuous=["prod/*"])),
        lambda: Registry.of(team).add_scan_on_push("team/b", "team/a"),
        lambda: Registry.of(owner).add_continuous_scan("base"),
        lambda: Registry.of(team).allow_replication("333344445555", prefixes=["team/"]),
        lambda: Registry.of(owner).allow_import(organization="o-a1b2c3d4e5", prefixes=["docker-hub/"]),
        lambda: Registry.of(owner).allow_replication("333344445555", prefixes=["team/"]),
        from_role,
        lambda: Replication(
            team, "Shop", destinations=[destination], prefixes=["shop/", "base"], settings=SETTINGS
        ),
        lambda: Replication(
            owner, "Base", destinations=[destination, OHIO], prefixes=["base"], settings=SETTINGS
        ),
        lambda: Replication(
            there,
            "FromAbroad",
            source=THIRD_ACCOUNT,
            destinations=[destination],
            prefixes=["shop/"],
            settings=SETTINGS,
        ),
        lambda: ManagedSigning(team, "Signing", repositories=["team/*", "shop/*"]),
        lambda: ManagedSigning(owner, "Signing", repositories=["prod/*"]),
        lambda: RepositoryCreationTemplate(team, "Template", prefix="team", applied_for=["CREATE_ON_PUSH"]),
        lambda: RepositoryCreationTemplate(owner, "Template", prefix="ROOT", applied_for=["REPLICATION"]),
        lambda: PullTimeExclusion(team, "Exclusion", principal=role),
        lambda: PullTimeExclusion(owner, "Exclusion", principal="arn:aws:iam::111122223333:user/backup"),
    ]
    assert sorted(order) == list(range(len(steps)))
    for step in order:
        steps[step]()
    return [raw_template(stack) for stack in (owner, team, there)]


@pytest.mark.deploy
def test_the_order_of_the_parts_changes_no_template() -> None:
    expected = everything(list(range(16)))
    assert [cfn_lint(rendered) for rendered in expected] == [[], [], []]

    @given(st.permutations(range(16)))
    @settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])
    def check(order: list[int]) -> None:
        assert everything(order) == expected

    check()


def test_every_part_is_written_into_one_resource() -> None:
    owner, team, there = (rendered["Resources"] for rendered in everything(list(range(16))))
    kinds = [body["Type"] for body in owner.values()]
    for kind in (
        "RegistryScanningConfiguration",
        "RegistryPolicy",
        "ReplicationConfiguration",
        "SigningConfiguration",
    ):
        assert kinds.count(f"AWS::ECR::{kind}") == 1
    assert not any(body["Type"] == POLICY for body in team.values())
    assert sum(body["Type"] == "AWS::ECR::RepositoryCreationTemplate" for body in there.values()) == 2
