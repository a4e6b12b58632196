import Foundation
import TaskerProtocol
import TaskerTemplates

/// One scenario over standard streams: one line in, heartbeats and one result out (wire protocol, section 7).
struct StdioBench {
    private struct Received {
        var kind: String
        var message: JSONValue
        var isClaimed = false
        var dispatchID: String? { message["dispatch_id"]?.stringValue?.lowercased() }
    }

    private let scenario: ConformanceFiles.Scenario
    private let files: ConformanceFiles
    private let command: [String]
    private let environment: [String: String]
    private let workingDirectory: String
    /// For files of the scenario.
    private let folder: String
    private var workers: [(name: String, process: ConformanceProcess)] = []
    private var linesSeen: [String: Int] = [:]
    private var dispatches: [String: ConformanceDispatch] = [:]
    private var received: [Received] = []
    private var variables: [String: JSONValue] = [:]

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

    /// - Returns: why it failed; nil when it passed.
    /// - Throws: when the worker cannot be started at all.
    mutating func run() async throws -> String? {
        defer { for worker in workers { worker.process.end() } }
        var place = ""
        do {
            for (index, operation) in scenario.operations.enumerated() {
                place = "operation \(index + 1) (\(operation["do"]?.stringValue ?? "?")): "
                try await perform(operation)
            }
            place = ""
            try finish()
            return nil
        } catch let failure as ScenarioFailure {
            let words = workers.flatMap { worker in
                worker.process.diagnostics.split(separator: "\n").suffix(4).map {
                    "\nstderr of \(worker.name): \($0.prefix(300))"
                }
            }
            return place + failure.reason + words.joined()
        }
    }

    private func finish() throws {
        if let one = received.first(where: { $0.kind == "step.result" && !$0.isClaimed }) {
            throw ScenarioFailure("a result that was not expected: \(ConformancePattern.short(one.message))")
        }
    }

    // MARK: - Operations

    private mutating func perform(_ operation: JSONValue) async throws {
        switch operation["do"]?.stringValue {
        case "start_worker": try start(operation)
        case "stop_worker":
            try worker(operation).closeInput()
            try await expectExit(operation, code: 0)
        case "close_input": try worker(operation).closeInput()
        case "signal": try worker(operation).signal(operation["signal"]?.stringValue ?? "TERM")
        case "expect_exit": try await expectExit(operation, code: operation["code"] ?? 0)
        case "expect_stderr": try await expectDiagnostics(operation)
        case "send": try send(operation)
        case "send_raw": try firstWorker().write(Array((operation["text"]?.stringValue ?? "").utf8))
        case "cases": try await cases(operation)
        case "expect": try await expect(operation)
        case "expect_count": try expectCount(operation)
        case "expect_lines": try await expectLines(operation)
        case "create_file":
            _ = FileManager.default.createFile(atPath: folder + "/" + text(operation, "file"), contents: Data())
        case let other: throw ScenarioFailure("this runner has no operation '\(other ?? "")' over stdio")
        }
    }

    private mutating func start(_ operation: JSONValue) throws {
        var variables = environment
        variables["TASKER_NAMESPACE"] = "conformance"
        variables.merge(scenario.settings) { $1 }
        variables.merge((operation["settings"]?.objectValue ?? [:]).compactMapValues(\.stringValue)) { $1 }
        let process = try ConformanceProcess(command, environment: variables, directory: workingDirectory)
        workers.append((operation["as"]?.stringValue ?? "worker", process))
    }

    private func worker(_ operation: JSONValue) throws -> ConformanceProcess {
        let name = operation["worker"]?.stringValue ?? "worker"
        guard let found = workers.last(where: { $0.name == name }) else {
            throw ScenarioFailure("the scenario has started no worker \(name)")
        }
        return found.process
    }

    private func firstWorker() throws -> ConformanceProcess {
        guard let first = workers.first else { throw ScenarioFailure("the scenario has started no worker") }
        return first.process
    }

