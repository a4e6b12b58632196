# Shared by the scripts of this folder; sourced, never run.
# shellcheck shell=bash

# What happened, then what to do; to stderr, exit 1.
fail() { # MESSAGE [REMEDY]
    echo "$(basename "$0"): $1" >&2
    [[ -n ${2:-} ]] && echo "  $2" >&2
    exit 1
}

note() { echo "$*" >&2; }

# A zombie has ended too; only its parent, which may be waiting for us, can remove it from the table.
process_gone() { # PID
    local letter
    letter=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
    [[ -z $letter || $letter == Z || $letter == X ]]
}

# Polls a condition every 50 ms until it holds or the deadline (in seconds) has passed.
wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS >= deadline)) && return 1
        sleep 0.05
    done
}

# Whether no socket of this machine listens on a TCP port of IPv4 or IPv6.
port_free() { # PORT
    local hex
    printf -v hex ':%04X ' "$1"
    # Columns: sl local_address remote_address state (0A = LISTEN).
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="${hex% }" 'substr($2, length($2) - 4) == port && $4 == "0A" { found = 1 } END { exit !found }'
}

# The first Python that is new enough and can make virtual environments: the caller's, else Debian's.
find_python() {
    local candidate
    for candidate in "${TASKER_PYTHON:-python3}" /usr/bin/python3; do
        "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null &&
            command -v "$candidate" && return
    done
    return 1
}

# Every swift build and test of the repository uses the same flags, so that nothing is compiled twice.
# shellcheck disable=SC2034 # used by the scripts that source this file
swift_flags=(--explicit-target-dependency-import-check error)

# A build on a full disk fails with errors that hide the reason.
require_disk_space() { # MEGABYTES DIRECTORY
    local free
    free=$(df --output=avail -m "$2" 2>/dev/null | tail -n 1 | tr -d ' ')
    if [[ $free =~ ^[0-9]+$ && $free -lt $1 ]]; then
        fail "only $free MB are free on the disk of $2; about $1 MB are needed" "free some space and run this again"
    fi
}
