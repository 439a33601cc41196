"""Private access: which endpoints, what passes them, and who reaches them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from registry_constructs import Image, PrivateRegistryAccess, PullThroughCache, Repository, Upstream
from registry_constructs.ecr.errors import InvalidInputError
from tests.consumers.network.variants_access import (
    DIGEST,
    EKS_IMAGES,
    ENVIRONMENTS,
    OTHER_ACCOUNT,
    VARIANTS,
    group,
    isolated_vpc,
    plain,
    vpc_with_a_way_out,
)
from tests.synthesis import ENV, new_app, new_stack, properties, raw_template, resources, warnings

# Networks, clusters and pipelines: whole stacks, which take long to synthesize.
pytestmark = pytest.mark.deploy

ENDPOINT = "AWS::EC2::VPCEndpoint"
INGRESS = "AWS::EC2::SecurityGroupIngress"
NAMED = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout"


def endpoints(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Properties of each endpoint, by its service."""
    found = {}
    for body in resources(stack, ENDPOINT).values():
        name = body["Properties"]["ServiceName"]
        text = name if isinstance(name, str) else name["Fn::Join"][1][-1]
        found[text.removeprefix("com.amazonaws.eu-west-1").removeprefix(".")] = body["Properties"]
    return found


def statements(endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    return endpoint.get("PolicyDocument", {}).get("Statement", [])


def named(stack: cdk.Stack) -> list[Any]:
    return [Repository.from_repository_name(stack, "Named", "shop/checkout")]


def access(stack: cdk.Stack, **keywords: Any) -> PrivateRegistryAccess:
    """Private access to a repository imported by its name, unless the keywords say something else."""
    if not keywords.keys() & {"images", "repositories", "caches", "accounts"}:
        keywords["repositories"] = named(stack)
    if "vpc" not in keywords:
        keywords["vpc"] = isolated_vpc(stack)
    return PrivateRegistryAccess(stack, "Access", **keywords)


def refusal(stack: cdk.Stack, **keywords: Any) -> str:
    with pytest.raises(InvalidInputError) as raised:
        access(stack, **keywords)
    assert str(raised.value).startswith("Stack/Access: ")
    return str(raised.value)


# Which endpoints ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "services"),
    [
        ({}, {"logs"}),
        ({"logs": False}, set()),
        ({"workloads": ["ecs-ec2"]}, {"logs", "ecs", "ecs-agent", "ecs-telemetry"}),
        ({"workloads": ["eks"]}, {"logs", "ec2", "eks-auth", "sts"}),
        (
            {"workloads": ["fargate", "ecs-ec2"], "also": ["ssm"]},
            {"logs", "ecs", "ecs-agent", "ecs-telemetry", "ssm"},
        ),
    ],
)
def test_each_workload_has_the_endpoints_it_calls(keywords: dict[str, Any], services: set[str]) -> None:
    stack = new_stack()
    made = access(stack, **keywords)
    assert endpoints(stack).keys() == services | {"ecr.api", "ecr.dkr", "s3"}
    assert made.endpoints.keys() == endpoints(stack).keys()


def test_interface_endpoints_have_private_dns_in_each_zone_and_the_gateway_every_route_table() -> None:
    stack = new_stack()
    access(stack)
    found = endpoints(stack)
    gateway = found.pop("s3")
    assert len(found) == 3
    for endpoint in found.values():
        assert endpoint["VpcEndpointType"] == "Interface"
        assert endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SubnetIds"] == ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    assert gateway["VpcEndpointType"] == "Gateway"
    assert gateway["RouteTableIds"] == ["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"]


def test_endpoints_are_where_subnets_are_selected() -> None:
    stack = new_stack()
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1, restrict_default_security_group=False)
    access(stack, vpc=vpc, subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC))
    public = [stack.resolve(subnet.subnet_id) for subnet in vpc.public_subnets]
    assert endpoints(stack)["ecr.api"]["SubnetIds"] == public
    tables = [stack.resolve(subnet.route_table.route_table_id) for subnet in vpc.public_subnets]
    assert endpoints(stack)["s3"]["RouteTableIds"] == tables