    private mutating func expectExit(_ operation: JSONValue, code: JSONValue) async throws {
        let worker = try worker(operation)
        try await until("the end of the worker's process", operation) { _ in worker.status != nil }
        let status = Int64(worker.status ?? 0)
        let isWrong = code.integerValue.map { $0 != status } ?? (status == 0)
        if isWrong {
            throw ScenarioFailure(
                "the worker ended with status \(status), expected \(code.stringValue ?? code.canonicalText)")
        }
    }

    private mutating func expectDiagnostics(_ operation: JSONValue) async throws {
        let worker = try worker(operation)
        let wanted = resolve(text(operation, "contains"))
        try await until("'\(wanted)' in what the worker wrote to stderr", operation) { _ in
            worker.diagnostics.contains(wanted)
        }
    }

    private mutating func send(_ operation: JSONValue) throws {
        let dispatch: ConformanceDispatch
        if let again = operation["message"]?.stringValue {
            dispatch = try known(again)
        } else {
            var made = ConformanceDispatch(
                name: text(operation, "as"), base: files.base, handler: operation["handler"]?.stringValue,
                execute: operation["execute"] ?? [:],
                sameStepAs: try operation["same_step_as"]?.stringValue.map { try known($0) }, resolve: resolve)
            made.message = ConformanceDispatch.laid(made.message, ["reply_to": "stdout"])
            dispatches[made.name] = made
            dispatch = made
        }
        try firstWorker().write(dispatch.message.canonicalBytes)
    }

