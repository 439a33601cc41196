"""A workload on EKS: what is applied, which role the pods have, who pulls, and the YAML for GitOps."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import kubernetes_validate
import pytest
import yaml
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match

from registry_constructs import Autoscaling, Image, InvalidInputError, KubernetesWorkload, Nodes, Repository
from tests.consumers.eks.variants_eks import (
    DIGEST,
    VARIANTS,
    cached_image,
    cluster,
    image,
    imported,
    layer,
)
from tests.synthesis import new_app, new_stack, properties, resources, warnings

# Networks, clusters and pipelines: whole stacks, which take long to synthesize.
pytestmark = pytest.mark.deploy

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
PLAIN_URI = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout@{DIGEST}"


def workload(stack: cdk.Stack, id: str = "Checkout", **keywords: Any) -> KubernetesWorkload:
    given = {"cluster": None, "image": None} | keywords
    return KubernetesWorkload(
        stack,
        id,
        **given
        | {
            "cluster": given["cluster"] or imported(stack),
            "image": given["image"] or image(stack),
            "apply": given.get("apply", False),
        },
    )


def applied(stack: cdk.Stack, id_begins: str) -> Any:
    """The objects of a manifest, with `<ref>` for what CloudFormation fills in."""
    [text] = [
        body["Properties"]["Manifest"]
        for name, body in resources(stack, MANIFEST).items()
        if name.startswith(id_begins)
    ]
    if isinstance(text, dict):
        text = "".join(part if isinstance(part, str) else "<ref>" for part in text["Fn::Join"][1])
    return json.loads(text)


def infos(stack: cdk.Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_info("*", Match.any_value())
    return [str(message.entry.data) for message in found]


def test_one_line_applies_namespace_and_objects() -> None:
    stack = new_stack()
    workload(stack, cluster=cluster(stack, kubectl_layer=layer(stack)), apply=True)
    [namespace] = applied(stack, "CheckoutNamespace")
    assert (namespace["kind"], namespace["metadata"]["name"]) == ("Namespace", "checkout")
    objects = applied(stack, "CheckoutManifest")
    assert [one["kind"] for one in objects] == [
        "ServiceAccount",
        "Deployment",
        "PodDisruptionBudget",
        "Service",
    ]
    for one in (namespace, *objects):
        assert kubernetes_validate.validate(one, "1.36", strict=True) == "1.36"


def test_the_namespace_stays_and_may_be_there_already() -> None:
    stack = new_stack()
    workload(stack, cluster=cluster(stack, kubectl_layer=layer(stack)), apply=True)
    found = resources(stack, MANIFEST)
    [name] = [name for name in found if name.startswith("CheckoutNamespace")]
    assert found[name]["DeletionPolicy"] == "Retain"
    assert found[name]["Properties"]["Overwrite"] is True
    assert "PruneLabel" not in found[name]["Properties"]
    [objects] = [body for other, body in found.items() if other != name]
    assert name in objects["DependsOn"]
    assert objects["DeletionPolicy"] == "Delete"
    assert "Overwrite" not in objects["Properties"]


def test_pods_wait_for_their_role_and_for_nodes() -> None:
    stack = new_stack()
    found = workload(stack, cluster=cluster(stack, kubectl_layer=layer(stack)), apply=True)
    s3.Bucket.from_bucket_name(stack, "Receipts", "receipts").grant_read(found.pod_role)
    [body] = [
        body for name, body in resources(stack, MANIFEST).items() if name.startswith("CheckoutManifest")
    ]
    [association] = resources(stack, "AWS::EKS::PodIdentityAssociation")
    [nodes] = resources(stack, "AWS::EKS::Nodegroup")
    [grants] = [name for name in resources(stack, "AWS::IAM::Policy") if name.startswith("CheckoutPodRole")]
    assert {association, nodes, grants} <= set(body["DependsOn"])


def test_the_name_is_the_ids_words() -> None:
    stack = new_stack()
    found = workload(stack, "OrderService2Worker")
    assert (found.description.name, found.description.namespace) == (
        "order-service2-worker",
        "order-service2-worker",
    )


def test_two_workloads_share_a_namespace() -> None:
    stack = new_stack()
    running = cluster(stack, kubectl_layer=layer(stack))
    for name in ("Checkout", "Orders"):
        workload(stack, name, cluster=running, image=image_named(stack, name), namespace="shop", apply=True)
    assert applied(stack, "CheckoutNamespace") == applied(stack, "OrdersNamespace")


def image_named(stack: cdk.Stack, name: str) -> Image:
    return Image.of(Repository.from_repository_name(stack, f"{name}Repository", "a/b"), digest=DIGEST)


def test_a_namespace_may_be_somebody_elses() -> None:
    stack = new_stack()
    found = workload(stack, namespace="default", create_namespace=False)
    assert "Namespace" not in {one["kind"] for one in found.manifests}


def test_the_pods_role_is_for_these_pods_and_may_do_nothing() -> None:
    stack = new_stack()
    workload(stack, namespace="shop")
    role = properties(stack, "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    assert resources(stack, "AWS::IAM::Policy") == {}
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert set(trust["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-west-1:111122223333:cluster/platform",
            "aws:RequestTag/kubernetes-namespace": "shop",
            "aws:RequestTag/kubernetes-service-account": "checkout",
        }
    }
    [role_id] = resources(stack, "AWS::IAM::Role")
    assert properties(stack, "AWS::EKS::PodIdentityAssociation") == {
        "ClusterName": "platform",
        "Namespace": "shop",
        "ServiceAccount": "checkout",
        "RoleArn": {"Fn::GetAtt": [role_id, "Arn"]},
    }


def test_the_pods_role_can_be_granted_something() -> None:
    stack = new_stack()
    bucket = s3.Bucket.from_bucket_name(stack, "Receipts", "receipts")
    bucket.grant_read(workload(stack).pod_role)
    assert "s3:GetObject*" in str(properties(stack, "AWS::IAM::Policy"))


def test_a_role_of_ones_own_is_linked() -> None:
    stack = new_stack()
    role = iam.Role.from_role_name(stack, "Role", "checkout")
    found = workload(stack, pod_role=role)
    assert resources(stack, "AWS::IAM::Role") == {}
    arn = properties(stack, "AWS::EKS::PodIdentityAssociation")["RoleArn"]
    assert arn == "arn:aws:iam::111122223333:role/checkout"
    assert found.pod_role.role_arn == role.role_arn


def test_fargate_has_no_pod_identity() -> None:
    stack = new_stack()
    running = cluster(stack, nodes=None, fargate_namespaces=["checkout"])
    found = workload(stack, cluster=running)
    assert found.description.fargate is True
    assert resources(stack, "AWS::EKS::PodIdentityAssociation") == {}
    with pytest.raises(InvalidInputError, match="does not reach pods on Fargate") as caught:
        _ = found.pod_role
    assert caught.value.where == "Stack/Checkout"


def test_on_fargate_the_service_account_is_annotated_with_a_role() -> None:
    stack = new_stack()
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/checkout")
    found = workload(stack, fargate=True, pod_role=role)
    [account] = [one for one in found.manifests if one["kind"] == "ServiceAccount"]
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": role.role_arn}
    assert found.pod_role is role
    assert stack.node.find_child("Checkout").node.children == []  # no association


def test_an_imported_clusters_role_is_granted_the_pull() -> None:
    stack = new_stack()
    nodes = iam.Role(stack, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    found = workload(stack, pull_role=nodes)
    statements = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert any("ecr:BatchGetImage" in one["Action"] for one in statements)
    assert found.required_elsewhere is None


def test_what_an_imported_cluster_must_hold_is_said() -> None:
    stack = new_stack()
    found = workload(stack)
    assert found.required_elsewhere == {
        "statements of the role that pulls": [
            {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout",
            },
        ]
    }
    # Nodes hold AmazonEC2ContainerRegistryPullOnly or more, which is enough for this image.
    assert infos(stack) == []


def test_more_than_pull_only_is_printed() -> None:
    stack = new_stack(env=cdk.Environment(account="121212121212", region="eu-west-1"))
    found = workload(stack, image=cached_image(stack))
    assert found.required_elsewhere is not None
    _, pull = found.required_elsewhere["statements of the role that pulls"]
    assert "ecr:CreateRepository" in pull["Action"]
    assert any("ecr:CreateRepository" in info for info in infos(stack))

    stack = new_stack()
    arn = "arn:aws:ecr:eu-west-1:222233334444:repository/team/app"
    theirs = Repository.from_repository_arn(stack, "Theirs", arn, policy_managed_elsewhere=True)
    found = workload(stack, image=Image.of(theirs, digest=DIGEST))
    assert found.required_elsewhere is not None
    assert found.required_elsewhere["statement of the repository policy"]["Principal"] == {
        "AWS": "arn:aws:iam::111122223333:root"
    }
    assert any("statement of the repository policy" in info for info in infos(stack))


def test_a_cached_image_of_our_cluster_needs_no_word() -> None:
    stack = new_stack(env=cdk.Environment(account="131313131313", region="eu-west-1"))
    found = workload(stack, cluster=cluster(stack), image=cached_image(stack))
    assert found.required_elsewhere is None
    assert "ecr:CreateRepository" in str(resources(stack, "AWS::IAM::Policy"))


def test_a_moving_tag_is_a_warning() -> None:
    stack = new_stack()
    repository = Repository.from_repository_name(stack, "Tagged", "a/b")
    workload(stack, image=Image.of(repository, tag="latest"))
    [warning] = warnings(stack)
    assert "can be moved" in warning


def test_the_image_decides_the_nodes() -> None:
    stack = new_stack()
    found = workload(stack, image=image(stack, architectures=["arm64"]))
    [deployment] = [one for one in found.manifests if one["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["nodeSelector"] == {"kubernetes.io/arch": "arm64"}


def test_an_image_for_both_runs_anywhere() -> None:
    stack = new_stack()
    arm = cluster(stack, nodes=Nodes(instance_types=["m7g.large"]))
    found = workload(stack, cluster=arm, image=image(stack, architectures=["amd64", "arm64"]))
    assert found.description.architecture is None


def test_nodes_that_are_added_count() -> None:
    stack = new_stack()
    running = cluster(stack)
    running.add_nodegroup_capacity("Arm", instance_types=[ec2.InstanceType("m7g.large")])
    found = workload(stack, cluster=running, image=image(stack, architectures=["arm64"]))
    assert found.description.architecture == "arm64"


def test_the_yaml_names_the_image_in_plain_text() -> None:
    stack = new_stack()
    found = workload(stack)
    documents = list(yaml.safe_load_all(found.to_yaml()))
    assert [one["kind"] for one in documents] == [one["kind"] for one in found.manifests]
    [deployment] = [one for one in documents if one["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == PLAIN_URI
    for one in documents:
        assert kubernetes_validate.validate(one, "1.36", strict=True) == "1.36"


def test_the_yaml_names_the_image_of_a_repository_of_the_app_and_of_a_cache() -> None:
    stack = new_stack(env=cdk.Environment(account="141414141414", region="cn-north-1"))
    own = Repository(stack, "Own", repository_name="shop/own")
    assert (
        f"141414141414.dkr.ecr.cn-north-1.amazonaws.com.cn/shop/own@{DIGEST}"
        in workload(stack, image=Image.of(own, digest=DIGEST)).to_yaml()
    )

    stack = new_stack(env=cdk.Environment(account="151515151515", region="eu-west-1"))
    uri = "151515151515.dkr.ecr.eu-west-1.amazonaws.com/quay-eks/prometheus/prometheus:v3.1.0"
    assert uri in workload(stack, image=cached_image(stack)).to_yaml()


def test_without_a_repository_name_there_is_no_yaml() -> None:
    stack = new_stack()
    found = workload(stack, image=Image.of(Repository(stack, "Own"), digest=DIGEST))
    with pytest.raises(InvalidInputError, match="known only at deployment") as caught:
        found.to_yaml()
    assert "the repository a name" in caught.value.fix
    assert caught.value.where == "Stack/Checkout"


def test_without_an_account_there_is_no_yaml() -> None:
    stack = new_stack(env=None)
    with pytest.raises(InvalidInputError, match="known only at deployment"):
        workload(stack).to_yaml()


def test_an_imported_cluster_with_kubectl_applies() -> None:
    stack = new_stack()
    provider = eks.KubectlProvider.from_kubectl_provider_attributes(
        stack,
        "Provider",
        service_token="arn:aws:lambda:eu-west-1:111122223333:function:kubectl",
        role=iam.Role.from_role_name(stack, "KubectlRole", "kubectl"),
    )
    theirs = eks.Cluster.from_cluster_attributes(
        stack, "Cluster", cluster_name="platform", kubectl_provider=provider
    )
    workload(stack, cluster=theirs, apply=True, autoscaling=Autoscaling(max_replicas=4))
    assert len(applied(stack, "CheckoutManifest")) == 5


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "kubectl": ({"apply": True}, "no kubectl to apply manifests with"),
    "name": ({"name": "Check_out"}, "name is not a name"),
    "port": ({"port": 70_000}, "port is out of bounds"),
    "quantity": ({"memory": "lots"}, "memory is not an amount of memory"),
    "secret": ({"environment": {"API_TOKEN": "hunter2"}}, "API_TOKEN looks like a secret"),
    "everybody's namespace": ({"namespace": "default"}, "Every cluster has this namespace"),
    "Kubernetes' namespace": ({"namespace": "kube-system"}, "belongs to Kubernetes"),
    "arm on Fargate": ({"fargate": True, "architecture": "arm64"}, "Nothing in the cluster"),
    "policy on Fargate": ({"fargate": True, "allow_from": []}, "no effect on Fargate"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_can_not_work_is_refused_with_the_path(case: str) -> None:
    keywords, problem = BAD[case]
    with pytest.raises(InvalidInputError, match=problem) as caught:
        workload(new_stack(), **keywords)
    assert str(caught.value).startswith("Stack/Checkout")
    assert caught.value.fix


def test_an_image_that_the_nodes_can_not_run_is_refused() -> None:
    stack = new_stack()
    arm = cluster(stack, nodes=Nodes(instance_types=["m7g.large"]))
    with pytest.raises(InvalidInputError, match="not built for this architecture"):
        workload(stack, cluster=arm, image=image(stack, architectures=["amd64"]))
    with pytest.raises(InvalidInputError, match="Nothing in the cluster has this architecture"):
        workload(stack, "Other", cluster=arm, image=image_named(stack, "Any"), architecture="amd64")
    with pytest.raises(InvalidInputError, match="not built for this architecture"):
        workload(
            stack,
            "Third",
            cluster=arm,
            image=Image.of(
                Repository.from_repository_name(stack, "Third-", "a/b"),
                digest=DIGEST,
                architectures=["arm64"],
            ),
            architecture="amd64",
        )


def test_what_contradicts_the_cluster_is_refused() -> None:
    stack = new_stack()
    running = cluster(stack, nodes=None, fargate_namespaces=["shop"])
    role = iam.Role.from_role_name(stack, "Role", "nodes")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"namespace": "elsewhere"}, "no nodes, and the namespace is not on Fargate"),
        ({"namespace": "shop", "fargate": False}, "is configured differently for this namespace"),
        ({"namespace": "shop", "pull_role": role}, "pulls with roles of its own"),
    ]
    for number, (keywords, problem) in enumerate(cases):
        with pytest.raises(InvalidInputError, match=problem):
            KubernetesWorkload(
                stack,
                f"Workload{number}",
                name="checkout",
                cluster=running,
                image=image_named(stack, problem),
                apply=False,
                **keywords,
            )


def test_a_name_is_taken_once_in_a_namespace() -> None:
    stack = new_stack()
    running = cluster(stack)
    workload(stack, "First", cluster=running, name="app", namespace="shop")
    with pytest.raises(InvalidInputError, match="Another workload has this name") as caught:
        workload(
            stack, "Second", cluster=running, image=image_named(stack, "B"), name="app", namespace="shop"
        )
    assert "Stack/First" in str(caught.value.got)
    workload(stack, "Third", cluster=running, image=image_named(stack, "C"), name="app", namespace="other")


@pytest.mark.parametrize("name", VARIANTS)
def test_no_variant_warns(name: str) -> None:
    account = cdk.Environment(account="161616161616", region="eu-west-1")
    stack = new_stack(name, env=account, app=new_app())
    VARIANTS[name](stack)
    assert [warning for warning in warnings(stack) if "registry-constructs:" in warning] == []
