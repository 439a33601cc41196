"""One registry for a whole organization: the same settings in every account, by a StackSet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import aws_cdk as cdk
import cdk_stacksets as stacksets
from aws_cdk.region_info import RegionInfo
from constructs import Construct, IConstruct

from registry_constructs._cdk.located import located
from registry_constructs.ecr import limits
from registry_constructs.ecr.errors import InvalidInputError
from registry_constructs.ecr.names import check_account_id, check_region, check_root_or_unit_id
from registry_constructs.ecr.regions import partition_of
from registry_constructs.ecr.tokens import is_token
from registry_constructs.registry.baseline import DeployableBaseline
from registry_constructs.registry.places import StackSetRegions, stack_set_regions
from registry_constructs.registry.rollout import Rollout


class RegistryStackSet(Construct):
    """What the registries of an organization have in common, in every account of some of its units.

    Write the settings into `baseline` as into any other stack: `Registry`, `RepositoryCreationTemplate`,
    `ManagedSigning` and so on. CloudFormation deploys it to every account and Region, and to accounts that
    join later, with roles that it makes itself (service-managed permissions). It leaves out the
    organization's management account.

    An account fails where a setting can't be made, because it has a registry policy already, or a creation
    template with that prefix; `rollout` says in how many that may happen.

    A unit or Region that is taken out of the lists loses its stacks: the settings go, as they do with
    `Registry`, and keys stay. docs/organization.md says how to keep them.

    Args:
        scope: A construct in a stack of the organization's delegated administrator for StackSets, or of its
            management account.
        id: The construct's id.
        units: Ids of organizational units (`ou-ab12-11111111`), whose accounts and all below get the
            baseline, or of the organization's root (`r-ab12`); 1 to 50.
        regions: Each account's Regions, in the order in which they are deployed to. An account in which one
            is not enabled fails there.
        exclude_accounts: Accounts of these units that are left out. A StackSet with `auto_deployment` does
            not heed them when an account joins or moves. Default: none.
        only_accounts: The only accounts of these units that get the baseline; without `auto_deployment`.
            Default: all.
        stack_set_name: Up to 128 letters, digits and `-`. Changing it makes another StackSet, whose stacks
            meet those of the first one. Default: made from the construct's path.
        description: Up to 1,024 characters, of the StackSet and of each stack.
        delegated_admin: Whether the scope's account is a delegated administrator. Default: True; False for
            the management account.
        auto_deployment: Whether accounts that join the units get the baseline. Default: True.
        retain_stacks: Whether an account that leaves the units keeps its stack, which nothing updates any
            more; with `auto_deployment`. False deletes the stack and its settings. Default: True.
        rollout: How many accounts go at once, and in how many it may fail. Default: one, and none.
        removal_policy: What becomes of the StackSet, and of all its stacks, when it leaves the template.
            Default: it stays, unless its first deployment fails.

    Attributes:
        baseline: The stack that every account and Region gets. What is in it knows neither: its account and
            Region are tokens.
        stack_set: The StackSet, of the library cdk-stacksets.
        regions: The Regions.

    Raises:
        InvalidInputError: For what AWS would refuse; in a Stage that names an account or a Region; inside
            another StackSet. The synth fails for a baseline that is empty, refers to another stack, or has
            what service-managed StackSets can't deploy.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        units: Sequence[str],
        regions: Sequence[str],
        exclude_accounts: Sequence[str] = (),
        only_accounts: Sequence[str] = (),
        stack_set_name: str | None = None,
        description: str | None = None,
        delegated_admin: bool = True,
        auto_deployment: bool = True,
        retain_stacks: bool = True,
        rollout: Rollout = Rollout.accounts(),  # noqa: B008 - it is frozen
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id)
        with located(self):
            _check_place(self)
            _check_list("units", units, check_root_or_unit_id, least=1)
            _check_units(units)
            _check_list("regions", regions, check_region, least=1)
            _check_partition([cdk.Stack.of(self).region, *regions])
            _check_list("exclude_accounts", exclude_accounts, check_account_id)
            _check_list("only_accounts", only_accounts, check_account_id)
            _check_filters(exclude_accounts, only_accounts, auto_deployment=auto_deployment)
            _check_name(stack_set_name)
            _check_description(description)
            if not isinstance(rollout, Rollout):
                raise InvalidInputError(
                    "rollout is no Rollout",
                    got=rollout,
                    allowed="Rollout.accounts(...) or Rollout.percent(...)",
                    fix="write rollout=Rollout.accounts()",
                )
        self.regions = tuple(regions)
        baseline = stacksets.StackSetStack(self, "Baseline")
        StackSetRegions(baseline, regions)
        baseline.template_options.description = description
        self.baseline: cdk.Stack = baseline
        self.stack_set = stacksets.StackSet(
            self,
            "StackSet",
            template=stacksets.StackSetTemplate.from_stack_set_stack(baseline),
            target=stacksets.StackSetTarget.from_organizational_units(
                organizational_units=list(units),
                regions=list(regions),
                exclude_accounts=list(exclude_accounts) or None,
                intersection_accounts=list(only_accounts) or None,
            ),
            deployment_type=stacksets.DeploymentType.service_managed(
                delegated_admin=delegated_admin,
                auto_deploy_enabled=auto_deployment,
                auto_deploy_retain_stacks=retain_stacks if auto_deployment else None,
            ),
            stack_set_name=stack_set_name,
            description=description,
            capabilities=[stacksets.Capability.NAMED_IAM],
            operation_preferences=_preferences(rollout, regions),
        )
        self.stack_set.apply_removal_policy(removal_policy)
        self.node.add_validation(DeployableBaseline(baseline, self.regions))
        if exclude_accounts and auto_deployment:
            cdk.Validations.of(self).add_warning(
                "registry-constructs:stack-set-excluded-accounts",
                "Automatic deployment does not heed exclude_accounts: an account that joins the units, or "
                "moves between them, gets the baseline although it is named. Keep such accounts in a unit "
                "of their own, or write auto_deployment=False.",
            )
        unknown = [
            region for region in regions if not is_token(region) and not RegionInfo.get(region).partition
        ]
        if unknown:
            cdk.Validations.of(self).add_warning(
                "registry-constructs:stack-set-unknown-region",
                f"The CDK knows no Region {', '.join(unknown)}. Is it written right?",
            )


