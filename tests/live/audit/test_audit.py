"""`registry-constructs audit` about accounts of the local AWS, with faults on the way to it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from registry_constructs.live import Aws
from registry_constructs.local import LocalAws, images, registry
from tests.live.conftest import Result, Shell
from tests.live.gateway import Gateway
from tests.live.proxy import Proxy, in_front_of

REGION = "eu-west-1"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}],
}
NAMES = [f"shop/{number}" for number in range(6)]

Judged = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def way(local_aws: LocalAws) -> Iterator[Proxy]:
    with in_front_of(local_aws.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def proxy(way: Proxy) -> Iterator[Proxy]:
    yield way
    way.rules()


@pytest.fixture
def repositories(local_aws: LocalAws, account: str) -> list[str]:
    """Six repositories, of which the first lets everybody in."""
    ecr = local_aws.client("ecr", account=account, region=REGION)
    for name in NAMES:
        ecr.create_repository(repositoryName=name, tags=[{"Key": "team", "Value": "shop"}])
    ecr.set_repository_policy(repositoryName=NAMES[0], policyText=json.dumps(POLICY))
    return NAMES


@pytest.fixture
def audit(shell: Shell) -> Judged:
    """The report of an audit, and how it ended."""

    def run(*arguments: str, status: int, **keywords: str) -> dict[str, Any]:
        result: Result = shell("audit", "--format", "json", *arguments, **keywords)
        assert result.status == status, result
        found: dict[str, Any] = json.loads(result.out)
        return found

    return run


def _found(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["rule"], one["name"]) for one in report["findings"]]


OPEN = ["--rule", "open-access", "--rule", "wildcard-actions", "--rule", "required-tags"]


@pytest.mark.usefixtures("repositories")
def test_findings_name_the_repository_by_its_arn(audit: Judged, account: str) -> None:
    report = audit(*OPEN, status=3)
    assert _found(report) == [("open-access", "shop/0")]
    [finding] = report["findings"]
    assert finding["place"]["address"] == f"arn:aws:ecr:{REGION}:{account}:repository/shop/0"
    assert report["judged"] == "1 account, 1 Region"
    assert report["unknown"] == []


def test_an_empty_registry_has_no_finding(audit: Judged) -> None:
    report = audit(status=0)
    assert (report["findings"], report["unknown"]) == ([], [])


@pytest.mark.parametrize(
    ("operation", "rules"),
    [
        ("GetRepositoryPolicy", {"open-access", "wildcard-actions"}),
        ("GetLifecyclePolicy", {"lifecycle-policy"}),
        ("ListTagsForResource", {"required-tags"}),
        ("BatchGetRepositoryScanningConfiguration", {"scanning-effective"}),
        ("DescribeImages", {"images-scanned"}),
        ("GetRegistryPolicy", {"open-access", "wildcard-actions"}),
        ("DescribeRegistry", {"replica-settings"}),
    ],
)
@pytest.mark.usefixtures("repositories")
def test_what_is_denied_is_unknown_and_the_rest_is_judged(
    audit: Judged, proxy: Proxy, operation: str, rules: set[str]
) -> None:
    asked = ["open-access", "wildcard-actions", "required-tags", "lifecycle-policy", "scanning-effective"]
    arguments = [f"--rule={name}" for name in [*asked, "images-scanned", "replica-settings"]]
    proxy.rules({"service": "ecr", "operation": operation, "error": {"code": "AccessDeniedException"}})
    report = audit(*arguments, status=5, endpoint=proxy.url)
    assert {one["rule"] for one in report["unknown"]} == rules
    assert {one["reason"] for one in report["unknown"]} == {
        f"AWS does not allow {operation} (AccessDeniedException)"
    }
    whole = audit(*arguments, status=3)
    assert {one["rule"] for one in whole["findings"]} - {one["rule"] for one in report["findings"]} <= rules
    assert all(one in whole["findings"] or one["rule"] in rules for one in report["findings"])


@pytest.mark.usefixtures("repositories")
def test_one_repository_that_is_denied_is_unknown_alone(audit: Judged, proxy: Proxy, account: str) -> None:
    denied = {"operation": "GetRepositoryPolicy", "body": "repositoryName == 'shop/0'"}
    proxy.rules({"service": "ecr", **denied, "error": {"code": "AccessDeniedException"}})
    report = audit("--rule", "open-access", status=4, endpoint=proxy.url)
    assert [one["where"] for one in report["unknown"]] == [
        f"arn:aws:ecr:{REGION}:{account}:repository/shop/0"
    ]
    assert report["findings"] == []


@pytest.mark.usefixtures("repositories")
def test_repositories_that_can_t_be_listed_are_never_none(audit: Judged, proxy: Proxy, account: str) -> None:
    proxy.rules(
        {"service": "ecr", "operation": "DescribeRepositories", "error": {"code": "AccessDeniedException"}}
    )
    report = audit("--rule", "tags-immutable", status=4, endpoint=proxy.url)
    assert [one["where"] for one in report["unknown"]] == [f"the repositories of {account} in {REGION}"]


PASSING: list[dict[str, Any]] = [
    {"error": {"code": "ThrottlingException"}, "times": 2},
    {"error": {"code": "ServerException", "status": 500}, "times": 2},
    {"reset": True, "times": 2},
    {"response": {"abort_frac": 0.5}, "times": 2},
]


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.usefixtures("repositories")
def test_what_passes_changes_no_finding(audit: Judged, proxy: Proxy, fault: dict[str, Any]) -> None:
    proxy.rules({"service": "ecr", **fault})
    report = audit(*OPEN, status=3, endpoint=proxy.url)
    assert _found(report) == [("open-access", "shop/0")]
    assert report["unknown"] == []
    assert len(proxy.fired()) >= 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("repositories")
def test_never_green_and_nothing_invented_whatever_is_cut(shell: Shell, proxy: Proxy, seed: int) -> None:
    proxy.rules(
        {"service": "ecr", "probability": 0.3, "response": {"truncate_frac": 0.1 + seed * 0.2}},
        {"service": "ecr", "probability": 0.2, "error": {"code": "AccessDeniedException"}},
    )
    result = shell("audit", "--format", "json", *OPEN, endpoint=proxy.url, AWS_MAX_ATTEMPTS="2")
    assert result.status in {3, 4, 5}
    report = json.loads(result.out)
    assert set(_found(report)) <= {("open-access", "shop/0")}
    assert report["findings"] or report["unknown"]


@pytest.mark.usefixtures("repositories")
def test_credentials_that_expire_half_way_leave_the_rest_unknown(
    audit: Judged, proxy: Proxy, account: str
) -> None:
    expired = {"body": "repositoryName == 'shop/4'", "error": {"code": "ExpiredTokenException"}}
    proxy.rules({"service": "ecr", "operation": "GetRepositoryPolicy", **expired})
    regions = ["--region", REGION, "--region", "us-east-1", "--concurrency", "1"]
    report = audit("--rule", "open-access", *regions, status=5, endpoint=proxy.url)
    arn = f"arn:aws:ecr:{REGION}:{account}"
    assert [one["where"] for one in report["unknown"]] == [
        f"{arn}:repository/shop/4",
        f"{arn}:repository/shop/5",
        f"{arn}:registry-policy",
        f"{account} in us-east-1",
        f"the creation templates of {account} in {REGION}",
    ]
    assert {one["reason"] for one in report["unknown"]} == {
        "The credentials are not valid, or no longer (ExpiredTokenException)"
    }
    assert _found(report) == [("open-access", "shop/0")]


@pytest.mark.usefixtures("repositories")
def test_a_region_that_is_not_enabled_is_unknown_and_the_others_are_judged(
    audit: Judged, proxy: Proxy, account: str
) -> None:
    disabled = {"error": {"code": "UnrecognizedClientException"}}
    proxy.rules({"service": "ecr", "region": "af-south-1", **disabled})
    report = audit(
        "--rule=open-access", "--region", REGION, "--region=af-south-1", status=5, endpoint=proxy.url
    )
    assert _found(report) == [("open-access", "shop/0")]
    [unknown] = report["unknown"]
    assert unknown["where"] == f"{account} in af-south-1"
    assert "the Region is not enabled for the account" in unknown["reason"]


def test_credentials_that_are_wrong_at_once_leave_everything_unknown(shell: Shell, proxy: Proxy) -> None:
    proxy.rules({"service": "sts", "error": {"code": "InvalidClientTokenId", "status": 403}})
    result = shell("audit", endpoint=proxy.url)
    assert result.status == 4
    assert "The credentials are not valid" in " ".join(result.out.split())
    assert "No registry was read" in result.err


@pytest.mark.usefixtures("repositories")
def test_a_repository_that_is_deleted_meanwhile_is_gone(audit: Judged, proxy: Proxy) -> None:
    gone = {"body": "repositoryName == 'shop/0'", "error": {"code": "RepositoryNotFoundException"}}
    proxy.rules({"service": "ecr", "operation": "GetRepositoryPolicy", **gone})
    report = audit("--rule", "open-access", status=0, endpoint=proxy.url)
    assert (report["findings"], report["unknown"]) == ([], [])


@pytest.mark.usefixtures("repositories")
def test_an_interrupted_audit_goes_on(audit: Judged, shell: Shell, proxy: Proxy) -> None:
    lost = {"body": "repositoryName == 'shop/5'", "error": {"code": "ExpiredTokenException"}}
    proxy.rules({"service": "ecr", "operation": "GetRepositoryPolicy", **lost})
    arguments = ["--rule", "open-access", "--resume", "kept.jsonl", "--concurrency", "1"]
    audit(*arguments, status=5, endpoint=proxy.url)
    proxy.rules(
        {
            "service": "ecr",
            "operation": "GetRepositoryPolicy",
            "body": "repositoryName != 'shop/5'",
            "error": {"code": "AccessDeniedException"},
        }
    )
    result = shell("audit", "--format", "json", *arguments, endpoint=proxy.url)
    assert result.status == 3, result
    assert "5 repositories had been read already" in result.err
    assert _found(json.loads(result.out)) == [("open-access", "shop/0")]
    assert not Path("kept.jsonl").exists()


def shell_exists(name: str) -> bool:
    from pathlib import Path

    return Path(name).exists()


@pytest.mark.usefixtures("repositories")
def test_what_was_kept_stays_while_anything_is_unknown(audit: Judged, proxy: Proxy) -> None:
    denied = {"body": "repositoryName == 'shop/5'", "error": {"code": "AccessDeniedException"}}
    proxy.rules({"service": "ecr", "operation": "GetLifecyclePolicy", **denied})
    arguments = ["--rule", "lifecycle-policy", "--resume", "kept.jsonl"]
    assert len(audit(*arguments, status=5, endpoint=proxy.url)["findings"]) == 5
    assert Path("kept.jsonl").exists()
    assert len(audit(*arguments, status=3)["findings"]) == 6
    assert not Path("kept.jsonl").exists()


@pytest.mark.usefixtures("repositories")
def test_another_question_takes_nothing_from_an_interrupted_audit(audit: Judged, proxy: Proxy) -> None:
    lost = {"body": "repositoryName == 'shop/5'", "error": {"code": "ExpiredTokenException"}}
    proxy.rules({"service": "ecr", "operation": "GetRepositoryPolicy", **lost})
    audit("--rule=open-access", "--resume=kept.jsonl", "--concurrency=1", status=5, endpoint=proxy.url)
    report = audit("--rule", "required-tags", "--resume", "kept.jsonl", status=0)
    assert report["counts"]["passed"] == 6


def test_every_region_that_is_enabled(audit: Judged, local_aws: LocalAws, account: str) -> None:
    ec2 = local_aws.client("ec2", region=REGION)
    enabled = [one["RegionName"] for one in ec2.describe_regions(AllRegions=False)["Regions"]]
    local_aws.client("ecr", account=account, region=enabled[-1]).create_repository(repositoryName="far/web")
    report = audit("--rule", "tags-immutable", "--all-regions", status=3)
    assert report["judged"] == f"1 account, {len(enabled)} Regions"
    assert _found(report) == [("tags-immutable", "far/web")]


def test_what_differs_from_the_app_that_declares_it(
    audit: Judged, local_aws: LocalAws, account: str, tmp_path: Path
) -> None:
    web = {"RepositoryName": "shop/web", "ImageTagMutability": "IMMUTABLE"}
    template = {"Resources": {"Web": {"Type": "AWS::ECR::Repository", "Properties": web}}}
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{account}/{REGION}",
        "properties": {"templateFile": "Images.template.json"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Images": artifact}}))
    (tmp_path / "Images.template.json").write_text(json.dumps(template))
    local_aws.client("cloudformation", account=account, region=REGION).create_stack(
        StackName="Images", TemplateBody=json.dumps(template)
    )
    arguments = ["--rule", "tags-immutable", "--compare", str(tmp_path)]
    assert audit(*arguments, status=0)["findings"] == []
    ecr = local_aws.client("ecr", account=account, region=REGION)
    ecr.put_image_tag_mutability(repositoryName="shop/web", imageTagMutability="MUTABLE")
    ecr.create_repository(repositoryName="by-hand", imageTagMutability="IMMUTABLE")
    report = audit(*arguments, status=3)
    assert [(one["rule"], one["name"], one["message"]) for one in report["findings"]] == [
        ("drift", "by-hand", "This repository exists, and no template of the app declares it"),
        ("drift", "shop/web", "Mutability not as declared: MUTABLE is deployed, IMMUTABLE is declared"),
        (
            "tags-immutable",
            "shop/web",
            "Its tags can be moved to other images: ImageTagMutability is MUTABLE",
        ),
    ]


def test_a_cache_for_root_may_have_made_any_repository(
    audit: Judged, local_aws: LocalAws, account: str
) -> None:
    ecr = local_aws.client("ecr", account=account, region=REGION)
    for name in ("shop/web", "quay/org/app"):
        ecr.create_repository(repositoryName=name)
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    report = audit("--rule", "tags-immutable", status=3)
    assert _found(report) == [("tags-immutable", "shop/web")]
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="ROOT", upstreamRegistryUrl="public.ecr.aws")
    report = audit("--rule", "tags-immutable", status=4)
    assert [one["reason"] for one in report["unknown"]] == ["the cache for ROOT may have made it"]


def test_images_are_judged(audit: Judged, local_aws: LocalAws, account: str) -> None:
    ecr = local_aws.client("ecr", account=account, region=REGION)
    ecr.create_repository(repositoryName="shop/web")
    registry.push(local_aws, "shop/web", images.image({"a": b"b"}), tag="v1", account=account, region=REGION)
    report = audit("--rule", "images-scanned", status=3)
    assert [one["message"] for one in report["findings"]] == [
        "1 of its images in use have not been scanned, such as v1"
    ]


def test_public_repositories_are_judged_once_an_account(
    audit: Judged, local_aws: LocalAws, account: str
) -> None:
    tools = {"Type": "AWS::ECR::PublicRepository", "Properties": {"RepositoryName": "tools"}}
    local_aws.client("cloudformation", account=account, region="us-east-1").create_stack(
        StackName="Tools", TemplateBody=json.dumps({"Resources": {"Tools": tools}})
    )
    arguments = ["--rule=public-repository-allowed", "--rule=public-repository-tagged"]
    report = audit(*arguments, "--region", REGION, "--region", "us-east-1", status=3)
    assert _found(report) == [("public-repository-allowed", "tools"), ("public-repository-tagged", "tools")]
    report = audit(*arguments, "--public-repository", "tool*", status=0)
    assert _found(report) == [("public-repository-tagged", "tools")]


@pytest.mark.usefixtures("repositories")
def test_accounts_by_a_role(audit: Judged, local_aws: LocalAws, account: str) -> None:
    other = str(int(account) + 500_000)
    for each in (account, other):
        iam = local_aws.client("iam", account=each)
        iam.create_role(RoleName="Audit", AssumeRolePolicyDocument="{}")
    local_aws.client("ecr", account=other, region=REGION).create_repository(repositoryName="other/web")
    report = audit(
        "--rule=tags-immutable", "--role=Audit", f"--account={account}", f"--account={other}", status=3
    )
    assert {(one["place"]["account"], one["name"]) for one in report["findings"]} == {
        *((account, name) for name in NAMES),
        (other, "other/web"),
    }


@pytest.mark.usefixtures("repositories")
def test_all_accounts_of_an_organization(
    audit: Judged,
    local_aws: LocalAws,
    account: str,
    repositories: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The local AWS has no organizations: botocore's stubber answers, held to the API's shape."""
    other, closed = str(int(account) + 600_000), str(int(account) + 700_000)
    organizations = local_aws.client("organizations", region="us-east-1")
    answers = Stubber(organizations)
    answers.add_response("describe_organization", {"Organization": {"Id": "o-ourown1234"}})
    members = [(account, "ACTIVE"), (other, "ACTIVE"), (closed, "SUSPENDED")]
    accounts: list[Any] = [{"Id": one, "Status": status} for one, status in members]
    answers.add_response("list_accounts", {"Accounts": accounts[:1], "NextToken": "more"})
    answers.add_response("list_accounts", {"Accounts": accounts[1:]}, {"NextToken": "more"})
    client = Aws.client
    monkeypatch.setattr(
        Aws,
        "client",
        lambda self, service, region: (
            organizations if service == "organizations" else client(self, service, region)
        ),
    )
    local_aws.client("iam", account=other).create_role(RoleName="Audit", AssumeRolePolicyDocument="{}")
    ecr = local_aws.client("ecr", account=other, region=REGION)
    ecr.create_repository(repositoryName="other/web")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{one}:root" for one in (account, closed)]},
        "Action": "ecr:BatchGetImage",
    }
    ecr.set_repository_policy(repositoryName="other/web", policyText=json.dumps({"Statement": [statement]}))
    with answers:
        report = audit("--rule=outside-organization", "--organization", "--role=Audit", status=3)
    assert report["judged"] == "2 accounts, 1 Region"
    assert [one["message"] for one in report["findings"]] == [f"statement 1 lets in the account {closed}"]
    assert report["counts"]["passed"] == len(repositories) + 2