def test_china_has_its_own_names_and_a_warning() -> None:
    stack = new_stack(env=cdk.Environment(account="111122223333", region="cn-north-1"))
    access(stack)
    found = {
        body["Properties"]["ServiceName"]
        for body in resources(stack, ENDPOINT).values()
        if body["Properties"]["VpcEndpointType"] == "Interface"
    }
    assert {"cn.com.amazonaws.cn-north-1.ecr.api", "cn.com.amazonaws.cn-north-1.ecr.dkr"} < found
    [warning] = warnings(stack)
    assert "layer-bucket-in-china" in warning
    assert "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*" in json.dumps(raw_template(stack))


# What passes them ---------------------------------------------------------------------------------------


def test_both_endpoints_of_ecr_have_one_document() -> None:
    stack = new_stack()
    access(stack)
    found = endpoints(stack)
    assert found["ecr.api"]["PolicyDocument"] == found["ecr.dkr"]["PolicyDocument"]
    condition = {"StringEquals": {"aws:PrincipalAccount": ["111122223333"]}}
    assert statements(found["ecr.dkr"]) == [
        {
            "Action": "ecr:GetAuthorizationToken",
            "Condition": condition,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Resource": "*",
        },
        {
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Condition": condition,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Resource": NAMED,
        },
    ]


def test_layers_are_read_from_the_regions_bucket_alone() -> None:
    stack = new_stack()
    access(stack)
    # The URL is signed by an account of AWS's own, so no condition may ask who asks.
    assert statements(endpoints(stack)["s3"]) == [
        {
            "Action": "s3:GetObject",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Resource": "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",
        }
    ]


def pulled(stack: cdk.Stack) -> dict[str, Any]:
    """The statements of ECR's endpoints by their actions, without the one for the token."""
    return {
        json.dumps(one["Action"]): one["Resource"]
        for one in statements(endpoints(stack)["ecr.api"])
        if one["Action"] != "ecr:GetAuthorizationToken"
    }


def test_repositories_of_every_kind_are_named_exactly() -> None:
    stack = new_stack()
    own = Repository(stack, "Own")
    access(
        stack,
        images=[Image.of(own, digest=DIGEST)],
        repositories=[
            own,
            plain(stack),
            *named(stack),
            Repository.from_repository_arn(stack, "Other", OTHER_ACCOUNT),
        ],
        accounts=[EKS_IMAGES],
    )
    [found] = pulled(stack).values()
    made = {f"Fn::GetAtt {name}" for name in resources(stack)}
    texts = [one if isinstance(one, str) else f"Fn::GetAtt {one['Fn::GetAtt'][0]}" for one in found]
    assert len(texts) == 5
    assert set(texts) == made | {
        NAMED,
        "arn:aws:ecr:eu-west-1:222233334444:repository/shop/checkout",
        f"arn:aws:ecr:eu-west-1:{EKS_IMAGES}:repository/*",
    }


def test_a_cached_image_may_be_imported_into_its_repository_alone() -> None:
    stack = new_stack()
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix="quay")
    access(
        stack,
        vpc=vpc_with_a_way_out(stack),
        images=[Image.cached(cache, f"quay.io/prometheus/prometheus@{DIGEST}")],
        repositories=named(stack),
    )
    quay = "arn:aws:ecr:eu-west-1:111122223333:repository/quay/prometheus/prometheus"
    assert pulled(stack) == {
        '["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]': [
            quay,
            NAMED,
        ],
        '["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]': quay,
    }
    assert warnings(stack) == []


@pytest.mark.parametrize(("prefix", "names"), [("quay", "quay/*"), ("ROOT", "*")])
def test_a_cache_may_be_pulled_through_under_its_prefix(prefix: str, names: str) -> None:
    stack = new_stack()
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix=prefix)
    access(stack, vpc=vpc_with_a_way_out(stack), caches=[cache])
    [(actions, found)] = pulled(stack).items()
    assert {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:BatchGetImage"} < set(
        json.loads(actions)
    )
    assert found == f"arn:aws:ecr:eu-west-1:111122223333:repository/{names}"


