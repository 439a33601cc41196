"""The stage that deploys one environment of a catalog: its stacks of repositories and related stacks."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from registry_constructs._cdk.keys import default_key
from registry_constructs._cdk.located import located
from registry_constructs.catalog.fragment import Fragment
from registry_constructs.catalog.placement import logical_id
from registry_constructs.catalog.problems import unknown
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.repository import Repository
from registry_constructs.repository.access import ORGANIZATION_REASON

if TYPE_CHECKING:
    from registry_constructs.catalog.catalog import Catalog
    from registry_constructs.catalog.description import RepositoryDescription
    from registry_constructs.catalog.publishers import PublishersStack
    from registry_constructs.catalog.registries import RegistryStack
    from registry_constructs.catalog.rendered import Rendered

_WITH_LINES: Final = 500


class CatalogStage(cdk.Stage):
    """The repositories of a catalog in one account and Region, in the number of stacks that it sets.

    A repository's stack and logical id depend only on its name (with `stacks.by: team`, also on its team),
    so no change to another repository ever moves it. A stack without repositories is not created; a
    deployed stack that loses its last repository remains until you destroy it.

    Each repository is a `CfnRepository` construct: aspects, tags, cdk-nag and `cdk diff` see it. Its
    properties are the same as those of a `Repository`.

    Args:
        scope: The app, or a stage.
        id: The stage's id. It is part of the stacks' names, so changing it would replace every repository.
        catalog: The catalog.
        environment: The environment of the catalog. Default: the only one, if there is one.
        env: The account and Region, for a catalog without environments. Default: known at deployment only.
        source_lines: Show the file and line of a repository with each finding of the CDK's validation, of
            cdk-nag and of other plugins. Takes about a millisecond per repository. Default: for up to
            500 of them; `registry-constructs catalog show` finds the line of any construct path.

    Attributes:
        catalog: The catalog.
        environment: The environment's name; empty for none.
        stacks: The stacks of repositories by their ids.
        registry_stack: The stack with the registry's settings, replications and caches; None without any.
        publishers_stack: The stack with the publishers' roles; None without any.

    Raises:
        InvalidInputError: For an environment that the catalog doesn't have, and for `env` together with one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        catalog: Catalog,
        environment: str | None = None,
        env: cdk.Environment | None = None,
        source_lines: bool | None = None,
    ) -> None:
        from registry_constructs.catalog.rendering import StackEnvironment  # noqa: PLC0415 - imports much

        with located(scope, id):
            self.environment = _environment(catalog, environment, env)
        known = catalog.environments.get(self.environment)
        if known is not None:
            env = cdk.Environment(account=known.account, region=known.region)
        super().__init__(scope, id, env=env)
        self.catalog = catalog
        self._stack_environment = StackEnvironment(env.account, env.region) if env else StackEnvironment()
        self._fragments: dict[str, Fragment] = {}
        self._imported: dict[str, ecr.IRepository] = {}
        repositories = catalog.repositories(self.environment)
        by_stack = catalog.by_stack(self.environment)
        self._stack_of = {one.name: stack for stack, found in by_stack.items() for one in found}
        rendered = catalog.rendered(self.environment, self._stack_environment)
        shares_key = catalog.stacks.key == "shared" and any(one.keyed for one in rendered.values())
        self._keys = self._key_stack() if shares_key else None
        self.stacks: dict[str, cdk.Stack] = {}
        for stack, resources in rendered.items():
            self.stacks[stack] = self._repositories(stack, by_stack[stack], resources)
        if source_lines or (source_lines is None and len(repositories) <= _WITH_LINES):
            self._add_source_lines()
        self.registry_stack = self._registry()
        published = [one for one in repositories if one.access.publishers]
        self.publishers_stack = self._publishers(published) if published else None

    @classmethod
    def for_environments(
        cls, scope: Construct, catalog: Catalog | str | Path, *, source_lines: bool | None = None
    ) -> Mapping[str, CatalogStage]:
        """Create a stage for each environment of a catalog, with its name, and the replications between them.

        Args:
            scope: The app.
            catalog: The catalog, or its file or folder. Passing the path is faster: Node prepares the
                synth while the catalog is read.
            source_lines: As for a single stage.

        Raises:
            InvalidCatalogError: With all errors, for a catalog that is read here.
            InvalidInputError: If the catalog has no environments.
        """
        if isinstance(catalog, str | Path):
            with _validation_starts():
                from registry_constructs import Catalog  # noqa: PLC0415 - imports much

                catalog = Catalog.load(catalog)
                for name in catalog.environments:
                    catalog.rendered(name)
        if not catalog.environments:
            raise InvalidInputError(
                "The catalog has no environments",
                got=f"{len(catalog):,} repositories, and no account and Region",
                allowed="environments: {production: {account: ..., region: ...}}",
                fix="add them, or create a CatalogStage(app, 'Production', catalog=..., env=...)",
                where=scope.node.path,
            )
        stages = {
            name: cls(scope, name, catalog=catalog, environment=name, source_lines=source_lines)
            for name in catalog.environments
        }
        if catalog.replications:
            from registry_constructs.catalog.registries import replicate  # noqa: PLC0415 - imports much

            registries = {name: stage.registry_stack for name, stage in stages.items()}
            replicate(catalog, {name: stack for name, stack in registries.items() if stack is not None})
        return stages

    def repository(self, name: str) -> ecr.IRepository:
        """A repository of the catalog in this environment, for grants and for services that run its images.

        The repository policy is configured in the catalog; a grant that would need a statement in it raises
        an error that shows the statement.

        Raises:
            InvalidInputError: If the catalog doesn't have it here.
        """
        stack = self._stack(name)
        if name not in self._imported:
            self._imported[name] = Repository.from_repository_name(
                self.stacks[stack], f"Imported-{logical_id(name)}", name
            )
        return self._imported[name]

    def resource(self, name: str) -> ecr.CfnRepository:
        """The construct of a repository, for an aspect, an acknowledgment or an escape hatch.

        Raises:
            InvalidInputError: If the catalog doesn't have it here.
        """
        return cast("ecr.CfnRepository", self._fragments[self._stack(name)].get_resource(logical_id(name)))

    def _stack(self, name: str) -> str:
        if name not in self._stack_of:
            with located(self):
                raise unknown("repository", name, self._stack_of, where="")
        return self._stack_of[name]

    def _registry(self) -> RegistryStack | None:
        if not self.catalog.has_registry_settings(self.environment):
            return None
        from registry_constructs.catalog.registries import RegistryStack  # noqa: PLC0415 - imports much

        return RegistryStack(self, "Registry", catalog=self.catalog, environment=self.environment)

    def _publishers(self, repositories: list[RepositoryDescription]) -> PublishersStack:
        from registry_constructs.catalog.publishers import PublishersStack  # noqa: PLC0415 - imports much

        known = self.catalog.environments.get(self.environment)
        return PublishersStack(
            self,
            "Publishers",
            publishers=self.catalog.publishers,
            repositories=repositories,
            imported=self.repository,
            create_providers=known is not None and known.identity_providers == "create",
        )

    def _key_stack(self) -> cdk.Stack:
        return cdk.Stack(self, "Keys", description="The key that all repositories share")

    def _repositories(
        self, id: str, repositories: list[RepositoryDescription], resources: Rendered
    ) -> cdk.Stack:
        stack = cdk.Stack(
            self, id, description="Container image repositories", suppress_template_indentation=True
        )
        # Each stack trace would be this library's; `_add_source_lines` adds the catalog's line.
        stack.node.set_context("aws:cdk:disable-creation-stack-traces", True)
        key = default_key(self._keys or stack).key_arn if resources.keyed else None
        self._fragments[id] = Fragment(stack, "Catalog", resources=resources, key=key)
        for one in repositories:
            if "organization" in one.access.model_fields_set:
                cdk.Validations.of(self.resource(one.name)).acknowledge(
                    cdk.Acknowledgment(id="AwsSolutions-ECR1", reason=ORGANIZATION_REASON)
                )
            for warning in one.lifecycle.warnings() if one.lifecycle else ():
                cdk.Validations.of(self.resource(one.name)).add_warning(
                    f"registry-constructs:{warning.id}", f"{self.catalog.where(one.name)}: {warning.message}"
                )
        return stack

    def _add_source_lines(self) -> None:
        """Add each repository's line as the metadata in which the CDK looks for a construct's source code."""
        for name in self._stack_of:
            self.resource(name).node.add_metadata("aws:cdk:creationStack", [f"at {self.catalog.where(name)}"])


def _environment(catalog: Catalog, environment: str | None, env: cdk.Environment | None) -> str:
    names = list(catalog.environments)
    if environment is None and len(names) == 1:
        [environment] = names
    if (environment is None and names) or (environment is not None and environment not in names):
        raise unknown("environment", environment, names, where="environment")
    if environment is not None and env is not None:
        raise InvalidInputError(
            "The catalog already sets the account and Region of this environment",
            got=f"env={env.account}/{env.region}",
            allowed="env for a catalog without environments",
            fix="remove env, or change the catalog",
        )
    return environment or ""


@contextlib.contextmanager
def _validation_starts() -> Iterator[None]:
    """Start the CDK's template validation in Node during the block, which must not call the CDK.

    The start takes Node more than a second, once per process, and every synth needs it. Its errors occur
    in the synth too, and are reported there.
    """
    with ThreadPoolExecutor(1, "validation") as pool:
        pool.submit(_synthesize_nothing)
        yield


@cache
def _synthesize_nothing() -> None:
    """Synthesize an empty app: the first synth of a process starts the validation for all."""
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, auto_synth=False, analytics_reporting=False)
        cdk.CfnWaitConditionHandle(cdk.Stack(app, "Nothing"), "Nothing")
        app.synth()
