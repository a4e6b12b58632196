import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A started process and our ends of its pipes. Every descriptor is closed on exec.
package struct SpawnedProcess: Sendable {
    package var pid: pid_t
    package var input: Int32
    /// The process's own end of its input, kept to see how much it has read.
    package var inputReadEnd: Int32
    package var output: Int32
    package var diagnostics: Int32
}

package enum Spawn {
    /// Starts a program in a process group of its own, with default signal handling and nothing of ours open.
    /// - Parameter directory: where it runs; nil: where this process does.
    /// - Throws: ``HostError/cannotStart(program:reason:)``.
    package static func start(
        _ command: [String], environment: [String: String], directory: String? = nil
    ) throws(HostError) -> SpawnedProcess {
        let result: Result<SpawnedProcess, HostError> = lock.withLock { _ in
            do throws(HostError) { return .success(try startAlone(command, environment, directory)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// One at a time: a descriptor that another spawn is about to mark as closed on exec would be inherited.
    private static let lock = Mutex(())

    private static func startAlone(
        _ command: [String], _ environment: [String: String], _ directory: String?
    ) throws(HostError) -> SpawnedProcess {
        guard let program = command.first, !program.isEmpty else { throw HostError.noProgram }
        var pipes: [(read: Int32, write: Int32)] = []
        func closeAll() {
            for pipe in pipes {
                close(pipe.read)
                close(pipe.write)
            }
        }
        for _ in 0..<3 {
            guard let pipe = makePipe() else {
                let reason = String(cString: strerror(errno))
                closeAll()
                throw HostError.cannotStart(program: program, reason: "no pipe: \(reason)")
            }
            pipes.append(pipe)
        }
        let (input, output, diagnostics) = (pipes[0], pipes[1], pipes[2])

        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input.read, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, diagnostics.write, 2)
        closeOthers(&actions)
        if let directory, !changeDirectory(&actions, directory) {
            closeAll()
            throw HostError.cannotStart(program: program, reason: "this system starts programs in one directory only")
        }
        var everySignal = sigset_t()
        var noSignal = sigset_t()
        sigfillset(&everySignal)
        sigemptyset(&noSignal)
        posix_spawnattr_setsigdefault(&attributes, &everySignal)
        posix_spawnattr_setsigmask(&attributes, &noSignal)
        posix_spawnattr_setpgroup(&attributes, 0)
        var flags = Int32(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        #if canImport(Darwin)
        flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var pid: pid_t = 0
        let code = withCStrings(command) { arguments in
            withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawnp(&pid, program, &actions, &attributes, arguments, variables)
            }
        }
        guard code == 0 else {
            closeAll()
            throw HostError.cannotStart(program: program, reason: String(cString: strerror(code)))
        }
        close(output.write)
        close(diagnostics.write)
        return SpawnedProcess(
            pid: pid, input: input.write, inputReadEnd: input.read, output: output.read, diagnostics: diagnostics.read)
    }

    #if canImport(Darwin)
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t?) {}
    #else
    /// Whatever else of this process is not marked as closed on exec. In glibc since 2.34, and declared for GNU sources
    /// only; without it the marks have to do.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
        typealias CloseFrom =
            @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: CloseFrom.self)(&actions, 3)
    }
    #endif

    #if canImport(Darwin)
    private static func changeDirectory(_ actions: inout posix_spawn_file_actions_t?, _ path: String) -> Bool {
        posix_spawn_file_actions_addchdir_np(&actions, path) == 0
    }
    #else
    /// In glibc since 2.29, and declared for GNU sources only.
    private static func changeDirectory(_ actions: inout posix_spawn_file_actions_t, _ path: String) -> Bool {
        typealias ChangeDirectory =
            @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addchdir_np") else { return false }
        return unsafeBitCast(symbol, to: ChangeDirectory.self)(&actions, path) == 0
    }
    #endif

    private static func makePipe() -> (read: Int32, write: Int32)? {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func withCStrings<T>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
    ) -> T {
        var pointers = texts.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(start)
        }
    }
}
