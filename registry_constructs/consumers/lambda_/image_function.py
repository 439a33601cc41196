"""A Lambda function that runs an image, and the right to fetch it for this function alone."""

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
"""What Lambda does in a VPC with the function's role (Lambda guide, configuration-vpc)."""

VPC_REASON: Final = (
    "Lambda makes and deletes the function's network interfaces with its role, on any resource (Lambda "
    "guide, configuration-vpc). A second statement denies the same to the function's own code."
)
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of a function in a VPC."""

TRACING_REASON: Final = "X-Ray's actions know no resource but *; tracing is asked for by name."
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the role of a function that is traced."""

_SECRETS_FIX: Final = (
    "store it in Secrets Manager, pass its ARN, such as DB_PASSWORD_ARN, and let the function read it; if it "
    "is no secret, function.add_environment takes it"
)
_ARCHITECTURES: Final[dict[str, Architecture]] = {"x86_64": "amd64", "arm64": "arm64"}

# CloudFormation cuts names of more than 64 characters, in a way that it doesn't document.
_LONGEST_STEM: Final = 64 - len("-AbCdEfGhIjKlM")


class ImageFunction(lambda_.Function):
    """A Lambda function from an image in ECR.

    It is a `lambda_.Function` and goes wherever one does. With nothing said but its image

    - the repository's policy lets Lambda fetch images for this function alone, by its name, or by what
      CloudFormation makes the name begin with,
    - its role may write to its own log group, and nothing else,
    - the log group is encrypted with the stack's log key and kept for a year.

    Role, log group and queue stand beside the function in `scope`, with the ids `<id>Role`, `<id>Logs` and
    `<id>DeadLetters`.

    Lambda fetches the image when the function is deployed and keeps it. A tag that is pushed again changes
    nothing until the template does: name the image by its digest. Lambda takes no pull-through cache, no
    image of another Region, and no index of several architectures: give it the digest of one.

    Args:
        scope: The construct that it belongs to.
        id: The construct's id.
        image: The image, of a repository in the stack's Region. An imported repository, or one of another
            app, must let Lambda fetch it: the error says by which statements.
        function_name: Up to 64 characters. Changing it replaces the function. Default: a generated name.
        description: Up to 256 characters. Default: none.
        cmd: The command, instead of the image's. Default: the image's.
        entrypoint: The entry point, instead of the image's. Default: the image's.
        architecture: `lambda_.Architecture.X86_64` or `ARM_64`. Default: what the image was built for if that
            was said, else `X86_64`.
        memory_size: MiB, 128 to 10,240; processor time grows with it. Default: 512.
        timeout: Up to 15 minutes. Default: 30 seconds.
        environment: Variables, in plain text for whoever may read the function. Secrets are refused by their
            names. Default: none.
        environment_encryption: A key for them. Default: Lambda's own key, which costs nothing.
        vpc: A VPC that the function's code reaches; without, it reaches the internet. Default: none.
        vpc_subnets: Private subnets in it. Default: those with a way out, or else its isolated ones.
        security_groups: Security groups in it. Default: one for this function.
        reserved_concurrent_executions: The most executions at a time, which are set aside for it. Default:
            the account's pool.
        dead_letter_queue_enabled: Keep what asynchronous calls failed at for 14 days, in an encrypted queue.
            Default: False, it is lost after two retries.
        dead_letter_queue: A queue of yours for it. Default: one is made if `dead_letter_queue_enabled`.
        tracing: X-Ray tracing. Default: `lambda_.Tracing.DISABLED`.

    Raises:
        InvalidInputError: For an image that Lambda can't run, what it has no such memory or time for, subnets
            that are not private, secrets in the environment, and an imported repository whose policy can't be
            changed from here.
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
        Dependable.implement(role, _ItsPolicy(role))
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
            self._let_lambda_fetch(repository, self._known_name(function_name))

    def _known_name(self, given: str | None) -> str:
        """The function's name as far as it is known at synth; its reference would be circular."""
        if given is not None:
            return "*" if is_token(given) else given
        stack, resource = self.stack, cast("lambda_.CfnFunction", self.node.default_child)
        stem = f"{stack.stack_name}-{stack.resolve(resource.logical_id)}"
        if is_token(stem) or len(stem) > _LONGEST_STEM:
            return "*"
        # The id stays a token, since it can still be overridden.
        return f"{stack.stack_name}-{resource.logical_id}-*"

    def _let_lambda_fetch(self, repository: ecr.IRepository, name: str) -> None:
        """Add to the repository's policy what Lambda needs to fetch images for this function.

        Lambda writes the same into a policy that has it not, and the next update of the repository's stack
        would remove it.
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
            # The account makes the function; later the service fetches the image by itself (see there).
            principals.append(iam.AccountPrincipal(here))
        statements = [
            iam.PolicyStatement(principals=[principal], actions=list(LAMBDA_PULL_ACTIONS))
            for principal in principals
        ]
        written = json.dumps([self.stack.resolve(statement.to_statement_json()) for statement in statements])
        try:
            added = [repository.add_to_resource_policy(statement) for statement in statements]
        except InvalidInputError as error:
            raise InvalidInputError(
                "Lambda may not fetch images from this repository, whose policy can't be changed from here",
                got=repository.node.path,
                allowed=f"a repository whose policy holds {written}",
                fix="let the app that owns it add these statements (grant_pull_to_lambda), then import it "
                "with policy_managed_elsewhere=True",
            ) from error
        if not isinstance(repository, ImportedRepository) and not all(one.statement_added for one in added):
            cdk.Validations.of(self).add_warning(
                "registry-constructs:lambda-needs-the-repositorys-policy",
                f"The policy of {repository.node.path} can't be changed from here. See that it holds "
                f"{written}, and import it with Repository.from_repository_arn(..., "
                "policy_managed_elsewhere=True).",
            )


class _ItsPolicy(Dependable):
    """What depends on a role waits for its policy, and so for the role.

    The CDK would name both, and cfn-lint finds the role redundant beside its ARN (W3005).
    """

    def __init__(self, role: iam.Role) -> None:
        super().__init__()
        self._role = role

    @property
    def dependency_roots(self) -> list[IConstruct]:
        return [self._role.node.find_child("DefaultPolicy")]


class _Code(lambda_.Code):
    """The image without a grant: `EcrImageCode` would let Lambda fetch it for every function."""

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
    """Let Lambda attach the function to a VPC, and keep the function's own code from doing the same."""
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
