"""Replication, seen from both ends, and what is asked of an end that another app owns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import botocore.session
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match
from botocore.validate import validate_parameters

from registry_constructs import (
    InvalidInputError,
    Registry,
    Replication,
    RepositoryCreationTemplate,
    RepositorySettings,
)
from tests.registry.places import (
    BEIJING,
    FRANKFURT,
    IRELAND,
    OHIO,
    OTHER_ACCOUNT,
    THIRD_ACCOUNT,
    inhabited,
    synth_error,
)
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources, warnings

CONFIGURATION = "AWS::ECR::ReplicationConfiguration"
POLICY = "AWS::ECR::RegistryPolicy"
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"


def owned(app: cdk.App, name: str, env: cdk.Environment = IRELAND) -> Registry:
    """A registry with a stack of its own."""
    return Registry(inhabited(name, app, env=env), "Registry")


def stack_of(registry: Registry) -> cdk.Stack:
    return cdk.Stack.of(registry)


def rules(registry: Registry) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack_of(registry), CONFIGURATION)["ReplicationConfiguration"][
        "Rules"
    ]
    return found


def template_prefixes(registry: Registry) -> list[str]:
    found = resources(stack_of(registry), TEMPLATE).values()
    return sorted(body["Properties"]["Prefix"] for body in found)


def infos(stack: cdk.Stack) -> list[str]:
    return [
        str(message.entry.data) for message in Annotations.from_stack(stack).find_info("*", Match.any_value())
    ]


# Both ends in the app


def test_the_source_gets_the_rules() -> None:
    app = new_app()
    source, region, account = owned(app, "A"), owned(app, "B", FRANKFURT), owned(app, "C", OTHER_ACCOUNT)
    Replication(source, "Replication", destinations=[region, account], prefixes=["shop/", "base", "shop/"])
    assert rules(source) == [
        {
            "Destinations": [
                {"Region": "eu-central-1", "RegistryId": "111122223333"},
                {"Region": "eu-west-1", "RegistryId": "222233334444"},
            ],
            "RepositoryFilters": [
                {"Filter": "base", "FilterType": "PREFIX_MATCH"},
                {"Filter": "shop/", "FilterType": "PREFIX_MATCH"},
            ],
        }
    ]
    for registry in (source, region, account):
        assert cfn_lint(raw_template(stack_of(registry)), stack_of(registry).region) == []
        assert warnings(stack_of(registry)) == []


def test_without_prefixes_everything_is_replicated() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", OTHER_ACCOUNT)
    Replication(source, "Replication", destinations=[destination])
    assert rules(source) == [{"Destinations": [{"Region": "eu-west-1", "RegistryId": "222233334444"}]}]
    [statement] = properties(stack_of(destination), POLICY)["PolicyText"]["Statement"]
    assert statement["Resource"] == "arn:aws:ecr:eu-west-1:222233334444:repository/*"
    assert template_prefixes(destination) == ["ROOT"]


def test_another_account_allows_exactly_these_prefixes() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", THIRD_ACCOUNT)
    Replication(source, "Replication", destinations=[destination], prefixes=["shop/", "base"])
    assert properties(stack_of(destination), POLICY)["PolicyText"]["Statement"] == [
        {
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Resource": [
                "arn:aws:ecr:eu-central-1:333344445555:repository/base*",
                "arn:aws:ecr:eu-central-1:333344445555:repository/shop/*",
            ],
        }
    ]
    assert resources(stack_of(source), POLICY) == {}


def test_within_an_account_no_policy_is_needed() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    Replication(source, "Replication", destinations=[destination], prefixes=["shop/"])
    assert resources(stack_of(destination), POLICY) == {}
    assert template_prefixes(destination) == ["shop"]


def test_china_has_its_own_arns() -> None:
    app = new_app()
    source = owned(app, "A", BEIJING)
    destination = owned(app, "B", cdk.Environment(account="222233334444", region="cn-northwest-1"))
    Replication(source, "Replication", destinations=[destination], settings=None)
    [statement] = properties(stack_of(destination), POLICY)["PolicyText"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws-cn:iam::111122223333:root"}
    assert statement["Resource"] == "arn:aws-cn:ecr:cn-northwest-1:222233334444:repository/*"


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        (["shop/"], ["shop"]),
        (["shop/checkout"], ["shop"]),
        (["shop/checkout/"], ["shop/checkout"]),
        (["shop/", "shop/checkout"], ["shop"]),
        (["base"], ["ROOT"]),
        (["base", "shop/a/b"], ["ROOT", "shop/a"]),
        ([], ["ROOT"]),
    ],
)
def test_templates_cover_every_name_that_is_replicated(prefixes: list[str], expected: list[str]) -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    Replication(source, "Replication", destinations=[destination], prefixes=prefixes)
    assert template_prefixes(destination) == expected
    assert resources(stack_of(source), TEMPLATE) == {}


def test_settings_are_what_replicas_get_with_the_destinations_key() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    settings = RepositorySettings(mutable_except=["v*"], tags={"owner": "platform"})
    Replication(source, "Replication", destinations=[destination], prefixes=["shop/"], settings=settings)
    template = properties(stack_of(destination), TEMPLATE)
    assert template["AppliedFor"] == ["REPLICATION"]
    assert template["ImageTagMutability"] == "MUTABLE_WITH_EXCLUSION"
    assert template["ResourceTags"] == [{"Key": "owner", "Value": "platform"}]
    [key_id] = resources(stack_of(destination), "AWS::KMS::Key")
    assert template["EncryptionConfiguration"]["KmsKey"] == {"Fn::GetAtt": [key_id, "Arn"]}


def test_settings_none_leaves_the_templates_to_the_destination() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", OTHER_ACCOUNT)
    RepositoryCreationTemplate(destination, "Own", prefix="shop", applied_for=["REPLICATION"])
    Replication(source, "Replication", destinations=[destination], prefixes=["shop/"], settings=None)
    assert len(resources(stack_of(destination), TEMPLATE)) == 1
    assert len(resources(stack_of(destination), POLICY)) == 1


def test_a_template_of_the_destination_is_in_the_way_and_the_error_says_how_to_keep_it() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", OTHER_ACCOUNT)
    RepositoryCreationTemplate(destination, "Own", prefix="shop", applied_for=["REPLICATION"])
    with pytest.raises(InvalidInputError, match="has two creation templates for 'shop'") as caught:
        Replication(source, "Replication", destinations=[destination], prefixes=["shop/"])
    assert "B/Registry/Own" in str(caught.value.got)
    assert "settings=None" in caught.value.fix


def test_two_replications_share_a_template_that_none_of_their_names_is_part_of() -> None:
    app = new_app()
    one, two = owned(app, "A"), owned(app, "C", FRANKFURT)
    destination = owned(app, "B", OTHER_ACCOUNT)
    Replication(one, "Here", destinations=[destination], prefixes=["shop/a", "shop/b"])
    Replication(two, "There", destinations=[destination], prefixes=["shop/c"])
    [logical_id] = resources(stack_of(destination), TEMPLATE)
    assert logical_id.startswith("RegistryReplicasshop")
    [statement] = properties(stack_of(destination), POLICY)["PolicyText"]["Statement"]
    assert [arn.rpartition("/")[2] for arn in statement["Resource"]] == ["a*", "b*", "c*"]


def test_two_replications_that_want_different_settings_are_refused() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    Replication(source, "One", destinations=[destination], prefixes=["shop/a"])
    with pytest.raises(
        InvalidInputError, match="want different settings for replicas under 'shop'"
    ) as caught:
        Replication(
            source,
            "Two",
            destinations=[destination],
            prefixes=["shop/b"],
            settings=RepositorySettings(lifecycle=[]),
        )
    assert caught.value.got == "one at A/Registry/One and another one at A/Registry/Two"
    assert caught.value.where == "A/Registry/Two"


def test_the_source_can_be_another_stacks_registry() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    Replication(destination, "Replication", source=source, destinations=[destination], prefixes=["shop/"])
    assert len(rules(source)) == 1
    assert resources(stack_of(destination), CONFIGURATION) == {}


def test_a_registry_that_nobody_owns_can_not_replicate() -> None:
    app = new_app()
    stack = inhabited("A", app)
    Replication(stack, "Replication", destinations=[OHIO])
    assert "settings from A/Replication" in synth_error(stack)


# Order of deployment


def test_the_destination_is_deployed_first() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", OTHER_ACCOUNT)
    Replication(source, "Replication", destinations=[destination])
    assert [stack.stack_name for stack in stack_of(source).dependencies] == ["B"]
    assert stack_of(destination).dependencies == []


@pytest.mark.parametrize("owner_first", [True, False])
def test_it_is_the_owner_of_the_rules_that_waits_whoever_asked_for_them(*, owner_first: bool) -> None:
    app = new_app()
    owner, team, destination = inhabited("Owner", app), inhabited("Team", app), owned(app, "B", OTHER_ACCOUNT)
    steps: list[Callable[[], object]] = [
        lambda: Registry(owner, "Registry"),
        lambda: Replication(team, "Replication", destinations=[destination]),
    ]
    for step in steps if owner_first else reversed(steps):
        step()
    assert [stack.stack_name for stack in owner.dependencies] == ["B"]
    assert team.dependencies == []


def test_both_directions_between_nested_stacks_make_no_circle() -> None:
    app = new_app()
    parents = [inhabited("A", app), inhabited("B", app, env=FRANKFURT)]
    one, two = (Registry(cdk.NestedStack(parent, "Nested"), "Registry") for parent in parents)
    Replication(one, "Replication", destinations=[two])
    Replication(two, "Replication", destinations=[one])
    first, second = parents
    assert [stack.stack_name for stack in first.dependencies] == ["B"]
    assert second.dependencies == []


def test_a_place_that_is_named_in_both_ways_is_the_registry() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", OTHER_ACCOUNT)
    out = Replication(source, "Replication", destinations=[destination, OTHER_ACCOUNT], prefixes=["shop/"])
    assert out.required_elsewhere == {}
    assert template_prefixes(destination) == ["shop"]


def test_both_directions_make_no_circle_and_no_warning() -> None:
    app = new_app()
    one, two = owned(app, "A"), owned(app, "B", FRANKFURT)
    Replication(one, "Replication", destinations=[two])
    Replication(two, "Replication", destinations=[one])
    for registry in (one, two):
        assert len(rules(registry)) == 1
        assert template_prefixes(registry) == ["ROOT"]
        assert warnings(stack_of(registry)) == []
    assert [stack.stack_name for stack in stack_of(one).dependencies] == ["B"]
    assert stack_of(two).dependencies == []


def test_a_ring_of_three_makes_no_circle() -> None:
    app = new_app()
    ring = [owned(app, "A"), owned(app, "B", FRANKFURT), owned(app, "C", OTHER_ACCOUNT)]
    for source, destination in zip(ring, [*ring[1:], ring[0]], strict=True):
        Replication(source, "Replication", destinations=[destination])
    assert all(len(rules(registry)) == 1 for registry in ring)


def test_a_destination_that_waits_for_the_source_already_keeps_its_order() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    between = inhabited("Between", app)
    stack_of(destination).add_stack_dependency(between)
    between.add_stack_dependency(stack_of(source))
    Replication(source, "Replication", destinations=[destination])
    assert stack_of(source).dependencies == []
    assert len(rules(source)) == 1


def test_stages_are_deployed_by_themselves() -> None:
    app = new_app()
    stages = {name: cdk.Stage(app, name, env=env) for name, env in {"One": IRELAND, "Two": FRANKFURT}.items()}
    source, destination = (Registry(cdk.Stack(stage, "Images"), "Registry") for stage in stages.values())
    Replication(source, "Replication", destinations=[destination], prefixes=["shop/"])
    assert stack_of(source).dependencies == []
    [template] = resources(stack_of(destination), TEMPLATE).values()
    assert template["Properties"]["Prefix"] == "shop"
    assert len(rules(source)) == 1


# Chains


@pytest.mark.parametrize("direct", [True, False])
def test_a_chain_is_warned_about_unless_there_is_a_direct_way(*, direct: bool) -> None:
    app = new_app()
    a, b, c = owned(app, "A"), owned(app, "B", FRANKFURT), owned(app, "C", OHIO)
    Replication(b, "Second", destinations=[c], prefixes=["shop/"])
    Replication(a, "First", destinations=[b, c] if direct else [b])
    found = warnings(stack_of(b))
    assert warnings(stack_of(a)) == warnings(stack_of(c)) == []
    if direct:
        assert found == []
        return
    [warning] = found
    assert "What arrives in account 111122223333 in eu-central-1" in warning
    assert "to the destinations of A/Registry/First" in warning
    assert "registry-constructs:replication-chain" in warning
    assert warnings(stack_of(b)) == found, "a second synth warns again"


def test_several_prefixes_of_a_chain_are_one_warning() -> None:
    app = new_app()
    a, b = owned(app, "A"), owned(app, "B", FRANKFURT)
    Replication(a, "First", destinations=[b], prefixes=["shop/", "base/"])
    Replication(b, "Second", destinations=[OHIO], prefixes=["shop/", "base/"])
    assert len(warnings(stack_of(b))) == 1


# What is refused


@pytest.mark.parametrize("as_registry", [True, False])
def test_a_registry_does_not_replicate_to_itself(*, as_registry: bool) -> None:
    registry = owned(new_app(), "A")
    destination = registry if as_registry else IRELAND
    with pytest.raises(InvalidInputError, match="A/Registry/R: A registry can't replicate to itself"):
        Replication(registry, "R", destinations=[destination])


@pytest.mark.parametrize(("start", "end"), [(IRELAND, BEIJING), (BEIJING, IRELAND)])
def test_partitions_are_apart(start: cdk.Environment, end: cdk.Environment) -> None:
    registry = owned(new_app(), "A", start)
    with pytest.raises(InvalidInputError, match="does not replicate between AWS partitions") as caught:
        Replication(registry, "Replication", destinations=[end])
    assert "aws-cn" in str(caught.value.got)


@pytest.mark.parametrize("missing", ["source", "destination", "environment"])
def test_both_ends_must_be_known(missing: str) -> None:
    app = new_app()
    known = owned(app, "A")
    unknown = Registry(new_stack("B", app=app, env=None), "Registry")
    ends: dict[str, tuple[Registry, Any]] = {
        "source": (unknown, OHIO),
        "destination": (known, unknown),
        "environment": (known, cdk.Environment(region="eu-west-1")),
    }
    scope, destination = ends[missing]
    with pytest.raises(InvalidInputError, match="account and the Region of both registries have to be known"):
        Replication(scope, "Replication", destinations=[destination])


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"destinations": []}, "prefixes or destinations is not a list"),
        ({"destinations": OHIO}, "prefixes or destinations is not a list"),
        ({"destinations": ["us-east-2"]}, "Neither a Registry nor an account and Region"),
        ({"destinations": [OHIO], "source": "111122223333"}, "Neither a Registry nor an account and Region"),
        ({"destinations": [OHIO], "settings": {"tags": {}}}, "Not settings for repositories"),
        ({"destinations": [OHIO], "prefixes": "shop/"}, "prefixes or destinations is not a list"),
        ({"destinations": [OHIO], "prefixes": None}, "prefixes or destinations is not a list"),
        ({"destinations": [OHIO], "prefixes": ["a"]}, "Not a prefix of repository names"),
        ({"destinations": [OHIO], "prefixes": ["x" * 257]}, "Not a prefix of repository names"),
        ({"destinations": [OHIO], "prefixes": ["shop/*"]}, "Not a prefix of repository names"),
        ({"destinations": [OHIO], "prefixes": ["${Token[X.1]}"]}, "The prefix is known only at deployment"),
        ({"destinations": [cdk.Environment(account="1", region="eu-west-1")]}, "Not an AWS account id"),
        ({"destinations": [cdk.Environment(account="1" * 12, region="EU")]}, "Not an AWS Region"),
    ],
)
def test_what_is_refused(keywords: dict[str, Any], problem: str) -> None:
    registry = owned(new_app(), "A")
    with pytest.raises(InvalidInputError, match=f"A/Registry/Replication: {problem}"):
        Replication(registry, "Replication", **keywords)


def test_a_stack_or_what_is_added_to_is_no_destination() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    for wrong in (stack_of(destination), Registry.of(destination)):
        with pytest.raises(InvalidInputError, match="Neither a Registry nor") as caught:
            Replication(source, type(wrong).__name__, destinations=[wrong])  # type: ignore[list-item]
        assert "give the Registry itself" in caught.value.fix


@pytest.mark.parametrize("prefix", ["ab", "x" * 256])
def test_prefixes_at_the_bounds(prefix: str) -> None:
    registry = owned(new_app(), "A")
    Replication(registry, "Replication", destinations=[OHIO], prefixes=[prefix])
    assert cfn_lint(raw_template(stack_of(registry))) == []


def regions(count: int) -> list[cdk.Environment]:
    return [cdk.Environment(account=f"{number:012}", region="eu-west-1") for number in range(count)]


@pytest.mark.deploy
@pytest.mark.parametrize(
    ("destinations", "prefixes", "problem"),
    [
        (25, 100, None),
        (26, 1, "26 destinations"),
        (1, 101, "101 prefixes in one rule"),
    ],
)
def test_limits_of_one_replication(destinations: int, prefixes: int, problem: str | None) -> None:
    registry = owned(new_app(), "A")
    names = [f"p{number}/" for number in range(prefixes)]
    Replication(registry, "Replication", destinations=regions(destinations), prefixes=names)
    if problem:
        error = synth_error(stack_of(registry))
        assert f"A/Registry: The replication configuration has {problem}" in error
        assert "A/Registry/Replication" in error
    else:
        assert cfn_lint(raw_template(stack_of(registry))) == []


@pytest.mark.parametrize("count", [9, 10, 11])
def test_limit_of_rules(count: int) -> None:
    registry = owned(new_app(), "A")
    for number, destination in enumerate(regions(count)):
        Replication(registry, f"R{number}", destinations=[destination], prefixes=[f"p{number}/"])
    if count > 10:
        assert "has 11 rules" in synth_error(stack_of(registry))
    else:
        assert len(rules(registry)) == count


def test_one_replication_with_two_prefixes_and_destinations_is_one_rule_among_ten() -> None:
    registry = owned(new_app(), "A")
    for number, destination in enumerate(regions(9)):
        Replication(registry, f"R{number}", destinations=[destination], prefixes=[f"p{number}/"])
    Replication(registry, "Last", destinations=[OHIO, FRANKFURT], prefixes=["a/", "b/"])
    assert len(rules(registry)) == 10


# The other end in another app


@pytest.mark.parametrize("destinations", [2, 1, "environment"])
def test_a_source_of_another_app_has_one_destination(destinations: int | str) -> None:
    app = new_app()
    here, there = owned(app, "A"), owned(app, "B", FRANKFURT)
    choices: dict[int | str, list[Any]] = {2: [here, there], 1: [there], "environment": [IRELAND]}
    given = choices[destinations]
    with pytest.raises(
        InvalidInputError, match="there is one destination: the registry of this stack"
    ) as caught:
        Replication(here, "Replication", source=OTHER_ACCOUNT, destinations=given)
    assert caught.value.allowed == "the Registry of account 111122223333 in eu-west-1"


def test_a_source_of_another_app_is_asked_for_a_rule_that_works() -> None:
    registry = owned(new_app(), "A")
    replication = Replication(
        registry, "Replication", source=THIRD_ACCOUNT, destinations=[registry], prefixes=["shop/", "base"]
    )
    assert resources(stack_of(registry), CONFIGURATION) == {}
    assert len(resources(stack_of(registry), POLICY)) == 1
    assert template_prefixes(registry) == ["ROOT", "shop"]
    assert replication.required_elsewhere == {
        "account 333344445555 in eu-central-1": {
            "replication rule": {
                "destinations": [{"region": "eu-west-1", "registryId": "111122223333"}],
                "repositoryFilters": [
                    {"filter": "base", "filterType": "PREFIX_MATCH"},
                    {"filter": "shop/", "filterType": "PREFIX_MATCH"},
                ],
            }
        }
    }
    [needed] = replication.required_elsewhere.values()
    assert_api_takes(
        "PutReplicationConfiguration", replicationConfiguration={"rules": [needed["replication rule"]]}
    )
    there = new_stack("There", env=THIRD_ACCOUNT)
    ecr.CfnReplicationConfiguration(
        there, "Replication", replication_configuration={"rules": [needed["replication rule"]]}
    )
    assert cfn_lint(raw_template(there), "eu-central-1") == []


@pytest.mark.parametrize("settings", [RepositorySettings(), None])
def test_a_destination_of_another_app_is_asked_for_a_statement_that_works(
    settings: RepositorySettings | None,
) -> None:
    registry = owned(new_app(), "A")
    replication = Replication(
        registry, "Replication", destinations=[THIRD_ACCOUNT], prefixes=["shop/", "base"], settings=settings
    )
    assert len(rules(registry)) == 1
    [(place, needed)] = replication.required_elsewhere.items()
    assert place == "account 333344445555 in eu-central-1"
    statement = needed["statement of the registry policy"]
    there = new_stack("There", env=THIRD_ACCOUNT)
    ecr.CfnRegistryPolicy(there, "Policy", policy_text={"Version": "2012-10-17", "Statement": [statement]})
    assert cfn_lint(raw_template(there), "eu-central-1") == []
    assert statement["Resource"] == [
        "arn:aws:ecr:eu-central-1:333344445555:repository/base*",
        "arn:aws:ecr:eu-central-1:333344445555:repository/shop/*",
    ]
    assert needed.get("creation templates for REPLICATION, with prefix") == (
        ["ROOT", "shop"] if settings else None
    )
    [info] = infos(stack_of(registry))
    assert json.dumps(needed, indent=2) in info


def test_the_two_halves_of_two_apps_fit_together() -> None:
    registry = owned(new_app(), "A")
    half = Replication(registry, "Replication", destinations=[THIRD_ACCOUNT], prefixes=["shop/"])
    [needed] = half.required_elsewhere.values()
    there = owned(new_app(), "There", THIRD_ACCOUNT)
    names = {"Replication": Replication, "self": there, "registry": there, "cdk": cdk}
    other_half = eval(needed["with this library, in a stack of that account and Region"], names)  # noqa: S307
    asked = iam.PolicyStatement.from_json(needed["statement of the registry policy"]).to_statement_json()
    [written] = properties(stack_of(there), POLICY)["PolicyText"]["Statement"]
    assert {**written, "Resource": [written["Resource"]]} == {**asked, "Resource": [asked["Resource"]]}
    [rule] = rules(registry)
    [asked_back] = other_half.required_elsewhere.values()
    assert rule["Destinations"] == [
        {"Region": place["region"], "RegistryId": place["registryId"]}
        for place in asked_back["replication rule"]["destinations"]
    ]


def test_another_region_of_the_account_needs_no_statement() -> None:
    registry = owned(new_app(), "A")
    replication = Replication(registry, "Replication", destinations=[FRANKFURT])
    [needed] = replication.required_elsewhere.values()
    assert "statement of the registry policy" not in needed
    assert needed["creation templates for REPLICATION, with prefix"] == ["ROOT"]


def test_everything_of_another_apps_source_is_a_rule_without_filters() -> None:
    registry = owned(new_app(), "A")
    replication = Replication(registry, "Replication", source=OTHER_ACCOUNT, destinations=[registry])
    [needed] = replication.required_elsewhere.values()
    assert_api_takes(
        "PutReplicationConfiguration", replicationConfiguration={"rules": [needed["replication rule"]]}
    )
    assert "repositoryFilters" not in needed["replication rule"]


def test_a_key_of_the_destination_encrypts_its_replicas() -> None:
    app = new_app()
    source, destination = owned(app, "A"), owned(app, "B", FRANKFURT)
    key = kms.Key(destination, "Key")
    settings = RepositorySettings(encryption_key=key)
    Replication(source, "Replication", destinations=[destination], settings=settings)
    [key_id] = resources(stack_of(destination), "AWS::KMS::Key")
    encryption = properties(stack_of(destination), TEMPLATE)["EncryptionConfiguration"]
    assert encryption == {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [key_id, "Arn"]}}


def assert_api_takes(operation: str, **request: Any) -> None:
    """Whether the request fits the shape that botocore knows of the API."""
    model = botocore.session.get_session().get_service_model("ecr").operation_model(operation)
    assert model.input_shape is not None
    validate_parameters(request, model.input_shape)
