"""Principals whose pulls don't count as use of an image."""

from __future__ import annotations

import re

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs._cdk.located import located
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.merged import identity, registry_of

_PRINCIPAL_ARN = re.compile(
    r"(?=.{1,200}$)arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*",
    re.ASCII,
)


class PullTimeExclusion(Construct):
    """Pulls by this role or user leave an image's last pull time as it is.

    A scanner or a backup pulls everything. Without an exclusion no image ever counts as unused, and a
    lifecycle rule that archives by the last pull (`LifecycleRule.archive(days_since_pulled=...)`) never acts.

    Args:
        scope: A construct in a stack of the registry's account and Region.
        id: The construct's id.
        principal: A role or user, or the ARN of one, up to 200 characters. Changing it replaces the
            exclusion. ECR takes 100 of an account.

    Raises:
        InvalidInputError: For what is neither a role's nor a user's ARN, and for one that is excluded
            already.
    """

    def __init__(self, scope: Construct, id: str, *, principal: iam.IRole | iam.IUser | str) -> None:
        super().__init__(scope, id)
        arn = principal if isinstance(principal, str) else _arn(principal)
        with located(self):
            if not is_token(arn) and not _PRINCIPAL_ARN.fullmatch(arn):
                raise InvalidInputError(
                    "Not the ARN of a role or user",
                    got=arn,
                    allowed="arn:<partition>:iam::<account>:role/<name> or user/<name>, up to 200 characters",
                    fix="name the role itself, not a session of it (arn:...:sts::...:assumed-role/...)",
                )
            registry_of(self).claim("pull-time exclusions", identity(self, arn), self.node.path)
        ecr.CfnPullTimeUpdateExclusion(self, "Resource", principal_arn=arn)


def _arn(principal: iam.IRole | iam.IUser) -> str:
    # The CDK's interfaces can't be asked for with isinstance.
    return str(getattr(principal, "role_arn", None) or getattr(principal, "user_arn", principal))