def test_a_shared_vpc_serves_the_accounts_named() -> None:
    stack = new_stack()
    access(stack, consumer_accounts=["333344445555", "222233334444"])
    [logs] = statements(endpoints(stack)["logs"])
    assert logs["Resource"] == [
        "arn:aws:logs:eu-west-1:222233334444:log-group:*",
        "arn:aws:logs:eu-west-1:333344445555:log-group:*",
    ]
    assert logs["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ["222233334444", "333344445555"]}}


def test_more_may_be_let_through() -> None:
    stack = new_stack()
    made = access(stack)
    made.endpoints["s3"].add_to_policy(
        iam.PolicyStatement(
            principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=["arn:aws:s3:::assets/*"]
        )
    )
    [one] = statements(endpoints(stack)["s3"])
    assert one["Resource"] == [
        "arn:aws:s3:::assets/*",
        "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",
    ]


def test_endpoints_that_take_no_policy_have_none() -> None:
    stack = new_stack()
    access(stack, workloads=["ecs-ec2", "eks"], also=["eks"], accounts=[EKS_IMAGES])
    without = {service for service, endpoint in endpoints(stack).items() if "PolicyDocument" not in endpoint}
    assert without == {"ecs-agent", "ecs-telemetry", "eks", "eks-auth"}


def test_the_load_balancer_controller_needs_more_of_ec2() -> None:
    actions = []
    for also in ([], ["elasticloadbalancing"]):
        stack = new_stack()
        access(stack, workloads=["eks"], also=also, accounts=[EKS_IMAGES])
        actions.append({action for one in statements(endpoints(stack)["ec2"]) for action in one["Action"]})
    assert {"ec2:CreateSecurityGroup", "ec2:DescribeAvailabilityZones"} <= actions[1] - actions[0]


# Who reaches them ---------------------------------------------------------------------------------------


def test_nobody_reaches_the_endpoints_unless_named() -> None:
    stack = new_stack()
    access(stack)
    assert resources(stack, INGRESS) == {}
    found = properties(stack, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in found
    assert [rule["CidrIp"] for rule in found["SecurityGroupEgress"]] == ["255.255.255.255/32"]


def test_a_consumer_is_let_in_by_https_alone() -> None:
    stack = new_stack()
    vpc = isolated_vpc(stack)
    consumer = group(stack, vpc)
    made = access(stack, vpc=vpc, consumers=[consumer])
    rule = properties(stack, INGRESS)
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    assert rule["GroupId"] == stack.resolve(made.security_group.security_group_id)
    assert rule["SourceSecurityGroupId"] == stack.resolve(consumer.security_group_id)
    assert warnings(stack) == []


def test_the_rules_of_a_consumer_of_another_stack_are_in_its_stack() -> None:
    app = new_app()
    network = new_stack("Network", app=app)
    vpc = ec2.Vpc(network, "Vpc", max_azs=2, nat_gateways=0, restrict_default_security_group=False)
    made = access(network, vpc=vpc)
    other = new_stack("Service", app=app)
    made.allow(group(other, vpc), ec2.SecurityGroup(other, "Second", vpc=vpc, allow_all_outbound=False))
    assert resources(network, INGRESS) == {}
    assert len(resources(other, INGRESS)) == 2
    assert len(resources(other, "AWS::EC2::SecurityGroupEgress")) == 1
    assert [stack.node.id for stack in other.dependencies] == ["Network"]
    assert network.dependencies == []


def test_a_consumer_without_a_security_group_is_let_in_by_its_addresses() -> None:
    stack = new_stack()
    access(stack, consumers=[ec2.Peer.ipv4("10.0.0.0/17")])
    [rule] = properties(stack, "AWS::EC2::SecurityGroup")["SecurityGroupIngress"]
    assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("10.0.0.0/17", 443, 443)


def test_a_consumer_that_restricts_outbound_traffic_needs_a_way_to_s3() -> None:
    stack = new_stack()
    vpc = isolated_vpc(stack)
    access(stack, vpc=vpc, consumers=[group(stack, vpc, allow_all_outbound=False)])
    [warning] = warnings(stack)
    assert "s3_prefix_list='pl-...'" in warning
    assert "layers-need-a-way-to-s3" in warning


def test_the_prefix_list_is_that_way() -> None:
    stack = new_stack()
    vpc = isolated_vpc(stack)
    consumer = group(stack, vpc, allow_all_outbound=False)
    made = access(stack, vpc=vpc, consumers=[consumer], s3_prefix_list="pl-1")
    found = [body["Properties"] for body in resources(stack, "AWS::EC2::SecurityGroupEgress").values()]
    assert {one["GroupId"]["Fn::GetAtt"][0] for one in found} == {
        stack.resolve(consumer.security_group_id)["Fn::GetAtt"][0]
    }
    assert {one["FromPort"] for one in found} == {443}
    targets = [one.get("DestinationPrefixListId") or one["DestinationSecurityGroupId"] for one in found]
    assert targets == [stack.resolve(made.security_group.security_group_id), "pl-1"]
    assert warnings(stack) == []


# What is there already ----------------------------------------------------------------------------------


def own_vpc(stack: cdk.Stack) -> ec2.Vpc:
    return ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, restrict_default_security_group=False)


def test_endpoints_that_the_cdk_made_are_used_with_a_warning() -> None:
    stack = new_stack()
    vpc = own_vpc(stack)
    vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
    vpc.add_interface_endpoint("Logs", service=ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS, open=False)
    ec2.InterfaceVpcEndpoint(
        stack, "Api", vpc=vpc, service=ec2.InterfaceVpcEndpointAwsService.ECR, open=False
    )
    made = access(stack, vpc=vpc, consumers=[group(stack, vpc)])
    assert made.endpoints.keys() == {"ecr.dkr"}
    assert len(resources(stack, ENDPOINT)) == 4
    texts = warnings(stack)
    assert len(texts) == 3
    for service in ("s3", "logs", "ecr.api"):
        assert any(f"already has an endpoint for {service}" in text for text in texts)
    # The consumer reaches the other two endpoints as well.
    assert len(resources(stack, INGRESS)) == 3


def test_an_endpoint_without_private_dns_or_of_another_vpc_is_no_endpoint() -> None:
    stack = new_stack()
    vpc = own_vpc(stack)
    service = ec2.InterfaceVpcEndpointAwsService.ECR
    vpc.add_interface_endpoint("Quiet", service=service, private_dns_enabled=False)
    vpc.add_interface_endpoint(
        "S3", service=ec2.InterfaceVpcEndpointAwsService("s3"), private_dns_enabled=False
    )
    other = isolated_vpc(Construct(stack, "Other"))
    ec2.InterfaceVpcEndpoint(stack, "Elsewhere", vpc=other, service=service, open=False)
    assert access(stack, vpc=vpc).endpoints.keys() == {"ecr.api", "ecr.dkr", "logs", "s3"}
    assert warnings(stack) == []


def test_endpoints_that_are_named_are_not_made() -> None:
    stack = new_stack()
    there = ec2.GatewayVpcEndpoint.from_gateway_vpc_endpoint_id(stack, "S3", "vpce-1")
    made = access(stack, existing={"s3": there})
    assert made.endpoints.keys() == {"ecr.api", "ecr.dkr", "logs"}
    assert warnings(stack) == []


def test_a_second_access_uses_the_endpoints_of_the_first() -> None:
    stack = new_stack()
    vpc = own_vpc(stack)
    access(stack, vpc=vpc)
    second = PrivateRegistryAccess(stack, "Second", vpc=vpc, accounts=["222233334444"], also=["kms"])
    assert second.endpoints.keys() == {"kms"}


def test_a_second_endpoint_made_later_stops_the_synth() -> None:
    stack = new_stack()
    vpc = own_vpc(stack)
    access(stack, vpc=vpc)
    vpc.add_interface_endpoint("Logs", service=ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS)
    with pytest.raises(RuntimeError, match="Stack/Vpc/Logs/Resource is a second endpoint for logs"):
        raw_template(stack)


def test_it_works_where_nothing_is_known_of_the_environment() -> None:
    stack = new_stack(env=None)
    vpc = own_vpc(stack)
    vpc.add_interface_endpoint("Api", service=ec2.InterfaceVpcEndpointAwsService.ECR)
    made = access(stack, vpc=vpc)
    assert made.endpoints.keys() == {"ecr.dkr", "logs", "s3"}
    accounts = list(_values(raw_template(stack), "aws:PrincipalAccount"))
    assert accounts
    assert all(account == [{"Ref": "AWS::AccountId"}] for account in accounts)


# Warnings and errors ------------------------------------------------------------------------------------


def test_a_cache_in_isolated_subnets_is_a_warning() -> None:
    stack = new_stack()
    cache = PullThroughCache(stack, "Cache", upstream=Upstream.quay(), prefix="quay")
    access(stack, caches=[cache])
    [warning] = warnings(stack)
    assert "registry-constructs:cache-needs-a-way-out" in warning


def test_eks_without_the_registry_of_its_add_ons_is_a_warning() -> None:
    stack = new_stack()
    access(stack, workloads=["eks"])
    [warning] = warnings(stack)
    assert "registry-constructs:eks-images-of-aws" in warning


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"subnets": ec2.SubnetSelection(subnet_group_name="nowhere")}, "The VPC has no such subnets"),
        ({"subnets": ec2.SubnetSelection(availability_zones=["eu-west-1z"])}, "The VPC has no such subnets"),
        ({"repositories": []}, "Nothing is listed that may be pulled"),
        ({"workloads": []}, "workloads is not a list of workload types"),
        ({"workloads": "fargate"}, "write workloads=['fargate']"),
        ({"workloads": ["lambda"]}, "leave lambda out: it fetches images outside the VPC"),
        ({"also": ["sqs"]}, "security_groups=[access.security_group]"),
        ({"also": "kms"}, "also is not a list of services"),
        ({"accounts": ["1234"]}, "1234"),
        ({"accounts": "111122223333"}, "write ['111122223333']"),
        ({"consumer_accounts": ["me"]}, "'me'"),
        ({"existing": {"ssm": None}}, "existing has services that no endpoint is created for"),
    ],
)
def test_what_can_not_work_is_refused(keywords: dict[str, Any], text: str) -> None:
    assert text in refusal(new_stack(), **keywords)


