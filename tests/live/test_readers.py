"""The readers of live registries, answer by answer: what is asked, what comes of it, and what is an error."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions

from registry_constructs.ecr.errors import InvalidInputError, MissingExtraError
from registry_constructs.installation import install_command
from registry_constructs.live import Aws, AwsError
from registry_constructs.live.aws import required
from registry_constructs.live.errors import Stopped, reading, unreadable
from registry_constructs.live.images import read_images
from registry_constructs.live.journal import Key
from registry_constructs.live.live_repositories import (
    IncompleteReadError,
    own_key,
    policy_text,
    read_repositories,
)
from registry_constructs.live.repositories import describe_repositories, list_repositories
from registry_constructs.live.stacks import count_images, read_stacks, read_template
from tests.live.answering import Answer, Answering, refused
from tests.live.served import Command, Request, Served

ACCOUNT, REGION, FAR = "111122223333", "eu-west-1", "us-east-1"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
GONE = refused("RepositoryNotFoundException")
DENIED = refused("AccessDeniedException")
FIX = "run it again; if it lasts, look for a proxy or an AWS_ENDPOINT_URL that answers in AWS's place"


def digest(number: int) -> str:
    return f"sha256:{number:064}"


def repository(name: str, region: str = REGION, **more: Any) -> Answer:
    whole = {
        "repositoryArn": f"arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}",
        "repositoryName": name,
        "createdAt": CREATED,
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **more,
    }
    return {key: value for key, value in whole.items() if value is not None}


@pytest.fixture(scope="module")
def made() -> Iterator[Answering]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", REGION)
        yield Answering(concurrency=2)


@pytest.fixture
def aws(made: Answering, monkeypatch: pytest.MonkeyPatch) -> Answering:
    monkeypatch.setenv("AWS_REGION", REGION)
    made.reset(GetCallerIdentity={"Account": ACCOUNT})
    return made


def error_of(error: pytest.ExceptionInfo[AwsError]) -> tuple[str, str, str]:
    return error.value.where, error.value.problem, error.value.got


# Which repositories ------------------------------------------------------------------------------------


def test_all_repositories_of_some_regions(aws: Answering) -> None:
    names = {REGION: ["shop/web", "shop/cart"], FAR: ["far/web"]}
    aws.answers["DescribeRepositories"] = lambda request: {
        "repositories": [repository(name, request["region"]) for name in names[request["region"]]]
    }
    found = describe_repositories(aws, [FAR, REGION], None)
    assert [(region, one["repositoryName"]) for region, one in found.repositories] == [
        (REGION, "shop/cart"),
        (REGION, "shop/web"),
        (FAR, "far/web"),
    ]
    assert found.missing == ()
    assert aws.requests_of("DescribeRepositories") == [{"maxResults": 1000}] * 2
    assert list_repositories(aws, [REGION, FAR], None) == (
        (
            Key(REGION, "shop/cart", CREATED.timestamp()),
            Key(REGION, "shop/web", CREATED.timestamp()),
            Key(FAR, "far/web", CREATED.timestamp()),
        ),
        (),
    )


def test_a_repository_without_a_date(aws: Answering) -> None:
    aws.answers["DescribeRepositories"] = {"repositories": [repository("a/b", createdAt=None)]}
    assert list_repositories(aws, [REGION], None).keys == (Key(REGION, "a/b", 0.0),)


def test_named_repositories(aws: Answering) -> None:
    def named(request: Answer) -> Answer:
        [name] = request["repositoryNames"]
        if request["region"] == FAR and name == "shop/web":
            return GONE
        return {"repositories": [repository(name, request["region"])]}

    aws.answers["DescribeRepositories"] = named
    listed = list_repositories(aws, [REGION, FAR], ["shop/web"])
    assert (listed.keys, listed.missing) == (
        (Key(REGION, "shop/web", CREATED.timestamp()),),
        (f"shop/web in {FAR}",),
    )
    aws.asked.clear()
    found = describe_repositories(aws, [REGION, FAR], ["shop/web", "shop/cart", "shop/web"])
    assert [(region, one["repositoryName"]) for region, one in found.repositories] == [
        (REGION, "shop/cart"),
        (REGION, "shop/web"),
        (FAR, "shop/cart"),
    ]
    assert found.missing == (f"shop/web in {FAR}",)
    # A request for names takes no page size, and each name is asked for once.
    assert sorted(map(str, aws.requests_of("DescribeRepositories"))) == sorted(
        map(str, [{"repositoryNames": [name]} for name in ("shop/web", "shop/cart") for _ in range(2)])
    )


def test_a_repository_that_is_nowhere(aws: Answering) -> None:
    aws.answers["DescribeRepositories"] = GONE
    with pytest.raises(InvalidInputError) as error:
        describe_repositories(aws, [REGION, FAR], ["shop/web"])
    assert str(error.value) == (
        "--repository: There is no such repository.\n  Got: 'shop/web'\n"
        f"  Allowed: a private repository of the account in {REGION}, {FAR}\n"
        "  Fix: check the name, the credentials and --region"
    )


@pytest.mark.parametrize(
    "found",
    [
        [],
        [repository("shop/other")],
        [repository("shop/web"), repository("shop/other")],
        [repository("shop/other"), repository("shop/web")],
    ],
    ids=["none", "another", "one more", "one more before"],
)
def test_another_repository_than_the_one_that_was_named(aws: Answering, found: list[Answer]) -> None:
    aws.answers["DescribeRepositories"] = {"repositories": found}
    with pytest.raises(AwsError) as error:
        describe_repositories(aws, [REGION], ["shop/web"])
    assert error_of(error) == (
        f"shop/web in {REGION}",
        "AWS's answer can't be read",
        "an answer without the repository, or with another one",
    )


@pytest.mark.parametrize(("names", "where"), [(None, "the repositories in"), (["shop/web"], "shop/web in")])
def test_repositories_that_can_t_be_listed(aws: Answering, names: list[str] | None, where: str) -> None:
    aws.answers["DescribeRepositories"] = DENIED
    with pytest.raises(AwsError) as error:
        describe_repositories(aws, [REGION], names)
    assert error.value.where == f"{where} {REGION}"
    assert error.value.code == "AccessDeniedException"


@pytest.mark.parametrize("name", ["a" * 2, "a" * 256, "a/b-c_d.e/f"])
def test_names_that_ecr_takes(aws: Answering, name: str) -> None:
    aws.answers["DescribeRepositories"] = {"repositories": [repository(name)]}
    assert len(describe_repositories(aws, [REGION], [name]).repositories) == 1


@pytest.mark.parametrize("name", ["", "a", "a" * 257, "A/b", "a//b", "a/b:c", "-a"])
def test_names_that_ecr_does_not_take(aws: Answering, name: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        describe_repositories(aws, [REGION], ["good/one", name])
    assert str(error.value) == (
        f"--repository: This is no repository's name.\n  Got: {name!r}\n"
        "  Allowed: 2 to 256 characters such as shop/checkout, without the registry's host\n"
        "  Fix: give the name as ECR has it; --all takes all"
    )
    assert aws.asked == []


# Images ------------------------------------------------------------------------------------------------

INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def image(number: int, **more: Any) -> Answer:
    return {
        "imageDigest": digest(number),
        "imagePushedAt": CREATED,
        "imageManifestMediaType": MANIFEST,
        **more,
    }


def manifest(number: int, *children: int, text: str | None = None) -> Answer:
    listed = json.dumps({"manifests": [{"digest": digest(child)} for child in children]})
    return {"imageId": {"imageDigest": digest(number)}, "imageManifest": listed if text is None else text}


def images_of(aws: Answering) -> list[Any]:
    return read_images(aws.client("ecr", REGION), "shop/web", where="shop/web here")


def test_images_with_what_their_lists_contain(aws: Answering) -> None:
    aws.reset(
        DescribeImages={
            "imageDetails": [
                image(1, imageTags=["v1"], imageManifestMediaType=INDEX),
                image(2),
                image(3, imageManifestMediaType=DOCKER_LIST),
                {"imageDigest": digest(4), "imagePushedAt": CREATED},
                {"imageDigest": digest(5), "imagePushedAt": CREATED},
                image(6, imageManifestMediaType=INDEX, imageStatus="ARCHIVED", lastArchivedAt=CREATED),
                image(7, imageManifestMediaType=INDEX, imageStatus="ACTIVATING"),
            ]
        },
        BatchGetImage={
            "images": [
                manifest(1, 2, 8, 2),
                manifest(3),
                manifest(4, 5),
                manifest(5, text='{"layers": []}'),
                manifest(7, 1),
                manifest(1, 2, 8, 2),
            ]
        },
    )
    found = {one.digest: one for one in images_of(aws)}
    assert list(found) == [digest(number) for number in range(1, 8)]
    assert {number: found[digest(number)].children for number in range(1, 8)} == {
        1: (digest(2), digest(8)),
        2: None,
        3: (),
        4: (digest(5),),
        5: None,
        6: None,
        7: (digest(1),),
    }
    assert found[digest(1)].tags == ("v1",)
    assert found[digest(1)].pushed_at == CREATED.timestamp()
    assert aws.requests_of("DescribeImages") == [
        {"repositoryName": "shop/web", "filter": {"imageStatus": "ANY"}, "maxResults": 1000}
    ]
    [request] = aws.requests_of("BatchGetImage")
    assert request["repositoryName"] == "shop/web"
    assert request["imageIds"] == [{"imageDigest": digest(number)} for number in (1, 3, 4, 5, 7)]
    assert set(request["acceptedMediaTypes"]) == {
        INDEX,
        DOCKER_LIST,
        MANIFEST,
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 250])
def test_manifests_come_a_hundred_at_a_time(aws: Answering, number: int) -> None:
    def manifests(request: Answer) -> Answer:
        return {"images": [manifest(int(one["imageDigest"][7:]), 9) for one in request["imageIds"]]}

    lists = [image(index + 1, imageManifestMediaType=INDEX) for index in range(number)]
    aws.reset(DescribeImages={"imageDetails": lists}, BatchGetImage=manifests)
    assert [one.children for one in images_of(aws)] == [(digest(9),)] * number
    sizes = [len(request["imageIds"]) for request in aws.requests_of("BatchGetImage")]
    assert sizes == [100] * (number // 100) + ([number % 100] if number % 100 else [])


@pytest.mark.parametrize(
    ("answer", "where", "problem", "got"),
    [
        ({}, "", "AWS's answer can't be read", f"an answer without the manifest {digest(1)}"),
        (
            {"images": [manifest(2, 1)]},
            "",
            "AWS's answer can't be read",
            f"an answer without the manifest {digest(1)}",
        ),
        (
            {"images": [manifest(1, text="{}")]},
            f": {digest(1)}",
            "AWS's answer can't be read",
            "a manifest list without manifests",
        ),
        (
            {"images": [manifest(1, text="<")]},
            f": {digest(1)}",
            "The manifest can't be read",
            "JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        ),
        (
            {"images": [manifest(1, text='{"manifests": {}}')]},
            f": {digest(1)}",
            "The manifest can't be read",
            "TypeError: manifests is not a list of entries with digests",
        ),
        (
            {"images": [manifest(1, text='{"manifests": [{"digest": 5}]}')]},
            f": {digest(1)}",
            "The manifest can't be read",
            "TypeError: manifests is not a list of entries with digests",
        ),
        (
            {"images": [manifest(1, text='{"manifests": [{}]}')]},
            f": {digest(1)}",
            "The manifest can't be read",
            "KeyError: 'digest'",
        ),
        (
            {
                "failures": [
                    {
                        "imageId": {"imageDigest": digest(1)},
                        "failureCode": "KmsError",
                        "failureReason": "no key",
                    }
                ]
            },
            "",
            f"The manifest list {digest(1)} can't be read",
            "KmsError: no key",
        ),
    ],
)
def test_manifests_that_can_t_be_read(
    aws: Answering, answer: Answer, where: str, problem: str, got: str
) -> None:
    aws.reset(DescribeImages={"imageDetails": [image(1, imageManifestMediaType=INDEX)]}, BatchGetImage=answer)
    with pytest.raises(AwsError) as error:
        images_of(aws)
    assert error_of(error) == (f"shop/web here{where}", problem, got)
    assert error.value.fix == {
        "The manifest can't be read": "is it a manifest list? Nobody can pull it as it is",
        "AWS's answer can't be read": FIX,
    }.get(problem, "read ECR's answer; without its manifest nobody knows which images it holds")
    assert len(aws.requests_of("BatchGetImage")) == 1


def test_an_image_that_can_t_be_one(aws: Answering) -> None:
    aws.reset(DescribeImages={"imageDetails": [{"imageDigest": digest(1)}]})
    with pytest.raises(AwsError) as error:
        images_of(aws)
    assert str(error.value) == (
        f"shop/web here: {digest(1)}: The image does not say when it was pushed.\n"
        "  Got: imagePushedAt: ['imageDigest']\n"
        "  Fix: run it again; if it stays so, delete the image, or write the inventory by hand"
    )


def test_a_repository_that_changes_is_read_three_times(aws: Answering) -> None:
    lost = {"failures": [{"imageId": {"imageDigest": digest(1)}, "failureCode": "ImageNotFound"}]}
    aws.reset(DescribeImages={"imageDetails": [image(1, imageManifestMediaType=INDEX)]}, BatchGetImage=lost)
    with pytest.raises(AwsError) as error:
        images_of(aws)
    assert str(error.value) == (
        "shop/web here: The repository changes faster than it can be read.\n"
        "  Got: manifest lists that were gone at once, 3 times\n"
        "  Fix: run it again when nothing is deleting images"
    )
    assert len(aws.requests_of("DescribeImages")) == 3


def test_manifests_that_are_denied(aws: Answering) -> None:
    lists = {"imageDetails": [image(1, imageManifestMediaType=INDEX)]}
    aws.reset(DescribeImages=lists, BatchGetImage=DENIED)
    with pytest.raises(AwsError) as error:
        images_of(aws)
    assert (error.value.where, error.value.code) == ("shop/web here", "AccessDeniedException")


def test_a_repository_that_has_changed_once(aws: Answering) -> None:
    turns: Iterator[Answer] = iter(
        [
            {"failures": [{"imageId": {"imageDigest": digest(1)}, "failureCode": "ImageNotFound"}]},
            {"images": [manifest(1, 2)]},
        ]
    )
    aws.reset(
        DescribeImages={"imageDetails": [image(1, imageManifestMediaType=INDEX)]},
        BatchGetImage=lambda _: next(turns),
    )
    assert [one.children for one in images_of(aws)] == [(digest(2),)]


# Everything of a repository ----------------------------------------------------------------------------

OWN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/own"
CUSTOMER = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/customer"


@pytest.fixture
def whole(aws: Answering) -> Answering:
    aws.answers |= {
        "DescribeKey": {"KeyMetadata": {"Arn": OWN, "KeyId": "own"}},
        "GetLifecyclePolicy": {"lifecyclePolicyText": "lifecycle"},
        "GetRepositoryPolicy": {"policyText": "policy"},
        "ListTagsForResource": {"tags": [{"Key": "team", "Value": "shop"}, {"Key": "empty", "Value": ""}]},
    }
    return aws


def test_a_repository_with_everything(whole: Answering) -> None:
    whole.answers["DescribeRepositories"] = {
        "repositories": [
            repository(
                "shop/web",
                imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
                encryptionConfiguration={"encryptionType": "KMS", "kmsKey": CUSTOMER},
                imageScanningConfiguration={"scanOnPush": False},
            )
        ]
    }
    counted: list[int] = []
    found = read_repositories(whole, progress=counted.append)
    [live] = found.repositories
    assert (live.name, live.account, live.region) == ("shop/web", ACCOUNT, REGION)
    assert (live.encryption, live.key) == ("KMS", CUSTOMER)
    assert (live.mutability, live.filters) == ("IMMUTABLE_WITH_EXCLUSION", (("WILDCARD", "dev-*"),))
    assert (live.scan_on_push, live.lifecycle, live.policy) == (False, "lifecycle", "policy")
    assert live.tags == {"team": "shop", "empty": ""}
    assert (found.account, found.gone, found.missing, found.of_the_cdk) == (ACCOUNT, (), (), ())
    assert counted == [1]
    assert whole.requests_of("DescribeKey") == [{"KeyId": "alias/aws/ecr"}]
    assert whole.requests_of("ListTagsForResource") == [
        {"resourceArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/web"}
    ]


@pytest.mark.parametrize(
    ("encryption", "key"),
    [
        ({"encryptionType": "KMS", "kmsKey": OWN}, ""),
        ({"encryptionType": "KMS", "kmsKey": CUSTOMER}, CUSTOMER),
        ({"encryptionType": "KMS"}, ""),
        ({"encryptionType": "AES256"}, ""),
    ],
)
def test_the_key_of_a_repository(whole: Answering, encryption: Answer, key: str) -> None:
    whole.answers["DescribeRepositories"] = {
        "repositories": [repository("shop/web", encryptionConfiguration=encryption)]
    }
    [live] = read_repositories(whole).repositories
    assert live.key == key
    assert len(whole.requests_of("DescribeKey")) == ("kmsKey" in encryption)


def test_settings_that_a_repository_does_not_have(whole: Answering) -> None:
    whole.answers |= {
        "DescribeRepositories": {"repositories": [repository("shop/web")]},
        "GetLifecyclePolicy": refused("LifecyclePolicyNotFoundException"),
        "GetRepositoryPolicy": refused("RepositoryPolicyNotFoundException"),
        "ListTagsForResource": {"tags": []},
    }
    [live] = read_repositories(whole).repositories
    assert (live.lifecycle, live.policy, live.tags, live.filters) == ("", "", {}, ())
    assert live.scan_on_push is True
    assert [region for region, operation, _ in whole.asked if operation == "GetCallerIdentity"] == [REGION]


def test_filters_are_told_whatever_the_mutability_is(whole: Answering) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    whole.answers["DescribeRepositories"] = {
        "repositories": [repository("shop/web", imageTagMutabilityExclusionFilters=filters)]
    }
    [live] = read_repositories(whole).repositories
    assert (live.mutability, live.filters) == ("MUTABLE", (("WILDCARD", "dev-*"),))


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"encryptionConfiguration": None}, "encryptionType"),
        ({"encryptionConfiguration": {}}, "encryptionType"),
        ({"imageTagMutability": None}, "imageTagMutability"),
        ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "imageTagMutabilityExclusionFilters"),
        ({"imageScanningConfiguration": None}, "imageScanningConfiguration"),
        ({"imageScanningConfiguration": {}}, "scanOnPush"),
    ],
)
def test_a_repository_that_lacks_a_setting(whole: Answering, change: Answer, missing: str) -> None:
    whole.answers["DescribeRepositories"] = {
        "repositories": [repository("shop/web", **change), repository("shop/cart")]
    }
    with pytest.raises(IncompleteReadError) as error:
        read_repositories(whole)
    assert str(error.value) == (
        "the registry: Not everything could be read, so nothing was written.\n"
        "  Got: 1 of the repositories can't be read\n"
        f"  shop/web in {REGION}: AWS's answer can't be read.\n"
        f"    Got: an answer without {missing}\n"
        f"    Fix: {FIX}\n"
        "  Fix: correct that and run it again"
    )
    [failure] = error.value.failures
    assert failure.where == f"shop/web in {REGION}"


@pytest.mark.parametrize(
    ("operation", "missing"),
    [
        ("GetLifecyclePolicy", "lifecyclePolicyText"),
        ("GetRepositoryPolicy", "policyText"),
        ("ListTagsForResource", "tags"),
    ],
)
def test_an_answer_about_a_repository_that_is_empty(whole: Answering, operation: str, missing: str) -> None:
    whole.answers |= {"DescribeRepositories": {"repositories": [repository("shop/web")]}, operation: {}}
    with pytest.raises(IncompleteReadError) as error:
        read_repositories(whole)
    [failure] = error.value.failures
    assert (failure.where, failure.got) == (f"shop/web in {REGION}", f"an answer without {missing}")
    whole.answers[operation] = DENIED
    with pytest.raises(IncompleteReadError) as error:
        read_repositories(whole)
    [failure] = error.value.failures
    assert (failure.where, failure.code) == (f"shop/web in {REGION}", "AccessDeniedException")


def test_a_policy_that_is_denied_is_not_none(aws: Answering) -> None:
    aws.answers["GetRepositoryPolicy"] = DENIED
    with pytest.raises(AwsError) as error:
        policy_text(aws.client("ecr", REGION).get_repository_policy, "policyText", "shop/web", "here")
    assert error.value.code == "AccessDeniedException"


def test_repositories_of_the_cdk_and_those_that_are_gone(whole: Answering) -> None:
    bootstrap = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"

    def tags(request: Answer) -> Answer:
        return GONE if request["resourceArn"].endswith("gone") else {"tags": []}

    whole.answers |= {
        "DescribeRepositories": lambda request: {
            "repositories": [
                repository(name)
                for name in request.get("repositoryNames", ["shop/web", "shop/gone", bootstrap])
            ]
        },
        "ListTagsForResource": tags,
    }
    counted: list[int] = []
    found = read_repositories(whole, progress=counted.append)
    assert [live.name for live in found.repositories] == ["shop/web"]
    assert found.gone == (f"shop/gone in {REGION}",)
    assert found.of_the_cdk == (f"{bootstrap} in {REGION}",)
    assert counted == [1, 2]
    named = read_repositories(whole, repositories=[bootstrap])
    assert [live.name for live in named.repositories] == [bootstrap]
    assert named.of_the_cdk == ()


def test_several_regions_have_their_own_keys(whole: Answering) -> None:
    def key(region: str) -> str:
        return f"arn:aws:kms:{region}:{ACCOUNT}:key/own"

    whole.answers |= {
        "DescribeRepositories": lambda request: {
            "repositories": [
                repository(
                    "shop/web",
                    request["region"],
                    encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key(request["region"])},
                )
            ]
        },
        "DescribeKey": lambda request: {"KeyMetadata": {"Arn": key(request["region"]), "KeyId": "own"}},
    }
    found = read_repositories(whole, regions=[REGION, FAR]).repositories
    assert [(live.region, live.key) for live in found] == [(REGION, ""), (FAR, "")]
    assert {region for region, operation, _ in whole.asked if operation == "GetLifecyclePolicy"} == {
        REGION,
        FAR,
    }


def test_ten_failures_are_enough(whole: Answering) -> None:
    whole.answers |= {
        "DescribeRepositories": {"repositories": [repository(f"shop/{number:02}") for number in range(30)]},
        "ListTagsForResource": DENIED,
    }
    with pytest.raises(IncompleteReadError) as error:
        read_repositories(whole)
    assert len(error.value.failures) == 10


def test_credentials_that_have_expired_are_enough(whole: Answering) -> None:
    whole.answers |= {
        "DescribeRepositories": {"repositories": [repository(f"shop/{number:02}") for number in range(30)]},
        "ListTagsForResource": refused("ExpiredTokenException"),
    }
    with pytest.raises(IncompleteReadError) as error:
        read_repositories(whole)
    assert len(error.value.failures) == 1
    assert "1 of the repositories can't be read" in error.value.got


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"KeyMetadata": {"KeyId": "own", "Arn": OWN}}, OWN),
        (refused("NotFoundException"), ""),
    ],
)
def test_the_own_key(aws: Answering, answer: Answer, expected: str) -> None:
    aws.answers["DescribeKey"] = answer
    assert own_key(aws, REGION) == expected


@pytest.mark.parametrize(
    ("answer", "got"),
    [({}, "an answer without KeyMetadata"), ({"KeyMetadata": {"KeyId": "own"}}, "an answer without Arn")],
)
def test_an_own_key_that_is_not_described(aws: Answering, answer: Answer, got: str) -> None:
    aws.answers["DescribeKey"] = answer
    with pytest.raises(AwsError) as error:
        own_key(aws, REGION)
    assert error_of(error) == (f"alias/aws/ecr in {REGION}", "AWS's answer can't be read", got)


def test_an_own_key_that_is_denied(aws: Answering) -> None:
    aws.answers["DescribeKey"] = DENIED
    with pytest.raises(AwsError) as error:
        own_key(aws, REGION)
    assert (error.value.where, error.value.code) == (f"alias/aws/ecr in {REGION}", "AccessDeniedException")


# Stacks ------------------------------------------------------------------------------------------------


def stack(name: str) -> Answer:
    return {"StackName": name, "StackStatus": "CREATE_COMPLETE", "CreationTime": CREATED}


TEMPLATE = {"Resources": {"Web": {"Type": "AWS::ECR::Repository"}}}


def test_stacks_by_a_pattern(aws: Answering) -> None:
    aws.answers |= {
        "ListStacks": {"StackSummaries": [stack("Shop-b"), stack("Other"), stack("Shop-a"), stack("Shop-b")]},
        "GetTemplate": lambda request: {
            "TemplateBody": json.dumps(TEMPLATE | {"Description": request["StackName"]})
        },
    }
    found = list(read_stacks(aws, ACCOUNT, REGION, "Shop-*"))
    assert [(name, template["Description"]) for name, template in found] == [
        ("Shop-a", "Shop-a"),
        ("Shop-b", "Shop-b"),
    ]
    [request] = aws.requests_of("ListStacks")
    assert request["StackStatusFilter"] == [
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
    ]
    assert aws.requests_of("GetTemplate")[0] == {"StackName": "Shop-a", "TemplateStage": "Original"}


@pytest.mark.parametrize(("region", "where"), [(None, REGION), (REGION, REGION), (FAR, FAR)])
def test_the_region_of_stacks_and_images(aws: Answering, region: str | None, where: str) -> None:
    """The configuration's, unless one is named; the account is asked for there as well."""
    aws.answers |= {"ListStacks": {"StackSummaries": []}, "ListImages": {"imageIds": []}}
    assert list(read_stacks(aws, ACCOUNT, region, "*")) == []
    assert count_images(aws, ACCOUNT, region, "shop/web") == 0
    assert [asked[:2] for asked in aws.asked] == [
        (where, "GetCallerIdentity"),
        (where, "ListStacks"),
        (where, "GetCallerIdentity"),
        (where, "ListImages"),
    ]


