"""What others demand of ECR: AWS's own services, and the scanners of templates."""

from __future__ import annotations

from typing import Final, NamedTuple


class Control(NamedTuple):
    """A control of somebody else.

    Attributes:
        id: Its id in this library.
        owner: Whose it is.
        name: What its owner calls it.
        demand: What it demands exactly, as a sentence without a full stop.
        difference: Where a rule of this library that answers it judges otherwise, and why; empty for nowhere.
        requirements: What its owner relates it to (Security Hub User Guide, ecr-controls).
    """

    id: str
    owner: str
    name: str
    demand: str
    difference: str = ""
    requirements: str = ""


_ON_PUSH: Final = (
    "It looks at the repository's own ScanOnPush alone, which AWS deprecates; a registry's scanning rules "
    "pass here and fail there"
)

CONTROLS: Final = {
    control.id: control
    for control in (
        Control(
            "securityhub-ecr-1",
            "AWS Security Hub",
            "ECR.1",
            "Images are scanned on push or continuously, by the registry's rules or the repository's setting",
            requirements="NIST.800-53.r5 RA-5; PCI DSS v4.0.1/6.2.3, 6.2.4",
        ),
        Control(
            "securityhub-ecr-2",
            "AWS Security Hub",
            "ECR.2",
            "ImageTagMutability is IMMUTABLE",
            requirements="NIST.800-53.r5 CA-9(1), CM-2, CM-8(1)",
        ),
        Control(
            "securityhub-ecr-3",
            "AWS Security Hub",
            "ECR.3",
            "There is a lifecycle policy",
            requirements="NIST.800-53.r5 CA-9(1), CM-2, CM-2(2)",
        ),
        Control(
            "securityhub-ecr-4",
            "AWS Security Hub",
            "ECR.4",
            "A public repository has tags, those of requiredTagKeys if given; tags of AWS don't count",
        ),
        Control(
            "securityhub-ecr-5",
            "AWS Security Hub",
            "ECR.5",
            "Images are encrypted with a customer managed key, by KMS or KMS_DSSE",
            requirements="NIST.800-53.r5 SC-12(2), CM-3(6), SC-13, SC-28, SC-28(1), SC-7(10), CA-9(1), "
            "SI-7(6), AU-9",
        ),
        Control(
            "config-image-scanning",
            "AWS Config",
            "ecr-private-image-scanning-enabled",
            "As ECR.1",
        ),
        Control("config-tag-immutability", "AWS Config", "ecr-private-tag-immutability-enabled", "As ECR.2"),
        Control("config-lifecycle", "AWS Config", "ecr-private-lifecycle-policy-configured", "As ECR.3"),
        Control("config-cmk", "AWS Config", "ecr-repository-cmk-encryption-enabled", "As ECR.5"),
        Control(
            "config-tagged",
            "AWS Config",
            "ecr-repository-tagged",
            "A private repository has tags, those of requiredKeyTags if given",
        ),
        Control("config-public-tagged", "AWS Config", "tagged-ecr-publicrepository", "As ECR.4"),
        Control(
            "cdk-nag-ecr1",
            "cdk-nag",
            "AwsSolutions-ECR1",
            "No statement of a repository's or registry's policy allows the principal *",
            "It refuses * also behind a condition that keeps strangers out, such as aws:PrincipalOrgID, and "
            "does not look at creation templates",
        ),
        Control(
            "checkov-32",
            "Checkov",
            "CKV_AWS_32",
            "No principal * without StringEquals on aws:PrincipalOrgID",
            "It refuses * also behind other conditions that keep strangers out and in statements that deny, "
            "and does not look at registries",
        ),
        Control("checkov-51", "Checkov", "CKV_AWS_51", "ImageTagMutability is IMMUTABLE"),
        Control(
            "checkov-136",
            "Checkov",
            "CKV_AWS_136",
            "EncryptionType is KMS",
            "It refuses KMS_DSSE, which encrypts with a KMS key twice",
        ),
        Control("checkov-163", "Checkov", "CKV_AWS_163", "ScanOnPush is true on the repository", _ON_PUSH),
        Control("trivy-0030", "Trivy", "AWS-0030", "ScanOnPush is true on the repository", _ON_PUSH),
        Control("trivy-0031", "Trivy", "AWS-0031", "ImageTagMutability is IMMUTABLE"),
        Control(
            "trivy-0032",
            "Trivy",
            "AWS-0032",
            "No statement with an action of ECR allows the principal *",
            "It refuses * also where a condition keeps strangers out",
        ),
        Control(
            "trivy-0033",
            "Trivy",
            "AWS-0033",
            "EncryptionType is KMS, with a key",
            "It refuses KMS_DSSE, which encrypts with a KMS key twice",
        ),
        Control(
            "guard-scan-on-push",
            "AWS Guard rules registry",
            "ECR_REPO_SCAN_ON_PUSH",
            "ScanOnPush is there and not false",
            _ON_PUSH,
        ),
        Control("cfn-nag-w79", "cfn_nag", "W79", "ScanOnPush is there and not false", _ON_PUSH),
        Control(
            "kics-public",
            "KICS",
            "ecr_repository_is_publicly_accessible",
            "A repository's policy does not allow the principal *",
            "It refuses * also where a condition keeps strangers out",
        ),
        Control(
            "kics-cmk",
            "KICS",
            "ecr_repository_not_encrypted_with_CMK",
            "EncryptionType is KMS or KMS_DSSE",
            "It passes AWS's own key, which customer-key refuses",
        ),
    )
}
"""Each by its id."""
