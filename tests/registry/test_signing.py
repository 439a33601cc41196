"""Managed signing: profiles made and given, who may sign, and where there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import cfnlint
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from hypothesis import given
from hypothesis import strategies as st

from registry_constructs import InvalidInputError, ManagedSigning, Registry
from registry_constructs.ecr import limits
from registry_constructs.registry.signing_rules import signing_rules
from tests.registry.places import FRANKFURT, inhabited, synth_error
from tests.synthesis import cfn_lint, new_app, new_stack, properties, raw_template, resources

SIGNING = "AWS::ECR::SigningConfiguration"
PROFILE = "AWS::Signer::SigningProfile"
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"


def profile(arn: str) -> Any:
    """What is known of a profile by its ARN alone, such as another account's."""
    return SimpleNamespace(signing_profile_arn=arn)


def new_owner(env: cdk.Environment | None = FRANKFURT) -> cdk.Stack:
    stack = new_stack(env=env)
    Registry(stack, "Registry")
    return stack


def rules(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, SIGNING)["Rules"]
    return found


def filters(stack: cdk.Stack) -> list[list[str]]:
    return [[entry["Filter"] for entry in rule["RepositoryFilters"]] for rule in rules(stack)]


def arn(name: str = "images", region: str = "eu-central-1", account: str = "111122223333") -> str:
    return f"arn:aws:signer:{region}:{account}:/signing-profiles/{name}"


def test_a_profile_is_made_and_signs_everything() -> None:
    stack = new_owner()
    signing = ManagedSigning(stack, "Signing")
    [profile_id] = resources(stack, PROFILE)
    assert properties(stack, PROFILE) == {
        "PlatformId": "Notation-OCI-SHA384-ECDSA",
        "SignatureValidityPeriod": {"Type": "MONTHS", "Value": 135},
    }
    assert rules(stack) == [
        {
            "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD_MATCH"}],
            "SigningProfileArn": {"Fn::GetAtt": [profile_id, "Arn"]},
        }
    ]
    assert isinstance(signing.signing_profile, signer.SigningProfile)
    assert cfn_lint(raw_template(stack), "eu-central-1") == []


def test_a_profile_of_the_app_is_used() -> None:
    stack = new_owner()
    own = signer.SigningProfile(stack, "Own", platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA)
    signing = ManagedSigning(stack, "Signing", signing_profile=own, repositories=["prod/*", "base"])
    assert signing.signing_profile is own
    assert filters(stack) == [["base", "prod/*"]]
    assert len(resources(stack, PROFILE)) == 1


def test_an_imported_profile_has_the_arn_that_signer_gave_it() -> None:
    stack = new_owner()
    imported = signer.SigningProfile.from_signing_profile_attributes(
        stack, "Imported", signing_profile_name="images", signing_profile_version="v"
    )
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    signing = ManagedSigning(stack, "Signing", signing_profile=imported)
    assert signing.grant_sign(role).success
    assert rules(stack)[0]["SigningProfileArn"] == arn()
    [statement] = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert statement["Resource"] == arn()
    assert cfn_lint(raw_template(stack), "eu-central-1") == []


def test_without_an_env_an_imported_profile_passes() -> None:
    stack = new_owner(env=None)
    imported = signer.SigningProfile.from_signing_profile_attributes(
        stack, "Imported", signing_profile_name="images", signing_profile_version="v"
    )
    ManagedSigning(stack, "Signing", signing_profile=imported)
    assert rules(stack)[0]["SigningProfileArn"]["Fn::Join"][1][-1] == ":/signing-profiles/images"


def test_another_accounts_profile_of_the_region_signs() -> None:
    stack = new_owner()
    ManagedSigning(stack, "Signing", signing_profile=profile(arn(account="222233334444")))
    assert rules(stack)[0]["SigningProfileArn"] == arn(account="222233334444")
    assert cfn_lint(raw_template(stack), "eu-central-1") == []


def test_a_profile_of_another_region_is_refused() -> None:
    stack = new_owner()
    with pytest.raises(
        InvalidInputError, match="Stack/Signing: The signing profile is in another Region"
    ) as caught:
        ManagedSigning(stack, "Signing", signing_profile=profile(arn(region="eu-west-1")))
    assert caught.value.allowed == "a profile in eu-central-1"