def test_stacks_that_can_t_be_listed(aws: Answering) -> None:
    aws.answers["ListStacks"] = DENIED
    with pytest.raises(AwsError) as error:
        list(read_stacks(aws, None, REGION, "*"))
    assert error.value.where == f"the stacks in {REGION}"
    aws.answers |= {"ListStacks": {"StackSummaries": [stack("Shop")]}, "GetTemplate": DENIED}
    with pytest.raises(AwsError) as error:
        list(read_stacks(aws, None, REGION, "*"))
    assert error.value.where == f"the template of Shop in {REGION}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.dumps(TEMPLATE), TEMPLATE),
        ("Resources:\n  Web:\n    Type: AWS::ECR::Repository\n", TEMPLATE),
        (
            "Resources:\n  Web:\n    Name: !Sub '${A}'\n    L: !GetAtt [a]\n    M: !F {a: b}\n",
            {"Resources": {"Web": {"Name": None, "L": None, "M": None}}},
        ),
    ],
    ids=["JSON", "YAML", "short form"],
)
def test_a_template(aws: Answering, body: str, expected: Answer) -> None:
    aws.answers["GetTemplate"] = {"TemplateBody": body}
    assert read_template(aws.client("cloudformation", REGION), "Shop", "here") == expected


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        ({}, "an answer without TemplateBody"),
        ({"TemplateBody": ""}, "an answer without TemplateBody"),
        ({"TemplateBody": "a: [b"}, "a template that is not YAML: "),
        ({"TemplateBody": "text"}, "a template without Resources"),
        ({"TemplateBody": "{}"}, "a template without Resources"),
        ({"TemplateBody": "[]"}, "a template without Resources"),
        ({"TemplateBody": '{"Resources": []}'}, "a template without Resources"),
    ],
)
def test_a_template_that_can_t_be_read(aws: Answering, answer: Answer, got: str) -> None:
    aws.answers["GetTemplate"] = answer
    with pytest.raises(AwsError) as error:
        read_template(aws.client("cloudformation", REGION), "Shop", "here")
    assert error.value.where == "here"
    assert error.value.problem == "AWS's answer can't be read"
    assert error.value.got.startswith(got)


