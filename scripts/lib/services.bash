# Starting, watching and stopping processes in the background; sourced by scripts that set `state`, the folder of their
# logs and process ids. No function may have a local variable of that name: a trap that stops the services runs in the
# scope of the function that was interrupted.
# shellcheck shell=bash
# shellcheck disable=SC2154 # state is set by the script that sources this file

# In a session of its own, so that Ctrl-C reaches only the script, which stops its services in order. The marker in the
# environment tells our process from another one that was given the same id later. Descriptor 9 is the scripts' lock.
start_service() { # NAME COMMAND...
    local name=$1
    shift
    TASKER_SERVICE=$state/$name setsid "$@" </dev/null >>"$state/$name.log" 2>&1 9>&- &
    echo $! >"$state/$name.pid"
    # Until its exec it is a copy of this shell without the marker.
    wait_until 10 service_launched "$name" $! || fail "could not start $name" "its log is $state/$name.log"
}
service_launched() { has_marker "$1" "$2" || process_gone "$2"; }
has_marker() { grep -qzxF "TASKER_SERVICE=$state/$1" "/proc/$2/environ" 2>/dev/null; }

# The process id of a service that runs.
service_pid() { # NAME
    local pid
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
    [[ -n $pid ]] || return 1
    process_gone "$pid" && return 1
    # In the middle of an exec a process has no environment for an instant.
    has_marker "$1" "$pid" || { sleep 0.1 && has_marker "$1" "$pid"; } || return 1
    echo "$pid"
}

# Whether a service that was started has ended.
service_ended() { # NAME
    process_gone "$(cat "$state/$1.pid" 2>/dev/null || echo none)"
}

# Ends the script when one of its services has ended.
check_services() { # NAME...
    local name
    for name in "$@"; do
        if [[ -f $state/$name.pid ]] && service_ended "$name"; then
            tail -n 20 "$state/$name.log" >&2
            fail "$name has ended (its last lines are above)" "the whole log is $state/$name.log"
        fi
    done
}

# SIGTERM to all named, then waits for each; SIGKILL to those that take longer.
stop_services() { # SECONDS NAME...
    local seconds=$1 name pid
    shift
    local -A pids=()
    for name in "$@"; do
        if pid=$(service_pid "$name"); then
            pids[$name]=$pid
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    for name in "${!pids[@]}"; do
        if ! wait_until "$seconds" process_gone "${pids[$name]}"; then
            note "$name did not stop within $seconds s; it is ended by force."
            kill_service "$name"
        fi
    done
    for name in "$@"; do rm -f "$state/$name.pid"; done
}

kill_service() { # NAME
    local pid
    if pid=$(service_pid "$1"); then
        kill -KILL "$pid" 2>/dev/null || true
        wait_until 10 process_gone "$pid" || true
    fi
    rm -f "$state/$1.pid"
}
