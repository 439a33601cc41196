"""The commands that read a live AWS, against an AWS that answers in every way that it should not."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.live import Aws, answers
from registry_constructs.live.answers import MOST_FRUITLESS
from registry_constructs.simulation import read_inventories
from tests.live.served import (
    ACCOUNT,
    NOTHING,
    REGION,
    Answer,
    Answers,
    Command,
    Request,
    Served,
    organization,
    refusal,
    regions,
    repository,
)

pytestmark = pytest.mark.deploy


AUDIT = ("audit", "--format", "json")
OTHER, THIRD = "222233334444", "333344445555"
MEMBER = {"Id": OTHER, "State": "ACTIVE"}
IN_ORGANIZATION = (*AUDIT, "--organization", "--role", "Audit", "--rule", "tags-immutable")


def wheres(report: dict[str, Any]) -> list[str]:
    return [one["where"] for one in report["unknown"]]


# The accounts of an organization -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"State": "ACTIVE"},
        {"Status": "ACTIVE"},
        {"State": "ACTIVE", "Status": "ACTIVE"},
        {"State": "ACTIVE", "Status": "SUSPENDED"},
        {"State": None, "Status": "ACTIVE"},
        {"State": "", "Status": "ACTIVE"},
    ],
    ids=str,
)
def test_an_active_account_is_read_whichever_field_says_so(
    served: Served, command: Command, fields: dict[str, Any]
) -> None:
    served.answers |= organization({"Id": OTHER, **fields})
    served.answers["DescribeRepositories"] = {
        "repositories": [repository("shop/web", imageTagMutability="MUTABLE")]
    }
    result = command(*IN_ORGANIZATION)
    assert result.status == 3
    assert [one["place"]["account"] for one in result.report["findings"]] == [OTHER]
    assert result.report["unknown"] == []


@pytest.mark.parametrize("state", ["CLOSED", "PENDING_ACTIVATION", "PENDING_CLOSURE", "SUSPENDED"])
@pytest.mark.parametrize("field", ["State", "Status"])
def test_an_account_that_is_not_active_is_reported_and_not_read(
    served: Served, command: Command, field: str, state: str
) -> None:
    served.answers |= organization(MEMBER, {"Id": THIRD, field: state})
    result = command(*IN_ORGANIZATION)
    assert (result.status, result.report["judged"]) == (0, "1 account, 1 Region")
    assert f"Note: account {THIRD} of the organization is {state} and was not read." in result.err
    assert served.calls["AssumeRole"] == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({}, "missing"), ({"State": None}, "missing"), ({"State": "FROZEN", "Status": "ACTIVE"}, "FROZEN")],
)
def test_an_account_that_may_be_active_is_unknown(
    served: Served, command: Command, fields: dict[str, Any], reason: str
) -> None:
    served.answers |= organization(MEMBER, {"Id": THIRD, **fields})
    result = command(*IN_ORGANIZATION)
    assert result.status == 4
    assert wheres(result.report) == [f"account {THIRD}"]
    assert f"its state is {reason}" in result.report["unknown"][0]["reason"]


NO_ORGANIZATION: dict[str, Answers] = {
    "no account": organization(),
    "none active": organization({"Id": OTHER, "State": "SUSPENDED"}, {"Id": THIRD, "State": "CLOSED"}),
    "no state": organization({"Id": OTHER}),
    "no id": organization({"State": "ACTIVE"}),
    "id is a list": organization({"Id": [], "State": "ACTIVE"}),
    "account is a list": organization(MEMBER) | {"ListAccounts": {"Accounts": [[]]}},
    "accounts is an object": organization() | {"ListAccounts": {"Accounts": {}}},
    "no accounts": organization() | {"ListAccounts": {}},
    "list denied": organization() | {"ListAccounts": refusal("AccessDeniedException")},
    "not in one": {"DescribeOrganization": refusal("AWSOrganizationsNotInUseException")},
    "no organization": organization(MEMBER) | {"DescribeOrganization": {}},
    "organization is a list": organization(MEMBER) | {"DescribeOrganization": {"Organization": []}},
    "no id of it": organization(MEMBER) | {"DescribeOrganization": {"Organization": {}}},
    "expired": organization(MEMBER) | {"DescribeOrganization": refusal("ExpiredTokenException")},
    "role denied": organization(MEMBER) | {"AssumeRole": (403, b"<ErrorResponse><Error/></ErrorResponse>")},
    "role of nonsense": organization(MEMBER) | {"AssumeRole": b"[]"},
    "role without credentials": organization(MEMBER)
    | {"AssumeRole": b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"},
    "no identity": organization(MEMBER)
    | {
        "GetCallerIdentity": b"<GetCallerIdentityResponse><GetCallerIdentityResult/>"
        b"</GetCallerIdentityResponse>"
    },
    "registry denied": organization(MEMBER) | {"DescribeRepositories": refusal("AccessDeniedException")},
}


@pytest.mark.parametrize("case", NO_ORGANIZATION)
def test_an_audit_of_an_organization_that_read_no_registry_is_unknown(
    served: Served, command: Command, case: str
) -> None:
    served.answers |= NO_ORGANIZATION[case]
    result = command(*IN_ORGANIZATION)
    assert result.status == 4, result
    assert result.report["unknown"]
    assert result.report["judged"] == "0 accounts, 0 Regions"
    assert "No registry was read" in result.err


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ((), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
        (("--profile", "none"), {}),
        (("--profile", "none", "--profile", "neither"), {}),
        (("--role", "Audit", "--account", OTHER), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
        (("--role", "Audit", "--account", OTHER, "--profile", "none"), {}),
        ((), {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
    ],
    ids=[
        "no credentials",
        "no profile",
        "no profiles",
        "none to assume",
        "no profile to assume",
        "no network",
    ],
)
def test_an_audit_without_credentials_is_unknown(
    command: Command, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    result = command(*AUDIT, *arguments, **variables)
    assert result.status == 4, result
    assert result.report["unknown"]
    assert "No registry was read" in result.err


def test_one_profile_that_is_missing_hides_no_other(command: Command, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"[profile good]\naws_access_key_id = {OTHER}\naws_secret_access_key = secret\nregion = {REGION}\n"
    )
    result = command(
        *AUDIT,
        *("--profile", "none", "--profile", "good"),
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
    )
    assert result.status == 4, result
    assert wheres(result.report) == ["profile none"]
    assert result.report["judged"] == "1 account, 1 Region"


def test_a_registry_without_repositories_that_was_read_is_known(command: Command) -> None:
    result = command(*AUDIT)
    assert (result.status, result.report["unknown"], result.report["judged"]) == (
        0,
        [],
        "1 account, 1 Region",
    )


@pytest.mark.parametrize(
    ("region", "partition", "public"),
    [
        ("eu-west-1", "aws", True),
        ("cn-north-1", "aws-cn", False),
        ("us-gov-west-1", "aws-us-gov", False),
        ("us-iso-east-1", "aws-iso", False),
        ("us-isob-east-1", "aws-iso-b", False),
        ("eusc-de-east-1", "aws-eusc", False),
    ],
)
def test_every_partition(served: Served, command: Command, region: str, partition: str, public: bool) -> None:
    """The role is of the Region's partition, and only one of them has public repositories."""
    assumed = []
    assume = served.answers["AssumeRole"]

    def remember(request: Request) -> Answer:
        assumed.append(request["RoleArn"])
        return assume(request)

    served.answers |= organization(MEMBER) | {
        "AssumeRole": remember,
        "ecr-public:DescribeRepositories": {"repositories": []},
        "ecr-public:GetRepositoryPolicy": refusal("RepositoryPolicyNotFoundException"),
    }
    rules = ("--rule", "tags-immutable", "--rule", "public-repository-allowed")
    result = command(*AUDIT, "--organization", "--role", "Audit", *rules, region=region)
    assert result.status == 0, result
    assert assumed == [f"arn:{partition}:iam::{OTHER}:role/Audit"]
    assert served.calls["DescribeRepositories"] == 1 + public


