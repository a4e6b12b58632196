"""scripts/test and scripts/install-dependencies with stand-ins for the programs they call."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, eventually, processes_naming, run

PASS = '<testcase classname="A.B" name="one()" />'
FAIL = '<testcase classname="A.B" name="two()"><failure message="no" /></testcase>'
SKIP = '<testcase classname="A.B" name="three()"><skipped /></testcase>'


class Checkout:
    """A folder with the repository's scripts, in which `swift` and `python` are shell scripts of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__", "tests"))
        self.programs = folder / "programs"
        self.programs.mkdir()
        (folder / "sdks/python").mkdir(parents=True)
        (folder / "Tests/ATests").mkdir(parents=True)

    def program(self, name: str, body: str) -> Path:
        path = self.programs / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)
        return path

    def reports(self, name: str, cases: str, status: int, marker: str) -> Path:
        """A program that writes a JUnit file to the path in its arguments, as a test runner does."""
        return self.program(
            name,
            "[[ $1 != build ]] || exit 0\n"
            f"for argument; do case $argument in {marker}) path=${{argument#--junitxml=}} ;; esac; done\n"
            f"echo '<testsuites><testsuite>{cases}</testsuite></testsuites>' >\"$path\"\n"
            f"exit {status}",
        )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "TASKER_TEST_PYTHON": str(self.programs / "python"),
            "TASKER_TEST_AMQP_URL": "amqp://unused",
        }

    def test(self, *stages: str) -> subprocess.CompletedProcess[str]:
        return run(self.folder / "scripts/test", *stages, env=self.environment, cwd=self.folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    return result.stdout.splitlines()[-1]


def test_results_of_all_runners_are_added_up(checkout: Checkout) -> None:
    checkout.reports("swift", PASS + SKIP + PASS, 0, "*.xml")
    checkout.reports("python", PASS, 0, "--junitxml=*")
    result = checkout.test("swift", "python", "scripts")
    assert last_line(result) == "4 passed, 0 failed"
    assert result.returncode == 0


def test_a_failing_stage_does_not_hide_the_next(checkout: Checkout) -> None:
    checkout.reports("swift", PASS + FAIL, 1, "*.xml")
    checkout.reports("python", PASS, 0, "--junitxml=*")
    result = checkout.test("swift", "python")
    assert last_line(result) == "2 passed, 1 failed"
    assert result.returncode == 1
    assert "failed: A.B.two()" in result.stderr


def test_no_tests_and_a_crashed_runner_are_failures(checkout: Checkout) -> None:
    checkout.reports("swift", "", 0, "*.xml")
    checkout.program("python", "kill -SEGV $$")
    result = checkout.test("swift", "python")
    assert last_line(result) == "0 passed, 2 failed"
    assert "ATests ran no tests" in result.stderr
    assert "failed as a whole" in result.stdout
    assert result.returncode == 1


def test_a_build_that_fails_is_a_failure(checkout: Checkout) -> None:
    checkout.program("swift", "[[ $1 != build ]]")
    result = checkout.test("swift")
    assert last_line(result) == "0 passed, 1 failed"
    assert result.returncode == 1


def test_each_swift_target_must_run_tests(checkout: Checkout) -> None:
    (checkout.folder / "Tests/BTests").mkdir()
    checkout.reports("swift", PASS, 0, "*/ATests.xml")
    result = checkout.test("swift")
    assert last_line(result) == "1 passed, 1 failed"
    assert "BTests ran no tests" in result.stderr
    checkout.reports("swift", PASS, 0, "*.xml")
    assert last_line(checkout.test("swift")) == "2 passed, 0 failed"


def test_results_beside_the_named_file_are_found(checkout: Checkout) -> None:
    """Toolchains that also run XCTest put the results of swift-testing into a file of their own."""
    checkout.program(
        "swift", f"[[ $1 != build ]] || exit 0\necho '<a>{PASS}</a>' >.tasker/test/ATests-swift-testing.xml"
    )
    assert last_line(checkout.test("swift")) == "1 passed, 0 failed"


def test_the_protocol_check_is_one_test(checkout: Checkout) -> None:
    checkout.program("python", "echo '41 passed, 0 failed'")
    assert last_line(checkout.test("protocol")) == "1 passed, 0 failed"
    checkout.program("python", "echo '41 passed, 1 failed'; exit 1")
    result = checkout.test("protocol")
    assert last_line(result) == "0 passed, 1 failed"
    assert result.returncode == 1


def test_an_old_report_is_not_counted(checkout: Checkout) -> None:
    checkout.reports("python", PASS, 0, "--junitxml=*")
    assert last_line(checkout.test("python")) == "1 passed, 0 failed"
    checkout.program("python", "exit 0")
    assert last_line(checkout.test("python")) == "0 passed, 1 failed"


def test_interrupting_ends_what_runs(checkout: Checkout) -> None:
    checkout.program("python", "touch started; exec sleep 600")
    process = subprocess.Popen(
        [checkout.folder / "scripts/test", "python"],
        env={**os.environ, **checkout.environment},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually((checkout.folder / "sdks/python/started").exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    finally:
        process.kill()
    assert eventually(lambda: not processes_naming(str(checkout.folder)), seconds=10)


def test_tested_programs_can_be_interrupted(checkout: Checkout) -> None:
    """A shell gives its background commands an ignored SIGINT, which would be inherited by all that tests start."""
    checkout.program("python", "grep SigIgn /proc/self/status >signals")
    checkout.test("python")
    ignored = int((checkout.folder / "sdks/python/signals").read_text().split()[1], 16)
    assert not ignored & (1 << (signal.SIGINT - 1))


def test_unknown_stage_is_refused(checkout: Checkout) -> None:
    result = checkout.test("perl")
    assert result.returncode == 1
    assert "unknown stage 'perl'" in result.stderr


def test_missing_packages_without_rights_print_the_line_to_run(checkout: Checkout) -> None:
    checkout.program("dpkg-query", "exit 1")
    checkout.program("id", "echo 1000")
    checkout.program("sudo", "exit 1")
    result = run(checkout.folder / "scripts/install-dependencies", "broker", env=checkout.environment)
    assert result.returncode == 1
    assert "apt-get update && apt-get install -y --no-install-recommends rabbitmq-server" in result.stderr


def test_missing_packages_are_listed_and_nothing_is_installed(checkout: Checkout) -> None:
    checkout.program("dpkg-query", "echo -n 'g++=installed git=config-files '")
    checkout.program("apt-get", "touch installed")
    checkout.program("swift", "echo 'Swift version 6.1.2 (swift-6.1.2-RELEASE)'")
    result = run(
        checkout.folder / "scripts/install-dependencies",
        "--check",
        "build",
        env=checkout.environment,
        cwd=checkout.folder,
    )
    assert result.returncode == 1
    missing = result.stderr.splitlines()[0].split()
    assert "git" in missing
    assert "g++" not in missing
    assert not (checkout.folder / "installed").exists()


def test_an_old_toolchain_is_refused(checkout: Checkout) -> None:
    checkout.program("swift", "echo 'Swift version 5.10 (swift-5.10-RELEASE)'")
    result = run(checkout.folder / "scripts/install-dependencies", "build", env=checkout.environment)
    assert result.returncode == 1
    assert "Swift 5.10 is too old" in result.stderr