def _preferences(rollout: Rollout, regions: Sequence[str]) -> stacksets.OperationPreferences:
    kind = stacksets.RegionConcurrencyType
    whole = rollout.counts == "accounts"
    return stacksets.OperationPreferences(
        failure_tolerance_count=rollout.failures if whole else None,
        max_concurrent_count=rollout.at_once if whole else None,
        failure_tolerance_percentage=None if whole else rollout.failures,
        max_concurrent_percentage=None if whole else rollout.at_once,
        region_concurrency_type=kind.PARALLEL if rollout.regions_in_parallel else kind.SEQUENTIAL,
        region_order=None if rollout.regions_in_parallel else list(regions),
    )


def _check_place(scope: Construct) -> None:
    if stack_set_regions(scope) is not None:
        raise InvalidInputError(
            "A StackSet can't deploy a StackSet",
            got=cdk.Stack.of(scope).node.path,
            allowed="a stack of the delegated administrator or of the management account",
            fix="make both in that stack",
        )
    stage = cdk.Stage.of(cast("IConstruct", scope))
    if stage is not None and (stage.account is not None or stage.region is not None):
        raise InvalidInputError(
            "The Stage names an account or a Region, which the CDK would write into every account's stack",
            got=f"{stage.node.path}: account {stage.account}, Region {stage.region}",
            allowed="a Stage without env",
            fix="give the env to the stack in the Stage that the StackSet is in",
        )


def _check_list(keyword: str, given: Sequence[str], check: Callable[[str], None], *, least: int = 0) -> None:
    if not isinstance(given, list | tuple) or len(given) < least:
        raise InvalidInputError(
            f"{keyword} is not a list that a StackSet takes",
            got=given,
            allowed=f"a list of at least {least}" if least else "a list",
            fix=f"write {keyword}=[...]",
        )
    for one in given:
        check(one)
    twice = sorted({one for one in given if given.count(one) > 1})
    if twice:
        raise InvalidInputError(
            f"{keyword} names something twice", got=twice, allowed="each once", fix="leave one of the two out"
        )


def _check_units(units: Sequence[str]) -> None:
    if len(units) > limits.STACK_SET_UNITS:
        raise InvalidInputError(
            f"A StackSet for {len(units)} units",
            got=units,
            allowed=f"up to {limits.STACK_SET_UNITS} units",
            fix="name a unit above them, or write a second StackSet",
        )


def _check_filters(exclude: Sequence[str], only: Sequence[str], *, auto_deployment: bool) -> None:
    if exclude and only:
        raise InvalidInputError(
            "A StackSet takes one filter of accounts",
            got={"exclude_accounts": exclude, "only_accounts": only},
            allowed="exclude_accounts or only_accounts",
            fix="leave one of the two out",
        )
    if only and auto_deployment:
        raise InvalidInputError(
            "Automatic deployment does not heed only_accounts: every account that joins gets the baseline",
            got=only,
            allowed="only_accounts with auto_deployment=False",
            fix="write auto_deployment=False, or put the accounts into a unit of their own",
        )


def _check_partition(regions: Sequence[str]) -> None:
    found = {region: partition_of(region).name for region in regions if not is_token(region)}
    if len(set(found.values())) > 1:
        raise InvalidInputError(
            "An organization is in one AWS partition, and the Regions, with that of the stack, are in more",
            got=found,
            allowed="Regions of one partition",
            fix="write a StackSet for each organization",
        )


def _check_name(name: str | None) -> None:
    if name is None or is_token(name) or (isinstance(name, str) and limits.STACK_SET_NAME.fullmatch(name)):
        return
    raise InvalidInputError(
        "Not a StackSet's name",
        got=name,
        allowed="1 to 128 of a-z, A-Z, 0-9 and '-', a letter first",
        fix="write one such as 'registry-baseline'",
    )


def _check_description(description: str | None) -> None:
    shortest, longest = limits.STACK_SET_DESCRIPTION_LENGTH
    fits = isinstance(description, str) and shortest <= len(description) <= longest
    if description is None or is_token(description) or fits:
        return
    raise InvalidInputError(
        "Not a description that a StackSet takes",
        got=f"{description[:40]}..." if isinstance(description, str) else description,
        allowed=f"{shortest} to {longest:,} characters",
        fix="shorten it, or leave it out",
    )