def test_images_are_counted_by_their_digest(aws: Answering) -> None:
    tags = [{"imageDigest": digest(number), "imageTag": f"v{number}"} for number in (1, 2)]
    aws.answers["ListImages"] = {"imageIds": [*tags, {"imageDigest": digest(1), "imageTag": "latest"}]}
    assert count_images(aws, ACCOUNT, REGION, "shop/web") == 2
    assert aws.requests_of("ListImages") == [{"repositoryName": "shop/web"}]
    aws.answers["ListImages"] = GONE
    assert count_images(aws, None, None, "shop/web") is None
    aws.answers["ListImages"] = DENIED
    with pytest.raises(AwsError) as error:
        count_images(aws, None, None, "shop/web")
    assert error.value.where == f"the images of shop/web in {REGION}"


@pytest.mark.parametrize(
    "read",
    [
        lambda aws: list(read_stacks(aws, "222233334444", REGION, "*")),
        lambda aws: count_images(aws, "222233334444", REGION, "shop/web"),
    ],
    ids=["stacks", "images"],
)
def test_another_account(aws: Answering, read: Callable[[Answering], object]) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(aws)
    assert str(error.value) == (
        f"--environment: The credentials are another account's.\n  Got: '{ACCOUNT}'\n"
        "  Allowed: 222233334444\n"
        "  Fix: choose the environment of these credentials with --environment, or others with --profile"
    )
    assert [operation for _, operation, _ in aws.asked] == ["GetCallerIdentity"]


