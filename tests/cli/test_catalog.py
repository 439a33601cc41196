"""`registry-constructs catalog ...` as people run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from registry_constructs import Catalog, CatalogStage
from registry_constructs.cli import run
from registry_constructs.local import LocalAws, images, registry
from tests.catalog.test_broken import BROKEN
from tests.synthesis import new_app

HOME = "environments:\n  home: {account: '111122223333', region: eu-west-1}\n"
SHOP = HOME + (
    "teams:\n  shop: {owner: shop@example.com}\n"
    "repositories:\n  shop/cart: {team: shop}\n  shop/checkout: {team: shop, lifecycle: releases}\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "catalog.yaml"
    file.write_text(SHOP)
    return file


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["catalog", *map(str, arguments)])
    return int(ended.value.code or 0)


def deployed(catalog: Path) -> Path:
    """The cloud assembly of what a catalog says."""
    app = new_app()
    CatalogStage.for_environments(app, Catalog.load(catalog))
    return Path(app.synth().directory)


def test_validate_says_how_full_the_stacks_are(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("validate", shop) == 0
    assert (
        "home: 2 repositories in 1 stack; the fullest, Repositories0, has 2 of 490."
        in capsys.readouterr().out
    )


def test_validate_warns_before_a_stack_is_full_and_of_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("repositories:\n" + "".join(f"  a/{number}: {{}}\n" for number in range(400)))
    assert command("validate", file) == 0
    assert "Repositories0 is nearly full. Plan more stacks: catalog grow." in capsys.readouterr().err
    file.write_text(
        "repositories:\n  a/b:\n    lifecycle:\n"
        "    - expire: {tag_pattern_list: [a*, b*], days_since_pushed: 3}\n"
    )
    assert command("validate", file) == 0
    assert "catalog.yaml:2 repositories.a/b:" in capsys.readouterr().err


def test_a_broken_catalog_ends_every_command_with_all_its_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("repositories:\n  a/b: {lifecycl: x, image_scan_on_push: 1}\n")
    for arguments in [("validate",), ("show",), ("plan", "--against", "x"), ("grow", "--count", "2")]:
        assert command(arguments[0], file, *arguments[1:]) == 2
        shown = capsys.readouterr()
        assert "The catalog has 2 problems." in shown.err
        assert "write lifecycle" in shown.err
        assert shown.out == ""


def test_show_lists_and_tells_all_of_one(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("show", shop) == 0
    listed = capsys.readouterr().out
    assert "shop/checkout" in listed
    assert "catalog.yaml:7" in listed
    for name in ("shop/cart", "ShopCart5F34A271", "home/Repositories0/Catalog/ShopCart5F34A271"):
        assert command("show", shop, name) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["name"] == "shop/cart"
        assert found["stack"] == "Repositories0"
        assert found["where"].endswith("catalog.yaml:6 repositories.shop/cart")
        assert found["resource"]["Properties"]["Tags"][0] == {"Key": "owner", "Value": "shop@example.com"}
    assert command("show", shop, "--format", "json", "--environment", "home") == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert command("show", shop, "shop/crt") == 2
    assert "write shop/cart" in capsys.readouterr().err
    assert command("show", shop, "-e", "hme") == 2
    assert "write home" in capsys.readouterr().err


def test_plan_ends_with_3_when_images_are_at_stake(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = deployed(shop)
    assert command("plan", shop, "--against", before) == 0
    assert "2 repositories in the catalog: nothing changes." in capsys.readouterr().out
    shop.write_text(
        SHOP.replace("shop/cart:", "shop/basket:").replace("lifecycle: releases", "encryption: KMS")
    )
    assert command("plan", shop, "--against", before) == 3
    shown = capsys.readouterr()
    assert "1 to add, 1 to replace, 1 to remove" in shown.out
    assert "2 repositories with images at stake" in shown.err
    assert command("plan", shop, "--against", before, "--format", "json") == 3
    kinds = {one["name"]: (one["kind"], one["at_stake"]) for one in json.loads(capsys.readouterr().out)}
    assert kinds == {
        "shop/basket": ("add", False),
        "shop/cart": ("remove", True),
        "shop/checkout": ("replace", True),
    }
    shop.write_text(shop.read_text() + "allow_removal: [shop/cart]\nallow_replacement: [shop/checkout]\n")
    assert command("plan", shop, "--against", before) == 0
    assert "unknown, allowed" in capsys.readouterr().out


def test_grow_writes_what_stays_and_never_over_a_file(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("grow", shop, "--count", 4) == 0
    printed = capsys.readouterr().out
    assert yaml.safe_load(printed) == {
        "pinned": [{"first": 0, "count": 1, "repositories": ["shop/cart", "shop/checkout"]}]
    }
    file = shop.parent / "pinned-0.yaml"
    assert command("grow", shop, "--count", 4, "-o", file) == 0
    assert file.read_text() == printed
    assert command("grow", shop, "--count", 4, "-o", file) == 2
    assert "choose another name" in capsys.readouterr().err
    shop.write_text(SHOP + "  shop/new: {}\nstacks: {count: 4}\n")
    stacks = {
        one.name: Catalog.load(shop.parent).stack(one)
        for one in Catalog.load(shop.parent).repositories("home")
    }
    assert stacks["shop/cart"] == stacks["shop/checkout"] == "Repositories0"
    assert stacks["shop/new"] != "Repositories0"


def test_grow_of_a_full_catalog_asks_what_is_deployed(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = deployed(shop)
    shop.write_text(SHOP + "".join(f"  new/{number}: {{}}\n" for number in range(490)))
    assert command("grow", shop, "--count", 4) == 2
    assert "The stack Repositories0 has more repositories than fit, so" in capsys.readouterr().err
    assert command("grow", shop, "--count", 4, "--against", before) == 0
    [pinned] = yaml.safe_load(capsys.readouterr().out)["pinned"]
    assert pinned["repositories"] == ["shop/cart", "shop/checkout"]


def schema(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert command("schema") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_schema_takes_what_is_right_and_refuses_what_an_editor_can_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    validator = jsonschema.Draft202012Validator(schema(capsys))
    validator.check_schema(validator.schema)
    assert list(validator.iter_errors(yaml.safe_load(SHOP))) == []
    known = [
        "an unknown key of a repository",
        "an unknown preset",
        "an unknown argument of a preset",
        "a rule with an unknown key",
        "a wrong type",
        "a missing key",
        "a number out of bounds",
    ]
    for name in known:
        data = yaml.safe_load(BROKEN[name]["c.yaml"])
        assert list(validator.iter_errors(data)), name


def test_every_key_of_the_schema_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    found = schema(capsys)["$defs"]
    for model in ("LayerSettings", "Repository", "Access", "Environment", "Stacks", "Cache", "Replication"):
        assert found[model]["properties"]
        for key, said in found[model]["properties"].items():
            assert said.get("description"), f"{model}.{key}"


@pytest.mark.deploy
def test_plan_reads_live_stacks_and_counts_the_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(SHOP.replace("{team: shop}", "{team: shop, encryption: AES_256}"))
    with LocalAws(account="111122223333", region="eu-west-1") as aws:
        assembly = deployed(file)
        [template] = assembly.glob("assembly-home/*Repositories0*.template.json")
        cloudformation = aws.client("cloudformation")
        body = json.loads(template.read_text())
        for section in ("Parameters", "Rules"):
            body.pop(section, None)
        cloudformation.create_stack(StackName="home-Repositories0", TemplateBody=json.dumps(body))
        cloudformation.get_waiter("stack_create_complete").wait(StackName="home-Repositories0")
        registry.push(aws, "shop/cart", images.image({"app": b"x"}), tag="v1")
        for name, value in aws.environment().items():
            monkeypatch.setenv(name, value)
        assert command("plan", file, "--against", "live") == 0
        file.write_text(HOME + "repositories: {}\n")
        assert command("plan", file, "--against", "live", "--format", "json") == 3
        found = {one["name"]: (one["images"], one["at_stake"]) for one in json.loads(_last_json(capsys))}
        assert found == {"shop/cart": (1, True), "shop/checkout": (0, False)}
        file.write_text(SHOP.replace("111122223333", "222233334444"))
        assert command("plan", file, "--against", "live") == 2
        assert "The credentials are another account's" in capsys.readouterr().err


def _last_json(capsys: pytest.CaptureFixture[str]) -> str:
    out = capsys.readouterr().out
    return out[out.index("[\n") :]


def test_a_schema_may_lie_beside_the_catalog_and_be_named_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "catalog.schema.json").write_text(json.dumps(schema(capsys)))
    (tmp_path / "catalog.json").write_text('{"$schema": "catalog.schema.json", "repositories": {"a/b": {}}}')
    assert command("validate", tmp_path) == 0
