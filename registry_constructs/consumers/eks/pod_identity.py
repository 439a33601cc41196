"""The principal of a role that EKS Pod Identity provides to pods."""

from __future__ import annotations

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam

AnyCluster = eks.ICluster | eks.Cluster
"""A cluster of `aws_eks_v2`; to type checkers `eks.Cluster` is no `eks.ICluster`, for want of a member."""


def pod_identity_principal(cluster: AnyCluster, namespace: str, service_account: str) -> iam.IPrincipal:
    """The pods of one service account of one cluster, identified by their session tags.

    Without them, anyone who can create a Pod Identity association in the account and pass the role could
    give it to any pod (EKS guide, pod-id-role and pod-id-abac).
    """
    tags = {
        "aws:RequestTag/eks-cluster-arn": cluster.cluster_arn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    pods = iam.ServicePrincipal("pods.eks.amazonaws.com", conditions={"StringEquals": tags})
    return iam.SessionTagsPrincipal(pods)