# The way to AWS ----------------------------------------------------------------------------------------


def test_the_account(aws: Answering) -> None:
    assert aws.account(REGION) == ACCOUNT
    aws.answers["GetCallerIdentity"] = {}
    with pytest.raises(AwsError) as error:
        aws.account(REGION)
    assert error_of(error) == ("the credentials", "AWS's answer can't be read", "an answer without Account")
    aws.answers["GetCallerIdentity"] = DENIED
    with pytest.raises(AwsError) as error:
        aws.account(REGION)
    assert (error.value.where, error.value.code) == ("the credentials", "AccessDeniedException")


def test_regions(aws: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    assert aws.regions() == (REGION,)
    assert aws.regions([FAR, REGION, FAR]) == (FAR, REGION)
    assert aws.regions(["cn-north-1", "us-gov-west-1"]) == ("cn-north-1", "us-gov-west-1")
    with pytest.raises(InvalidInputError) as error:
        aws.regions([REGION, "moon-2", "moon-1"])
    assert str(error.value) == (
        "--region: There is no such Region.\n  Got: 'moon-1'\n"
        "  Allowed: a Region that boto3 knows, such as eu-west-1\n"
        "  Fix: check its name; if it is new, update boto3"
    )
    monkeypatch.setenv("AWS_REGION", "moon-3")
    with pytest.raises(InvalidInputError, match="moon-3"):
        aws.regions()
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setattr(aws._session._session, "get_config_variable", lambda _: None)
    with pytest.raises(InvalidInputError) as error:
        aws.regions()
    assert str(error.value) == (
        "--region: No Region is set.\n  Got: None\n  Allowed: a Region\n"
        "  Fix: name one with --region, or set AWS_REGION"
    )


def test_partitions(aws: Answering) -> None:
    assert [
        aws.partition(region) for region in (REGION, "cn-north-1", "us-iso-east-1", "eusc-de-east-1")
    ] == [
        "aws",
        "aws-cn",
        "aws-iso",
        "aws-eusc",
    ]
    assert {REGION, "cn-north-1", "us-iso-east-1"} < aws.known_regions


def test_work_keeps_the_order_of_its_items(aws: Answering) -> None:
    assert list(aws.each(lambda item: item * 2, range(50))) == list(range(0, 100, 2))
    assert not aws.stopped.is_set()


def test_work_is_done_by_as_many_as_allowed(aws: Answering) -> None:
    together, lock, most = 0, threading.Lock(), 0
    meeting = threading.Barrier(2, timeout=60)

    def work(_: int) -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        meeting.wait()  # one alone would wait in vain
        with lock:
            together -= 1

    list(aws.each(work, range(20)))
    assert most == aws.concurrency == 2


def test_work_that_fails_stops_the_rest(aws: Answering) -> None:
    def work(item: int) -> int:
        if item == 3:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="3"):
        list(aws.each(work, range(10)))
    assert aws.stopped.is_set()


