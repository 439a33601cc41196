"""`Promotion` as it is synthesized: what it listens to, what it may do, and what it refuses."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from registry_constructs import InvalidInputError, Promotion, Repository
from registry_constructs.ecr.actions import PUSH_ACTIONS
from tests.delivery.promotion.variants_promotion import PRODUCTION
from tests.synthesis import ENV, new_app, new_stack, properties, resources, template, warnings


def promoted(destination: Any = None, *, stack: cdk.Stack | None = None, **more: Any) -> cdk.Stack:
    stack = stack or new_stack()
    source = Repository.from_repository_name(stack, "Development", "shop/checkout")
    destination = destination or Repository(stack, "Production", repository_name="production/checkout")
    Promotion(stack, "Promotion", **{"source": source, "destination": destination, "tags": ["v*"], **more})
    return stack


def statements(stack: cdk.Stack) -> dict[str, str]:
    """What the role may do, by action."""
    [role] = resources(stack, "AWS::IAM::Role").values()
    found = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return {
        action: str(statement["Resource"])
        for statement in found
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def test_tags_stand_in_one_pattern_and_referrers_in_another() -> None:
    found = resources(promoted(tags=["stable", "v*"]), "AWS::Events::Rule").values()
    by_tag, attached = (rule["Properties"]["EventPattern"]["detail"] for rule in found)
    assert by_tag["image-tag"] == ["stable", {"wildcard": "v*"}]
    assert attached["$or"] == [
        {"image-tag": [{"exists": False}]},
        {"image-tag": ["", {"prefix": "sha256-"}]},
    ]
    assert by_tag["repository-name"] == attached["repository-name"] == ["shop/checkout"]


def test_it_may_pull_here_and_push_there_and_nothing_else_of_ecr() -> None:
    stack = promoted(Repository.from_repository_name(new_stack(), "There", "production/checkout"))
    found = {action: where for action, where in statements(stack).items() if action.startswith("ecr:")}
    assert found.pop("ecr:GetAuthorizationToken") == "*"
    assert found.pop("ecr:GetDownloadUrlForLayer").endswith(":repository/shop/checkout")
    assert found.keys() == set(PUSH_ACTIONS)
    assert all("production/checkout" in where for where in found.values())


def test_the_policy_of_another_account_lets_exactly_the_role_in() -> None:
    app = new_app()
    there = new_stack("There", env=cdk.Environment(account="222233334444", region="eu-central-1"), app=app)
    production = Repository(there, "Repository", repository_name="shop/checkout")
    here = promoted(production, stack=new_stack("Here", app=app))
    role = properties(here, "AWS::IAM::Role")["RoleName"]
    policy = properties(there)["RepositoryPolicyText"]["Statement"]
    assert [(one["Action"], one["Condition"], "111122223333" in str(one["Principal"])) for one in policy] == [
        (
            list(PUSH_ACTIONS),
            {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111122223333:role/{role}"}},
            True,
        )
    ]
    environment = properties(here, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert environment["DESTINATION_REGION"] == "eu-central-1"
    assert "222233334444.dkr.ecr.eu-central-1." in str(environment["DESTINATION"])
    assert template(there)["Resources"].keys() & template(here)["Resources"].keys() == set()


def test_what_fails_is_kept_for_14_days_whoever_could_not_deliver_it() -> None:
    stack = promoted()
    [(queue, body)] = resources(stack, "AWS::SQS::Queue").items()
    assert body["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    here = {"Fn::GetAtt": [queue, "Arn"]}
    assert properties(stack, "AWS::Lambda::Function")["DeadLetterConfig"] == {"TargetArn": here}
    rules = resources(stack, "AWS::Events::Rule")
    assert len(rules) == 2
    for rule in rules.values():
        assert [target["DeadLetterConfig"] for target in rule["Properties"]["Targets"]] == [{"Arn": here}]


@pytest.mark.parametrize("env", [ENV, None])
def test_a_repository_of_the_same_account_needs_no_policy_and_no_name_of_a_role(env: Any) -> None:
    stack = promoted(stack=new_stack(env=env))
    assert "RepositoryPolicyText" not in properties(stack)
    assert "RoleName" not in properties(stack, "AWS::IAM::Role")
    assert warnings(stack) == []


@pytest.mark.parametrize("library", [Repository, ecr.Repository])
def test_what_an_owner_elsewhere_has_to_allow_is_printed(library: Any) -> None:
    stack = new_stack()
    there = library.from_repository_arn(stack, "Production", PRODUCTION)
    with pytest.raises(InvalidInputError) as refused:
        promoted(there, stack=stack, role_name="promote-checkout")
    assert "policy_managed_elsewhere=True" in str(refused.value)
    assert '"aws:PrincipalArn": "arn:aws:iam::111122223333:role/promote-checkout"' in str(refused.value)
    assert "ecr:CompleteLayerUpload" in str(refused.value)


def test_an_unknown_account_is_a_warning() -> None:
    stack = new_stack(env=None)
    promoted(Repository.from_repository_arn(stack, "Production", PRODUCTION), stack=stack)
    assert "another than the function's" in str(warnings(stack))


@pytest.mark.parametrize("tags", ["v*", [], None, ["v**"], ["-no"], [3], ["a b"]])
def test_tags_that_no_image_has_are_refused(tags: Any) -> None:
    with pytest.raises(InvalidInputError, match="Stack/Promotion: tags"):
        promoted(tags=tags)


def test_a_source_elsewhere_is_refused() -> None:
    stack = new_stack()
    there = Repository.from_repository_arn(stack, "There", PRODUCTION)
    with pytest.raises(InvalidInputError, match="The source is in another account or Region"):
        promoted(stack=stack, source=there)


def test_the_source_as_its_own_destination_is_refused() -> None:
    stack = new_stack()
    again = Repository.from_repository_name(stack, "Again", "shop/checkout")
    with pytest.raises(InvalidInputError, match="The destination is the source"):
        promoted(again, stack=stack)


def test_another_partition_is_refused() -> None:
    stack = new_stack()
    arn = "arn:aws-cn:ecr:cn-north-1:222233334444:repository/shop/checkout"
    with pytest.raises(InvalidInputError, match="another partition of AWS"):
        promoted(Repository.from_repository_arn(stack, "There", arn), stack=stack)
