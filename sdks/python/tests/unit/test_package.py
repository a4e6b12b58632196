"""The package as somebody else installs it: what is in it, and that it runs from a fresh environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from support.messages import execute
from support.process import clean_environment
from tasker_core import __version__

SDK = Path(__file__).resolve().parents[2]
MODULES = {str(file.relative_to(SDK / "src")) for file in (SDK / "src").rglob("*.py")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, cwd=SDK, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_wheel_has_every_module_its_types_and_its_license(built: Path) -> None:
    with zipfile.ZipFile(built / f"tasker_sdk-{__version__}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
        assert {name for name in names if name.endswith(".py")} == MODULES
        assert "tasker_core/py.typed" in names
        info = f"tasker_sdk-{__version__}.dist-info"
        assert f"{info}/licenses/LICENSE" in names
        metadata = wheel.read(f"{info}/METADATA").decode()
        assert wheel.read(f"{info}/entry_points.txt").decode().split() == [
            "[console_scripts]", "tasker-worker-python", "=", "tasker_core.worker.cli:main",
        ]  # fmt: skip
    required = re.findall(r"^Requires-Dist: ([a-z]+)", metadata, re.MULTILINE)
    assert sorted(required) == ["httpx", "pika", "pydantic", "pyyaml"]
    assert "## Write a handler" in metadata


def test_the_source_distribution_can_be_built_from(built: Path) -> None:
    with tarfile.open(built / f"tasker_sdk-{__version__}.tar.gz") as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert {name.removeprefix("src/") for name in names if name.endswith(".py")} == MODULES
    assert {"pyproject.toml", "README.md", "LICENSE", "src/tasker_core/py.typed"} <= names


def test_the_license_is_that_of_the_repository() -> None:
    assert (SDK / "LICENSE").read_text() == (SDK.parents[1] / "LICENSE").read_text()


def test_it_runs_from_a_fresh_environment(built: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    wheel = built / f"tasker_sdk-{__version__}-py3-none-any.whl"
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # The libraries it needs come from this environment, so no network is needed; the SDK itself does not.
    [packages] = (environment / "lib").glob("python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")

    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "handlers.py").write_text(
        "import tasker_core\n\n\n"
        "class Where(tasker_core.StepHandler):\n"
        '    handler_name = "where"\n\n'
        "    def call(self, context):\n"
        '        return {"file": tasker_core.__file__}\n'
    )
    variables = clean_environment()
    del variables["PYTHONPATH"]
    ran = subprocess.run(
        [environment / "bin" / "tasker-worker-python", "app.handlers", "--transport", "stdio"],
        input=json.dumps(execute("where")) + "\n",
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["result"] == {"file": str(packages / "tasker_core" / "__init__.py")}