# Regions -----------------------------------------------------------------------------------------------


def test_a_region_that_botocore_does_not_know_is_unknown_and_the_others_are_read(
    served: Served, command: Command
) -> None:
    served.answers["DescribeRegions"] = regions("us-east-1", "moon-west-1", REGION, "moon-west-1")
    served.answers["DescribeRepositories"] = lambda request: {
        "repositories": [repository("shop/web", region=request["region"], imageTagMutability="MUTABLE")]
    }
    result = command(*AUDIT, "--all-regions", "--rule", "tags-immutable")
    assert result.status == 5, result
    assert wheres(result.report) == [f"{ACCOUNT} in moon-west-1"]
    assert "botocore does not know this Region" in result.report["unknown"][0]["reason"]
    assert {one["place"]["region"] for one in result.report["findings"]} == {"us-east-1", REGION}
    assert result.report["judged"] == "1 account, 2 Regions"


@pytest.mark.parametrize(
    "answer",
    [
        regions("moon-west-1"),
        regions("Europe!"),
        regions(),
        regions(""),
        b"<DescribeRegionsResponse/>",
        b"<DescribeRegionsResponse><regionInfo><item/></regionInfo></DescribeRegionsResponse>",
        b"[]",
        b"",
        refusal("UnauthorizedOperation"),
    ],
    ids=str,
)
def test_no_region_that_can_be_read_is_unknown(served: Served, command: Command, answer: Answer) -> None:
    served.answers["DescribeRegions"] = answer
    result = command(*AUDIT, "--all-regions")
    assert result.status == 4, result
    assert len(result.report["unknown"]) == 1
    assert result.report["judged"] == "0 accounts, 0 Regions"