def test_an_account_whose_role_can_t_be_assumed_is_unknown(audit: Judged, proxy: Proxy, account: str) -> None:
    proxy.rules(
        {"service": "sts", "operation": "AssumeRole", "error": {"code": "AccessDenied", "status": 403}}
    )
    report = audit(
        "--rule=tags-immutable", "--role=Audit", f"--account={account}", status=4, endpoint=proxy.url
    )
    assert [one["where"] for one in report["unknown"]] == [f"account {account} in {REGION}"]
    assert "AWS does not allow AssumeRole" in report["unknown"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--account", "111122223333"], "Accounts without a role"),
        (["--organization"], "Accounts without a role"),
        (["--role", "Audit"], "A role without accounts"),
        (["--role", "Audit", "--account", "1"], "--account"),
        (["--region", "mars-1"], "There is no such Region"),
        (["--all-regions", "--region", REGION], "All Regions, and some by name"),
        (["--rule", "nothing"], "There is no such rule or pack"),
        (["--compare", "nowhere"], "cdk synth"),
    ],
)
def test_bad_input_ends_with_2(shell: Shell, arguments: list[str], said: str) -> None:
    result = shell("audit", *arguments)
    assert result.status == 2
    assert said in result.err


def test_ctrl_c_loses_nothing_that_was_read(
    shell: Shell, local_aws: LocalAws, repositories: list[str]
) -> None:
    arguments = ["--rule", "open-access", "--resume", "kept.jsonl", "--concurrency", "1"]
    reached, opened = threading.Event(), threading.Event()

    def wait(request: dict[str, Any]) -> None:
        if request["repositoryName"] == repositories[4]:
            reached.set()
            opened.wait(60)

    with Gateway(local_aws.endpoint_url) as gateway:
        gateway.hooks["GetRepositoryPolicy"] = wait
        process = shell.start("audit", *arguments, endpoint=gateway.url)
        assert reached.wait(60)
        process.send_signal(signal.SIGINT)
        opened.set()
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, "")
        gateway.hooks.clear()
        gateway.calls.clear()
        result = shell("audit", "--format", "json", *arguments, endpoint=gateway.url)
        assert gateway.asked("GetRepositoryPolicy") <= set(repositories[3:])
    assert result.status == 3
    assert _found(json.loads(result.out)) == [("open-access", "shop/0")]
