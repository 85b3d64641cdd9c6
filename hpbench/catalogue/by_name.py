"""A part that a command line names: of the catalogue with all its defaults, or code of one's own."""

from __future__ import annotations

import difflib
import re

from pydantic import ValidationError

from hpbench.catalogue.own import PATTERN, CodeNotAllowedError, is_allowed, require_present
from hpbench.catalogue.part import Parameters, Register
from hpbench.errors import UserError


class UnknownPartError(UserError):
    """A name that the catalogue does not have, or a part that needs more than its name."""


def require_named(name: str, register: Register) -> None:
    """Check a name without importing anything of one's own.

    Args:
        name: ``package.module:attribute``, or of the register.
        register: Of the kind of part.

    Raises:
        CodeNotAllowedError: Its module is not allowed in this process.
        MissingCodeError: Its module is not there.
        UnknownPartError: The register does not have it, or it needs more than its name.
    """
    if re.fullmatch(PATTERN, name) and ".py:" not in name:
        if not is_allowed(name):
            raise CodeNotAllowedError(
                f"{name} is code that is not hpbench's. Read it, and if you trust it, add "
                f"--allow-code {name.partition(':')[0]}"
            )
        require_present([name])
    elif ".py:" in name:
        raise UnknownPartError(f"'{name}' names a file; a module is named without .py: {name.replace('.py:', ':')}")
    else:
        defaults(name, register)


def defaults(name: str, register: Register) -> Parameters:
    """The part's parameters, all at their defaults.

    Raises:
        UnknownPartError: The register does not have it, or it has parameters without a default.
    """
    if name not in register:
        close = difflib.get_close_matches(name, register, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(register)};"
        raise UnknownPartError(
            f"there is no {register.kind} '{name}'; {hint} your own is named package.module:function, "
            "such as mine:build"
        )
    try:
        return register[name].model_validate({"name": name})
    except ValidationError as error:
        missing = ", ".join(str(fault["loc"][-1]) for fault in error.errors())
        raise UnknownPartError(
            f"the {register.kind} {name} needs {missing}, which this command does not take; write a function of "
            "your own that makes it, and name that: package.module:function"
        ) from None
