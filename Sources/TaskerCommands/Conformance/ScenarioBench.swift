import Foundation
import TaskerProtocol

/// One scenario that is under way: its workers, and what it sent and got.
struct ScenarioState {
    let scenario: ConformanceFiles.Scenario
    let files: ConformanceFiles
    let command: [String]
    /// Of the runner, without settings of other workers.
    let environment: [String: String]
    let workingDirectory: String
    /// For files of the scenario.
    let folder: String
    /// Seconds to wait for what the scenario gives no other time.
    var patience = 30.0
    fileprivate(set) var workers: [(name: String, process: ConformanceProcess)] = []
    var dispatches: [String: ConformanceDispatch] = [:]
    fileprivate(set) var received: [ConformanceMessage] = []
    fileprivate(set) var variables: [String: JSONValue] = [:]

    init(
        _ scenario: ConformanceFiles.Scenario, files: ConformanceFiles, command: [String], host: Host, folder: String
    ) {
        self.scenario = scenario
        self.files = files
        self.command = command
        workingDirectory = host.workingDirectory
        self.folder = folder
        // Settings of another worker must not decide what a conformance run does.
        let keptOut = ["TASKER_", "RABBITMQ_", "ORCHESTRATION_"]
        environment = host.environment.filter { name, _ in !keptOut.contains { name.hasPrefix($0) } }
    }

    func dispatch(_ name: String) throws(ScenarioFailure) -> ConformanceDispatch {
        guard let found = dispatches[name] else { throw ScenarioFailure("nothing was sent as '\(name)'") }
        return found
    }

    func worker(_ operation: JSONValue) throws(ScenarioFailure) -> ConformanceProcess {
        let name = operation["worker"]?.stringValue ?? "worker"
        guard let found = workers.last(where: { $0.name == name }) else {
            throw ScenarioFailure("the scenario has started no worker \(name)")
        }
        return found.process
    }

    /// `{file:x}` becomes a path, `{dispatch_id:a}` the id of a dispatch.
    func resolve(_ text: String) -> String {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return text }
        let inner = text.dropFirst().dropLast()
        if inner.hasPrefix("file:") { return folder + "/" + inner.dropFirst("file:".count) }
        if inner.hasPrefix("dispatch_id:") {
            return dispatches[String(inner.dropFirst("dispatch_id:".count))]?.id ?? text
        }
        return text
    }

    /// A message of the worker: judged, then kept for `expect`.
    mutating func takeIn(_ message: ConformanceMessage) throws(ScenarioFailure) {
        try files.judge.check(message, dispatches.values.first { $0.id == message.dispatchID })
        received.append(message)
    }

    /// Indexes of messages of this kind and, if given, this dispatch.
    func matching(_ kind: String, _ id: String?) -> [Int] {
        received.indices.filter { received[$0].kind == kind && (id == nil || received[$0].dispatchID == id) }
    }

    /// Ids of the workers whose hello has come.
    var greeted: Set<String> { Set(matching("worker.hello", nil).compactMap { received[$0].workerID }) }

    /// The first hello that no operation has taken, of a worker that is none of these.
    mutating func claimHello(besides others: Set<String>) -> Bool {
        let found = matching("worker.hello", nil).first { index in
            !received[index].isClaimed && received[index].workerID.map { !others.contains($0) } != false
        }
        guard let found else { return false }
        received[found].isClaimed = true
        return true
    }
}

/// Does to a worker what a scenario says. The operations that both ways of speaking share are here.
protocol ScenarioBench {
    var state: ScenarioState { get set }

    /// The environment that connects the worker with this bench.
    var settings: [String: String] { get }
    /// Whether workers speak over their standard streams.
    static var isOverStreams: Bool { get }
    /// Takes in what workers have written; returns soon.
    mutating func listen() async throws
    /// Hands the message to the worker.
    mutating func deliver(_ dispatch: ConformanceDispatch, _ operation: JSONValue) async throws
    /// Until the worker can be used.
    mutating func awaitReady(_ worker: ConformanceProcess) async throws
    /// An operation of this way of speaking alone.
    /// - Throws: ``ScenarioFailure`` also when there is none of that name.
    mutating func performOwn(_ operation: JSONValue) async throws
    /// Makes what the scenario finds at its begin.
    mutating func open() async throws
    /// Everything that workers have written is taken in.
    mutating func finish() async throws
    /// Undoes what the bench has made, whatever has happened; workers are gone.
    mutating func close() async throws
}

extension ScenarioBench {
    /// - Returns: why it failed; nil when it passed.
    /// - Throws: when the run cannot be done at all.
    mutating func run() async throws -> String? {
        let result: Result<String?, any Error>
        do { result = .success(try await verdict()) } catch { result = .failure(error) }
        for worker in state.workers { worker.process.end() }
        try await close()
        return try result.get()
    }

