import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Programs started with `posix_spawn` and awaited with `waitpid`. Not Foundation's `Process`: it notices the end of a
/// child by a socket that the child's own children inherit, and so waits for those that stay, as a broker does.
enum Spawn {
    enum Exit: Equatable, Sendable {
        case status(Int32)
        case signal(Int32)
    }

    /// - Parameters:
    ///   - environment: nil = that of this process.
    ///   - output: a file that standard output and standard error are appended to.
    ///   - errors: a file of its own for standard error.
    static func start(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, input: Int32? = nil,
        output: String, errors: String? = nil
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if let errors {
            posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        // Nothing of this process, a listening socket of another test for one, may live on in a child.
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/dev/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // Threads of the concurrency runtime have signals blocked, and a child inherits that: SIGTERM would never arrive.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = (environment ?? ProcessInfo.processInfo.environment)
            .map { strdup("\($0)=\($1)") }
        variables.append(nil)
        defer { for word in words + variables { free(word) } }
        var child = pid_t()
        let status = posix_spawn(&child, program, &actions, &attributes, &words, &variables)
        guard status == 0 else { throw Failure("cannot start \(program): \(String(cString: strerror(status)))") }
        return child
    }

    /// Blocks until the child has ended.
    static func wait(_ child: pid_t) -> Exit {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .status((status >> 8) & 0xFF) : .signal(signal)
    }

    /// Runs a program to its end; blocks.
    /// - Returns: its standard output.
    /// - Throws: ``Failure`` with everything it printed, when it fails.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil
    ) throws -> String {
        let files = FileManager.default.temporaryDirectory.appendingPathComponent("tasker-\(UUID().uuidString)").path
        let (output, errors) = ("\(files).out", "\(files).err")
        defer {
            try? FileManager.default.removeItem(atPath: output)
            try? FileManager.default.removeItem(atPath: errors)
        }
        let exit = wait(try start(program, arguments, environment: environment, output: output, errors: errors))
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        guard exit == .status(0) else {
            let complaint = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            throw Failure("\(program) \(arguments.joined(separator: " ")): \(exit) \(complaint)\(text)")
        }
        return text
    }
}

/// Runs what blocks on a thread that may be blocked.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
