"""This library's own rules over its example app: nothing found but what has a reason."""

from __future__ import annotations

from pathlib import Path

from registry_constructs.rules.judge import judge
from registry_constructs.rules.packs import select
from registry_constructs.rules.rule import RuleSettings
from registry_constructs.templates.app import read_templates
from registry_constructs.templates.assembly import stacks_of

OURS = RuleSettings(
    organization="o-a1b2c3d4e5",
    accounts=frozenset({"111122223333", "222233334444", "333344445555", "666677778888"}),
    public_repositories=("shop-cli",),
)
_CACHE = "A build cache is overwritten by every build, and holds nothing that runs"
EXCEPTIONS = {
    ("tags-immutable", "Repositories/BuildCache/Resource"): _CACHE,
    ("tags-immutable", "staging/Repositories1/Catalog/CheckoutCache4A2C4AF3"): _CACHE,
    ("tags-immutable", "staging/Repositories1/Catalog/SearchCache1DCD12B5"): _CACHE,
    ("tags-immutable", "staging/Repositories1/Catalog/WebCache949FB337"): _CACHE,
    ("tags-immutable", "staging/Repositories0/Catalog/WebPreviewsE6987029"): (
        "A preview's tag moves with its pull request"
    ),
    **{
        (rule, f"{stage}/Repositories1/Catalog/PaymentsMigrationsAB461742"): (
            "Migrations run once for each environment, whenever it is built: every image is kept"
        )
        for rule in ("lifecycle-policy", "untagged-images")
        for stage in ("staging", "production")
    },
    ("retained", "staging/Repositories1/Catalog/PlatformSandboxE0E8F072"): (
        "A sandbox goes with its stack; it shows how that is said"
    ),
}
"""What is found, and why it may stand."""


def test_nothing_is_found_without_a_reason(example_assembly: Path) -> None:
    judgment = judge(read_templates(stacks_of(example_assembly)), select(["recommended"]), OURS)
    assert judgment.unjudged == []
    assert {(one.rule.id, one.state.place.path) for one in judgment.findings} == EXCEPTIONS.keys()
