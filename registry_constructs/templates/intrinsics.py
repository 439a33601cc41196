"""What a template's values will be, as far as that is known before the deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from registry_constructs.ecr.regions import partition_of, registry_host
from registry_constructs.templates.assembly import StackTemplate

_IN_SUB: Final = re.compile(r"\$\{(!?)([^}]*)\}")


class Resolver:
    """Resolves the intrinsic functions of a template to text.

    What only the deployment knows stays as `${...}` in the text, so that the rest of it can be read.

    Args:
        stack: The stack.
        exports: Gives the value of an export of another stack of the app, or None.
        parent: What resolves the stack around a nested one.
    """

    def __init__(
        self,
        stack: StackTemplate,
        exports: Callable[[StackTemplate, str], str | None],
        parent: Resolver | None = None,
    ) -> None:
        self._stack = stack
        self._exports = exports
        self._parent = parent
        partition = partition_of(stack.region) if stack.region else None
        self._pseudo = {
            "AWS::AccountId": stack.account or "${AWS::AccountId}",
            "AWS::Region": stack.region or "${AWS::Region}",
            "AWS::Partition": partition.name if partition else "${AWS::Partition}",
            "AWS::URLSuffix": partition.url_suffix if partition else "${AWS::URLSuffix}",
            "AWS::StackName": stack.name,
            "AWS::StackId": "${AWS::StackId}",
        }

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - whatever is in a template
        """The value with each intrinsic function replaced; what becomes of AWS::NoValue is left out."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                [(name, argument)] = value.items()
                if name == "Ref" or name.startswith("Fn::"):
                    return self._call(name, argument)
            return {key: self.resolve(one) for key, one in value.items() if one != {"Ref": "AWS::NoValue"}}
        if isinstance(value, list):
            return [self.resolve(one) for one in value if one != {"Ref": "AWS::NoValue"}]
        return value

    def _call(self, name: str, argument: Any) -> Any:  # noqa: ANN401
        match name, argument:
            case "Ref", str():
                return self._ref(argument)
            case "Fn::GetAtt", [str(logical_id), str(attribute)]:
                return self._attribute(logical_id, attribute)
            case "Fn::GetAtt", str() if "." in argument:
                logical_id, _, attribute = argument.partition(".")
                return self._attribute(logical_id, attribute)
            case "Fn::Join", [str(delimiter), parts]:
                resolved = self.resolve(parts)
                if isinstance(resolved, list):
                    return delimiter.join(map(str, resolved))
            case "Fn::Sub", str() | [str(), dict()]:
                text, given = (argument, {}) if isinstance(argument, str) else argument
                return _IN_SUB.sub(lambda found: self._substituted(found, given), text)
            case "Fn::Split", [str(delimiter), text]:
                return str(self.resolve(text)).split(delimiter)
            case "Fn::Select", [index, parts]:
                found = self.resolve(parts)
                if isinstance(found, list) and str(index).isdigit() and int(index) < len(found):
                    return found[int(index)]
            case "Fn::ImportValue", _:
                export = str(self.resolve(argument))
                return self._exports(self._stack, export) or f"${{{export}}}"
            case _:
                pass
        return f"${{{name}}}"

    def _substituted(self, found: re.Match[str], given: Mapping[str, Any]) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        if name in given:
            return str(self.resolve(given[name]))
        return str(self._call("Fn::GetAtt", name) if "." in name else self._ref(name))

    def _ref(self, name: str) -> str:
        if name in self._pseudo:
            return self._pseudo[name]
        if self._parent and name in self._stack.parameters:
            return str(self._parent.resolve(self._stack.parameters[name]))
        resource = self._stack.resources.get(name, {})
        own_name = resource.get("Properties", {}).get("RepositoryName")
        if resource.get("Type", "").startswith("AWS::ECR::") and own_name is not None:
            return str(self.resolve(own_name))
        return f"${{{name}}}"

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self._stack.resources.get(logical_id, {}).get("Type")
        account, region = self._pseudo["AWS::AccountId"], self._pseudo["AWS::Region"]
        arn = f"arn:{self._pseudo['AWS::Partition']}"
        match kind, attribute:
            case (("AWS::IAM::Role" | "AWS::IAM::User"), "Arn"):
                return f"{arn}:iam::{account}:{kind.rpartition(':')[2].lower()}/${{{logical_id}}}"
            case "AWS::ECR::Repository", "Arn":
                return f"{arn}:ecr:{region}:{account}:repository/{self._ref(logical_id)}"
            case "AWS::ECR::Repository", "RepositoryUri":
                host = registry_host(account, region, self._pseudo["AWS::URLSuffix"])
                return f"{host}/{self._ref(logical_id)}"
            case "AWS::CloudFormation::Stack", _:
                return f"${{{logical_id}.{attribute}}}"
            case str(), "Arn":
                # Any other resource of this stack is in its account too.
                service = kind.split("::")[1].lower()
                return f"{arn}:{service}:{region}:{account}:${{{logical_id}}}"
        return f"${{{logical_id}.{attribute}}}"