# Pages -------------------------------------------------------------------------------------------------

NAMES = ["shop/cart", "shop/checkout", "shop/web"]
INVENTORY = ("inventory", "--all", "--output", "inventory.jsonl")
IMPORT = ("catalog", "import", "--output", "catalog.yaml")


def paged(key: str, token: str, pages: dict[str, tuple[list[Any], str]]) -> Callable[[Request], Answer]:
    """Pages by the token that leads to them; the first has none."""
    asked = {"nextToken": "nextToken", "NextToken": "NextToken", "NextMarker": "Marker"}[token]

    def answer(request: Request) -> Answer:
        items, following = pages[request.get(asked, "")]
        return {key: items} | ({token: following} if following else {})

    return answer


def endless(key: str, token: str, items: list[Any]) -> Callable[[Request], Answer]:
    """The same items and another token, for ever."""
    asked = {"nextToken": "nextToken", "NextToken": "NextToken", "NextMarker": "Marker"}[token]
    return lambda request: {key: items, token: str(int(request.get(asked, "0")) + 1)}


def test_what_comes_twice_counts_once_and_cost_takes_it(served: Served, command: Command) -> None:
    found = [repository(name) for name in NAMES]
    served.answers["DescribeRepositories"] = paged(
        "repositories",
        "nextToken",
        {"": (found[:2], "a"), "a": (found, "b"), "b": ([], "c"), "c": ([*found, found[0]], "")},
    )
    images = [
        {"imageDigest": f"sha256:{number:064}", "imagePushedAt": 1, "imageManifestMediaType": "x"}
        for number in range(2)
    ]
    served.answers["DescribeImages"] = paged(
        "imageDetails", "nextToken", {"": (images, "a"), "a": (images[::-1], "")}
    )
    result = command(*INVENTORY)
    assert result.status == 0, result
    assert "3 repositories with 6 images" in result.err
    assert [one.repository_name for one in read_inventories("inventory.jsonl")] == NAMES
    assert command("cost", "--images", "inventory.jsonl").status == 0
    assert command(*IMPORT).status == 0
    report = command(*AUDIT, "--rule", "tags-immutable").report
    assert report["counts"]["passed"] == 3


def test_an_image_that_comes_again_is_as_it_was_last(served: Served, command: Command) -> None:
    served.answers["DescribeRepositories"] = {"repositories": [repository("shop/web")]}
    first = {
        "imageDigest": f"sha256:{1:064}",
        "imagePushedAt": 1,
        "imageTags": ["old"],
        "imageManifestMediaType": "x",
    }
    served.answers["DescribeImages"] = paged(
        "imageDetails", "nextToken", {"": ([first], "a"), "a": ([first | {"imageTags": ["new"]}], "")}
    )
    assert command(*INVENTORY).status == 0
    [found] = read_inventories("inventory.jsonl")
    assert [image.tags for image in found.images] == [("new",)]