    private mutating func verdict() async throws -> String? {
        var place = ""
        do {
            try await open()
            for (index, operation) in state.scenario.operations.enumerated() {
                place = "operation \(index + 1) (\(operation["do"]?.stringValue ?? "?")): "
                try await perform(operation)
            }
            place = ""
            try await finish()
            if let one = state.received.first(where: { $0.kind == "step.result" && !$0.isClaimed }) {
                throw ScenarioFailure("a result that was not expected: \(ConformancePattern.short(one.message))")
            }
            return nil
        } catch let failure as ScenarioFailure {
            let words = state.workers.flatMap { worker in
                worker.process.diagnostics.split(separator: "\n").suffix(4).map {
                    "\nstderr of \(worker.name): \($0.prefix(300))"
                }
            }
            return place + failure.reason + words.joined()
        }
    }

    private mutating func perform(_ operation: JSONValue) async throws {
        switch operation["do"]?.stringValue {
        case "start_worker": try await start(operation)
        case "signal": try state.worker(operation).signal(operation["signal"]?.stringValue ?? "TERM")
        case "expect_exit": try await expectExit(operation, code: operation["code"] ?? 0)
        case "expect_stderr": try await expectDiagnostics(operation)
        case "send": try await send(operation)
        case "cases": try await cases(operation)
        case "expect": try await expect(operation)
        case "pass_over": try await passOver(operation)
        case "expect_count": try await expectCount(operation)
        case "expect_lines": try await expectLines(operation)
        case "create_file":
            let path = state.folder + "/" + (operation["file"]?.stringValue ?? "")
            _ = FileManager.default.createFile(atPath: path, contents: Data())
        default: try await performOwn(operation)
        }
    }

    // MARK: - The worker's process

    private mutating func start(_ operation: JSONValue) async throws {
        var variables = state.environment
        variables["TASKER_NAMESPACE"] = "conformance"
        variables.merge(settings) { $1 }
        variables.merge(state.scenario.settings) { $1 }
        variables.merge((operation["settings"]?.objectValue ?? [:]).compactMapValues(\.stringValue)) { $1 }
        let process = try ConformanceProcess(
            state.command, environment: variables, directory: state.workingDirectory,
            isOverStreams: Self.isOverStreams)
        state.workers.append((operation["as"]?.stringValue ?? "worker", process))
        if operation["ready"]?.boolValue != false { try await awaitReady(process) }
    }

    mutating func expectExit(_ operation: JSONValue, code: JSONValue) async throws {
        let worker = try state.worker(operation)
        try await until("the end of the worker's process", operation) { _ in worker.status != nil }
        let status = Int64(worker.status ?? 0)
        let isWrong = code.integerValue.map { $0 != status } ?? (status == 0)
        if isWrong {
            throw ScenarioFailure(
                "the worker ended with status \(status), expected \(code.stringValue ?? code.canonicalText)")
        }
    }

    private mutating func expectDiagnostics(_ operation: JSONValue) async throws {
        let worker = try state.worker(operation)
        let wanted = state.resolve(operation["contains"]?.stringValue ?? "")
        try await until("'\(wanted)' in what the worker wrote to stderr", operation) { _ in
            worker.diagnostics.contains(wanted)
        }
    }

    // MARK: - Messages

    private mutating func send(_ operation: JSONValue) async throws {
        if let again = operation["message"]?.stringValue {
            return try await deliver(state.dispatch(again), operation)
        }
        let other = try operation["same_step_as"]?.stringValue.map { try state.dispatch($0) }
        let dispatch = ConformanceDispatch(
            name: operation["as"]?.stringValue ?? "", base: state.files.base,
            handler: operation["handler"]?.stringValue, execute: operation["execute"] ?? [:], sameStepAs: other,
            resolve: state.resolve)
        state.dispatches[dispatch.name] = dispatch
        try await deliver(dispatch, operation)
    }

    /// Writes the message for the first time.
    /// - Parameter replyTo: where its answers are to go.
    mutating func write(_ dispatch: ConformanceDispatch, replyTo: String, _ operation: JSONValue) -> ConformanceDispatch
    {
        var dispatch = dispatch
        dispatch.write(replyTo: replyTo, appending: operation["append"]?.stringValue)
        state.dispatches[dispatch.name] = dispatch
        return dispatch
    }

    private mutating func cases(_ operation: JSONValue) async throws {
        var faults: [String] = []
        for name in (operation["handlers"]?.arrayValue ?? []).compactMap(\.stringValue) {
            for (index, one) in (state.files.cases[name] ?? []).enumerated() {
                let key = "\(name)/\(index + 1)"
                try await send(["as": .string(key), "handler": .string(name), "execute": one["execute"] ?? [:]])
                do {
                    try await expect(["kind": "step.result", "of": .string(key), "matches": one["result"] ?? [:]])
                } catch let failure as ScenarioFailure {
                    faults.append("\(name): \(one["description"]?.stringValue ?? ""): \(failure.reason)")
                }
            }
        }
        if faults.isEmpty { return }
        let more = faults.count > 5 ? ["and \(faults.count - 5) more"] : []
        throw ScenarioFailure((faults.prefix(5) + more).joined(separator: "\n"))
    }

