import TaskerProtocol

/// One scenario over standard streams: one line in, heartbeats and one result out (wire protocol, section 7).
struct StdioBench: ScenarioBench {
    static let isOverStreams = true

    var state: ScenarioState
    private var linesSeen: [String: Int] = [:]

    init(_ state: ScenarioState) { self.state = state }

    var settings: [String: String] { [:] }

    mutating func listen() throws {
        for (name, process) in state.workers {
            for line in process.lines(after: linesSeen[name, default: 0]) {
                linesSeen[name, default: 0] += 1
                guard let message = try? JSONText.parse(line), case .object = message else { throw noMessage(line) }
                try state.takeIn(ConformanceMessage(message))
            }
            if !process.unfinishedLine.isEmpty { throw noMessage(process.unfinishedLine) }
        }
    }

    private func noMessage(_ line: [UInt8]) -> ScenarioFailure {
        let text = String(decoding: line.prefix(200), as: UTF8.self)
        return ScenarioFailure("the worker wrote a line to stdout that is no message: \(text)")
    }

    mutating func deliver(_ dispatch: ConformanceDispatch, _ operation: JSONValue) throws {
        let isAgain = operation["message"] != nil
        let written = isAgain ? dispatch : write(dispatch, replyTo: "stdout", operation)
        try firstWorker().write(written.bytes)
    }

    private func firstWorker() throws(ScenarioFailure) -> ConformanceProcess {
        guard let first = state.workers.first else { throw ScenarioFailure("the scenario has started no worker") }
        return first.process
    }

    func awaitReady(_ worker: ConformanceProcess) {}

    mutating func performOwn(_ operation: JSONValue) async throws {
        switch operation["do"]?.stringValue {
        case "stop_worker":
            try state.worker(operation).closeInput()
            try await expectExit(operation, code: 0)
        case "close_input": try state.worker(operation).closeInput()
        case "send_raw": try firstWorker().write(Array((operation["text"]?.stringValue ?? "").utf8))
        case let other: throw ScenarioFailure("this runner has no operation '\(other ?? "")' over stdio")
        }
    }

    func open() {}
    func finish() {}
    func close() {}
}
