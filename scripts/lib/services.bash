# Starting, watching and stopping processes in the background; sourced by scripts that set `state`, the folder of their
# logs and process ids.
# shellcheck shell=bash
# shellcheck disable=SC2154 # state is set by the script that sources this file

# In a session of its own, so that Ctrl-C reaches only the script, which stops its services in order. The marker in the
# environment tells our processes from others that were given the same id later.
start_service() { # NAME COMMAND...
    local name=$1
    shift
    TASKER_SERVICE=$state/$name setsid "$@" </dev/null >>"$state/$name.log" 2>&1 &
    echo $! >"$state/$name.pid"
    # Until its exec it is a copy of this shell without the marker.
    wait_until 10 service_launched "$name" $! || fail "could not start $name" "its log is $state/$name.log"
}
service_launched() { service_pid "$1" >/dev/null || [[ ! -d /proc/$2 ]] || is_zombie "$2"; }

service_pid() { # NAME
    local pid
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qxF "TASKER_SERVICE=$state/$1" || return 1
    echo "$pid"
}

# Ends the script when one of its services has ended.
check_services() {
    local name pid
    for name in "${services[@]}"; do
        [[ -f $state/$name.pid ]] || continue
        pid=$(cat "$state/$name.pid")
        # Of our own children a zombie remains until we wait for it.
        if [[ ! -d /proc/$pid ]] || is_zombie "$pid"; then
            tail -n 20 "$state/$name.log" >&2
            fail "$name has ended (its last lines are above)" "the whole log is $state/$name.log"
        fi
    done
}

# SIGTERM to all named, then waits for each; SIGKILL to those that take longer than 40 s, the workers' grace period.
stop_services() { # NAME...
    local name pid
    local -A pids=()
    for name in "$@"; do
        if pid=$(service_pid "$name"); then
            pids[$name]=$pid
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    for name in "${!pids[@]}"; do
        if ! wait_until 40 service_gone "$name"; then
            note "$name did not stop within 40 s; it is ended by force."
            kill -KILL "${pids[$name]}" 2>/dev/null || true
            wait_until 5 service_gone "$name" || true
        fi
    done
    for name in "$@"; do rm -f "$state/$name.pid"; done
}

service_gone() { ! service_pid "$1" >/dev/null; }
