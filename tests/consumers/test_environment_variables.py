"""Variables in plain text, and what is refused among them."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from registry_constructs import InvalidInputError
from registry_constructs.consumers.environment_variables import as_ecs_secrets, check_environment
from tests.synthesis import new_stack


def check(environment: dict[str, Any], secrets: dict[str, Any] | None = None) -> None:
    check_environment(new_stack(), environment, secrets or {})


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "DB_PASSWORD",
        "dbPassword",
        "PGPASSWORD",
        "MYSQL_PWD",
        "DB_PASS",
        "PASSPHRASE",
        "SECRET",
        "CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "API_KEY",
        "STRIPE_APIKEY",
        "PRIVATE_KEY",
        "PRIVATE_KEY_2",
        "ENCRYPTION_KEY",
        "CREDENTIALS",
    ],
)
def test_a_secret_by_its_name_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(InvalidInputError, match="looks like a secret") as caught:
        check({name: "hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "Secrets Manager" in caught.value.fix


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
        "postgres://shop:hunter2@db.internal:5432/shop",
        "{{resolve:secretsmanager:shop/db:SecretString:password::}}",
    ],
)
def test_a_secret_by_its_look_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError, match="SETTING looks like a secret"):
        check({"SETTING": value})


def test_a_secret_that_the_cdk_unwraps_is_refused() -> None:
    stack = new_stack()
    secret = secretsmanager.Secret(stack, "Secret")
    with pytest.raises(InvalidInputError, match="SETTING looks like a secret"):
        check_environment(stack, {"SETTING": secret.secret_value.unsafe_unwrap()}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "info"),
        ("TOKEN_URL", "https://auth.example.com/token"),
        ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf"),
        ("CLIENT_SECRET", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf"),
        ("PASSWORD_FILE", "/run/secrets/password"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/etc/google/key.json"),
        ("REQUIRE_PASSWORD", "true"),
        ("MAX_TOKENS", "4096"),
        ("BYPASS", "maybe"),
        ("COMPASS", "north"),
        ("AWS_ACCESS_KEY_ID_NAME", "deploy"),
        ("DATABASE_URL", "postgres://db.internal:5432/shop"),
        ("EMPTY_SECRET", ""),
    ],
)
def test_what_is_no_secret_passes(name: str, value: str) -> None:
    check({name: value})


def test_a_token_that_holds_no_secret_passes() -> None:
    stack = new_stack()
    secret = secretsmanager.Secret(stack, "Secret")
    check_environment(stack, {"CLIENT_SECRET": secret.secret_arn, "REGION": cdk.Aws.REGION}, {})


@pytest.mark.parametrize("name", ["", "1ST", "A B", "A=B", 1])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidInputError, match="Not the name of an environment variable"):
        check({name: "x"})
    with pytest.raises(InvalidInputError, match="Not the name of an environment variable"):
        check({}, {name: None})


def test_a_value_that_is_not_text_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="The value of PORT is not text") as caught:
        check({"PORT": 8080})
    assert caught.value.fix == "write 'PORT': '8080'"


def test_a_name_in_both_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="in both environment and secrets"):
        check({"A": "x", "B": "y"}, {"B": None})


def test_secrets_of_every_kind_are_taken() -> None:
    stack = new_stack()
    secret = secretsmanager.Secret(stack, "Secret")
    parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
        stack, "Parameter", parameter_name="/shop/key"
    )
    given: dict[str, Any] = {
        "OWN": secret,
        "IMPORTED": secretsmanager.Secret.from_secret_name_v2(stack, "Imported", "shop/db"),
        "FIELD": ecs.Secret.from_secrets_manager(secret, "password"),
        "PARAMETER": parameter,
    }
    taken = as_ecs_secrets(given)
    assert taken.keys() == given.keys()
    assert all(isinstance(one, ecs.Secret) for one in taken.values())
    assert stack.resolve(taken["PARAMETER"].arn) == "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/key"
    assert taken["FIELD"].has_field is True


def test_a_parameter_in_plain_text_is_refused() -> None:
    stack = new_stack()
    made = ssm.StringParameter(stack, "Made", string_value="x")
    imported = ssm.StringParameter.from_string_parameter_name(stack, "Imported", "/shop/key")
    several = ssm.StringListParameter(stack, "Several", string_list_value=["x"])
    for parameter in (made, imported, several):
        with pytest.raises(InvalidInputError, match="The parameter of KEY is not encrypted"):
            as_ecs_secrets({"KEY": parameter})


@pytest.mark.parametrize("value", ["plain", None, 1])
def test_what_is_no_secret_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="The value of KEY is not a secret"):
        as_ecs_secrets({"KEY": value})