    private mutating func cases(_ operation: JSONValue) async throws {
        var faults: [String] = []
        for name in (operation["handlers"]?.arrayValue ?? []).compactMap(\.stringValue) {
            for (index, one) in (files.cases[name] ?? []).enumerated() {
                let key = "\(name)/\(index + 1)"
                try send(["as": .string(key), "handler": .string(name), "execute": one["execute"] ?? [:]])
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

    private mutating func expect(_ operation: JSONValue) async throws {
        let kind = text(operation, "kind")
        let name = operation["of"]?.stringValue
        let id = try name.map { try known($0).id }
        var lastFault = ""
        try await until("a \(kind)\(name.map { " of \($0)" } ?? "")", operation) { bench in
            for index in bench.received.indices {
                let one = bench.received[index]
                guard !one.isClaimed, one.kind == kind, id == nil || one.dispatchID == id else { continue }
                let pattern = operation["matches"] ?? [:]
                guard let fault = ConformancePattern.difference(pattern, one.message, bench.variables) else {
                    bench.received[index].isClaimed = true
                    bench.save(operation["save"]?.objectValue ?? [:], one.message)
                    return true
                }
                if operation["skip_others"]?.boolValue != true {
                    bench.received[index].isClaimed = true
                    throw ScenarioFailure(
                        "\(kind): \(fault); the whole message: \(ConformancePattern.short(one.message))")
                }
                lastFault = "; the last one differed: \(fault)"
            }
            // Waiting for a worker that has ended is in vain.
            if !bench.workers.isEmpty, bench.workers.allSatisfy({ $0.process.status != nil }),
                let status = bench.workers.last?.process.status
            {
                try bench.listen()
                let isThere = bench.received.contains {
                    !$0.isClaimed && $0.kind == kind && (id == nil || $0.dispatchID == id)
                }
                if !isThere {
                    throw ScenarioFailure("the worker ended with status \(status) and sent no \(kind)\(lastFault)")
                }
            }
            return false
        }
    }

    private mutating func save(_ wanted: [String: JSONValue], _ message: JSONValue) {
        for (name, pointer) in wanted {
            var value: JSONValue? = message
            for part in (pointer.stringValue ?? "").split(separator: "/") { value = value?[String(part)] }
            variables[name] = value
        }
    }

    private mutating func expectCount(_ operation: JSONValue) throws {
        try listen()
        let (kind, name) = (text(operation, "kind"), text(operation, "of"))
        let id = try known(name).id
        let found = received.filter { $0.kind == kind && $0.dispatchID == id }.count
        let wanted = Int(operation["is"]?.integerValue ?? 0)
        if found != wanted { throw ScenarioFailure("\(found) messages \(kind) of \(name), expected \(wanted)") }
    }

    private mutating func expectLines(_ operation: JSONValue) async throws {
        let path = folder + "/" + text(operation, "file")
        let wanted = Int(operation["is"]?.integerValue ?? 0)
        func count() -> Int {
            (FileManager.default.contents(atPath: path) ?? Data()).filter { $0 == UInt8(ascii: "\n") }.count
        }
        try await until("\(wanted) starts of a handler", operation) { _ in count() >= wanted }
        if count() > wanted { throw ScenarioFailure("handlers were started \(count()) times, expected \(wanted)") }
    }

    // MARK: - Support

    private func text(_ operation: JSONValue, _ name: String) -> String { operation[name]?.stringValue ?? "" }

    private func known(_ name: String) throws -> ConformanceDispatch {
        guard let found = dispatches[name] else { throw ScenarioFailure("nothing was sent as '\(name)'") }
        return found
    }

    /// `{file:x}` becomes a path, `{dispatch_id:a}` the id of a dispatch.
    private func resolve(_ text: String) -> String {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return text }
        let inner = text.dropFirst().dropLast()
        if inner.hasPrefix("file:") { return folder + "/" + inner.dropFirst("file:".count) }
        if inner.hasPrefix("dispatch_id:") {
            return dispatches[String(inner.dropFirst("dispatch_id:".count))]?.id ?? text
        }
        return text
    }

    private mutating func until(
        _ what: String, _ operation: JSONValue, _ condition: (inout StdioBench) throws -> Bool
    ) async throws {
        let seconds = operation["within"]?.doubleValue ?? 30
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            try listen()
            if try condition(&self) { return }
            if ContinuousClock.now > deadline {
                let rest = received.filter { !$0.isClaimed }.suffix(5).map(\.kind).joined(separator: ", ")
                let heard = rest.isEmpty ? "" : " (unexpected so far: \(rest))"
                throw ScenarioFailure("waited \(Int(seconds)) s for \(what)\(heard)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Takes in what the workers have written, and judges it.
    private mutating func listen() throws {
        for (name, process) in workers {
            for line in process.lines(after: linesSeen[name, default: 0]) {
                linesSeen[name, default: 0] += 1
                try takeIn(line)
            }
            if !process.unfinishedLine.isEmpty { throw Self.noMessage(process.unfinishedLine) }
        }
    }

    private static func noMessage(_ line: [UInt8]) -> ScenarioFailure {
        let text = String(decoding: line.prefix(200), as: UTF8.self)
        return ScenarioFailure("the worker wrote a line to stdout that is no message: \(text)")
    }

    private mutating func takeIn(_ line: [UInt8]) throws {
        guard let message = try? JSONText.parse(line), case .object = message else { throw Self.noMessage(line) }
        let one = Received(kind: message["kind"]?.stringValue ?? "", message: message)
        guard let schema = files.schemas[one.kind] else {
            throw ScenarioFailure("the worker wrote a message of the unknown kind '\(one.kind)'")
        }
        if let fault = schema.validate(message).first {
            throw ScenarioFailure(
                "\(one.kind) breaks schemas/sent/\(one.kind).schema.json: \(fault.pointer): \(fault.message)")
        }
        try checkIDs(one)
        received.append(one)
    }

    private func checkIDs(_ one: Received) throws {
        guard let dispatch = dispatches.values.first(where: { $0.id == one.dispatchID }), dispatch.hasIDs else {
            return
        }
        // Nobody can know the ids of a message that could not be used.
        let type = one.message["error"]?["error_type"]?.stringValue
        if type == "invalid_message" || type == "unsupported_protocol" { return }
        for (key, member) in [("task_uuid", "task"), ("step_uuid", "step")] {
            let wanted = dispatch.message[member]?["uuid"]
            let found = one.message[key]
            if found != wanted {
                throw ScenarioFailure(
                    "\(one.kind): \(key) is \(found?.canonicalText ?? "missing"), the dispatch has \(wanted?.canonicalText ?? "none")"
                )
            }
        }
    }
}
