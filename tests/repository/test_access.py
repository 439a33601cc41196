"""Grants by intent: exactly these actions, for exactly these principals."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from registry_constructs import InvalidInputError, Repository
from registry_constructs._cdk.policy_text import policy_length
from registry_constructs.ecr import limits
from tests.synthesis import ENV, new_app, new_stack, properties, resources

TOKEN = {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"}
ORGANIZATION = "o-a1b2c3d4e5"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack)["RepositoryPolicyText"]["Statement"]
    return found


def role_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    return found


@pytest.fixture
def stack() -> cdk.Stack:
    return new_stack()


@pytest.fixture
def repository(stack: cdk.Stack) -> Repository:
    return Repository(stack, "App")


@pytest.fixture
def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))


class TestIdentities:
    PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    PUSH = (
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    )

    @pytest.mark.parametrize(
        ("grant", "actions", "token"),
        [
            ("grant_pull", PULL, True),
            ("grant_push", PUSH, True),
            ("grant_pull_push", (*PULL, *PUSH), True),
            ("grant_read", ("ecr:DescribeImages", "ecr:DescribeRepositories"), False),
        ],
    )
    def test_a_role_of_the_account(
        self,
        stack: cdk.Stack,
        repository: Repository,
        role: iam.Role,
        grant: str,
        actions: tuple[str, ...],
        token: bool,
    ) -> None:
        assert getattr(repository, grant)(role).success
        on_repository = [s for s in role_statements(stack) if s != TOKEN]
        assert (TOKEN in role_statements(stack)) is token
        assert {a for s in on_repository for a in s["Action"]} == set(actions)
        [logical_id] = resources(stack)
        assert all(s["Resource"] == {"Fn::GetAtt": [logical_id, "Arn"]} for s in on_repository)
        assert "RepositoryPolicyText" not in properties(stack)

    def test_push_by_another_account(self, stack: cdk.Stack, repository: Repository) -> None:
        repository.grant_push(iam.AccountPrincipal("222233334444"))
        [statement] = statements(stack)
        assert set(statement["Action"]) == set(self.PUSH)


class TestAccounts:
    def test_one_statement_for_all(self, stack: cdk.Stack, repository: Repository) -> None:
        assert repository.grant_pull_to_accounts("222233334444", "333344445555").success
        assert statements(stack) == [
            {
                "Action": list(TestIdentities.PULL),
                "Effect": "Allow",
                "Principal": {
                    "AWS": ["arn:aws:iam::222233334444:root", "arn:aws:iam::333344445555:root"],
                },
            }
        ]

    def test_an_account_known_only_at_deployment(self, stack: cdk.Stack, repository: Repository) -> None:
        repository.grant_pull_to_accounts(cdk.CfnParameter(stack, "Account").value_as_string)
        assert "Account" in str(statements(stack))

    @pytest.mark.parametrize("account", ["1234", "22223333444x", "", 222233334444])
    def test_what_is_no_account_is_refused(self, repository: Repository, account: Any) -> None:
        with pytest.raises(InvalidInputError, match="Stack/App: Not an AWS account id"):
            repository.grant_pull_to_accounts(account)

    def test_none_is_refused(self, repository: Repository) -> None:
        with pytest.raises(InvalidInputError, match="Stack/App: No account is given"):
            repository.grant_pull_to_accounts()


class TestOrganization:
    def test_the_whole_organization(self, stack: cdk.Stack, repository: Repository) -> None:
        assert repository.grant_pull_to_organization(ORGANIZATION).success
        [statement] = statements(stack)
        assert statement["Principal"] == {"AWS": "*"}
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
        assert statement["Action"] == list(TestIdentities.PULL)

    def test_some_units(self, stack: cdk.Stack, repository: Repository) -> None:
        repository.grant_pull_to_organization(ORGANIZATION, units=["ou-ab12-11111111", "ou-ab12-22222222"])
        [statement] = statements(stack)
        assert statement["Condition"] == {
            "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION},
            "ForAnyValue:StringLike": {
                "aws:PrincipalOrgPaths": [
                    "o-a1b2c3d4e5/*/ou-ab12-11111111/*",
                    "o-a1b2c3d4e5/*/ou-ab12-22222222/*",
                ]
            },
        }

    def test_units_may_be_any_iterable(self, stack: cdk.Stack, repository: Repository) -> None:
        repository.grant_pull_to_organization(ORGANIZATION, units=(u for u in ["ou-ab12-11111111"]))
        assert "ou-ab12-11111111" in str(statements(stack))

    @pytest.mark.parametrize(
        ("organization", "units", "reason"),
        [
            ("*", [], "Not an organization id"),
            ("o-short", [], "Not an organization id"),
            (ORGANIZATION, ["r-ab12"], "Not an organizational unit id"),
            (ORGANIZATION, "ou-ab12-11111111", "units is a single text"),
        ],
    )
    def test_what_is_no_organization_is_refused(
        self, repository: Repository, organization: str, units: list[str], reason: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=f"Stack/App: {reason}"):
            repository.grant_pull_to_organization(organization, units=units)

    def test_cdk_nag_finds_nothing(self) -> None:
        app = new_app()
        Repository(new_stack(app=app), "App").grant_pull_to_organization(ORGANIZATION)
        assert AwsSolutionsChecks(app).validate_scope(app).violations == []

    def test_cdk_nag_finds_what_was_not_written_by_this_grant(self) -> None:
        app = new_app()
        Repository(new_stack(app=app), "App").grant_pull(iam.OrganizationPrincipal(ORGANIZATION))
        [violation] = AwsSolutionsChecks(app).validate_scope(app).violations
        assert violation.rule_name == "AwsSolutions-ECR1"


class TestLambda:
    def test_a_function_of_the_account(self, stack: cdk.Stack, repository: Repository) -> None:
        assert repository.grant_pull_to_lambda("checkout-*").success
        assert statements(stack) == [
            {
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": {
                    "ArnLike": {
                        "aws:SourceArn": ["arn:aws:lambda:eu-west-1:111122223333:function:checkout-*"],
                    }
                },
                "Effect": "Allow",
                "Principal": LAMBDA,
            }
        ]

    def test_a_function_of_another_account_needs_two_statements(
        self, stack: cdk.Stack, repository: Repository
    ) -> None:
        repository.grant_pull_to_lambda("arn:aws:lambda:eu-west-1:222233334444:function:checkout")
        assert [s["Principal"] for s in statements(stack)] == [
            LAMBDA,
            {"AWS": "arn:aws:iam::222233334444:root"},
        ]

    def test_an_arn_of_the_own_account_needs_one(self, stack: cdk.Stack, repository: Repository) -> None:
        repository.grant_pull_to_lambda("arn:aws:lambda:eu-west-1:111122223333:function:checkout")
        assert [s["Principal"] for s in statements(stack)] == [LAMBDA]

    def test_a_stack_without_an_account_takes_no_risk(self) -> None:
        stack = new_stack(env=None)
        Repository(stack, "App").grant_pull_to_lambda(
            "arn:aws:lambda:eu-west-1:222233334444:function:checkout"
        )
        assert len(statements(stack)) == 2

    def test_an_arn_with_an_account_known_only_at_deployment(self, repository: Repository) -> None:
        account = cdk.CfnParameter(repository.stack, "Account").value_as_string
        repository.grant_pull_to_lambda(f"arn:aws:lambda:eu-west-1:{account}:function:checkout")
        assert len(statements(repository.stack)) == 2
        with pytest.raises(InvalidInputError, match="another Region"):
            repository.grant_pull_to_lambda(f"arn:aws:lambda:us-east-1:{account}:function:checkout")

    def test_conditions_of_the_users_own_stay(self, stack: cdk.Stack, repository: Repository) -> None:
        source = {"StringEquals": {"aws:SourceAccount": "444455556666"}}
        repository.grant_pull(iam.ServicePrincipal("lambda.amazonaws.com", conditions=source))
        [statement] = statements(stack)
        assert statement["Condition"] == source

    def test_an_arn_known_only_at_deployment(self) -> None:
        app = new_app()
        functions, stack = new_stack("Functions", app=app), new_stack("Images", app=app)
        function = lambda_.Function(
            functions,
            "Function",
            code=lambda_.Code.from_inline("def handler(event, context): return event"),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
        )
        Repository(stack, "App").grant_pull_to_lambda(function.function_arn)
        [statement] = statements(stack)
        assert "FunctionArn" in str(
            statement["Condition"]["ArnLike"]["aws:SourceArn"]
        ) or "GetStackOutput" in str(statement)

    def test_an_image_function_of_the_cdk_gets_the_narrow_statement(self, repository: Repository) -> None:
        stack = repository.stack
        lambda_.DockerImageFunction(
            stack, "Function", code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
        )
        [statement] = statements(stack)
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": ["arn:aws:lambda:eu-west-1:111122223333:function:*"]}
        }

    @pytest.mark.parametrize(
        ("function", "reason"),
        [
            ("arn:aws:lambda:us-east-1:222233334444:function:checkout", "another Region"),
            ("arn:aws:lambda:eu-west-1:222233334444:function:checkout:7", "Not a Lambda function"),
            ("arn:aws:iam::222233334444:role/checkout", "Not a Lambda function"),
            ("", "Not a Lambda function"),
            ("a b", "Not a Lambda function"),
            (["a"], "Not a Lambda function"),
            (5, "Not a Lambda function"),
        ],
    )
    def test_what_is_no_function_is_refused(self, repository: Repository, function: Any, reason: str) -> None:
        with pytest.raises(InvalidInputError, match=f"Stack/App: .*{reason}"):
            repository.grant_pull_to_lambda(function)

    def test_none_is_refused(self, repository: Repository) -> None:
        with pytest.raises(InvalidInputError, match="Stack/App: No function is given"):
            repository.grant_pull_to_lambda()


def test_a_statement_of_the_users_own() -> None:
    stack = new_stack(env=ENV)
    Repository(stack, "App").add_to_resource_policy(
        iam.PolicyStatement(principals=[iam.AccountPrincipal("222233334444")], actions=["ecr:DescribeImages"])
    )
    [statement] = statements(stack)
    assert statement["Action"] == "ecr:DescribeImages"


@pytest.mark.parametrize(("accounts", "fits"), [(100, True), (400, False)])
def test_a_policy_longer_than_ecr_takes_stops_the_synth(accounts: int, fits: bool) -> None:
    stack = new_stack()
    Repository(stack, "App").grant_pull_to_accounts(*(str(100_000_000_000 + n) for n in range(accounts)))
    if fits:
        assert len(statements(stack)[0]["Principal"]["AWS"]) == accounts
    else:
        with pytest.raises(RuntimeError, match=r"\[Stack/App\] The repository policy has 1\d,\d+ characters"):
            statements(stack)


def test_the_length_of_a_policy_counts_over_all_grants() -> None:
    stack = new_stack()
    repository = Repository(stack, "App")
    for first in (100_000_000_000, 200_000_000_000, 300_000_000_000):
        repository.grant_pull_to_accounts(*(str(first + n) for n in range(120)))
    with pytest.raises(RuntimeError, match=r"\[Stack/App\] The repository policy has 1\d,\d+ characters"):
        statements(stack)


def test_the_length_of_a_policy_counts_other_statements_beside_the_accounts() -> None:
    stack = new_stack()
    repository = Repository(stack, "App")
    repository.grant_pull_to_accounts("222233334444")
    repository.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["ecr:DescribeImages"],
            principals=[iam.AccountPrincipal(str(100_000_000_000 + n)) for n in range(400)],
        )
    )
    with pytest.raises(RuntimeError, match=r"\[Stack/App\] The repository policy has 1\d,\d+ characters"):
        statements(stack)


@pytest.mark.parametrize(("grants", "accounts"), [(33, 1), (1, 166)])
def test_a_policy_whose_length_is_not_measured_fits(grants: int, accounts: int) -> None:
    stack = new_stack()
    repository = Repository(stack, "App")
    for grant in range(grants):
        repository.grant_pull_to_accounts(*(f"{grant:06}{account:06}" for account in range(accounts)))
    written = properties(stack)["RepositoryPolicyText"]
    assert not repository._length_is_checked
    assert policy_length(stack, written) < limits.REPOSITORY_POLICY_LENGTH
    repository.grant_pull_to_accounts("222233334444")
    assert repository._length_is_checked
