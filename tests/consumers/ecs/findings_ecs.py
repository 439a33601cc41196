"""Accepted findings of cdk-nag and Checkov about consumers on ECS, with the reason."""

from __future__ import annotations

from registry_constructs._cdk.queues import DEAD_LETTERS_REASON
from registry_constructs.consumers.ecs.container import ENVIRONMENT_REASON, EXEC_REASON, PULL_REASON
from registry_constructs.consumers.ecs.ec2_capacity import AGENT_REASON, NOTIFICATION_REASON
from registry_constructs.consumers.ecs.load_balancer import INTERNET_REASON, LOG_BUCKET_REASON
from registry_constructs.images.origins import CACHE_REASON
from registry_constructs.registry.creation_template import ROLE_REASON

_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
_HTTP = "ecs-fargate-internal-http/Checkout"
_BALANCED = (
    "ecs-ec2-with-everything/Checkout",
    _HTTP,
    "ecs-fargate-internal-https/Checkout",
    "ecs-fargate-with-everything/Checkout",
    "Fargate/Checkout",
)
_PLAIN_HTTP = (_HTTP, "Fargate/Checkout")
_UNPROTECTED = "ecs-ec2-with-everything/Checkout"

# Constructs of the variants and of the example's stacks Fargate and Ec2, by what they hold.
_SERVICES_ON_EC2 = (
    "ecs-ec2-cached/Checkout",
    "ecs-ec2-defaults/Checkout",
    "ecs-ec2-with-everything/Checkout",
    "Ec2/Checkout",
)
_TASKS = (
    *_SERVICES_ON_EC2,
    *(
        f"ecs-fargate-{name}/Checkout"
        for name in (
            "cached",
            "defaults",
            "internal-http",
            "internal-https",
            "of-another-account",
            "own-repository",
            "spot",
            "with-a-shell",
            "with-everything",
        )
    ),
    "ecs-task-cached/Migration",
    "ecs-task-granted/Migration",
    "ecs-task-scheduled/Migration",
    "Fargate/Checkout",
    "Fargate/CleanUp",
)
_CACHED = {
    "ecs-ec2-cached": "Checkout",
    "ecs-fargate-cached": "Checkout",
    "ecs-task-cached": "Migration",
}
_CAPACITIES = {
    "ecs-ec2-cached": ("555566667777", "CapacityClusterDB0BCD31"),
    "ecs-ec2-defaults": ("111122223333", "CapacityClusterDB0BCD31"),
    "ecs-ec2-with-everything": ("111122223333", "ClusterEB0386A7"),
    "Ec2": ("111122223333", "CapacityClusterDB0BCD31"),
}
_SCHEDULED = ("ecs-task-scheduled/Migration", "Fargate/CleanUp")

_WITHOUT_CERTIFICATE = "no certificate was given: it is internal, and says so by its scheme"
_REDIRECT = "the listener on port 80 redirects to HTTPS, where there is a certificate, and is internal else"
_BUCKET = "the bucket holds the access logs themselves"
_SWITCHED_OFF = "switched off by name, for a service that comes and goes"

CHECKOV: dict[tuple[str, str], str] = {
    (check, path.partition("/")[0]): _WITHOUT_CERTIFICATE
    for check in ("CKV_AWS_2", "CKV_AWS_103")
    for path in _PLAIN_HTTP
}
CHECKOV |= {("CKV_AWS_18", path.partition("/")[0]): _BUCKET for path in _BALANCED}
CHECKOV |= {
    ("CKV_AWS_27", path.partition("/")[0]): "encrypted with SQS's own keys; the check knows KMS alone"
    for path in _SCHEDULED
}
CHECKOV["CKV_AWS_260", "ecs-fargate-with-everything"] = "internet-facing by name: port 80 redirects to HTTPS"
"""Check and template."""

_ROLES = (
    *(f"{task}/ExecutionRole" for task in _TASKS),
    *(f"{stack}/Capacity/InstanceRole" for stack in _CAPACITIES),
    *(f"{stack}/Cache/Template/Role" for stack in _CACHED),
    *(f"{task}/ScheduleRole" for task in _SCHEDULED),
    "ecs-fargate-with-a-shell/Checkout/TaskRole",
    "ecs-fargate-with-everything/Checkout/TaskRole",
    "ecs-task-granted/Pipeline",
)

