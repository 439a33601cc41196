"""The example app: the repositories and registries of a small shop, as a platform team would keep them.

Accounts and Regions come from the context, so that nobody deploys to an account by accident:

    cdk deploy --all -c account=<yours> -c region=<yours> -c readers=<account>,<account>
        -c replica_account=<another, or the same> -c replica_region=<another>

Without them, the app is for the AWS on this machine that `make deploy-local` starts. In an account of yours,
nobody else may pull but the readers you name, and the settings that a whole registry shares are left alone
until you name where its replicas go.
"""

from __future__ import annotations

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks import DestinationRegistryStack, PublicImagesStack, RepositoriesStack, SourceRegistryStack


def build(app: cdk.App) -> None:
    """Put the example's stacks into an app."""
    account = app.node.try_get_context("account")
    region = app.node.try_get_context("region") or "eu-west-1"
    readers = app.node.try_get_context("readers")
    replica_account = app.node.try_get_context("replica_account")
    replica_region = app.node.try_get_context("replica_region") or "eu-central-1"
    if account is None:
        account, readers = "111122223333", readers or "222233334444,333344445555"
        replica_account = replica_account or "222233334444"
    home = cdk.Environment(account=account, region=region)
    RepositoriesStack(
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
    cdk.Tags.of(app).add("owner", "platform")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


if __name__ == "__main__":
    shop = cdk.App()
    build(shop)
    shop.synth()
