"""The accounts and Regions of an audit, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.live import AwsError
from registry_constructs.live.audit import accounts as module
from registry_constructs.live.audit.accounts import Accounts, Scope, find_accounts
from registry_constructs.live.audit.audit import read_registries
from registry_constructs.live.journal import Journal
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.packs import RULES
from registry_constructs.rules.state import (
    ConsumerState,
    Location,
    PublicRepositoryState,
    RegistryState,
    RepositoryState,
)
from tests.live.answering import Answer, Answering, Given, refused
from tests.live.test_readers import ACCOUNT, DENIED, FAR, REGION, repository

OTHER, THIRD = "222233334444", "333344445555"
EXPIRED = refused("ExpiredTokenException")


class World:
    """Every way into AWS of a test, by profile and role; clients are made once for many tests."""

    def __init__(self) -> None:
        self.made: dict[tuple[str | None, str | None], Answering] = {}
        self.taken: list[tuple[str | None, str | None, int]] = []
        self.answers: dict[str, Given] = {}
        self.identities: dict[tuple[str | None, str | None], Answer] = {}

    def __call__(
        self, *, profile: str | None = None, role: str | None = None, concurrency: int = 8
    ) -> Answering:
        key = (profile, role)
        self.taken.append((*key, concurrency))
        if profile == "none":
            problem = "There are no credentials to ask AWS with"
            raise AwsError(problem, got="no profile", fix="", where=profile)
        if key not in self.made:
            self.made[key] = Answering(concurrency=2)
        own = {"Account": role.split(":")[4] if role else ACCOUNT}
        aws = self.made[key]
        aws.reset(**(self.answers | {"GetCallerIdentity": self.identities.get(key, own)}))
        aws.requests = 0
        return aws


@pytest.fixture(scope="module")
def kept() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield World()


@pytest.fixture
def world(kept: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr(module, "Aws", kept)
    kept.taken, kept.identities = [], {}
    kept.answers = {
        "DescribeRepositories": {"repositories": []},
        "DescribePullThroughCacheRules": {"pullThroughCacheRules": []},
    }
    return kept


def found(accounts: Accounts) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.id, one.regions) for one in accounts.found]


def unread(accounts: Accounts) -> list[tuple[str, str]]:
    assert all(one.rule is None for one in accounts.unread)
    return [(one.where, one.reason) for one in accounts.unread]


# Scopes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (
            Scope(accounts=[OTHER]),
            f"--role: Accounts without a role.\n  Got: ['{OTHER}']\n"
            "  Allowed: --role NAME beside --account or --organization\n"
            "  Fix: name the role that reads in each account",
        ),
        (
            Scope(organization=True),
            "--role: Accounts without a role.\n  Got: '--organization'\n"
            "  Allowed: --role NAME beside --account or --organization\n"
            "  Fix: name the role that reads in each account",
        ),
        (
            Scope(role="Audit"),
            "--role: A role without accounts.\n  Got: 'Audit'\n"
            "  Allowed: --role NAME beside --account or --organization\n"
            "  Fix: name the accounts",
        ),
        (
            Scope(all_regions=True, regions=[REGION]),
            f"--all-regions: All Regions, and some by name.\n  Got: ['{REGION}']\n"
            "  Allowed: --region, once or more, or --all-regions\n"
            "  Fix: give one of the two",
        ),
    ],
)
def test_scopes_that_can_t_be(world: World, scope: Scope, message: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        find_accounts(scope)
    assert str(error.value) == message
    assert world.taken == []


def test_an_account_that_is_none(world: World) -> None:
    with pytest.raises(InvalidInputError, match=r"^--account: "):
        find_accounts(Scope(accounts=["1"], role="Audit"))
    assert world.taken == []


# Ways into accounts ------------------------------------------------------------------------------------


def test_the_configuration(world: World) -> None:
    accounts = find_accounts(Scope(concurrency=3))
    assert found(accounts) == [(ACCOUNT, (REGION,))]
    assert unread(accounts) == []
    assert (accounts.organization, accounts.members, accounts.skipped) == ("", frozenset(), [])
    assert world.taken == [(None, None, 3)]


@pytest.mark.usefixtures("world")
def test_named_regions() -> None:
    assert found(find_accounts(Scope(regions=[FAR, REGION]))) == [(ACCOUNT, (FAR, REGION))]


def test_profiles(world: World) -> None:
    """Each once, though two may be of one account; one that fails hides no other."""
    world.identities = {("b", None): {"Account": OTHER}, ("d", None): {}}
    accounts = find_accounts(Scope(profiles=["a", "b", "none", "c", "d"], concurrency=4))
    assert found(accounts) == [(ACCOUNT, (REGION,)), (OTHER, (REGION,))]
    assert unread(accounts) == [
        ("profile none", "There are no credentials to ask AWS with: no profile"),
        ("profile d", "AWS's answer can't be read: an answer without Account"),
    ]
    assert world.taken == [(name, None, 4) for name in ("a", "b", "none", "c", "d")]


def test_credentials_that_are_rejected(world: World) -> None:
    world.identities = {(None, None): EXPIRED}
    [(where, reason)] = unread(find_accounts(Scope()))
    assert where == "the configuration"
    assert reason.startswith("The credentials are not valid, or no longer: ")


@pytest.mark.parametrize("role", ["Audit", "role/Audit"])
def test_a_role_in_accounts(world: World, role: str) -> None:
    accounts = find_accounts(
        Scope(accounts=[OTHER, THIRD, OTHER, ACCOUNT], role=role, profiles=["a", "b"], concurrency=5)
    )
    assert found(accounts) == [(OTHER, (REGION,)), (THIRD, (REGION,)), (ACCOUNT, (REGION,))]
    assert world.taken == [
        ("a", None, 5),
        *(("a", f"arn:aws:iam::{account}:role/Audit", 5) for account in (OTHER, THIRD, ACCOUNT)),
    ]


def test_a_role_with_a_path_in_another_partition(world: World) -> None:
    find_accounts(Scope(accounts=[OTHER], role="ops/Audit", regions=["cn-north-1"]))
    assert world.taken[1][1] == f"arn:aws-cn:iam::{OTHER}:role/ops/Audit"


def test_a_role_that_can_t_be_assumed(world: World) -> None:
    world.identities = {(None, f"arn:aws:iam::{OTHER}:role/Audit"): DENIED}
    accounts = find_accounts(Scope(accounts=[OTHER, THIRD], role="Audit"))
    assert found(accounts) == [(THIRD, (REGION,))]
    [(where, reason)] = unread(accounts)
    assert where == f"account {OTHER} in {REGION}"
    assert reason.startswith("AWS does not allow GetCallerIdentity: ")


def test_no_credentials_to_assume_a_role_with(world: World) -> None:
    world.identities = {(None, None): EXPIRED}
    accounts = find_accounts(Scope(accounts=[OTHER], role="Audit"))
    assert found(accounts) == []
    [(where, _)] = unread(accounts)
    assert where == "the credentials"


# The organization --------------------------------------------------------------------------------------


def organization(*members: Answer) -> dict[str, Given]:
    return {
        "DescribeOrganization": {"Organization": {"Id": "o-ourown1234"}},
        "ListAccounts": {"Accounts": list(members)},
    }


def test_an_organization(world: World) -> None:
    """Its own account has no such role, and is read as it is."""
    world.answers |= organization(
        {"Id": THIRD, "State": "ACTIVE"},
        {"Id": ACCOUNT, "State": "ACTIVE"},
        {"Id": OTHER, "State": "SUSPENDED"},
    )
    accounts = find_accounts(Scope(organization=True, role="Audit", profiles=["a"], concurrency=6))
    assert found(accounts) == [(ACCOUNT, (REGION,)), (THIRD, (REGION,))]
    assert accounts.organization == "o-ourown1234"
    assert accounts.members == {ACCOUNT, THIRD}
    assert accounts.skipped == [(OTHER, "SUSPENDED")]
    assert unread(accounts) == []
    asked = world.made["a", None].asked
    # The credentials of its own account are asked for again: they begin the audit of that account.
    assert [operation for _, operation, _ in asked] == ["GetCallerIdentity"] * 2
    assert world.taken == [
        ("a", None, 6),
        ("a", None, 6),
        ("a", f"arn:aws:iam::{THIRD}:role/Audit", 6),
    ]


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"State": "ACTIVE"}, "read"),
        ({"Status": "ACTIVE"}, "read"),
        ({"State": "ACTIVE", "Status": "SUSPENDED"}, "read"),
        ({"State": "SUSPENDED", "Status": "ACTIVE"}, "SUSPENDED"),
        ({"State": "CLOSED"}, "CLOSED"),
        ({"State": "PENDING_ACTIVATION"}, "PENDING_ACTIVATION"),
        ({"State": "PENDING_CLOSURE"}, "PENDING_CLOSURE"),
        ({"Status": "PENDING_CLOSURE"}, "PENDING_CLOSURE"),
        ({}, "its state is missing"),
        ({"State": "FROZEN"}, "its state is FROZEN"),
        ({"State": "active"}, "its state is active"),
    ],
)
def test_the_state_of_an_account(world: World, fields: Answer, outcome: str) -> None:
    world.answers |= organization({"Id": ACCOUNT, "State": "ACTIVE"}, {"Id": OTHER, **fields})
    accounts = find_accounts(Scope(organization=True, role="Audit"))
    assert (OTHER in accounts.members) == (outcome == "read")
    assert ((OTHER, (REGION,)) in found(accounts)) == (outcome == "read")
    assert accounts.skipped == ([(OTHER, outcome)] if outcome.isupper() else [])
    unknown = [(f"account {OTHER}", f"the organization does not say whether it is active: {outcome}")]
    assert unread(accounts) == (unknown if outcome.startswith("its") else [])


def test_an_organization_that_can_t_be_read_hides_no_named_account(world: World) -> None:
    world.answers |= organization() | {"ListAccounts": DENIED}
    accounts = find_accounts(Scope(organization=True, accounts=[OTHER], role="Audit"))
    assert found(accounts) == [(OTHER, (REGION,))]
    [(where, reason)] = unread(accounts)
    assert where == "the organization"
    assert reason.startswith("AWS does not allow ListAccounts: ")


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (organization(), "an organization without an active account"),
        (organization({"Id": OTHER, "State": "CLOSED"}), "an organization without an active account"),
        (organization() | {"DescribeOrganization": {}}, "an answer without Organization"),
        (organization() | {"DescribeOrganization": {"Organization": {}}}, "an answer without Id"),
        (organization({"State": "ACTIVE"}), "an answer without Id"),
    ],
)
def test_an_organization_of_nobody(world: World, answers: dict[str, Given], reason: str) -> None:
    world.answers |= answers
    accounts = find_accounts(Scope(organization=True, role="Audit"))
    assert found(accounts) == []
    assert unread(accounts) == [("the organization", f"AWS's answer can't be read: {reason}")]


@pytest.mark.parametrize(("region", "endpoint"), [(FAR, "aws-global"), ("cn-north-1", "aws-cn-global")])
def test_the_organization_is_that_of_the_partition(world: World, region: str, endpoint: str) -> None:
    """botocore knows where it answers."""
    regions: list[str] = []

    def described(request: Answer) -> Answer:
        regions.append(request["region"])
        return {"Organization": {"Id": "o-ourown1234"}}

    world.answers |= organization({"Id": OTHER, "State": "ACTIVE"}) | {"DescribeOrganization": described}
    find_accounts(Scope(organization=True, role="Audit", regions=[region]))
    assert regions == [endpoint]


# All Regions -------------------------------------------------------------------------------------------


def enabled(*names: str) -> Answer:
    return {"Regions": [{"RegionName": name} for name in names]}


def test_all_regions_that_an_account_has_enabled(world: World) -> None:
    world.answers["DescribeRegions"] = enabled(FAR, "moon-2", REGION, "moon-1", FAR)
    accounts = find_accounts(Scope(all_regions=True))
    assert found(accounts) == [(ACCOUNT, (REGION, FAR))]
    reason = "the installed botocore does not know this Region: update boto3"
    assert unread(accounts) == [(f"{ACCOUNT} in moon-1", reason), (f"{ACCOUNT} in moon-2", reason)]
    aws = world.made[None, None]
    assert aws.requests_of("DescribeRegions") == [{"AllRegions": False}]
    assert [region for region, operation, _ in aws.asked if operation == "DescribeRegions"] == [REGION]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({}, "an answer without Regions"),
        (enabled(), "an answer without any Region"),
        ({"Regions": [{}]}, "an answer without RegionName"),
    ],
)
def test_no_regions(world: World, answer: Answer, reason: str) -> None:
    world.answers["DescribeRegions"] = answer
    accounts = find_accounts(Scope(all_regions=True))
    assert found(accounts) == []
    assert unread(accounts) == [("the configuration", f"AWS's answer can't be read: {reason}")]


def test_an_account_whose_regions_are_unknown_may_be_read_by_another_way(world: World) -> None:
    turns: Iterator[Answer] = iter([DENIED, enabled(REGION)])
    world.answers["DescribeRegions"] = lambda _: next(turns)
    accounts = find_accounts(Scope(all_regions=True, profiles=["a", "b"]))
    assert found(accounts) == [(ACCOUNT, (REGION,))]
    assert [where for where, _ in unread(accounts)] == ["profile a"]


def test_only_regions_that_are_unknown(world: World) -> None:
    world.answers["DescribeRegions"] = enabled("moon-1")
    accounts = find_accounts(Scope(all_regions=True))
    assert found(accounts) == []
    assert len(accounts.unread) == 1


# The audit ---------------------------------------------------------------------------------------------

IMMUTABLE = [RULES["tags-immutable"]]


def test_an_audit(world: World) -> None:
    world.answers |= organization(
        {"Id": ACCOUNT, "State": "ACTIVE"}, {"Id": OTHER, "State": "ACTIVE"}, {"Id": THIRD, "State": "CLOSED"}
    )
    world.answers["DescribeRepositories"] = lambda request: {
        "repositories": [repository("shop/web", request["region"])]
    }
    counted: list[int] = []
    scope = Scope(organization=True, role="Audit", regions=[REGION, FAR])
    audit = read_registries(IMMUTABLE, scope, progress=counted.append)
    assert audit.places == ((ACCOUNT, REGION), (ACCOUNT, FAR), (OTHER, REGION), (OTHER, FAR))
    assert (audit.unread, audit.skipped) == ((), ((THIRD, "CLOSED"),))
    assert (audit.organization, set(audit.members)) == ("o-ourown1234", {ACCOUNT, OTHER})
    assert (audit.resumed, audit.requests) == (0, 0)
    assert counted == [1, 2, 3, 4]
    assert [type(state) for state in audit.states] == [RepositoryState, RegistryState] * 4


def test_an_audit_of_nothing_is_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason is: here there is none."""
    monkeypatch.setattr("registry_constructs.live.audit.audit.find_accounts", lambda _: Accounts())
    audit = read_registries(IMMUTABLE, Scope())
    assert audit.unread == (Unjudged(rule=None, where="the audit", reason="it read no registry"),)
    assert (audit.places, audit.states, audit.members) == ((), (), frozenset())
    assert world.taken == []


