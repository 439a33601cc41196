"""Answers of AWS: pages to their end, each item once, and nothing that the API's model does not name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_constructs.live import answers
from registry_constructs.live.answers import ALWAYS, AnswerError, guard, pages
from tests.drawing import examples

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Fake:
    """Clients of boto3 that get their answers from a function, before anything is sent."""

    def __init__(self) -> None:
        self.session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b")
        self.clients: dict[str, Any] = {}
        self.answer: Answer = lambda _: {}
        self.requests: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        if service not in self.clients:
            made = self.session.client(service, region_name="eu-west-1")  # type: ignore[call-overload]
            made.meta.events.register("provide-client-params", self._remember)
            made.meta.events.register("before-call", self._answered)
            guard(made)
            self.clients[service] = made
        return self.clients[service]

    def _remember(self, params: dict[str, Any], **_: object) -> None:
        self.requests.append(params)

    def _answered(self, **_: object) -> tuple[SimpleNamespace, dict[str, Any]]:
        return SimpleNamespace(status_code=200), self.answer(self.requests[-1])


@pytest.fixture(scope="module")
def fake() -> Fake:
    return Fake()


@pytest.fixture(autouse=True)
def _fresh(fake: Fake) -> None:
    fake.requests.clear()


# Operation, key, identity, the token of an answer and of a request: all shapes of tokens that AWS has.
KINDS = [
    ("ecr", "describe_repositories", "repositories", ("repositoryName",), "nextToken", "nextToken"),
    ("ecs", "list_clusters", "clusterArns", (), "nextToken", "nextToken"),
    ("lambda", "list_functions", "Functions", ("FunctionName",), "NextMarker", "Marker"),
    ("scheduler", "list_schedules", "Schedules", ("GroupName", "Name"), "NextToken", "NextToken"),
    ("events", "list_event_buses", "EventBuses", ("Name",), "NextToken", "NextToken"),
    ("kms", "list_aliases", "Aliases", ("AliasName",), "NextMarker", "Marker"),
]


def item(service: str, name: str, version: int) -> Any:
    """An item of such a list; two versions of one name are one item that has changed."""
    return {
        "ecr": {"repositoryName": name, "repositoryArn": f"arn:{name}", "registryId": str(version)},
        "ecs": f"arn:{name}",
        "lambda": {"FunctionName": name, "PackageType": "Image", "Version": str(version)},
        "scheduler": {"GroupName": "g", "Name": name, "Target": {"Arn": str(version)}},
        "events": {"Name": name, "Arn": str(version)},
        "kms": {"AliasName": name, "TargetKeyId": str(version)},
    }[service]


# A page: the names on it, and the number of the next page; beyond the last there is none.
Book = list[tuple[list[str], int]]
BOOKS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdef"), max_size=4), st.integers(0, 9)), min_size=1, max_size=8
)


def walk(book: Book) -> list[int] | None:
    """The pages that lead to the end; None if they lead back."""
    seen: list[int] = []
    number = 0
    while number < len(book):
        if number in seen:
            return None
        seen.append(number)
        number = book[number][1]
    return seen


@given(book=BOOKS, kind=st.sampled_from(KINDS), most=st.integers(1, 4))
@settings(max_examples=examples(300))
def test_all_items_once_or_an_error(fake: Fake, book: Book, kind: tuple[Any, ...], most: int) -> None:
    service, operation, key, identity, sent, asked = kind
    fake.requests.clear()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        number = int(request.get(asked, "page 0").removeprefix("page "))
        names, following = book[number]
        made = {key: [item(service, name, number) for name in names]}
        return made | ({sent: f"page {following}"} if following < len(book) else {})

    fake.answer = answer
    order = walk(book)
    expected: dict[str, Any] = {}
    run = longest = 0
    for number in order or ():
        before = len(expected)
        for name in book[number][0]:
            expected[name] = item(service, name, number)
        run = run + 1 if len(expected) == before else 0
        # The last page may be empty: there is nothing behind it.
        longest = max(longest, run if book[number][1] < len(book) else 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "MOST_FRUITLESS", most)
        if order is None or longest >= most:
            with pytest.raises(AnswerError, match=f"{key}"):
                pages(fake.client(service), operation, key, identity=identity)
        else:
            found = pages(fake.client(service), operation, key, identity=identity)
            assert found == list(expected.values())
    assert len(fake.requests) <= len(book) + 1


def test_the_request_is_the_same_for_every_page(fake: Fake) -> None:
    fake.answer = lambda request: {"imageIds": []} | ({} if "nextToken" in request else {"nextToken": "a"})
    pages(fake.client("ecr"), "list_images", "imageIds", identity=("imageDigest",), repositoryName="a/b")
    assert fake.requests == [{"repositoryName": "a/b"}, {"repositoryName": "a/b", "nextToken": "a"}]


@pytest.mark.parametrize("number", [1, 2, 499])
def test_some_empty_pages_are_none_of_our_business(fake: Fake, number: int) -> None:
    """AWS filters stacks page by page, for example."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        at = int(request.get("nextToken", 0))
        return {"clusterArns": [], "nextToken": str(at + 1)} if at < number else {"clusterArns": ["a"]}

    fake.answer = answer
    assert pages(fake.client("ecs"), "list_clusters", "clusterArns") == ["a"]
    assert len(fake.requests) == number + 1


