"""Publishers: whom their roles trust, what they may do, and the files that CI runs with them."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_iam as iam
from check_jsonschema import cli as checker
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

from registry_constructs import GitHubPublisher, GitLabPublisher, InvalidInputError, Repository
from registry_constructs.delivery.publishers import workflows
from registry_constructs.delivery.publishers.subjects import github_subjects, gitlab_subjects
from registry_constructs.ecr.actions import PUSH_ACTIONS
from tests.consumers.reading import listed, statements
from tests.delivery.publishers.variants_publishers import (
    GITHUB,
    PRODUCTION,
    SOURCE,
    VARIANTS,
    WORKSPACE,
    bitbucket,
    github,
    gitlab,
)
from tests.synthesis import ROOT, new_stack, properties, resources, warnings

HOSTS = {
    github: "token.actions.githubusercontent.com",
    gitlab: "gitlab.com",
    bitbucket: "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
}
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/{}"


def trusts(stack: cdk.Stack, host: str, subject: str, audience: str) -> bool:
    """Whether the role's trust lets a token in, as the emulator's IAM evaluates it."""
    [role] = [one for name, one in resources(stack, "AWS::IAM::Role").items() if name.startswith("Publisher")]
    document = role["Properties"]["AssumeRolePolicyDocument"]
    for statement in document["Statement"]:
        statement["Principal"] = {"Federated": PROVIDER.format(host)}
    context = EvalContext(
        principal_arn=PROVIDER.format(host),
        principal_type="WebIdentityUser",
        principal_account="111122223333",
        action="sts:AssumeRoleWithWebIdentity",
        resource_arn="arn:aws:iam::111122223333:role/publish",
        region="eu-west-1",
        service_context={f"{host}:sub": subject, f"{host}:aud": audience},
    )
    return bool(evaluate_trust_policy(json.dumps(document), PROVIDER.format(host), context))


MAIN = f"repo:{GITHUB}:ref:refs/heads/main"


@pytest.mark.parametrize(
    ("keywords", "right", "wrong"),
    [
        (
            {"branches": ["main"]},
            [MAIN],
            [
                "repo:acme/checkout:ref:refs/heads/main",
                "repo:acme@123456/checkout@456780:ref:refs/heads/main",
                "repo:acme@123457/checkout@456789:ref:refs/heads/main",
                f"repo:{GITHUB}:ref:refs/heads/main2",
                f"repo:{GITHUB}:ref:refs/heads/Main",
                f"repo:{GITHUB}:ref:refs/tags/main",
                f"repo:{GITHUB}:pull_request",
                f"repo:{GITHUB}:environment:main",
                f"{MAIN}:extra",
            ],
        ),
        (
            {"environments": ["production", "a:b"]},
            [f"repo:{GITHUB}:environment:production", f"repo:{GITHUB}:environment:a%3Ab"],
            [MAIN, f"repo:{GITHUB}:environment:staging", f"repo:{GITHUB}:environment:a:b"],
        ),
        (
            {"tag_patterns": ["v*"], "branches": ["main"]},
            [MAIN, f"repo:{GITHUB}:ref:refs/tags/v1.4.2"],
            [f"repo:{GITHUB}:ref:refs/heads/v1", f"repo:{GITHUB}:ref:refs/tags/1"],
        ),
        ({"pull_requests": True}, [f"repo:{GITHUB}:pull_request"], [MAIN]),
        ({"any_job": True}, [MAIN, f"repo:{GITHUB}:pull_request"], [f"repo:{GITHUB}0:ref:refs/heads/main"]),
    ],
    ids=["branch", "environments", "patterns", "pull requests", "any job"],
)
def test_whom_github_roles_trust(keywords: dict[str, Any], right: list[str], wrong: list[str]) -> None:
    stack, host = new_stack(), HOSTS[github]
    github(stack, **keywords)
    assert all(trusts(stack, host, subject, "sts.amazonaws.com") for subject in right)
    assert not any(trusts(stack, host, subject, "sts.amazonaws.com") for subject in wrong)
    assert not any(trusts(stack, host, subject, "https://github.com/acme") for subject in right)


def test_whom_gitlab_roles_trust() -> None:
    stack, host, start = new_stack(), HOSTS[gitlab], "project_path:acme/shop/checkout"
    gitlab(stack, tag_patterns=["v*"])
    for subject in (f"{start}:ref_type:branch:ref:main", f"{start}:ref_type:tag:ref:v1"):
        assert trusts(stack, host, subject, "https://gitlab.com")
        assert not trusts(stack, host, subject, "sts.amazonaws.com")
    for subject in (
        f"{start}:ref_type:tag:ref:main",
        f"{start}2:ref_type:branch:ref:main",
        "project_path:acme/shop:ref_type:branch:ref:main",
        f"project_path:evil/{start[13:]}:ref_type:branch:ref:main",
    ):
        assert not trusts(stack, host, subject, "https://gitlab.com")


def test_whom_bitbucket_roles_trust() -> None:
    stack, host = new_stack(), HOSTS[bitbucket]
    bitbucket(stack)
    step, audience = (
        "{11111111-2222-3333-4444-555555555555}",
        f"ari:cloud:bitbucket::workspace/{WORKSPACE[1:-1]}",
    )
    assert trusts(stack, host, f"{SOURCE}:{PRODUCTION}:{step}", audience)
    assert not trusts(stack, host, f"{SOURCE}:{step}", audience)
    assert not trusts(stack, host, f"{SOURCE}:{step}:{step}", audience)
    assert not trusts(stack, host, f"{PRODUCTION}:{SOURCE}:{step}", audience)
    assert not trusts(stack, host, f"{SOURCE}:{PRODUCTION}:{step}", "ari:cloud:bitbucket::workspace/x")


NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES), NAMES, st.booleans())
def test_no_other_repository_is_ever_trusted(
    mine: tuple[str, str],
    theirs: tuple[str, str],
    branch: str,
    everything: bool,
) -> None:
    for make, start, ref in (
        (github_subjects, "repo:", "ref:refs/heads/"),
        (gitlab_subjects, "project_path:", "ref_type:branch:ref:"),
    ):
        more: dict[str, Any] = {"environments": (), "pull_requests": False} if make is github_subjects else {}
        subjects = make(
            "/".join(mine),
            branches=[branch],
            tags=(),
            branch_patterns=["release/*"],
            tag_patterns=["*"],
            any_job=everything,
            **more,
        )
        token = f"{start}{'/'.join(theirs)}:{ref}{branch}"
        trusted = any(re.fullmatch(re.escape(value).replace(r"\*", ".*"), token) for value in subjects.values)
        assert trusted == (mine == theirs)


def test_exactly_todays_push_on_exactly_these_repositories() -> None:
    for name, variant in VARIANTS.items():
        if name == "publisher-github-public":
            continue
        stack = new_stack()
        variant(stack)
        found = statements(stack, "PublisherRole")
        pushes = [(actions, listed(resource)) for actions, resource, _ in found if "ecr:PutImage" in actions]
        assert all(set(actions) == set(PUSH_ACTIONS) for actions, _ in pushes)
        assert sum(len(named) for _, named in pushes) == (3 if "everything" in name else 1)
        others = {action for actions, _, _ in found for action in actions} - set(PUSH_ACTIONS)
        signing = {"signer:SignPayload"} if "everything" in name else set()
        assert others == {"ecr:GetAuthorizationToken"} | signing


def test_publishers_of_a_stack_share_the_provider_and_it_stays() -> None:
    stack = new_stack()
    github(stack)
    GitHubPublisher(
        stack,
        "Other",
        repository="acme@123456/cart@9",
        repositories=[Repository(stack, "Cart")],
        branches=["main"],
    )
    [provider] = resources(stack, "AWS::IAM::OIDCProvider").values()
    assert provider["DeletionPolicy"] == provider["UpdateReplacePolicy"] == "Retain"
    assert provider["Properties"]["ClientIdList"] == ["sts.amazonaws.com"]


def test_a_name_that_can_be_taken_warns() -> None:
    stack = new_stack()
    github(stack)
    assert warnings(stack) == []
    other = new_stack()
    github(other, repository="acme/checkout")
    assert any("names no ids" in warning for warning in warnings(other))
    server = new_stack()
    github(server, repository="acme/checkout", url="https://git.example.com/_services/token")
    assert warnings(server) == []


def test_a_publisher_can_be_granted_more() -> None:
    stack = new_stack()
    publisher = github(stack)
    Repository.from_repository_name(stack, "Base", "platform/base").grant_pull(publisher)
    assert any("ecr:GetDownloadUrlForLayer" in actions for actions, *_ in statements(stack, "PublisherRole"))


@pytest.mark.parametrize(
    ("make", "keywords", "problem", "fix"),
    [
        (github, {"branches": []}, "No trusted jobs are specified", "any_job=True"),
        (github, {"branches": ["release/*"]}, "has a name with a wildcard", "branch_patterns=['release/*']"),
        (github, {"tags": ["*"]}, "has a name with a wildcard", "tag_patterns=['*']"),
        (github, {"branches": ["refs/heads/main"]}, "whole reference", "'main'"),
        (github, {"branches": "main"}, "branches is not a list", "branches=['main']"),
        (github, {"branches": ["a b"]}, "a name that Git refuses", "without refs/heads/"),
        (github, {"branches": ["${aws:username}"]}, "a name that Git refuses", ""),
        (github, {"branch_patterns": ["main"]}, "a name without '*'", "whole names"),
        (github, {"branch_patterns": ["?"]}, "a pattern that no name matches", "release/*"),
        (github, {"environments": ["*"]}, "can't be trusted", "environments=['production']"),
        (github, {"repository": "acme"}, "Not a repository of GitHub", "sub_claim_prefix"),
        (github, {"repository": "acme/*"}, "Not a repository of GitHub", "sub_claim_prefix"),
        (github, {"repository": "acme@1/checkout"}, "Not a repository of GitHub", "sub_claim_prefix"),
        (github, {"repository": "repo:acme/checkout"}, "Not a repository of GitHub", "sub_claim_prefix"),
        (github, {"repositories": []}, "Nothing is named to publish to", "repositories=[repository]"),
        (github, {"url": "http://git"}, "Not the address of an OIDC provider", "https://"),
        (github, {"url": "https://git/"}, "Not the address of an OIDC provider", "https://"),
        (gitlab, {"project": "checkout"}, "Not a project of GitLab", "project="),
        (gitlab, {"project": "acme/*"}, "Not a project of GitLab", "project="),
        (gitlab, {"branches": []}, "No trusted jobs are specified", "any_job=True"),
        (bitbucket, {"environments": {}}, "No trusted jobs are specified", "any_job=True"),
        (bitbucket, {"repository_uuid": SOURCE[1:-1]}, "Not a UUID of Bitbucket", "settings"),
        (bitbucket, {"environments": {"production": "*"}}, "Not a UUID of Bitbucket", "settings"),
        (bitbucket, {"environments": ["production"]}, "environments has no UUIDs", "{'production'"),
        (bitbucket, {"workspace_uuid": "acme"}, "Not a UUID of Bitbucket", "settings"),
        (bitbucket, {"workspace": "Acme Inc"}, "Not the id of a workspace", "bitbucket.org"),
    ],
)
def test_what_is_refused(make: Any, keywords: dict[str, Any], problem: str, fix: str) -> None:
    stack = new_stack()
    with pytest.raises(InvalidInputError) as caught:
        make(stack, **keywords)
    assert problem in str(caught.value)
    assert fix in caught.value.fix
    assert "Stack/Publisher" in str(caught.value)


FILES = {
    "github-actions.yml": (github, "workflow", "vendor.github-workflows"),
    "gitlab-ci.yml": (gitlab, "pipeline", "vendor.gitlab-ci"),
    "bitbucket-pipelines.yml": (bitbucket, "pipeline", "vendor.bitbucket-pipelines"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_example_is_what_the_publisher_renders_and_ci_takes_it(
    name: str, request: pytest.FixtureRequest
) -> None:
    make, attribute, schema = FILES[name]
    shown = getattr(make(new_stack()), attribute)
    file = ROOT / "examples" / name
    if request.config.getoption("update_snapshots"):
        file.write_text(shown)
    assert file.read_text() == shown
    result = CliRunner().invoke(checker.main, ["--builtin-schema", schema, str(file)])
    assert result.exit_code == 0, result.output
    assert "arn:aws:iam::111122223333:role/publish-checkout" in shown
    assert "111122223333.dkr.ecr.eu-west-1.amazonaws.com" in shown


def test_the_checker_would_find_something(tmp_path: Any) -> None:
    broken = tmp_path / "workflow.yml"
    broken.write_text("on: push\njobs:\n  a:\n    runs_on: x\n")
    result = CliRunner().invoke(checker.main, ["--builtin-schema", "vendor.github-workflows", str(broken)])
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("make", "keywords", "expected"),
    [
        (github, {"role_name": None}, "role-to-assume: ${{ vars.AWS_ROLE_ARN }}"),
        (github, {"environments": ["production"]}, "environment: production"),
        (github, {"any_job": True}, "workflow_dispatch:"),
        (github, {"branch_patterns": ["release/*"]}, '      - "release/**"'),
        (github, {"tags": ["1.0"]}, '    tags:\n      - "1.0"'),
        (
            gitlab,
            {"branches": [], "branch_patterns": ["release/*"]},
            "CI_COMMIT_BRANCH =~ /^release\\\\/.*$/",
        ),
        (bitbucket, {"branches": ["main", "*-hotfix"]}, '    "*-hotfix":\n      - step: *publish'),
        (gitlab, {"role_name": None}, "AWS_ROLE_ARN: $AWS_ROLE_ARN_OF_PUBLISHER"),
        (gitlab, {"branches": [], "tag_patterns": ["v*"]}, "$CI_COMMIT_TAG =~ /^v.*$/"),
        (gitlab, {"branches": [], "any_job": True}, "- if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"),
        (bitbucket, {"role_name": None}, "AWS_ROLE_ARN=$AWS_ROLE_ARN_OF_PUBLISHER"),
    ],
)
def test_workflows_follow_what_is_trusted(make: Any, keywords: dict[str, Any], expected: str) -> None:
    publisher = make(new_stack(), **keywords)
    shown = publisher.workflow if make is github else publisher.pipeline
    assert expected in shown
    assert yaml.safe_load(shown)


REFS = st.text(
    st.characters(codec="ascii", exclude_characters=" \t:~^\\[]?*${}\x7f"), min_size=1, max_size=20
).filter(lambda name: name.isprintable())


@given(
    branch=REFS,
    pattern=REFS.map(lambda name: f"{name}*"),
    tag=REFS,
    environment=st.text(min_size=1, max_size=20),
)
def test_names_of_any_kind_are_rendered_as_they_are(
    branch: str, pattern: str, tag: str, environment: str
) -> None:
    to = workflows.PushDestination("eu-west-1", "1.dkr.ecr.eu-west-1.amazonaws.com", "shop/checkout", None)
    refs = workflows.Refs([branch, pattern], [tag])
    workflow = yaml.safe_load(workflows.github_workflow(to, refs=refs, environment=environment))
    assert workflow[True] == {"push": {"branches": [branch, f"{pattern}*"], "tags": [tag]}}
    assert workflow["jobs"]["publish"]["environment"] == environment
    conditions = yaml.safe_load(workflows.gitlab_pipeline(to, audience="aws", refs=refs))["publish"]["rules"]
    assert [one["if"] for one in conditions[::2]] == [
        f"$CI_COMMIT_BRANCH == {json.dumps(branch)}",
        f"$CI_COMMIT_TAG == {json.dumps(tag)}",
    ]
    pipeline = yaml.safe_load(
        workflows.bitbucket_pipeline(to, branches=[branch], environments={environment: PRODUCTION})
    )
    [[step]] = pipeline["pipelines"]["branches"].values()
    assert list(pipeline["pipelines"]["branches"]) == [branch]
    assert step["step"]["deployment"] == environment


def test_two_audiences_of_one_address_are_both_taken() -> None:
    stack = new_stack()
    gitlab(stack, audience="one")
    GitLabPublisher(
        stack,
        "Other",
        project="acme/cart",
        branches=["main"],
        repositories=[Repository(stack, "Cart")],
        audience="two",
    )
    assert properties(stack, "AWS::IAM::OIDCProvider")["ClientIdList"] == ["one", "two"]


def test_a_provider_of_another_address_is_refused() -> None:
    stack = new_stack()
    provider = iam.OidcProviderNative.from_oidc_provider_arn(
        stack, "GitLab", "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
    )
    with pytest.raises(InvalidInputError, match="The identity provider is of another address"):
        github(stack, provider=provider)
    assert gitlab(new_stack(), provider=provider).provider is provider


def test_a_workflow_needs_a_known_place() -> None:
    stack = new_stack(env=None)
    with pytest.raises(InvalidInputError, match="A workflow has to name the repository"):
        _ = github(stack).workflow
    unnamed = new_stack()
    publisher = github(unnamed, repositories=[Repository(unnamed, "Unnamed")])
    with pytest.raises(InvalidInputError, match="A workflow has to name the repository"):
        _ = publisher.workflow


def test_the_session_may_last_longer() -> None:
    stack = new_stack()
    github(stack, max_session_duration=cdk.Duration.hours(2))
    assert properties(stack, "AWS::IAM::Role")["MaxSessionDuration"] == 7200
