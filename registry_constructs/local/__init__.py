"""AWS on a laptop: an emulator on 127.0.0.1 that takes real CloudFormation deployments and real image pushes.

    from registry_constructs.local import LocalAws

    with LocalAws() as aws:
        aws.deploy("path/to/app")
        print(aws.client("ecr").describe_repositories()["repositories"])

It scans and signs no image: `set_image_answer` sets what ECR answers about one.

Needs the extra `local`, and never aws_cdk.
"""

from registry_constructs.local.connection import Connection, LocalEnvironment
from registry_constructs.local.errors import CommandError, LocalAwsError
from registry_constructs.local.server import LocalAws

__all__ = ["CommandError", "Connection", "LocalAws", "LocalAwsError", "LocalEnvironment"]
