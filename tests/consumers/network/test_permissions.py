"""The deployed roles, assumed with IAM evaluated: each may do what it needs, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import aws_cdk as cdk
import pytest

from registry_constructs.local import LocalAws, images, registry
from tests.consumers.network.permitted_calls import CALLS, Caller, Outputs, allowed
from tests.consumers.network.permitted_stacks import (
    ACCOUNT,
    ADMINISTRATOR,
    CACHED_NAME,
    OTHER_ACCOUNT,
    OTHER_PARAMETER,
    PARAMETER,
    REGION,
    REPOSITORIES,
    TAG,
    build,
)
from tests.local.stacks import Stack
from tests.synthesis import ROOT, raw_template

pytestmark = pytest.mark.deploy


PAGE = ROOT / "docs" / "permissions.md"
BEGIN = "<!-- Written by tests/consumers/network/test_permissions.py --snapshot-update, from here -->\n"
END = "<!-- to here -->\n"

Answers = dict[str, list[str]]
"""By call, the roles that it was allowed to."""


@pytest.fixture(scope="module")
def callers() -> Iterator[dict[str, Caller]]:
    """Somebody with the credentials of each role."""
    stack, other, roles = build()
    with LocalAws(account=ACCOUNT, region=REGION, auth=True) as aws:
        deploy(aws, OTHER_ACCOUNT, other)
        out = {key.removeprefix("Out"): value for key, value in deploy(aws, ACCOUNT, stack).items()}
        layer = fill(aws)
        kms = aws.client("kms")
        ciphertext = kms.encrypt(KeyId=out["SecretsKey"], Plaintext=b"secret")["CiphertextBlob"]
        yield {
            name: Caller(aws, out[f"Role{number}"], out, layer, ciphertext)
            for number, name in enumerate(roles)
        }


@pytest.fixture(scope="module")
def answers(callers: dict[str, Caller]) -> Answers:
    """What was allowed to whom. Call by call, so that what the administrator deletes was tried before."""
    return {call.label: [name for name in callers if allowed(call, callers[name])] for call in CALLS}


def deploy(aws: LocalAws, account: str, stack: cdk.Stack) -> Outputs:
    rendered = raw_template(stack)
    rendered.get("Parameters", {}).pop("BootstrapVersion", None)  # nobody bootstraps these accounts
    standing = Stack(aws, account, region=REGION, name=stack.stack_name)
    return standing.create(json.dumps(rendered), Capabilities=["CAPABILITY_IAM"])


def fill(aws: LocalAws) -> str:
    """Put an image into every repository, and what else is read; returns the digest of the image's layer."""
    artifact = images.image({"app": b"hello"})
    aws.client("ecr").create_repository(repositoryName=CACHED_NAME)
    for account, names in REPOSITORIES.items():
        for name in names:
            registry.push(aws, name, artifact, tag=TAG, account=account, region=REGION)
    for name in (PARAMETER, OTHER_PARAMETER):
        aws.client("ssm").put_parameter(Name=name, Value="secret", Type="SecureString")
    for table in ("orders", "customers"):
        aws.client("dynamodb").create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    [layer] = json.loads(artifact.manifest)["layers"]
    return str(layer["digest"])


def test_each_role_may_do_what_it_needs_and_nothing_else(answers: Answers) -> None:
    found = {label: [name for name in names if name != ADMINISTRATOR] for label, names in answers.items()}
    assert found == {call.label: list(call.by) for call in CALLS}


def test_every_call_works_with_the_right_to_it(answers: Answers) -> None:
    """So that what is refused above is refused by IAM, and not by a mistake in the call."""
    assert [label for label, names in answers.items() if ADMINISTRATOR not in names] == []


def test_the_page_has_the_table(
    answers: Answers, callers: dict[str, Caller], request: pytest.FixtureRequest
) -> None:
    roles = [name for name in callers if name != ADMINISTRATOR]
    legend = "".join(f"{number}. {name}\n" for number, name in enumerate(roles, start=1))
    rows = [["call", *map(str, range(1, len(roles) + 1))], ["---", *[":-:"] * len(roles)]]
    rows += [[label, *("yes" if name in names else "" for name in roles)] for label, names in answers.items()]
    table = legend + "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    shown, _, after = rest.partition(END)
    if request.config.getoption("update_snapshots"):
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    else:
        assert shown == f"\n{table}\n"
