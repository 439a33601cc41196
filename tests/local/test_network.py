"""A network with endpoints on the local AWS: its types, and the example's network and functions deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from registry_constructs import Image, Repository
from registry_constructs.local import LocalAws
from stacks.functions import FunctionsStack
from stacks.network import NetworkStack
from tests.local.stacks import Stack, template
from tests.synthesis import new_app

ACCOUNT, REGION = "111122223333", "eu-west-1"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
VPC = ("AWS::EC2::VPC", {"CidrBlock": "10.1.0.0/16"})


def group(**more: Any) -> tuple[str, dict[str, Any]]:
    return "AWS::EC2::SecurityGroup", {"GroupDescription": "Tasks", "VpcId": {"Ref": "Vpc"}} | more


def rule(kind: str, port: int, **more: Any) -> tuple[str, dict[str, Any]]:
    properties = {"GroupId": {"Ref": "Group"}, "IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    return f"AWS::EC2::SecurityGroup{kind}", properties | more


def test_a_vpc_has_its_attributes(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    outputs = stack.create(template({"Vpc": VPC}, "CidrBlock", "DefaultSecurityGroup", "VpcId"))
    assert outputs["VpcCidrBlock"] == "10.1.0.0/16"
    assert outputs["VpcVpcId"] == outputs["Vpc"]
    tagged = ("AWS::EC2::VPC", VPC[1] | {"Tags": [{"Key": "a", "Value": "b"}]})
    assert stack.update(template({"Vpc": tagged}, "CidrBlock"))["VpcCidrBlock"] == "10.1.0.0/16"


def test_rules_that_stand_alone_are_in_their_group(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    first = {
        "Vpc": VPC,
        "Group": group(),
        "In": rule("Ingress", 443, CidrIp="10.1.0.0/17"),
        "Out": rule("Egress", 443, DestinationPrefixListId="pl-1"),
    }
    client = local_aws.client("ec2", account=account, region="us-east-1")
    group_id = stack.create(template(first))["Group"]

    def ports(direction: str) -> list[tuple[int, Any]]:
        [found] = client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
        return [(one["FromPort"], [*one["IpRanges"], *one["PrefixListIds"]]) for one in found[direction]]

    assert ports("IpPermissions") == [(443, [{"CidrIp": "10.1.0.0/17"}])]
    assert ports("IpPermissionsEgress") == [(443, [{"PrefixListId": "pl-1"}])]
    stack.update(template(first | {"In": rule("Ingress", 8443, CidrIp="10.1.0.0/17")}))
    assert ports("IpPermissions") == [(8443, [{"CidrIp": "10.1.0.0/17"}])]
    stack.update(template({"Vpc": VPC, "Group": group()}))
    assert ports("IpPermissions") == []
    assert ports("IpPermissionsEgress") == []


def test_a_rule_of_no_group_is_refused(local_aws: LocalAws, account: str) -> None:
    kind, properties = rule("Ingress", 443, CidrIp="10.0.0.0/8")
    reason = Stack(local_aws, account).refused(template({"In": (kind, properties | {"GroupId": "sg-none"})}))
    assert "The security group 'sg-none' does not exist" in reason


def test_a_flow_log_comes_and_goes(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    client = local_aws.client("ec2", account=account, region="us-east-1")
    log = {
        "ResourceId": {"Ref": "Vpc"},
        "ResourceType": "VPC",
        "TrafficType": "REJECT",
        "LogGroupName": "flows",
        "Tags": [{"Key": "owner", "Value": "platform"}],
    }
    outputs = stack.create(template({"Vpc": VPC, "Log": ("AWS::EC2::FlowLog", log)}))
    [found] = client.describe_flow_logs()["FlowLogs"]
    assert (found["FlowLogId"], found["ResourceId"]) == (outputs["Log"], outputs["Vpc"])
    assert (found["TrafficType"], found["LogDestination"]) == ("REJECT", "flows")
    retagged = log | {"Tags": [{"Key": "owner", "Value": "network"}]}
    again = stack.update(template({"Vpc": VPC, "Log": ("AWS::EC2::FlowLog", retagged)}))
    assert again["Log"] == outputs["Log"]
    assert client.describe_flow_logs()["FlowLogs"][0]["Tags"][0]["Value"] == "network"
    replaced = stack.update(
        template({"Vpc": VPC, "Log": ("AWS::EC2::FlowLog", log | {"TrafficType": "ALL"})})
    )
    assert [one["FlowLogId"] for one in client.describe_flow_logs()["FlowLogs"]] == [replaced["Log"]]
    assert replaced["Log"] != outputs["Log"]
    stack.update(template({"Vpc": VPC}))
    assert client.describe_flow_logs()["FlowLogs"] == []


def test_the_default_group_is_closed_while_the_cdk_says_so(local_aws: LocalAws, account: str) -> None:
    stack = Stack(local_aws, account)
    client = local_aws.client("ec2", account=account, region="us-east-1")
    closed = {
        "ServiceToken": f"arn:aws:lambda:us-east-1:{account}:function:not-there",
        "DefaultSecurityGroupId": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]},
    }
    group_id = stack.create(template({"Vpc": VPC, "Closed": ("Custom::VpcRestrictDefaultSG", closed)}))[
        "Closed"
    ]

    def rules() -> list[int]:
        [found] = client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
        return [len(found["IpPermissions"]), len(found["IpPermissionsEgress"])]

    assert rules() == [0, 0]
    stack.update(template({"Vpc": VPC}))
    assert rules() == [1, 1]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """The example's network and functions, a consumer in a stack of its own, and what they run."""
    app = new_app()
    env = cdk.Environment(account=ACCOUNT, region=REGION)
    repository = Repository(
        cdk.Stack(app, "Repositories", env=env), "Thumbnails", repository_name="shop/thumbnails"
    )
    image = Image.of(repository, digest=DIGEST)
    network = NetworkStack(app, "Network", env=env, images=[image])
    FunctionsStack(app, "Functions", env=env, image=image)
    consumer = cdk.Stack(app, "Consumer", env=env)
    network.access.allow(ec2.SecurityGroup(consumer, "Tasks", vpc=network.vpc, description="Tasks"))
    with LocalAws(account=ACCOUNT, region=REGION) as local:
        local.deploy(app.synth().directory)
        yield local


