"""The shop's checkout on EC2 instances of its own."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from registry_constructs import Ec2Capacity, Ec2Service, Image, Scaling


class Ec2Stack(cdk.Stack):
    """One image as a service on instances that come and go with its tasks.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        vpc: A VPC with private subnets, from which ECR and ECS can be reached.
        image: What runs; it listens on port 8080.
    """

    def __init__(
        self, scope: Construct, id: str, *, env: cdk.Environment, vpc: ec2.IVpc, image: Image
    ) -> None:
        super().__init__(scope, id, env=env, description="The shop's checkout on EC2 instances")

        self.capacity = Ec2Capacity(self, "Capacity", vpc=vpc, max_capacity=6)

        self.service = Ec2Service(
            self,
            "Checkout",
            image=image,
            capacity=self.capacity,
            port=8080,
            memory_limit_mib=1024,
            scaling=Scaling(min=2, max=10),
        )
