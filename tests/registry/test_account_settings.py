"""ECR's account settings: their values, and the resource that sets them."""

from __future__ import annotations

from typing import Any

import pytest

from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.registry.account_settings import AccountSettings, AccountSettingsResource
from registry_constructs.registry.account_settings.handler import index
from tests.synthesis import new_stack, properties, raw_template, resources


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        (AccountSettings(blob_mounting=True), {"BLOB_MOUNTING": "ENABLED"}),
        (AccountSettings(blob_mounting=False), {"BLOB_MOUNTING": "DISABLED"}),
        (
            AccountSettings(registry_policy_scope="V2", basic_scan_type_version="AWS_NATIVE"),
            {"REGISTRY_POLICY_SCOPE": "V2", "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE"},
        ),
    ],
)
def test_values_by_ecrs_names(settings: AccountSettings, values: dict[str, str]) -> None:
    assert settings.values == values
    assert settings.on_delete == "keep"


def test_the_function_knows_every_setting() -> None:
    every = AccountSettings(
        blob_mounting=True, registry_policy_scope="V2", basic_scan_type_version="AWS_NATIVE"
    )
    assert tuple(every.values) == index.SETTINGS


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({}, "No account setting is given"),
        ({"on_delete": "restore"}, "No account setting is given"),
        ({"blob_mounting": 1}, "blob_mounting is neither on nor off"),
        ({"blob_mounting": "ENABLED"}, "blob_mounting is neither on nor off"),
        ({"registry_policy_scope": "V1"}, "registry_policy_scope has a value that can't be set"),
        ({"basic_scan_type_version": "CLAIR"}, "basic_scan_type_version has a value that can't be set"),
        ({"blob_mounting": True, "on_delete": "retain"}, "on_delete has a value that can't be set"),
        ({"blob_mounting": True, "on_delete": None}, "on_delete has a value that can't be set"),
    ],
)
def test_what_ecr_would_refuse_is_refused(keywords: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        AccountSettings(**keywords)
    assert refusal.value.problem == problem


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        AccountSettings(registry_policy_scope="V1")  # type: ignore[arg-type]
    assert str(refusal.value) == (
        "registry_policy_scope has a value that can't be set.\n"
        "  Got: 'V1'\n"
        "  Allowed: 'V2' or None for leaving it alone\n"
        "  Fix: write registry_policy_scope='V2'"
    )


def test_one_custom_resource_with_the_settings() -> None:
    stack = new_stack()
    AccountSettingsResource(stack, "Settings", settings=AccountSettings(blob_mounting=True))
    custom = properties(stack, "Custom::ECRAccountSettings")
    assert custom.pop("ServiceToken")["Fn::GetAtt"][0] in resources(stack, "AWS::Lambda::Function")
    assert custom == {"ServiceTimeout": "300", "Settings": {"BLOB_MOUNTING": "ENABLED"}, "OnDelete": "keep"}


def test_the_function_may_do_no_more_than_it_needs() -> None:
    stack = new_stack()
    AccountSettingsResource(stack, "Settings", settings=AccountSettings(blob_mounting=True))
    [log] = resources(stack, "AWS::Logs::LogGroup")
    role = properties(stack, "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["ecr:GetAccountSetting", "ecr:PutAccountSetting"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [log, "Arn"]},
        },
    ]
    assert resources(stack, "AWS::IAM::Policy") == {}


def test_the_function() -> None:
    stack = new_stack()
    AccountSettingsResource(stack, "Settings", settings=AccountSettings(blob_mounting=True))
    [log] = resources(stack, "AWS::Logs::LogGroup")
    function = properties(stack, "AWS::Lambda::Function")
    assert function["Architectures"] == ["arm64"]
    assert function["Handler"] == "index.handler"
    assert function["Timeout"] == 60
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": log}}
    assert properties(stack, "AWS::Logs::LogGroup") == {"RetentionInDays": 365}
    assert len(raw_template(stack)["Resources"]) == 4
