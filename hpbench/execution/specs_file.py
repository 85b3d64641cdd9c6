"""What a folder of ``hpbench ab`` holds results of: the environments, and the seed that their order was drawn with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hpbench.errors import UserError

NAME = "specs.json"
FORMAT = 1


class Specs(NamedTuple):
    """Of one folder.

    Attributes:
        specs: Arm to the environment as the person named it.
        fingerprints: Arm to a digest of its libraries and its hpbench.
        order_seed: What the order of the turns is drawn with.
    """

    specs: dict[str, str]
    fingerprints: dict[str, str]
    order_seed: int


def begun(folder: Path) -> bool:
    """Whether a folder holds results, of whatever environments."""
    return (folder / NAME).exists()


def stored(folder: Path, specs: Mapping[str, str]) -> Specs | None:
    """What a folder holds results of; None if it holds none.

    Args:
        folder: The folder.
        specs: Arm to the environment that is asked for.

    Raises:
        UserError: If they are results of other environments, or the file cannot be read.
    """
    path = folder / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError("another format")
        found = Specs(dict(document["specs"]), dict(document["fingerprints"]), int(document["order_seed"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path} cannot be read; name another folder with --output") from None
    for arm, spec in specs.items():
        if found.specs.get(arm) != spec:
            raise UserError(
                f"{folder} holds results of --{arm} {found.specs.get(arm, '(none)')}, not {spec}; "
                "name another folder with --output"
            )
    return found


def settle(folder: Path, specs: Mapping[str, str], fingerprints: Mapping[str, str]) -> Specs:
    """What the folder holds results of from now on; the first time a seed of the order is drawn.

    Raises:
        UserError: If it holds results of other environments, or what an environment holds has changed since: trials
            that are made again would not take turns with those that stand.
    """
    before = stored(folder, specs)
    if before is None:
        now = Specs(dict(specs), dict(fingerprints), secrets.randbelow(2**31))
        (folder / NAME).write_text(json.dumps({"format": FORMAT, **now._asdict()}, indent=1) + "\n", encoding="utf-8")
        return now
    for arm, fingerprint in fingerprints.items():
        if before.fingerprints.get(arm) != fingerprint:
            raise UserError(
                f"the code or the libraries of --{arm} {specs[arm]} have changed since {folder} was begun, and trials "
                "made now would not have taken turns with those; name another folder with --output"
            )
    return before
