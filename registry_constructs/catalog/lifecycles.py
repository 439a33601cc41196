"""Lifecycle policies in a catalog: the name of a preset, a preset with arguments, or a list of rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, Literal, Union

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from registry_constructs.ecr.lifecycle import LifecyclePolicy, LifecycleRule, presets

# How the annotations of the presets and of the rules look in YAML.
_TYPES: Final[dict[str, Any]] = {
    "bool": bool,
    "int": int,
    "int | None": int,
    "str | None": str,
    "Sequence[str]": list[str],
    "Sequence[str] | None": list[str],
}
_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

PRESETS: Final[dict[str, Callable[..., LifecyclePolicy]]] = {
    name: function
    for name, function in vars(presets).items()
    if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == presets.__name__
}
"""Every preset by its name."""


def _arguments(function: Callable[..., Any], name: str, **more: Any) -> type[BaseModel]:
    """A model of a function's keyword arguments; the function's defaults apply to those left out."""
    fields: dict[str, Any] = {
        parameter.name: (_TYPES[parameter.annotation], Field(default=None))
        for parameter in inspect.signature(function).parameters.values()
    }
    first_line = (inspect.getdoc(function) or "").partition("\n")[0]
    return create_model(name, __config__=_STRICT, __doc__=first_line, **more, **fields)


def _given(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in model.model_fields_set}


@cache
def _named_preset(name: str) -> LifecyclePolicy:
    return PRESETS[name]()


def _preset(model: BaseModel) -> LifecyclePolicy:
    given = _given(model)
    return PRESETS[given.pop("preset")](**given)


Expire = _arguments(LifecycleRule.expire, "Expire")
Archive = _arguments(LifecycleRule.archive, "Archive")


def _kind_of_rule(value: object) -> str | None:
    return f"({next(iter(value))})" if isinstance(value, dict) and len(value) == 1 else None


class _ExpireRule(BaseModel):
    """Delete images."""

    model_config = _STRICT
    expire: Annotated[Expire, AfterValidator(lambda model: LifecycleRule.expire(**_given(model)))]  # type: ignore[valid-type]


class _ArchiveRule(BaseModel):
    """Archive images."""

    model_config = _STRICT
    archive: Annotated[Archive, AfterValidator(lambda model: LifecycleRule.archive(**_given(model)))]  # type: ignore[valid-type]


_Rule = Annotated[
    Annotated[_ExpireRule, Tag("(expire)")] | Annotated[_ArchiveRule, Tag("(archive)")],
    Discriminator(
        _kind_of_rule,
        custom_error_type="invalid_lifecycle",
        custom_error_message="Not a rule of a lifecycle policy; one key, expire or archive; "
        "write '- expire: {untagged: true, days_since_pushed: 30}'",
    ),
]


def _policy(rules: list[Any]) -> LifecyclePolicy | tuple[()]:
    """The policy of these rules; without rules every image is kept forever."""
    found = [getattr(rule, name) for rule in rules for name in rule.model_fields_set]
    return LifecyclePolicy(found) if found else ()


_PRESET_MODELS = tuple(
    _arguments(function, f"Preset_{name}", preset=(Literal[name], ...)) for name, function in PRESETS.items()
)


def _kind(value: object) -> str | None:
    kinds: dict[type, str] = {str: "(name)", list: "(rules)", dict: "(preset)"}
    return kinds.get(type(value))


# Union as a function: the presets are known at run time only.
_PresetArguments: Any = Annotated[Union[_PRESET_MODELS], Field(discriminator="preset")]  # noqa: UP007

Lifecycle: Any = Annotated[
    Annotated[Literal[tuple(PRESETS)], AfterValidator(_named_preset), Tag("(name)")]
    | Annotated[_PresetArguments, AfterValidator(_preset), Tag("(preset)")]
    | Annotated[list[_Rule], AfterValidator(_policy), Tag("(rules)")],
    Discriminator(
        _kind,
        custom_error_type="invalid_lifecycle",
        custom_error_message="Not a lifecycle policy; a preset's name, {preset: ...} with its arguments, or "
        f"a list of rules; write one of {', '.join(PRESETS)}, or [] to keep every image forever",
    ),
]
"""A policy, or `()` for none: every image is kept forever."""