@pytest.mark.parametrize("answer", [{}, {"a": None}, {"a": ""}])
def test_what_an_answer_must_have(answer: Answer) -> None:
    with pytest.raises(AwsError) as error:
        required(answer, "a", "here")
    assert error_of(error) == ("here", "AWS's answer can't be read", "an answer without a")


@pytest.mark.parametrize("value", [0, False, [], {}, "x"])
def test_what_an_answer_has(value: Any) -> None:
    assert required({"a": value}, "a", "here") == value


def test_any_exception_of_a_call_is_an_answer_that_can_t_be_read() -> None:
    with pytest.raises(AwsError) as error, reading("here"):
        raise AttributeError("'list' object has no attribute 'get'")
    assert str(error.value) == (
        "here: AWS's answer can't be read.\n"
        "  Got: AttributeError: 'list' object has no attribute 'get'\n"
        f"  Fix: {FIX}"
    )
    assert (error.value.code, error.value.hopeless, error.value.rejected) == ("", False, False)


@pytest.mark.parametrize("kind", [Stopped, KeyboardInterrupt])
def test_what_stops_the_reading_is_none(kind: type[BaseException]) -> None:
    with pytest.raises(kind), reading("here"):
        raise kind


def test_an_error_is_told_once() -> None:
    with pytest.raises(AwsError) as error, reading("outside"):
        raise unreadable("inside", "nothing")
    assert error.value.where == "inside"