ENDLESS: dict[str, Callable[[str, str, list[Any]], Callable[[Request], Answer]]] = {
    "the same token": lambda key, token, items: paged(key, token, {"": (items, "a"), "a": ([], "a")}),
    "tokens in turns": lambda key, token, items: paged(
        key, token, {"": (items, "a"), "a": (items, "b"), "b": ([], "a")}
    ),
    "three in turns": lambda key, token, items: paged(
        key, token, {"": ([], "a"), "a": (items, "b"), "b": ([], "c"), "c": ([], "a")}
    ),
    "empty pages": lambda key, token, _: endless(key, token, []),
    "pages that repeat": endless,
}
IMAGE = {"imageDigest": f"sha256:{1:064}", "imagePushedAt": 1, "imageManifestMediaType": "x"}
FUNCTION = {"FunctionName": "web", "PackageType": "Image", "Version": "$LATEST"}
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop"
RUNNING: Answers = {
    "DescribeRepositories": {"repositories": [repository("shop/web")]},
    "ListClusters": {"clusterArns": [CLUSTER]},
    "eks:ListClusters": {"clusters": []},
    "ListServices": {"serviceArns": []},
    "ListTasks": {"taskArns": []},
    "ListSchedules": {"Schedules": []},
    "ListEventBuses": {"EventBuses": [{"Name": "default"}]},
    "ListRuleNamesByTarget": {"RuleNames": []},
    "ListFunctions": {"Functions": []},
}

