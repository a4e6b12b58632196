"""scripts/lib/services.bash, sourced by a small script."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, eventually, processes_naming, run

PRELUDE = f"""
set -euo pipefail
source '{ROOT}/scripts/lib/common.bash'
source '{ROOT}/scripts/lib/services.bash'
state=$PWD
"""


def script(folder: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("bash", "-c", PRELUDE + body, cwd=folder, env=environment)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


def test_a_service_is_found_by_later_scripts_whatever_its_environment(state: Path) -> None:
    # More than a pipe holds.
    large = {f"FILLER_{number}": "x" * 100_000 for number in range(4)}
    started = script(state, "start_service sleeper sleep 600; service_pid sleeper", **large)
    pid = started.stdout.strip()
    assert pid.isdigit(), started.stderr
    found = script(state, "for _ in {1..50}; do service_pid sleeper; done; check_services sleeper")
    assert found.stdout.split() == [pid] * 50
    assert script(state, "stop_services 10 sleeper; service_pid sleeper || echo gone").stdout.strip() == "gone"
    assert eventually(lambda: not processes_naming(f"={state}/"))


def test_a_process_that_took_over_the_id_is_left_alone(state: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            (state / "sleeper.pid").write_text(str(stranger.pid))
            assert script(state, "stop_services 1 sleeper; kill_service sleeper").returncode == 0
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_an_interruption_anywhere_stops_the_services(state: Path) -> None:
    """The trap runs inside the function that was interrupted, whose local variables hide those of the script."""
    result = script(
        state,
        """
        start_service sleeper sleep 600
        trap 'stop_services 10 sleeper' EXIT
        trap 'unset -f sed; exit 130' INT
        sed() { kill -INT $$; command sed "$@"; }
        process_gone 1
        """,
    )
    assert result.returncode == 130, result.stderr
    assert processes_naming(f"={state}/") == []


def test_one_that_ignores_the_request_is_ended_by_force(state: Path) -> None:
    result = script(
        state,
        """
        mkfifo pipe
        start_service stubborn bash -c 'trap "" TERM; touch ready; while :; do read -r -t 1 <>pipe || true; done'
        wait_until 20 test -e ready
        stop_services 1 stubborn
        service_pid stubborn || echo gone
        """,
    )
    assert result.stdout.strip() == "gone", result.stderr
    assert "ended by force" in result.stderr
    assert processes_naming(f"={state}/") == []


def test_a_service_that_ends_stops_the_script_with_its_last_lines(state: Path) -> None:
    result = script(
        state,
        """
        start_service brief bash -c 'echo the reason; exit 4'
        wait_until 20 service_ended brief
        check_services brief
        echo never
        """,
    )
    assert result.returncode == 1
    assert "the reason" in result.stderr
    assert "brief has ended" in result.stderr
    assert "never" not in result.stdout
