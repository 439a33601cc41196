"""The gate in a template: who waits for it, what it may read, and what is refused when it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.aws_codepipeline import Artifact
from aws_cdk.aws_codepipeline_actions import S3SourceAction
from aws_cdk.aws_s3 import Bucket
from constructs import Construct

from registry_constructs import (
    DeliveryPipeline,
    FargateService,
    FindingException,
    Image,
    ImageBuild,
    ImageFunction,
    InvalidInputError,
    ManagedSigning,
    PullThroughCache,
    Registry,
    Repository,
    ScanGate,
    ScanGateAction,
    Scanning,
    UnsupportedImageException,
    Upstream,
)
from registry_constructs.delivery.scan_gate.exceptions import EXCEPTIONS_BYTES
from registry_constructs.delivery.scan_gate.handler.request import Request
from tests.consumers.eks import variants_eks
from tests.delivery.scan_gate.variants_gate import DIGEST
from tests.synthesis import cfn_lint, new_stack, properties, raw_template, resources, warnings


def image(stack: cdk.Stack, **settings: Any) -> Image:
    return Image.of(
        Repository(stack, "App", repository_name="shop/checkout"), **(settings or {"digest": DIGEST})
    )


def test_what_runs_the_checked_image_waits_for_the_gate() -> None:
    stack = new_stack()
    gate = ScanGate(stack, "Gate", image=image(stack))
    FargateService(stack, "Service", image=gate.image, vpc=variants_eks.vpc(stack))
    definition = properties(stack, "AWS::ECS::TaskDefinition")
    [container] = definition["ContainerDefinitions"]
    [logical_id] = resources(stack, "Custom::ECRScanGate")
    assert {"Fn::GetAtt": [logical_id, "Digest"]} in container["Image"]["Fn::Join"][1]
    assert cfn_lint(raw_template(stack)) == []


def test_what_is_guarded_waits_for_the_gate() -> None:
    stack = new_stack()
    named = image(stack)
    gate = ScanGate(stack, "Gate", image=named)
    service = FargateService(stack, "Service", image=named, vpc=variants_eks.vpc(stack))
    function = ImageFunction(stack, "Function", image=named)
    gate.guard(service, function)
    [logical_id] = resources(stack, "Custom::ECRScanGate")
    for kind in ("AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::Lambda::Function"):
        for name, body in resources(stack, kind).items():
            assert logical_id in body.get("DependsOn", []) or name.startswith("GateScan")


def bad(**settings: Any) -> InvalidInputError:
    stack = new_stack()
    with pytest.raises(InvalidInputError) as caught:
        ScanGate(stack, "Gate", **({"image": image(stack)} | settings))
    assert str(caught.value).startswith("Stack/Gate: ")
    return caught.value


@pytest.mark.parametrize(
    "settings",
    [
        {"image": "shop/checkout"},
        {"severity": "high"},
        {"exceptions": "CVE-2026-1"},
        {"exceptions": ["CVE-2026-1"]},
        {"signed_by": "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"},
        {"timeout": cdk.Duration.minutes(56)},
        {"timeout": cdk.Duration.seconds(90)},
        {"timeout": cdk.Duration.minutes(1)},
        {"settle": cdk.Duration.seconds(59)},
        {"settle": cdk.Duration.minutes(55)},
        {"settle": cdk.Duration.minutes(15)},
        {"scan_role": "arn:aws:iam::111122223333:role/Scans"},
        {"timeout": 15},
        {"settle": 90},
        {"settle": cdk.Duration.millis(60_500)},
        {"timeout": cdk.Duration.seconds(cdk.Token.as_number({"Ref": "Seconds"}))},
        {"warn_only": "false"},
        {"only_fixable": "no"},
        {"start_scan": None},
        {"exceptions": None},
        {"exceptions": iter(())},
        {"exceptions": FindingException(cve="CVE-1", until="2999-01-01", reason="a")},
        {"severity": cdk.Aws.REGION},
        {"exceptions": [UnsupportedImageException(repository="a/b", reason="a")] * 2},
        {"exceptions": [FindingException(cve="CVE-1", until="2999-01-01", reason="a")] * 2},
    ],
)
def test_bad_input_is_refused(settings: dict[str, Any]) -> None:
    assert bad(**settings).fix


@pytest.mark.parametrize(
    "change",
    [
        {"cve": ""},
        {"cve": "a b"},
        {"cve": None},
        {"cve": None, "version": "1.2"},
        {"version": "1.2"},
        {"package": ""},
        {"package": " zlib"},
        {"package": "zlib", "version": ""},
        {"package": "zlib", "version": 1.2},
        {"package": cdk.Aws.REGION},
        {"package": "zlib", "version": cdk.Aws.REGION},
        {"until": "soon"},
        {"until": None},
        {"reason": " "},
        {"reason": cdk.Aws.REGION},
    ],
)
def test_an_exception_needs_a_name_a_day_and_a_reason(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        FindingException(**({"cve": "CVE-2026-1", "until": "2999-01-01", "reason": "not reachable"} | change))


@pytest.mark.parametrize(
    "change", [{"repository": ""}, {"repository": "Shop"}, {"repository": "shop/*"}, {"reason": ""}]
)
def test_an_unsupported_image_needs_a_whole_name_and_a_reason(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        UnsupportedImageException(**({"repository": "shop/static", "reason": "static"} | change))


@pytest.mark.parametrize(
    "image", ["", None, "shop/checkout:v1", "app@sha256:1", f"sha256:{'1' * 63}", "#{}", "v" * 129, 7]
)
def test_a_step_needs_an_image(image: Any) -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError, match="Stack/Step: Not an image of the repository"):
        ScanGateAction(stack, "Step", action_name="Scan", repository=Repository(stack, "App"), image=image)


@pytest.mark.parametrize(
    "image", [DIGEST, "v1.2", "#{Build.IMAGE_DIGEST}", "v-#{variables.version}", cdk.Fn.ref("Digest")]
)
def test_a_step_takes_what_names_an_image_now_or_later(image: str) -> None:
    stack = new_stack()
    ScanGateAction(stack, "Step", action_name="Scan", repository=Repository(stack, "App"), image=image)


def test_what_has_expired_or_moves_is_a_warning() -> None:
    stack = new_stack()
    exceptions = [
        FindingException(cve="CVE-2026-1", until="2020-01-01", reason="was not reachable"),
        FindingException(package="zlib", version="1.2", until="2020-01-02", reason="was not reachable"),
    ]
    there = Repository.from_repository_name(stack, "There", "shop/base")
    ScanGate(stack, "Gate", image=Image.of(there, tag="latest"), exceptions=exceptions)
    found = "\n".join(warnings(stack))
    for words in ("CVE-2026-1 ended on 2020-01-01", "zlib 1.2 ended on 2020-01-02", "'latest' can be moved"):
        assert words in found


def test_an_action_checks_what_a_delivery_pipeline_built() -> None:
    stack = new_stack()
    repository = Repository(stack, "App", repository_name="shop/checkout")
    action = ScanGateAction(
        stack, "Scan", action_name="Scan", repository=repository, image=DeliveryPipeline.IMAGE_DIGEST
    )
    DeliveryPipeline(
        stack,
        "Delivery",
        source=S3SourceAction(
            action_name="Source",
            bucket=Bucket.from_bucket_name(stack, "Source", "sources"),
            bucket_key="source.zip",
            output=Artifact(),
        ),
        build=ImageBuild(stack, "Build", repository=repository),
        checks=[action],
    )
    stages = properties(stack, "AWS::CodePipeline::Pipeline")["Stages"]
    [check] = next(stage["Actions"] for stage in stages if stage["Name"] == "Check")
    parameters = check["Configuration"]["UserParameters"]["Fn::Join"][1]
    assert '"Image":"#{Image.IMAGE_DIGEST}"' in parameters[-1]
    [function] = [
        name
        for name, body in resources(stack, "AWS::Lambda::Function").items()
        if "vulnerabilities" in body["Properties"].get("Description", "")
    ]
    assert check["Configuration"]["FunctionName"] == {"Ref": function}
    allowed = [
        statement["Resource"]
        for body in resources(stack, "AWS::IAM::Policy").values()
        for statement in body["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    assert function in json.dumps(allowed)
    assert cfn_lint(raw_template(stack)) == []


# Inspector -------------------------------------------------------------------------------------------------


def actions(stack: cdk.Stack) -> set[str]:
    """What the roles of a stack may do, in their own policies."""
    found: set[str] = set()
    for role in resources(stack, "AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                listed = statement["Action"]
                found |= {listed} if isinstance(listed, str) else set(listed)
    return found


INSPECTOR = {"inspector2:ListCoverage", "inspector2:ListFindings"}


def test_a_gate_may_read_its_repository_and_its_stack_write_its_log_and_call_itself() -> None:
    stack = new_stack()
    ScanGate(stack, "Gate", image=image(stack))
    found = raw_template(stack)["Resources"]
    statements = [
        statement
        for body in found.values()
        if body["Type"] in ("AWS::IAM::Role", "AWS::IAM::Policy")
        for policy in body["Properties"].get("Policies", [body["Properties"]])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    [function] = [name for name, body in found.items() if body["Type"] == "AWS::Lambda::Function"]
    [repository] = [name for name, body in found.items() if body["Type"] == "AWS::ECR::Repository"]
    [log] = [name for name, body in found.items() if body["Type"] == "AWS::Logs::LogGroup"]
    assert [(one["Action"], one["Resource"]) for one in statements] == [
        (
            ["ecr:BatchGetImage", "ecr:DescribeImageScanFindings", "ecr:DescribeImages"],
            {"Fn::GetAtt": [repository, "Arn"]},
        ),
        (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": [log, "Arn"]}),
        ("cloudformation:DescribeStacks", {"Ref": "AWS::StackId"}),
        (["inspector2:ListCoverage", "inspector2:ListFindings"], "*"),
        ("lambda:InvokeFunction", {"Fn::GetAtt": [function, "Arn"]}),
    ]


@pytest.mark.parametrize("registry_first", [True, False])
@pytest.mark.parametrize(
    ("scanning", "granted"),
    [(None, True), (Scanning.enhanced(), True), (Scanning.basic(), False)],
    ids=["unknown", "enhanced", "basic"],
)
def test_inspector_may_be_read_where_scanning_is_or_may_be_enhanced(
    scanning: Scanning | None, granted: bool, registry_first: bool
) -> None:
    stack = new_stack()
    if registry_first:
        Registry(stack, "Registry", scanning=scanning)
    repository = Repository(stack, "App")
    ScanGate(stack, "Gate", image=Image.of(repository, digest=DIGEST))
    ScanGateAction(stack, "Action", action_name="Scan", repository=repository, image=DIGEST)
    if not registry_first:
        Registry(stack, "Registry", scanning=scanning)
    template = raw_template(stack)
    roles = [body for body in template["Resources"].values() if body["Type"] == "AWS::IAM::Role"]
    readers = [role for role in roles if "scans" in role["Properties"].get("Description", "")]
    assert len(readers) == 2
    for role in readers:
        written = json.dumps(role)
        assert [name in written for name in sorted(INSPECTOR)] == [granted, granted]


def test_the_scanning_of_another_region_says_nothing() -> None:
    stack = new_stack()
    Registry(stack, "Registry", scanning=Scanning.basic())
    arn = f"arn:aws:ecr:us-east-2:{stack.account}:repository/base"
    there = Repository.from_repository_arn(stack, "There", arn)
    ScanGate(stack, "Gate", image=Image.of(there, digest=DIGEST))
    assert actions(stack) >= INSPECTOR
    assert properties(stack, "Custom::ECRScanGate")["Region"] == "us-east-2"


# Another account -------------------------------------------------------------------------------------------

OWNER, USER = "111122223333", "444455556666"


def two_accounts(app: cdk.App | None = None) -> tuple[cdk.Stack, cdk.Stack]:
    app = app or cdk.App()
    return (
        cdk.Stack(app, "Owner", env=cdk.Environment(account=OWNER, region="eu-west-1")),
        cdk.Stack(app, "User", env=cdk.Environment(account=USER, region="eu-west-1")),
    )


def gated(kind: str, stack: cdk.Stack, repository: Any, **more: Any) -> None:
    if kind == "gate":
        ScanGate(stack, "Gate", image=Image.of(repository, digest=DIGEST), **more)
    else:
        ScanGateAction(stack, "Gate", action_name="Scan", repository=repository, image=DIGEST, **more)


@pytest.mark.parametrize("kind", ["gate", "action"])
def test_the_scans_of_another_account_are_read_with_a_role_that_is_made_there(kind: str) -> None:
    owner, user = two_accounts()
    repository = Repository(owner, "App", repository_name="shop/checkout")
    gated(kind, user, repository)
    [role] = [
        body["Properties"]
        for body in resources(owner, "AWS::IAM::Role").values()
        if "scans" in body["Properties"]["Description"]
    ]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {
        "AWS": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::{USER}:root"]]}
    }
    [function_role] = [
        body["Properties"]
        for body in resources(user, "AWS::IAM::Role").values()
        if "scans" in body["Properties"]["Description"]
    ]
    trusted = json.dumps(trust["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    assert f":iam::{USER}:role/{function_role['RoleName']}" in trusted
    assert actions(owner) == {
        "ecr:BatchGetImage",
        "ecr:DescribeImageScanFindings",
        "ecr:DescribeImages",
        *INSPECTOR,
    }
    assert not any(action.startswith(("ecr:", "inspector2:")) for action in actions(user))
    assert f":iam::{OWNER}:role/{role['RoleName']}" in json.dumps(function_role["Policies"])
    assert [stack.stack_name for stack in user.dependencies] == ["Owner"]
    for stack in (owner, user):
        assert cfn_lint(raw_template(stack)) == []


def test_the_role_of_another_account_needs_no_inspector_where_scanning_is_basic() -> None:
    owner, user = two_accounts()
    repository = Repository(owner, "App", repository_name="shop/checkout")
    gated("gate", user, repository, start_scan=True)
    Registry(owner, "Registry", scanning=Scanning.basic())
    assert "ecr:StartImageScan" in actions(owner)
    assert not INSPECTOR & actions(owner)


def test_two_gates_of_one_repository_have_a_role_each() -> None:
    owner, user = two_accounts()
    repository = Repository(owner, "App", repository_name="shop/checkout")
    gated("gate", user, repository)
    gated(
        "action",
        cdk.Stack(
            cast("Construct", user.node.scope), "Other", env=cdk.Environment(account=USER, region="eu-west-1")
        ),
        repository,
    )
    names = [body["Properties"].get("RoleName") for body in resources(owner, "AWS::IAM::Role").values()]
    assert len({name for name in names if name}) == 2


@pytest.mark.parametrize("kind", ["gate", "action"])
def test_a_repository_that_no_stack_of_the_app_has_needs_a_role(kind: str) -> None:
    _, user = two_accounts()
    arn = f"arn:aws:ecr:eu-west-1:{OWNER}:repository/base"
    there = Repository.from_repository_arn(user, "There", arn)
    with pytest.raises(InvalidInputError) as caught:
        gated(kind, user, there)
    assert str(caught.value).startswith("User/Gate: ")
    for words in (
        f"in account {OWNER}, make a role",
        "ecr:DescribeImageScanFindings",
        "inspector2:ListCoverage",
        "scan_role=",
    ):
        assert words in caught.value.fix
    with pytest.raises(InvalidInputError, match="scan_role is not a role"):
        gated(kind, cdk.Stack(user, "Second"), there, scan_role="arn:aws:iam::111122223333:role/Scans")


@pytest.mark.parametrize("kind", ["gate", "action"])
def test_a_role_that_is_given_is_assumed(kind: str) -> None:
    _, user = two_accounts()
    arn = f"arn:aws:ecr:eu-west-1:{OWNER}:repository/base"
    there = Repository.from_repository_arn(user, "There", arn)
    role = iam.Role.from_role_arn(user, "ScanRole", f"arn:aws:iam::{OWNER}:role/Scans")
    gated(kind, user, there, scan_role=role)
    assert actions(user) >= {"sts:AssumeRole"}
    assert not any(action.startswith("ecr:") for action in actions(user))
    if kind == "gate":
        found = properties(user, "Custom::ECRScanGate")
        assert (found["Role"], found["Registry"]) == (f"arn:aws:iam::{OWNER}:role/Scans", OWNER)


def test_an_account_that_is_not_known_is_left_to_the_deployment() -> None:
    stack = cdk.Stack(cdk.App(), "Anywhere")
    arn = f"arn:aws:ecr:eu-west-1:{OWNER}:repository/base"
    gated("gate", stack, Repository.from_repository_arn(stack, "There", arn))
    assert "Role" not in properties(stack, "Custom::ECRScanGate")


def test_a_role_of_a_third_account_is_refused() -> None:
    _, user = two_accounts()
    there = Repository.from_repository_arn(user, "There", f"arn:aws:ecr:eu-west-1:{OWNER}:repository/base")
    role = iam.Role.from_role_arn(user, "ScanRole", "arn:aws:iam::777788889999:role/Scans")
    with pytest.raises(InvalidInputError, match="User/Gate: scan_role belongs to another account") as caught:
        gated("gate", user, there, scan_role=role)
    assert caught.value.fix == f"make the role in account {OWNER}"


@pytest.mark.parametrize("missing", ["Owner", "User"])
def test_roles_across_accounts_need_a_region_in_their_names(missing: str) -> None:
    app = cdk.App()
    owner, user = (
        cdk.Stack(
            app,
            name,
            env=cdk.Environment(account=account, region=None if name == missing else "eu-west-1"),
        )
        for name, account in (("Owner", OWNER), ("User", USER))
    )
    with pytest.raises(InvalidInputError) as caught:
        gated("gate", user, Repository(owner, "App", repository_name="shop/checkout"))
    assert str(caught.value).startswith("User/Gate: ")
    assert f"give {missing} env=" in caught.value.fix


@pytest.mark.parametrize("kind", ["gate", "action"])
@pytest.mark.parametrize("nested", ["owner", "user", "both", ""])
def test_roles_across_accounts_and_nested_stacks(kind: str, nested: str) -> None:
    owner, user = two_accounts()
    there = cdk.NestedStack(owner, "Nested") if nested in ("owner", "both") else owner
    here = cdk.NestedStack(user, "Nested") if nested in ("user", "both") else user
    gated(kind, here, Repository(there, "App", repository_name="shop/checkout"))
    assert user.dependencies == [owner]
    assert actions(there) >= INSPECTOR
    assert "sts:AssumeRole" in actions(here)


def test_the_scans_of_a_cache_of_another_account_are_read_with_a_role_there() -> None:
    owner, user = two_accounts()
    cache = PullThroughCache(owner, "Cache", upstream=Upstream.ecr_public(), prefix="public")
    image = Image.cached(cache, f"public.ecr.aws/nginx/nginx@{DIGEST}")
    ScanGate(user, "Gate", image=image)
    found = properties(user, "Custom::ECRScanGate")
    assert (found["Registry"], found["Repository"]) == (OWNER, "public/nginx/nginx")
    assert actions(owner) >= INSPECTOR
    assert user.dependencies == [owner]


@pytest.mark.parametrize(("owner", "user"), [(OWNER, None), (None, USER)])
def test_an_account_of_which_only_one_is_known_is_a_warning(owner: str | None, user: str | None) -> None:
    app = cdk.App()
    there, here = (
        cdk.Stack(app, name, env=cdk.Environment(account=account, region="eu-west-1"))
        for name, account in (("Owner", owner), ("User", user))
    )
    gated("gate", here, Repository(there, "App", repository_name="shop/checkout"))
    [found] = [one for one in warnings(here) if "only one is known" in one]
    assert str(owner or user) in found


def test_a_gate_without_environments_needs_no_warning() -> None:
    stack = cdk.Stack(cdk.App(), "Anywhere")
    gated("gate", stack, Repository(stack, "App"))
    assert warnings(stack) == []


def test_two_gates_of_one_image_wait_for_each_other_where_one_checks_the_others() -> None:
    stack = new_stack()
    first = ScanGate(stack, "First", image=image(stack), warn_only=True, severity="LOW")
    ScanGate(stack, "Second", image=first.image)
    found = {
        name: body["Properties"]["Image"] for name, body in resources(stack, "Custom::ECRScanGate").items()
    }
    [name] = [name for name in found if name.startswith("First")]
    assert sorted(map(str, found.values())) == sorted([DIGEST, str({"Fn::GetAtt": [name, "Digest"]})])


def test_a_role_in_a_stack_that_is_deployed_later_is_a_warning_with_the_order() -> None:
    owner, user = two_accounts()
    owner.add_stack_dependency(user)
    gated("gate", user, Repository(owner, "App", repository_name="shop/checkout"))
    assert any("after this stack: deploy that first" in warning for warning in warnings(user))


def test_a_role_in_another_stage_is_a_warning_with_the_order() -> None:
    app = cdk.App()
    owner, _ = two_accounts(cdk.Stage(app, "First"))  # type: ignore[arg-type]
    _, user = two_accounts(cdk.Stage(app, "Second"))  # type: ignore[arg-type]
    gated("gate", user, Repository(owner, "App", repository_name="shop/checkout"))
    assert any("in another stage or after this stack: deploy that" in warning for warning in warnings(user))


# Exceptions ------------------------------------------------------------------------------------------------


def many(count: int, reason: str = "the parser is never called by this service") -> list[FindingException]:
    return [
        FindingException(cve=f"CVE-2026-{number:05}", until="2999-01-01", reason=reason)
        for number in range(count)
    ]


def test_a_hundred_exceptions_travel_in_the_code_of_an_actions_function(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Stack")
    exceptions: list[FindingException | UnsupportedImageException] = [
        *many(100),
        UnsupportedImageException(repository="shop/checkout", reason="static"),
    ]
    action = ScanGateAction(
        stack,
        "Action",
        action_name="Scan",
        repository=Repository(stack, "App", repository_name="shop/checkout"),
        image="#{Build.IMAGE_DIGEST}",
        exceptions=exceptions,
    )
    assert action.action_properties.action_name == "Scan"
    app.synth()
    [kept] = tmp_path.glob("asset.*/handler/exceptions.json")
    found = json.loads(kept.read_text())
    assert found == [one.written for one in exceptions]
    request = {"Registry": "1", "Region": "eu-west-1", "Repository": "a", "Image": "b", "Severity": "HIGH"}
    made = Request.of(request | {"Exceptions": found})
    assert (len(made.exceptions), made.unsupported) == (100, {"shop/checkout": "static"})


def test_the_exceptions_of_a_gate_are_in_its_template() -> None:
    stack = new_stack()
    exception = FindingException(package="zlib", version="1.2", until="2999-01-31", reason="not reachable")
    ScanGate(stack, "Gate", image=image(stack), exceptions=[exception], warn_only=True)
    found = properties(stack, "Custom::ECRScanGate")
    assert found["Exceptions"] == [
        {"Package": "zlib", "Version": "1.2", "Until": "2999-01-31", "Reason": "not reachable"}
    ]
    assert (found["WarnOnly"], found["SettleSeconds"], found["TimeoutMinutes"]) == ("true", "60", "15")


def test_as_many_exceptions_as_are_allowed_fit_into_the_event_of_an_update() -> None:
    stack = new_stack()
    count = EXCEPTIONS_BYTES // len(json.dumps(many(2)[0].written)) - 50
    ScanGate(stack, "Gate", image=image(stack), exceptions=many(count))
    found = properties(stack, "Custom::ECRScanGate")
    size = len(json.dumps({"ResourceProperties": found, "OldResourceProperties": found}))
    # Lambda's events hold 262,144 bytes; the address of the answer and the names take less than this.
    assert 0.8 * 262_144 < size < 262_144 - 8_000


@pytest.mark.parametrize("owner", ["here", "there"])
def test_tokens_do_not_make_an_actions_parameters_too_long(owner: str) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Pipeline" * 15)
    there = cdk.Stack(app, "Repositories" * 10) if owner == "there" else stack
    repository = Repository(there, "App" * 60)
    signing = ManagedSigning(stack, "Signing" * 20, repositories=["shop/*"])
    Registry(stack, "Registry")
    action = ScanGateAction(
        stack, "Step", action_name="Scan", repository=repository, image="v1", signed_by=signing
    )
    assert action.action_properties.action_name == "Scan"


def test_what_does_not_fit_is_refused() -> None:
    error = bad(exceptions=many(1_000, "x" * 200))
    assert "1,000 exceptions" in str(error)
    stack = new_stack()
    with pytest.raises(InvalidInputError, match="too long for CodePipeline"):
        ScanGateAction(
            stack,
            "Step",
            action_name="Scan",
            repository=Repository(stack, "App"),
            image="#{" + "v" * 1_000 + "}",
        )
