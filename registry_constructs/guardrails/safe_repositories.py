"""All repositories of an inherited app made safe by one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_kms as kms
from constructs import Construct, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.lifecycle import LifecyclePolicy
from registry_constructs.guardrails.changes import ConstructChange, Left, summary
from registry_constructs.guardrails.safe_repository import REPOSITORIES, SafeRepository


class SafeRepositories(Construct):
    """Makes the safe choice wherever the author of a repository left it open, for all beneath a construct.

        SafeRepositories(app)
        app.synth()

    It looks at each synth, when everything is set: what `add_lifecycle_rule` adds after this line counts as
    set. An aspect of yours that sets a property afterwards wins. Stages that are made after this line are
    refused. No logical id changes, and nothing replaces a repository but `replace`.

    Every change is an information at its construct (`registry-constructs:made-safe`, shown by `cdk synth`,
    silenced by `cdk.Annotations.of(construct).acknowledge_info`), and is in `changes`.

    Args:
        scope: The app, a stage or a stack.
        id: The construct's id.
        lifecycle: As for `SafeRepository`, like all that follow.
        override: What is set although its author says otherwise.
        encryption_key: The key of the repositories of `replace`.
        replace: Paths of constructs whose repositories are made anew to be encrypted with the key.
        leave: Paths of constructs that are left as they are, each with the reason.

    Attributes:
        changes: What was set; empty before the synth.
        left: What was left as it is; empty before the synth.

    Raises:
        InvalidInputError: As for `SafeRepository`; at the synth, for a path that is none and for a stage that
            was made too late.
    """

    def __init__(
        self,
        scope: Construct,
        id: str = "SafeRepositories",
        *,
        lifecycle: LifecyclePolicy | None = None,
        override: Iterable[str] = (),
        encryption_key: kms.IKey | None = None,
        replace: Iterable[str] = (),
        leave: Mapping[str, str] | None = None,
    ) -> None:
        with located(scope, id):
            self._mixin = SafeRepository(
                lifecycle=lifecycle,
                override=override,
                encryption_key=encryption_key,
                replace=replace,
                leave=leave,
            )
        super().__init__(scope, id)
        below = [one for one in scope.node.find_all() if isinstance(one, cdk.Stage) and one is not scope]
        self._stages = {cdk.Stage.of(self), *below}
        # An aspect of the app does not reach into its stages, which are synthesized before it.
        for stage in below:
            cdk.Aspects.of(Construct(stage, id)).add(_AtSynth(partial(self._apply, stage)))
        cdk.Aspects.of(self).add(_AtSynth(self._finish))

    @property
    def changes(self) -> list[ConstructChange]:
        """What was set."""
        return self._mixin.changes

    @property
    def left(self) -> list[Left]:
        """What was left as it is."""
        return self._mixin.left

    def summary(self) -> str:
        """What was set and what was left, for people; call it after the synth."""
        return "\n".join(summary(self.changes, self.left))

    def _apply(self, scope: Construct) -> None:
        stage = scope if isinstance(scope, cdk.Stage) else cdk.Stage.of(scope)
        for repository in REPOSITORIES.select(scope):
            its_stage = cdk.Stage.of(repository)
            if its_stage not in self._stages:
                raise InvalidInputError(
                    "A stage with repositories was made after this line, and is synthesized before it",
                    got=repository.node.path,
                    allowed="SafeRepositories as the last line before app.synth()",
                    fix="move it there",
                    where=self.node.path,
                )
            if its_stage is stage and self._mixin.supports(repository):
                self._mixin.apply_to(repository)

    def _finish(self) -> None:
        assert self.node.scope is not None  # noqa: S101 - it was made with one
        self._apply(cast("Construct", self.node.scope))
        if self._mixin.unused:
            raise InvalidInputError(
                "No repository is there",
                got=self._mixin.unused,
                allowed="paths of constructs with repositories, such as Images/Checkout or Images/*",
                fix="see the paths in the report of RegistryChecks, or remove them",
                where=self.node.path,
            )


@jsii.implements(cdk.IAspect)
class _AtSynth:
    """Calls something when the one construct that it is added to is visited."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def visit(self, _node: IConstruct) -> None:
        """Do it."""
        self._then()
