"""Code of one's own: a part named ``package.module:attribute`` instead of by a name of the catalogue.

Data sets are imported by the driver, which prepares them, the other parts by job processes; all of them only where the
person at the command line has allowed their module.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field

from hpbench.catalogue.part import Parameters
from hpbench.catalogue.sources import module_file
from hpbench.errors import UserError

PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"

_allowed: set[str] = set()


class Own(Parameters):
    """A part of one's own; every field beside ``name`` is a keyword argument of its code."""

    model_config = ConfigDict(extra="allow")
    name: Annotated[str, Field(pattern=PATTERN, description="package.module:attribute; needs --allow-code")]


class CodeNotAllowedError(UserError):
    """A definition names code that the person has not allowed."""


class MissingCodeError(UserError):
    """A definition names code that is not there."""


def allow(modules: Iterable[str]) -> None:
    """Let this process import parts from these modules and from those below them."""
    _allowed.update(modules)


def is_allowed(name: str, modules: Iterable[str] | None = None) -> bool:
    """Whether the module of a part is one of ``modules``, or of those allowed in this process, or lies below one."""
    module = name.partition(":")[0]
    among = _allowed if modules is None else modules
    return any(module == allowed or module.startswith(f"{allowed}.") for allowed in among)


def require_allowed(names: Iterable[str], modules: Iterable[str] | None = None) -> None:
    """Check that every part of one's own among ``names`` is allowed, by ``modules`` or in this process.

    Raises:
        CodeNotAllowedError: Naming the parts and the option that allows them.
    """
    allowed = None if modules is None else tuple(modules)
    refused = sorted({name for name in names if ":" in name and not is_allowed(name, allowed)})
    if refused:
        options = " ".join(f"--allow-code {module}" for module in dict.fromkeys(n.partition(":")[0] for n in refused))
        raise CodeNotAllowedError(
            f"the definition names code that is not hpbench's: {', '.join(refused)}. "
            f"Read it, and if you trust it, add {options}"
        )


def require_present(names: Iterable[str]) -> None:
    """Check, without importing, that the module of every part of one's own can be found.

    Raises:
        MissingCodeError: Naming the part, and where its module was looked for.
    """
    for name in sorted(names):
        module = name.partition(":")[0]
        if ":" in name and module_file(module) is None:
            raise MissingCodeError(
                f"{name}: there is no module {module} in the working folder {Path.cwd()}, nor among the installed "
                f"libraries; start hpbench in the folder that holds {module.partition('.')[0]}"
            )
