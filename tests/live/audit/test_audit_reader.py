"""One registry read for an audit: what is asked for which rules, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry_constructs.live import AwsError
from registry_constructs.live.audit.parts import actions_for, parts_of, policy_for
from registry_constructs.live.audit.public import read_public
from registry_constructs.live.audit.reader import RegistryReader
from registry_constructs.live.audit.standing import NOT_REQUESTED, Raw, Read
from registry_constructs.live.journal import Journal
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.packs import RULES
from registry_constructs.rules.rule import Part
from registry_constructs.rules.state import Location, PublicRepositoryState
from registry_constructs.rules.values import Unknown
from tests.live.answering import Answer, Answering, refused
from tests.live.audit.test_audit_states import POLICY, STATEMENT
from tests.live.test_readers import ACCOUNT, CREATED, CUSTOMER, DENIED, OWN, REGION, digest, repository

UNREADABLE = "AWS's answer can't be read"
NOT_ALLOWED = "AWS does not allow {} (AccessDeniedException)"
WEB = repository("shop/web")
SETTINGS: dict[str, Answer] = {
    "DescribeRegistry": {"replicationConfiguration": {"rules": []}},
    "DescribeRepositoryCreationTemplates": {
        "repositoryCreationTemplates": [{"prefix": "a", "appliedFor": ["REPLICATION"]}]
    },
    "GetRegistryPolicy": {"policyText": "policy"},
    "GetRegistryScanningConfiguration": {"scanningConfiguration": {"scanType": "BASIC", "rules": []}},
}


@pytest.fixture(scope="module")
def made() -> Iterator[Answering]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", REGION)
        yield Answering(concurrency=2)


@pytest.fixture
def aws(made: Answering) -> Answering:
    made.reset(
        DescribeRepositories={"repositories": [WEB]},
        DescribePullThroughCacheRules={"pullThroughCacheRules": []},
    )
    return made


def read(aws: Answering, *parts: Part, journal: Journal | None = None, region: str = REGION) -> Read:
    return RegistryReader(aws, ACCOUNT, region, frozenset(parts)).read(journal, lambda: None)


def only(found: Read) -> Raw:
    assert isinstance(found.repositories, list)
    [raw] = found.repositories
    return raw


def test_nothing_is_asked_that_no_rule_needs(aws: Answering) -> None:
    found = read(aws)
    assert found == Read(ACCOUNT, REGION, [Raw(WEB)], [], own_key=NOT_REQUESTED, stacks={})
    assert [(operation, request) for _, operation, request in aws.asked] == [
        ("DescribeRepositories", {"maxResults": 1000}),
        ("DescribePullThroughCacheRules", {"maxResults": 1000}),
    ]


def test_progress_is_counted_by_repository(aws: Answering) -> None:
    aws.answers["DescribeRepositories"] = {"repositories": [WEB, repository("shop/cart")]}
    counted: list[int] = []
    RegistryReader(aws, ACCOUNT, REGION, frozenset()).read(None, lambda: counted.append(1))
    assert counted == [1, 1]


def test_a_region_without_caches_is_not_asked_for_them(aws: Answering) -> None:
    assert read(aws, region="cn-north-1").caches == []
    assert aws.requests_of("DescribePullThroughCacheRules") == []


@pytest.mark.parametrize(
    ("part", "operation", "answer", "field", "expected"),
    [
        (Part.LIFECYCLE, "GetLifecyclePolicy", {"lifecyclePolicyText": "a"}, "lifecycle", "a"),
        (Part.LIFECYCLE, "GetLifecyclePolicy", refused("LifecyclePolicyNotFoundException"), "lifecycle", ""),
        (Part.POLICY, "GetRepositoryPolicy", {"policyText": "a"}, "policy", "a"),
        (Part.POLICY, "GetRepositoryPolicy", refused("RepositoryPolicyNotFoundException"), "policy", ""),
        (Part.TAGS, "ListTagsForResource", {"tags": [{"Key": "a", "Value": ""}]}, "tags", {"a": ""}),
        (Part.RETENTION, "ListTagsForResource", {"tags": []}, "tags", {}),
        (Part.IMAGES, "DescribeImages", {"imageDetails": []}, "images", []),
    ],
)
def test_a_part_of_a_repository(
    aws: Answering, part: Part, operation: str, answer: Answer, field: str, expected: Any
) -> None:
    aws.answers[operation] = answer
    raw = only(read(aws, part))
    assert raw == Raw(WEB)._replace(**{field: expected})
    [request] = aws.requests_of(operation)
    asked_for = WEB["repositoryArn"] if "resourceArn" in request else WEB["repositoryName"]
    assert (request.get("resourceArn") or request["repositoryName"]) == asked_for


@pytest.mark.parametrize(
    ("part", "operation", "field", "empty"),
    [
        (Part.LIFECYCLE, "GetLifecyclePolicy", "lifecycle", "lifecyclePolicyText"),
        (Part.POLICY, "GetRepositoryPolicy", "policy", "policyText"),
        (Part.TAGS, "ListTagsForResource", "tags", "tags"),
        (Part.IMAGES, "DescribeImages", "images", "imageDetails"),
    ],
)
def test_a_part_that_can_t_be_read_is_unknown(
    aws: Answering, part: Part, operation: str, field: str, empty: str
) -> None:
    aws.answers[operation] = DENIED
    assert getattr(only(read(aws, part)), field) == Unknown(NOT_ALLOWED.format(operation))
    aws.answers[operation] = {}
    assert getattr(only(read(aws, part)), field) == Unknown(f"{UNREADABLE}: an answer without {empty}")
    aws.answers[operation] = refused("RepositoryNotFoundException")
    assert read(aws, part).repositories == []


def test_images(aws: Answering) -> None:
    aws.answers["DescribeImages"] = {
        "imageDetails": [
            {
                "imageDigest": digest(1),
                "imageTags": ["v1"],
                "imagePushedAt": CREATED,
                "lastRecordedPullTime": datetime(2026, 2, 1, tzinfo=UTC),
                "imageSizeInBytes": 5,
                "imageScanStatus": {"status": "COMPLETE"},
                "imageScanFindingsSummary": {"imageScanCompletedAt": datetime(2026, 3, 1, tzinfo=UTC)},
            },
            {"imageDigest": digest(2), "imagePushedAt": CREATED},
        ]
    }
    assert only(read(aws, Part.IMAGES)).images == [
        {
            "imageDigest": digest(1),
            "imageTags": ["v1"],
            "imagePushedAt": "2026-01-01T00:00:00+00:00",
            "lastRecordedPullTime": "2026-02-01T00:00:00+00:00",
            "scan": "COMPLETE",
            "scanned": "2026-03-01T00:00:00+00:00",
        },
        {"imageDigest": digest(2), "imagePushedAt": "2026-01-01T00:00:00+00:00", "scan": ""},
    ]
    assert aws.requests_of("DescribeImages") == [{"repositoryName": "shop/web", "maxResults": 1000}]
    aws.answers["DescribeImages"] = {"imageDetails": [{"imageDigest": digest(1)}]}
    unsaid = Unknown(f"{UNREADABLE}: an answer without imagePushedAt")
    assert only(read(aws, Part.IMAGES)).images == unsaid


# How it is scanned -------------------------------------------------------------------------------------


def test_scanning(aws: Answering) -> None:
    names = ["shop/cart", "shop/web", "shop/none"]
    aws.answers |= {
        "DescribeRepositories": {"repositories": [repository(name) for name in names]},
        "BatchGetRepositoryScanningConfiguration": {
            "scanningConfigurations": [{"repositoryName": "shop/web", "scanFrequency": "SCAN_ON_PUSH"}],
            "failures": [{"repositoryName": "shop/cart", "failureCode": "REPOSITORY_NOT_FOUND"}],
        },
    }
    found = read(aws, Part.SCANNING)
    assert isinstance(found.repositories, list)
    assert {raw.name: raw.scan for raw in found.repositories} == {
        "shop/cart": Unknown("ECR did not report it: REPOSITORY_NOT_FOUND"),
        "shop/web": "SCAN_ON_PUSH",
        "shop/none": Unknown("ECR did not report it: no answer"),
    }


@pytest.mark.parametrize("number", [25, 26, 60])
def test_scanning_comes_25_at_a_time(aws: Answering, number: int) -> None:
    names = [f"shop/{one:02}" for one in range(number)]
    aws.answers |= {
        "DescribeRepositories": {"repositories": [repository(name) for name in names]},
        "BatchGetRepositoryScanningConfiguration": lambda request: {
            "scanningConfigurations": [
                {"repositoryName": name, "scanFrequency": "MANUAL"} for name in request["repositoryNames"]
            ]
        },
    }
    found = read(aws, Part.SCANNING)
    assert isinstance(found.repositories, list)
    assert [raw.scan for raw in found.repositories] == ["MANUAL"] * number
    sizes = [
        len(request["repositoryNames"])
        for request in aws.requests_of("BatchGetRepositoryScanningConfiguration")
    ]
    assert sorted(sizes, reverse=True) == [25] * (number // 25) + ([number % 25] if number % 25 else [])


def test_scanning_that_is_not_described(aws: Answering) -> None:
    aws.answers["BatchGetRepositoryScanningConfiguration"] = {}
    assert only(read(aws, Part.SCANNING)).scan == Unknown("ECR did not report it: no answer")


def test_scanning_that_is_denied(aws: Answering) -> None:
    reason = Unknown(NOT_ALLOWED.format("BatchGetRepositoryScanningConfiguration"))
    assert only(read(aws, Part.SCANNING)).scan == reason


# Settings of the registry ------------------------------------------------------------------------------


def test_settings(aws: Answering) -> None:
    aws.answers |= SETTINGS
    found = read(aws, Part.REGISTRY)
    assert found.policy == "policy"
    assert found.replication == {"rules": []}
    assert found.scanning == {"scanType": "BASIC", "rules": []}
    assert found.templates == [{"prefix": "a", "appliedFor": ["REPLICATION"]}]
    assert aws.requests_of("DescribeRepositoryCreationTemplates") == [{"maxResults": 1000}]


def test_a_registry_without_a_policy(aws: Answering) -> None:
    aws.answers |= SETTINGS | {"GetRegistryPolicy": refused("RegistryPolicyNotFoundException")}
    assert read(aws, Part.REGISTRY).policy == ""


@pytest.mark.parametrize(
    ("operation", "field", "key"),
    [
        ("GetRegistryPolicy", "policy", "policyText"),
        ("DescribeRegistry", "replication", "replicationConfiguration"),
        ("GetRegistryScanningConfiguration", "scanning", "scanningConfiguration"),
        ("DescribeRepositoryCreationTemplates", "templates", "repositoryCreationTemplates"),
        ("DescribePullThroughCacheRules", "caches", "pullThroughCacheRules"),
    ],
)
def test_a_setting_that_can_t_be_read(aws: Answering, operation: str, field: str, key: str) -> None:
    aws.answers |= SETTINGS | {operation: DENIED}
    assert getattr(read(aws, Part.REGISTRY), field) == Unknown(NOT_ALLOWED.format(operation))
    aws.answers[operation] = {}
    assert getattr(read(aws, Part.REGISTRY), field) == Unknown(f"{UNREADABLE}: an answer without {key}")


def test_repositories_that_can_t_be_listed(aws: Answering) -> None:
    aws.answers |= SETTINGS | {"DescribeRepositories": DENIED}
    reason = Unknown(NOT_ALLOWED.format("DescribeRepositories"))
    assert read(aws, Part.REGISTRY, Part.TAGS) == Read(ACCOUNT, REGION, reason, [])
    assert len(aws.asked) == 2


# Keys and stacks ---------------------------------------------------------------------------------------


def test_the_own_key_is_asked_for_where_a_key_is_named(aws: Answering) -> None:
    aws.answers["DescribeKey"] = {"KeyMetadata": {"KeyId": "a", "Arn": OWN}}
    assert read(aws, Part.KEY).own_key == ""
    assert aws.requests_of("DescribeKey") == []
    keyed = repository("a/b", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": CUSTOMER})
    aws.answers["DescribeRepositories"] = {"repositories": [WEB, keyed]}
    assert read(aws, Part.KEY).own_key == OWN
    assert read(aws).own_key == NOT_REQUESTED
    aws.answers["DescribeKey"] = DENIED
    assert read(aws, Part.KEY).own_key == Unknown(NOT_ALLOWED.format("DescribeKey"))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"TemplateBody": '{"Resources": {"Web": {}}}'}, {"Web": {}}),
        (refused("ValidationError", "Stack with id Shop does not exist"), None),
        (
            refused("ValidationError", "something else"),
            Unknown("GetTemplate failed (ValidationError)"),
        ),
        (DENIED, Unknown(NOT_ALLOWED.format("GetTemplate"))),
        ({"TemplateBody": "[]"}, Unknown(f"{UNREADABLE}: a template without Resources")),
    ],
)
def test_the_stacks_that_own_repositories(aws: Answering, answer: Answer, expected: Any) -> None:
    owned = {"tags": [{"Key": "aws:cloudformation:stack-name", "Value": "Shop"}]}
    aws.answers |= {
        "DescribeRepositories": {"repositories": [WEB, repository("shop/cart")]},
        "ListTagsForResource": owned,
        "GetTemplate": answer,
    }
    assert read(aws, Part.TAGS).stacks == {}
    assert aws.requests_of("GetTemplate") == []
    assert read(aws, Part.RETENTION).stacks == {"Shop": expected}
    assert len(aws.requests_of("GetTemplate")) == 1


# Interruptions -----------------------------------------------------------------------------------------


def test_what_was_read_is_kept_and_not_asked_again(aws: Answering, tmp_path: Path) -> None:
    denied = {"tags": DENIED}

    def tags(request: Answer) -> Answer:
        if request["resourceArn"].endswith("cart"):
            return denied["tags"]
        return {"tags": [{"Key": "a", "Value": "b"}]}

    aws.answers |= {
        "DescribeRepositories": {"repositories": [WEB, repository("shop/cart")]},
        "ListTagsForResource": tags,
    }
    with Journal(tmp_path / "kept", {}) as journal:
        found = read(aws, Part.TAGS, journal=journal)
    assert isinstance(found.repositories, list)
    assert {raw.name: raw.complete for raw in found.repositories} == {"shop/web": True, "shop/cart": False}
    assert len(aws.requests_of("ListTagsForResource")) == 2
    denied["tags"] = {"tags": []}
    with Journal(tmp_path / "kept", {}) as journal:
        assert journal.resumed == 1
        found = read(aws, Part.TAGS, journal=journal)
    assert isinstance(found.repositories, list)
    assert {raw.name: raw.tags for raw in found.repositories} == {"shop/web": {"a": "b"}, "shop/cart": {}}
    assert len(aws.requests_of("ListTagsForResource")) == 3


def test_a_repository_that_was_created_again_is_read_again(aws: Answering, tmp_path: Path) -> None:
    aws.answers["ListTagsForResource"] = {"tags": []}
    created = datetime(2026, 1, 1, tzinfo=UTC)
    for at, requests in ((created, 1), (created, 1), (created + timedelta(seconds=1), 2), (None, 3)):
        described = {name: value for name, value in WEB.items() if name != "createdAt"}
        aws.answers["DescribeRepositories"] = {
            "repositories": [described | ({"createdAt": at} if at else {})]
        }
        with Journal(tmp_path / "kept", {}) as journal:
            read(aws, Part.TAGS, journal=journal)
        assert len(aws.requests_of("ListTagsForResource")) == requests


def test_the_repositories_of_another_account_or_region_are_not_taken(aws: Answering, tmp_path: Path) -> None:
    aws.answers["ListTagsForResource"] = {"tags": []}
    for region in (REGION, "eu-central-1"):
        with Journal(tmp_path / "kept", {}) as journal:
            read(aws, Part.TAGS, journal=journal, region=region)
    assert len(aws.requests_of("ListTagsForResource")) == 2


def test_a_cache_that_comes_on_two_pages_counts_once(aws: Answering) -> None:
    cache = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    first = {"pullThroughCacheRules": [cache], "nextToken": "1"}
    aws.answers["DescribePullThroughCacheRules"] = lambda request: (
        {"pullThroughCacheRules": [cache]} if "nextToken" in request else first
    )
    assert read(aws).caches == [cache]


@pytest.mark.parametrize("parts", ["[]", "[1]", '[{"nothing": 1}]', "[{}, {}]", '["text"]'])
def test_what_was_kept_and_is_broken(aws: Answering, tmp_path: Path, parts: str) -> None:
    aws.answers["ListTagsForResource"] = {"tags": []}
    path = tmp_path / "kept"
    with Journal(path, {}) as journal:
        read(aws, Part.TAGS, journal=journal)
    head, _, _ = path.read_text().rpartition(", [{")
    path.write_text(f"{head}, {parts}]\n")
    with Journal(path, {}) as journal, pytest.raises(AwsError) as error:
        read(aws, Part.TAGS, journal=journal)
    assert error.value.problem == "What was kept of the interrupted reading is broken"
    assert error.value.where == str(path)
    assert error.value.got not in ("", "None")


def test_lost_credentials_are_not_asked_with_again(aws: Answering) -> None:
    aws.answers |= {"GetLifecyclePolicy": refused("ExpiredTokenException")} | SETTINGS
    registry = RegistryReader(aws, ACCOUNT, REGION, frozenset({Part.LIFECYCLE, Part.TAGS, Part.REGISTRY}))
    found = registry.read(None, lambda: None)
    reason = Unknown("The credentials are not valid, or no longer (ExpiredTokenException)")
    raw = only(found)
    assert (raw.lifecycle, raw.tags, found.policy, found.templates) == (reason, reason, reason, reason)
    assert registry.ask.lost is not None
    assert registry.ask.lost.rejected
    assert [operation for _, operation, _ in aws.asked][2:] == ["GetLifecyclePolicy"]


@pytest.mark.parametrize(
    ("operation", "where"),
    [
        ("DescribeRepositories", f"repositories of {ACCOUNT} in {REGION}"),
        ("DescribePullThroughCacheRules", f"pullThroughCacheRules of {ACCOUNT} in {REGION}"),
        ("BatchGetRepositoryScanningConfiguration", f"scanning in {REGION}"),
        ("GetLifecyclePolicy", f"shop/web in {REGION}"),
        ("GetRepositoryPolicy", f"shop/web in {REGION}"),
        ("ListTagsForResource", f"shop/web in {REGION}"),
        ("DescribeImages", f"shop/web in {REGION}"),
        ("GetRegistryPolicy", f"the registry policy of {ACCOUNT} {REGION}"),
        ("DescribeRegistry", f"{ACCOUNT} {REGION}"),
        ("GetRegistryScanningConfiguration", f"{ACCOUNT} {REGION}"),
        ("GetTemplate", f"the template of Shop in {REGION}"),
    ],
)
def test_where_the_credentials_were_lost(aws: Answering, operation: str, where: str) -> None:
    aws.answers |= SETTINGS | {
        "BatchGetRepositoryScanningConfiguration": {},
        "GetLifecyclePolicy": {"lifecyclePolicyText": "a"},
        "GetRepositoryPolicy": {"policyText": "a"},
        "ListTagsForResource": {"tags": [{"Key": "aws:cloudformation:stack-name", "Value": "Shop"}]},
        "DescribeImages": {"imageDetails": []},
        operation: refused("ExpiredTokenException"),
    }
    registry = RegistryReader(aws, ACCOUNT, REGION, frozenset(Part))
    registry.read(None, lambda: None)
    assert registry.ask.lost is not None
    assert registry.ask.lost.where == where


# Public repositories -----------------------------------------------------------------------------------

TOOLS = {
    "repositoryArn": f"arn:aws:ecr-public::{ACCOUNT}:repository/tools",
    "repositoryName": "tools",
}


def public(name: str, **more: Any) -> PublicRepositoryState:
    return PublicRepositoryState(
        name=name,
        place=Location(account=ACCOUNT, region="us-east-1", address=TOOLS["repositoryArn"]),
        **more,
    )


def test_public_repositories(aws: Answering) -> None:
    aws.answers |= {
        "DescribeRepositories": {"repositories": [TOOLS, TOOLS]},
        "GetRepositoryPolicy": {"policyText": POLICY},
        "ListTagsForResource": {"tags": [{"Key": "team", "Value": "shop"}, {"Key": "aws:a", "Value": "b"}]},
    }
    unread: list[Unjudged] = []
    assert list(read_public(aws, ACCOUNT, unread)) == [
        public("tools", policy=(STATEMENT,), tags={"team": "shop"})
    ]
    assert unread == []
    assert {region for region, _, _ in aws.asked} == {"us-east-1"}
    assert aws.requests_of("GetRepositoryPolicy") == [{"repositoryName": "tools"}]


def test_public_repositories_that_can_t_be_read(aws: Answering) -> None:
    aws.answers["DescribeRepositories"] = {"repositories": [TOOLS]}
    unread: list[Unjudged] = []
    assert list(read_public(aws, ACCOUNT, unread)) == [
        public(
            "tools",
            policy=Unknown(NOT_ALLOWED.format("GetRepositoryPolicy")),
            tags=Unknown(NOT_ALLOWED.format("ListTagsForResource")),
        )
    ]
    aws.answers["DescribeRepositories"] = DENIED
    assert list(read_public(aws, ACCOUNT, unread)) == []
    assert unread == [
        Unjudged(
            rule=None,
            where=f"the public repositories of {ACCOUNT} in us-east-1",
            reason=NOT_ALLOWED.format("DescribeRepositories"),
        )
    ]


# The actions that reading takes ------------------------------------------------------------------------

ALWAYS = ["ecr:DescribePullThroughCacheRules", "ecr:DescribeRepositories"]
OF_PART = {
    Part.LIFECYCLE: ["ecr:GetLifecyclePolicy"],
    Part.POLICY: ["ecr:GetRepositoryPolicy"],
    Part.TAGS: ["ecr:ListTagsForResource"],
    Part.KEY: ["kms:DescribeKey"],
    Part.SCANNING: ["ecr:BatchGetRepositoryScanningConfiguration"],
    Part.IMAGES: ["ecr:DescribeImages"],
    Part.RETENTION: ["cloudformation:GetTemplate", "ecr:ListTagsForResource"],
    Part.REGISTRY: [
        "ecr:DescribeRegistry",
        "ecr:DescribeRepositoryCreationTemplates",
        "ecr:GetRegistryPolicy",
        "ecr:GetRegistryScanningConfiguration",
    ],
    Part.PUBLIC: [
        "ecr-public:DescribeRepositories",
        "ecr-public:GetRepositoryPolicy",
        "ecr-public:ListTagsForResource",
    ],
    Part.CONSUMERS: [
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTasks",
        "eks:ListClusters",
        "events:ListEventBuses",
        "events:ListRuleNamesByTarget",
        "events:ListTargetsByRule",
        "lambda:GetFunction",
        "lambda:ListFunctions",
        "lambda:ListVersionsByFunction",
        "scheduler:GetSchedule",
        "scheduler:ListSchedules",
    ],
}


@pytest.mark.parametrize("part", Part)
def test_the_actions_of_a_part(part: Part) -> None:
    assert actions_for([part]) == sorted([*ALWAYS, *OF_PART[part]])


def test_the_actions_of_a_scope() -> None:
    assert actions_for([]) == ALWAYS
    assert actions_for([], all_regions=True, organization=True, role=True) == [
        "ec2:DescribeRegions",
        *ALWAYS,
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
        "sts:AssumeRole",
    ]
    assert actions_for([], organization=True) == [
        *ALWAYS,
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
    ]


def test_the_policy_of_some_actions() -> None:
    assert policy_for(iter(["b", "a"])) == {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Audit", "Effect": "Allow", "Action": ["a", "b"], "Resource": "*"}],
    }


def test_the_parts_of_rules() -> None:
    rules = [RULES["lifecycle-policy"], RULES["required-tags"]]
    assert parts_of(rules) == RULES["lifecycle-policy"].needs | RULES["required-tags"].needs
