"""Promotion of images to another repository without a rebuild."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from registry_constructs._cdk.event_rules import add_rule
from registry_constructs._cdk.functions import function_logs, function_role, handler_function, write_logs
from registry_constructs._cdk.located import located
from registry_constructs._cdk.queues import RulesQueue
from registry_constructs._cdk.wildcards import acknowledge_wildcards
from registry_constructs.ecr.actions import PULL_ACTIONS, PUSH_ACTIONS
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.regions import partition_of
from registry_constructs.ecr.tokens import is_token, known_to_differ
from registry_constructs.images.origins import repository_uri
from registry_constructs.monitoring.event_patterns import checked_tags, image_pushed, referrer_pushed
from registry_constructs.registry import ManagedSigning
from registry_constructs.registry.signing import check_signing, let_sign
from registry_constructs.repository.imported import ImportedRepository

AUTHORIZATION_REASON: Final = "ecr:GetAuthorizationToken knows no resource; all else names one repository."
"""Why cdk-nag's AwsSolutions-IAM5 is acknowledged on the function's role."""


class Promotion(Construct):
    """Copies an image to another repository, also in another account, when a matching tag is pushed.

    Nothing is built again: manifests are copied byte for byte, so that every digest stays. With the image
    go all platforms of an index and all that refers to them, such as signatures, SBOMs and attestations; the
    tag comes last. A signature that is pushed later follows when it comes.

    - What is there already is not copied again, so that the same event twice, or one that comes late, does
      no harm. A stopped copy is resumed layer by layer.
    - Layers are mounted where both repositories are in one registry and it allows that (`AccountSettings`),
      and are streamed otherwise; their size is not bounded by the function's memory or disk.
    - A tag of another image in a destination with immutable tags is an error.
    - A call that fails is made twice more within minutes; an event that can't be delivered, for hours. What
      is left is kept in `dead_letters` for 14 days.
    - A copy may take longer than Lambda's 15 minutes: the function then invokes itself to go on, which Lambda
      lets it do about 16 times (Lambda Developer Guide, invocation-recursion). One layer has to fit into 15.

    Events are sent on a best effort basis (Amazon ECR User Guide, ecr-eventbridge). A lost one is made up for
    by hand: invoke the function with `{"tag": "v1"}` or `{"digest": "sha256:..."}`.

    Args:
        scope: A construct in a stack of the source's account and Region.
        id: The construct's id.
        source: The repository that images are copied from. ECR sends events to its own account and Region.
        destination: The repository that they are copied to, of any account and Region of the same partition.
            The policy of one in another account has to let the function push: a `Repository` of the app is
            given that statement; an imported one raises, and prints it.
        tags: Tags, or filters with `*` for any run of characters.
        signing: Managed signing whose profile the function may sign with, beside the app's own that matches
            the destination, which needs no naming. The rules that count are those of the destination's
            account and Region. Default: none is named.
        role_name: The function's role, which the policy of a destination in another account names. Default: a
            name made from the construct's path for a destination in another account, and a generated one
            otherwise.

    Attributes:
        rule: The rule for the tags, on the default event bus.
        function: The function that copies.
        role: Its role.
        dead_letters: Events that could not be acted on.

    Raises:
        InvalidInputError: If the tags are no list or can't match, if `signing` is not a `ManagedSigning`, if
            the source is elsewhere, if the destination is the source or in another partition, or if its
            policy can't be changed from here.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        source: ecr.IRepository,
        destination: ecr.IRepository,
        tags: Sequence[str],
        signing: ManagedSigning | None = None,
        role_name: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        stack = cdk.Stack.of(self)
        with located(self):
            checked_tags(tags)
            check_signing(signing)
            _check_source(stack, source)
            _check_destination(stack, source, destination)
            if known_to_differ(stack.account, destination.env.account):
                role_name = role_name or cdk.Names.unique_resource_name(self, max_length=64, separator="-")
                _let_in(stack, destination, role_name)
        _warn_if_unknown(self, stack, destination)
        self.dead_letters = RulesQueue(self, "DeadLetters")
        log = function_logs(self)
        self.role = _role(self, role_name, source, destination, log, self.dead_letters)
        self.function = handler_function(
            self,
            Path(__file__).parent / "handler",
            description="Copies images to another repository",
            # The CDK would add its grants for the queue and the log a second time.
            role=self.role.without_policy_updates(),
            log_group=log,
            timeout=cdk.Duration.minutes(15),
            # A whole processor: TLS and digests of layers are what a copy waits for.
            memory_size=1769,
            environment={
                "SOURCE": repository_uri(source),
                "SOURCE_REGION": source.env.region,
                "DESTINATION": repository_uri(destination),
                "DESTINATION_REGION": destination.env.region,
            },
            dead_letter_queue=self.dead_letters.for_dead_letters,
        )
        # A policy of its own, as the function's ARN is not known to its role.
        iam.Policy(
            self,
            "GoOn",
            roles=[self.role],
            statements=[_allow(["lambda:InvokeFunction"], self.function.function_arn)],
        )
        names = [source.repository_name]
        target = targets.LambdaFunction(self.function, dead_letter_queue=self.dead_letters.for_dead_letters)
        self.rule = add_rule(
            self,
            "Pushed",
            "Images that are copied to another repository",
            image_pushed(repositories=names, tags=tags),
            [target],
        )
        add_rule(
            self,
            "Attached",
            "What may refer to images that were copied",
            referrer_pushed(repositories=names),
            [target],
        )
        let_sign(self, self.role, [destination], signing)