@pytest.mark.parametrize(
    ("code", "problem", "fix", "hopeless"),
    [
        (
            "AccessDeniedException",
            "AWS does not allow DescribeImages",
            "allow DescribeImages to whoever runs this; the policies needed are in docs/inventory.md and "
            "docs/catalog-migration.md",
            False,
        ),
        ("AccessDenied", "AWS does not allow DescribeImages", "allow DescribeImages to whoever", False),
        ("UnauthorizedOperation", "AWS does not allow DescribeImages", "allow DescribeImages to", False),
        ("ExpiredToken", "The credentials are not valid, or no longer", "sign in again", True),
        ("ThrottlingException", "AWS throttled DescribeImages until no more", "run it again later", False),
        ("TooManyRequestsException", "AWS throttled DescribeImages until", "run it again later", False),
        ("RequestLimitExceeded", "AWS throttled DescribeImages until", "run it again later", False),
        (
            "RepositoryNotFoundException",
            "There is no such repository",
            "check its name, the account and the Region",
            False,
        ),
        ("ServerException", "DescribeImages failed", "read AWS's answer", False),
    ],
)
def test_what_aws_refuses(aws: Answering, code: str, problem: str, fix: str, hopeless: bool) -> None:
    aws.answers["DescribeImages"] = refused(code, "because")
    with pytest.raises(AwsError) as error:
        images_of(aws)
    found = error.value
    assert found.problem.startswith(problem)
    assert found.fix.startswith(fix)
    assert (found.where, found.code) == ("shop/web here", code)
    assert (found.hopeless, found.rejected) == (hopeless, hopeless)
    assert "because" in found.got


