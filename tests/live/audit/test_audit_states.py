"""What was read of registries, as the states that rules are evaluated on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from registry_constructs.live.audit.standing import (
    NOT_REQUESTED,
    Raw,
    Read,
    consumers_of,
    own_tags,
    states_of,
)
from registry_constructs.rules.judge import Unjudged
from registry_constructs.rules.state import (
    CacheState,
    ConsumerState,
    ImageState,
    Location,
    RegistryPolicyState,
    RegistryState,
    ReplicationDestination,
    ReplicationState,
    RepositoryState,
    ScanningRule,
    ScanningState,
    State,
    TemplateState,
)
from registry_constructs.rules.statements import Statement
from registry_constructs.rules.values import Unknown

ACCOUNT, REGION, OTHER = "111122223333", "eu-west-1", "222233334444"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}"
OWN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/own"
CUSTOMER = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/customer"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
OWNED = {"aws:cloudformation:stack-name": "Shop", "aws:cloudformation:logical-id": "Web"}
UNSAID = Unknown("ECR did not report it")
DENIED = Unknown("denied")
POLICY = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}'
STATEMENT = Statement(label="statement 1", allows=True, principals=("AWS:*",), actions=("ecr:BatchGetImage",))


def described(name: str = "shop/web", **more: Any) -> dict[str, Any]:
    """A repository as ECR describes it; None leaves a field out."""
    whole = {
        "repositoryName": name,
        "repositoryArn": f"{ARN}:repository/{name}",
        "createdAt": CREATED,
        "imageTagMutability": "IMMUTABLE",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **more,
    }
    return {key: value for key, value in whole.items() if value is not None}


def read(*raws: Raw, **more: Any) -> Read:
    given: dict[str, Any] = {"repositories": list(raws), "caches": [], **more}
    return Read(ACCOUNT, REGION, **given)


def place(address: str, *, account: str = ACCOUNT, region: str = REGION) -> Location:
    return Location(account=account, region=region, address=address)


def one_repository(raw: Raw, **more: Any) -> RepositoryState:
    states, unread = states_of([read(raw, **more)])
    assert unread == []
    [found] = [state for state in states if isinstance(state, RepositoryState)]
    return found


def only(kind: type[State], *reads: Read) -> Any:
    [found] = [state for state in states_of(reads)[0] if isinstance(state, kind)]
    return found


def test_a_repository_with_all_its_parts() -> None:
    raw = Raw(
        described(
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[
                {"filterType": "WILDCARD", "filter": "dev-*"},
                {"filterType": "WILDCARD", "filter": "latest"},
            ],
            encryptionConfiguration={"encryptionType": "KMS", "kmsKey": CUSTOMER},
        ),
        lifecycle='{"rules": []}',
        policy=POLICY,
        tags={
            "team": "shop",
            "aws:cloudformation:stack-name": "Shop",
            "aws:cloudformation:logical-id": "Web",
        },
        images=[
            {
                "imageDigest": "sha256:1",
                "imageTags": ["v1", "v2"],
                "imagePushedAt": "2026-02-01T00:00:00+00:00",
                "lastRecordedPullTime": "2026-03-01T00:00:00+00:00",
                "scan": "COMPLETE",
                "scanned": "2026-04-01T00:00:00+00:00",
            },
            {"imageDigest": "sha256:2", "imagePushedAt": "2026-02-02T00:00:00+00:00", "scan": ""},
        ],
        scan="SCAN_ON_PUSH",
    )
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    assert one_repository(raw, own_key=OWN, stacks={"Shop": {"Web": kept}}) == RepositoryState(
        name="shop/web",
        place=place(f"{ARN}:repository/shop/web"),
        encryption="KMS",
        key=CUSTOMER,
        mutability="IMMUTABLE_WITH_EXCLUSION",
        exclusions=("dev-*", "latest"),
        scan="SCAN_ON_PUSH",
        lifecycle='{"rules": []}',
        policy=(STATEMENT,),
        policy_length=len(POLICY),
        tags={"team": "shop"},
        cached=False,
        retained=True,
        images=(
            ImageState(
                digest="sha256:1",
                tags=("v1", "v2"),
                pushed=datetime(2026, 2, 1, tzinfo=UTC),
                pulled=datetime(2026, 3, 1, tzinfo=UTC),
                scan="COMPLETE",
                scanned=datetime(2026, 4, 1, tzinfo=UTC),
            ),
            ImageState(digest="sha256:2", pushed=datetime(2026, 2, 2, tzinfo=UTC)),
        ),
        created=CREATED,
    )


def test_a_repository_without_what_no_rule_asks_for() -> None:
    """What was not read is unknown, never its default."""
    assert one_repository(Raw(described())) == RepositoryState(
        name="shop/web",
        place=place(f"{ARN}:repository/shop/web"),
        encryption="AES256",
        key="",
        mutability="IMMUTABLE",
        exclusions=(),
        scan=NOT_REQUESTED,
        lifecycle=NOT_REQUESTED,
        policy=NOT_REQUESTED,
        policy_length=NOT_REQUESTED,
        tags=NOT_REQUESTED,
        cached=False,
        retained=NOT_REQUESTED,
        images=NOT_REQUESTED,
        created=CREATED,
    )


def test_a_repository_of_which_nothing_could_be_read() -> None:
    raw = Raw(described(), DENIED, DENIED, DENIED, DENIED, DENIED)
    found = one_repository(raw)
    for part in ("lifecycle", "policy", "policy_length", "tags", "retained", "images", "scan"):
        assert getattr(found, part) == DENIED, part


def test_a_repository_that_has_none_of_them() -> None:
    found = one_repository(Raw(described(), "", "", {}, [], "MANUAL"))
    assert (found.lifecycle, found.policy, found.policy_length) == ("", (), 0)
    assert (found.tags, found.images, found.retained, found.scan) == ({}, (), True, "MANUAL")


@pytest.mark.parametrize(
    ("encryption", "own_key", "kind", "key"),
    [
        ({"encryptionType": "AES256"}, OWN, "AES256", ""),
        ({"encryptionType": "KMS", "kmsKey": CUSTOMER}, OWN, "KMS", CUSTOMER),
        ({"encryptionType": "KMS", "kmsKey": CUSTOMER}, "", "KMS", CUSTOMER),
        # AWS's own key has an ARN like any other, and is not the customer's.
        ({"encryptionType": "KMS", "kmsKey": OWN}, OWN, "KMS", ""),
        ({"encryptionType": "KMS_DSSE", "kmsKey": OWN}, OWN, "KMS_DSSE", ""),
        ({"encryptionType": "KMS"}, OWN, "KMS", ""),
        # Whether a key is AWS's own is unknown without its ARN.
        ({"encryptionType": "KMS", "kmsKey": CUSTOMER}, DENIED, "KMS", DENIED),
        ({"encryptionType": "KMS", "kmsKey": OWN}, DENIED, "KMS", DENIED),
        ({"encryptionType": "AES256"}, DENIED, "AES256", ""),
        ({"kmsKey": CUSTOMER}, OWN, UNSAID, CUSTOMER),
        ({}, OWN, UNSAID, UNSAID),
        (None, OWN, UNSAID, UNSAID),
    ],
)
def test_the_key(encryption: Any, own_key: Any, kind: Any, key: Any) -> None:
    found = one_repository(Raw(described(encryptionConfiguration=encryption)), own_key=own_key)
    assert (found.encryption, found.key) == (kind, key)


@pytest.mark.parametrize(
    ("mutability", "filters", "expected"),
    [
        ("MUTABLE", None, ()),
        ("IMMUTABLE", None, ()),
        ("IMMUTABLE", [{"filter": "a"}], ("a",)),
        ("MUTABLE_WITH_EXCLUSION", [{"filter": "a"}, {"filter": "b"}], ("a", "b")),
        ("IMMUTABLE_WITH_EXCLUSION", [], ()),
        ("MUTABLE_WITH_EXCLUSION", None, UNSAID),
        ("IMMUTABLE_WITH_EXCLUSION", None, UNSAID),
        (None, None, UNSAID),
    ],
)
def test_the_exclusions(mutability: str | None, filters: Any, expected: Any) -> None:
    raw = Raw(described(imageTagMutability=mutability, imageTagMutabilityExclusionFilters=filters))
    found = one_repository(raw)
    assert (found.mutability, found.exclusions) == (mutability or UNSAID, expected)


def test_a_date_that_ecr_does_not_send() -> None:
    assert one_repository(Raw(described(createdAt=None))).created == UNSAID


@pytest.mark.parametrize(
    ("caches", "expected"),
    [
        ([], False),
        (["shop"], True),
        (["shop/"], True),
        (["sho"], False),
        (["shop/web"], False),
        (["ROOT"], Unknown("the cache for ROOT may have made it")),
        (["quay", "ROOT"], Unknown("the cache for ROOT may have made it")),
        (["shop", "ROOT"], True),
        (["quay", "docker"], False),
    ],
)
def test_whether_a_cache_fills_it(caches: list[str], expected: Any) -> None:
    rules = [{"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "quay.io"} for prefix in caches]
    assert one_repository(Raw(described()), caches=rules).cached == expected


def test_caches_that_are_unknown_may_fill_it() -> None:
    states, unread = states_of([read(Raw(described()), caches=DENIED)])
    assert [state.cached for state in states if isinstance(state, RepositoryState)] == [DENIED]
    assert [state.caches for state in states if isinstance(state, RegistryState)] == [DENIED]
    # No rule is about the caches.
    assert unread == []


RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
LEFT = Unknown("the template of Shop leaves it to the deployment")
MISSING = Unknown("the template of Shop does not have it")


@pytest.mark.parametrize(
    ("stacks", "expected"),
    [
        ({"Shop": {"Web": RETAINED}}, True),
        ({"Shop": {"Web": RETAINED | {"Properties": {}}}}, True),
        ({"Shop": {"Web": RETAINED | {"Properties": None}}}, True),
        ({"Shop": {"Web": RETAINED | {"Properties": {"EmptyOnDelete": True}}}}, False),
        ({"Shop": {"Web": {}}}, False),
        ({"Shop": {"Web": {"DeletionPolicy": "Retain"}}}, False),
        ({"Shop": {"Web": RETAINED | {"DeletionPolicy": {"Ref": "Policy"}}}}, LEFT),
        ({"Shop": {"Web": RETAINED | {"UpdateReplacePolicy": None}}}, LEFT),
        ({"Shop": {"Web": RETAINED | {"Properties": []}}}, True),
        ({"Shop": {"Web": RETAINED | {"Properties": [1]}}}, LEFT),
        ({"Shop": {"Web": []}}, LEFT),
        ({"Shop": {"Other": RETAINED}}, MISSING),
        ({"Shop": {"Web": None}}, MISSING),
        ({"Shop": {}}, MISSING),
        # The stack is deleted, the repository is not.
        ({"Shop": None}, True),
        ({"Shop": DENIED}, DENIED),
        ({}, NOT_REQUESTED),
    ],
)
def test_whether_it_outlives_its_stack(stacks: Any, expected: Any) -> None:
    assert one_repository(Raw(described(), tags=OWNED), stacks=stacks).retained == expected


def test_a_repository_whose_tags_name_no_resource() -> None:
    tags = {"aws:cloudformation:stack-name": "Shop"}
    assert one_repository(Raw(described(), tags=tags), stacks={"Shop": {"Web": RETAINED}}).retained == MISSING


def test_the_registry_and_its_settings() -> None:
    whole = read(
        Raw(described()),
        Raw(described("shop/cart")),
        caches=[
            {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"},
            {
                "ecrRepositoryPrefix": "hub",
                "upstreamRegistryUrl": "registry-1.docker.io",
                "credentialArn": "arn:secret",
                "customRoleArn": "arn:role",
            },
        ],
        templates=[
            {
                "prefix": "quay",
                "appliedFor": ["PULL_THROUGH_CACHE", "REPLICATION"],
                "repositoryPolicy": POLICY,
            },
            {"prefix": "ROOT"},
        ],
        policy=POLICY,
        replication={
            "rules": [
                {
                    "destinations": [
                        {"region": REGION, "registryId": ACCOUNT},
                        {"region": "us-east-1", "registryId": OTHER},
                    ],
                    "repositoryFilters": [{"filter": "shop"}, {"filter": "web"}],
                },
                {"destinations": [{"region": "us-east-1", "registryId": ACCOUNT}]},
            ]
        },
        scanning={
            "scanType": "ENHANCED",
            "rules": [
                {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "a*"}, {"filter": "b*"}]},
                {"scanFrequency": "MANUAL", "repositoryFilters": []},
            ],
        },
    )
    states, unread = states_of([whole])
    assert unread == []
    templates = (
        TemplateState(
            name="quay",
            place=place(f"{ARN}:repository-creation-template/quay"),
            applied_for=("PULL_THROUGH_CACHE", "REPLICATION"),
            policy=(STATEMENT,),
        ),
        TemplateState(name="ROOT", place=place(f"{ARN}:repository-creation-template/ROOT")),
    )
    assert [state.name for state in states[:2]] == ["shop/web", "shop/cart"]
    assert states[2:] == [
        RegistryState(name="registry", place=place(f"{ARN}:registry"), repositories=2, caches=2),
        CacheState(
            name="quay",
            place=place(f"{ARN}:pull-through-cache-rule/quay"),
            upstream="quay.io",
            templates=templates,
        ),
        CacheState(
            name="hub",
            place=place(f"{ARN}:pull-through-cache-rule/hub"),
            upstream="registry-1.docker.io",
            credential="arn:secret",
            role="arn:role",
            templates=templates,
        ),
        RegistryPolicyState(
            name="registry policy",
            place=place(f"{ARN}:registry-policy"),
            policy=(STATEMENT,),
            policy_length=len(POLICY),
        ),
        ScanningState(
            name="scanning configuration",
            place=place(f"{ARN}:scanning-configuration"),
            type="ENHANCED",
            rules=(
                ScanningRule(frequency="SCAN_ON_PUSH", filters=("a*", "b*")),
                ScanningRule(frequency="MANUAL", filters=()),
            ),
            repositories=("shop/web", "shop/cart"),
        ),
        ReplicationState(
            name="replication configuration",
            place=place(f"{ARN}:replication-configuration"),
            rules=2,
            destinations=(
                ReplicationDestination(
                    account=ACCOUNT, region=REGION, prefixes=("shop", "web"), templates=templates
                ),
                ReplicationDestination(
                    account=OTHER,
                    region="us-east-1",
                    prefixes=("shop", "web"),
                    templates=Unknown(f"{OTHER} us-east-1 was not read"),
                ),
                ReplicationDestination(
                    account=ACCOUNT,
                    region="us-east-1",
                    prefixes=(),
                    templates=Unknown(f"{ACCOUNT} us-east-1 was not read"),
                ),
            ),
        ),
        *templates,
    ]


def test_a_registry_that_no_rule_asks_for() -> None:
    states, unread = states_of([read()])
    assert states == [
        RegistryState(name="registry", place=place(f"{ARN}:registry"), repositories=0, caches=0)
    ]
    assert unread == []


def test_settings_that_are_empty() -> None:
    states, _ = states_of(
        [read(policy="", replication={"rules": []}, scanning={"scanType": "BASIC", "rules": []})]
    )
    by_name = {state.name: state for state in states}
    assert by_name["registry policy"] == RegistryPolicyState(
        name="registry policy", place=place(f"{ARN}:registry-policy"), policy=(), policy_length=0
    )
    assert by_name["scanning configuration"].rules == ()  # type: ignore[attr-defined]
    assert by_name["replication configuration"].rules == 0  # type: ignore[attr-defined]
    assert by_name["replication configuration"].destinations == ()  # type: ignore[attr-defined]


def test_a_registry_of_which_nothing_could_be_read() -> None:
    lost = dict.fromkeys(("caches", "templates", "policy", "replication", "scanning"), DENIED)
    states, unread = states_of([read(**lost)._replace(repositories=DENIED)])
    assert states == [
        RegistryState(name="registry", place=place(f"{ARN}:registry"), repositories=DENIED, caches=DENIED),
        RegistryPolicyState(
            name="registry policy", place=place(f"{ARN}:registry-policy"), policy=DENIED, policy_length=DENIED
        ),
        ScanningState(
            name="scanning configuration",
            place=place(f"{ARN}:scanning-configuration"),
            type=DENIED,
            rules=DENIED,
        ),
        ReplicationState(
            name="replication configuration",
            place=place(f"{ARN}:replication-configuration"),
            rules=DENIED,
            destinations=DENIED,
        ),
    ]
    assert unread == [
        Unjudged(rule=None, where=f"the {what} of {ACCOUNT} in {REGION}", reason="denied")
        for what in ("repositories", "pull-through caches", "creation templates")
    ]


def test_repositories_that_are_unknown_leave_the_scanning_rules_without_names() -> None:
    whole = read(scanning={"scanType": "BASIC", "rules": []})._replace(repositories=DENIED)
    assert only(ScanningState, whole).repositories == DENIED


@pytest.mark.parametrize(("templates", "expected"), [(None, NOT_REQUESTED), (DENIED, DENIED), ([], ())])
def test_templates_of_a_cache(templates: Any, expected: Any) -> None:
    caches = [{"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}]
    assert only(CacheState, read(caches=caches, templates=templates)).templates == expected


def test_templates_at_the_destination() -> None:
    """Those of a registry that was read too, in another account or Region."""
    replication = {"rules": [{"destinations": [{"region": "us-east-1", "registryId": OTHER}]}]}
    far = Read(OTHER, "us-east-1", [], [], templates=[{"prefix": "shop", "appliedFor": ["REPLICATION"]}])
    found = only(ReplicationState, read(replication=replication), far)
    assert found.destinations[0].templates == (
        TemplateState(
            name="shop",
            place=place(
                f"arn:aws:ecr:us-east-1:{OTHER}:repository-creation-template/shop",
                account=OTHER,
                region="us-east-1",
            ),
            applied_for=("REPLICATION",),
        ),
    )


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_settings_have_the_partition_of_their_region(region: str, partition: str) -> None:
    [state], _ = states_of([Read(ACCOUNT, region, [], [])])
    assert state.place.address == f"arn:{partition}:ecr:{region}:{ACCOUNT}:registry"


# Parts that are kept for another run -------------------------------------------------------------------


def test_the_parts_of_a_repository_are_kept_and_loaded() -> None:
    raw = Raw(described(), "lifecycle", "policy", {"team": "shop"}, [{"imageDigest": "sha256:1"}], "MANUAL")
    assert raw.name == "shop/web"
    assert raw.dumped() == {
        "lifecycle": "lifecycle",
        "policy": "policy",
        "tags": {"team": "shop"},
        "images": [{"imageDigest": "sha256:1"}],
    }
    # How it is scanned is read for all anew.
    assert Raw.loaded(described(), raw.dumped()) == raw._replace(scan=None)


@pytest.mark.parametrize("part", ["lifecycle", "policy", "tags", "images"])
def test_a_part_that_is_unknown_makes_it_incomplete(part: str) -> None:
    assert Raw(described()).complete
    assert not Raw(described(), **{part: DENIED}).complete


def test_the_stack_that_owns_it() -> None:
    assert Raw(described(), tags={"aws:cloudformation:stack-name": "Shop"}).stack == "Shop"
    assert Raw(described(), tags={"team": "shop"}).stack == ""
    assert Raw(described(), tags=DENIED).stack == ""
    assert Raw(described()).stack == ""


def test_tags_of_aws_are_left_out() -> None:
    assert own_tags({"aws:a": "1", "awsome": "2", "team": "3"}) == {"awsome": "2", "team": "3"}


# What runs ---------------------------------------------------------------------------------------------

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def repository(name: str, mutability: Any = "MUTABLE", exclusions: Any = ()) -> RepositoryState:
    return RepositoryState(name=name, place=place("a"), mutability=mutability, exclusions=exclusions)


def test_what_runs_by_its_place() -> None:
    uses = [
        ("service b", f"{HOST}/shop/web:v1"),
        ("service a", f"{HOST}/shop/web:v2"),
        ("service b", f"{HOST}/shop/cart@sha256:{'1' * 64}"),
    ]
    repositories = [repository("shop/web", "IMMUTABLE_WITH_EXCLUSION", ("dev-*",)), repository("shop/cart")]
    shared: dict[str, Any] = {
        "mutability": {"shop/web": "IMMUTABLE_WITH_EXCLUSION", "shop/cart": "MUTABLE"},
        "exclusions": {"shop/web": ("dev-*",), "shop/cart": ()},
    }
    assert list(consumers_of(uses, place(""), repositories)) == [
        ConsumerState(name="service a", place=place("service a"), images=(uses[1][1],), **shared),
        ConsumerState(name="service b", place=place("service b"), images=(uses[0][1], uses[2][1]), **shared),
    ]


@pytest.mark.parametrize(("mutability", "exclusions"), [(UNSAID, ()), ("IMMUTABLE_WITH_EXCLUSION", UNSAID)])
def test_what_runs_by_a_tag_that_may_move(mutability: Any, exclusions: Any) -> None:
    """Whether it moves is unknown, not whether other tags or digests do."""
    uses = [
        ("tag", f"{HOST}/shop/web:v1"),
        ("digest", f"{HOST}/shop/web@sha256:{'1' * 64}"),
        ("other", f"{HOST}/shop/cart:v1"),
    ]
    repositories = [repository("shop/web", mutability, exclusions), repository("shop/cart")]
    found = {state.name: state for state in consumers_of(uses, place(""), repositories)}
    assert isinstance(found["tag"], ConsumerState)
    assert found["tag"].images == UNSAID
    for name, reference in uses[1:]:
        assert found[name].images == (reference,)  # type: ignore[attr-defined]
        assert found[name].mutability == {"shop/cart": "MUTABLE"}  # type: ignore[attr-defined]


def test_nothing_runs() -> None:
    assert list(consumers_of([], place(""), [repository("shop/web")])) == []
