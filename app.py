"""The example app: the repositories and registries of a small shop, as a platform team would keep them.

Accounts and Regions come from the context, so that nobody deploys to an account by accident:

    cdk deploy --all -c account=<yours> -c region=<yours> -c readers=<account>,<account>
        -c replica_account=<another, or the same> -c replica_region=<another>
        -c checkout=<digest or tag> -c thumbnails=<digest or tag>
        -c severity=HIGH -c github=<owner>@<id>/<repository>@<id>
        -c catalog=<file or folder>

Without them, the app is for the AWS on this machine that `make deploy-local` starts. In an account of yours,
nobody else may pull but the readers you name, the settings that a whole registry shares are left alone
until you name where its replicas go, and nothing runs until you name what you pushed to shop/checkout and to
shop/thumbnails. With a severity, checkout's service passes a gate; with a repository of GitHub, its jobs may
push to development/checkout, whose versions are promoted to shop/checkout and roll the service. A catalog
says itself in which accounts and Regions its repositories are made; here it is examples/catalog.
"""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from cdk_nag import AwsSolutionsChecks

from registry_constructs import CatalogStage, FargateService, Image
from stacks import (
    DeliveryStack,
    DestinationRegistryStack,
    Ec2Stack,
    EksStack,
    FargateStack,
    FunctionsStack,
    NetworkStack,
    PublicImagesStack,
    RepositoriesStack,
    SourceRegistryStack,
)

EKS_ADD_ONS = "602401143452"
"""Where EKS keeps its add-ons' images in most Regions (EKS User Guide, add-ons-images)."""


def build(app: cdk.App) -> None:
    """Put the example's stacks into an app."""
    account = app.node.try_get_context("account")
    region = app.node.try_get_context("region") or "eu-west-1"
    readers = app.node.try_get_context("readers")
    replica_account = app.node.try_get_context("replica_account")
    replica_region = app.node.try_get_context("replica_region") or "eu-central-1"
    checkout = app.node.try_get_context("checkout")
    thumbnails = app.node.try_get_context("thumbnails")
    github = app.node.try_get_context("github")
    catalog = app.node.try_get_context("catalog")
    if account is None:
        account, readers = "111122223333", readers or "222233334444,333344445555"
        replica_account = replica_account or "222233334444"
        checkout, thumbnails = checkout or "v1.0.0", thumbnails or "v1.0.0"
        github = github or "acme@123456/checkout@456789"
        catalog = catalog or str(Path(__file__).parent / "examples" / "catalog")
    home = cdk.Environment(account=account, region=region)
    repositories = RepositoriesStack(
        app,
        "Repositories",
        env=home,
        reader_accounts=[reader.strip() for reader in readers.split(",")] if readers else [],
    )
    PublicImagesStack(app, "PublicImages", env=cdk.Environment(account=account, region="us-east-1"))
    if replica_account:
        destination = DestinationRegistryStack(
            app,
            "DestinationRegistry",
            env=cdk.Environment(account=replica_account, region=replica_region),
        )
        SourceRegistryStack(app, "SourceRegistry", env=home, destination=destination.registry)
    if checkout:
        service = run_checkout(app, home, _image(repositories.service, checkout))
        if github:
            DeliveryStack(
                app,
                "Delivery",
                env=home,
                development=repositories.development,
                production=repositories.service,
                service=service,
                github=github,
            )
    if thumbnails:
        FunctionsStack(app, "Functions", env=home, image=_image(repositories.thumbnails, thumbnails))
    for stack in app.node.children:
        cdk.Tags.of(stack).add("owner", "platform")
    if catalog:  # whose repositories have owners of their own
        CatalogStage.for_environments(app, catalog)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def run_checkout(app: cdk.App, home: cdk.Environment, image: Image) -> FargateService:
    """One image on Fargate, on EC2 instances and on Kubernetes, in a network without internet."""
    network = NetworkStack(
        app,
        "Network",
        env=home,
        images=[image],
        workloads=["fargate", "ecs-ec2", "eks"],
        also=["eks"],
        accounts=[EKS_ADD_ONS],
    )
    severity = app.node.try_get_context("severity")
    fargate = FargateStack(app, "Fargate", env=home, vpc=network.vpc, image=image, severity=severity)
    ec2 = Ec2Stack(app, "Ec2", env=home, vpc=network.vpc, image=image)
    eks = EksStack(app, "Eks", env=home, vpc=network.vpc, image=image)
    network.access.allow(fargate.service, fargate.clean_up, ec2.capacity, ec2.service, eks.cluster)
    return fargate.service


def _image(repository: ecr.IRepository, name: str) -> Image:
    if name.startswith("sha256:"):
        return Image.of(repository, digest=name)
    return Image.of(repository, tag=name)


if __name__ == "__main__":
    shop = cdk.App()
    build(shop)
    shop.synth()
