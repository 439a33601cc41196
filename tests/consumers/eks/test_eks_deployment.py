"""The EKS example, and a cluster on Fargate, deployed to the local AWS by the real CDK CLI and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from registry_constructs.local import LocalAws, cdk
from tests.synthesis import CONTEXT

ACCOUNT, REGION = "111122223333", "eu-west-1"
APP = """
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks

from registry_constructs import EksCluster, Image, KubernetesWorkload, Repository
from stacks.eks import EksStack

app = cdk.App()
env = cdk.Environment(account="111122223333", region="eu-west-1")
base = cdk.Stack(app, "Base", env=env)
vpc = ec2.Vpc.from_vpc_attributes(
    base,
    "Vpc",
    vpc_id="vpc-0123456789abcdef0",
    availability_zones=["eu-west-1a", "eu-west-1b"],
    private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
)
checkout = Repository(base, "Checkout", repository_name="shop/checkout")
image = Image.of(checkout, digest="sha256:" + "a" * 64)
EksStack(app, "Eks", env=env, vpc=vpc, image=image)

fargate = cdk.Stack(app, "Fargate", env=env)
cluster = EksCluster(
    fargate,
    "Cluster",
    vpc=vpc,
    version=eks.KubernetesVersion.V1_36,
    nodes=None,
    fargate_namespaces=["checkout"],
    cluster_name="on-fargate",
)
KubernetesWorkload(fargate, "Checkout", cluster=cluster, image=image, apply=False)
app.synth()
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("eks")
    (folder / "app.py").write_text(APP)
    (folder / "cdk.json").write_text(json.dumps({"context": CONTEXT}))
    with LocalAws(account=ACCOUNT, region=REGION) as running:
        with cdk.synthesized(running, folder / "app.py") as assembly:
            assembly.bootstrap()
            assembly.deploy()
            yield running
            assert sum("There were no differences" in line for line in assembly.diff()) == 3
            assembly.destroy()
        assert running.client("eks").list_clusters()["clusters"] == []


def outputs(aws: LocalAws, stack: str) -> dict[str, str]:
    [described] = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def resources(aws: LocalAws, stack: str, kind: str) -> list[str]:
    found = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return [str(one["PhysicalResourceId"]) for one in found if one["ResourceType"] == kind]


def test_the_cluster_stands_with_its_add_ons(aws: LocalAws) -> None:
    eks: Any = aws.client("eks")
    name = outputs(aws, "Eks")["ClusterName"]
    cluster = eks.describe_cluster(name=name)["cluster"]
    assert cluster["version"] == "1.36"
    assert cluster["accessConfig"] == {"authenticationMode": "API"}
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is False
    assert set(eks.list_addons(clusterName=name)["addons"]) == {
        "coredns",
        "eks-pod-identity-agent",
        "kube-proxy",
        "metrics-server",
        "vpc-cni",
    }


def test_the_nodes_pull_with_a_role_that_holds_two_policies(aws: LocalAws) -> None:
    eks: Any = aws.client("eks")
    name = outputs(aws, "Eks")["ClusterName"]
    [group] = eks.list_nodegroups(clusterName=name)["nodegroups"]
    nodes = eks.describe_nodegroup(clusterName=name, nodegroupName=group)["nodegroup"]
    assert nodes["amiType"] == "AL2023_x86_64_STANDARD"
    iam: Any = aws.client("iam")
    role = nodes["nodeRole"].rpartition("/")[2]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert {policy["PolicyArn"].rpartition("/")[2] for policy in attached} == {
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSWorkerNodePolicy",
    }
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def test_pods_and_the_network_plugin_have_roles_by_pod_identity(aws: LocalAws) -> None:
    eks: Any = aws.client("eks")
    name = outputs(aws, "Eks")["ClusterName"]
    associations = eks.list_pod_identity_associations(clusterName=name)["associations"]
    assert {(one["namespace"], one["serviceAccount"]) for one in associations} == {
        ("kube-system", "aws-node"),
        ("shop", "checkout"),
    }
    [of_the_add_on] = eks.describe_addon(clusterName=name, addonName="vpc-cni")["addon"][
        "podIdentityAssociations"
    ]
    assert of_the_add_on in {one["associationArn"] for one in associations}


def test_only_the_function_with_kubectl_may_use_the_cluster(aws: LocalAws) -> None:
    eks: Any = aws.client("eks")
    name = outputs(aws, "Eks")["ClusterName"]
    [principal] = eks.list_access_entries(clusterName=name)["accessEntries"]
    assert "KubectlProviderHandler" in principal
    [policy] = eks.list_associated_access_policies(clusterName=name, principalArn=principal)[
        "associatedAccessPolicies"
    ]
    assert policy["policyArn"].endswith("AmazonEKSClusterAdminPolicy")


def test_manifests_are_kept_and_said_not_to_be_applied(aws: LocalAws) -> None:
    kept = resources(aws, "Eks", "Custom::AWSCDK-EKS-KubernetesResource")
    assert len(kept) == 2
    assert all(identifier.startswith("kept-not-applied/Eks/Checkout") for identifier in kept)


