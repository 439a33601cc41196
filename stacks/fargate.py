"""The shop's checkout on Fargate: a service that scales, and a task that cleans up at night."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from registry_constructs import FargateService, FargateTask, Image, LoadBalancer, Scaling, ScanGate
from registry_constructs.ecr.severities import Severity


class FargateStack(cdk.Stack):
    """One image, as a service behind an internal load balancer and as a task by a schedule.

    Args:
        scope: The app.
        id: The stack's id.
        env: The account and Region.
        vpc: A VPC with private subnets, from which ECR can be reached.
        image: What runs; it listens on port 8080 and answers /healthz.
        severity: Refuse an image with findings as bad as this or worse, before the service is touched.
            Default: nothing is checked.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        env: cdk.Environment,
        vpc: ec2.IVpc,
        image: Image,
        severity: Severity | None = None,
    ) -> None:
        super().__init__(scope, id, env=env, description="The shop's checkout on Fargate")

        if severity is not None:
            image = ScanGate(self, "Gate", image=image, severity=severity).image

        self.service = FargateService(
            self,
            "Checkout",
            image=image,
            vpc=vpc,
            port=8080,
            environment={"LOG_LEVEL": "info"},
            load_balancer=LoadBalancer(health_check_path="/healthz"),
            scaling=Scaling(min=2, max=10, requests_per_target=600),
        )

        self.clean_up = FargateTask(
            self,
            "CleanUp",
            image=image,
            cluster=self.service.cluster,
            command=["clean-up", "--older-than", "30d"],
            schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
        )

        if self.service.load_balancer is not None:
            cdk.CfnOutput(self, "Address", value=self.service.load_balancer.load_balancer_dns_name)
        cdk.CfnOutput(self, "CleanUpNow", value=self.clean_up.run_command)
