"""The example app: the repositories of a small shop, as a platform team would keep them.

Accounts and Regions come from the context, so that nobody deploys to an account by accident:

    cdk deploy --all -c account=<yours> -c region=<yours> -c readers=<account>,<account>

Without them, the app is for the AWS on this machine that `make deploy-local` starts; in an account of yours,
nobody else may pull but the readers you name.
"""

from __future__ import annotations

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks import PublicImagesStack, RepositoriesStack


def build(app: cdk.App) -> None:
    """Put the example's stacks into an app."""
    account = app.node.try_get_context("account")
    region = app.node.try_get_context("region") or "eu-west-1"
    readers = app.node.try_get_context("readers")
    if account is None:
        account, readers = "111122223333", readers or "222233334444,333344445555"
    RepositoriesStack(
        app,
        "Repositories",
        env=cdk.Environment(account=account, region=region),
        reader_accounts=[reader.strip() for reader in readers.split(",")] if readers else [],
    )
    PublicImagesStack(app, "PublicImages", env=cdk.Environment(account=account, region="us-east-1"))
    cdk.Tags.of(app).add("owner", "platform")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


if __name__ == "__main__":
    shop = cdk.App()
    build(shop)
    shop.synth()