# Of each list that comes in pages: operation, key, token, an item, and the command that reads it.
LISTS: list[tuple[str, str, str, Any, tuple[str, ...]]] = [
    ("DescribeRepositories", "repositories", "nextToken", repository("shop/web"), AUDIT),
    ("DescribeRepositories", "repositories", "nextToken", repository("shop/web"), INVENTORY),
    ("DescribeRepositories", "repositories", "nextToken", repository("shop/web"), IMPORT),
    ("DescribeImages", "imageDetails", "nextToken", IMAGE, (*AUDIT, "--rule", "images-scanned")),
    ("DescribeImages", "imageDetails", "nextToken", IMAGE, INVENTORY),
    (
        "DescribePullThroughCacheRules",
        "pullThroughCacheRules",
        "nextToken",
        {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"},
        AUDIT,
    ),
    (
        "DescribeRepositoryCreationTemplates",
        "repositoryCreationTemplates",
        "nextToken",
        {"prefix": "quay", "appliedFor": ["REPLICATION"]},
        AUDIT,
    ),
    (
        "ecr-public:DescribeRepositories",
        "repositories",
        "nextToken",
        repository("tools"),
        (*AUDIT, "--rule", "public-repository-allowed"),
    ),
    ("ListAccounts", "Accounts", "NextToken", MEMBER, IN_ORGANIZATION),
    *(
        (operation, key, token, item, (*AUDIT, "--rule", "floating-tag"))
        for operation, key, token, item in (
            ("ecs:ListClusters", "clusterArns", "nextToken", CLUSTER),
            ("ListServices", "serviceArns", "nextToken", f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/shop/web"),
            ("ListTasks", "taskArns", "nextToken", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/shop/1"),
            ("eks:ListClusters", "clusters", "nextToken", "blue"),
            ("ListFunctions", "Functions", "NextMarker", FUNCTION),
            ("ListVersionsByFunction", "Versions", "NextMarker", FUNCTION),
            (
                "ListSchedules",
                "Schedules",
                "NextToken",
                {"GroupName": "default", "Name": "night", "Target": {"Arn": CLUSTER}},
            ),
            ("ListEventBuses", "EventBuses", "NextToken", {"Name": "default"}),
            ("ListRuleNamesByTarget", "RuleNames", "NextToken", "when"),
            ("ListTargetsByRule", "Targets", "NextToken", {"Id": "1", "Arn": CLUSTER}),
        )
    ),
]
NEEDED: dict[str, Answers] = {
    "ListVersionsByFunction": {"ListFunctions": {"Functions": [FUNCTION]}},
    "ListTargetsByRule": {"ListRuleNamesByTarget": {"RuleNames": ["when"]}},
    "ListAccounts": organization(),
}


@pytest.mark.parametrize(
    ("listed", "kind"),
    [
        pytest.param(listed, kind, id=f"{listed[4][0]} {listed[0]}, {kind}")
        for listed in LISTS
        for kind in ENDLESS
        if listed[0] == "DescribeRepositories" or kind in ("tokens in turns", "pages that repeat")
    ],
)
def test_pages_that_never_end_are_unknown_everywhere(
    served: Served,
    command: Command,
    listed: tuple[str, str, str, Any, tuple[str, ...]],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operation, key, token, item, arguments = listed
    monkeypatch.setattr(answers, "MOST_FRUITLESS", 20)
    served.answers |= RUNNING | NEEDED.get(operation, {})
    served.answers[operation] = ENDLESS[kind](key, token, [item])
    result = command(*arguments)
    assert result.status in ({4, 5} if arguments[0] == "audit" else {1}), result
    text = result.out + result.err
    assert key in text
    assert "comes again" in text or "without anything new" in text
    assert not Path("inventory.jsonl").exists()
    assert not Path("catalog.yaml").exists()
    # Public repositories have a list of the same name.
    assert served.calls[operation.rpartition(":")[2]] <= 2 * 21


def test_every_list_that_is_read_was_tried() -> None:
    """Lists are read with `pages` alone, and each of them is one of those above or in another test."""
    elsewhere = {"get_lifecycle_policy_preview", "get_products", "list_stacks", "list_images"}
    sources = list((Path(__file__).parents[2] / "registry_constructs" / "live").rglob("*.py"))
    text = "\n".join(source.read_text() for source in sources)
    assert len(sources) > 20
    assert "paginat" not in text
    read = set(re.findall(r'"((?:list|describe|get)_[a-z_]+)",?\s+"[A-Za-z]+"', text))
    tried = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", one[0].rpartition(":")[2]).lower() for one in LISTS}
    assert read == tried | elsewhere


@pytest.mark.parametrize("kind", ENDLESS)
def test_stacks_and_images_that_a_plan_counts(served: Served, command: Command, kind: str) -> None:
    Path("catalog.yaml").write_text(
        f"environments: {{prod: {{account: '{ACCOUNT}', region: {REGION}}}}}\n"
        "repositories: {shop/web: {}}\n"
    )
    plan = ("catalog", "plan", "catalog.yaml", "--against", "live")
    assert served.calls["ListStacks"] == 0

    def stacks(request: Request) -> bytes:
        number = int(request.get("NextToken", "0"))
        return {
            "the same token": _stacks("a"),
            "tokens in turns": _stacks(str(1 - number)),
            "three in turns": _stacks(str((number + 1) % 3)),
            "empty pages": _stacks(str(number + 1)),
            "pages that repeat": _stacks(str(number + 1), "Repositories0"),
        }[kind]

    served.answers["ListStacks"] = stacks if kind != "the same token" else lambda _: _stacks("a")
    result = command(*plan)
    assert result.status == 1, result
    assert "StackSummaries" in result.err
    assert served.calls["ListStacks"] <= MOST_FRUITLESS + 1


def _stacks(token: str, *names: str) -> bytes:
    members = "".join(
        f"<member><StackName>{name}</StackName><StackStatus>CREATE_COMPLETE</StackStatus></member>"
        for name in names
    )
    return (
        f"<ListStacksResponse><ListStacksResult><StackSummaries>{members}</StackSummaries>"
        f"<NextToken>{token}</NextToken></ListStacksResult></ListStacksResponse>"
    ).encode()


# Answers that are not what AWS sends -------------------------------------------------------------------

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
GOOD: Answers = {
    "DescribeRepositories": {
        "repositories": [
            repository(
                "shop/web",
                imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
                encryptionConfiguration={"encryptionType": "KMS", "kmsKey": KEY},
            )
        ]
    },
    "DescribeKey": {"KeyMetadata": {"KeyId": "2", "Arn": KEY.replace("/1", "/2")}},
    "DescribePullThroughCacheRules": {
        "pullThroughCacheRules": [{"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}]
    },
    "DescribeRegistry": {
        "replicationConfiguration": {
            "rules": [
                {
                    "destinations": [{"region": "us-east-1", "registryId": ACCOUNT}],
                    "repositoryFilters": [{"filter": "shop", "filterType": "PREFIX_MATCH"}],
                }
            ]
        }
    },
    "DescribeRepositoryCreationTemplates": {
        "repositoryCreationTemplates": [{"prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE"]}]
    },
    "GetLifecyclePolicy": {"lifecyclePolicyText": json.dumps({"rules": []})},
    "GetRegistryPolicy": {"policyText": json.dumps({"Statement": []})},
    "GetRegistryScanningConfiguration": {
        "scanningConfiguration": {
            "scanType": "ENHANCED",
            "rules": [
                {
                    "scanFrequency": "SCAN_ON_PUSH",
                    "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
                }
            ],
        }
    },
    "BatchGetRepositoryScanningConfiguration": {
        "scanningConfigurations": [{"repositoryName": "shop/web", "scanFrequency": "SCAN_ON_PUSH"}]
    },
    "GetRepositoryPolicy": {"policyText": json.dumps({"Statement": []})},
    "ListTagsForResource": {"tags": [{"Key": "team", "Value": "shop"}]},
    "DescribeImages": {
        "imageDetails": [
            {
                "imageDigest": f"sha256:{1:064}",
                "imageTags": ["v1"],
                "imagePushedAt": 1_790_000_000,
                "imageScanStatus": {"status": "COMPLETE"},
                "imageScanFindingsSummary": {"imageScanCompletedAt": 1_790_000_000},
            }
        ]
    },
    "ecr-public:DescribeRepositories": {
        "repositories": [
            {
                "repositoryArn": f"arn:aws:ecr-public::{ACCOUNT}:repository/tools",
                "registryId": ACCOUNT,
                "repositoryName": "tools",
                "repositoryUri": "public.ecr.aws/a1b2c3/tools",
            }
        ]
    },
    "ecr-public:GetRepositoryPolicy": refusal("RepositoryPolicyNotFoundException"),
    "ecr-public:ListTagsForResource": {"tags": [{"Key": "team", "Value": "shop"}]},
}
ALL_RULES = (
    *AUDIT,
    "--rule",
    "strict",
    "--rule",
    "-floating-tag",
    "--rule",
    "repository-unused",
    "--region",
    REGION,
    "--region",
    "us-east-1",
)
MALFORMED: dict[str, Any] = {
    "null": None,
    "list": [],
    "object": {},
    "text": "x",
    "number": 5,
    "missing": ...,
}
KINDS = {str: "text", int: "number", list: "list", dict: "object"}
"""By the kind of a good value, the malformed one that is of the same kind."""

# What AWS may leave out, or what no rule needs: without it nothing is unknown.
OPTIONAL = {
    "KeyId",
    "filterType",
    "imageScanCompletedAt",
    "imageScanFindingsSummary",
    "imageScanStatus",
    "imageScanningConfiguration",
    "imageTagMutabilityExclusionFilters",
    "imageTags",
    "kmsKey",
    "registryId",
    "repositoryFilters",
    "repositoryUri",
    "scanOnPush",
}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to each value of an answer."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(answer: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """An answer with another value at a place; without it for Ellipsis."""
    if not path:
        return value
    made = copy.deepcopy(answer)
    parent = made
    for key in path[:-1]:
        parent = parent[key]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return made


PLACES = [
    (operation, path)
    for operation, answer in GOOD.items()
    if isinstance(answer, dict)
    for path in places(answer)
]


@pytest.fixture(scope="module")
def kept() -> Iterator[tuple[Served, Callable[..., Aws]]]:
    """A server for many tests, with the clients that were made for it: making them takes the most time."""
    with Served() as opened:
        made: dict[str | None, Aws] = {}

        def aws(*, profile: str | None = None, **keywords: Any) -> Aws:
            if profile not in made:
                made[profile] = Aws(profile=profile, **keywords)
            # A command that fails stops its reading for good.
            made[profile].stopped.clear()
            return made[profile]

        yield opened, aws


@pytest.fixture
def quick(
    kept: tuple[Served, Callable[..., Aws]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("registry_constructs.live.audit.accounts.Aws", kept[1])
    monkeypatch.setattr("registry_constructs.live.Aws", kept[1])
    return Command(capfd, kept[0])


def test_the_answers_that_are_changed_are_good(quick: Command) -> None:
    quick.served.answers = NOTHING | GOOD
    result = quick(*ALL_RULES)
    assert result.report["unknown"] == []
    assert result.status in {0, 3}
    assert len(PLACES) > 80


@pytest.mark.parametrize(
    ("operation", "path"), PLACES, ids=[f"{one}-{'.'.join(map(str, path))}" for one, path in PLACES]
)
def test_no_malformed_answer_is_green_or_a_traceback(
    quick: Command, operation: str, path: tuple[str | int, ...]
) -> None:
    at: Any = GOOD[operation]
    for key in path:
        at = at[key]
    allowed = {KINDS.get(type(at))} | ({"null", "missing"} if path and path[-1] in OPTIONAL else set())
    for name, value in MALFORMED.items():
        if value is ... and (not path or isinstance(path[-1], int)):
            continue
        quick.served.answers = NOTHING | GOOD | {operation: changed(GOOD[operation], path, value)}
        result = quick(*ALL_RULES)
        assert result.status in ({0, 3, 4, 5} if name in allowed else {4, 5}), (name, result)


INDEX = "application/vnd.oci.image.index.v1+json"
LISTED: Answers = GOOD | {
    "DescribeImages": {
        "imageDetails": [
            {
                "imageDigest": f"sha256:{1:064}",
                "imageTags": ["v1"],
                "imagePushedAt": 1_790_000_000,
                "imageSizeInBytes": 5,
                "imageManifestMediaType": INDEX,
            }
        ]
    },
    "BatchGetImage": {
        "images": [
            {
                "imageId": {"imageDigest": f"sha256:{1:064}"},
                "imageManifest": json.dumps({"manifests": [{"digest": f"sha256:{2:064}"}]}),
            }
        ],
        "failures": [],
    },
}
# What each command needs whole, and what it may be without.
WHOLE: dict[tuple[str, ...], tuple[tuple[str, ...], set[str]]] = {
    INVENTORY: (
        ("DescribeRepositories", "DescribeImages", "BatchGetImage"),
        {
            *("imageTags", "imageSizeInBytes", "imageManifestMediaType", "failures"),
            *("registryId", "repositoryUri", "createdAt", "imageTagMutability", "imageScanningConfiguration"),
            *("scanOnPush", "encryptionConfiguration", "encryptionType", "kmsKey"),
            "imageTagMutabilityExclusionFilters",
        },
    ),
    (*IMPORT, "--force"): (
        (
            *("DescribeRepositories", "DescribeKey", "GetLifecyclePolicy"),
            *("GetRepositoryPolicy", "ListTagsForResource"),
        ),
        {"KeyId", "createdAt", "kmsKey", "registryId", "repositoryUri"},
    ),
}


@pytest.mark.parametrize(
    ("arguments", "operation"),
    [(arguments, operation) for arguments, (operations, _) in WHOLE.items() for operation in operations],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_what_writes_a_file_writes_it_whole_or_not_at_all(
    quick: Command, arguments: tuple[str, ...], operation: str
) -> None:
    quick.served.answers = NOTHING | LISTED
    good = quick(*arguments)
    assert good.status in {0, 3}, good
    optional = WHOLE[arguments][1]
    tried = 0
    for path in places(LISTED[operation]):
        at: Any = LISTED[operation]
        for key in path:
            at = at[key]
        allowed = {KINDS.get(type(at))}
        allowed |= {"null", "missing"} if path and path[-1] in optional else set()
        for name, value in MALFORMED.items():
            if value is ... and (not path or isinstance(path[-1], int)):
                continue
            for file in Path().iterdir():
                file.unlink()
            quick.served.answers = NOTHING | LISTED | {operation: changed(LISTED[operation], path, value)}
            result = quick(*arguments)
            assert result.status in ({0, 1, 2, 3} if name in allowed else {1}), (path, name, result)
            if result.status == 1:
                assert "Error: " in result.err
                assert not Path("inventory.jsonl").exists()
                assert not Path("catalog.yaml").exists()
            tried += 1
    assert tried >= 9