def test_a_repository_of_another_region_is_refused() -> None:
    stack = new_stack()
    there = Repository.from_repository_arn(
        stack, "There", "arn:aws:ecr:us-east-1:111122223333:repository/shop/checkout"
    )
    text = refusal(stack, repositories=[there])
    assert "reach ECR only in their own Region" in text
    assert "Stack/There in us-east-1" in text


def test_a_cache_of_another_region_is_refused() -> None:
    app = new_app()
    there = new_stack("There", env=cdk.Environment(account=ENV.account, region="us-east-1"), app=app)
    cache = PullThroughCache(there, "Cache", upstream=Upstream.quay(), prefix="quay")
    stack = new_stack(app=app)
    assert "in us-east-1" in refusal(stack, images=[Image.cached(cache, "quay.io/a/b:1")])


def test_a_vpc_without_dns_is_refused() -> None:
    stack = new_stack()
    vpc = ec2.Vpc(stack, "Vpc", enable_dns_hostnames=False, restrict_default_security_group=False)
    assert "need a VPC with DNS support and DNS hostnames" in refusal(stack, vpc=vpc)


def test_subnets_without_known_route_tables_are_refused() -> None:
    stack = new_stack()
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["eu-west-1a"],
        isolated_subnet_ids=["subnet-1"],
    )
    text = refusal(stack, vpc=vpc)
    assert "['subnet-1']" in text
    assert "isolated_subnet_route_table_ids" in text