def test_a_profile_of_the_app_in_another_region_is_refused() -> None:
    app = new_app()
    owner, abroad = inhabited("Owner", app, env=FRANKFURT), inhabited("Abroad", app)
    Registry(owner, "Registry")
    made = signer.SigningProfile(abroad, "Profile", platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA)
    with pytest.raises(InvalidInputError, match="The signing profile is in another Region") as caught:
        ManagedSigning(owner, "Signing", signing_profile=made)
    assert caught.value.got == "Abroad/Profile"


def test_a_profile_for_something_else_is_refused() -> None:
    stack = new_owner()
    code = signer.SigningProfile(stack, "Code", platform=signer.Platform.AWS_LAMBDA_SHA384_ECDSA)
    with pytest.raises(InvalidInputError, match="Stack/Signing: The signing profile is not for container"):
        ManagedSigning(stack, "Signing", signing_profile=code)


@pytest.mark.parametrize(
    "principal", [iam.AccountPrincipal("222233334444"), iam.ServicePrincipal("codebuild.amazonaws.com")]
)
def test_who_has_no_policy_can_not_be_granted_to_sign(principal: iam.IGrantable) -> None:
    signing = ManagedSigning(new_owner(), "Signing")
    with pytest.raises(InvalidInputError, match="Stack/Signing: This principal has no policy of its own"):
        signing.grant_sign(principal)


def test_an_arn_alone_is_no_profile() -> None:
    with pytest.raises(InvalidInputError, match="Stack/Signing: Not a signing profile"):
        ManagedSigning(new_owner(), "Signing", signing_profile=arn())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", [f"{arn()}/version", arn(name="a-b"), "images", arn(account="1"), arn().replace("signer", "s3")]
)
def test_what_is_no_profile_is_refused(text: str) -> None:
    stack = new_owner()
    with pytest.raises(InvalidInputError, match="Stack/Signing: Not a signing profile's ARN"):
        ManagedSigning(stack, "Signing", signing_profile=profile(text))


def test_who_pushes_may_sign_with_this_profile_alone() -> None:
    stack = new_owner()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    assert ManagedSigning(stack, "Signing").grant_sign(role).success
    [profile_id] = resources(stack, PROFILE)
    assert properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"] == [
        {"Action": "signer:SignPayload", "Effect": "Allow", "Resource": {"Fn::GetAtt": [profile_id, "Arn"]}}
    ]


def test_two_that_share_a_profile_share_a_rule() -> None:
    stack = new_owner()
    first = ManagedSigning(stack, "First", repositories=["b", "a"])
    ManagedSigning(stack, "Second", repositories=["c", "a"], signing_profile=first.signing_profile)
    assert filters(stack) == [["a", "b", "c"]]


def test_profiles_with_the_same_logical_id_in_two_stacks_are_told_apart() -> None:
    app = new_app()
    owner = inhabited("Owner", app)
    Registry(owner, "Registry")
    for name in ("A", "B"):
        ManagedSigning(inhabited(name, app), "Signing", repositories=[name.lower()])
    assert filters(owner) == [["a"], ["b"]]


def test_one_profile_that_two_stacks_use_has_one_rule() -> None:
    app = new_app()
    owner = inhabited("Owner", app)
    Registry(owner, "Registry")
    shared = ManagedSigning(inhabited("A", app), "Signing", repositories=["a"]).signing_profile
    ManagedSigning(inhabited("B", app), "Signing", repositories=["b"], signing_profile=shared)
    assert filters(owner) == [["a", "b"]]


def test_a_construct_that_is_named_like_the_rules_does_not_hide_them() -> None:
    stack = new_stack()
    registry = Registry(stack, "Registry")
    ManagedSigning(registry, "Signing")
    assert filters(stack) == [["*"]]


def test_without_an_owner_nothing_would_sign() -> None:
    stack = new_stack()
    ManagedSigning(stack, "Signing")
    assert "settings from Stack/Signing" in synth_error(stack)


