"""How a registry scans: both types, what the parts of an app add, and what does not fit together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs import InvalidInputError, Registry, Repository, Scanning
from registry_constructs.ecr import limits
from registry_constructs.ecr.lifecycle.patterns import filter_matches
from registry_constructs.registry.scanning import Frequency, scanning_rules
from tests.registry.places import FRANKFURT, inhabited
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources, warnings

SCANNING = "AWS::ECR::RegistryScanningConfiguration"
PUSH: Frequency = "SCAN_ON_PUSH"
CONTINUOUS: Frequency = "CONTINUOUS_SCAN"


def filters(stack: cdk.Stack) -> dict[str, list[str]]:
    """The filters that the template has, by frequency."""
    return {
        rule["ScanFrequency"]: [entry["Filter"] for entry in rule["RepositoryFilters"]]
        for rule in properties(stack, SCANNING)["Rules"]
    }


def ids(stack: cdk.Stack) -> list[str]:
    """The ids of the warnings about scanning, without the prefix that all share."""
    return sorted(text.rpartition("scanning-")[2].rstrip("]") for text in warnings(stack))


@pytest.mark.parametrize(
    ("scanning", "scan_type", "expected"),
    [
        (Scanning.basic(), "BASIC", {PUSH: ["*"]}),
        (Scanning.basic(on_push=["prod/*", "base"]), "BASIC", {PUSH: ["base", "prod/*"]}),
        (Scanning.basic(on_push=[]), "BASIC", {}),
        (Scanning.enhanced(), "ENHANCED", {PUSH: ["*"]}),
        (Scanning.enhanced(continuous=["prod/*"]), "ENHANCED", {CONTINUOUS: ["prod/*"], PUSH: ["*"]}),
        (Scanning.enhanced(continuous=["*"]), "ENHANCED", {CONTINUOUS: ["*"]}),
        (
            Scanning.enhanced(continuous=["a", "*"], on_push=["b"]),
            "ENHANCED",
            {CONTINUOUS: ["*", "a"], PUSH: ["b"]},
        ),
        (Scanning.enhanced(on_push=[]), "ENHANCED", {}),
    ],
)
def test_what_is_said_is_written(scanning: Scanning, scan_type: str, expected: dict[str, list[str]]) -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=scanning)
    assert properties(stack, SCANNING)["ScanType"] == scan_type
    assert filters(stack) == expected
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (("basic", (), ("*",)), "Not a type of scanning"),
        (("BASIC", (), "prod"), "on_push is not a list"),
        (("ENHANCED", ("PROD",), ()), "continuous has a filter that ECR refuses"),
    ],
)
def test_what_the_constructors_would_refuse_is_refused_without_them(values: Any, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        Scanning(*values)


def test_nothing_said_is_nothing_written() -> None:
    stack = new_stack()
    Registry(stack, "Registry")
    Repository(stack, "App", image_scan_on_push=False, repository_name="app")
    assert resources(stack, SCANNING) == {}
    assert warnings(stack) == []


@pytest.mark.parametrize("owner_first", [True, False])
def test_other_stacks_add_filters_before_and_after_the_owner(*, owner_first: bool) -> None:
    app = new_app()
    stack, team = new_stack("Owner", app=app), inhabited("Team", app)

    def own() -> None:
        Registry(stack, "Registry", scanning=Scanning.enhanced(continuous=["prod/*"]))

    def add() -> None:
        Registry.of(team).add_scan_on_push("team/b", "team/a", "*")
        Registry.of(team).add_continuous_scan("team/checkout", "prod/*")

    for step in [own, add] if owner_first else [add, own]:
        step()
    assert filters(stack) == {CONTINUOUS: ["prod/*", "team/checkout"], PUSH: ["*", "team/a", "team/b"]}
    assert resources(team, SCANNING) == {}


@pytest.mark.parametrize("value", ["a", "*", "prod/*", "a.b_c-d/e", "*-cache", "0" * 255])
def test_filters_that_ecr_takes(value: str) -> None:
    assert Scanning.basic(on_push=[value]).on_push == (value,)


@pytest.mark.parametrize(
    "value", ["", "Prod", "a b", "a..b", "/a", "a/", "0" * 256, "a\n", 7, None, "${Token[X.1]}"]
)
def test_filters_that_ecr_refuses(value: Any) -> None:
    makes: list[Callable[[], object]] = [
        lambda: Scanning.basic(on_push=[value]),
        lambda: Scanning.enhanced(on_push=[value]),
        lambda: Scanning.enhanced(continuous=[value]),
    ]
    for make in makes:
        with pytest.raises(InvalidInputError, match="a filter that ECR refuses"):
            make()
    for add in (Registry.of(new_stack()).add_scan_on_push, Registry.of(new_stack()).add_continuous_scan):
        with pytest.raises(InvalidInputError, match="Stack: filters has a filter that ECR refuses"):
            add(value)


@pytest.mark.parametrize("value", ["prod/*", None, 3, {"a"}])
def test_what_is_no_list_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="continuous is not a list"):
        Scanning.enhanced(continuous=value)
    with pytest.raises(InvalidInputError, match="on_push is not a list"):
        Scanning.basic(on_push=value)


@pytest.mark.parametrize("owner_first", [True, False])
def test_the_same_filter_at_two_frequencies_names_both_places(*, owner_first: bool) -> None:
    app = new_app()
    owner, team = new_stack("Owner", app=app), inhabited("Team", app)
    steps: list[Callable[[], object]] = [
        lambda: Registry(owner, "Registry", scanning=Scanning.enhanced(continuous=["prod/*"])),
        lambda: Registry.of(team).add_scan_on_push("prod/*"),
    ]
    first, second = steps if owner_first else reversed(steps)
    first()
    with pytest.raises(InvalidInputError, match=r"'prod/\*' is set at two frequencies") as caught:
        second()
    assert caught.value.got == {"continuous": "Owner/Registry", "on push": "Team"}
    assert caught.value.where == ("Team" if owner_first else "Owner/Registry")


def test_continuous_scanning_needs_the_enhanced_type() -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.basic())
    with pytest.raises(InvalidInputError, match="does not fit how the registry scans") as caught:
        Registry.of(stack).add_continuous_scan("prod/*")
    assert "Scanning.basic at the owner, Stack/Registry" in str(caught.value.got)
    assert "Scanning.enhanced(...)" in caught.value.fix


@pytest.mark.parametrize("owner_first", [True, False])
def test_filters_need_scanning_at_the_owner(*, owner_first: bool) -> None:
    app = new_app()
    owner, team = new_stack("Owner", app=app), inhabited("Team", app)
    steps: list[Callable[[], object]] = [
        lambda: Registry(owner, "Registry"),
        lambda: Registry.of(team).add_scan_on_push("team/*"),
    ]
    first, second = steps if owner_first else reversed(steps)
    first()
    with pytest.raises(InvalidInputError, match=r"'team/\*' does not fit") as caught:
        second()
    assert caught.value.got == "SCAN_ON_PUSH requested at Team; no scanning at the owner, Owner/Registry"
    assert "Scanning.basic(...)" in caught.value.fix


@pytest.mark.parametrize("count", [99, 100])
def test_up_to_a_hundred_filters_at_each_frequency(count: int) -> None:
    stack = new_stack()
    scanning = Scanning.enhanced(
        continuous=[f"a{i}" for i in range(count)], on_push=[f"b{i}" for i in range(count - 1)]
    )
    registry = Registry(stack, "Registry", scanning=scanning)
    registry.add_scan_on_push("*")
    registry.add_scan_on_push("b0")
    assert [len(found) for found in filters(stack).values()] == [count, count]
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize("frequency", [PUSH, CONTINUOUS])
def test_the_hundred_and_first_filter_names_who_asked(frequency: Frequency) -> None:
    app = new_app()
    many = [f"a{i}" for i in range(limits.SCANNING_FILTERS)]
    team = new_stack("Team", app=app)
    scanning = (
        Scanning.enhanced(continuous=many) if frequency == CONTINUOUS else Scanning.enhanced(on_push=many)
    )
    Registry(new_stack("Owner", app=app), "Registry", scanning=scanning)
    add = (
        Registry.of(team).add_continuous_scan
        if frequency == CONTINUOUS
        else Registry.of(team).add_scan_on_push
    )
    with pytest.raises(InvalidInputError, match=f"{frequency} has 101 filters") as caught:
        add("one-more")
    assert caught.value.got == "filters from Owner/Registry, Team"


FILTER = st.text("ab*", min_size=1, max_size=2)
ASKED = st.lists(
    st.tuples(st.sampled_from([PUSH, CONTINUOUS]), FILTER, st.sampled_from(["A", "B"])), max_size=8
)


@given(st.data())
def test_the_order_of_the_parts_changes_nothing(data: st.DataObject) -> None:
    asked = data.draw(ASKED)
    shuffled = data.draw(st.permutations(asked))

    def outcome(parts: list[tuple[Frequency, str, str]]) -> object:
        try:
            return scanning_rules(parts)
        except InvalidInputError as error:
            return str(error)

    assert outcome(asked) == outcome(shuffled)


@given(ASKED)
def test_the_rules_say_what_was_asked(asked: list[tuple[Frequency, str, str]]) -> None:
    wanted = {(frequency, value) for frequency, value, _ in asked}
    try:
        rules = scanning_rules(asked)
    except InvalidInputError:
        assert any((PUSH, value) in wanted and (CONTINUOUS, value) in wanted for _, value in wanted)
        return
    said = [(rule["scanFrequency"], entry["filter"]) for rule in rules for entry in rule["repositoryFilters"]]
    assert sorted(said) == sorted(wanted)
    assert len(rules) == len({frequency for frequency, _ in wanted}) <= 2


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("prod", "my-prod-app", True),
        ("prod", "pro", False),
        ("prod*", "my-prod", False),
        ("prod*", "prod", True),
        ("*prod", "my-prod", True),
        ("*", "anything/at/all", True),
        ("a.c", "abc", False),
        ("team/*/app", "team/x/y/app", True),
    ],
)
def test_a_filter_without_an_asterisk_stands_anywhere_in_the_name(
    value: str, name: str, *, expected: bool
) -> None:
    assert filter_matches(value, name) is expected


@pytest.mark.parametrize(
    ("scanning", "expected"),
    [
        (Scanning.basic(), []),
        (Scanning.basic(on_push=["prod/*"]), []),
        (Scanning.basic(on_push=[]), []),
        (Scanning.enhanced(), []),
        (Scanning.enhanced(continuous=["prod/*"]), []),
        (Scanning.enhanced(continuous=["*"]), ["continuous-everything"]),
        (Scanning.enhanced(continuous=["**"]), ["continuous-everything"]),
        (Scanning.enhanced(continuous=["prod/*"], on_push=["team/*"]), ["enhanced-gaps"]),
        (Scanning.enhanced(on_push=[]), ["enhanced-gaps"]),
    ],
)
def test_warnings_about_cost_and_gaps(scanning: Scanning, expected: list[str]) -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=scanning)
    assert ids(stack) == expected
    assert warnings(stack) == warnings(stack), "a second synth warns again"


def test_a_part_can_close_the_gap() -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.enhanced(on_push=["prod/*"])).add_scan_on_push("*")
    assert warnings(stack) == []


def cfn_repository(stack: cdk.Stack, name: str | None, asks: Any) -> None:
    scanning = (
        None if asks is None else ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=asks)
    )
    ecr.CfnRepository(stack, "App", repository_name=name, image_scanning_configuration=scanning)


REPOSITORIES: dict[str, Callable[[cdk.Stack, str | None, bool | None], object]] = {
    "this library's": lambda s, name, asks: Repository(
        s, "App", repository_name=name, image_scan_on_push=asks
    ),
    "the CDK's": lambda s, name, asks: ecr.Repository(
        s, "App", repository_name=name, image_scan_on_push=asks
    ),
    "an L1": cfn_repository,
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [*((kind, "prod/app") for kind in REPOSITORIES), ("this library's", "prod/a--b"), ("an L1", "prod/a--b")],
)
def test_a_repository_that_agrees_is_left_alone(kind: str, name: str) -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.basic(on_push=["prod/*"]))
    REPOSITORIES[kind](stack, name, True)
    assert warnings(stack) == []


@pytest.mark.parametrize("kind", REPOSITORIES)
@pytest.mark.parametrize(
    ("name", "asks", "expected"),
    [
        ("test/app", True, ["repository-left-out"]),
        ("test/app", False, []),
        ("prod/app", False, ["repository-scanned-anyway"]),
        (None, True, []),
        (None, False, []),
    ],
)
def test_a_repository_that_disagrees_is_warned_about(
    kind: str, name: str | None, *, asks: bool, expected: list[str]
) -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.basic(on_push=["prod/*"]))
    REPOSITORIES[kind](stack, name, asks)
    assert ids(stack) == expected
    for text in warnings(stack):
        assert f"'{name}'" in text
        assert "Stack/Registry" in text


@pytest.mark.parametrize("kind", ["the CDK's", "an L1"])
def test_a_repository_that_says_nothing_of_scans_agrees_with_every_rule(kind: str) -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.enhanced())
    REPOSITORIES[kind](stack, "prod/app", None)
    assert warnings(stack) == []


def test_what_is_known_only_at_deployment_is_not_compared() -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.basic(on_push=["prod/*"]))
    name = cdk.CfnParameter(stack, "Name").value_as_string
    Repository(stack, "App", repository_name=name, image_scan_on_push=True)
    condition = cdk.CfnCondition(stack, "Condition", expression=cdk.Fn.condition_equals("a", name))
    scan = cdk.Fn.condition_if(condition.logical_id, True, False)
    ecr.CfnRepository(
        stack,
        "Late",
        repository_name="prod/app",
        image_scanning_configuration=ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=scan),
    )
    assert warnings(stack) == []


def test_repositories_of_other_stacks_count_where_the_registry_is_theirs() -> None:
    app = new_app()
    owner, same = new_stack("Owner", app=app), new_stack("Same", app=app)
    other = new_stack("Other", app=app, env=FRANKFURT)
    Registry(owner, "Registry", scanning=Scanning.basic(on_push=["prod/*"]))
    for stack in (same, other):
        Repository(stack, "App", repository_name="test/app")
    assert ids(same) == ["repository-left-out"]
    assert warnings(other) == []


def test_a_warning_can_be_acknowledged() -> None:
    stack = new_stack()
    registry = Registry(stack, "Registry", scanning=Scanning.enhanced(continuous=["*"]))
    cdk.Validations.of(registry).acknowledge(
        cdk.Acknowledgment(id="registry-constructs:scanning-continuous-everything", reason="a small registry")
    )
    assert warnings(stack) == []