# Every policy of every variant --------------------------------------------------------------------------

# Actions that know no resource (Service Authorization Reference).
ANY_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ecs:DiscoverPollEndpoint",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "sts:GetCallerIdentity",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    # Lambda attaches a function to a VPC with these, on any resource (Lambda guide, configuration-vpc).
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
}


def _values(tree: Any, key: str) -> Iterator[Any]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from _values(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from _values(value, key)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_policy_names_its_actions_and_resources(name: str) -> None:
    stack = new_stack(name, env=ENVIRONMENTS.get(name, ENV))
    VARIANTS[name](stack)
    kinds = {
        ENDPOINT: "PolicyDocument",
        "AWS::IAM::Policy": "PolicyDocument",
        "AWS::ECR::Repository": "RepositoryPolicyText",
    }
    checked = 0
    for body in raw_template(stack)["Resources"].values():
        document = body["Properties"].get(kinds.get(body["Type"], ""), {})
        for statement in document.get("Statement", []):
            if statement["Effect"] == "Deny":
                continue
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action]
            if statement.get("Resource") == "*":
                known = {action for action in actions if ":Describe" in action} | ANY_RESOURCE
                assert set(actions) <= known
                if body["Type"] == ENDPOINT:
                    assert "aws:PrincipalAccount" in statement["Condition"]["StringEquals"]
            checked += 1
    assert checked
    assert warnings(stack) == []
