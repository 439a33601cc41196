"""The EKS cluster: its defaults, its roles, what may pull, and what it refuses."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms

from registry_constructs import (
    EksCluster,
    Image,
    InvalidInputError,
    KubernetesWorkload,
    Nodes,
    PullThroughCache,
    Repository,
    Upstream,
)
from tests.consumers.eks.variants_eks import DIGEST, VERSION, cached_image, cluster, image, layer, vpc
from tests.synthesis import new_app, new_stack, properties, resources

# Networks, clusters and pipelines: whole stacks, which take long to synthesize.
pytestmark = pytest.mark.deploy

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ELSEWHERE = cdk.Environment(account="222233334444", region="eu-west-1")


def of(stack: cdk.Stack, resource_type: str, id_begins: str = "") -> Any:
    """The properties of the only resource of a type whose logical id begins so."""
    [found] = [
        body["Properties"]
        for name, body in resources(stack, resource_type).items()
        if name.startswith(id_begins)
    ]
    return found


def managed_policies(role: Any) -> set[str]:
    return {arn["Fn::Join"][1][-1].rpartition("/")[2] for arn in role["ManagedPolicyArns"]}


def statements(stack: cdk.Stack, id_begins: str) -> list[Any]:
    """What a role's own policies allow."""
    return [
        statement
        for name, body in resources(stack, "AWS::IAM::Policy").items()
        if name.startswith(id_begins)
        for statement in body["Properties"]["PolicyDocument"]["Statement"]
    ]


def add_ons(stack: cdk.Stack) -> dict[str, Any]:
    found = resources(stack, "AWS::EKS::Addon").values()
    return {body["Properties"]["AddonName"]: body["Properties"] for body in found}


def test_the_api_has_a_private_endpoint_only_and_writes_all_logs() -> None:
    stack = new_stack()
    cluster(stack)
    actual = properties(stack, "AWS::EKS::Cluster")
    assert actual["ResourcesVpcConfig"]["EndpointPrivateAccess"] is True
    assert actual["ResourcesVpcConfig"]["EndpointPublicAccess"] is False
    assert {one["Type"] for one in actual["Logging"]["ClusterLogging"]["EnabledTypes"]} == {
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    }


def test_nobody_may_use_it_for_having_made_it() -> None:
    stack = new_stack()
    cluster(stack)
    actual = properties(stack, "AWS::EKS::Cluster")
    assert actual["AccessConfig"] == {
        "AuthenticationMode": "API",
        "BootstrapClusterCreatorAdminPermissions": False,
    }
    assert actual["DeletionProtection"] is True
    assert resources(stack, "AWS::EKS::AccessEntry") == {}


def test_it_is_no_auto_mode_cluster() -> None:
    stack = new_stack()
    cluster(stack)
    actual = properties(stack, "AWS::EKS::Cluster")
    assert actual["ComputeConfig"] == {"Enabled": False}
    assert actual["BootstrapSelfManagedAddons"] is False


def test_secrets_are_encrypted_with_a_key_that_stays() -> None:
    stack = new_stack()
    cluster(stack)
    [(key_id, key)] = resources(stack, "AWS::KMS::Key").items()
    [encryption] = properties(stack, "AWS::EKS::Cluster")["EncryptionConfig"]
    assert encryption == {"Provider": {"KeyArn": {"Fn::GetAtt": [key_id, "Arn"]}}, "Resources": ["secrets"]}
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties(stack, "AWS::KMS::Alias")["AliasName"] == "alias/eks/Stack"


def test_the_clusters_of_a_stack_share_a_key_and_one_can_be_given() -> None:
    stack = new_stack()
    network = vpc(stack)
    EksCluster(stack, "First", vpc=network, version=VERSION)
    EksCluster(stack, "Second", vpc=network, version=VERSION)
    assert len(resources(stack, "AWS::KMS::Key")) == 1

    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/own")
    cluster(stack, secrets_encryption_key=key)
    [encryption] = properties(stack, "AWS::EKS::Cluster")["EncryptionConfig"]
    assert encryption["Provider"] == {"KeyArn": "arn:aws:kms:eu-west-1:111122223333:key/own"}


