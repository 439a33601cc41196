"""Accepted findings of cdk-nag and Checkov about consumers on EKS, with the reason."""

from __future__ import annotations

from registry_constructs.consumers.eks.add_ons import CNI_POLICY_REASON
from registry_constructs.consumers.eks.cluster import CLUSTER_POLICY_REASON
from registry_constructs.consumers.eks.fargate_profiles import SYSTEM_IMAGES_REASON
from registry_constructs.consumers.eks.kubectl import POLICIES_REASON, RUNTIME_REASON, VERSIONS_REASON
from registry_constructs.consumers.eks.nodes import NODE_POLICIES_REASON
from registry_constructs.consumers.eks.pulling import TOKEN_REASON
from stacks.eks import ISOLATED_REASON
from tests.consumers.eks.variants_eks import TAGGED_REASON

_WITH_KUBECTL = ("eks-fargate", "eks-workload", "eks-workload-with-everything", "Eks")
_WITH_NODES = (
    "eks-cached-image",
    "eks-defaults",
    "eks-nodes-and-fargate",
    "eks-workload",
    "eks-workload-with-everything",
    "Eks",
)
_CLUSTERS = (*_WITH_NODES, "eks-fargate")

_NO_LIMIT = "the CDK's own function runs while a stack is deployed and takes no reserved concurrency"
_NO_QUEUE = (
    "CloudFormation waits for the CDK's own function and shows its failure: nothing is left to a queue"
)
_NO_KEY = "the CDK makes its own functions' logs without a key; they hold manifests, where no secret stands"
_NO_TRACE = "the CDK's own function takes no tracing, and logs what it does"
_NO_VARIABLES_KEY = "the CDK's own functions have a function's ARN and an STS setting as variables"
_MEMORY = "the CDK's own function passes one call on: 128 MB are enough"
_OUTSIDE = "the CDK's own function calls Lambda and answers CloudFormation, and nothing that is in a VPC"
_INLINE = "the CDK writes a role's grants into a policy of its own"
_TOKEN = "a token is asked for on *: its actions know no resource"

CHECKOV: dict[tuple[str, str], str] = {
    (check, name): reason
    for name in _WITH_KUBECTL
    for check, reason in {
        "CKV_AWS_115": _NO_LIMIT,
        "CKV_AWS_116": _NO_QUEUE,
        "CKV_AWS_117": _OUTSIDE,
        "CKV_AWS_158": _NO_KEY,
        "CKV_AWS_173": _NO_VARIABLES_KEY,
    }.items()
}
"""Check and template."""

_FUNCTION_RULES = {
    "HIPAA.Security-LambdaConcurrency": _NO_LIMIT,
    "HIPAA.Security-LambdaDLQ": _NO_QUEUE,
    "NIST.800.53.R5-LambdaConcurrency": _NO_LIMIT,
    "NIST.800.53.R5-LambdaDLQ": _NO_QUEUE,
    "Serverless-LambdaDLQ": _NO_QUEUE,
    "Serverless-LambdaTracing": _NO_TRACE,
}
_CALLER = "Provider/framework-onEvent"
_KUBECTL_RULES = {
    "Handler/Resource": _FUNCTION_RULES | {"Serverless-LambdaLatestVersion": RUNTIME_REASON},
    f"{_CALLER}/Resource": _FUNCTION_RULES | {"Serverless-LambdaDefaultMemorySize": _MEMORY},
}
_KUBECTL_FUNCTIONS = ("Handler", _CALLER)
_PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
_ROLES_WITH_GRANTS = (
    "eks-cached-image/Cluster/NodeRole/DefaultPolicy",
    "eks-fargate/Cluster/PodExecutionRole/DefaultPolicy",
    "eks-fargate/Cluster/SystemPodExecutionRole/DefaultPolicy",
    "eks-imported-cluster/Nodes/PolicyeksimportedclusterNodes4C63C59F",
    "eks-nodes-and-fargate/Cluster/PodExecutionRole/DefaultPolicy",
    *(
        f"{name}/Cluster/KubectlProvider/{function}/ServiceRole/DefaultPolicy"
        for name in _WITH_KUBECTL
        for function in _KUBECTL_FUNCTIONS
    ),
)