def test_too_many_are(fake: Fake) -> None:
    fake.answer = lambda request: {"clusterArns": [], "nextToken": str(int(request.get("nextToken", 0)) + 1)}
    with pytest.raises(AnswerError, match=r"^500 pages in a row without anything new in clusterArns"):
        pages(fake.client("ecs"), "list_clusters", "clusterArns")
    assert len(fake.requests) == 500


def test_the_token_that_comes_again_is_shown(fake: Fake) -> None:
    fake.answer = lambda _: {"clusterArns": ["a"], "nextToken": "t" * 500}
    with pytest.raises(AnswerError) as error:
        pages(fake.client("ecs"), "list_clusters", "clusterArns")
    assert str(error.value) == (
        f"pages of clusterArns without an end: nextToken {'t' * 60 + '...'!r} comes again"
    )
    assert len(fake.requests) == 2


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_the_end(fake: Fake, token: str | None) -> None:
    fake.answer = lambda _: {"clusterArns": ["a"], **({} if token is None else {"nextToken": token})}
    assert pages(fake.client("ecs"), "list_clusters", "clusterArns") == ["a"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, "an answer without clusterArns"),
        ({"clusterArns": [""]}, "an answer with '' in clusterArns"),
        ({"clusters": []}, "an answer without clusterArns"),
    ],
)
def test_an_answer_without_its_list_or_an_identity(fake: Fake, answer: dict[str, Any], message: str) -> None:
    fake.answer = lambda _: answer
    with pytest.raises(AnswerError) as error:
        pages(fake.client("ecs"), "list_clusters", "clusterArns")
    assert str(error.value) == message


@pytest.mark.parametrize("digest", [{}, {"imageDigest": ""}])
def test_an_item_without_its_identity(fake: Fake, digest: dict[str, str]) -> None:
    fake.answer = lambda _: {"imageIds": [{"imageTag": "v1"} | digest]}
    with pytest.raises(AnswerError) as error:
        pages(fake.client("ecr"), "list_images", "imageIds", identity=("imageDigest",), repositoryName="a/b")
    assert str(error.value) == "an answer without imageDigest"


@pytest.mark.parametrize(("service", "shape"), sorted(ALWAYS))
def test_what_aws_always_sends_is_in_its_model(fake: Fake, service: str, shape: str) -> None:
    members = fake.client(service).meta.service_model.shape_for(shape).members
    assert ALWAYS[service, shape]
    assert set(ALWAYS[service, shape]) <= set(members)


VALUES: dict[str, Any] = {
    "text": "x",
    "number": 5,
    "float": 1.5,
    "true": True,
    "list": [],
    "object": {},
}