def test_an_audit_of_repositories_that_are_denied(world: World) -> None:
    world.answers["DescribeRepositories"] = DENIED
    audit = read_registries(IMMUTABLE, Scope())
    reason = "AWS does not allow DescribeRepositories (AccessDeniedException)"
    assert audit.unread == (
        Unjudged(rule=None, where=f"the repositories of {ACCOUNT} in {REGION}", reason=reason),
    )
    assert audit.places == ()
    assert audit.members == {ACCOUNT}


@pytest.mark.parametrize(
    "code", ["InvalidClientTokenId", "InvalidSignatureException", "UnrecognizedClientException"]
)
def test_a_region_that_is_not_enabled(world: World, code: str) -> None:
    world.answers["DescribeRepositories"] = lambda request: (
        refused(code) if request["region"] == FAR else {"repositories": []}
    )
    audit = read_registries(IMMUTABLE, Scope(regions=[REGION, FAR, "eu-central-1"]))
    [unknown] = audit.unread
    assert unknown.where == f"{ACCOUNT} in {FAR}"
    assert unknown.reason == (
        f"the Region is not enabled for the account (The credentials are not valid, or no longer ({code}))"
    )
    assert audit.places == ((ACCOUNT, REGION), (ACCOUNT, "eu-central-1"))
    # Where they work, the credentials are asked for once more.
    identities = [
        region for region, operation, _ in world.made[None, None].asked if operation == "GetCallerIdentity"
    ]
    assert identities == [REGION, REGION]


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ThrottlingException", "OptInRequired"])
def test_a_region_that_can_t_be_read_for_another_reason(world: World, code: str) -> None:
    world.answers["DescribeRepositories"] = lambda request: (
        refused(code) if request["region"] == FAR else {"repositories": []}
    )
    audit = read_registries(IMMUTABLE, Scope(regions=[REGION, FAR]))
    assert [one.where for one in audit.unread] == [f"the repositories of {ACCOUNT} in {FAR}"]