def _role(
    scope: Construct,
    name: str | None,
    source: ecr.IRepository,
    destination: ecr.IRepository,
    log: logs.LogGroup,
    dead_letters: RulesQueue,
) -> iam.Role:
    statements = [
        _allow(PULL_ACTIONS, source.repository_arn),
        _allow(PUSH_ACTIONS, destination.repository_arn),
        _allow(["ecr:GetAuthorizationToken"], "*"),
        _allow(["sqs:SendMessage"], dead_letters.queue_arn),
        write_logs(log),
    ]
    role = function_role(
        scope,
        description="Lets a function copy images from one repository to another",
        policies={"Copy": iam.PolicyDocument(statements=statements)},
        role_name=name,
    )
    acknowledge_wildcards(role, ["*"], AUTHORIZATION_REASON)
    return role


def _allow(actions: Sequence[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[resource])


def _let_in(stack: cdk.Stack, destination: ecr.IRepository, role_name: str) -> None:
    """Allow the role to push in the policy of a repository in another account.

    The role is named in a condition, with the account as the principal: ECR refuses a policy whose principal
    does not exist yet, and one that names a role itself loses it when the role is made anew.
    """
    partition = _partition(destination) or stack.partition
    statement = iam.PolicyStatement(
        principals=[iam.AccountPrincipal(stack.account)],
        actions=list(PUSH_ACTIONS),
        conditions={
            "ArnEquals": {"aws:PrincipalArn": f"arn:{partition}:iam::{stack.account}:role/{role_name}"}
        },
    )
    added = destination.add_to_resource_policy(statement).statement_added
    if not added and not isinstance(destination, ImportedRepository):
        raise InvalidInputError(
            "The destination's policy can't be changed from here, and its account has to let the role push",
            got=json.dumps(stack.resolve(statement.to_statement_json())),
            allowed="a Repository of this app, or one imported with this library's Repository.from_*",
            fix="have its owner add the statement above, and import it with policy_managed_elsewhere=True",
        )


def _partition(repository: ecr.IRepository) -> str | None:
    region = repository.env.region
    return None if is_token(region) else partition_of(region).name


def _check_source(stack: cdk.Stack, source: ecr.IRepository) -> None:
    there = source.env
    if known_to_differ(stack.account, there.account) or known_to_differ(stack.region, there.region):
        raise InvalidInputError(
            "The source is in another account or Region",
            got=f"{there.account} in {there.region}",
            allowed=f"one in {stack.account} in {stack.region}: ECR's events stay where the push was",
            fix="make the Promotion in a stack of the source's account and Region",
        )


def _check_destination(stack: cdk.Stack, source: ecr.IRepository, destination: ecr.IRepository) -> None:
    if stack.resolve(source.repository_arn) == stack.resolve(destination.repository_arn):
        raise InvalidInputError(
            "The destination is the source",
            got=destination.node.path,
            allowed="two repositories; their names may be the same in two registries",
            fix="name the production repository as the destination",
        )
    if known_to_differ(_partition(source), _partition(destination)):
        raise InvalidInputError(
            "The destination is in another partition of AWS, where no role of this one has rights",
            got=f"{destination.env.region}, in {_partition(destination)}",
            allowed=f"a repository in {_partition(source)}",
            fix="copy to that partition with a client that has credentials for both, such as crane in CI",
        )


def _warn_if_unknown(scope: Construct, stack: cdk.Stack, destination: ecr.IRepository) -> None:
    there = destination.env.account
    if there != stack.account and (is_token(there) or is_token(stack.account)):
        cdk.Validations.of(scope).add_warning(
            "registry-constructs:promotion-account-unknown",
            f"Not both accounts are known. If {destination.node.path} is in another than the function's, "
            f"its policy has to allow the function's role {', '.join(PUSH_ACTIONS)}. Give the stacks an env.",
        )