CDK_NAG: dict[tuple[str, str], str] = {
    (rule, f"{name}/Cluster/KubectlProvider/{function}"): reason
    for name in _WITH_KUBECTL
    for function, rules in _KUBECTL_RULES.items()
    for rule, reason in rules.items()
}
"""Rule and construct."""
CDK_NAG |= {
    (
        f"{pack}-CloudWatchLogGroupEncrypted",
        f"{name}/Cluster/KubectlProvider/{function}/LogGroup/Resource",
    ): _NO_KEY
    for pack in _PACKS
    for name in _WITH_KUBECTL
    for function in _KUBECTL_FUNCTIONS
}
CDK_NAG |= {
    (f"{pack}-LambdaInsideVPC", f"{name}/Cluster/KubectlProvider/{_CALLER}/Resource"): _OUTSIDE
    for pack in _PACKS
    for name in _WITH_KUBECTL
}
CDK_NAG |= {
    (f"{pack}-IAMNoInlinePolicy", f"{role}/Resource"): _INLINE
    for pack in _PACKS
    for role in _ROLES_WITH_GRANTS
}
CDK_NAG |= {
    (
        "AwsSolutions-IAM5[Resource::*]",
        "eks-imported-cluster/Nodes/PolicyeksimportedclusterNodes4C63C59F/Resource",
    ): _TOKEN
}


def _policy(name: str) -> str:
    return f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]"


CDK_NAG_ACKNOWLEDGED: dict[tuple[str, str], str] = {
    (_policy("AmazonEKSClusterPolicy"), f"{name}/Cluster/Role"): CLUSTER_POLICY_REASON for name in _CLUSTERS
}
"""Rule and construct, as the library acknowledges them itself."""
CDK_NAG_ACKNOWLEDGED |= {
    (_policy(policy), f"{name}/Cluster/{role}"): reason
    for name in _WITH_NODES
    for policy, role, reason in (
        ("AmazonEC2ContainerRegistryPullOnly", "NodeRole", NODE_POLICIES_REASON),
        ("AmazonEKSWorkerNodePolicy", "NodeRole", NODE_POLICIES_REASON),
        ("AmazonEKS_CNI_Policy", "VpcCniRole", CNI_POLICY_REASON),
    )
}
CDK_NAG_ACKNOWLEDGED |= {
    (rule, f"{name}/Cluster/KubectlProvider{child}"): reason
    for name in _WITH_KUBECTL
    for rule, child, reason in (
        (_policy("service-role/AWSLambdaBasicExecutionRole"), "/Handler", POLICIES_REASON),
        (_policy("service-role/AWSLambdaVPCAccessExecutionRole"), "/Handler", POLICIES_REASON),
        (_policy("service-role/AWSLambdaBasicExecutionRole"), f"/{_CALLER}", POLICIES_REASON),
        (
            "AwsSolutions-IAM5[Resource::<ClusterKubectlProviderHandler2E05C68A.Arn>:*]",
            "",
            VERSIONS_REASON,
        ),
        ("AwsSolutions-L1", "/Handler", RUNTIME_REASON),
    )
}
CDK_NAG_ACKNOWLEDGED |= {
    ("AwsSolutions-IAM5[Resource::*]", "eks-fargate/Cluster/PodExecutionRole"): TOKEN_REASON,
    ("AwsSolutions-IAM5[Resource::*]", "eks-fargate/Cluster/SystemPodExecutionRole"): SYSTEM_IMAGES_REASON,
    (
        "AwsSolutions-IAM5[Resource::arn:aws:ecr:eu-west-1:*:repository/eks/*]",
        "eks-fargate/Cluster/SystemPodExecutionRole",
    ): SYSTEM_IMAGES_REASON,
}
CDK_NAG_ACKNOWLEDGED["@aws-cdk/aws-eks:isolatedSubnetsForKubectlPrivateSubnets", "Eks/Cluster"] = (
    ISOLATED_REASON
)
CDK_NAG_ACKNOWLEDGED |= {
    ("@aws-cdk/aws-eks:clusterMustManuallyTagSubnet", f"{name}/Cluster"): TAGGED_REASON
    for name in _CLUSTERS
    if name != "Eks"
}