# Filters and limits


@pytest.mark.parametrize("value", ["a", "*", "prod/*", "a.b_c-d/e", "*/x", "0" * 256])
def test_filters_that_ecr_takes(value: str) -> None:
    stack = new_owner()
    ManagedSigning(stack, "Signing", repositories=[value])
    assert filters(stack) == [[value]]
    assert cfn_lint(raw_template(stack), "eu-central-1") == []


@pytest.mark.parametrize(
    "value", ["", "Prod", "a b", "a..b", "a//b", "/a", "a/", "0" * 257, 7, "${Token[X.1]}"]
)
def test_filters_that_ecr_refuses(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Signing: repositories has a filter that ECR refuses"):
        ManagedSigning(new_stack(), "Signing", repositories=[value])


@pytest.mark.parametrize("value", ["prod/*", [], None, {"a"}])
def test_what_is_no_list_of_filters_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Signing: repositories is not a list of filters"):
        ManagedSigning(new_stack(), "Signing", repositories=value)


@pytest.mark.parametrize("count", [9, 10])
def test_up_to_ten_profiles(count: int) -> None:
    stack = new_owner()
    for number in range(count):
        ManagedSigning(stack, f"S{number}", signing_profile=profile(arn(f"p{number}")))
    assert len(rules(stack)) == count
    assert cfn_lint(raw_template(stack), "eu-central-1") == []


def test_the_eleventh_profile_names_who_asked() -> None:
    stack = new_owner()
    for number in range(10):
        ManagedSigning(stack, f"S{number}", signing_profile=profile(arn(f"p{number}")))
    with pytest.raises(
        InvalidInputError, match="Stack/Last: The signing configuration has 11 profiles"
    ) as caught:
        ManagedSigning(stack, "Last")
    assert "Stack/S9" in str(caught.value.got)


@pytest.mark.parametrize("count", [99, 100, 101])
def test_up_to_a_hundred_filters_a_profile(count: int) -> None:
    asked = [("profile", f"f{number}", "Stack/Signing") for number in range(count)]
    if count > limits.SIGNING_FILTERS:
        with pytest.raises(InvalidInputError, match="has 101 filters"):
            signing_rules(asked)
    else:
        [rule] = signing_rules([*asked, ("profile", "f0", "Again")])
        assert len(rule["repositoryFilters"]) == count


ASKED = st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("abc*"), st.sampled_from(["One", "Two"])))


@given(st.data())
def test_the_rules_say_what_was_asked_whoever_came_first(data: st.DataObject) -> None:
    asked = data.draw(ASKED)
    found = signing_rules(asked)
    assert signing_rules(data.draw(st.permutations(asked))) == found
    pairs = [
        (rule["signingProfileArn"], entry["filter"]) for rule in found for entry in rule["repositoryFilters"]
    ]
    assert pairs == sorted({(one, value) for one, value, _ in asked})


# Regions


def in_stack(region: str) -> cdk.Stack:
    return new_stack(env=cdk.Environment(account="111122223333", region=region))


@pytest.mark.parametrize("region", sorted(limits.REGIONS_WITHOUT_SIGNING))
def test_a_region_without_signing_is_refused(region: str) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Signing: ECR has no managed signing") as caught:
        ManagedSigning(in_stack(region), "Signing")
    assert caught.value.got == region


def cloudformation_regions() -> dict[str, bool]:
    """The Regions that cfn-lint knows to have ECR, and whether their CloudFormation has signing."""
    texts = {path.stem: path.read_text() for path in SCHEMAS.glob("*.json")}
    return {
        region: f'"{SIGNING}"' in text
        for region, text in texts.items()
        if '"AWS::ECR::RegistryPolicy"' in text
    }


def test_the_regions_without_signing_are_those_of_cloudformation() -> None:
    regions = cloudformation_regions()
    assert len(regions) > 40
    assert {region for region, signs in regions.items() if not signs} == limits.REGIONS_WITHOUT_SIGNING


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1"])
def test_a_region_with_signing(region: str) -> None:
    assert cloudformation_regions()[region]
    ManagedSigning(in_stack(region), "Signing")
