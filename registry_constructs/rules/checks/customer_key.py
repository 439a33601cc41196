"""Rule `customer-key`: images are encrypted with a customer managed KMS key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registry_constructs.rules.examples import repository
from registry_constructs.rules.rule import Example, Part, Rule, RuleSettings, Severity
from registry_constructs.rules.state import RepositoryState
from registry_constructs.rules.values import known


def _check(state: RepositoryState, _: RuleSettings) -> Iterator[str]:
    if known(state.encryption) == "AES256":
        yield "Its images are encrypted with AES256 and no key of yours"
    elif not known(state.key):
        yield "Its images are encrypted with AWS's own key, aws/ecr"


RULE: Final = Rule(
    id="customer-key",
    demand="Images are encrypted with a customer managed KMS key",
    why="Only with a key of your own you decide who may use it, and can take it back.",
    fix="Choose encryption_key=... for a new repository and copy the images: the encryption of an existing "
    "one can't be changed, and CloudFormation would replace it",
    severity=Severity.MEDIUM,
    controls=("securityhub-ecr-5", "config-cmk", "trivy-0033", "kics-cmk"),
    judges=(RepositoryState,),
    check=_check,
    needs=frozenset({Part.KEY}),
    example=Example(
        compliant={
            "Key": {
                "Type": "AWS::KMS::Key",
                "Properties": {
                    "KeyPolicy": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
                                "Action": "kms:*",
                                "Resource": "*",
                            }
                        ],
                    }
                },
            },
            "Example": repository(
                EncryptionConfiguration={
                    "EncryptionType": "KMS",
                    "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]},
                }
            ),
        },
        non_compliant={"Example": repository(EncryptionConfiguration={"EncryptionType": "KMS"})},
    ),
)
