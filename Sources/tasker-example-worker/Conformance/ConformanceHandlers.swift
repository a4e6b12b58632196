import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The contract handlers of `protocol/conformance/handlers.json`; what each does is written there.
func registerConformanceHandlers(in handlers: inout HandlerRegistry) {
    let version = "1.0.0"
    handlers.register("conformance.echo", version: version, echo)
    handlers.register("conformance.add", version: version, add)
    handlers.register("conformance.slow", version: version, slow)
    handlers.register("conformance.checkpoint", version: version, sumInPortions)
    handlers.register("conformance.big_result", version: version) { context in
        let text = try context.input("text", default: "x")
        let times: Int = try context.input("times")
        return .success(["data": .string(String(repeating: text, count: times))])
    }
    handlers.register("conformance.print", version: version, printEverywhere)
    handlers.register("conformance.event", version: version) { context in
        let input = context.input
        return .success([
            "amount": input["amount"] ?? nil, "suppress": input["suppress"] ?? nil, "pad": input["pad"] ?? nil,
        ])
    }
    handlers.register("conformance.exit", version: version) { _ in exit(3) }
    handlers.register("conformance.crash", version: version) { context in
        try trace(context)
        kill(getpid(), SIGKILL)
        return .success()
    }
    registerFailures(in: &handlers, version)
    handlers.register(ConformanceDecision())
    handlers.register(ConformanceBatch())
    handlers.register(ConformanceBatchWorker())
    handlers.register(ConformanceMethods())
    handlers.register(publisher: ConformancePublisher())
}

@Sendable private func echo(_ context: StepContext) async throws -> StepResult {
    try trace(context)
    var dependencies: [String: JSONValue] = [:]
    for name in context.dependencyNames { dependencies[name] = .some(context.rawResult(of: name)?.value ?? .null) }
    return .success([
        "context": context.input, "inputs": context.stepInputs, "config": context.configuration,
        "dependencies": .object(dependencies), "retry_count": .number(context.retryCount),
        "max_retries": .number(context.maximumAttempts), "is_retry": .bool(context.isRetry),
        "is_last_retry": .bool(context.isLastAttempt), "checkpoint": context.request.step.checkpoint?.value ?? .null,
    ])
}

/// Exact while all are integers.
@Sendable private func add(_ context: StepContext) async throws -> StepResult {
    var numbers: [JSONValue] = [try context.input("a"), try context.input("b")]
    numbers += context.dependencyNames.compactMap { context.rawResult(of: $0)?.member("sum")?.value }
    let integers = numbers.compactMap { if case .integer(let value) = $0 { value } else { nil } }
    if integers.count == numbers.count { return .success(["sum": .integer(integers.reduce(0, +))]) }
    return .success(["sum": .double(numbers.compactMap(\.doubleValue).reduce(0, +))])
}

/// Holds its thread, as much code of the world does.
@Sendable private func slow(_ context: StepContext) async throws -> StepResult {
    try trace(context)
    if try context.input("progress", default: false) { context.reportProgress(1, of: 2, message: "half") }
    let gate = try context.input("gate", as: String?.self)
    let isPolite = try context.input("polite", default: false)
    let computes = try context.input("compute", default: false)
    let deadline = ContinuousClock.now + .milliseconds(try context.input("milliseconds", default: Int64(0)))
    while gate.map({ access($0, F_OK) != 0 }) ?? (ContinuousClock.now < deadline) {
        if isPolite, context.isCancelled { throw CancellationError() }
        if !computes { usleep(10_000) }
    }
    return .success(["finished": true, "cancelled": .bool(context.isCancelled)])
}

@Sendable private func sumInPortions(_ context: StepContext) async throws -> StepResult {
    let total: Int64 = try context.input("total")
    let portion: Int64 = try context.input("portion")
    let start = context.checkpoint?.cursor.integerValue ?? 0
    var sum = context.checkpoint?.accumulatedResults?["sum"]?.integerValue ?? 0
    let end = min(total, start + portion)
    for number in start..<max(start, end) { sum += number }
    guard end < total else { return .success(["sum": .integer(sum), "items_processed": .integer(total)]) }
    var accumulated: [String: JSONValue] = ["sum": .integer(sum)]
    if let pad = try context.input("pad", as: Int?.self) {
        accumulated["pad"] = .string(String(repeating: "x", count: pad))
    }
    return .checkpoint(
        Checkpoint(cursor: .integer(end), itemsProcessed: end, accumulatedResults: .object(accumulated)))
}

/// In every way there is to reach file descriptor 1.
@Sendable private func printEverywhere(_ context: StepContext) async throws -> StepResult {
    let text: String = try context.input("text")
    print(text)
    fflush(nil)
    let bytes = Array((text + "\n").utf8)
    _ = write(1, bytes, bytes.count)
    let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    try runShell("printf '%s\\n' '\(quoted)'")
    return .success(["printed": .string(text)])
}

private func runShell(_ script: String) throws {
    var pid: pid_t = 0
    let words = ["sh", "-c", script]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    let code = posix_spawnp(&pid, "sh", nil, nil, &arguments, environ)
    guard code == 0 else { throw StepError.permanent("cannot run sh: \(String(cString: strerror(code)))") }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
}

/// One line per start, by which a runner counts them.
func trace(_ context: StepContext) throws {
    guard let path = try context.input("trace", as: String?.self) else { return }
    try appendLine("\(context.stepID) \(context.retryCount + 1) \(context.dispatchID) \(getpid())", to: path)
}
