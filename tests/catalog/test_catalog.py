"""How a catalog is read: files, layers, and what is joined of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry_constructs import Catalog, InvalidCatalogError, presets
from registry_constructs.catalog.schema import Access, CatalogFile, LayerSettings, Profile, Repository, Team
from registry_constructs.catalog.source import Source

HOME = {"account": "111122223333", "region": "eu-west-1"}


def described(repository: dict[str, Any], environment: str = "", **data: Any) -> Any:
    return Catalog.from_dict({**data, "repositories": {"a/b": repository}}).describe("a/b", environment)


def test_an_empty_catalog_is_one() -> None:
    assert len(Catalog.from_dict({})) == 0
    assert Catalog().repositories() == []


def test_each_layer_wins_over_those_below_it() -> None:
    layers: dict[str, Any] = {
        "defaults": {"owner": "defaults", "lifecycle": "releases"},
        "environments": {"home": {**HOME, "defaults": {"owner": "environment"}}},
        "teams": {"shop": {"owner": "team"}},
        "profiles": {"service": {"owner": "profile"}},
    }
    said = {"team": "shop", "profile": "service"}
    assert described({}, **layers).tags == {"owner": "defaults"}
    assert described({}, "home", **layers).tags == {"owner": "environment"}
    assert described({"team": "shop"}, "home", **layers).tags == {"team": "shop", "owner": "team"}
    assert described(said, "home", **layers).tags == {"team": "shop", "owner": "profile"}
    assert described({**said, "owner": "me"}, "home", **layers).tags["owner"] == "me"
    assert described(said, "home", **layers).lifecycle == presets.releases()


def test_tags_and_kinds_of_access_are_joined() -> None:
    found = described(
        {"team": "shop", "tags": {"b": "repository"}, "access": {"accounts": ["222233334444"]}},
        teams={
            "shop": {
                "tags": {"a": "team", "b": "team"},
                "access": {"accounts": ["999988887777"], "pull": ["arn:aws:iam::111122223333:role/ci"]},
            }
        },
    )
    assert found.tags == {"a": "team", "b": "repository", "team": "shop"}
    assert found.access.accounts == ("222233334444",)
    assert found.access.pull == ("arn:aws:iam::111122223333:role/ci",)


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        ({"immutable_except": ["x"]}, {"image_tag_mutability": "MUTABLE"}, ("MUTABLE", ())),
        ({"image_tag_mutability": "MUTABLE"}, {"immutable_except": ["x"]}, ("IMMUTABLE", ("x",))),
        ({"immutable_except": ["x"]}, {"mutable_except": ["y"]}, ("MUTABLE", ("y",))),
    ],
)
def test_keywords_of_one_question_are_answered_together(
    below: dict[str, Any], above: dict[str, Any], expected: tuple[str, tuple[str, ...]]
) -> None:
    found = described(above, defaults=below)
    assert (found.image_tag_mutability, found.mutability_filters) == expected


def test_encryption_is_one_question_too() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234"
    found = described({"encryption": "AES_256"}, defaults={"encryption_key": key})
    assert (found.encryption, found.encryption_key) == ("AES_256", "")
    found = described({"encryption_key": key}, defaults={"encryption": "AES_256"})
    assert (found.encryption, found.encryption_key) == ("", key)


def test_no_lifecycle_is_not_the_default_lifecycle() -> None:
    assert described({"lifecycle": []}).lifecycle is None
    assert described({}).lifecycle == presets.default()


def test_a_repository_is_where_it_says() -> None:
    catalog = Catalog.from_dict(
        {
            "environments": {"home": HOME, "away": {**HOME, "region": "eu-central-1"}},
            "repositories": {"a/both": {}, "a/home": {"environments": ["home"]}},
        }
    )
    assert [one.name for one in catalog.repositories("home")] == ["a/both", "a/home"]
    assert [one.name for one in catalog.repositories("away")] == ["a/both"]


def test_a_folder_is_one_catalog_with_a_file_a_team(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "hidden.yaml").write_text("nonsense: true\n")
    (tmp_path / "platform.yaml").write_text(
        "teams:\n  shop: {owner: shop@example.com}\nprofiles:\n  service: {lifecycle: releases}\n"
    )
    (tmp_path / "teams" / "shop.yml").write_text(
        "team: shop\nrepositories:\n  shop/cart: {profile: service}\n  web/page: {team: web}\n"
    )
    (tmp_path / "teams" / "web.json").write_text(
        '{\n\t"teams": {"web": {}},\n\t"repositories": {"web/x": {}}\n}'
    )
    catalog = Catalog.load(tmp_path)
    found = {one.name: one.team for one in catalog.repositories()}
    assert found == {"shop/cart": "shop", "web/page": "web", "web/x": ""}
    assert catalog.where("shop/cart").endswith("shop.yml:3 repositories.shop/cart")
    assert catalog.where("web/x").endswith("web.json:3 repositories.web/x")


def test_anchors_and_merges_are_yaml_s_own(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(
        "defaults:\n"
        "  access: &readers\n"
        "    accounts: ['222233334444']\n"
        "repositories:\n"
        "  a/one: &one\n"
        "    owner: me\n"
        "    tags: {x: '1'}\n"
        "  a/two:\n"
        "    <<: *one\n"
        "    owner: you\n"
        "  a/three:\n"
        "    access:\n"
        "      <<: *readers\n"
        "      pull: [arn:aws:iam::111122223333:role/ci]\n"
    )
    catalog = Catalog.load(file)
    assert catalog.describe("a/two").tags == {"x": "1", "owner": "you"}
    three = catalog.describe("a/three").access
    assert (three.accounts, three.pull) == (("222233334444",), ("arn:aws:iam::111122223333:role/ci",))


def test_values_are_found_where_they_are_written_also_behind_an_alias() -> None:
    source = Source(
        "c.yaml",
        "profiles:\n  p: &p\n    owner: 1\n    tags:\n      a: b\n"
        "repositories:\n  x/y:\n    <<: *p\n    team: t\n",
    )
    assert source.problems == []
    assert source.where(("repositories", "x/y")) == "c.yaml:7 repositories.x/y"
    assert source.line(("repositories", "x/y", "team")) == 9
    assert source.line(("repositories", "x/y", "tags", "a")) == 5
    assert source.line(("repositories", "x/y", "nothing")) == 7


def test_json_has_its_lines() -> None:
    data = {"defaults": {"owner": "🚀 yes", "tags": {"a": "/ü"}}, "repositories": {"a/b": {"owner": "no"}}}
    for indent in (None, 2, "\t"):
        source = Source(
            "c.json", json.dumps(data, indent=indent, ensure_ascii=False).replace("/ü", r"\/\u00fc")
        )
        assert source.problems == []
        assert source.data == data
    assert source.where(("repositories", "a/b", "owner")) == "c.json:10 repositories.a/b.owner"


def test_an_alias_a_thousand_times_over_is_read_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    source = Source("c.yaml", "\n".join(lines))
    assert source.problems == []


def test_the_models_are_the_python_api() -> None:
    file = CatalogFile(
        defaults=LayerSettings(lifecycle="releases"),
        teams={"shop": Team(owner="shop@example.com")},
        profiles={"service": Profile(access=Access(accounts=("222233334444",)))},
        repositories={"shop/cart": Repository(team="shop", profile="service")},
    )
    same = Catalog.from_dict(
        {
            "defaults": {"lifecycle": "releases"},
            "teams": {"shop": {"owner": "shop@example.com"}},
            "profiles": {"service": {"access": {"accounts": ["222233334444"]}}},
            "repositories": {"shop/cart": {"team": "shop", "profile": "service"}},
        }
    )
    assert Catalog(file).repositories() == same.repositories()
    with pytest.raises(InvalidCatalogError, match="There is no such team"):
        Catalog(CatalogFile(repositories={"shop/cart": Repository(team="shop")}))
