"""What ECS, Lambda, EventBridge and EKS answer that the local AWS never does: rollouts, refusals, gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from registry_constructs.live import Aws, AwsError, InUse, PodsFile
from registry_constructs.live.findings import Findings
from registry_constructs.simulation import Use

ACCOUNT, REGION = "111122223333", "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
SHOP, TOOLS = f"{ARN}:cluster/shop", f"{ARN}:cluster/tools"
DIGEST = "sha256:" + "ab" * 32

Answer = dict[str, Any]
Answers = dict[str, Answer | Callable[[Answer], Answer]]


def refused(code: str) -> Answer:
    return {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {}}


def image(tag: str) -> str:
    return f"{HOST}/web:{tag}"


def defined(request: Answer) -> Answer:
    """A task definition whose image has its family as the tag."""
    family = request["taskDefinition"].rpartition("/")[2].partition(":")[0]
    return {"taskDefinition": {"containerDefinitions": [{"name": "app", "image": image(family)}]}}


def definition(family: str) -> str:
    return f"{ARN}:task-definition/{family}:1"


def service(name: str, **more: Any) -> Answer:
    return {"serviceArn": f"{ARN}:service/shop/{name}", "serviceName": name, **more}


def function(version: str) -> Answer:
    return {"FunctionName": "thumbnails", "PackageType": "Image", "Version": version}


NOTHING: Answers = {
    "ListClusters": {"clusterArns": [], "clusters": []},
    "ListServices": {"serviceArns": []},
    "ListTasks": {"taskArns": []},
    "DescribeTaskDefinition": defined,
    "ListSchedules": {"Schedules": []},
    "ListEventBuses": {"EventBuses": [{"Name": "default"}]},
    "ListRuleNamesByTarget": {"RuleNames": []},
    "ListFunctions": {"Functions": []},
}
SERVICE: Answers = {
    "ListClusters": {"clusterArns": [SHOP], "clusters": []},
    "ListServices": {"serviceArns": [f"{ARN}:service/shop/web"]},
    "DescribeServices": {"services": [service("web", taskDefinition=definition("new"))]},
}
TASK: Answers = {
    "ListClusters": {"clusterArns": [SHOP], "clusters": []},
    "ListTasks": {"taskArns": [f"{ARN}:task/shop/1"]},
    "DescribeTasks": {
        "tasks": [{"taskArn": f"{ARN}:task/shop/1", "taskDefinitionArn": definition("job"), "containers": []}]
    },
}
SCHEDULE: Answers = {
    "ListSchedules": {"Schedules": [{"GroupName": "default", "Name": "night", "Target": {"Arn": SHOP}}]},
    "GetSchedule": {"Target": {"Arn": SHOP, "EcsParameters": {"TaskDefinitionArn": definition("nightly")}}},
}
RULE: Answers = {
    "ListClusters": {"clusterArns": [SHOP], "clusters": []},
    "ListEventBuses": {"EventBuses": [{"Name": "default"}]},
    "ListRuleNamesByTarget": {"RuleNames": ["when"]},
    "ListTargetsByRule": {
        "Targets": [{"Id": "1", "Arn": SHOP, "EcsParameters": {"TaskDefinitionArn": definition("ruled")}}]
    },
}
FUNCTION: Answers = {
    "ListFunctions": {"Functions": [function("$LATEST")]},
    "ListVersionsByFunction": {"Versions": [function("$LATEST")]},
    "GetFunction": {"Code": {"ImageUri": image("fn"), "ResolvedImageUri": f"{HOST}/web@{DIGEST}"}},
}
CLUSTER: Answers = {"ListClusters": {"clusterArns": [], "clusters": ["blue"]}}

Look = Callable[..., Findings]


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[Aws, Answers]]:
    """An AWS that answers what is put into the dictionary, before anything is sent."""
    answers: Answers = {}

    def remember(params: Answer, context: Answer, **_: object) -> None:
        context["asked"] = params

    def answer(model: Any, context: Answer, **_: object) -> tuple[SimpleNamespace, Answer]:
        found = answers[model.name]
        parsed = found(context["asked"]) if callable(found) else found
        return SimpleNamespace(status_code=400 if "Error" in parsed else 200), parsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        made = Aws()
        for service in ("ecs", "eks", "events", "lambda", "scheduler"):
            events = made.client(service, REGION).meta.events
            events.register("provide-client-params.*", remember)
            events.register("before-call.*", answer)
        yield made, answers


@pytest.fixture
def look(aws: tuple[Aws, Answers]) -> Look:
    """Look for what runs, where AWS answers as given, and with nothing to everything else."""

    def read(*given: Answers, in_use: InUse | None = None) -> Findings:
        aws[1].update(NOTHING)
        for each in given:
            aws[1].update(each)
        return (in_use or InUse()).read(aws[0], [REGION])

    return read


def uses(findings: Findings) -> set[Use]:
    return set(findings.uses_of(ACCOUNT, REGION, "web"))


def test_nothing_runs(look: Look) -> None:
    found = look()
    assert (uses(found), found.unknown_places) == (set(), ())


def test_a_rollout_needs_the_old_image_as_well(look: Look) -> None:
    rolling = service(
        "web",
        taskDefinition=definition("new"),
        deployments=[{"taskDefinition": definition("new")}, {"taskDefinition": definition("old")}],
        taskSets=[{"taskDefinition": definition("blue")}, {"id": "without one"}],
    )
    found = look(SERVICE, {"DescribeServices": {"services": [rolling]}})
    where = f"ecs service shop/web in {REGION}"
    assert uses(found) == {Use(where, tag=tag) for tag in ("new", "old", "blue")}
    assert found.unknown_places == ()


def test_a_task_counts_by_what_it_has_pulled_and_by_what_starts_next(look: Look) -> None:
    pulled = {"image": image("moving"), "imageDigest": DIGEST}
    task = {
        "taskArn": f"{ARN}:task/shop/1",
        "taskDefinitionArn": definition("job"),
        "containers": [pulled],
        "group": "service:web",
    }
    found = look(TASK, {"DescribeTasks": {"tasks": [task]}})
    where = f"ecs service shop/web in {REGION}"
    assert uses(found) == {Use(where, digest=DIGEST), Use(where, tag="moving"), Use(where, tag="job")}


def test_a_function_counts_by_what_lambda_has_resolved(look: Look) -> None:
    where = f"lambda function thumbnails in {REGION}"
    assert uses(look(FUNCTION)) == {Use(where, digest=DIGEST), Use(where, tag="fn")}


def test_lists_are_read_to_their_last_page(look: Look) -> None:
    def services(request: Answer) -> Answer:
        number = int(request.get("nextToken", 0))
        more = {"nextToken": str(number + 1)} if number < 30 else {}
        return {"serviceArns": [f"{ARN}:service/shop/web-{number}"]} | more

    def describe(request: Answer) -> Answer:
        assert len(request["services"]) <= 10
        names = [arn.rpartition("/")[2] for arn in request["services"]]
        return {"services": [service(name, taskDefinition=definition("web")) for name in names]}

    def buses(request: Answer) -> Answer:
        if "NextToken" in request:
            return {"EventBuses": [{"Name": "second"}]}
        return {"EventBuses": [{"Name": "default"}], "NextToken": "more"}

    found = look(
        SERVICE, RULE, {"ListServices": services, "DescribeServices": describe}, {"ListEventBuses": buses}
    )
    places = {use.where for use in uses(found)}
    assert places == {f"ecs service shop/web-{number} in {REGION}" for number in range(31)} | {
        f"eventbridge rule {bus}/when in {REGION}" for bus in ("default", "second")
    }


# Each request, where it is needed, and the place that nobody knows without it.
REQUESTS = [
    ("ListServices", SERVICE, f"ecs services of cluster shop in {REGION}"),
    ("DescribeServices", SERVICE, f"ecs services of cluster shop in {REGION}"),
    ("ListTasks", TASK, f"ecs tasks of cluster shop in {REGION}"),
    ("DescribeTasks", TASK, f"ecs tasks of cluster shop in {REGION}"),
    ("DescribeTaskDefinition", SERVICE, f"ecs task definition new:1 in {REGION}"),
    ("ListSchedules", SCHEDULE, f"eventbridge schedules in {REGION}"),
    ("GetSchedule", SCHEDULE, f"eventbridge schedule default/night in {REGION}"),
    ("ListEventBuses", RULE, f"eventbridge rules in {REGION}"),
    ("ListRuleNamesByTarget", RULE, f"eventbridge rules in {REGION}"),
    ("ListTargetsByRule", RULE, f"eventbridge rules in {REGION}"),
    ("ListFunctions", FUNCTION, f"lambda functions in {REGION}"),
    ("ListVersionsByFunction", FUNCTION, f"lambda function thumbnails in {REGION}"),
    ("GetFunction", FUNCTION, f"lambda function thumbnails in {REGION}"),
]
each_request = pytest.mark.parametrize(
    ("operation", "place_of", "place"), REQUESTS, ids=[request[0] for request in REQUESTS]
)


@each_request
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refused("AccessDeniedException"), "AWS does not allow "),
        (refused("ThrottlingException"), "AWS throttled "),
        (refused("InternalFailure"), " failed: "),
        ({}, "AWS's answer can't be read"),
    ],
    ids=["denied", "throttled", "broken", "empty"],
)
def test_what_cant_be_read_is_unknown_and_the_rest_is_still_read(
    look: Look, operation: str, place_of: Answers, place: str, answer: Answer, why: str
) -> None:
    other = SCHEDULE if place_of is FUNCTION else FUNCTION
    found = look(other, place_of, {operation: answer})
    assert found.unknown_places == (place,)
    odd_schedule = operation == "GetSchedule" and not answer
    assert ("does not say which task definition" if odd_schedule else why) in found.reasons[place]
    assert uses(found) >= uses(look(other))


@each_request
def test_expired_credentials_stop_everything(
    look: Look, operation: str, place_of: Answers, place: str
) -> None:
    with pytest.raises(AwsError, match="credentials are not valid") as error:
        look(place_of, {operation: refused("ExpiredTokenException")})
    assert error.value.where == place
    assert place not in look(place_of).unknown_places


@pytest.mark.parametrize(
    ("given", "operation", "code"),
    [
        (SERVICE, "ListServices", "ClusterNotFoundException"),
        (TASK, "DescribeTasks", "ClusterNotFoundException"),
        (FUNCTION, "GetFunction", "ResourceNotFoundException"),
        (SCHEDULE, "GetSchedule", "ResourceNotFoundException"),
    ],
)
def test_what_was_deleted_meanwhile_runs_nothing(
    look: Look, given: Answers, operation: str, code: str
) -> None:
    found = look(given, {operation: refused(code)})
    assert (uses(found), found.unknown_places) == (set(), ())


def test_one_cluster_that_is_refused_does_not_hide_another(look: Look) -> None:
    def services(request: Answer) -> Answer:
        if request["cluster"] == TOOLS:
            return refused("AccessDeniedException")
        return {"serviceArns": [f"{ARN}:service/shop/web"]}

    both = {"clusterArns": [TOOLS, SHOP], "clusters": []}
    found = look(SERVICE, {"ListClusters": both, "ListServices": services})
    assert found.unknown_places == (f"ecs services of cluster tools in {REGION}",)
    assert uses(found) == {Use(f"ecs service shop/web in {REGION}", tag="new")}


@pytest.mark.parametrize(("reason", "unknown"), [("MISSING", False), ("SOMETHING_ELSE", True)])
@pytest.mark.parametrize(
    ("given", "key"), [(SERVICE, "services"), (TASK, "tasks")], ids=["services", "tasks"]
)
def test_what_ecs_has_listed_and_does_not_describe(
    look: Look, given: Answers, key: str, reason: str, unknown: bool
) -> None:
    failures = {key: [], "failures": [{"arn": "x", "reason": reason}]}
    found = look(given, {f"Describe{key.title()}": failures})
    assert found.unknown_places == ((f"ecs {key} of cluster shop in {REGION}",) if unknown else ())


def test_a_file_is_taken_though_eks_may_not_be_listed(look: Look, tmp_path: Path) -> None:
    pod = {
        "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"containers": [{"image": image("pod")}]},
    }
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"items": [pod]}))

    # ECS and EKS both have an operation of this name; only that of ECS has its list here.
    found = look({"ListClusters": {"clusterArns": []}}, in_use=InUse(pods=[PodsFile(path, "blue")]))
    assert uses(found) == {Use("pod shop/web in eks cluster blue", tag="pod")}
    assert found.unknown_places == (f"eks in {REGION}",)


def test_a_cluster_of_eks_that_nothing_leads_into_is_unknown(look: Look) -> None:
    assert look(CLUSTER).reasons == {
        f"eks cluster blue in {REGION}": "no --kubeconfig leads to it, and no --pods file is of it"
    }


EMPTY = [
    ("DescribeServices", SERVICE, {"services": []}, f"ecs services of cluster shop in {REGION}"),
    (
        "DescribeServices",
        SERVICE,
        {"services": [service("other")]},
        f"ecs services of cluster shop in {REGION}",
    ),
    ("DescribeTasks", TASK, {"tasks": []}, f"ecs tasks of cluster shop in {REGION}"),
    (
        "DescribeTaskDefinition",
        SERVICE,
        {"taskDefinition": {"containerDefinitions": [{"name": "app"}]}},
        f"ecs task definition new:1 in {REGION}",
    ),
    ("DescribeTaskDefinition", SERVICE, {"taskDefinition": {}}, f"ecs task definition new:1 in {REGION}"),
    (
        "ListFunctions",
        FUNCTION,
        {"Functions": [{"FunctionName": "thumbnails", "Version": "$LATEST"}]},
        f"lambda functions in {REGION}",
    ),
    ("ListVersionsByFunction", FUNCTION, {"Versions": []}, f"lambda function thumbnails in {REGION}"),
    ("GetFunction", FUNCTION, {"Code": {}}, f"lambda function thumbnails in {REGION}"),
    ("ListEventBuses", RULE, {"EventBuses": []}, f"eventbridge rules in {REGION}"),
    ("ListTargetsByRule", RULE, {"Targets": []}, f"eventbridge rules in {REGION}"),
    (
        "ListTargetsByRule",
        RULE,
        {"Targets": [{"Id": "1", "Arn": TOOLS, "EcsParameters": {"TaskDefinitionArn": definition("x")}}]},
        f"eventbridge rules in {REGION}",
    ),
    (
        "ListTargetsByRule",
        RULE,
        {"Targets": [{"Id": "1", "Arn": SHOP}]},
        f"eventbridge rule default/when in {REGION}",
    ),
    (
        "ListSchedules",
        SCHEDULE,
        {"Schedules": [{"GroupName": "default", "Name": "night"}]},
        f"eventbridge schedules in {REGION}",
    ),
    (
        "GetSchedule",
        SCHEDULE,
        {"Target": {"Arn": SHOP, "EcsParameters": {}}},
        f"eventbridge schedule default/night in {REGION}",
    ),
]


UNREADABLE = "AWS's answer can't be read"
REASONS = {
    *(
        f"{UNREADABLE}: an answer without {what}"
        for what in (
            "all 1 services that were listed",
            "all 1 tasks that were listed",
            "image",
            "containerDefinitions",
            "PackageType",
            "any version",
            "ImageUri",
            "any event bus",
            "the target of when that was listed",
            "Target",
        )
    ),
    "it does not say which task definition it starts",
}


@pytest.mark.parametrize(
    ("operation", "given", "answer", "place"),
    EMPTY,
    ids=[f"{one[0]} {number}" for number, one in enumerate(EMPTY)],
)
def test_an_empty_answer_is_not_a_clean_one(
    look: Look, operation: str, given: Answers, answer: Answer, place: str
) -> None:
    """What was listed is there, each function has a version, and each Region an event bus."""
    assert look(given).unknown_places == ()
    found = look(given, {operation: answer})
    assert found.unknown_places == (place,)
    assert found.reasons[place] in REASONS


def test_a_task_without_its_containers_is_unknown(look: Look) -> None:
    task = {"taskArn": f"{ARN}:task/shop/1", "taskDefinitionArn": definition("job")}
    found = look(TASK, {"DescribeTasks": {"tasks": [task]}})
    assert found.unknown_places == (f"ecs tasks of cluster shop in {REGION}",)
    # What it would start next is known all the same.
    assert uses(found) == {Use(f"ecs task shop/job:1 in {REGION}", tag="job")}


RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (json.dumps({"TaskDefinition": definition("nightly")}), "nightly"),
        (json.dumps({"TaskDefinition": None}), None),
        (json.dumps({}), None),
        ("[]", None),
        ("{", None),
        ("", None),
    ],
)
def test_a_schedule_that_calls_ecs_itself(look: Look, text: str, tag: str | None) -> None:
    where = f"eventbridge schedule default/night in {REGION}"
    listed = {"Schedules": [{"GroupName": "default", "Name": "night", "Target": {"Arn": RUN_TASK}}]}
    found = look({"ListSchedules": listed, "GetSchedule": {"Target": {"Arn": RUN_TASK, "Input": text}}})
    assert uses(found) == ({Use(where, tag=tag)} if tag else set())
    assert found.reasons == ({} if tag else {where: "it does not say which task definition it starts"})


def test_schedules_of_one_name_in_two_groups(look: Look) -> None:
    listed = [{"GroupName": group, "Name": "night", "Target": {"Arn": SHOP}} for group in ("a", "b")]

    def schedule(request: Answer) -> Answer:
        parameters = {"TaskDefinitionArn": definition(f"{request['GroupName']}-{request['Name']}")}
        return {"Target": {"Arn": SHOP, "EcsParameters": parameters}}

    found = look({"ListSchedules": {"Schedules": listed}, "GetSchedule": schedule})
    assert {use.tag for use in uses(found)} == {"a-night", "b-night"}


@pytest.mark.parametrize(
    "arn", ["arn:aws:lambda:::function:x", "arn:aws:ecs:eu-west-1:1:service/a", "x:cluster/y"]
)
def test_a_schedule_of_something_else_runs_no_image(look: Look, arn: str) -> None:
    listed = {"Schedules": [{"GroupName": "default", "Name": "night", "Target": {"Arn": arn}}]}
    found = look({"ListSchedules": listed, "GetSchedule": refused("AccessDeniedException")})
    assert (uses(found), found.unknown_places) == (set(), ())


def test_targets_of_a_rule_beside_the_one_that_was_listed(look: Look) -> None:
    targets = [
        {"Id": "1", "Arn": SHOP, "EcsParameters": {"TaskDefinitionArn": definition("ruled")}},
        {"Id": "2", "Arn": TOOLS, "EcsParameters": {"TaskDefinitionArn": definition("tools")}},
        {"Id": "3", "Arn": "arn:aws:sns:::topic"},
    ]
    found = look(RULE, {"ListTargetsByRule": {"Targets": targets}})
    where = f"eventbridge rule default/when in {REGION}"
    assert uses(found) == {Use(where, tag="ruled"), Use(where, tag="tools")}
    assert found.unknown_places == ()


def test_functions_of_code_and_their_versions(look: Look) -> None:
    versions = {"Versions": [function("$LATEST"), function("2"), function("1")]}
    code = {"FunctionName": "code", "PackageType": "Zip", "Version": "$LATEST"}
    asked: list[str] = []

    def get(request: Answer) -> Answer:
        asked.append(request["Qualifier"])
        return {"Code": {"ImageUri": image(f"v{request['Qualifier'].strip('$')}")}}

    found = look(
        FUNCTION,
        {
            "ListFunctions": {"Functions": [code, function("$LATEST")]},
            "ListVersionsByFunction": versions,
            "GetFunction": get,
        },
    )
    assert asked == ["$LATEST", "1", "2"]
    assert uses(found) == {
        Use(f"lambda function thumbnails in {REGION}", tag="vLATEST"),
        Use(f"lambda function thumbnails:1 in {REGION}", tag="v1"),
        Use(f"lambda function thumbnails:2 in {REGION}", tag="v2"),
    }


@pytest.mark.parametrize("number", [1, 10, 11, 100, 101])
def test_services_and_tasks_are_described_in_batches(look: Look, number: int) -> None:
    sizes: dict[str, list[int]] = {"services": [], "tasks": []}

    def services(request: Answer) -> Answer:
        sizes["services"].append(len(request["services"]))
        return {"services": [service(arn.rpartition("/")[2]) for arn in request["services"]]}

    def tasks(request: Answer) -> Answer:
        sizes["tasks"].append(len(request["tasks"]))
        return {
            "tasks": [
                {"taskArn": arn, "taskDefinitionArn": definition("job"), "containers": []}
                for arn in request["tasks"]
            ]
        }

    found = look(
        {
            "ListClusters": {"clusterArns": [SHOP]},
            "ListServices": {"serviceArns": [f"{ARN}:service/shop/s{one}" for one in range(number)]},
            "ListTasks": {"taskArns": [f"{ARN}:task/shop/{one}" for one in range(number)]},
            "DescribeServices": services,
            "DescribeTasks": tasks,
        }
    )
    assert set(found.unknown_places) == {f"eks in {REGION}"}
    assert sizes["services"] == [10] * (number // 10) + ([number % 10] if number % 10 else [])
    assert sizes["tasks"] == [100] * (number // 100) + ([number % 100] if number % 100 else [])


@pytest.mark.parametrize(
    ("group", "place"),
    [
        ({}, "task shop/job:1"),
        ({"group": ""}, "task shop/job:1"),
        ({"group": "family:job"}, "task shop/job:1"),
        ({"group": "service:"}, "task shop/job:1"),
        ({"group": "service"}, "task shop/job:1"),
        ({"group": "other:web"}, "task shop/job:1"),
        ({"group": "service:web"}, "service shop/web"),
        ({"group": "service:web:2"}, "service shop/web:2"),
    ],
)
def test_the_place_of_a_task(look: Look, group: Answer, place: str) -> None:
    task = {
        "taskArn": f"{ARN}:task/shop/1",
        "taskDefinitionArn": definition("job"),
        "containers": [{"name": "app"}],
        **group,
    }
    found = look(TASK, {"DescribeTasks": {"tasks": [task]}})
    assert uses(found) == {Use(f"ecs {place} in {REGION}", tag="job")}


def test_what_runs_as_references() -> None:
    findings = Findings()
    findings.add(image("v2"), "there")
    findings.add(image("v1"), "here", digest=DIGEST)
    findings.add(f"{HOST}/api:v1", "here")
    findings.add("nginx:latest", "here")
    findings.add("", "here")
    assert list(findings.references()) == [
        ("here", f"{HOST}/api:v1"),
        ("here", f"{HOST}/web:v1"),
        ("here", f"{HOST}/web@{DIGEST}"),
        ("there", f"{HOST}/web:v2"),
    ]
    assert findings.uses_of(ACCOUNT, REGION, "none") == ()


def test_the_first_reason_of_an_unknown_place_is_kept() -> None:
    findings = Findings()
    findings.unknown("b", "first")
    findings.unknown("a", "other")
    findings.unknown("b", "second")
    assert findings.unknown_places == ("a", "b")
    assert list(findings.reasons.items()) == [("a", "other"), ("b", "first")]


@pytest.mark.parametrize(
    ("code", "unknown"),
    [
        ("ClusterNotFoundException", False),
        ("ResourceNotFoundException", False),
        ("ServiceNotFoundException", False),
        ("AccessDeniedException", True),
    ],
)
def test_what_can_t_be_read_and_is_not_gone(code: str, unknown: bool) -> None:
    findings = Findings()
    with findings.trying("here"):
        raise AwsError("It failed", got="this", fix="that", where="there", code=code)
    assert findings.reasons == ({"here": "It failed: this"} if unknown else {})


def test_what_ecs_does_not_describe_is_told_in_its_words(look: Look) -> None:
    failures = {"services": [], "failures": [{"arn": "arn:web", "reason": "ODD"}]}
    found = look(SERVICE, {"DescribeServices": failures})
    assert list(found.reasons.values()) == ["ECS does not describe all it has listed: arn:web: ODD"]


def test_ecs_is_asked_about_each_cluster(look: Look) -> None:
    asked: list[tuple[str, str]] = []

    def of(operation: str, answer: Any) -> Callable[[Answer], Answer]:
        def remember(request: Answer) -> Answer:
            asked.append((operation, request["cluster"]))
            return answer

        return remember

    look(
        {
            "ListClusters": {"clusterArns": [SHOP, TOOLS], "clusters": []},
            "ListServices": of("ListServices", SERVICE["ListServices"]),
            "ListTasks": of("ListTasks", TASK["ListTasks"]),
            "DescribeServices": of("DescribeServices", SERVICE["DescribeServices"]),
            "DescribeTasks": of("DescribeTasks", TASK["DescribeTasks"]),
        }
    )
    operations = ("ListServices", "ListTasks", "DescribeServices", "DescribeTasks")
    assert sorted(asked) == sorted((one, cluster) for one in operations for cluster in (SHOP, TOOLS))


@pytest.mark.parametrize("answer", [refused("AccessDeniedException"), {}])
def test_clusters_of_ecs_that_can_t_be_listed(look: Look, answer: Answer) -> None:
    found = look({"ListClusters": answer})
    # EKS has an operation of the same name.
    assert found.unknown_places == (f"ecs in {REGION}", f"eks in {REGION}")


def test_a_container_that_does_not_say_what_it_has_pulled(look: Look) -> None:
    task = {
        "taskArn": f"{ARN}:task/shop/1",
        "taskDefinitionArn": definition("job"),
        "containers": [{"image": image("moving")}],
    }
    found = look(TASK, {"DescribeTasks": {"tasks": [task]}})
    where = f"ecs task shop/job:1 in {REGION}"
    assert uses(found) == {Use(where, tag="moving"), Use(where, tag="job")}


def test_rules_are_those_of_each_bus(look: Look) -> None:
    asked: list[tuple[str, str]] = []

    def rules(request: Answer) -> Answer:
        asked.append((request["EventBusName"], request["TargetArn"]))
        return RULE["ListRuleNamesByTarget"]  # type: ignore[return-value]

    def targets(request: Answer) -> Answer:
        asked.append((request["EventBusName"], request["Rule"]))
        return RULE["ListTargetsByRule"]  # type: ignore[return-value]

    buses = {"EventBuses": [{"Name": "default"}, {"Name": "own"}]}
    look(RULE, {"ListEventBuses": buses, "ListRuleNamesByTarget": rules, "ListTargetsByRule": targets})
    assert asked == [("default", SHOP), ("default", "when"), ("own", SHOP), ("own", "when")]