@pytest.mark.parametrize(
    ("raised", "problem", "fix", "hopeless"),
    [
        (exceptions.NoCredentialsError(), "There are no credentials to ask AWS with", "sign in, or", True),
        (
            exceptions.ProfileNotFound(profile="x"),
            "There are no credentials to ask AWS with",
            "sign in",
            True,
        ),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="x"),
            "There are no credentials to ask AWS with",
            "sign in, or name a profile with --profile",
            True,
        ),
        (
            exceptions.CredentialRetrievalError(provider="x", error_msg="y"),
            "There are no credentials to ask AWS with",
            "sign in",
            True,
        ),
        (
            exceptions.TokenRetrievalError(provider="x", error_msg="y"),
            "There are no credentials to ask AWS with",
            "sign in",
            True,
        ),
        (
            exceptions.SSOTokenLoadError(error_msg="y"),
            "There are no credentials to ask AWS with",
            "sign in",
            True,
        ),
        (
            exceptions.UnauthorizedSSOTokenError(),
            "There are no credentials to ask AWS with",
            "sign in",
            True,
        ),
        (exceptions.InvalidRegionError(region_name="!"), "This is not a Region", "check --region", True),
        (
            exceptions.EndpointConnectionError(endpoint_url="x"),
            "AWS can't be reached",
            "check the Region's name, the network and AWS_ENDPOINT_URL",
            True,
        ),
        (
            exceptions.ConnectTimeoutError(endpoint_url="x"),
            "AWS can't be reached",
            "check the Region's name, the network and AWS_ENDPOINT_URL",
            True,
        ),
        (
            exceptions.ParamValidationError(report="x"),
            "boto3 refuses the request",
            "check the names, and update boto3 if it is old",
            True,
        ),
        (
            exceptions.ReadTimeoutError(endpoint_url="x"),
            "The connection to AWS failed",
            "check the network, and run it again",
            False,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_fails_on_the_way(raised: Exception, problem: str, fix: str, hopeless: bool) -> None:
    with pytest.raises(AwsError) as error, reading("here"):
        raise raised
    found = error.value
    assert (found.where, found.problem, found.hopeless) == ("here", problem, hopeless)
    assert found.fix.startswith(fix)
    assert found.got == f"{type(raised).__name__}: {raised}"
    # AWS has not answered, so it has not rejected anything either.
    assert (found.code, found.rejected) == ("", False)


@pytest.mark.parametrize(
    "code",
    [
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ],
)
def test_credentials_that_aws_rejects(aws: Answering, code: str) -> None:
    aws.answers["DescribeImages"] = refused(code)
    with pytest.raises(AwsError) as error:
        images_of(aws)
    assert error.value.problem == "The credentials are not valid, or no longer"
    assert error.value.rejected
    assert error.value.fix == "sign in again, and check the machine's clock"


@pytest.mark.parametrize(
    ("variables", "attempts"),
    [({}, {"sts": 3, "ecr": 8}), ({"AWS_MAX_ATTEMPTS": "5"}, {"sts": 5, "ecr": 5})],
)
def test_how_a_client_retries(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], attempts: dict[str, int]
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", **variables}.items():
        monkeypatch.setenv(name, value)
    aws = Aws(concurrency=4)
    for service, number in attempts.items():
        client = aws.client(service, REGION)
        assert client is aws.client(service, REGION)
        config = client.meta.config
        assert config.retries == {"mode": "adaptive", "total_max_attempts": number}
        assert (config.max_pool_connections, config.connect_timeout, config.read_timeout) == (6, 10, 60)
        assert config.user_agent_extra == "registry-constructs"
        assert client.meta.region_name == REGION


@pytest.mark.parametrize("response", [{}, {"Error": {}}, {"Error": {"Message": "no"}}])
def test_a_refusal_without_a_code(response: Any) -> None:
    with pytest.raises(AwsError) as error, reading("here"):
        raise exceptions.ClientError(response, "DescribeImages")
    assert (error.value.code, error.value.problem) == ("", "DescribeImages failed")


def test_boto3_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr("importlib.util.find_spec", looked.append)
    with pytest.raises(MissingExtraError) as error:
        Aws()
    assert looked == ["boto3"]
    assert str(error.value) == (
        f"boto3 is not installed; it is a part of the extra cli. Run: {install_command('cli')}"
    )


def test_a_new_way_to_aws_has_asked_for_nothing() -> None:
    new = Aws()
    assert (new.requests, new.concurrency, new.stopped.is_set()) == (0, 8, False)


def test_a_client_that_can_t_be_made(aws: Answering) -> None:
    with pytest.raises(AwsError) as error:
        aws.client("ecr", "Europe!")
    assert (error.value.where, error.value.problem) == ("ecr in Europe!", "This is not a Region")


def test_a_profile_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AwsError) as error:
        Aws(profile="none")
    assert error.value.where == "profile none"
    monkeypatch.setenv("AWS_PROFILE", "neither")
    with pytest.raises(AwsError) as error:
        Aws()
    assert error.value.where == "the AWS configuration"