# What the readers of this package take for granted.
RELIED_ON = """
cloudformation StackSummary StackName StackStatus
ec2 Region RegionName
ecr Image imageId imageManifest
ecr ImageFailure failureCode imageId
ecr ImageIdentifier imageDigest
ecr ImageScanStatus status
ecr ImageTagMutabilityExclusionFilter filter filterType
ecr PullThroughCacheRule ecrRepositoryPrefix upstreamRegistryUrl
ecr RegistryScanningConfiguration rules scanType
ecr RegistryScanningRule repositoryFilters scanFrequency
ecr ReplicationConfiguration rules
ecr ReplicationDestination region registryId
ecr ReplicationRule destinations
ecr Repository repositoryArn repositoryName
ecr RepositoryCreationTemplate appliedFor prefix
ecr RepositoryFilter filter
ecr RepositoryScanningConfiguration repositoryName scanFrequency
ecr RepositoryScanningConfigurationFailure repositoryName
ecr ScanningRepositoryFilter filter
ecr Tag Key Value
ecr-public Repository repositoryArn repositoryName
ecr-public Tag Key Value
ecs ContainerDefinition image
ecs Service serviceArn serviceName
ecs Task taskArn taskDefinitionArn
events EventBus Name
events Target Arn
kms KeyMetadata Arn
lambda FunctionConfiguration FunctionName PackageType Version
organizations Account Id
organizations Organization Id
scheduler ScheduleSummary GroupName Name Target
scheduler TargetSummary Arn
"""


@pytest.mark.parametrize(
    ("service", "shape", "fields"),
    [(service, shape, fields) for service, shape, *fields in map(str.split, RELIED_ON.strip().splitlines())],
)
def test_each_field_that_readers_rely_on_is_required(
    fake: Fake, service: str, shape: str, fields: list[str]
) -> None:
    model = fake.client(service).meta.service_model.shape_for(shape)
    values = {"list": [], "structure": {"Arn": "x", "imageDigest": "x"}, "string": "x"}
    whole = {field: values[model.members[field].type_name] for field in fields}

    def check(value: dict[str, Any]) -> None:
        # In a map, where the members of its values have to be checked too.
        around = SimpleNamespace(type_name="map", value=model)
        answers._check({"a": value}, around, "there", service)

    check(whole)
    for field in fields:
        with pytest.raises(AnswerError, match=f"without {field}$"):
            check({name: value for name, value in whole.items() if name != field})


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("boolean", {"true"}),
        ("double", {"number", "float"}),
        ("float", {"number", "float"}),
        ("integer", {"number", "float"}),
        ("long", {"number", "float"}),
        ("string", {"text"}),
        ("timestamp", {"number", "float", "text"}),
        ("blob", {"text", "number", "float", "list", "object"}),
    ],
)
def test_values_by_the_kind_of_their_shape(kind: str, taken: set[str]) -> None:
    for name, value in VALUES.items():
        if name in taken:
            answers._check(value, SimpleNamespace(type_name=kind), "there")
        else:
            with pytest.raises(AnswerError, match=r"in there$"):
                answers._check(value, SimpleNamespace(type_name=kind), "there")


@pytest.mark.parametrize(("kind", "value"), [("map", []), ("map", "x"), ("list", {}), ("structure", [])])
def test_what_holds_others_by_the_kind_of_its_shape(kind: str, value: Any) -> None:
    with pytest.raises(AnswerError, match=r"in there$"):
        answers._check(value, SimpleNamespace(type_name=kind), "there")


@pytest.mark.parametrize(
    ("item", "fields", "message"),
    [
        (5, ("name",), "an answer with 5 in items"),
        ("x", ("name",), "an answer with 'x' in items"),
        ({}, ("name",), "an answer without name"),
        ({"name": ""}, ("name",), "an answer without name"),
        ({"name": 5}, ("name",), "an answer without name"),
        ({"name": "a"}, ("name", "group"), "an answer without group"),
        (5, (), "an answer with 5 in items"),
        ("", (), "an answer with '' in items"),
    ],
)
def test_items_without_an_identity(item: Any, fields: tuple[str, ...], message: str) -> None:
    with pytest.raises(AnswerError) as error:
        answers._identity(item, fields, "items")
    assert str(error.value) == message


