"""A Lambda function that runs an image, with a repository policy that allows only this function."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct, Dependable, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs._cdk.queues import encrypted_dead_letters
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.consumers.environment_variables import check_environment
from registry_constructs.consumers.lambda_.lambda_limits import check_fetched, check_size
from registry_constructs.consumers.network.subnets import private_subnets
from registry_constructs.ecr.actions import LAMBDA_PULL_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.images.image import Image, check_image
from registry_constructs.images.image_checks import Architecture
from registry_constructs.repository.imported import ImportedRepository
from registry_constructs.repository.principals import lambda_principals

VPC_ACTIONS: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""Actions of Lambda in a VPC with the function's role (Lambda guide, configuration-vpc)."""

VPC_REASON: Final = (
    "Lambda creates and deletes the function's network interfaces with its role, on any resource (Lambda "
    "guide, configuration-vpc). A second statement denies the same to the function's own code."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of a function in a VPC."""

TRACING_REASON: Final = "X-Ray's actions support only the resource *; tracing is enabled explicitly."
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of a function that is traced."""

_SECRETS_FIX: Final = (
    "store it in Secrets Manager, pass its ARN, such as DB_PASSWORD_ARN, and let the function read it; if it "
    "is no secret, function.add_environment takes it"
)
_ARCHITECTURES: Final[dict[str, Architecture]] = {"x86_64": "amd64", "arm64": "arm64"}

# CloudFormation shortens names of more than 64 characters in an undocumented way.
_MAX_STEM_LENGTH: Final = 64 - len("-AbCdEfGhIjKlM")


class ImageFunction(lambda_.Function):
    """A Lambda function from an image in ECR.

    It is a `lambda_.Function` and can be used wherever one can. With only an image

    - the repository's policy allows Lambda to fetch images only for this function, by its name, or by the
      prefix of the name that CloudFormation generates,
    - its role is allowed only to write to its own log group,
    - the log group is encrypted with the stack's log key and kept for a year.

    Role, log group and queue are created in `scope`, with the ids `<id>Role`, `<id>Logs` and
    `<id>DeadLetters`.

    Lambda fetches the image when the function is deployed and keeps it. Pushing a tag again changes nothing
    until the template changes: use the image's digest. Lambda doesn't support pull-through caches, images of
    another Region, and indexes of several architectures: use the digest of one architecture's image.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id.
        image: The image, of a repository in the stack's Region. The policy of an imported repository, or one
            of another app, must allow Lambda to fetch it: the error lists the statements.
        function_name: Up to 64 characters. Changing it replaces the function. Default: a generated name.
        description: Up to 256 characters. Default: none.
        cmd: The command, instead of the image's. Default: the image's.
        entrypoint: The entry point, instead of the image's. Default: the image's.
        architecture: `lambda_.Architecture.X86_64` or `ARM_64`. Default: the image's architecture if it is
            set, otherwise `X86_64`.
        memory_size: Memory in MiB, 128 to 10,240; CPU grows with it. Default: 512.
        timeout: Up to 15 minutes. Default: 30 seconds.
        environment: Variables, in plain text for everyone who can read the function. Names and values that
            look like a secret are an error. Default: none.
        environment_encryption: A key for them. Default: the AWS managed key of Lambda, which is free.
        vpc: A VPC that the function connects to; without one, it can reach the internet. Default: none.
        vpc_subnets: Private subnets in it. Default: those with egress, otherwise the isolated ones.
        security_groups: Security groups in it. Default: a new one for this function.
        reserved_concurrent_executions: Reserved concurrency, the maximum number of concurrent executions.
            Default: the account's unreserved concurrency.
        dead_letter_queue_enabled: Keep events of failed asynchronous invocations for 14 days, in an encrypted
            dead-letter queue. Default: False, an event is lost after two retries.
        dead_letter_queue: An existing queue for it. Default: one is created if `dead_letter_queue_enabled`.
        tracing: X-Ray tracing. Default: `lambda_.Tracing.DISABLED`.

    Raises:
        InvalidInputError: For an image that Lambda can't run, memory or timeout out of range, subnets that
            are not private, secrets in the environment, and an imported repository whose policy can't be
            changed in this app.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        image: Image,
        function_name: str | None = None,
        description: str | None = None,
        cmd: Sequence[str] | None = None,
        entrypoint: Sequence[str] | None = None,
        architecture: lambda_.Architecture | None = None,
        memory_size: int | None = None,
        timeout: cdk.Duration | None = None,
        environment: Mapping[str, str] | None = None,
        environment_encryption: kms.IKey | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        reserved_concurrent_executions: int | None = None,
        dead_letter_queue_enabled: bool | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        tracing: lambda_.Tracing | None = None,
    ) -> None:
        with located(scope, id):
            check_image(image)
            repository = image.repository_for_lambda()
            check_fetched(image, cdk.Stack.of(scope))
            architecture = architecture or _default_architecture(image)
            image.check_architecture(_ARCHITECTURES[architecture.name])
            check_size(memory_size, timeout)
            check_environment(scope, environment or {}, {}, fix=_SECRETS_FIX)
            subnets = private_subnets(vpc, vpc_subnets) if vpc is not None else vpc_subnets
        logs = encrypted_log_group(scope, f"{id}Logs")
        role = iam.Role(
            scope,
            f"{id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="What a function from an image may do",
        )
        logs.grant_write(role)
        Dependable.implement(role, _PolicyOf(role))
        if environment_encryption is not None:
            environment_encryption.grant_decrypt(role)
        if vpc is not None:
            _grant_vpc(role)
        traced = tracing not in (None, lambda_.Tracing.DISABLED)
        if vpc is not None or traced:
            reasons = ([VPC_REASON] if vpc is not None else []) + ([TRACING_REASON] if traced else [])
            acknowledge_wildcards(role, ["*"], " ".join(reasons))
        if dead_letter_queue_enabled and dead_letter_queue is None:
            dead_letter_queue = encrypted_dead_letters(scope, f"{id}DeadLetters")
        super().__init__(
            scope,
            id,
            code=_Code(image, cmd=cmd, entrypoint=entrypoint),
            handler=lambda_.Handler.FROM_IMAGE,
            runtime=lambda_.Runtime.FROM_IMAGE,
            function_name=function_name,
            description=description,
            architecture=architecture,
            memory_size=512 if memory_size is None else memory_size,
            timeout=cdk.Duration.seconds(30) if timeout is None else timeout,
            environment=dict(environment) if environment else None,
            environment_encryption=environment_encryption,
            vpc=vpc,
            vpc_subnets=subnets,
            security_groups=list(security_groups) if security_groups else None,
            reserved_concurrent_executions=reserved_concurrent_executions,
            dead_letter_queue_enabled=dead_letter_queue_enabled,
            dead_letter_queue=dead_letter_queue,
            tracing=tracing,
            role=role,
            log_group=logs,
        )
        image.warn_if_moving(self)
        with located(self):
            self._allow_lambda_pull(repository, self._known_name(function_name))

    def _known_name(self, given: str | None) -> str:
        """The known part of the function's name at synthesis; a reference to it would be circular."""
        if given is not None:
            return "*" if is_token(given) else given
        stack, resource = self.stack, cast("lambda_.CfnFunction", self.node.default_child)
        stem = f"{stack.stack_name}-{stack.resolve(resource.logical_id)}"
        if is_token(stem) or len(stem) > _MAX_STEM_LENGTH:
            return "*"
        # The id stays a token, since it can still be overridden.
        return f"{stack.stack_name}-{resource.logical_id}-*"

    def _allow_lambda_pull(self, repository: ecr.IRepository, name: str) -> None:
        """Allow Lambda in the repository's policy to fetch images for this function.

        Lambda itself adds such a statement if it is missing, and the next update of the repository's stack
        would remove that one.
        """
        function = self.stack.format_arn(
            service="lambda",
            resource="function",
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        principals = lambda_principals(self.stack, [function])
        there, here = repository.env.account, self.stack.account
        if known_to_differ(there, here):
            # The account creates the function; later the service fetches the image (see lambda_principals).
            principals.append(iam.AccountPrincipal(here))
        statements = [
            iam.PolicyStatement(principals=[principal], actions=list(LAMBDA_PULL_ACTIONS))
            for principal in principals
        ]
        written = json.dumps([self.stack.resolve(statement.to_statement_json()) for statement in statements])
        try:
            results = [repository.add_to_resource_policy(statement) for statement in statements]
        except InvalidInputError as error:
            raise InvalidInputError(
                "Lambda can't fetch images from this repository, whose policy can't be changed in this app",
                got=repository.node.path,
                allowed=f"a repository whose policy contains {written}",
                fix="add these statements in the app that owns it (grant_pull_to_lambda), then import it "
                "with policy_managed_elsewhere=True",
            ) from error
        if not isinstance(repository, ImportedRepository) and not all(
            result.statement_added for result in results
        ):
            cdk.Validations.of(self).add_warning(
                "registry-constructs:lambda-needs-the-repositorys-policy",
                f"The policy of {repository.node.path} can't be changed in this app. Make sure that it "
                f"contains {written}, and import it with Repository.from_repository_arn(..., "
                "policy_managed_elsewhere=True).",
            )


class _PolicyOf(Dependable):
    """Makes dependents of a role depend on its policy only, which depends on the role.

    The CDK would add both, and cfn-lint reports the role as redundant (W3005).
    """

    def __init__(self, role: iam.Role) -> None:
        super().__init__()
        self._role = role

    @property
    def dependency_roots(self) -> list[IConstruct]:
        return [self._role.node.find_child("DefaultPolicy")]


class _Code(lambda_.Code):
    """Image code without a grant; `EcrImageCode` would allow Lambda to fetch it for every function."""

    def __init__(self, image: Image, *, cmd: Sequence[str] | None, entrypoint: Sequence[str] | None) -> None:
        super().__init__()
        self._config = lambda_.CodeImageConfig(
            image_uri=image.uri,
            cmd=list(cmd) if cmd is not None else None,
            entrypoint=list(entrypoint) if entrypoint is not None else None,
        )

    @property
    def is_inline(self) -> bool:
        return False

    def bind(self, scope: Construct) -> lambda_.CodeConfig:  # noqa: ARG002 - the CDK's signature
        return lambda_.CodeConfig(image=self._config)


def _default_architecture(image: Image) -> lambda_.Architecture:
    if image.architectures == ("arm64",):
        return lambda_.Architecture.ARM_64
    return lambda_.Architecture.X86_64


def _grant_vpc(role: iam.Role) -> None:
    """Allow Lambda to attach the function to a VPC, and deny these actions to the function's own code."""
    role.add_to_policy(iam.PolicyStatement(actions=list(VPC_ACTIONS), resources=["*"]))
    functions = cdk.Stack.of(role).format_arn(
        service="lambda",
        resource="function",
        resource_name="*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    role.add_to_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=list(VPC_ACTIONS),
            resources=["*"],
            conditions={"ArnLike": {"lambda:SourceFunctionArn": functions}},
        )
    )
