import Testing

@testable import TaskerProtocol

/// The shared vectors, judged by the readers that the orchestrator and the Swift worker use.
@Suite("Shared vectors")
struct VectorTests {
    @Test("messages", arguments: readableKinds)
    func messages(_ kind: String) throws {
        for vector in try VectorFile("messages/\(kind).json").cases {
            let isValid = try vector.isValid()
            do {
                try read(vector.data, as: kind)
                #expect(isValid, "accepted, should be refused: \(vector)")
            } catch {
                #expect(!isValid, "refused, should be accepted: \(vector): \(error)")
            }
        }
    }

    @Test("task.request")
    func taskRequests() throws {
        for vector in try VectorFile("messages/task.request.json").cases {
            let isValid = try vector.isValid()
            do {
                if vector.data.isObject { try WireProtocol.check(vector.data.member("protocol")) }
                guard MessageKind.of(vector.data) == MessageKind.taskRequest else {
                    throw WireError(.unknownKind, "no task.request")
                }
                _ = try TaskRequest(reading: vector.data)
                #expect(isValid, "accepted, should be refused: \(vector)")
            } catch {
                #expect(!isValid, "refused, should be accepted: \(vector): \(error)")
            }
        }
    }

    /// What is read and written again is the same message to the next reader.
    @Test("messages survive being read and written", arguments: ["step.execute", "step.result", "step.heartbeat"])
    func rewritten(_ kind: String) throws {
        for vector in try VectorFile("messages/\(kind).json").cases where try vector.isValid() {
            let bytes: [UInt8]
            let again: [UInt8]
            switch kind {
            case "step.execute":
                bytes = try StepExecute(reading: vector.data).encoded()
                again = try StepExecute(reading: RawJSON(validating: bytes)).encoded()
            case "step.result":
                bytes = try StepResultMessage(reading: vector.data).encoded()
                again = try StepResultMessage(reading: RawJSON(validating: bytes)).encoded()
            default:
                bytes = try StepHeartbeat(reading: vector.data).encoded()
                again = try StepHeartbeat(reading: RawJSON(validating: bytes)).encoded()
            }
            #expect(bytes == again, "\(vector)")
        }
    }

    @Test("JSON texts")
    func texts() throws {
        for vector in try VectorFile("invalid-json.json").cases {
            let text = try vector.rawText()
            let isValid = try vector.isValid()
            // A message may repeat a member, so the strict verdict is that of requests over HTTP.
            let limits = JSONLimits(depth: 64, rejectsDuplicateMembers: true)
            #expect(((try? RawJSON(validating: text, limits: limits)) != nil) == isValid, "\(vector)")
        }
    }

    /// Swift compares strings up to canonical equivalence, so a `JSONValue` holds only one of two names that differ in
    /// their normal form. `RawJSON`, which the orchestrator passes on, keeps both.
    static let onlyRaw = ["names beyond ASCII, both forms of a letter"]

    @Test("round trips")
    func roundTrips() throws {
        for vector in try VectorFile("round-trips.json").cases {
            let raw = try RawJSON(validating: vector.rawText())
            #expect(isSame(raw, raw), "\(vector)")
            var writer = JSONWriter()
            writer.value(raw)
            #expect(try RawJSON(validating: writer.finish()) == raw, "\(vector)")
            if Self.onlyRaw.contains(where: { vector.description.hasSuffix($0) }) { continue }
            let rewritten = try RawJSON(validating: raw.value.canonicalBytes)
            #expect(isSame(raw, rewritten), "\(vector): \(rewritten.text.prefix(200))")
        }
    }

    /// Equality of the wire: see the vectors' README.
    private func isSame(_ left: RawJSON, _ right: RawJSON) -> Bool {
        if left.isNumber, right.isNumber {
            func isPlain(_ raw: RawJSON) -> Bool { !raw.bytes.contains { ".eE".utf8.contains($0) } }
            return isPlain(left) && isPlain(right) ? left.integer == right.integer : left.double == right.double
        }
        if left.isString, right.isString {
            return left.string?.unicodeScalars.elementsEqual(right.string?.unicodeScalars ?? "".unicodeScalars) == true
        }
        if let items = left.items, let others = right.items {
            return items.count == others.count && zip(items, others).allSatisfy(isSame)
        }
        if left.isObject, right.isObject {
            var members: [[UInt8]: RawJSON] = [:]
            left.forEachMember { members[Array($0.utf8)] = $1 }
            var others: [[UInt8]: RawJSON] = [:]
            right.forEachMember { others[Array($0.utf8)] = $1 }
            return members.count == others.count
                && members.allSatisfy { name, value in others[name].map { isSame(value, $0) } ?? false }
        }
        return left == right
    }

    @Test("queue names")
    func queueNames() throws {
        let file = try VectorFile("queue-names.json")
        for vector in try file.cases(of: "queue") {
            let queue = try #require(vector.data.string)
            #expect(QueueNames.isValidQueue(queue) == (try vector.isValid()), "\(vector)")
            if let name = vector.expected?.string { #expect(QueueNames.standard.steps(queue) == name) }
        }
        for vector in try file.cases(of: "prefix") {
            #expect((QueueNames(prefix: vector.data.string ?? "") != nil) == (try vector.isValid()), "\(vector)")
        }
        for vector in try file.cases(of: "names") {
            let names = try #require(QueueNames(prefix: vector.data.member("prefix")?.string ?? ""))
            let expected = try #require(vector.expected)
            let partition = Int(try #require(vector.data.member("partition")?.integer))
            #expect(
                [
                    names.steps(vector.data.member("queue")?.string ?? ""), names.results(partition), names.requests,
                    names.workers, names.control, names.events, names.dead,
                ]
                    == ["steps", "results", "requests", "workers", "control", "events", "dead"].map {
                        expected.member($0)?.string
                    }, "\(vector)")
        }
    }

    @Test("timestamps")
    func timestamps() throws {
        let file = try VectorFile("timestamps.json")
        for vector in try file.cases(of: "read") {
            let time = Timestamp(vector.data.string ?? "")
            #expect(time?.milliseconds == vector.expected?.integer, "\(vector)")
            #expect((time != nil) == (try vector.isValid()), "\(vector)")
        }
        for vector in try file.cases(of: "write") {
            let time = Timestamp(milliseconds: try #require(vector.data.integer))
            #expect(time.description == vector.expected?.string, "\(vector)")
        }
    }

    @Test("versions")
    func versions() throws {
        for vector in try VectorFile("versions.json").cases {
            let isAccepted = (try? WireProtocol.check(vector.data.member("protocol"))) != nil
            #expect(isAccepted == (try vector.isValid()), "\(vector)")
        }
    }

    @Test("a missing file is a failure")
    func missing() {
        #expect(throws: VectorError.self) { try VectorFile("no-such-file.json") }
    }
}