@pytest.mark.deploy
def test_requests_are_counted_until_they_are_stopped(command: Command, served: Served) -> None:
    served.answers["DescribeRepositories"] = {"repositories": []}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in command.environment().items():
            patch.setenv(name, value)
        aws = Aws()
        for _ in range(3):
            aws.client("ecr", REGION).describe_repositories()
        assert aws.requests == 3
        aws.stopped.set()
        with pytest.raises(Stopped):
            aws.client("ecr", REGION).describe_repositories()
        assert aws.requests == 3
    assert served.calls["DescribeRepositories"] == 3


@pytest.mark.deploy
@pytest.mark.parametrize("variables", [{"AWS_REGION": FAR}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": FAR}])
def test_a_role_is_assumed_again_when_it_expires(
    command: Command, served: Served, variables: dict[str, str]
) -> None:
    asked: list[Request] = []
    assume = served.answers["AssumeRole"]

    def remember(request: Request) -> object:
        asked.append(request)
        # Credentials that are about to expire are not kept.
        return assume(request).replace(b"2999", b"2000" if len(asked) == 1 else b"2999")

    served.answers["AssumeRole"] = remember
    role = "arn:aws:iam::222233334444:role/Audit"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in command.environment(**variables).items():
            patch.setenv(name, value)
        aws = Aws(role=role)
        with pytest.raises(AwsError, match="the credentials"):
            aws.account(REGION)
        assert aws.account(REGION) == "222233334444"
    assert [(one["RoleArn"], one["RoleSessionName"], one["region"]) for one in asked] == [
        (role, "registry-constructs", FAR)
    ] * 2


def test_nothing_is_asked_outside_of_tests(aws: Answering, tmp_path: Path) -> None:
    """An operation that a test does not answer is refused, and never sent."""
    with pytest.raises(AwsError, match="AWS does not allow DescribeImages"):
        images_of(aws)
    assert not list(tmp_path.iterdir())
