import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Ends what this test run has started, should the run itself be killed: a shell that holds the other end of a pipe
/// and sees it close.
final class Guardian: Sendable {
    static let shared = Guardian()

    private let pipe: Mutex<Int32>

    private init() {
        var ends: [Int32] = [-1, -1]
        guard makePipe(&ends) else {
            pipe = Mutex(-1)
            return
        }
        let script = """
            trap '' INT TERM HUP
            declare -A running
            while read -r what pid; do
                if [[ $what == + ]]; then running[$pid]=1; else unset "running[$pid]"; fi
            done
            for pid in "${!running[@]}"; do kill -KILL "$pid" 2>/dev/null; done
            """
        let shell = try? Spawn.start("/bin/bash", ["-c", script], input: ends[0], output: "/dev/null")
        close(ends[0])
        pipe = Mutex(shell == nil ? -1 : ends[1])
    }

    func watch(_ process: pid_t) { tell("+ \(process)\n") }
    func forget(_ process: pid_t) { tell("- \(process)\n") }

    private func tell(_ line: String) {
        pipe.withLock { descriptor in
            guard descriptor >= 0 else { return }
            let bytes = Array(line.utf8)
            _ = write(descriptor, bytes, bytes.count)
        }
    }
}

/// Close-on-exec, so that no other child holds it open.
private func makePipe(_ ends: inout [Int32]) -> Bool {
    guard pipe(&ends) == 0 else { return false }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return true
}