def test_the_nodes_role_holds_pull_only_and_never_more() -> None:
    stack = new_stack()
    cluster(stack)
    role = of(stack, "AWS::IAM::Role", "ClusterNodeRole")
    assert managed_policies(role) == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
    assert statements(stack, "ClusterNodeRole") == []


@pytest.mark.parametrize("nodes", [Nodes(), None], ids=["nodes", "fargate"])
def test_no_role_may_read_the_registry(nodes: Nodes | None) -> None:
    stack = new_stack()
    cluster(stack, nodes=nodes, fargate_namespaces=["shop"], kubectl_layer=layer(stack))
    assert "ReadOnly" not in str(resources(stack, "AWS::IAM::Role"))
    assert "AmazonEKSFargatePodExecutionRolePolicy" not in str(resources(stack, "AWS::IAM::Role"))


def test_the_network_plugin_has_a_role_of_its_own() -> None:
    stack = new_stack()
    cluster(stack)
    role = of(stack, "AWS::IAM::Role", "ClusterVpcCniRole")
    assert managed_policies(role) == {"AmazonEKS_CNI_Policy"}
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert set(trust["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert (
        trust["Condition"]["StringEquals"]
        | {
            "aws:RequestTag/kubernetes-namespace": "kube-system",
            "aws:RequestTag/kubernetes-service-account": "aws-node",
        }
        == trust["Condition"]["StringEquals"]
    )
    assert add_ons(stack)["vpc-cni"]["PodIdentityAssociations"][0]["ServiceAccount"] == "aws-node"
    assert add_ons(stack)["vpc-cni"]["ConfigurationValues"] == '{"enableNetworkPolicy":"true"}'


def test_nodes_wait_for_their_network_and_dns_waits_for_nodes() -> None:
    stack = new_stack()
    cluster(stack)
    assert add_ons(stack).keys() == {"coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"}
    names = {
        body["Properties"]["AddonName"]: name for name, body in resources(stack, "AWS::EKS::Addon").items()
    }
    [(group, nodes)] = resources(stack, "AWS::EKS::Nodegroup").items()
    assert set(nodes["DependsOn"]) == {
        names["eks-pod-identity-agent"],
        names["kube-proxy"],
        names["vpc-cni"],
    }
    assert resources(stack, "AWS::EKS::Addon")[names["coredns"]]["DependsOn"] == [group]


def test_instances_have_encrypted_disks_and_answer_one_hop() -> None:
    stack = new_stack()
    cluster(stack)
    data = properties(stack, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpPutResponseHopLimit": 1, "HttpTokens": "required"}
    [disk] = data["BlockDeviceMappings"]
    assert disk["DeviceName"] == "/dev/xvda"
    assert (disk["Ebs"]["Encrypted"], disk["Ebs"]["VolumeType"], disk["Ebs"]["VolumeSize"]) == (
        True,
        "gp3",
        50,
    )


def test_nodes_are_amazon_linux_2023_of_their_architecture() -> None:
    for types, image_type in ((["m6i.large"], "x86_64"), (["m7g.large", "c7g.xlarge"], "ARM_64")):
        stack = new_stack()
        cluster(stack, nodes=Nodes(instance_types=types, min_size=3, max_size=7, disk_gib=200))
        group = properties(stack, "AWS::EKS::Nodegroup")
        assert group["AmiType"] == f"AL2023_{image_type}_STANDARD"
        assert group["InstanceTypes"] == types
        assert group["ScalingConfig"] == {"DesiredSize": 3, "MaxSize": 7, "MinSize": 3}
        assert group["UpdateConfig"] == {"MaxUnavailable": 1}


def test_everything_is_in_private_subnets() -> None:
    stack = new_stack()
    network = ec2.Vpc(stack, "Network", max_azs=2)
    EksCluster(stack, "Cluster", vpc=network, version=VERSION, fargate_namespaces=["shop"])
    private = [{"Ref": stack.resolve(subnet.subnet_id)["Ref"]} for subnet in network.private_subnets]
    assert properties(stack, "AWS::EKS::Cluster")["ResourcesVpcConfig"]["SubnetIds"] == private
    assert properties(stack, "AWS::EKS::Nodegroup")["Subnets"] == private
    assert properties(stack, "AWS::EKS::FargateProfile")["Subnets"] == private


def test_isolated_subnets_will_do() -> None:
    stack = new_stack()
    isolated = ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    network = ec2.Vpc(stack, "Network", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])
    EksCluster(stack, "Cluster", vpc=network, version=VERSION)
    assert len(properties(stack, "AWS::EKS::Nodegroup")["Subnets"]) == 2


def test_a_name_brings_a_log_group_that_is_encrypted_and_expires() -> None:
    stack = new_stack()
    cluster(stack, cluster_name="shop")
    [(group_id, group)] = resources(stack, "AWS::Logs::LogGroup").items()
    assert group["Properties"]["LogGroupName"] == "/aws/eks/shop/cluster"
    assert group["Properties"]["RetentionInDays"] == 365
    assert "KmsKeyId" in group["Properties"]
    [body] = resources(stack, "AWS::EKS::Cluster").values()
    assert group_id in body["DependsOn"]
    assert body["Properties"]["Name"] == "shop"


def test_a_role_of_fargate_is_for_this_cluster_and_pulls_nothing_yet() -> None:
    stack = new_stack()
    cluster(stack, fargate_namespaces=["shop", "batch"])
    role = of(stack, "AWS::IAM::Role", "ClusterPodExecutionRole")
    assert "ManagedPolicyArns" not in role
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "eks-fargate-pods.amazonaws.com"}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Join"][1][0] == (
        "arn:aws:eks:eu-west-1:111122223333:fargateprofile/"
    )
    [logs] = statements(stack, "ClusterPodExecutionRole")
    assert logs["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    [profile] = resources(stack, "AWS::EKS::FargateProfile").values()
    assert [one["Namespace"] for one in profile["Properties"]["Selectors"]] == ["shop", "batch"]


def test_without_nodes_dns_runs_on_fargate_and_nothing_else_is_added() -> None:
    stack = new_stack()
    cluster(stack, nodes=None, fargate_namespaces=["shop"])
    assert add_ons(stack).keys() == {"coredns"}
    assert add_ons(stack)["coredns"]["ConfigurationValues"] == '{"computeType":"Fargate"}'
    assert resources(stack, "AWS::EKS::Nodegroup") == {}
    pull, token = statements(stack, "ClusterSystemPodExecutionRole")
    assert pull["Resource"] == "arn:aws:ecr:eu-west-1:*:repository/eks/*"
    assert pull["Action"] == PULL
    assert token["Action"] == "ecr:GetAuthorizationToken"


def test_fargate_logs_are_set_up_before_pods_where_there_is_kubectl() -> None:
    stack = new_stack()
    made = cluster(stack, nodes=None, fargate_namespaces=["shop"], kubectl_layer=layer(stack))
    KubernetesWorkload(stack, "Shop", cluster=made, image=image(stack))
    found = resources(stack, "Custom::AWSCDK-EKS-KubernetesResource")
    [logging] = [name for name in found if name.startswith("ClusterFargateLogging")]
    [pods] = [body for name, body in found.items() if name.startswith("ShopManifest")]
    assert "cloudwatch_logs" in str(found[logging]["Properties"]["Manifest"])
    assert logging in pods["DependsOn"]


def test_kubectl_may_use_the_cluster_and_read_no_images() -> None:
    stack = new_stack()
    cluster(stack, kubectl_layer=layer(stack))
    role = of(stack, "AWS::IAM::Role", "ClusterKubectlProviderHandler")
    assert managed_policies(role) == {"AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"}
    assert cdk.assertions.Template.from_stack(stack).find_conditions("*") == {}
    entry = properties(stack, "AWS::EKS::AccessEntry")
    assert "AmazonEKSClusterAdminPolicy" in str(entry["AccessPolicies"])


def test_what_calls_kubectl_is_outside_the_vpc() -> None:
    """It calls Lambda and answers to S3, which isolated subnets have no way to."""
    stack = new_stack()
    cluster(stack, kubectl_layer=layer(stack))
    in_vpc = {
        name.removeprefix("ClusterKubectlProvider")[:9]: "VpcConfig" in body["Properties"]
        for name, body in resources(stack, "AWS::Lambda::Function").items()
    }
    assert in_vpc == {"Handler2E": True, "framework": False}
    role = of(stack, "AWS::IAM::Role", "ClusterKubectlProviderframework")
    assert managed_policies(role) == {"AWSLambdaBasicExecutionRole"}


def test_an_image_of_the_account_needs_nothing_on_nodes() -> None:
    stack = new_stack()
    made = cluster(stack)
    made.allow_pull(image(stack))
    made.allow_pull(Image.of(Repository(stack, "Own"), digest=DIGEST))
    assert statements(stack, "ClusterNodeRole") == []


def test_an_image_of_the_account_needs_nothing_where_no_account_is_named() -> None:
    stack = new_stack(env=None)
    made = cluster(stack)
    made.allow_pull(Image.of(Repository(stack, "Own"), digest=DIGEST))
    assert statements(stack, "ClusterNodeRole") == []


def test_a_cached_image_needs_its_repository_made() -> None:
    stack = new_stack(env=cdk.Environment(account="777788889999", region="eu-west-1"))
    cluster(stack).allow_pull(cached_image(stack))
    [statement] = statements(stack, "ClusterNodeRole")
    assert statement == {
        "Action": "ecr:CreateRepository",
        "Effect": "Allow",
        "Resource": "arn:aws:ecr:eu-west-1:777788889999:repository/quay-eks/prometheus/prometheus",
    }


def test_fargate_may_pull_this_image_and_no_other() -> None:
    stack = new_stack()
    cluster(stack, nodes=None, fargate_namespaces=["shop"]).allow_pull(image(stack))
    found = statements(stack, "ClusterPodExecutionRole")
    assert [one["Resource"] for one in found if one["Action"] == PULL] == [
        "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"
    ]
    assert [one["Resource"] for one in found if one["Action"] == "ecr:GetAuthorizationToken"] == ["*"]


def test_fargate_may_pull_a_cached_image_the_first_time() -> None:
    stack = new_stack(env=cdk.Environment(account="888899990000", region="eu-west-1"))
    cluster(stack, nodes=None, fargate_namespaces=["shop"]).allow_pull(cached_image(stack))
    [pull] = [
        one for one in statements(stack, "ClusterPodExecutionRole") if "ecr:BatchGetImage" in one["Action"]
    ]
    assert set(pull["Action"]) == {*PULL, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"}
    assert pull["Resource"].endswith(":repository/quay-eks/prometheus/prometheus")


def test_a_namespace_decides_who_pulls() -> None:
    stack = new_stack()
    made = cluster(stack, fargate_namespaces=["shop"])
    made.allow_pull(image(stack), namespace="elsewhere")
    made.allow_pull(Image.of(Repository(stack, "Own"), digest=DIGEST), namespace="shop")
    [pull] = [one for one in statements(stack, "ClusterPodExecutionRole") if one["Action"] == PULL]
    assert "shop/checkout" not in str(pull["Resource"])
    assert statements(stack, "ClusterNodeRole") == []


def test_a_repository_of_another_account_allows_the_nodes() -> None:
    app = new_app()
    theirs = new_stack("Theirs", env=ELSEWHERE, app=app)
    repository = Repository(theirs, "App", repository_name="team/app")
    stack = new_stack(app=app)
    cluster(stack).allow_pull(Image.of(repository, digest=DIGEST))
    [statement] = properties(theirs)["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement["Action"] == PULL
    pull = [one for one in statements(stack, "ClusterNodeRole") if one["Action"] == PULL]
    assert [one["Resource"] for one in pull] == ["arn:aws:ecr:eu-west-1:222233334444:repository/team/app"]


def test_an_imported_repository_of_another_account_is_an_error_until_it_is_seen_to() -> None:
    stack = new_stack()
    made = cluster(stack)
    arn = "arn:aws:ecr:eu-west-1:222233334444:repository/team/app"
    theirs = Repository.from_repository_arn(stack, "Theirs", arn)
    with pytest.raises(RuntimeError, match="policy can't be changed from here"):
        made.allow_pull(Image.of(theirs, digest=DIGEST))
    seen_to = Repository.from_repository_arn(stack, "SeenTo", arn, policy_managed_elsewhere=True)
    made.allow_pull(Image.of(seen_to, digest=DIGEST))
    assert any(one["Resource"] == arn for one in statements(stack, "ClusterNodeRole"))


def test_a_cache_of_another_account_allows_it() -> None:
    app = new_app()
    theirs = new_stack("Caches", env=cdk.Environment(account="999900001111", region="eu-west-1"), app=app)
    from registry_constructs import Registry

    Registry(theirs, "Registry")
    cache = PullThroughCache(theirs, "Quay", upstream=Upstream.quay(), prefix="quay")
    stack = new_stack(app=app)
    cluster(stack).allow_pull(Image.cached(cache, "quay.io/org/app:v1"))
    policy = properties(theirs, "AWS::ECR::RegistryPolicy")["PolicyText"]
    assert "arn:aws:iam::111122223333:root" in str(policy)
    assert any(
        "ecr:CreateRepository" in one["Action"] and "999900001111" in str(one["Resource"])
        for one in statements(stack, "ClusterNodeRole")
    )


def test_the_architectures_are_those_of_the_node_groups() -> None:
    stack = new_stack()
    made = cluster(stack, fargate_namespaces=["batch"])
    assert made.architectures_of("shop") == ("amd64",)
    assert made.architectures_of("batch") == ("amd64",)
    made.add_nodegroup_capacity("Arm", instance_types=[ec2.InstanceType("m7g.large")])
    assert made.architectures_of("shop") == ("amd64", "arm64")
    template = ec2.LaunchTemplate(stack, "Custom")
    made.add_nodegroup_capacity(
        "Custom", launch_template_spec=eks.LaunchTemplateSpec(id=str(template.launch_template_id))
    )
    assert made.architectures_of("shop") is None


def test_it_is_a_cluster_of_the_cdk() -> None:
    stack = new_stack()
    made = cluster(stack, kubectl_layer=layer(stack))
    made.add_manifest("Extra", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra"}})
    assert isinstance(made, eks.Cluster)
    assert len(resources(stack, "Custom::AWSCDK-EKS-KubernetesResource")) == 1


def test_deletion_protection_and_endpoint_can_be_said() -> None:
    stack = new_stack()
    public = eks.EndpointAccess.PUBLIC_AND_PRIVATE.only_from("203.0.113.0/24")
    cluster(stack, deletion_protection=False, endpoint_access=public)
    actual = properties(stack, "AWS::EKS::Cluster")
    assert actual["DeletionProtection"] is False
    assert actual["ResourcesVpcConfig"]["PublicAccessCidrs"] == ["203.0.113.0/24"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a name with a dot": ({"cluster_name": "a.b"}, "Not a cluster's name"),
    "a long name": ({"cluster_name": "a" * 101}, "Not a cluster's name"),
    "nothing to run on": ({"nodes": None}, "nothing to run pods on"),
    "a number of nodes": ({"nodes": 3}, "Not nodes"),
    "no namespaces": ({"fargate_namespaces": []}, "fargate_namespaces is not a list"),
    "six namespaces": ({"fargate_namespaces": list("abcdef")}, "fargate_namespaces is not a list"),
    "a namespace twice": ({"fargate_namespaces": ["a", "a"]}, "fargate_namespaces is not a list"),
    "a text": ({"fargate_namespaces": "shop"}, "fargate_namespaces is not a list"),
    "no name": ({"fargate_namespaces": ["Shop"]}, "namespace is not a name"),
    "a namespace of Kubernetes": ({"fargate_namespaces": ["kube-system"]}, "belongs to Kubernetes"),
    "two architectures": (
        {"nodes": Nodes(instance_types=["m6i.large", "m7g.large"])},
        "different architectures",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_can_not_work_is_refused_with_the_path(case: str) -> None:
    keywords, problem = BAD[case]
    with pytest.raises(InvalidInputError, match=problem) as caught:
        cluster(new_stack(), **keywords)
    assert str(caught.value).startswith("Stack/Cluster")


def test_a_vpc_without_private_subnets_is_refused() -> None:
    stack = new_stack()
    public = ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC)
    network = ec2.Vpc(stack, "Network", nat_gateways=0, subnet_configuration=[public])
    with pytest.raises(InvalidInputError, match="has no private subnets"):
        EksCluster(stack, "Cluster", vpc=network, version=VERSION)


def test_public_subnets_are_refused() -> None:
    stack = new_stack()
    network = ec2.Vpc(stack, "Network", max_azs=2)
    with pytest.raises(InvalidInputError, match="Consumers can't run in public subnets"):
        EksCluster(
            stack,
            "Cluster",
            vpc=network,
            version=VERSION,
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        )


def test_one_zone_is_refused() -> None:
    stack = new_stack()
    network = ec2.Vpc(stack, "Network", max_azs=1)
    with pytest.raises(InvalidInputError, match="two Availability Zones"):
        EksCluster(stack, "Cluster", vpc=network, version=VERSION)


def test_subnets_that_the_vpc_has_not_are_refused() -> None:
    stack = new_stack()
    nowhere = ec2.SubnetSelection(subnet_group_name="nowhere")
    with pytest.raises(InvalidInputError, match="Stack/Cluster: The VPC has no such subnets"):
        cluster(stack, subnets=nowhere)


def test_subnets_known_by_their_ids_alone_are_taken() -> None:
    stack = new_stack()
    ids = ["subnet-0c000000000000000", "subnet-0c000000000000001"]
    chosen = [ec2.Subnet.from_subnet_id(stack, name, name) for name in ids]
    cluster(stack, subnets=ec2.SubnetSelection(subnets=chosen))
    assert properties(stack, "AWS::EKS::Cluster")["ResourcesVpcConfig"]["SubnetIds"] == ids


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"instance_types": []}, "instance_types is not a list"),
        ({"instance_types": "m6i.large"}, "instance_types is not a list"),
        ({"instance_types": ["large"]}, "instance_types is not a list"),
        ({"min_size": 5}, "max_size is out of bounds"),
        ({"min_size": -1}, "min_size is out of bounds"),
        ({"disk_gib": 8}, "disk_gib is out of bounds"),
    ],
)
def test_nodes_that_can_not_be_are_refused(keywords: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        Nodes(**keywords)


def test_a_cluster_of_one_stack_runs_the_workload_of_another() -> None:
    app = new_app()
    platform, team = new_stack("Platform", app=app), new_stack("Team", app=app)
    made = cluster(platform, kubectl_layer=layer(platform))
    repository = Repository(team, "App", repository_name="team/app")
    KubernetesWorkload(team, "Checkout", cluster=made, image=Image.of(repository, digest=DIGEST))
    assert len(resources(team, "Custom::AWSCDK-EKS-KubernetesResource")) == 2
    assert len(resources(team, "AWS::EKS::PodIdentityAssociation")) == 1
    assert [stack.stack_name for stack in team.dependencies] == ["Platform"]