def test_what_is_sent_is_checked_before_botocore_reads_it() -> None:
    """It reads an object in place of a list as an empty list."""
    session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b")
    client = session.client("ecr", region_name="eu-west-1")
    sent: Any = AWSResponse("http://ecr", 200, HTTPHeaders(), io.BytesIO())
    sent._content = b'{"repositories": {}}'
    client.meta.events.register("before-send", cast("Any", lambda **_: sent))
    assert client.describe_repositories()["repositories"] == []
    guard(client)
    with pytest.raises(AnswerError, match=r"an answer with \{\} in repositories"):
        client.describe_repositories()


@pytest.mark.parametrize(("status", "checked"), [(200, True), (299, True), (300, False)])
def test_an_answer_that_is_no_object(fake: Fake, status: int, checked: bool) -> None:
    model = fake.client("ecr").meta.service_model.operation_model("DescribeImages")
    response = SimpleNamespace(status_code=status)
    if not checked:
        answers._check_parsed(response, [], model)
        return
    with pytest.raises(AnswerError) as error:
        answers._check_parsed(response, [], model)
    assert str(error.value) == "an answer with [] in place of an object"


@pytest.mark.parametrize("field", ["repositoryArn", "repositoryName"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_field_that_aws_always_sends(fake: Fake, field: str, value: str | None) -> None:
    fake.answer = lambda _: {"repositories": [item("ecr", "a/b", 1) | {field: value}]}
    with pytest.raises(AnswerError) as error:
        fake.client("ecr").describe_repositories()
    assert str(error.value) == f"an answer without {field}"


def test_a_tag_may_be_empty(fake: Fake) -> None:
    fake.answer = lambda _: {"tags": [{"Key": "team", "Value": ""}]}
    fake.client("ecr").list_tags_for_resource(resourceArn="arn")
    fake.answer = lambda _: {"tags": [{"Key": "", "Value": "a"}]}
    with pytest.raises(AnswerError, match="an answer without Key"):
        fake.client("ecr").list_tags_for_resource(resourceArn="arn")


def test_a_refusal_is_not_taken_for_an_answer() -> None:
    """Errors have another shape, and are reported as AWS sends them."""
    session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b")
    client = session.client("ecr", region_name="eu-west-1")
    parsed = {"Error": {"Code": "AccessDeniedException", "Message": "no"}, "repositories": 5}
    refuse = cast("Any", lambda **_: (SimpleNamespace(status_code=400), parsed))
    client.meta.events.register("before-call", refuse)
    guard(client)
    with pytest.raises(client.exceptions.ClientError, match="AccessDeniedException"):
        client.describe_repositories()


# Values by the kind that the model names ---------------------------------------------------------------

FIELDS = {
    "imageDigest": {"text"},
    "imageSizeInBytes": {"number", "float"},
    "imagePushedAt": {"number", "float", "text"},
    "imageTags": {"list"},
    "imageScanFindingsSummary": {"object"},
}


@pytest.fixture(scope="module")
def check(fake: Fake) -> Callable[..., None]:
    """Check the body of an answer of DescribeImages as it is sent."""
    model = fake.client("ecr").meta.service_model.operation_model("DescribeImages")

    def checked(body: Any, *, status: int = 200) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answers._check_sent(model, {"status_code": status, "body": content})

    return checked


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_another_kind(check: Callable[..., None], field: str) -> None:
    for name, value in VALUES.items():
        body = {"imageDetails": [{field: value}]}
        if name in FIELDS[field]:
            check(body)
            continue
        with pytest.raises(AnswerError) as error:
            check(body)
        assert str(error.value) == f"an answer with {value!r} in {field}"


@pytest.mark.parametrize("value", ["", "x", 5, {}, {"imageDigest": "x"}, True])
def test_no_list_where_one_belongs(check: Callable[..., None], value: Any) -> None:
    """Else botocore takes an object or a text for the list of its keys or letters."""
    check({"imageDetails": None})  # as if it were not there: who needs it refuses that
    with pytest.raises(AnswerError) as error:
        check({"imageDetails": value})
    assert str(error.value) == f"an answer with {value!r} in imageDetails"


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_no_object_where_one_belongs(check: Callable[..., None], value: Any) -> None:
    for body, where in (({"imageDetails": [{}, value]}, "imageDetails"), (value, "place of an object")):
        with pytest.raises(AnswerError) as error:
            check(body)
        assert str(error.value) == f"an answer with {value!r} in {where}"


@pytest.mark.parametrize("value", [None, [], {}, 5, True])
def test_an_item_of_another_kind(check: Callable[..., None], value: Any) -> None:
    with pytest.raises(AnswerError) as error:
        check({"imageDetails": [{"imageTags": ["v1", value]}]})
    assert str(error.value) == f"an answer with {value!r} in imageTags"


@pytest.mark.parametrize("value", [None, [], {}, "x", True])
def test_a_value_of_a_map_of_another_kind(check: Callable[..., None], value: Any) -> None:
    def body(count: Any) -> dict[str, Any]:
        summary = {"findingSeverityCounts": {"HIGH": 1, "LOW": count}}
        return {"imageDetails": [{"imageScanFindingsSummary": summary}]}

    check(body(3))
    with pytest.raises(AnswerError) as error:
        check(body(value))
    assert str(error.value) == f"an answer with {value!r} in findingSeverityCounts"


@pytest.mark.parametrize("body", [b"<html>", b'{"imageDetails": [', b"\xff", b"x" * 500])
def test_what_is_not_json(check: Callable[..., None], body: bytes) -> None:
    with pytest.raises(AnswerError) as error:
        check(body)
    assert str(error.value) == f"an answer that is not JSON: {answers._short(body)}"


def test_nothing_and_what_is_no_answer(check: Callable[..., None]) -> None:
    check(b"")
    check({"of another version": [None]})
    check([], status=300)
    check(b"<html>", status=503)
    with pytest.raises(AnswerError):
        check([], status=299)


def test_an_answer_in_xml_is_checked_when_it_is_read(fake: Fake) -> None:
    for service, operation in (("sts", "GetCallerIdentity"), ("ec2", "DescribeRegions")):
        model = fake.client(service).meta.service_model.operation_model(operation)
        answers._check_sent(model, {"status_code": 200, "body": b"<any/>"})
    fake.answer = lambda _: {"Regions": [{"RegionName": "eu-west-1"}, {}]}
    with pytest.raises(AnswerError) as error:
        fake.client("ec2").describe_regions()
    assert str(error.value) == "an answer without RegionName"


def test_fields_have_the_names_that_are_sent(fake: Fake) -> None:
    """Some are called otherwise in boto3."""
    model = fake.client("apigateway").meta.service_model.operation_model("GetResources")
    with pytest.raises(AnswerError) as error:
        answers._check_sent(model, {"status_code": 200, "body": b'{"item": {}}'})
    assert str(error.value) == "an answer with {} in items"


def test_a_template_that_botocore_has_decoded(fake: Fake) -> None:
    fake.answer = lambda _: {"TemplateBody": '{"Resources": {}}'}
    found = fake.client("cloudformation").get_template(StackName="a")
    assert found["TemplateBody"] == {"Resources": {}}


def test_long_values_are_cut() -> None:
    assert answers._short("x" * 60) == repr("x" * 60)
    assert answers._short("x" * 61) == repr("x" * 60 + "...")
    assert answers._short([]) == "[]"
    assert answers._short(["x" * 100]) == repr(repr(["x" * 100])[:60] + "...")
