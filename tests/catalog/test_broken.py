"""Broken catalogs of every kind: every error at once, with file, line, path, and the way out."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from registry_constructs import Catalog, InvalidCatalogError, InvalidInputError

BROKEN: dict[str, dict[str, str]] = {
    "an unknown key at the top": {"c.yaml": "repositores: {}\n"},
    "an unknown key of a repository": {"c.yaml": "repositories:\n  a/b:\n    lifecycl: default\n"},
    "an unknown key of access": {"c.yaml": "defaults:\n  access: {acounts: []}\n"},
    "an unknown preset": {"c.yaml": "defaults: {lifecycle: relases}\n"},
    "an unknown preset with arguments": {"c.yaml": "defaults: {lifecycle: {preset: relases}}\n"},
    "an unknown argument of a preset": {
        "c.yaml": "defaults:\n  lifecycle:\n    preset: releases\n    untaged_days: 3\n"
    },
    "a preset's argument that ECR refuses": {
        "c.yaml": "defaults:\n  lifecycle: {preset: releases, untagged_days: 0}\n"
    },
    "no preset and no rules": {"c.yaml": "defaults: {lifecycle: 30}\n"},
    "a rule that is none": {"c.yaml": "defaults:\n  lifecycle:\n    - expir: {}\n"},
    "a rule with an unknown key": {
        "c.yaml": "defaults:\n  lifecycle:\n    - expire: {untagd: true, days_since_pushed: 3}\n"
    },
    "a rule with two conditions": {
        "c.yaml": "defaults:\n  lifecycle:\n    - expire: {days_since_pushed: 3, image_count_more_than: 4}\n"
    },
    "rules that ECR refuses together": {
        "c.yaml": "defaults:\n  lifecycle:\n    - expire: {days_since_pushed: 3, priority: 1}\n"
        "    - expire: {untagged: true, days_since_pushed: 3, priority: 1}\n"
    },
    "a wrong type": {
        "c.yaml": 'repositories:\n  a/b: {image_scan_on_push: "yes", tags: {a: 1}, access: []}\n'
    },
    "an account without quotes": {
        "c.yaml": "environments:\n  home: {account: 111122223333, region: eu-west-1}\n"
    },
    "one value instead of a list": {"c.yaml": 'repositories:\n  a/b: {access: {accounts: "222233334444"}}\n'},
    "an empty value": {"c.yaml": "repositories:\n  a/b:\n"},
    "a missing key": {"c.yaml": 'environments:\n  home: {account: "111122223333"}\n'},
    "a bad repository name": {"c.yaml": "repositories:\n  Shop/Cart: {}\n"},
    "bad names of other things": {"c.yaml": "teams:\n  my team: {}\n"},
    "bad ARNs and ids": {
        "c.yaml": "defaults:\n  encryption_key: alias/key\n  access:\n    pull: [arn:aws:iam::1:root]\n"
        '    accounts: ["1"]\n    organization: {id: o-1, units: [ou-1]}\n    lambda_functions: ["a b"]\n'
    },
    "bad filters": {"c.yaml": "defaults: {immutable_except: []}\nregistry: {signing: ['A']}\n"},
    "a number out of bounds": {"c.yaml": "stacks: {count: 0}\n"},
    "mutability said twice": {
        "c.yaml": "profiles:\n  service:\n    image_tag_mutability: MUTABLE\n    immutable_except: [latest]\n"
    },
    "a key where there is none": {
        "c.yaml": "repositories:\n  a/b:\n    encryption: AES_256\n    encryption_key: "
        "arn:aws:kms:eu-west-1:111122223333:key/1234\n"
    },
    "a key of another Region": {
        "c.yaml": 'environments:\n  home: {account: "111122223333", region: eu-west-1}\n'
        '  away: {account: "111122223333", region: us-east-1}\n'
        "repositories:\n  a/b: {encryption_key: arn:aws:kms:eu-west-1:111122223333:key/1234}\n"
    },
    "a function of another Region": {
        "c.yaml": 'environments:\n  home: {account: "111122223333", region: eu-west-1}\nrepositories:\n'
        "  a/b: {access: {lambda_functions: [arn:aws:lambda:us-east-1:222233334444:function:f]}}\n"
    },
    "emptied without being deleted": {"c.yaml": "repositories:\n  a/b: {empty_on_delete: true}\n"},
    "too long a policy": {
        "c.yaml": "repositories:\n  a/b:\n    access:\n      accounts: ["
        + ", ".join(f'"{number:012}"' for number in range(300))
        + "]\n"
    },
    "tags that AWS refuses": {
        "c.yaml": "repositories:\n  a/b:\n    tags: {'aws:x': y, ok: " + "v" * 257 + "}\n"
    },
    "names that nothing has": {
        "c.yaml": "team: shp\nteams:\n  shop: {}\nprofiles:\n  service: {}\nrepositories:\n  a/b:\n"
        "    team: shopp\n    profile: servce\n    cache: hub\n    environments: [home]\n"
        "    replications: [backup]\n    access: {publishers: [ci]}\n"
    },
    "a key twice": {"c.yaml": "repositories:\n  a/b: {}\n  a/c: {}\n  a/b: {owner: me}\n"},
    "a name in two files": {
        "one.yaml": "teams:\n  shop: {}\nrepositories:\n  a/b: {}\n",
        "two.yaml": "teams:\n  shop: {}\nrepositories:\n  a/b: {}\n",
    },
    "defaults in two files": {
        "one.yaml": "defaults: {owner: me}\n",
        "two.json": '{\n\t"defaults": {\n\t\t"owner": "you"\n\t}\n}\n',
    },
    "errors in several files": {
        "one.yaml": "repositories:\n  a/b: {lifecycle: x}\n",
        "two.yaml": "repositories:\n  a/c: {profile: x}\n",
        "three.yaml": "stacks: {planed: 2}\n",
    },
    "no YAML": {"c.yaml": "repositories:\n  a/b: {\n"},
    "no JSON": {"c.json": '{\n  "repositories": {\n    "a/b": {}\n    "a/c": {}\n  }\n}\n'},
    "values of JSON": {
        "c.json": '{\n  "repositories": {\n    "a/b": {\n      "lifecycle": "x"\n    },\n'
        '    "a/c": {\n      "tags": {\n        "team": 5\n      }\n    },\n    "a/b": {}\n  }\n}\n'
    },
    "an escape that YAML lacks": {"c.json": '{\n  "defaults": {\n    "owner": "\\ud83d\\ude80"\n  }\n}\n'},
    "a list": {"c.yaml": "- a/b\n"},
    "a tag of YAML": {"c.yaml": "repositories: !Ref x\n"},
    "a value in itself": {"c.yaml": "repositories: &all\n  a/b: *all\n"},
    "a merge of nothing": {"c.yaml": "repositories:\n  a/b:\n    <<: 5\n"},
    "a replication that can't be": {
        "c.yaml": 'environments:\n  home: {account: "111122223333", region: eu-west-1}\n'
        "replications:\n  backup: {source: home, destinations: [home, hme], prefixes: ['*'], profile: x}\n"
    },
    "membership that is not so": {
        "c.yaml": 'environments:\n  home: {account: "111122223333", region: eu-west-1}\n'
        '  away: {account: "111122223333", region: us-east-1}\n'
        "replications:\n  backup: {source: home, destinations: [away], prefixes: [shop/]}\n"
        "caches:\n  hub: {upstream: docker-hub, prefix: hub}\n  again: {upstream: quay, prefix: hub}\n"
        "repositories:\n  data/a: {replications: [backup], cache: hub}\n  shop/a: {replications: []}\n"
        "  hub/library/nginx: {}\n"
    },
    "an unknown upstream": {"c.yaml": "caches:\n  hub: {upstream: dockerhub, prefix: hub}\n"},
    "publishers that can't be": {
        "c.yaml": "publishers:\n  none: {}\n  two: {github: {repository: a/b, branches: [main]}, "
        "gitlab: {project: a/b, branches: [main]}}\n  loose: {github: {repository: a/b}}\n"
    },
    "what is allowed and can't be": {
        "c.yaml": "allow_removal: [a/b]\nallow_replacement: [a/c]\nrepositories:\n  a/b: {}\n"
    },
    "scanning that can't be": {"c.yaml": "registry:\n  scanning: {type: basic, continuous: ['*']}\n"},
    "a full stack": {"c.yaml": "repositories:\n" + "".join(f"  a/{number}: {{}}\n" for number in range(491))},
    "a template that is too long": {
        "c.yaml": "profiles:\n  long:\n    lifecycle:\n"
        + "".join(
            f"      - expire: {{tag_pattern_list: ['{'x' * 120}-{rule}*'], days_since_pushed: 9}}\n"
            for rule in range(40)
        )
        + "repositories:\n"
        + "".join(f"  a/{number}: {{profile: long}}\n" for number in range(200))
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_error_is_told_at_its_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, text in BROKEN[name].items():
        Path(file).write_text(text)
    with pytest.raises(InvalidCatalogError) as raised:
        Catalog.load(next(iter(BROKEN[name])) if len(BROKEN[name]) == 1 else ".")
    assert str(raised.value) == snapshot


def test_what_is_no_file_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "latin.yaml").write_bytes(b"owner: \xff\n")
    for path, problem in [
        (tmp_path / "missing.yaml", "There is no such catalog"),
        (tmp_path / "latin.yaml", "The file can't be read"),
    ]:
        with pytest.raises(InvalidCatalogError, match=problem):
            Catalog.load(path)
    (tmp_path / "latin.yaml").unlink()
    with pytest.raises(InvalidCatalogError, match="The folder has no catalog file"):
        Catalog.load(tmp_path)


def test_the_problems_are_there_for_programs() -> None:
    with pytest.raises(InvalidCatalogError) as raised:
        Catalog.from_dict({"repositories": {"a/b": {"lifecycle": "x", "owner": 1}}})
    problems = raised.value.problems
    assert all(isinstance(problem, InvalidInputError) for problem in problems)
    assert {problem.where for problem in problems} == {
        "repositories.a/b.lifecycle",
        "repositories.a/b.owner",
    }
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # noqa: S301 - our own
