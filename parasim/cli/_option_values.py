"""From `--set NAME=VALUE` to the arguments of an analysis, by their annotations."""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union, get_args, get_origin

from parasim._errors import ConfigError, near_names

_SWITCH = {"true": True, "yes": True, "false": False, "no": False}


def arguments(function: Callable[..., Any], given: Mapping[str, str], name: str) -> dict[str, Any]:
    """Convert what was given to the arguments of an analysis.

    Arguments:
        function: the analysis.
        given: texts by name.
        name: of the analysis, for messages.

    Raises:
        ConfigError: a name is unknown or missing, or a text cannot be converted.
    """
    parameters = inspect.signature(function, eval_str=True).parameters
    known = [key for key in list(parameters)[1:] if key != "variables"]
    for key in given:
        if key not in known:
            raise ConfigError(f"--set {key}: {name} has no such option; {near_names(key, known)}")
    for key in known:
        if key not in given and parameters[key].default is inspect.Parameter.empty:
            raise ConfigError(f"{name} needs --set {key}=VALUE")
    return {
        key: _converted(text, parameters[key].annotation, f"--set {key}={text}")
        for key, text in given.items()
    }


def _converted(text: str, annotation: Any, where: str) -> Any:
    """Convert a text to what an annotation allows; the widest of several counts."""
    union = get_origin(annotation) in (Union, types.UnionType)
    kinds = get_args(annotation) if union else (annotation,)
    origins = {get_origin(kind): kind for kind in kinds}
    if Mapping in origins:
        return _mapping(text, where)
    if Iterable in origins:
        item = get_args(origins[Iterable])[0]
        return tuple(_scalar(part.strip(), {item}, where) for part in text.split(","))
    return _scalar(text, set(kinds), where)


def _scalar(text: str, kinds: set[Any], where: str) -> Any:
    if bool in kinds:
        if text.lower() not in _SWITCH:
            raise ConfigError(f"{where}: say yes or no")
        return _SWITCH[text.lower()]
    if int in kinds or float in kinds:
        kind, what = (int, "a whole number") if int in kinds else (float, "a number")
        try:
            return kind(text)
        except ValueError as error:
            raise ConfigError(f"{where}: {what} is needed") from error
    return text


def _mapping(text: str, where: str) -> dict[str, Any]:
    """Read such as `site:0,member:2`."""
    places: dict[str, Any] = {}
    for part in text.split(","):
        dim, colon, label = part.partition(":")
        if not colon or not dim.strip() or not label.strip():
            raise ConfigError(f"{where}: write it as DIMENSION:VALUE, such as site:0")
        places[dim.strip()] = _number_or_text(label.strip())
    return places


def _number_or_text(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
