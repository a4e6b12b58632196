import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Handlers for end-to-end tests and benchmarks. Each key is looked for in `handler.initialization`, then in the task's
/// context.
func registerTestHandlers(in handlers: inout HandlerRegistry) {
    // Returns the task's context.
    handlers.register("test.echo") { .success($0.request.task.context) }

    handlers.register("test.noop") { _ in .success([:]) }

    // milliseconds; blocking: hold the thread instead of suspending.
    handlers.register("test.sleep") { context in
        try await pause(context)
        return .success(["slept_ms": .integer(try context.setting("milliseconds", default: Int64(0)))])
    }

    // message, retryable, times: fails the first so many attempts (default: all).
    handlers.register("test.fail") { context in
        let times = try context.setting("times", default: Int64.max)
        guard Int64(context.retryCount) < times else {
            return .success(["attempts": .integer(Int64(context.retryCount) + 1)])
        }
        let message = try context.setting("message", default: "failed on purpose")
        return .failure(message, type: "test_failure", retryable: try context.setting("retryable", default: true))
    }

    // record_path: a file that gets a line "<step_uuid> <attempt> <dispatch_id> <pid>" before anything else is done;
    // then milliseconds, blocking; kill: ends this process as kill -9 does (kill_attempts: only on the first so many
    // attempts).
    handlers.register("test.record") { context in
        let path: String = try context.setting("record_path")
        try record(context, at: path)
        try await pause(context)
        let killAttempts = try context.setting("kill_attempts", default: Int64.max)
        if try context.setting("kill", default: false), Int64(context.retryCount) < killAttempts {
            kill(getpid(), SIGKILL)
        }
        return .success(["attempt": .integer(Int64(context.retryCount) + 1)])
    }
}

extension StepContext {
    fileprivate func setting<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        if let value = request.handler.initialization.member(name), !value.isNull { return try configuration(name) }
        return try input(name)
    }

    fileprivate func setting<T: Decodable>(_ name: String, default fallback: T) throws -> T {
        if let value = request.handler.initialization.member(name), !value.isNull { return try configuration(name) }
        return try input(name, default: fallback)
    }
}

private func pause(_ context: StepContext) async throws {
    let milliseconds = try context.setting("milliseconds", default: Int64(0))
    if try context.setting("blocking", default: false) {
        usleep(UInt32(clamping: milliseconds * 1000))
    } else if milliseconds > 0 {
        try await Task.sleep(for: .milliseconds(milliseconds))
    }
}

func record(_ context: StepContext, at path: String) throws {
    try appendLine("\(context.stepID) \(context.retryCount + 1) \(context.dispatchID) \(getpid())", to: path)
}

/// One write with O_APPEND, so that lines of several processes never mix; on disk before the handler goes on.
func appendLine(_ line: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    guard descriptor >= 0 else {
        throw StepError.permanent("cannot open \(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let bytes = Array((line + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
        throw StepError.permanent("cannot write to \(path): \(String(cString: strerror(errno)))")
    }
}