@pytest.mark.parametrize("region", [REGION, FAR])
def test_credentials_that_are_lost_on_the_way(world: World, region: str) -> None:
    """From then on nothing is asked; in a later Region they are tried once more where they have worked."""
    lost = False

    def listed(request: Answer) -> Answer:
        nonlocal lost
        lost = lost or request["region"] == region
        return refused("UnrecognizedClientException") if lost else {"repositories": []}

    def identity(_: Answer) -> Answer:
        return refused("UnrecognizedClientException") if lost else {"Account": ACCOUNT}

    world.answers["DescribeRepositories"] = listed
    world.identities = {(None, None): identity}  # type: ignore[dict-item]
    audit = read_registries(IMMUTABLE, Scope(regions=[REGION, FAR, "eu-central-1"]))
    reason = "The credentials are not valid, or no longer (UnrecognizedClientException)"
    rest = [FAR, "eu-central-1"] if region == REGION else ["eu-central-1"]
    assert {(one.where, one.reason) for one in audit.unread} == {
        (f"the repositories of {ACCOUNT} in {region}", reason),
        *((f"{ACCOUNT} in {each}", reason) for each in rest),
    }


PUBLIC = [RULES["public-repository-allowed"]]


@pytest.mark.parametrize(
    ("region", "public"), [(REGION, True), ("cn-north-1", False), ("us-iso-east-1", False)]
)
def test_public_repositories_are_read_once_where_there_are_any(
    world: World, region: str, public: bool
) -> None:
    tools = {"repositoryArn": "arn:tools", "repositoryName": "tools"}
    world.answers["ecr-public:DescribeRepositories"] = {"repositories": [tools]}
    world.answers["ecr-public:GetRepositoryPolicy"] = refused("RepositoryPolicyNotFoundException")
    audit = read_registries(PUBLIC, Scope(regions=[region]))
    found = [state.place for state in audit.states if isinstance(state, PublicRepositoryState)]
    assert found == [Location(account=ACCOUNT, region="us-east-1", address="arn:tools")] * public
    assert audit.unread == ()


