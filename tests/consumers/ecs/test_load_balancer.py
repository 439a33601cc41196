"""A load balancer in front of a service."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import aws_ec2 as ec2

from registry_constructs import FargateService, InvalidInputError, LoadBalancer, Scaling
from tests.consumers.ecs.variants_ecs import certificate, named, service, vpc
from tests.consumers.reading import attributes
from tests.synthesis import new_stack, properties, resources, warnings

LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
PUBLIC = ["subnet-0a000000000000000", "subnet-0a000000000000001"]
PRIVATE = ["subnet-0b000000000000000", "subnet-0b000000000000001"]


def balancer(stack: Any) -> dict[str, Any]:
    return properties(stack, "AWS::ElasticLoadBalancingV2::LoadBalancer")


def listeners(stack: Any) -> dict[int, dict[str, Any]]:
    found = [body["Properties"] for body in resources(stack, LISTENER).values()]
    return {one["Port"]: one for one in found}


def ingress(stack: Any) -> set[tuple[str, int]]:
    """Addresses that may connect to the load balancer, and the port."""
    groups = resources(stack, "AWS::EC2::SecurityGroup")
    [rules] = [
        body["Properties"].get("SecurityGroupIngress", [])
        for name, body in groups.items()
        if "LoadBalancer" in name
    ]
    return {(rule["CidrIp"], rule["FromPort"]) for rule in rules}


def test_by_default_it_is_internal() -> None:
    stack = new_stack()
    given = service(stack, port=8080, load_balancer=LoadBalancer())
    assert balancer(stack)["Scheme"] == "internal"
    assert balancer(stack)["Subnets"] == PRIVATE
    assert attributes(stack)["deletion_protection.enabled"] == "true"
    assert attributes(stack)["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes(stack)["access_logs.s3.enabled"] == "true"
    assert ingress(stack) == {("10.0.0.0/16", 80)}
    [listener] = listeners(stack).values()
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    [group] = resources(stack, "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert listener["DefaultActions"] == [{"Type": "forward", "TargetGroupArn": {"Ref": group}}]
    assert given.load_balancer is not None
    assert given.target_group is not None
    assert warnings(stack) == []


def test_its_targets_are_the_tasks() -> None:
    stack = new_stack()
    service(
        stack,
        port=8080,
        load_balancer=LoadBalancer(health_check_path="/healthz", health_check_codes="200-204"),
    )
    [(group, body)] = resources(stack, "AWS::ElasticLoadBalancingV2::TargetGroup").items()
    actual = body["Properties"]
    assert (actual["Port"], actual["Protocol"], actual["TargetType"]) == (8080, "HTTP", "ip")
    assert (actual["HealthCheckPath"], actual["Matcher"]) == ("/healthz", {"HttpCode": "200-204"})
    assert properties(stack, "AWS::ECS::Service")["LoadBalancers"] == [
        {"ContainerName": "Container", "ContainerPort": 8080, "TargetGroupArn": {"Ref": group}}
    ]


def test_the_tasks_accept_connections_from_it_alone() -> None:
    stack = new_stack()
    service(stack, port=8080, load_balancer=LoadBalancer())
    [rule] = [body["Properties"] for body in resources(stack, "AWS::EC2::SecurityGroupIngress").values()]
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
    assert "LoadBalancer" in rule["SourceSecurityGroupId"]["Fn::GetAtt"][0]
    assert rule["GroupId"]["Fn::GetAtt"][0].startswith("CheckoutSecurityGroup")


def test_the_access_logs_stand_in_a_bucket_of_their_own() -> None:
    stack = new_stack()
    service(stack, port=8080, load_balancer=LoadBalancer())
    [(bucket, body)] = resources(stack, "AWS::S3::Bucket").items()
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Retain", "Retain")
    actual = body["Properties"]
    [rule] = actual["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert set(actual["PublicAccessBlockConfiguration"].values()) == {True}
    assert actual["VersioningConfiguration"] == {"Status": "Enabled"}
    [lifecycle] = actual["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] == 365
    assert attributes(stack)["access_logs.s3.bucket"] == {"Ref": bucket}
    policy = properties(stack, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert policy[0]["Effect"] == "Deny"
    assert policy[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(policy) > 1
    assert all("*" not in str(one["Action"]) for one in policy[1:])


def test_with_a_certificate_http_redirects_to_https() -> None:
    stack = new_stack()
    service(stack, port=8080, load_balancer=LoadBalancer(certificate=certificate(stack)))
    found = listeners(stack)
    assert found.keys() == {80, 443}
    [redirect] = found[80]["DefaultActions"]
    assert redirect["RedirectConfig"] == {"Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301"}
    assert found[443]["Protocol"] == "HTTPS"
    assert found[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert found[443]["Certificates"] == [{"CertificateArn": certificate(new_stack()).certificate_arn}]
    assert ingress(stack) == {("10.0.0.0/16", 80), ("10.0.0.0/16", 443)}


def test_facing_the_internet_it_stands_in_the_public_subnets() -> None:
    stack = new_stack()
    service(stack, port=8080, load_balancer=LoadBalancer(internal=False, certificate=certificate(stack)))
    assert balancer(stack)["Scheme"] == "internet-facing"
    assert balancer(stack)["Subnets"] == PUBLIC
    assert ingress(stack) == {("0.0.0.0/0", 80), ("0.0.0.0/0", 443)}
    assert properties(stack, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"][
        "Subnets"
    ] == (PRIVATE)


def test_who_may_connect_is_said_by_peers() -> None:
    stack = new_stack()
    service(stack, port=8080, load_balancer=LoadBalancer(peers=[ec2.Peer.ipv4("10.9.0.0/16")]))
    assert ingress(stack) == {("10.9.0.0/16", 80)}


def test_nobody_may_connect_until_connections_says_so() -> None:
    stack = new_stack()
    given = service(stack, port=8080, load_balancer=LoadBalancer(peers=[]))
    client = ec2.SecurityGroup.from_security_group_id(stack, "Client", "sg-0123456789abcdef0", mutable=False)
    assert given.load_balancer is not None
    given.load_balancer.connections.allow_from(client, ec2.Port.tcp(80))
    assert ingress(stack) == set()
    rules = resources(stack, "AWS::EC2::SecurityGroupIngress").values()
    assert "sg-0123456789abcdef0" in {str(body["Properties"]["SourceSecurityGroupId"]) for body in rules}


def test_the_addresses_of_a_vpc_of_the_app_are_written_out() -> None:
    stack = new_stack()
    network = ec2.Vpc(stack, "Vpc", ip_addresses=ec2.IpAddresses.cidr("10.7.0.0/16"), max_azs=2)
    FargateService(
        stack, "Checkout", image=named(stack), vpc=network, port=8080, load_balancer=LoadBalancer()
    )
    assert ingress(stack) == {("10.7.0.0/16", 80)}


def test_protection_can_be_switched_off() -> None:
    stack = new_stack()
    service(stack, port=8080, load_balancer=LoadBalancer(deletion_protection=False))
    assert attributes(stack)["deletion_protection.enabled"] == "false"


def test_requests_scale_the_tasks() -> None:
    stack = new_stack()
    service(
        stack,
        port=8080,
        load_balancer=LoadBalancer(),
        scaling=Scaling(min=1, max=5, cpu_percent=None, requests_per_target=500),
    )
    actual = properties(stack, "AWS::ApplicationAutoScaling::ScalingPolicy")
    tracking = actual["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 500
    assert tracking["PredefinedMetricSpecification"]["PredefinedMetricType"] == "ALBRequestCountPerTarget"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"internal": False}, "internet-facing load balancer needs a certificate"),
        ({"health_check_path": "healthz"}, "Not a path for the health check"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_group_name="nowhere")}, "no such subnets"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "in public subnets"),
    ],
)
def test_bad_input_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError, match=f"Stack/Checkout: .*{reason}"):
        service(new_stack(), port=8080, load_balancer=LoadBalancer(**given))


def test_a_vpc_without_known_addresses_is_refused() -> None:
    stack = new_stack()
    network = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        private_subnet_ids=PRIVATE,
        private_subnet_route_table_ids=["rtb-0b000000000000000", "rtb-0b000000000000001"],
    )
    with pytest.raises(InvalidInputError, match="imported VPC's addresses are not known") as caught:
        FargateService(
            stack, "Checkout", image=named(stack), vpc=network, port=8080, load_balancer=LoadBalancer()
        )
    assert "peers" in caught.value.fix


def test_a_stack_without_a_region_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="The stack has no Region"):
        service(new_stack(env=None), port=8080, load_balancer=LoadBalancer())


def test_without_public_subnets_it_cant_face_the_internet() -> None:
    stack = new_stack()
    network = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        vpc_cidr_block="10.0.0.0/16",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        private_subnet_ids=PRIVATE,
        private_subnet_route_table_ids=["rtb-0b000000000000000", "rtb-0b000000000000001"],
    )
    facing = LoadBalancer(internal=False, certificate=certificate(stack))
    with pytest.raises(InvalidInputError, match="Stack/Checkout: The VPC has no public subnets"):
        FargateService(stack, "Checkout", image=named(stack), vpc=network, port=8080, load_balancer=facing)


def test_facing_the_internet_from_private_subnets_is_refused() -> None:
    stack = new_stack()
    private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
    facing = LoadBalancer(internal=False, certificate=certificate(stack), vpc_subnets=private)
    with pytest.raises(InvalidInputError, match="These subnets are not public"):
        service(stack, port=8080, load_balancer=facing)


def test_one_zone_is_too_few() -> None:
    stack = new_stack()
    network = vpc(stack)
    one = ec2.SubnetSelection(subnets=[network.private_subnets[0]])
    with pytest.raises(InvalidInputError, match="at least two Availability Zones"):
        FargateService(
            stack,
            "Checkout",
            image=named(stack),
            vpc=network,
            port=8080,
            load_balancer=LoadBalancer(vpc_subnets=one),
        )
