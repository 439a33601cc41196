"""The artifact bucket of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from registry_constructs.delivery.build.project import KEY_ACTIONS

ARTIFACT_LOGS_REASON: Final = (
    "What the bucket keeps for 90 days is read by the pipeline alone, whose executions are its record."
)
"""Why cdk-nag's AwsSolutions-S1 is acknowledged on a pipeline's bucket."""

# CodePipeline user guide, how-to-custom-role; CodeBuild guide, setting-up-service-role.
_ON_BUCKET: Final = ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning")
_READ: Final = ("s3:GetObject", "s3:GetObjectVersion")
_WRITE: Final = ("s3:PutObject",)


class ArtifactBucket(s3.Bucket):
    """An artifact bucket whose grants list each action; the CDK's grants have wildcards.

    It is encrypted, versioned, private, kept when the stack goes, and forgets what is older than 90 days.

    Args:
        scope: The pipeline.
        id: The construct's id, unique in `scope`.
        key: What encrypts it.
    """

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey) -> None:
        super().__init__(
            scope,
            id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(90),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self._key = key
        cdk.Validations.of(self).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-S1", reason=ARTIFACT_LOGS_REASON)
        )

    def grant_read(self, identity: iam.IGrantable, objects_key_pattern: Any = None) -> iam.Grant:  # noqa: ANN401 - as s3.Bucket has it
        """Allow an identity to read artifacts."""
        return self._grant(identity, _READ, objects_key_pattern)

    def grant_read_write(self, identity: iam.IGrantable, objects_key_pattern: Any = None) -> iam.Grant:  # noqa: ANN401 - as s3.Bucket has it
        """Allow an identity to read and write artifacts."""
        return self._grant(identity, (*_READ, *_WRITE), objects_key_pattern)

    def allow_role(self, role: iam.IRole) -> None:
        """Allow a role of another stack to read and write artifacts, in the bucket policy.

        A grant would make that stack depend on this one, which depends on it already.
        """
        principal = iam.ArnPrincipal(role.role_arn)
        for actions, arn in (
            (_ON_BUCKET, self.bucket_arn),
            ((*_READ, *_WRITE), self.arn_for_objects("*")),
        ):
            self.add_to_resource_policy(
                iam.PolicyStatement(principals=[principal], actions=list(actions), resources=[arn])
            )

    def _grant(self, identity: iam.IGrantable, actions: Sequence[str], pattern: Any) -> iam.Grant:  # noqa: ANN401
        on_bucket = iam.Grant.add_to_principal(
            grantee=identity, actions=list(_ON_BUCKET), resource_arns=[self.bucket_arn]
        )
        on_objects = iam.Grant.add_to_principal(
            grantee=identity,
            actions=list(actions),
            resource_arns=[self.arn_for_objects(str(pattern or "*"))],
        )
        on_key = iam.Grant.add_to_principal(
            grantee=identity, actions=list(KEY_ACTIONS), resource_arns=[self._key.key_arn]
        )
        return on_bucket.combine(on_objects).combine(on_key)