FLOATING = [RULES["floating-tag"]]
NOTHING_RUNS: dict[str, Given] = {
    "ecs:ListClusters": {"clusterArns": []},
    "eks:ListClusters": {"clusters": []},
    "ListSchedules": {"Schedules": []},
    "ListFunctions": {"Functions": [{"FunctionName": "web", "PackageType": "Image", "Version": "$LATEST"}]},
    "ListVersionsByFunction": {
        "Versions": [{"FunctionName": "web", "PackageType": "Image", "Version": "$LATEST"}]
    },
}


def test_what_runs_is_read_for_each_region(world: World) -> None:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/web:latest"
    world.answers |= NOTHING_RUNS | {
        "DescribeRepositories": lambda request: {
            "repositories": [
                repository(
                    "shop/web",
                    request["region"],
                    imageTagMutability="MUTABLE" if request["region"] == REGION else "IMMUTABLE",
                )
            ]
        },
        "GetFunction": {"Code": {"ImageUri": image}},
        "eks:ListClusters": DENIED,
    }
    audit = read_registries(FLOATING, Scope(regions=[REGION, FAR]))
    consumers = [state for state in audit.states if isinstance(state, ConsumerState)]
    assert [(one.name, one.place.region, one.images) for one in consumers] == [
        (f"lambda function web in {region}", region, (image,)) for region in (REGION, FAR)
    ]
    assert [one.mutability["shop/web"] for one in consumers] == ["MUTABLE", "IMMUTABLE"]
    assert {one.place.account for one in consumers} == {ACCOUNT}
    assert [one.where for one in audit.unread] == [
        f"eks in {region} of {ACCOUNT} in {region}" for region in (REGION, FAR)
    ]
    assert all(one.reason.startswith("AWS does not allow ListClusters: ") for one in audit.unread)


