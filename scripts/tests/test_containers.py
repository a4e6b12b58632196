"""docker-compose.yml and Dockerfile, read as a container engine would; a machine without one notices a typo too."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import ROOT, run

COMPOSE = ROOT / "docker-compose.yml"
SCHEMA = Path(__file__).parent / "compose-spec/compose_spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


def dockerfile_instructions() -> list[tuple[str, str]]:
    """(keyword, arguments) of each instruction, with continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.split(maxsplit=1)[0].upper(), line.split(maxsplit=1)[1]) for line in lines]


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each named build stage."""
    found: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for keyword, arguments in dockerfile_instructions():
        if keyword == "FROM":
            name = re.search(r"\bAS\s+(\S+)$", arguments, flags=re.IGNORECASE)
            assert name, f"FROM {arguments}: every stage needs a name"
            current = found.setdefault(name[1], [])
        current.append((keyword, arguments))
    return found


def in_build_context(path: str) -> bool:
    """Whether .dockerignore lets a path through: its last matching pattern decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().split():
        pattern = line.removeprefix("!").rstrip("/")
        parents = [path, *map(str, Path(path).parents)]
        if any(fnmatch.fnmatch(parent, pattern) for parent in parents if parent != "."):
            ignored = not line.startswith("!")
    return not ignored


def validator() -> jsonschema.Draft201909Validator:
    return jsonschema.Draft201909Validator(json.loads(SCHEMA.read_text()))


def test_compose_file_is_valid(compose: dict[str, Any]) -> None:
    # `name` at the top is newer than this schema.
    document = {key: value for key, value in compose.items() if key != "name"}
    assert [f"{error.json_path}: {error.message}" for error in validator().iter_errors(document)] == []


def test_schema_catches_a_mistake(compose: dict[str, Any]) -> None:
    broken = {"services": {"a": {**compose["services"]["orchestrator"], "helthcheck": {}}}}
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(broken)


def test_compose_names_only_what_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"rabbitmq", "orchestrator", "swift-worker", "python-worker"} <= services.keys()
    for name, service in services.items():
        for dependency, condition in service.get("depends_on", {}).items():
            assert dependency in services, f"{name} depends on {dependency}"
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[dependency], f"{dependency} has no health check"
        if "build" in service:
            assert service["build"]["target"] in stages(), f"{name}: no such target in the Dockerfile"
            assert (ROOT / service["build"]["context"] / "Dockerfile").is_file()
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port} beyond this machine"
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"], f"{name}: volume {volume} is not declared"
        host = re.search(r"@([^:/]+)", service.get("environment", {}).get("TASKER_AMQP_URL", ""))
        assert host is None or host[1] in services, f"{name}: no broker of that name"


def test_dockerfile_names_only_what_exists() -> None:
    package = (ROOT / "Package.swift").read_text()
    known = stages()
    earlier: set[str] = set()
    for name, instructions in known.items():
        for keyword, arguments in instructions:
            if keyword == "FROM":
                image = arguments.split()[0]
                assert image in earlier or ":" in image, f"{name}: FROM {image} is no stage and has no tag"
            elif keyword == "COPY" and "--from=" in arguments:
                assert re.findall(r"--from=(\S+)", arguments)[0] in earlier
            elif keyword == "COPY":
                for source in arguments.split()[:-1]:
                    assert (ROOT / source).exists(), f"{name}: COPY {source}: no such file"
                    assert in_build_context(source), f"{name}: COPY {source}: left out by .dockerignore"
            elif keyword == "RUN":
                for product in re.findall(r"--product (\S+)", arguments):
                    assert f'.executable(name: "{product}"' in package, f"{product} is no product of Package.swift"
        earlier.add(name)


def test_programs_of_the_images_are_copied_into_them() -> None:
    known = stages()
    for name in ("orchestrator", "swift-worker"):
        words = dict(known[name])
        (program,) = json.loads(words["ENTRYPOINT"])
        copies = [arguments.split() for keyword, arguments in known[name] if keyword == "COPY"]
        targets = [copy[-1] for copy in copies]
        assert any(program == target or program.startswith(target) for target in targets), program
        build = " ".join(arguments for keyword, arguments in known["build"] if keyword == "RUN")
        assert f"/{Path(program).name}" in build
    health = json.loads(re.sub(r"^.*?CMD ", "", dict(known["orchestrator"])["HEALTHCHECK"]))
    assert any(health[0] in arguments for keyword, arguments in known["orchestrator"] if keyword == "COPY")


def test_handlers_of_the_python_image_exist() -> None:
    instructions = stages()["python-worker"]
    (folder,) = [line.split()[0] for keyword, line in instructions if keyword == "COPY" and line.endswith("/handlers")]
    (module,) = json.loads(dict(instructions)["CMD"])
    path = ROOT / folder / module
    assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_runtime_libraries_match_what_is_linked() -> None:
    """Each -dev package has its run-time package in the image that runs; the C targets' packages are all installed."""
    known = stages()
    build = " ".join(arguments for _, arguments in known["build"])
    runtime = " ".join(arguments for _, arguments in known["swift-runtime"])
    for development, library in {
        "librabbitmq-dev": "librabbitmq4",
        "libssl-dev": "libssl3",
        "libyaml-dev": "libyaml-0-2",
        "libsqlite3-dev": "libsqlite3-0",
    }.items():
        assert development in build
        assert library in runtime
    installer = (ROOT / "scripts/install-dependencies").read_text()
    for packages in re.findall(r"\.apt\(\[(.*?)\]\)", (ROOT / "Package.swift").read_text()):
        for package in re.findall(r'"([^"]+)"', packages):
            assert package in build
            assert package in installer


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_docker_accepts_the_compose_file() -> None:
    if run("docker", "compose", "version").returncode != 0:
        pytest.skip("docker has no compose plugin")
    result = run("docker", "compose", "-f", COMPOSE, "config", "--quiet")
    assert result.returncode == 0, result.stderr
