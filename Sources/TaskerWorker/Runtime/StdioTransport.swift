import Dispatch
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The same messages, one JSON object per line: `step.execute` on stdin, `step.heartbeat` and `step.result` on stdout
/// (wire protocol, section 7). One step at a time; the host speaks AMQP. The end of input is the end.
struct StdioTransport: Sendable {
    let handlers: HandlerDirectory
    let worker: WorkerIdentity
    let logger: Logger
    /// Copies of the file descriptors 0 and 1 that handlers, and the programs they start, do not know of.
    let input: Int32
    let output: Int32
    let current = CurrentHandler()

    /// Moves the file descriptors 0 and 1 out of the way: what a handler prints goes to stderr and cannot break the stream,
    /// and a program it starts cannot take the next step from it.
    init(handlers: HandlerDirectory, worker: WorkerIdentity, logger: Logger) {
        fflush(nil)
        let copies = (dup(0), dup(1))
        for copy in [copies.0, copies.1] { _ = fcntl(copy, F_SETFD, FD_CLOEXEC) }
        dup2(2, 1)
        let nothing = open("/dev/null", O_RDONLY)
        if nothing > 0 {
            dup2(nothing, 0)
            close(nothing)
        }
        self.init(handlers: handlers, worker: worker, logger: logger, input: copies.0, output: copies.1)
    }

    init(handlers: HandlerDirectory, worker: WorkerIdentity, logger: Logger, input: Int32, output: Int32) {
        self.input = input
        self.handlers = handlers
        self.worker = worker
        self.logger = logger
        self.output = output
    }

    /// Runs the steps that come in until the input ends.
    func run() async {
        let threads = HandlerThreads(slots: 2)
        defer { threads.stop() }
        for await line in Self.lines(of: input) where !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
            await take(line, threads)
        }
    }

    /// The host's SIGTERM: the running handler is told that its step was cancelled.
    func cancel() { current.stop(.cancelled) }

    private func take(_ line: [UInt8], _ threads: HandlerThreads) async {
        let step: StepExecute
        do {
            step = try StepReader.read(line)
        } catch {
            logger.error("a line cannot be read: \(error.detail)")
            return send(refusal(error, of: line).encoded())
        }
        guard let entry = handlers.entry(for: step) else {
            let message = StepResultMessage(
                dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .abandoned,
                error: StepFailure(
                    message: "this program has no handler \(step.handler.described)",
                    errorType: ErrorType.handlerNotFound,
                    isRetryable: true), completedAt: .current(), worker: worker)
            return send(message.encoded())
        }
        let run = await run(step, entry, threads)
        send(run.message.encoded())
        // Lines carry no headers, so there is no trace.
        StepLog.log(run.message, step, nil, to: logger)
        await handlers.hooks.subscribers.deliver(run.events, logger)
    }

    private func run(_ step: StepExecute, _ entry: HandlerRegistry.Entry, _ threads: HandlerThreads) async
        -> StepRunner.Run
    {
        let link = HandlerLink(logger: logger)
        let startedAt = Timestamp.current()
        let (runner, hooks) = (StepRunner(worker: worker, logger: logger), handlers.hooks)
        let handler = Task(executorPreference: threads) { await runner.run(step, entry, link, hooks) }
        current.set(link, handler)
        defer { current.clear() }
        // Beside the handler, so they are not held up by it.
        let heartbeats = Task { try await beat(step, link, startedAt) }
        let clock = Task {
            try await Task.sleep(for: .milliseconds(step.step.timeoutMilliseconds))
            current.stop(.timedOut)
        }
        defer { clock.cancel() }
        let run = await handler.value
        // Awaited, so that no heartbeat can follow the result.
        heartbeats.cancel()
        _ = await heartbeats.result
        return run
    }

    private func beat(_ step: StepExecute, _ link: HandlerLink, _ startedAt: Timestamp) async throws {
        var sequence: Int64 = 0
        var pause = Duration.seconds(1)
        while true {
            try await Task.sleep(for: pause)
            sequence += 1
            let heartbeat = StepHeartbeat(
                dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, startedAt: startedAt,
                sequence: sequence, progress: link.progress, worker: worker)
            send(heartbeat.encoded())
            pause = .milliseconds(max(1, step.limits.heartbeatIntervalMilliseconds))
        }
    }

    private func refusal(_ error: WireError, of line: [UInt8]) -> StepResultMessage {
        let id = (try? RawJSON(validating: line))?.member("dispatch_id")?.string.flatMap { DispatchID($0) }
        let type = error.code == .unsupportedProtocol ? ErrorType.unsupportedProtocol : ErrorType.invalidMessage
        return StepResultMessage(
            dispatchID: id, taskID: nil, stepID: nil, status: .failed,
            error: StepFailure(
                message: "the line cannot be read: \(error.detail)", errorType: type, isRetryable: false),
            completedAt: .current(), worker: worker)
    }

    /// One line in one write. A line break inside JSON text is white space between its parts.
    private func send(_ body: [UInt8]) {
        var line = body
        for index in line.indices where line[index] == 0x0A || line[index] == 0x0D { line[index] = 0x20 }
        line.append(0x0A)
        System.write(line, to: output)
    }

    /// Lines without their ends, read by a thread that may wait.
    private static func lines(of descriptor: Int32) -> AsyncStream<[UInt8]> {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        DispatchQueue(label: "tasker.worker.stdin").async {
            var pending: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                var rest = chunk[..<count]
                while let end = rest.firstIndex(of: 0x0A) {
                    continuation.yield(pending + rest[..<end])
                    pending = []
                    rest = rest[(end + 1)...]
                }
                pending += rest
            }
            if !pending.isEmpty { continuation.yield(pending) }
            continuation.finish()
        }
        return stream
    }
}
