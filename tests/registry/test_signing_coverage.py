"""What managed signing covers of what an app pushes, whichever is made first and in whichever stack."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs import (
    Catalog,
    CatalogStage,
    GitHubPublisher,
    InvalidInputError,
    ManagedSigning,
    PublicRepository,
    Registry,
    Repository,
)
from registry_constructs.registry.signing_rules import UNKNOWN_PART, may_match
from tests.registry.places import IRELAND
from tests.registry.signing_app import (
    PROFILE,
    PUSHERS,
    Pusher,
    arn_of,
    by_name,
    checkout,
    github,
    image_build,
    owner,
    rights,
    two_stacks,
)
from tests.synthesis import (
    cfn_lint,
    new_app,
    raw_template,
    resources,
    warnings,
)

pytestmark = pytest.mark.deploy


@pytest.mark.parametrize("signing_first", [True, False])
@pytest.mark.parametrize("pusher", PUSHERS)
def test_what_pushes_may_sign_whichever_is_made_first(pusher: Pusher, signing_first: bool) -> None:
    stack = owner()
    repository = checkout(stack)
    made: list[Callable[[], object]] = [
        lambda: ManagedSigning(stack, "Signing", repositories=["shop/*"]),
        lambda: pusher(stack, repository),
    ]
    for make in made if signing_first else reversed(made):
        make()
    assert rights(stack) == [arn_of(stack)]
    assert warnings(stack) == []
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize("pusher", PUSHERS)
def test_the_order_changes_nothing_in_the_template(pusher: Pusher) -> None:
    rendered = []
    for signing_first in (True, False):
        stack = owner()
        repository = checkout(stack)
        if signing_first:
            ManagedSigning(stack, "Signing")
        pusher(stack, repository)
        if not signing_first:
            ManagedSigning(stack, "Signing")
        rendered.append(raw_template(stack))
    assert rendered[0] == rendered[1]


@pytest.mark.parametrize("pusher", PUSHERS)
def test_nothing_is_granted_where_no_filter_matches(pusher: Pusher) -> None:
    stack, bare = owner(), owner()
    for one in (stack, bare):
        pusher(one, checkout(one))
    ManagedSigning(stack, "Signing", repositories=["shop", "prod/*", "*/shop/*", "shop/checkout/*"])
    assert rights(stack) == []
    added = raw_template(stack)["Resources"].keys() - raw_template(bare)["Resources"].keys()
    assert {raw_template(stack)["Resources"][one]["Type"] for one in added} == {
        PROFILE,
        "AWS::ECR::SigningConfiguration",
    }


@pytest.mark.parametrize(
    "filters", [("*",), ("shop/checkout",), ("*/checkout",), ("*op*ck*",), ("prod/*", "shop/*")]
)
def test_a_filter_stands_for_whole_names(filters: tuple[str, ...]) -> None:
    stack = owner()
    ManagedSigning(stack, "Signing", repositories=filters)
    github(stack, checkout(stack))
    assert rights(stack) == [arn_of(stack)]


def test_each_profile_that_matches_is_granted_once() -> None:
    stack = owner()
    repositories = [Repository(stack, name, repository_name=f"shop/{name.lower()}") for name in ("A", "B")]
    first = ManagedSigning(stack, "First", repositories=["shop/*"])
    GitHubPublisher(stack, "P", repository="a@1/b@2", branches=["main"], repositories=repositories)
    second = ManagedSigning(stack, "Second")
    ManagedSigning(stack, "Third", repositories=["*/b"], signing_profile=first.signing_profile)
    ManagedSigning(stack, "Other", repositories=["prod/*"])
    granted = rights(stack)
    expected = [stack.resolve(one.signing_profile.signing_profile_arn) for one in (first, second)]
    assert sorted(map(str, granted)) == sorted(map(str, expected))


@pytest.mark.parametrize("pusher", PUSHERS)
@pytest.mark.parametrize("filters", [["shop/*"], ["prod/*"]])
def test_signing_that_is_named_is_granted_once(pusher: Pusher, filters: list[str]) -> None:
    stack = owner()
    signing = ManagedSigning(stack, "Signing", repositories=filters)
    pusher(stack, checkout(stack), signing=signing)
    assert rights(stack) == [arn_of(stack)]


@pytest.mark.parametrize("pusher", PUSHERS)
@pytest.mark.parametrize("value", ["shop/*", object(), True, SimpleNamespace(grant_sign=print)])
def test_what_is_not_managed_signing_is_refused(pusher: Pusher, value: object) -> None:
    stack = owner()
    with pytest.raises(InvalidInputError, match=r"Stack/Pusher: signing is not managed signing\.") as caught:
        pusher(stack, checkout(stack), signing=value)
    assert "ManagedSigning(stack, 'Signing')" in str(caught.value)


def test_the_cache_of_a_build_is_pushed_too() -> None:
    stack = owner()
    layers = Repository(
        stack, "Layers", repository_name="layers", image_tag_mutability=ecr.TagMutability.MUTABLE
    )
    ManagedSigning(stack, "Signing", repositories=["layers"])
    image_build(stack, checkout(stack), cache_repository=layers)
    assert rights(stack) == [arn_of(stack)]


def test_public_repositories_are_not_signed() -> None:
    stack = owner(cdk.Environment(account="111122223333", region="us-east-1"))
    ManagedSigning(stack, "Signing")
    tool = PublicRepository(stack, "Tool", repository_name="tool")
    GitHubPublisher(stack, "P", repository="a@1/b@2", branches=["main"], public_repositories=[tool])
    assert rights(stack) == []


def parameter(stack: cdk.Stack) -> str:
    return cdk.CfnParameter(stack, "Name").value_as_string


NAMES: dict[str, Callable[[cdk.Stack], ecr.IRepository]] = {
    "shop/checkout": checkout,
    "shop/check--out": lambda s: checkout(s, "shop/check--out"),
    "unknown": lambda s: checkout(s, parameter(s)),
    "unknown-end": lambda s: checkout(s, f"shop/{parameter(s)}"),
    "unknown-begin": lambda s: checkout(s, f"{parameter(s)}/checkout"),
    "generated": lambda s: checkout(s, None),
    "l2": lambda s: ecr.Repository(s, "Checkout", repository_name="shop/checkout"),
    "imported": lambda s: Repository.from_repository_name(s, "Checkout", "shop/checkout"),
    "imported-unknown": lambda s: ecr.Repository.from_repository_name(s, "Checkout", parameter(s)),
    "imported-arn": lambda s: Repository.from_repository_arn(
        s, "Checkout", "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"
    ),
    "imported-arn-unknown": lambda s: ecr.Repository.from_repository_attributes(
        s, "Checkout", repository_arn=cdk.Fn.import_value("Arn"), repository_name=cdk.Fn.import_value("Name")
    ),
}
MATCHES = {
    "*": set(NAMES),
    "shop/*": set(NAMES) - {"generated"},
    "shop/checkout": set(NAMES) - {"generated", "shop/check--out"},
    "prod/*": {"unknown", "unknown-begin", "imported-unknown", "imported-arn-unknown"},
    "*/checkout": set(NAMES) - {"generated", "shop/check--out"},
    "prod/checkout": {"unknown", "unknown-begin", "imported-unknown", "imported-arn-unknown"},
    "checkout": {"unknown", "imported-unknown", "imported-arn-unknown", "generated"},
    "stack-*": {"unknown", "unknown-begin", "imported-unknown", "imported-arn-unknown", "generated"},
}


@pytest.mark.parametrize(("value", "name"), list(itertools.product(MATCHES, NAMES)))
def test_a_name_that_is_not_known_counts_where_it_can_match(value: str, name: str) -> None:
    stack = owner()
    repository = NAMES[name](stack)
    ManagedSigning(stack, "Signing", repositories=[value])
    github(stack, repository)
    assert rights(stack) == ([arn_of(stack)] if name in MATCHES[value] else [])


def texts(longest: int) -> Iterator[str]:
    for length in range(longest + 1):
        yield from map("".join, itertools.product("a/", repeat=length))


TEXTS = list(texts(8))


@given(
    st.text("a/*", max_size=4),
    st.text(["a", "/", "*", UNKNOWN_PART], max_size=4),
)
def test_may_match_finds_whether_one_text_fits_both(value: str, name: str) -> None:
    # A text of the literal characters of both is long enough, if there is any.
    as_filter = re.compile(re.escape(value).replace(r"\*", ".*"))
    as_name = re.compile(re.escape(name).replace(r"\*", ".*").replace(re.escape(UNKNOWN_PART), "[^/]*"))
    fits = any(as_filter.fullmatch(text) and as_name.fullmatch(text) for text in TEXTS)
    assert may_match(value, name) is fits


def test_may_match_takes_the_longest_of_both() -> None:
    assert may_match("*a" * 128, "a" * 256)
    assert not may_match("*a" * 128 + "b", "a" * 256)
    assert may_match("a" * 256, "*" * 256)


def knots() -> dict[str, Callable[[cdk.Stack, cdk.Stack], None]]:
    """Why one stack of two may already depend on the other."""

    def refer(from_stack: cdk.Stack, to_stack: cdk.Stack) -> None:
        cdk.CfnOutput(from_stack, "Its", value=cdk.CfnWaitConditionHandle(to_stack, "It").ref)

    return {
        "none": lambda _central, _team: None,
        "team-after-central": lambda central, team: team.add_stack_dependency(central),
        "central-after-team": lambda central, team: central.add_stack_dependency(team),
        "team-refers-to-central": lambda central, team: refer(team, central),
        "central-refers-to-team": refer,
    }


@pytest.mark.parametrize("knot", knots())
@pytest.mark.parametrize("signing_first", [True, False])
@pytest.mark.parametrize("pusher", PUSHERS)
def test_no_stack_waits_for_another_because_of_a_grant(
    pusher: Pusher,
    signing_first: bool,
    knot: str,
) -> None:
    _, central, team = two_stacks()
    if signing_first:
        ManagedSigning(central, "Signing", repositories=["shop/*"])
    pusher(team, checkout(team))
    knots()[knot](central, team)
    if not signing_first:
        ManagedSigning(central, "Signing", repositories=["shop/*"])
    assert rights(team) == [by_name(central)]
    outputs = raw_template(central).get("Outputs", {})
    assert len(outputs) == {"team-refers-to-central": 1, "central-refers-to-team": 1}.get(knot, 0)
    assert warnings(team) == warnings(central) == []


def test_stacks_without_an_environment_are_one_registry() -> None:
    _, central, team = two_stacks(None)
    ManagedSigning(central, "Signing")
    github(team, checkout(team))
    [logical_id] = resources(central, PROFILE)
    [right] = rights(team)
    assert right["Fn::Join"][1] == [
        "arn:",
        {"Ref": "AWS::Partition"},
        ":signer:",
        {"Ref": "AWS::Region"},
        ":",
        {"Ref": "AWS::AccountId"},
        f":/signing-profiles/{logical_id}_*",
    ]
    assert warnings(team) == warnings(central) == []


def test_a_named_profile_of_another_stack_is_named_exactly() -> None:
    _, central, team = two_stacks()
    named = signer.SigningProfile(
        central,
        "Named",
        platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA,
        signing_profile_name="release",
    )
    ManagedSigning(central, "Signing", signing_profile=named)
    github(team, checkout(team))
    assert rights(team) == ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"]


def test_a_profile_of_level_1_is_found_by_its_resource() -> None:
    _, central, team = two_stacks()
    plain = signer.CfnSigningProfile(central, "Plain", platform_id="Notation-OCI-SHA384-ECDSA")
    ManagedSigning(
        central, "Signing", signing_profile=cast("Any", SimpleNamespace(signing_profile_arn=plain.attr_arn))
    )
    github(team, checkout(team))
    assert rights(team) == [by_name(central)]


def test_a_long_logical_id_is_cut_as_the_name_is() -> None:
    _, central, team = two_stacks()
    ManagedSigning(central, "Signing" + "x" * 60)
    github(team, checkout(team))
    [logical_id] = resources(central, PROFILE)
    assert rights(team)[0].endswith(f":/signing-profiles/{logical_id[:51]}*")


def test_a_profile_s_unknown_name_is_a_wildcard_only_beside_what_is_known() -> None:
    _, central, team = two_stacks()
    name = cdk.CfnParameter(central, "Name").value_as_string
    platform = "Notation-OCI-SHA384-ECDSA"
    partly = signer.CfnSigningProfile(central, "Partly", platform_id=platform, profile_name=f"images_{name}")
    wholly = signer.CfnSigningProfile(central, "Wholly", platform_id=platform, profile_name=name)
    for one in (partly, wholly):
        given_profile = cast("Any", SimpleNamespace(signing_profile_arn=one.attr_arn))
        ManagedSigning(central, f"Signing{one.node.id}", signing_profile=given_profile)
    github(team, checkout(team))
    assert rights(team) == ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images_*"]
    [warning] = warnings(team)
    assert "Central/SigningWholly signs what this pushes" in warning
    assert "registry-constructs:signing-not-granted" in warning


def test_signing_of_another_stack_that_is_named_is_a_reference_as_before() -> None:
    _, central, team = two_stacks()
    signing = ManagedSigning(central, "Signing", repositories=["shop/*"])
    github(team, checkout(team), signing=signing)
    [right] = rights(team)
    assert right != by_name(central)
    assert list(right) in (["Fn::ImportValue"], ["Fn::GetStackOutput"])
    assert [one.node.path for one in team.dependencies] == ["Central"]


def test_across_stages_of_one_environment() -> None:
    app = new_app()
    stages = [cdk.Stage(app, name) for name in ("First", "Second")]
    central, team = (
        cdk.Stack(stage, "Stack", env=IRELAND, synthesizer=cdk.LegacyStackSynthesizer()) for stage in stages
    )
    Registry(central, "Registry")
    github(team, checkout(team))
    signing = ManagedSigning(central, "Signing")
    role = iam.Role(team, "Other", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    signing.grant_sign(role)
    assert rights(team) == [by_name(central)] * 2


def test_a_nested_stack() -> None:
    _, central, team = two_stacks()
    nested = cdk.NestedStack(team, "Nested")
    repository = checkout(nested)
    ManagedSigning(central, "Signing")
    github(nested, repository)
    assert rights(nested) == [by_name(central)]


def test_a_catalog_s_publishers_may_sign() -> None:
    catalog = Catalog.from_dict(
        {
            "registry": {"signing": ["shop/*"]},
            "repositories": {
                "shop/checkout": {"access": {"publishers": ["shop"]}},
                "base": {"access": {"publishers": ["base"]}},
            },
            "publishers": {
                name: {"github": {"repository": f"a@1/{name}@2", "branches": ["main"]}}
                for name in ("shop", "base")
            },
        }
    )
    stage = CatalogStage(new_app(), "Stage", catalog=catalog, env=IRELAND)
    signing = {
        logical_id: statement["Resource"]
        for stack in stage.synth().stacks
        for logical_id, resource in stack.template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "signer:SignPayload"
    }
    [(role, profile)] = signing.items()
    assert role.startswith("shopRole")
    assert json.dumps(profile).count(":signer:eu-west-1:111122223333:/signing-profiles/SigningProfile") == 1
