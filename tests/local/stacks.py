"""CloudFormation stacks of one template each, made through the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from registry_constructs.local import LocalAws

_WAIT = {"Delay": 0, "MaxAttempts": 500}


def template(resources: dict[str, tuple[str, dict[str, Any]]], *attributes: str) -> str:
    """Resources by logical id, each a type and its properties, with Ref and some attributes as outputs."""
    outputs: dict[str, Any] = {name: {"Value": {"Ref": name}} for name in resources}
    outputs |= {
        f"{name}{attribute}": {"Value": {"Fn::GetAtt": [name, attribute]}}
        for name in resources
        for attribute in attributes
    }
    body = {
        "Resources": {name: {"Type": kind, "Properties": props} for name, (kind, props) in resources.items()},
        "Outputs": outputs,
    }
    return json.dumps(body)


class Stack:
    """A stack that is created, updated and deleted in place; each call waits and returns its outputs."""

    def __init__(
        self, aws: LocalAws, account: str, *, region: str = "us-east-1", name: str = "Stack"
    ) -> None:
        self._client = aws.client("cloudformation", account=account, region=region)
        self._name = name

    def create(self, body: str, **options: Any) -> dict[str, str]:
        self._client.create_stack(StackName=self._name, TemplateBody=body, **options)
        return self._finish("stack_create_complete")

    def update(self, body: str, **options: Any) -> dict[str, str]:
        self._client.update_stack(StackName=self._name, TemplateBody=body, **options)
        return self._finish("stack_update_complete")

    def delete(self) -> None:
        self._client.delete_stack(StackName=self._name)
        self._client.get_waiter("stack_delete_complete").wait(StackName=self._name, WaiterConfig=_WAIT)

    def refused(self, body: str, *, update: bool = False) -> str:
        """What CloudFormation says of a body that it can't deploy; the stack is rolled back."""
        with pytest.raises(WaiterError):
            (self.update if update else self.create)(body)
        return "\n".join(self.failures())

    def failures(self) -> list[str]:
        """Why resources failed."""
        events = self._client.describe_stack_events(StackName=self._name)["StackEvents"]
        return [
            event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("_FAILED")
        ]

    def _finish(self, waiter: str) -> dict[str, str]:
        self._client.get_waiter(waiter).wait(StackName=self._name, WaiterConfig=_WAIT)
        (stack,) = self._client.describe_stacks(StackName=self._name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