def test_credentials_that_are_lost_beside_the_registries(world: World) -> None:
    world.answers |= NOTHING_RUNS | {"ecs:ListClusters": EXPIRED}
    audit = read_registries(FLOATING, Scope())
    assert audit.unread == (
        Unjudged(
            rule=None,
            where=f"account {ACCOUNT} in {REGION}",
            reason="The credentials are not valid, or no longer (ExpiredTokenException)",
        ),
    )


# Interruptions -----------------------------------------------------------------------------------------

LIFECYCLE = [RULES["lifecycle-policy"]]


@pytest.fixture
def two(world: World) -> Callable[[Answer], Any]:
    """Audits two repositories, of which one answers as given."""

    def audit(answer: Answer, **keywords: Any) -> Any:
        world.answers |= {
            "DescribeRepositories": {"repositories": [repository("shop/cart"), repository("shop/web")]},
            "GetLifecyclePolicy": lambda request: (
                answer
                if request["repositoryName"] == "shop/web"
                else refused("LifecyclePolicyNotFoundException")
            ),
        }
        return read_registries(LIFECYCLE, Scope(), **keywords)

    return audit


def test_what_was_read_is_kept_until_all_is(two: Callable[..., Any], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert two(DENIED).resumed == 0
    assert two(DENIED, resume=kept).resumed == 0
    assert kept.exists()
    audit = two({"lifecyclePolicyText": "{}"}, resume=kept)
    assert audit.resumed == 1
    assert not kept.exists()


def test_what_was_read_is_kept_while_a_registry_is_unknown(
    two: Callable[..., Any], world: World, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    world.answers["DescribeRegions"] = enabled(REGION, "moon-1")
    two({"lifecyclePolicyText": "{}"}, resume=kept)
    assert not kept.exists()
    audit = read_registries(LIFECYCLE, Scope(all_regions=True), resume=kept)
    assert [one.where for one in audit.unread] == [f"{ACCOUNT} in moon-1"]
    assert kept.exists()


def test_another_audit_takes_nothing_from_what_was_kept(
    two: Callable[..., Any], world: World, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    two(DENIED, resume=kept)
    world.answers["ListTagsForResource"] = {"tags": []}
    assert read_registries([RULES["required-tags"]], Scope(), resume=kept).resumed == 0
    two(DENIED, resume=kept)
    assert read_registries(LIFECYCLE, Scope(regions=[REGION, FAR]), resume=kept).resumed == 0
    assert read_registries(LIFECYCLE, Scope(regions=[REGION, FAR]), resume=kept).resumed >= 1


def test_a_file_that_another_run_writes(two: Callable[..., Any], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with Journal(kept, {}), pytest.raises(InvalidInputError) as error:
        two(DENIED, resume=kept)
    assert error.value.where == "--resume"


def test_public_repositories_of_every_account(world: World) -> None:
    """And what of them is unknown, beside what is known of others."""
    tools = {"repositoryArn": "arn:tools", "repositoryName": "tools"}
    turns: Iterator[Answer] = iter([{"repositories": [tools]}, DENIED, {"repositories": [tools]}])
    world.answers |= {
        "ecr-public:DescribeRepositories": lambda _: next(turns),
        "ecr-public:GetRepositoryPolicy": refused("RepositoryPolicyNotFoundException"),
    }
    audit = read_registries(PUBLIC, Scope(accounts=[ACCOUNT, OTHER, THIRD], role="Audit"))
    found = [state.place.account for state in audit.states if isinstance(state, PublicRepositoryState)]
    assert found == [ACCOUNT, THIRD]
    assert [one.where for one in audit.unread] == [f"the public repositories of {OTHER} in us-east-1"]


def test_credentials_that_the_first_region_does_not_know(world: World) -> None:
    """There is no Region in which they have worked: they are lost, whatever others would say."""
    world.answers["DescribeRepositories"] = lambda request: (
        refused("UnrecognizedClientException") if request["region"] == REGION else {"repositories": []}
    )
    audit = read_registries(IMMUTABLE, Scope(regions=[REGION, FAR]))
    assert [one.where for one in audit.unread] == [
        f"{ACCOUNT} in {FAR}",
        f"the repositories of {ACCOUNT} in {REGION}",
    ]