def test_fargate_profiles_are_described(aws: LocalAws) -> None:
    eks: Any = aws.client("eks")
    names = eks.list_fargate_profiles(clusterName="on-fargate")["fargateProfileNames"]
    profiles = [
        eks.describe_fargate_profile(clusterName="on-fargate", fargateProfileName=name)["fargateProfile"]
        for name in names
    ]
    assert sorted(str(profile["selectors"]) for profile in profiles) == sorted(
        [
            str([{"namespace": "checkout", "labels": {}}]),
            str([{"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}]),
        ]
    )
    assert len({profile["podExecutionRoleArn"] for profile in profiles}) == 2
    [settings] = [
        eks.describe_addon(clusterName="on-fargate", addonName="coredns")["addon"]["configurationValues"]
    ]
    assert json.loads(settings) == {"computeType": "Fargate"}
    assert eks.list_addons(clusterName="on-fargate")["addons"] == ["coredns"]
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_fargate_profile(clusterName="on-fargate", fargateProfileName="none")


def test_the_role_of_fargate_may_pull_this_image(aws: LocalAws) -> None:
    eks: Any = aws.client("eks")
    iam: Any = aws.client("iam")
    allowed = set()
    for name in eks.list_fargate_profiles(clusterName="on-fargate")["fargateProfileNames"]:
        profile = eks.describe_fargate_profile(clusterName="on-fargate", fargateProfileName=name)
        role = profile["fargateProfile"]["podExecutionRoleArn"].rpartition("/")[2]
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                if "ecr:BatchGetImage" in statement["Action"]:
                    allowed.add(statement["Resource"])
    assert allowed == {
        f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/checkout",
        f"arn:aws:ecr:{REGION}:*:repository/eks/*",
    }


def template(**changed: str) -> str:
    """A cluster and everything that a template can change of it."""
    actual = {"role": "first", "version": "v1", "manifest": "one", "scope": "shop"} | changed
    role = f"arn:aws:iam::{ACCOUNT}:role/{actual['role']}"
    in_cluster = {"ClusterName": {"Ref": "Cluster"}}
    policy = {
        "PolicyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "AccessScope": {"Type": "namespace", "Namespaces": [actual["scope"]]},
    }
    manifest = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": actual["manifest"]}}]
    resources = {
        "Cluster": (
            "AWS::EKS::Cluster",
            {"Name": "raw", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/cluster", "ResourcesVpcConfig": {}},
        ),
        "AddOn": (
            "AWS::EKS::Addon",
            in_cluster
            | {
                "AddonName": "vpc-cni",
                "AddonVersion": actual["version"],
                "PodIdentityAssociations": [{"ServiceAccount": "aws-node", "RoleArn": role}],
            },
        ),
        "Entry": (
            "AWS::EKS::AccessEntry",
            in_cluster | {"PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/people", "AccessPolicies": [policy]},
        ),
        "Identity": (
            "AWS::EKS::PodIdentityAssociation",
            in_cluster | {"Namespace": "shop", "ServiceAccount": "checkout", "RoleArn": role},
        ),
        "Profile": (
            "AWS::EKS::FargateProfile",
            in_cluster
            | {
                "FargateProfileName": "batch",
                "PodExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/pull",
                "Selectors": [{"Namespace": "batch"}],
                "Tags": [{"Key": "owner", "Value": actual["role"]}],
            },
        ),
        "Manifest": (
            "Custom::AWSCDK-EKS-KubernetesResource",
            in_cluster | {"ServiceToken": "unused", "Manifest": json.dumps(manifest)},
        ),
    }
    return json.dumps(
        {"Resources": {name: {"Type": kind, "Properties": body} for name, (kind, body) in resources.items()}}
    )


def test_what_a_template_changes_is_changed(aws: LocalAws) -> None:
    cloudformation: Any = aws.client("cloudformation")
    eks: Any = aws.client("eks")
    cloudformation.create_stack(StackName="Raw", TemplateBody=template())
    cloudformation.get_waiter("stack_create_complete").wait(StackName="Raw", WaiterConfig={"Delay": 1})
    before = resources(aws, "Raw", "AWS::EKS::PodIdentityAssociation")
    cloudformation.update_stack(
        StackName="Raw", TemplateBody=template(role="second", version="v2", scope="batch", manifest="two")
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName="Raw", WaiterConfig={"Delay": 1})
    add_on = eks.describe_addon(clusterName="raw", addonName="vpc-cni")["addon"]
    assert add_on["addonVersion"] == "v2"
    roles = {
        one["serviceAccount"]: eks.describe_pod_identity_association(
            clusterName="raw", associationId=one["associationId"]
        )["association"]["roleArn"].rpartition("/")[2]
        for one in eks.list_pod_identity_associations(clusterName="raw")["associations"]
    }
    assert roles == {"aws-node": "second", "checkout": "second"}
    assert resources(aws, "Raw", "AWS::EKS::PodIdentityAssociation") == before
    principal = f"arn:aws:iam::{ACCOUNT}:role/people"
    [policy] = eks.list_associated_access_policies(clusterName="raw", principalArn=principal)[
        "associatedAccessPolicies"
    ]
    assert policy["accessScope"]["namespaces"] == ["batch"]
    profile = eks.describe_fargate_profile(clusterName="raw", fargateProfileName="batch")["fargateProfile"]
    assert profile["tags"]["owner"] == "second"
    cloudformation.delete_stack(StackName="Raw")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="Raw", WaiterConfig={"Delay": 1})
    assert "raw" not in eks.list_clusters()["clusters"]
    assert eks.list_fargate_profiles(clusterName="raw")["fargateProfileNames"] == []


def test_what_names_no_cluster_fails_with_the_reason(aws: LocalAws) -> None:
    body = {"ClusterName": "nowhere", "AddonName": "coredns"}
    cloudformation: Any = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="Nowhere",
        TemplateBody=json.dumps({"Resources": {"AddOn": {"Type": "AWS::EKS::Addon", "Properties": body}}}),
        OnFailure="DO_NOTHING",
    )
    with pytest.raises(Exception, match="CREATE_FAILED"):
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="Nowhere", WaiterConfig={"Delay": 1}
        )
    events = cloudformation.describe_stack_events(StackName="Nowhere")["StackEvents"]
    assert any(
        "No cluster found for name: nowhere" in event.get("ResourceStatusReason", "") for event in events
    )
    cloudformation.delete_stack(StackName="Nowhere")
