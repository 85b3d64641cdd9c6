"""An hpbench that only notes how it was called, in a folder of its own: what turns and environments are tested with."""

import zipfile
from pathlib import Path

PROGRAM = """\
import json, os, signal, sys, time
from pathlib import Path

if "--help" in sys.argv:
    print("{help}")
    sys.exit()
arguments = sys.argv[1:]
results = Path(arguments[arguments.index("--results") + 1])
known = {{name: value for name, value in os.environ.items() if name.startswith("PYTHON")}}
try:
    with results.open("a") as file:
        file.write(json.dumps([arguments, known]) + "\\n")
    print("first line")
    print("last line", file=sys.stderr, flush=True)
    time.sleep(float(os.environ.get("FAKE_SECONDS", 0)))
except KeyboardInterrupt:
    time.sleep(0.3)
    results.with_suffix(".kept").touch()
    sys.exit(130)
sys.exit(int(os.environ.get("FAKE_CODE", 0)))
"""


def program(option="--no-calibration"):
    """The text of its ``__main__``; its help names one option."""
    return PROGRAM.format(help=option)


def package(folder, option="--no-calibration"):
    """Write the package into a folder; the folder."""
    (folder / "hpbench").mkdir(parents=True)
    (folder / "hpbench/__init__.py").touch()
    (folder / "hpbench/__main__.py").write_text(program(option))
    return folder


def wheel(folder, name, version, *requires, files=()):
    """Write a wheel of files, path to text."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    contents = {
        **dict(files),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**contents, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


BACKEND = """\
import sys
from pathlib import Path

sys.path.insert(0, {tests!r})
from tests.execution.fake_hpbench import wheel


def build_editable(folder, settings=None, prepared=None):
    files = {{"hpbench.pth": str(Path.cwd()) + "\\n"}}
    wheel(Path(folder), "hpbench", "0", "tabulate", files=files.items())
    return "hpbench-0-py3-none-any.whl"
"""


def source(folder, option="--no-calibration"):
    """Write a source tree of the package that pip installs without an index; the folder."""
    package(folder, option)
    (folder / "backend.py").write_text(BACKEND.format(tests=str(Path(__file__).parents[2])))
    project(folder, "click")
    return folder


def project(folder, *dependencies):
    """Write what a source tree says that it needs."""
    (folder / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        f"[project]\nname = 'hpbench'\nversion = '0'\ndependencies = {list(dependencies)}\n"
    )
