"""Stacks in several accounts and Regions, for what spans them."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import assertions

from tests.synthesis import new_stack

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
FRANKFURT = cdk.Environment(account="111122223333", region="eu-central-1")
OHIO = cdk.Environment(account="111122223333", region="us-east-2")
BEIJING = cdk.Environment(account="111122223333", region="cn-north-1")
OTHER_ACCOUNT = cdk.Environment(account="222233334444", region="eu-west-1")
THIRD_ACCOUNT = cdk.Environment(account="333344445555", region="eu-central-1")


def inhabited(name: str, app: cdk.App, *, env: cdk.Environment | None = IRELAND) -> cdk.Stack:
    """A stack with a resource of its own: CloudFormation takes no empty one."""
    stack = new_stack(name, app=app, env=env)
    cdk.CfnWaitConditionHandle(stack, "Inhabitant")
    return stack


def synth_error(stack: cdk.Stack) -> str:
    """What stops the synth of the stack's app."""
    try:
        assertions.Template.from_stack(stack)
    except RuntimeError as error:
        return str(error)
    raise AssertionError("the synth went through")