    /// - Returns: the message that was taken.
    @discardableResult
    mutating func expect(_ operation: JSONValue) async throws -> ConformanceMessage {
        let kind = operation["kind"]?.stringValue ?? ""
        let name = operation["of"]?.stringValue
        let id = try name.map { try state.dispatch($0).id }
        var lastFault = ""
        var taken: ConformanceMessage?
        try await until("a \(kind)\(name.map { " of \($0)" } ?? "")", operation, { lastFault }) { bench in
            for index in bench.state.matching(kind, id) where !bench.state.received[index].isClaimed {
                let one = bench.state.received[index]
                guard let fault = bench.state.difference(operation, one) else {
                    bench.state.received[index].isClaimed = true
                    bench.state.save(operation["save"]?.objectValue ?? [:], one.message)
                    taken = one
                    return true
                }
                if operation["skip_others"]?.boolValue != true {
                    bench.state.received[index].isClaimed = true
                    throw ScenarioFailure(
                        "\(kind): \(fault); the whole message: \(ConformancePattern.short(one.message))")
                }
                lastFault = "; the last one differed: \(fault)"
            }
            try await bench.lookAtTheProcesses(kind, id, lastFault)
            return false
        }
        guard let taken else { throw ScenarioFailure("no \(kind) was taken") }
        return taken
    }

    /// Waiting for workers that have ended is in vain.
    private mutating func lookAtTheProcesses(_ kind: String, _ id: String?, _ lastFault: String) async throws {
        guard let last = state.workers.last?.process.status, state.workers.allSatisfy({ $0.process.status != nil })
        else { return }
        try await listen()
        guard !state.matching(kind, id).contains(where: { !state.received[$0].isClaimed }) else { return }
        throw ScenarioFailure("the worker ended with status \(last) and sent no \(kind)\(lastFault)")
    }

    private mutating func passOver(_ operation: JSONValue) async throws {
        try await listen()
        let id = try state.dispatch(operation["of"]?.stringValue ?? "").id
        for index in state.matching(operation["kind"]?.stringValue ?? "", id) { state.received[index].isClaimed = true }
    }

    private mutating func expectCount(_ operation: JSONValue) async throws {
        try await listen()
        let kind = operation["kind"]?.stringValue ?? ""
        let name = operation["of"]?.stringValue ?? ""
        let found = state.matching(kind, try state.dispatch(name).id).count
        let wanted = Int(operation["is"]?.integerValue ?? 0)
        if found != wanted { throw ScenarioFailure("\(found) messages \(kind) of \(name), expected \(wanted)") }
    }

    private mutating func expectLines(_ operation: JSONValue) async throws {
        let path = state.folder + "/" + (operation["file"]?.stringValue ?? "")
        let wanted = Int(operation["is"]?.integerValue ?? 0)
        func count() -> Int {
            (FileManager.default.contents(atPath: path) ?? Data()).filter { $0 == UInt8(ascii: "\n") }.count
        }
        try await until("\(wanted) starts of a handler", operation) { _ in count() >= wanted }
        if count() > wanted { throw ScenarioFailure("handlers were started \(count()) times, expected \(wanted)") }
    }

    // MARK: - Waiting

    /// Polls: what is waited for is at most an instant away, and comes from processes and brokers.
    /// - Parameter more: what else is to be said when it does not come.
    mutating func until(
        _ what: String, _ operation: JSONValue, _ more: () -> String = { "" },
        _ condition: (inout Self) async throws -> Bool
    ) async throws {
        let seconds = operation["within"]?.doubleValue ?? state.patience
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            try await listen()
            if try await condition(&self) { return }
            if ContinuousClock.now > deadline {
                let rest = state.received.filter { !$0.isClaimed }.suffix(5).map { one in
                    [one.kind, one.message["status"]?.stringValue].compactMap(\.self).joined(separator: " ")
                }
                let heard = rest.isEmpty ? "" : " (unexpected so far: \(rest.joined(separator: ", ")))"
                throw ScenarioFailure("waited \(Int(seconds)) s for \(what)\(more())\(heard)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension ScenarioState {
    /// Why a message is not the expected one.
    fileprivate func difference(_ operation: JSONValue, _ one: ConformanceMessage) -> String? {
        if let fault = ConformancePattern.difference(operation["matches"] ?? [:], one.message, variables) {
            return fault
        }
        guard let wanted = operation["properties"], let properties = one.properties else { return nil }
        return ConformancePattern.difference(wanted, properties, variables, at: "properties")
    }

    fileprivate mutating func save(_ wanted: [String: JSONValue], _ message: JSONValue) {
        for (name, pointer) in wanted {
            var value: JSONValue? = message
            for part in (pointer.stringValue ?? "").split(separator: "/") { value = value?[String(part)] }
            variables[name] = value
        }
    }
}
