import TaskerWorker

/// A program to host as a worker: what it serves, how it is started, and the limits it is held to.
public struct HostConfiguration: Sendable {
    /// The broker, the queue, the slots, …: as of every worker. One process runs per slot.
    public var worker: WorkerConfiguration
    /// The callables the program answers to. With `worker.anyHandler` it gets every other one, too.
    public var handlers: [String]
    /// Announced beside the callables; nil: none.
    public var handlerVersion: String?
    /// The program, looked up in `PATH` unless it has a slash, and its arguments.
    public var command: [String]
    /// The names of environment variables that the program gets; a `*` at the end stands for any rest. Passwords in the
    /// host's environment (`TASKER_AMQP_URL`) stay with the host unless they are named here.
    public var environmentNames = HostConfiguration.commonEnvironmentNames
    /// Variables that the program gets whatever the host has.
    public var environment: [String: String] = [:]
    /// Longest line the program may write to stdout, in bytes. A longer one ends it.
    public var maximumLineBytes = 8 * 1024 * 1024
    /// All that it may write to stdout for one step, in bytes: heartbeats add up.
    public var maximumOutputBytes = 64 * 1024 * 1024
    /// What is passed on of its stderr for one step, in bytes; the rest is dropped, and that is said.
    public var maximumDiagnosticBytes = 1024 * 1024
    /// From SIGTERM to SIGKILL, when a step is cancelled, has timed out, or the host leaves.
    public var terminationGrace: Duration = .seconds(5)

    public init(worker: WorkerConfiguration, handlers: [String], command: [String]) {
        self.worker = worker
        self.handlers = handlers
        self.command = command
    }

    /// What programs need to find themselves, their language and their time zone.
    public static let commonEnvironmentNames = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "TMPDIR", "TERM", "PWD", "SSL_CERT_*",
    ]

    func childEnvironment(from host: [String: String]) -> [String: String] {
        host.filter { name, _ in
            environmentNames.contains { pattern in
                pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
            }
        }.merging(environment) { $1 }
    }
}

/// Why a program cannot be hosted.
public enum HostError: Error, Sendable, Hashable, CustomStringConvertible {
    case noProgram
    case noHandler
    case cannotStart(program: String, reason: String)

    public var description: String {
        switch self {
        case .noProgram:
            "no program is given: put it after --, as in `tasker-ctl worker exec --namespace shop --handler charge -- ./charge.sh`"
        case .noHandler:
            "no handler is given: name the callables that the program answers to (--handler charge), or let it take any "
                + "(--any-handler)"
        case .cannotStart(let program, let reason):
            "the program \(program) cannot be started: \(reason). Is the path right, and may it be executed?"
        }
    }
}
