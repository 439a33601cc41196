"""What ministack's EC2 lacks for a network with endpoints: types, attributes, and what endpoints hold.

Rules of security groups outside a group and flow logs are types of their own; a VPC has the attributes that
AWS publishes, and the CDK's custom resource closes its default security group; `DescribeVpcEndpoints` gives
policies, security groups and private DNS. Nothing is routed or filtered.
"""

from __future__ import annotations

import json
import secrets
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, now_iso
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from registry_constructs.local.emulator import schemas
from registry_constructs.local.emulator.schemas import Properties
from registry_constructs.local.emulator.tables import Created

_VPC = "AWS::EC2::VPC"
_FLOW_LOG = "AWS::EC2::FlowLog"
_RULES = {
    "AWS::EC2::SecurityGroupIngress": "IpPermissions",
    "AWS::EC2::SecurityGroupEgress": "IpPermissionsEgress",
}
# What the CDK's Vpc makes. Its function is for Node with the AWS SDK, which Lambda has and a machine may not.
_CLOSED_GROUP = "Custom::VpcRestrictDefaultSG"
_EVERYTHING = [{"CidrIp": "0.0.0.0/0"}]


def install() -> None:
    """Add the types and wrap ministack's own handlers."""
    handlers = provisioners._RESOURCE_HANDLERS
    handlers[_VPC] = _with_attributes(handlers[_VPC])
    for kind, direction in _RULES.items():
        handlers[kind] = _rule_handlers(direction)
    handlers[_CLOSED_GROUP] = {"create": _close, "delete": _reopen}
    handlers[_FLOW_LOG] = {"create": _flow_log, "update": _update_flow_log, "delete": _delete_flow_log}
    for kind in (*_RULES, _FLOW_LOG):
        provisioners._REPLACING_PROPERTIES[kind] = schemas.read(kind).create_only
    provisioners._STACK_TAG_PROPERTY[_FLOW_LOG] = ("Tags", "list")
    _describe_endpoints_fully()


def _with_attributes(own: dict[str, Any]) -> dict[str, Any]:
    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        return _vpc(own["create"](logical_id, properties, stack))

    def update(vpc_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        return _vpc(own["update"](vpc_id, old, new, stack, logical_id))

    return own | {"create": create, "update": update}


def _vpc(created: tuple[str, dict[str, Any]]) -> Created:
    vpc_id, attributes = created
    vpc = ec2._vpcs[vpc_id]
    association = vpc.setdefault("CidrBlockAssociationId", _new_id("vpc-cidr-assoc"))
    return vpc_id, attributes | {
        "CidrBlock": vpc["CidrBlock"],
        "CidrBlockAssociations": [association],
        "Ipv6CidrBlocks": [],
    }


def _rule_handlers(direction: str) -> dict[str, Any]:
    def create(_logical_id: str, properties: Properties, _stack: str) -> Created:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group '{properties['GroupId']}' does not exist")
        if direction == "IpPermissionsEgress":
            # AWS removes the rule that lets everything out when the first one is added to a group that has
            # no others.
            group[direction] = [rule for rule in group[direction] if rule.get("IpRanges") != _EVERYTHING]
        group[direction].extend(provisioners._ec2_sg_permissions([properties]))
        rule_id = _new_id("sgr")
        return rule_id, {"Id": rule_id}

    def update(rule_id: str, old: Properties, new: Properties, _stack: str) -> Created:
        delete(rule_id, old)
        create("", new, "")
        return rule_id, {"Id": rule_id}

    def delete(_rule_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        for rule in provisioners._ec2_sg_permissions([properties]) if group else ():
            if rule in group[direction]:
                group[direction].remove(rule)

    return {"create": create, "update": update, "delete": delete}


def _close(_logical_id: str, properties: Properties, _stack: str) -> Created:
    group_id = properties["DefaultSecurityGroupId"]
    ec2._security_groups[group_id] |= {"IpPermissions": [], "IpPermissionsEgress": []}
    return group_id, {}


def _reopen(group_id: str, _properties: Properties) -> None:
    if group_id in ec2._security_groups:
        ec2._security_groups[group_id] |= {
            "IpPermissions": provisioners._ec2_sg_permissions(
                [{"IpProtocol": "-1", "SourceSecurityGroupId": group_id}]
            ),
            "IpPermissionsEgress": provisioners._ec2_sg_egress_permissions(None),
        }


def _flow_log(_logical_id: str, properties: Properties, _stack: str) -> Created:
    flow_log_id = _new_id("fl")
    ec2._flow_logs[flow_log_id] = {
        "FlowLogId": flow_log_id,
        "ResourceId": properties["ResourceId"],
        "ResourceType": properties["ResourceType"],
        "TrafficType": properties.get("TrafficType", "ALL"),
        "LogDestinationType": properties.get("LogDestinationType", "cloud-watch-logs"),
        "LogDestination": properties.get("LogDestination") or properties.get("LogGroupName", ""),
        "FlowLogStatus": "ACTIVE",
        "CreationTime": now_iso(),
        "OwnerId": get_account_id(),
    }
    provisioners._ec2_apply_tags(flow_log_id, properties)
    return flow_log_id, {"Id": flow_log_id}


def _update_flow_log(flow_log_id: str, old: Properties, new: Properties, _stack: str) -> Created:
    provisioners._ec2_apply_tags(flow_log_id, new, old)
    return flow_log_id, {"Id": flow_log_id}


def _delete_flow_log(flow_log_id: str, _properties: Properties) -> None:
    ec2._flow_logs.pop(flow_log_id, None)
    ec2._tags.pop(flow_log_id, None)


def _describe_endpoints_fully() -> None:
    own = ec2._vpce_fields_xml

    def fields(endpoint: dict[str, Any], tag: str = "item") -> str:
        policy = endpoint.get("PolicyDocument")
        if policy is None:
            policy = {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}
        groups = "".join(
            f"<item><groupId>{group}</groupId></item>" for group in endpoint.get("SecurityGroupIds", [])
        )
        more = (
            f"<policyDocument>{escape(json.dumps(policy))}</policyDocument><groupSet>{groups}</groupSet>"
            f"<privateDnsEnabled>{str(bool(endpoint.get('PrivateDnsEnabled'))).lower()}</privateDnsEnabled>"
        )
        head, _, tail = str(own(endpoint, tag)).rpartition(f"</{tag}>")
        return f"{head}{more}</{tag}>{tail}"

    ec2._vpce_fields_xml = fields


def _new_id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(9)[:17]}"
