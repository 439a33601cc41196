"""Secrets of pull-through caches: the one that is made, and those that are given."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Annotations, Match

from registry_constructs import InvalidInputError, PullThroughCache, Upstream
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources

RULE = "AWS::ECR::PullThroughCacheRule"
SECRET = "AWS::SecretsManager::Secret"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
ELSEWHERE = cdk.Environment(account="111122223333", region="us-east-1")


def new_cache(
    stack: cdk.Stack, upstream: Upstream, prefix: str = "hub", *, id: str = "Cache"
) -> PullThroughCache:
    return PullThroughCache(stack, id, upstream=upstream, prefix=prefix, settings=None)


def refusal(stack: cdk.Stack, upstream: Upstream) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        new_cache(stack, upstream)
    return refused.value


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


def test_a_secret_is_made(stack: cdk.Stack) -> None:
    new_cache(stack, Upstream.docker_hub(), "team/hub")
    [secret] = resources(stack, SECRET).values()
    assert json.loads(secret["Properties"]["GenerateSecretString"].pop("SecretStringTemplate")) == {
        "username": "to-be-replaced"
    }
    assert secret == {
        "Type": SECRET,
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Name": "ecr-pullthroughcache/team/hub",
            "Description": "User name and access token for the cache of registry-1.docker.io",
            "GenerateSecretString": {"GenerateStringKey": "accessToken"},
        },
    }
    assert cfn_lint(raw_template(stack)) == []


def test_how_to_fill_the_secret_is_said(stack: cdk.Stack) -> None:
    new_cache(stack, Upstream.docker_hub())
    [info] = Annotations.from_stack(stack).find_info("/Stack/Cache", Match.any_value())
    assert str(info.entry.data) == (
        "After the first deployment, put the credentials of registry-1.docker.io into the secret: aws "
        "secretsmanager put-secret-value --secret-id ecr-pullthroughcache/hub --secret-string "
        """'{"username": "...", "accessToken": "..."}'"""
    )


def test_findings_on_the_secret_are_acknowledged_with_reasons(stack: cdk.Stack) -> None:
    credentials = new_cache(stack, Upstream.docker_hub()).credentials
    assert credentials is not None
    reasons = {
        rule.removeprefix("Annotation::"): reason
        for entry in credentials.node.metadata
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for rule, reason in entry.data.items()
    }
    rotation = {rule for rule, reason in reasons.items() if "AWS has no rotation for it" in reason}
    own_key = {rule for rule, reason in reasons.items() if "Secrets Manager's own key only" in reason}
    assert rotation == {
        "AwsSolutions-SMG4",
        "HIPAA.Security-SecretsManagerRotationEnabled",
        "NIST.800.53.R5-SecretsManagerRotationEnabled",
    }
    assert own_key == {
        "HIPAA.Security-SecretsManagerUsingKMSKey",
        "NIST.800.53.R4-SecretsManagerUsingKMSKey",
        "NIST.800.53.R5-SecretsManagerUsingKMSKey",
        "PCI.DSS.321-SecretsManagerUsingKMSKey",
    }
    assert rotation | own_key == reasons.keys()


@pytest.mark.parametrize("constructor", ["docker_hub", "github", "gitlab", "chainguard"])
def test_a_given_secret_of_the_app(stack: cdk.Stack, constructor: str) -> None:
    secret = secretsmanager.Secret(stack, "Secret", secret_name="ecr-pullthroughcache/mine")
    cache = new_cache(stack, getattr(Upstream, constructor)(secret))
    assert cache.credentials is secret
    assert properties(stack, RULE)["CredentialArn"] == {"Ref": "SecretA720EF05"}
    assert list(resources(stack, SECRET)) == ["SecretA720EF05"]
    assert Annotations.from_stack(stack).find_info("*", Match.any_value()) == []


def test_a_given_secret_of_another_stack() -> None:
    app = new_app()
    first, second = new_stack("First", app=app), new_stack("Second", app=app)
    secret = secretsmanager.Secret(first, "Secret", secret_name="ecr-pullthroughcache/mine")
    new_cache(second, Upstream.azure("contoso", secret))
    assert "SecretA720EF05" in json.dumps(properties(second, RULE)["CredentialArn"])
    assert resources(second, SECRET) == {}


@pytest.mark.parametrize("name", ["mine", "pullthroughcache/mine", "my/ecr-pullthroughcache/mine", None])
def test_a_given_secret_with_another_name(stack: cdk.Stack, name: str | None) -> None:
    secret = secretsmanager.Secret(stack, "Secret", secret_name=name)
    error = refusal(stack, Upstream.docker_hub(secret))
    assert (error.where, error.got) == ("Stack/Cache", name)
    assert error.allowed == "a name that begins with ecr-pullthroughcache/"
    assert error.fix == "give the secret such a secret_name"


def test_a_given_secret_named_at_deployment(stack: cdk.Stack) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string
    secret = secretsmanager.Secret(stack, "Secret", secret_name=name)
    new_cache(stack, Upstream.docker_hub(secret))
    assert properties(stack, RULE)["CredentialArn"] == {"Ref": "SecretA720EF05"}


def test_a_secret_with_a_key_of_ones_own(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    owned = secretsmanager.Secret(stack, "A", secret_name="ecr-pullthroughcache/a", encryption_key=key)
    imported = secretsmanager.Secret.from_secret_attributes(
        stack, "B", secret_complete_arn=ARN, encryption_key=key
    )
    for number, secret in enumerate([owned, imported]):
        with pytest.raises(InvalidInputError, match="encrypted with a key of your own") as refused:
            PullThroughCache(
                stack, f"Cache{number}", upstream=Upstream.docker_hub(secret), prefix="hub", settings=None
            )
        assert refused.value.got == "Stack/Key"
        assert "leave encryption_key out" in refused.value.fix


def test_a_secret_imported_by_its_complete_arn(stack: cdk.Stack) -> None:
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", ARN)
    new_cache(stack, Upstream.docker_hub(secret))
    assert properties(stack, RULE)["CredentialArn"] == ARN
    assert cfn_lint(raw_template(stack)) == []


def test_a_secret_whose_arn_is_not_complete(stack: cdk.Stack) -> None:
    secrets = (
        secretsmanager.Secret.from_secret_partial_arn(stack, "A", ARN[:-7]),
        secretsmanager.Secret.from_secret_name_v2(stack, "B", "ecr-pullthroughcache/hub"),
    )
    for number, secret in enumerate(secrets):
        with pytest.raises(InvalidInputError, match="not known in full") as refused:
            PullThroughCache(
                stack, f"Cache{number}", upstream=Upstream.docker_hub(secret), prefix="hub", settings=None
            )
        assert refused.value.got == ARN[:-7]
        assert refused.value.fix == "import it with Secret.from_secret_complete_arn"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (":ecr-pullthroughcache/", ":pullthroughcache/", "one kind of name only"),
        (":ecr-pullthroughcache/", ":my/ecr-pullthroughcache/", "one kind of name only"),
        ("eu-west-1", "us-east-1", "in another Region"),
        ("111122223333", "222233334444", "in another account"),
    ],
)
def test_an_imported_secret_that_ecr_does_not_read(
    stack: cdk.Stack, old: str, new: str, problem: str
) -> None:
    secret = secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", ARN.replace(old, new))
    error = refusal(stack, Upstream.docker_hub(secret))
    assert problem in error.problem
    assert error.where == "Stack/Cache"


@pytest.mark.parametrize(
    ("env", "problem", "got"),
    [
        (ELSEWHERE, "in another Region", "Away/Secret in Region us-east-1"),
        (
            cdk.Environment(account="222233334444", region="eu-west-1"),
            "in another account",
            "Away/Secret in account 222233334444",
        ),
    ],
)
def test_a_secret_of_the_app_that_is_elsewhere(env: cdk.Environment, problem: str, got: str) -> None:
    app = new_app()
    away = new_stack("Away", env=env, app=app)
    secret = secretsmanager.Secret(away, "Secret", secret_name="ecr-pullthroughcache/hub")
    error = refusal(new_stack(app=app), Upstream.docker_hub(secret))
    assert problem in error.problem
    assert (error.where, error.got) == ("Stack/Cache", got)


def test_what_is_known_at_deployment_is_not_checked() -> None:
    agnostic = new_stack(env=None)
    away = ARN.replace("eu-west-1", "us-east-1").replace("111122223333", "222233334444")
    new_cache(
        agnostic,
        Upstream.docker_hub(secretsmanager.Secret.from_secret_complete_arn(agnostic, "Secret", away)),
    )
    assert properties(agnostic, RULE)["CredentialArn"] == away
    stack = new_stack()
    token = cdk.Fn.import_value("SecretArn")
    new_cache(
        stack, Upstream.docker_hub(secretsmanager.Secret.from_secret_complete_arn(stack, "Secret", token))
    )
    assert properties(stack, RULE)["CredentialArn"] == {"Fn::ImportValue": "SecretArn"}


@pytest.mark.parametrize("credentials", [ARN, "", 12, {"username": "me"}])
def test_credentials_that_are_no_secret(credentials: Any) -> None:
    with pytest.raises(InvalidInputError, match="The credentials are no secret") as refused:
        Upstream.docker_hub(credentials)
    assert "from_secret_complete_arn" in refused.value.allowed
