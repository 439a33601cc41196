"""Upstreams that are named by whoever uses them: another ECR registry, with what it must allow, and Azure."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match, Template
from cdk_nag import AwsSolutionsChecks

from registry_constructs import InvalidInputError, PullThroughCache, Registry, Scanning, Upstream
from tests.synthesis import ENV, cfn_lint, new_app, new_stack, properties, raw_template, resources, warnings

RULE = "AWS::ECR::PullThroughCacheRule"
REGISTRY_POLICY = "AWS::ECR::RegistryPolicy"
TOKEN = {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"}
READ = [
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
]
WRITE = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
UPSTREAM = cdk.Environment(account="222233334444", region="us-east-1")


def new_cache(stack: cdk.Stack, upstream: Upstream, prefix: str = "hub", **keywords: Any) -> PullThroughCache:
    """A cache without a template."""
    return PullThroughCache(stack, "Cache", upstream=upstream, prefix=prefix, settings=None, **keywords)


def own(names: str) -> str:
    return f"arn:aws:ecr:eu-west-1:111122223333:repository/{names}"


def role_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    return found


def registry_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, REGISTRY_POLICY)["PolicyText"]["Statement"]
    return found


def infos(stack: cdk.Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_info("*", Match.any_value())
    return [str(message.entry.data) for message in found]


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


# Another ECR registry ---------------------------------------------------------------------------------


def read_statement(names: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": READ,
        "Resource": f"arn:aws:ecr:us-east-1:222233334444:repository/{names}",
    }


@pytest.mark.parametrize(
    ("prefix", "upstream_prefix", "own_names", "names"),
    [
        ("hub", "ROOT", "hub/*", "*"),
        ("hub", "shop/base/", "hub/*", "shop/base/*"),
        ("ROOT", "ROOT", "*", "*"),
    ],
)
def test_the_role_for_another_accounts_upstream(
    stack: cdk.Stack, prefix: str, upstream_prefix: str, own_names: str, names: str
) -> None:
    new_cache(stack, Upstream.ecr(UPSTREAM), prefix, upstream_prefix=upstream_prefix)
    assert properties(stack, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "pullthroughcache.ecr.amazonaws.com"},
        }
    ]
    upstream_arn = read_statement(names)["Resource"]
    assert role_statements(stack) == [
        TOKEN,
        {"Action": READ, "Effect": "Allow", "Resource": sorted([upstream_arn, own(own_names)])},
        {"Action": WRITE, "Effect": "Allow", "Resource": own(own_names)},
    ]
    [rule] = resources(stack, RULE).values()
    assert rule["Properties"]["CustomRoleArn"] == {"Fn::GetAtt": ["CacheRoleE089D32A", "Arn"]}
    assert rule["DependsOn"] == ["CacheRoleDefaultPolicy28240F01"]
    assert cfn_lint(raw_template(stack)) == []


@pytest.mark.parametrize("context", [True, False])
def test_an_upstream_outside_the_app(context: bool) -> None:
    app = new_app() if context else cdk.App()
    stack = cdk.Stack(app, "Stack", env=ENV)
    cache = new_cache(stack, Upstream.ecr(UPSTREAM), upstream_prefix="shop")
    statement = read_statement("shop/*")
    assert cache.required_elsewhere == {"statement of the registry policy": statement}
    [info] = infos(stack)
    assert info.startswith("The registry of account 222233334444 in us-east-1 is not in this app.")
    assert "(scope V2)" in info
    assert json.loads(info.partition("\n")[2]) == statement
    policy = {"PolicyText": {"Version": "2012-10-17", "Statement": [statement]}}
    rendered = {"Resources": {"Policy": {"Type": REGISTRY_POLICY, "Properties": policy}}}
    assert cfn_lint(rendered, "us-east-1") == []
    assert AwsSolutionsChecks(app).validate_scope(app).violations == []


def test_an_upstream_in_the_app() -> None:
    app = new_app()
    there, stack = new_stack("Upstream", env=UPSTREAM, app=app), new_stack(app=app)
    cache = new_cache(stack, Upstream.ecr(Registry(there, "Registry")), upstream_prefix="shop")
    assert registry_statements(there) == [read_statement("shop/*")]
    assert stack.dependencies == [there]
    assert cache.required_elsewhere is None
    assert infos(stack) == []
    assert properties(stack, RULE)["UpstreamRegistryUrl"] == "222233334444.dkr.ecr.us-east-1.amazonaws.com"
    [warning] = warnings(there)
    assert "registry policy scope V2" in warning
    assert cfn_lint(raw_template(there), "us-east-1") == []


def test_two_registries_that_cache_each_other() -> None:
    app = new_app()
    stack, there = new_stack(app=app), new_stack("Other", env=UPSTREAM, app=app)
    here, other = Registry(stack, "Registry"), Registry(there, "Registry")
    new_cache(stack, Upstream.ecr(other))
    new_cache(there, Upstream.ecr(here))
    assert (stack.dependencies, there.dependencies) == ([there], [])
    assert len(registry_statements(stack)) == len(registry_statements(there)) == 1
    Template.from_stack(there)


def registry_with_scanning(app: cdk.App, env: cdk.Environment) -> Registry:
    return Registry(new_stack("Upstream", env=env, app=app), "Registry", scanning=Scanning.basic())


@pytest.mark.parametrize("in_app", [True, False])
def test_the_same_account_in_another_region_needs_nothing(in_app: bool) -> None:
    app = new_app()
    env = cdk.Environment(account="111122223333", region="us-east-1")
    stack = new_stack(app=app)
    registry = registry_with_scanning(app, env) if in_app else env
    cache = new_cache(stack, Upstream.ecr(registry))
    assert resources(stack, "AWS::IAM::Role") == {}
    assert properties(stack, RULE) == {
        "EcrRepositoryPrefix": "hub",
        "UpstreamRegistry": "ecr",
        "UpstreamRegistryUrl": "111122223333.dkr.ecr.us-east-1.amazonaws.com",
    }
    assert cache.required_elsewhere is None
    assert infos(stack) == []
    assert stack.dependencies == []


@pytest.mark.parametrize("in_app", [True, False])
def test_a_registry_does_not_cache_itself(stack: cdk.Stack, in_app: bool) -> None:
    registry = Registry(stack, "Registry") if in_app else ENV
    with pytest.raises(InvalidInputError, match="A registry can't cache itself") as refused:
        new_cache(stack, Upstream.ecr(registry))
    assert (refused.value.where, refused.value.got) == ("Stack/Cache", "account 111122223333 in eu-west-1")


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_a_registry_of_another_partition(stack: cdk.Stack, region: str) -> None:
    env = cdk.Environment(account="222233334444", region=region)
    with pytest.raises(InvalidInputError, match="another AWS partition") as refused:
        new_cache(stack, Upstream.ecr(env))
    assert refused.value.where == "Stack/Cache"
    assert "push the images to both partitions" in refused.value.fix


def test_a_stack_that_names_no_account() -> None:
    with pytest.raises(InvalidInputError, match=r"Stack/Cache: .*account and the Region") as refused:
        new_cache(new_stack(env=None), Upstream.ecr(UPSTREAM))
    assert "env=cdk.Environment(account=..., region=...)" in refused.value.fix
    with pytest.raises(InvalidInputError, match="account and the Region"):
        Upstream.ecr(Registry(new_stack(env=None), "Registry"))


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"account": "222233334444"}, "account and the Region"),
        ({"region": "us-east-1"}, "account and the Region"),
        ({"account": "", "region": ""}, "account and the Region"),
        ({"account": "2222", "region": "us-east-1"}, "Not an AWS account id"),
        ({"account": "222233334444", "region": "US East"}, "Not an AWS Region"),
    ],
)
def test_environments_that_are_not_known(env: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        Upstream.ecr(cdk.Environment(**env))


@pytest.mark.parametrize("registry", ["222233334444.dkr.ecr.us-east-1.amazonaws.com", "", None, 12, {}])
def test_what_is_no_registry(registry: Any) -> None:
    with pytest.raises(InvalidInputError, match="Not an ECR registry") as refused:
        Upstream.ecr(registry)
    assert refused.value.allowed == "a Registry of this app, or cdk.Environment(account=..., region=...)"


def test_a_stack_is_no_registry(stack: cdk.Stack) -> None:
    anything: Any = stack
    with pytest.raises(InvalidInputError, match="Not an ECR registry"):
        Upstream.ecr(anything)


# Azure, and what no named constructor makes -----------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", None, "Contoso", "contoso.azurecr.io", "https://contoso", "con toso", "-contoso"]
)
def test_what_is_no_azure_registry(name: Any) -> None:
    with pytest.raises(InvalidInputError, match="Not the name of an Azure container registry") as refused:
        Upstream.azure(name)
    assert refused.value.got == name
    assert refused.value.fix == "write Upstream.azure('contoso') for contoso.azurecr.io"


def test_an_azure_registry_known_at_deployment(stack: cdk.Stack) -> None:
    name = cdk.CfnParameter(stack, "Azure").value_as_string
    new_cache(stack, Upstream.azure(name))
    assert properties(stack, RULE)["UpstreamRegistryUrl"] == {
        "Fn::Join": ["", [{"Ref": "Azure"}, ".azurecr.io"]]
    }


def test_an_upstream_that_ecr_does_not_have() -> None:
    with pytest.raises(InvalidInputError, match="Not a registry that ECR can cache"):
        Upstream(name="dockerhub", host="docker.io")
    with pytest.raises(InvalidInputError, match="Not a host of the upstream quay"):
        Upstream(name="quay", host="registry.example.com")
