"""Permissions on signing profiles, as AWS Signer takes them for each platform."""

from __future__ import annotations

from typing import Any

import pytest

from registry_constructs.local import LocalAws
from tests.local.stacks import Stack, template

PLATFORMS = {
    "Notation-OCI-SHA384-ECDSA": ("signer:SignPayload", "signer:GetSigningProfile", "signer:RevokeSignature"),
    "AWSLambda-SHA384-ECDSA": (
        "signer:StartSigningJob",
        "signer:GetSigningProfile",
        "signer:RevokeSignature",
    ),
}
ACTIONS = sorted({action for actions in PLATFORMS.values() for action in actions})


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_takes_its_own_actions(
    local_aws: LocalAws, account: str, platform: str, action: str
) -> None:
    signer: Any = local_aws.client("signer", account=account)
    signer.put_signing_profile(profileName="release", platformId=platform)
    permission = {
        "profileName": "release",
        "action": action,
        "principal": "222233334444",
        "statementId": "it",
    }
    if action in PLATFORMS[platform]:
        signer.add_profile_permission(**permission)
        [found] = signer.list_profile_permissions(profileName="release")["permissions"]
        assert (found["action"], found["principal"]) == (action, "222233334444")
        return
    # AWS's own words: hashicorp/terraform-provider-aws#33941.
    with pytest.raises(signer.exceptions.ValidationException) as refusal:
        signer.add_profile_permission(**permission)
    assert str(refusal.value).endswith(
        f"Action {action} not supported for platform {platform}. "
        f"Action must be one of [{', '.join(PLATFORMS[platform])}]"
    )


def test_cloudformation_adds_one_permission_after_the_other(local_aws: LocalAws, account: str) -> None:
    profile = ("AWS::Signer::SigningProfile", {"PlatformId": "Notation-OCI-SHA384-ECDSA"})
    permissions = {
        f"Permission{principal}": (
            "AWS::Signer::ProfilePermission",
            {
                "Action": "signer:SignPayload",
                "Principal": principal,
                "ProfileName": {"Fn::GetAtt": ["Profile", "ProfileName"]},
                "StatementId": f"SignPayload{principal}",
            },
        )
        for principal in ("222233334444", "333344445555")
    }
    stack = Stack(local_aws, account)
    name = stack.create(template({"Profile": profile, **permissions}))["Profile"].rpartition("/")[2]
    signer: Any = local_aws.client("signer", account=account)
    found = signer.list_profile_permissions(profileName=name)["permissions"]
    assert sorted(one["principal"] for one in found) == ["222233334444", "333344445555"]
    stack.update(template({"Profile": profile}))
    with pytest.raises(signer.exceptions.ResourceNotFoundException):
        signer.list_profile_permissions(profileName=name)
