"""The network that runs the shop's containers: no way to the internet, and one to the shop's images."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from registry_constructs import Image, PrivateRegistryAccess
from registry_constructs._cdk.logs import encrypted_log_group
from registry_constructs.consumers.network.endpoint_policies import Service, WorkloadType


class NetworkStack(cdk.Stack):
    """Isolated subnets in two zones, and private access to some repositories.

    What runs there takes `vpc=network.vpc` and says `network.access.allow(service)`; the rules are made in
    its own stack.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        images: What may be pulled.
        workloads: What pulls.
        also: What else is called from there.
        accounts: Accounts whose images may be pulled as well, all of them.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: cdk.Environment,
        images: Sequence[Image],
        workloads: Sequence[WorkloadType] = ("fargate",),
        also: Sequence[Service] = (),
        accounts: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, id, env=env, description="The network that runs the shop's containers")

        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                # Room for 4,091 addresses each, and for other subnets beside them.
                ec2.SubnetConfiguration(
                    name="Containers", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20
                )
            ],
            restrict_default_security_group=True,
        )
        flow_logs = encrypted_log_group(self, "FlowLogs")
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(flow_logs),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )
        self.access = PrivateRegistryAccess(
            self, "Access", vpc=self.vpc, images=images, workloads=workloads, also=also, accounts=accounts
        )

    @property
    def availability_zones(self) -> list[str]:
        """The Region's first two zones, as CloudFormation names them: synth needs no look at the account."""
        zones = cdk.Fn.get_azs()
        return [cdk.Fn.select(index, zones) for index in range(2)]
