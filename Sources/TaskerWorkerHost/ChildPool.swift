#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

import Synchronization

/// The processes of a host: one per running step, used again for the next.
final class ChildPool: Sendable {
    private struct State {
        var idle: [ChildProcess] = []
        var busy: [ObjectIdentifier: ChildProcess] = [:]
        var isClosed = false
    }

    private let configuration: HostConfiguration
    private let environment: [String: String]
    private let print: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(_ configuration: HostConfiguration, environment: [String: String], print: @escaping @Sendable (String) -> Void)
    {
        self.configuration = configuration
        self.environment = configuration.childEnvironment(from: environment)
        self.print = print
    }

    /// Starts one process, to see that it can be.
    /// - Throws: ``HostError``.
    func warmUp() throws(HostError) {
        let child = try start()
        state.withLock { $0.idle.append(child) }
    }

    /// An idle process that is still good, or a new one.
    /// - Throws: ``HostError/cannotStart(program:reason:)``.
    func take() throws(HostError) -> (child: ChildProcess, isNew: Bool) {
        while let child = state.withLock({ $0.idle.popLast() }) {
            switch child.mailbox.unexpected() {
            case nil where child.isAlive:
                state.withLock { $0.busy[ObjectIdentifier(child)] = child }
                return (child, false)
            case .line(let line), .lineTooLong(let line):
                print("[\(child.pid)] ended: it wrote to stdout without being asked: \(Excerpt.of(line))")
                discard(child)
            default: discard(child)
            }
        }
        let child = try start()
        state.withLock { $0.busy[ObjectIdentifier(child)] = child }
        return (child, true)
    }

    /// It has answered, and waits for the next step.
    func put(back child: ChildProcess) {
        let isClosed = state.withLock { state in
            state.busy[ObjectIdentifier(child)] = nil
            if !state.isClosed { state.idle.append(child) }
            return state.isClosed
        }
        if isClosed { child.closeInput() }
    }

    /// Ends it at once.
    func discard(_ child: ChildProcess) {
        state.withLock { _ = $0.busy.removeValue(forKey: ObjectIdentifier(child)) }
        child.signal(SIGKILL)
        child.closeInput()
    }

    /// Idle processes get the end of their input and SIGTERM and SIGKILL if they stay; busy ones (their steps were
    /// answered `interrupted`) get the signals. Returns when all are gone.
    func close() async {
        let (idle, busy) = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return (state.idle, Array(state.busy.values))
        }
        for child in idle { child.closeInput() }
        for child in busy { child.terminate() }
        // A program that reads its input leaves by itself; the others are asked.
        for child in idle { await Self.leave(child, after: configuration.terminationGrace) }
        for child in busy { while case let event = await child.mailbox.next(), !event.isEnd {} }
    }

    private static func leave(_ child: ChildProcess, after grace: Duration) async {
        let patience = Task {
            try await Task.sleep(for: grace)
            child.terminate()
        }
        while case let event = await child.mailbox.next(), !event.isEnd {}
        patience.cancel()
    }

    private func start() throws(HostError) -> ChildProcess {
        try ChildProcess(configuration, environment: environment, print: print)
    }
}

extension ChildEvent {
    var isEnd: Bool {
        if case .ended = self { true } else { false }
    }
}

/// The beginning of what a program wrote, for messages.
enum Excerpt {
    static func of(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(200), as: UTF8.self)
        let visible = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : Character($0) }
        return "\"\(String(visible))\(bytes.count > 200 ? "…" : "")\""
    }
}