def outputs_of(aws: LocalAws, stack: str, kind: str) -> list[str]:
    pages = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return [one["PhysicalResourceId"] for one in pages if one["ResourceType"] == kind]


def endpoints(aws: LocalAws) -> dict[str, Any]:
    found = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return {one["ServiceName"].removeprefix(f"com.amazonaws.{REGION}."): one for one in found}


@pytest.mark.deploy
def test_the_endpoints_stand_with_their_policies(aws: LocalAws) -> None:
    found = endpoints(aws)
    assert found.keys() == {"ecr.api", "ecr.dkr", "logs", "s3"}
    for service in ("ecr.api", "ecr.dkr", "logs"):
        assert found[service]["VpcEndpointType"] == "Interface"
        assert found[service]["PrivateDnsEnabled"] is True
        assert len(found[service]["SubnetIds"]) == 2
    assert found["ecr.api"]["PolicyDocument"] == found["ecr.dkr"]["PolicyDocument"]
    token, pull = json.loads(found["ecr.dkr"]["PolicyDocument"])["Statement"]
    assert (token["Action"], token["Resource"]) == ("ecr:GetAuthorizationToken", "*")
    assert pull["Resource"] == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/thumbnails"
    [layers] = json.loads(found["s3"]["PolicyDocument"])["Statement"]
    assert layers["Resource"] == f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*"


@pytest.mark.deploy
def test_layers_are_routed_to_every_subnet(aws: LocalAws) -> None:
    tables = outputs_of(aws, "Network", "AWS::EC2::RouteTable")
    assert len(tables) == 2
    assert sorted(endpoints(aws)["s3"]["RouteTableIds"]) == sorted(tables)


@pytest.mark.deploy
def test_only_the_consumer_may_reach_the_endpoints(aws: LocalAws) -> None:
    [endpoint_group] = {
        group["GroupId"]
        for service, endpoint in endpoints(aws).items()
        if service != "s3"
        for group in endpoint["Groups"]
    }
    [consumer] = outputs_of(aws, "Consumer", "AWS::EC2::SecurityGroup")
    [found] = aws.client("ec2").describe_security_groups(GroupIds=[endpoint_group])["SecurityGroups"]
    [allowed] = found["IpPermissions"]
    assert (allowed["IpProtocol"], allowed["FromPort"], allowed["ToPort"]) == ("tcp", 443, 443)
    assert [pair["GroupId"] for pair in allowed["UserIdGroupPairs"]] == [consumer]
    assert not allowed["IpRanges"]


@pytest.mark.deploy
def test_the_default_security_group_is_closed_and_traffic_is_logged(aws: LocalAws) -> None:
    client = aws.client("ec2")
    [vpc] = outputs_of(aws, "Network", "AWS::EC2::VPC")
    groups = client.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    [default] = [group for group in groups if group["GroupName"] == "default"]
    assert default["IpPermissions"] == default["IpPermissionsEgress"] == []
    [log] = client.describe_flow_logs()["FlowLogs"]
    assert log["ResourceId"] == vpc
    [group] = aws.client("logs").describe_log_groups(logGroupNamePrefix=log["LogDestination"])["logGroups"]
    assert "kmsKeyId" in group


@pytest.mark.deploy
def test_the_function_stands_and_lambda_may_fetch_its_image(aws: LocalAws) -> None:
    [name] = outputs_of(aws, "Functions", "AWS::Lambda::Function")
    found = aws.client("lambda").get_function(FunctionName=name)
    assert found["Code"]["ImageUri"].endswith(f"/shop/thumbnails@{DIGEST}")
    configuration = found["Configuration"]
    assert (configuration["PackageType"], configuration["Architectures"]) == ("Image", ["x86_64"])
    assert configuration["Environment"]["Variables"] == {"LOG_LEVEL": "info"}
    text = aws.client("ecr").get_repository_policy(repositoryName="shop/thumbnails")["policyText"]
    [statement] = json.loads(text)["Statement"]
    [pattern] = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert configuration["FunctionArn"].startswith(pattern.removesuffix("*"))
    assert pattern.startswith(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:Functions-Thumbnails")