CDK_NAG: dict[tuple[str, str], str] = {
    (f"{pack}-IAMNoInlinePolicy", f"{role}/DefaultPolicy/Resource"): (
        "the CDK writes a role's grants into a policy of its own"
    )
    for pack in _PACKS
    for role in _ROLES
}
for _service in _BALANCED:
    _bucket, _balancer = f"{_service}/AccessLogs/Resource", f"{_service}/LoadBalancer"
    CDK_NAG |= {(f"{pack}-S3BucketLoggingEnabled", _bucket): _BUCKET for pack in _PACKS}
    CDK_NAG |= {
        (f"{pack}-S3BucketReplicationEnabled", _bucket): "a second copy of access logs is not worth its price"
        for pack in _PACKS
    }
    CDK_NAG |= {
        (f"{pack}-S3DefaultEncryptionKMS", _bucket): "Elastic Load Balancing writes with S3's own keys only"
        for pack in _PACKS
        if pack != "NIST.800.53.R4"
    }
    CDK_NAG["NIST.800.53.R4-S3BucketDefaultLockEnabled", _bucket] = (
        "a lock would keep logs that nobody may delete any more; they are versioned, and expire after a year"
    )
    CDK_NAG |= {
        (f"{pack}-ALBWAFEnabled", f"{_balancer}/Resource"): (
            "which requests are bad depends on the program; its team adds a web ACL to service.load_balancer"
        )
        for pack in _PACKS
        if pack != "HIPAA.Security"
    }
    CDK_NAG |= {
        (f"{pack}-ELBv2ACMCertificateRequired", f"{_balancer}/Http/Resource"): _REDIRECT
        for pack in _PACKS
        if pack != "NIST.800.53.R4"
    }
CDK_NAG |= {
    (f"{pack}-ALBHttpToHttpsRedirection", f"{service}/LoadBalancer/Http/Resource"): _WITHOUT_CERTIFICATE
    for pack in _PACKS
    for service in _PLAIN_HTTP
}
CDK_NAG |= {
    (f"{pack}-ELBDeletionProtectionEnabled", f"{_UNPROTECTED}/LoadBalancer/Resource"): _SWITCHED_OFF
    for pack in _PACKS
    if pack != "PCI.DSS.321"
}
CDK_NAG |= {
    ("Serverless-SQSRedrivePolicy", f"{task}/DeadLetters/Resource"): "it is a dead-letter queue itself"
    for task in _SCHEDULED
}
"""Rule and construct."""

_ANY = "AwsSolutions-IAM5[Resource::*]"

CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    (_ANY, f"{task}/ExecutionRole"): PULL_REASON for task in _TASKS
}
for _stack, _name in _CACHED.items():
    _repositories = f"AwsSolutions-IAM5[Resource::arn:aws:ecr:eu-west-1:555566667777:repository/{_stack}/*]"
    CDK_NAG_ACKNOWLEDGED[_repositories, f"{_stack}/{_name}/ExecutionRole"] = CACHE_REASON
    CDK_NAG_ACKNOWLEDGED[_repositories, f"{_stack}/Cache/Template/Role"] = ROLE_REASON
for _stack, (_account, _cluster) in _CAPACITIES.items():
    _instances = f"arn:aws:ecs:eu-west-1:{_account}:container-instance/<{_cluster}>/*"
    CDK_NAG_ACKNOWLEDGED |= {
        (rule, f"{_stack}/Capacity/InstanceRole"): AGENT_REASON
        for rule in (_ANY, f"AwsSolutions-IAM5[Resource::{_instances}]")
    }
    CDK_NAG_ACKNOWLEDGED["AwsSolutions-AS3", f"{_stack}/Capacity/Instances"] = NOTIFICATION_REASON
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-ECS2", f"{task}/TaskDefinition"): ENVIRONMENT_REASON
    for task in (
        *_SERVICES_ON_EC2,
        "ecs-fargate-with-everything/Checkout",
        "ecs-task-granted/Migration",
        "Fargate/Checkout",
    )
}
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-S1", f"{service}/AccessLogs"): LOG_BUCKET_REASON for service in _BALANCED
}
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-SQS3", f"{task}/DeadLetters"): DEAD_LETTERS_REASON for task in _SCHEDULED
}
CDK_NAG_ACKNOWLEDGED[_ANY, "ecs-fargate-with-a-shell/Checkout/TaskRole"] = EXEC_REASON
CDK_NAG_ACKNOWLEDGED["AwsSolutions-EC23", "ecs-fargate-with-everything/Checkout/LoadBalancer"] = (
    INTERNET_REASON
)
"""Rule and construct, as the library acknowledges them itself."""
