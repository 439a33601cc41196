"""The right to sign across accounts and Regions, with profiles of the app and of others."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_signer as signer
from constructs import Construct

from registry_constructs import (
    ManagedSigning,
    Repository,
)
from tests.registry.places import FRANKFURT, IRELAND, OTHER_ACCOUNT, THIRD_ACCOUNT
from tests.registry.signing_app import (
    ELSEWHERE,
    PERMISSION,
    PROFILE,
    PUSHERS,
    Pusher,
    arn_of,
    by_name,
    checkout,
    github,
    imported,
    organization,
    owner,
    promotion,
    quay,
    rights,
    two_stacks,
)
from tests.synthesis import (
    baseline_template,
    cfn_lint,
    new_app,
    new_stack,
    properties,
    raw_template,
    resources,
    warnings,
)

pytestmark = pytest.mark.deploy


@pytest.mark.parametrize("env", [FRANKFURT, OTHER_ACCOUNT, THIRD_ACCOUNT, None])
def test_the_rules_of_another_registry_count_for_nothing(env: cdk.Environment | None) -> None:
    app = new_app()
    elsewhere, here = owner(env, "Elsewhere", app), owner(IRELAND, "Here", app)
    ManagedSigning(elsewhere, "Signing")
    github(here, checkout(here))
    assert rights(here) == []
    assert warnings(here) == warnings(elsewhere) == []


@pytest.mark.parametrize("signing_first", [True, False])
@pytest.mark.parametrize("env", [OTHER_ACCOUNT, THIRD_ACCOUNT])
def test_a_promotion_signs_with_the_destination_s_profile(
    env: cdk.Environment,
    signing_first: bool,
) -> None:
    app = new_app()
    production, development = owner(env, "Production", app), owner(IRELAND, "Development", app)
    ManagedSigning(development, "Signing", repositories=["other/*"])
    destination = checkout(production)
    if signing_first:
        ManagedSigning(production, "Signing")
    promotion(development, destination)
    if not signing_first:
        ManagedSigning(production, "Signing")
    assert rights(development) == [by_name(production, env)]
    [profile_id] = resources(production, PROFILE)
    assert properties(production, PERMISSION) == {
        "Action": "signer:SignPayload",
        "Principal": "111122223333",
        "ProfileName": {"Fn::GetAtt": [profile_id, "ProfileName"]},
        "StatementId": "SignPayload111122223333",
    }
    assert cfn_lint(raw_template(production), str(env.region)) == []
    assert warnings(development) == warnings(production) == []


def test_another_region_of_one_account_needs_no_permission() -> None:
    app = new_app()
    production, development = owner(FRANKFURT, "Production", app), new_stack("Development", app=app)
    ManagedSigning(production, "Signing")
    promotion(development, checkout(production))
    assert rights(development) == [by_name(production, FRANKFURT)]
    assert resources(production, PERMISSION) == {}


def test_an_imported_repository_is_of_its_arn_s_registry() -> None:
    app = new_app()
    production, team = owner(OTHER_ACCOUNT, "Production", app), new_stack("Team", app=app)
    ManagedSigning(production, "Signing", repositories=["shop/*"])
    there = Repository.from_repository_arn(
        team,
        "There",
        "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout",
        policy_managed_elsewhere=True,
    )
    github(team, there)
    assert rights(team) == [by_name(production, OTHER_ACCOUNT)]
    assert properties(production, PERMISSION)["Principal"] == "111122223333"


def test_an_imported_repository_of_another_account_is_not_the_own_registry_s() -> None:
    stack = owner()
    ManagedSigning(stack, "Signing")
    there = "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout"
    github(stack, Repository.from_repository_arn(stack, "There", there, policy_managed_elsewhere=True))
    assert rights(stack) == []


def test_a_role_of_an_unknown_account_is_a_warning_and_no_permission() -> None:
    app = new_app()
    production, team = owner(OTHER_ACCOUNT, "Production", app), new_stack("Team", env=None, app=app)
    ManagedSigning(production, "Signing")
    there = "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout"
    github(team, Repository.from_repository_arn(team, "There", there, policy_managed_elsewhere=True))
    [right] = rights(team)
    assert json.dumps(right).endswith('_*"]]}')
    assert resources(production, PERMISSION) == {}
    [warning] = warnings(team)
    assert "may belong to another account" in warning
    assert "--principal ACCOUNT_THAT_PUSHES" in warning


class OfAnArn(ecr.RepositoryBase):
    """A repository of an ARN that is known only at deployment, with the environment that the ARN tells."""

    def __init__(self, scope: Construct, id: str, arn: str) -> None:
        super().__init__(scope, id, environment_from_arn=arn)
        self._arn = arn

    @property
    def repository_arn(self) -> str:
        return self._arn

    @property
    def repository_name(self) -> str:
        return "shop/checkout"

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:  # noqa: ARG002
        return iam.AddToResourcePolicyResult(statement_added=True)


def test_an_environment_that_is_not_known_is_taken_for_the_own_one() -> None:
    stack = owner()
    ManagedSigning(stack, "Signing")
    github(stack, OfAnArn(stack, "Checkout", cdk.Fn.import_value("Arn")))
    assert rights(stack) == [arn_of(stack)]


def test_an_imported_repository_may_be_of_the_own_registry_of_a_stack_without_an_environment() -> None:
    stack = owner(None)
    ManagedSigning(stack, "Signing")
    arn = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"
    github(stack, Repository.from_repository_arn(stack, "Checkout", arn))
    assert rights(stack) == [arn_of(stack)]


def test_several_accounts_change_the_profile_s_policy_one_after_the_other() -> None:
    app = new_app()
    production = owner(OTHER_ACCOUNT, "Production", app)
    destination = checkout(production)
    ManagedSigning(production, "Signing")
    for account in ("111122223333", "333344445555", "444455556666"):
        env = cdk.Environment(account=account, region="eu-west-1")
        team = new_stack(f"Team{account}", env=env, app=app)
        promotion(team, destination)
        github(Construct(team, "Again"), destination)
    permissions = resources(production, PERMISSION)
    waits = {one: set(body.get("DependsOn", [])) for one, body in permissions.items()}
    assert sorted(map(len, waits.values())) == [0, 1, 2]
    assert set().union(*waits.values()) < permissions.keys()


def test_grant_sign_reaches_a_role_of_another_account_of_the_app() -> None:
    app = new_app()
    production, team = owner(OTHER_ACCOUNT, "Production", app), new_stack("Team", app=app)
    signing = ManagedSigning(production, "Signing")
    role = iam.Role(team, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    assert signing.grant_sign(role).success
    assert rights(team) == [by_name(production, OTHER_ACCOUNT)]
    assert properties(production, PERMISSION)["Principal"] == "111122223333"


def test_a_level_1_profile_s_permission_is_made_beside_it() -> None:
    app = new_app()
    production, team = owner(OTHER_ACCOUNT, "Production", app), new_stack("Team", app=app)
    profiles = [
        signer.CfnSigningProfile(production, name, platform_id="Notation-OCI-SHA384-ECDSA")
        for name in ("First", "Second")
    ]
    for one in profiles:
        given_profile = cast("Any", SimpleNamespace(signing_profile_arn=one.attr_arn))
        ManagedSigning(production, f"Signing{one.node.id}", signing_profile=given_profile)
    promotion(team, checkout(production))
    permissions = resources(production, PERMISSION).values()
    named = [one["Properties"]["ProfileName"]["Fn::GetAtt"][0] for one in permissions]
    assert sorted(named) == ["First", "Second"]
    assert [one.get("DependsOn") for one in permissions] == [None, None]


@pytest.mark.parametrize("pusher", PUSHERS)
def test_another_account_s_profile_is_a_warning_with_what_to_add(pusher: Pusher) -> None:
    stack = owner()
    ManagedSigning(stack, "Signing", signing_profile=imported(ELSEWHERE))
    pusher(stack, checkout(stack))
    assert rights(stack) == [ELSEWHERE]
    [warning] = warnings(stack)
    assert (
        "The signing profile of Stack/Signing belongs to account 999988887777, which has to let account "
        "111122223333 sign with it." in warning
    )
    assert (
        "aws signer add-profile-permission --profile-name release --region eu-west-1 "
        "--action signer:SignPayload --principal 111122223333 --statement-id SignPayload111122223333"
    ) in warning
    assert "registry-constructs:signing-profile-permission" in warning


def test_the_warning_can_be_acknowledged() -> None:
    stack = owner()
    ManagedSigning(stack, "Signing", signing_profile=imported(ELSEWHERE))
    pusher = github(stack, checkout(stack))
    cdk.Validations.of(pusher).acknowledge(
        cdk.Acknowledgment(id="registry-constructs:signing-profile-permission", reason="It has it.")
    )
    assert warnings(stack) == []


def test_a_profile_of_the_own_account_needs_nothing_more() -> None:
    stack = owner()
    own = signer.SigningProfile.from_signing_profile_attributes(
        stack, "Own", signing_profile_name="release", signing_profile_version="v"
    )
    ManagedSigning(stack, "Signing", signing_profile=own)
    github(stack, checkout(stack))
    assert rights(stack) == ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"]
    assert warnings(stack) == []


def test_an_account_that_is_not_known_may_be_another_one() -> None:
    stack = owner(None)
    ManagedSigning(stack, "Signing", signing_profile=imported(ELSEWHERE))
    github(stack, checkout(stack))
    assert rights(stack) == [ELSEWHERE]
    [warning] = warnings(stack)
    assert "may belong to another account" in warning
    assert "--principal ACCOUNT_THAT_PUSHES" in warning


def test_a_profile_that_is_a_token_may_be_another_account_s() -> None:
    stack = owner()
    ManagedSigning(stack, "Signing", signing_profile=imported(cdk.Fn.import_value("Profile")))
    github(stack, checkout(stack))
    assert rights(stack) == [{"Fn::ImportValue": "Profile"}]
    [warning] = warnings(stack)
    assert "may belong to another account" in warning
    assert "--profile-name PROFILE --region REGION" in warning


def test_a_profile_that_another_stack_s_parameter_names_is_not_granted_in_silence() -> None:
    _, central, team = two_stacks()
    arn = cdk.CfnParameter(central, "ProfileArn").value_as_string
    ManagedSigning(central, "Signing", signing_profile=imported(arn))
    github(team, checkout(team))
    assert rights(team) == []
    [warning] = warnings(team)
    assert "Central/Signing signs what this pushes" in warning
    assert "registry-constructs:signing-not-granted" in warning


def test_pseudo_parameters_are_the_same_in_every_stack() -> None:
    _, central, team = two_stacks()
    here = cdk.ScopedAws(central)
    arn = f"arn:{here.partition}:signer:{here.region}:{here.account_id}:/signing-profiles/release"
    ManagedSigning(central, "Signing", signing_profile=imported(arn))
    github(team, checkout(team))
    assert json.dumps(rights(team)).endswith(':/signing-profiles/release"]]}]')


@pytest.mark.parametrize("kind", [github, promotion])
def test_no_text_says_that_a_push_fails_without_the_right(kind: Pusher) -> None:
    stack = owner()
    ManagedSigning(stack, "Signing", signing_profile=imported(ELSEWHERE))
    quay(stack)
    kind(stack, checkout(stack))
    found = warnings(stack)
    assert len(found) == 2
    for warning in found:
        assert "most likely" in warning
        assert "unsigned" in warning


@pytest.mark.parametrize("signing_first", [True, False])
def test_signing_of_a_stack_set_may_be_in_any_account(signing_first: bool) -> None:
    app = new_app()
    everywhere = organization(app, ["eu-central-1", "eu-west-1"])
    team = new_stack("Team", app=app)
    if signing_first:
        ManagedSigning(everywhere.baseline, "Signing", repositories=["shop/*"])
    github(team, checkout(team))
    if not signing_first:
        ManagedSigning(everywhere.baseline, "Signing", repositories=["shop/*"])
    [logical_id] = [
        name for name, one in baseline_template(everywhere)["Resources"].items() if one["Type"] == PROFILE
    ]
    assert rights(team) == [f"arn:aws:signer:eu-west-1:111122223333:/signing-profiles/{logical_id}_*"]
    assert warnings(team) == []


@pytest.mark.parametrize("named", [True, False])
def test_signing_of_a_stack_set_that_is_named_is_the_own_account_s(named: bool) -> None:
    app = new_app()
    everywhere = organization(app, ["eu-west-1"])
    signing = ManagedSigning(everywhere.baseline, "Signing", repositories=["other/*"])
    team = new_stack("Team", app=app)
    if named:
        github(team, checkout(team), signing=signing)
    else:
        role = iam.Role(team, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
        assert signing.grant_sign(role).success
    [right] = rights(team)
    assert right.startswith("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/")
    assert right.endswith("_*")
    assert warnings(team) == []
    assert "signing-profile-permission" not in json.dumps(
        [one.data for one in signing.node.metadata], default=str
    )
    baseline = baseline_template(everywhere)["Resources"].values()
    assert PERMISSION not in {one["Type"] for one in baseline}


def test_signing_of_a_stack_set_for_other_regions_counts_for_nothing() -> None:
    app = new_app()
    everywhere = organization(app, ["eu-central-1"])
    ManagedSigning(everywhere.baseline, "Signing")
    team = new_stack("Team", app=app)
    github(team, checkout(team))
    assert rights(team) == []


def test_a_stack_set_lets_no_account_sign_in_all_the_others() -> None:
    app = new_app()
    everywhere = organization(app, ["eu-west-1"])
    ManagedSigning(everywhere.baseline, "Signing")
    production, team = new_stack("Production", env=OTHER_ACCOUNT, app=app), new_stack("Team", app=app)
    promotion(team, checkout(production))
    [right] = rights(team)
    assert ":222233334444:/signing-profiles/" in right
    [warning] = warnings(team)
    assert "belongs to account 222233334444, which has to let account 111122223333" in warning
    kinds = {one["Type"] for one in baseline_template(everywhere)["Resources"].values()}
    assert PROFILE in kinds
    assert PERMISSION not in kinds


def test_a_profile_of_a_third_account_of_the_app() -> None:
    app = new_app()
    security, stack = new_stack("Security", env=OTHER_ACCOUNT, app=app), owner(app=app)
    profile = signer.SigningProfile(security, "Images", platform=signer.Platform.NOTATION_OCI_SHA384_ECDSA)
    ManagedSigning(stack, "Signing", signing_profile=profile)
    github(stack, checkout(stack))
    assert rights(stack) == [by_name(security, OTHER_ACCOUNT)]
    assert properties(security, PERMISSION)["Principal"] == "111122223333"
    assert warnings(stack) == []
