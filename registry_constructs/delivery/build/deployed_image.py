"""The digest of the deployed image, recorded by the pipeline and read by the template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import known_to_differ
from registry_constructs.images.image import Image
from registry_constructs.images.image_checks import Architecture

_NOT_IN_A_NAME: Final = re.compile(r"[^a-zA-Z0-9_./-]")


class DeployedImage(Construct):
    """The digest of the deployed image, in an SSM parameter.

    A pipeline deploys with a task definition of its own, which CloudFormation doesn't know. The next change
    to the service's template would bring back the image that the template names. So the template names this
    parameter, in which the pipeline writes what it deployed, and CloudFormation reads it with every update of
    the service's stack.

    Args:
        scope: A construct in another stack than the service's, deployed before it.
        id: The construct's id, unique in `scope`.
        repository: The repository.
        first_digest: The image that the service begins with: `sha256:` and 64 hexadecimal digits. Leave it as
            it is afterwards: a changed one is written over what the pipeline wrote.
        architectures: What its images are built for, as for `Image.of`. Default: not checked.

    Attributes:
        parameter: The parameter, `/deployed-images/` and the construct's path.

    Raises:
        InvalidInputError: For a malformed digest.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: ecr.IRepository,
        first_digest: str,
        architectures: Sequence[Architecture] | None = None,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            self._image = Image.of(repository, digest=first_digest, architectures=architectures)
        self._readers: set[str] = set()
        self._name = _NOT_IN_A_NAME.sub("-", f"/deployed-images/{self.node.path}")
        self.parameter = ssm.StringParameter(
            self,
            "Parameter",
            parameter_name=self._name,
            string_value=first_digest,
            allowed_pattern="^sha256:[0-9a-f]{64}$",
            description="The digest of the image that runs",
        )

    def image_for(self, scope: Construct) -> Image:
        """The deployed image, for a service or a function that runs it.

        Args:
            scope: The consumer, or a construct in its stack.

        Raises:
            InvalidInputError: In the parameter's own stack, or for another account or Region.
        """
        here, there = cdk.Stack.of(self), cdk.Stack.of(scope)
        with located(self):
            if here is there:
                raise InvalidInputError(
                    "CloudFormation reads the parameter before it makes what is in the stack",
                    got=there.node.path,
                    allowed="a consumer in another stack",
                    fix="put the DeployedImage beside the repository, the service into a stack of its own",
                )
            for what, mine, theirs in (
                ("account", here.account, there.account),
                ("Region", here.region, there.region),
            ):
                if known_to_differ(mine, theirs):
                    raise InvalidInputError(
                        f"The parameter is in another {what} than the consumer",
                        got=theirs,
                        allowed=mine,
                        fix="make a DeployedImage there, for an imported repository",
                    )
        there.add_stack_dependency(here, "It reads which image runs")
        self._readers.add(there.node.path)
        digest = ssm.StringParameter.value_for_string_parameter(scope, self._name)
        return self._image.at_digest(digest)

    def is_read_in(self, scope: IConstruct) -> bool:
        """Whether the stack of `scope` reads its image from here."""
        return cdk.Stack.of(scope).node.path in self._readers

    def grant_record(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow an identity to record the deployed image."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["ssm:PutParameter"], resource_arns=[self.parameter.parameter_arn]
        )
