"""Who may pull through a cache: identities, other accounts, an organization."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from registry_constructs import (
    InvalidInputError,
    PullThroughCache,
    Registry,
    RepositorySettings,
    Upstream,
)
from registry_constructs.repository.access import ORGANIZATION_REASON
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources, warnings

POLICY = "AWS::IAM::Policy"
REGISTRY_POLICY = "AWS::ECR::RegistryPolicy"
TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
TOKEN = {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"}
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
IMPORT = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
ORGANIZATION = "o-a1b2c3d4e5"
AWAY = cdk.Environment(account="222233334444", region="us-east-1")
ACCOUNTS = {"AWS": ["arn:aws:iam::222233334444:root", "arn:aws:iam::333344445555:root"]}


def new_cache(stack: cdk.Stack, prefix: str = "hub", **keywords: Any) -> PullThroughCache:
    return PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix=prefix, **keywords)


def own(names: str) -> str:
    return f"arn:aws:ecr:eu-west-1:111122223333:repository/{names}"


def identity_statements(stack: cdk.Stack, role: str) -> list[dict[str, Any]]:
    [policy] = [body for name, body in resources(stack, POLICY).items() if name.startswith(f"{role}Default")]
    found: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def registry_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, REGISTRY_POLICY)["PolicyText"]["Statement"]
    return found


def repository_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(properties(stack, TEMPLATE)["RepositoryPolicy"])["Statement"]
    return found


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))


# Identities ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prefix", "names"), [("hub", "hub/*"), ("team/hub/", "team/hub/*"), ("ROOT", "*")])
def test_a_role_of_the_account(stack: cdk.Stack, role: iam.Role, prefix: str, names: str) -> None:
    grant = new_cache(stack, prefix, settings=None).grant_pull(role)
    assert grant.success
    assert identity_statements(stack, "Role") == [
        {
            "Action": [PULL[0], PULL[1], *IMPORT, PULL[2]],
            "Effect": "Allow",
            "Resource": own(names),
        },
        TOKEN,
    ]
    assert resources(stack, REGISTRY_POLICY) == {}
    assert cfn_lint(raw_template(stack)) == []


def test_an_imported_role_and_a_user(stack: cdk.Stack) -> None:
    cache = new_cache(stack, settings=None)
    cache.grant_pull(iam.Role.from_role_name(stack, "Imported", "deploy"))
    cache.grant_pull(iam.User(stack, "User"))
    granted = [body["Properties"] for body in resources(stack, POLICY).values()]
    assert [policy.get("Roles") or policy["Users"] for policy in granted] == [
        ["deploy"],
        [{"Ref": "User00B015A1"}],
    ]
    assert all(len(policy["PolicyDocument"]["Statement"]) == 2 for policy in granted)


@pytest.mark.parametrize(
    "principal",
    [
        iam.AccountPrincipal("222233334444"),
        iam.ServicePrincipal("lambda.amazonaws.com"),
        iam.OrganizationPrincipal(ORGANIZATION),
        iam.AnyPrincipal(),
    ],
)
def test_a_principal_without_a_policy_of_its_own(stack: cdk.Stack, principal: Any) -> None:
    with pytest.raises(InvalidInputError, match="no policy of its own") as refused:
        new_cache(stack).grant_pull(principal)
    assert (refused.value.where, refused.value.got) == ("Stack/Cache", type(principal).__name__)
    assert refused.value.fix == "use grant_pull_to_accounts or grant_pull_to_organization"


def test_a_principal_that_nothing_is_known_of(stack: cdk.Stack) -> None:
    assert new_cache(stack).grant_pull(iam.UnknownPrincipal(resource=stack)).success


def test_an_imported_role_of_another_account(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    away = iam.Role.from_role_arn(stack, "Away", "arn:aws:iam::222233334444:role/deploy")
    new_cache(stack).grant_pull(away)
    principal = {"AWS": "arn:aws:iam::222233334444:root"}
    assert registry_statements(stack) == [
        {"Action": IMPORT, "Effect": "Allow", "Principal": principal, "Resource": own("hub/*")}
    ]
    assert repository_statements(stack) == [{"Action": PULL, "Effect": "Allow", "Principal": principal}]
    assert cfn_lint(raw_template(stack)) == []


def test_a_role_of_another_account_in_the_app() -> None:
    app = new_app()
    stack, away = new_stack(app=app), new_stack("Away", env=AWAY, app=app)
    Registry(stack, "Registry")
    role = iam.Role(away, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    new_cache(stack).grant_pull(role)
    assert identity_statements(away, "Role")[0]["Resource"] == own("hub/*")
    assert registry_statements(stack)[0]["Principal"] == {"AWS": "arn:aws:iam::222233334444:root"}
    assert repository_statements(stack)[0]["Principal"] == {"AWS": "arn:aws:iam::222233334444:root"}


# Accounts and organizations -----------------------------------------------------------------------------


@pytest.mark.parametrize(("prefix", "names"), [("hub", "hub/*"), ("ROOT", "*")])
def test_accounts(stack: cdk.Stack, prefix: str, names: str) -> None:
    Registry(stack, "Registry")
    new_cache(stack, prefix).grant_pull_to_accounts("333344445555", "222233334444", "333344445555")
    assert registry_statements(stack) == [
        {"Action": IMPORT, "Effect": "Allow", "Principal": ACCOUNTS, "Resource": own(names)}
    ]
    assert repository_statements(stack) == [{"Action": PULL, "Effect": "Allow", "Principal": ACCOUNTS}]
    assert warnings(stack) == []
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize(
    ("units", "condition"),
    [
        ([], {}),
        (
            ["ou-ab12-11111111", "ou-ab12-22222222"],
            {
                "ForAnyValue:StringLike": {
                    "aws:PrincipalOrgPaths": [
                        f"{ORGANIZATION}/*/ou-ab12-11111111/*",
                        f"{ORGANIZATION}/*/ou-ab12-22222222/*",
                    ]
                }
            },
        ),
    ],
)
def test_an_organization(stack: cdk.Stack, units: list[str], condition: dict[str, Any]) -> None:
    registry = Registry(stack, "Registry")
    new_cache(stack).grant_pull_to_organization(ORGANIZATION, units=iter(units))
    said = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}} | condition,
    }
    assert registry_statements(stack) == [said | {"Action": IMPORT, "Resource": own("hub/*")}]
    assert repository_statements(stack) == [said | {"Action": PULL}]
    assert ORGANIZATION_REASON in json.dumps([entry.data for entry in registry.node.metadata])
    assert cfn_lint(raw_template(stack)) == []


def test_the_policy_of_the_settings_stays(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    given = iam.PolicyStatement(principals=[iam.AccountPrincipal("444455556666")], actions=["ecr:ListImages"])
    new_cache(stack, settings=RepositorySettings(policy=[given])).grant_pull_to_accounts("222233334444")
    assert [statement["Action"] for statement in repository_statements(stack)] == ["ecr:ListImages", PULL]


@pytest.mark.parametrize(
    ("grant", "arguments", "keywords", "problem"),
    [
        ("accounts", [], {}, "No account is given"),
        ("accounts", [""], {}, "Not an AWS account id"),
        ("accounts", ["12345"], {}, "Not an AWS account id"),
        ("accounts", [111122223333], {}, "Not an AWS account id"),
        ("organization", [""], {}, "Not an organization id"),
        ("organization", [None], {}, "Not an organization id"),
        ("organization", [ORGANIZATION], {"units": ["ou-1"]}, "Not an organizational unit id"),
        ("organization", [ORGANIZATION], {"units": "ou-ab12-11111111"}, "units is a single text"),
    ],
)
def test_what_is_no_account_and_no_organization(
    stack: cdk.Stack, grant: str, arguments: list[Any], keywords: dict[str, Any], problem: str
) -> None:
    cache = new_cache(stack)
    with pytest.raises(InvalidInputError) as refused:
        getattr(cache, f"grant_pull_to_{grant}")(*arguments, **keywords)
    assert (refused.value.problem, refused.value.where) == (problem, "Stack/Cache")
    assert "RepositoryPolicy" not in properties(stack, TEMPLATE)


def test_more_accounts_than_a_repository_policy_takes(stack: cdk.Stack) -> None:
    Registry(stack, "Registry")
    new_cache(stack).grant_pull_to_accounts(*(f"{number:012}" for number in range(400)))
    with pytest.raises(RuntimeError, match="10,240") as error:
        raw_template(stack)
    assert "Stack/Cache/Template" in str(error.value)
    assert "organization instead of many accounts" in str(error.value)


@pytest.mark.parametrize(
    "grant",
    [
        lambda cache, away: cache.grant_pull_to_accounts("222233334444"),
        lambda cache, away: cache.grant_pull_to_organization(ORGANIZATION),
        lambda cache, away: cache.grant_pull(away),
    ],
)
def test_without_a_template(stack: cdk.Stack, grant: Callable[..., Any]) -> None:
    cache = new_cache(stack, settings=None)
    away = iam.Role.from_role_arn(stack, "Away", "arn:aws:iam::222233334444:role/deploy")
    with pytest.raises(InvalidInputError, match="A cache without a template") as refused:
        grant(cache, away)
    assert refused.value.where == "Stack/Cache"
    assert "leave settings out" in refused.value.fix


def test_without_an_owner_of_the_registry(stack: cdk.Stack) -> None:
    new_cache(stack).grant_pull_to_accounts("222233334444")
    with pytest.raises(RuntimeError, match="Nobody owns the registry") as error:
        raw_template(stack)
    assert "settings from Stack/Cache\n" in str(error.value)
