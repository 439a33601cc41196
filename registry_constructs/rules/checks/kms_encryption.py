"""Rule `kms-encryption`: images are encrypted with KMS, at least with the AWS managed key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import repository
from registry_constructs.rules.rule import Example, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if known(state.encryption) == "AES256":
        yield "Its images are encrypted with AES256 and no key of KMS"


RULE: Final = Rule(
    id="kms-encryption",
    demand="Images are encrypted with KMS, at least with the AWS managed key",
    why="ECR encrypts every image, without further words with keys of S3 that leave no trace in CloudTrail. "
    "With a key of KMS each use is recorded.",
    fix="Choose encryption=RepositoryEncryption.KMS for a new repository and copy the images: the "
    "encryption of an existing one can't be changed, and CloudFormation would replace it",
    severity=Severity.LOW,
    controls=("checkov-136",),
    judges=(RepositoryState,),
    check=_check,
    example=Example(
        compliant={"Example": repository(EncryptionConfiguration={"EncryptionType": "KMS"})},
        non_compliant={"Example": repository()},
    ),
)
