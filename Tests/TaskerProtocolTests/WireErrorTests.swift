import Testing

@testable import TaskerProtocol

/// The kinds that are read by a type of their own.
let readableKinds = [
    "step.execute", "step.result", "step.heartbeat", "step.cancel", "step.fetch", "step.dependencies", "worker.hello",
    "worker.heartbeat", "worker.bye",
]

/// Reads a body with the reader of that kind.
func read(_ body: RawJSON, as kind: String) throws {
    switch kind {
    case "step.execute": _ = try StepExecute(reading: body)
    case "step.result": _ = try StepResultMessage(reading: body)
    case "step.heartbeat": _ = try StepHeartbeat(reading: body)
    case "step.cancel": _ = try StepCancel(reading: body)
    case "step.fetch": _ = try StepFetch(reading: body)
    case "step.dependencies": _ = try StepDependencies(reading: body)
    default:
        let message = try WorkerAnnouncement(reading: body)
        if message.kind.rawValue != kind { throw WireError(.unknownKind, message.kind.rawValue) }
    }
}

@Suite("Messages that cannot be used")
struct WireErrorTests {
    private func code(_ text: String, _ kind: String) throws -> WireError.Code? {
        let body = try RawJSON(validating: text)
        do {
            try read(body, as: kind)
            return nil
        } catch let error as WireError {
            #expect(!error.detail.isEmpty)
            #expect(error.description.hasPrefix(error.code.rawValue))
            return error.code
        }
    }

    @Test(
        "by every reader: no object, another version, another kind, nothing but kind and version",
        arguments: readableKinds)
    func common(_ kind: String) throws {
        for text in ["[]", "null", "1", "\"\"", "true"] { #expect(try code(text, kind) == .invalidMessage) }
        #expect(try code("{}", kind) == .unsupportedProtocol)
        #expect(try code(#"{"protocol":"2.0","kind":"\#(kind)"}"#, kind) == .unsupportedProtocol)
        #expect(try code(#"{"protocol":1.0,"kind":"\#(kind)"}"#, kind) == .unsupportedProtocol)
        #expect(try code(#"{"protocol":"1.0","kind":"step.unheard"}"#, kind) == .unknownKind)
        #expect(try code(#"{"protocol":"1.0"}"#, kind) == .invalidMessage)
        #expect(try code(#"{"protocol":"1.0","kind":7}"#, kind) == .invalidMessage)
        #expect(try code(#"{"protocol":"1.0","kind":"\#(kind)"}"#, kind) == .invalidMessage)
    }

    @Test(
        "versions",
        arguments: [
            ("1.0", true), ("1.7", true), ("1.10", true), ("2.0", false), ("0.9", false), ("10.0", false), ("1", false),
            ("1.", false), (".0", false), ("1.0.0", false), ("1.x", false), (" 1.0", false), ("1.0 ", false),
            ("-1.0", false), ("+1.0", false), ("", false), ("v1.0", false), ("1,0", false), ("1.1234567890", false),
        ])
    func versions(_ text: String, _ accepted: Bool) {
        let version = RawJSON(.string(text))
        if accepted {
            #expect(throws: Never.self) { try WireProtocol.check(version) }
        } else {
            #expect { try WireProtocol.check(version) } throws: { ($0 as? WireError)?.code == .unsupportedProtocol }
        }
    }

    static let valid = #"""
        {"protocol":"1.0","kind":"step.result","dispatch_id":"01890a5d-ac96-774b-bcce-b302099a8057",
         "task_uuid":"01890a5d-ac96-774b-bcce-b302099a8058","step_uuid":"01890a5d-ac96-774b-bcce-b302099a8059",
         "status":"completed","result":null,"error":null,"checkpoint":null,"events":[],"metadata":{},
         "started_at":null,"completed_at":null,"execution_time_ms":1,"worker":null}
        """#

    @Test(
        "a result, member by member",
        arguments: [
            (#""status":"completed""#, #""status":"done""#), (#""status":"completed""#, #""status":null"#),
            (#""status":"completed""#, #""status":"failed""#), (#""status":"completed""#, #""status":"abandoned""#),
            (#""status":"completed""#, #""status":"checkpoint""#), (#""metadata":{}"#, #""metadata":[]"#),
            (#""error":null"#, #""error":"boom""#), (#""checkpoint":null"#, #""checkpoint":7"#),
            (#""execution_time_ms":1"#, #""execution_time_ms":"1""#), (#""worker":null"#, #""worker":{}"#),
            (#""worker":null"#, #""worker":"me""#), (#"b302099a8057""#, #"b302099a80""#),
        ])
    func results(_ part: String, _ replacement: String) throws {
        let text = Self.valid.replacing(part, with: replacement)
        #expect(text != Self.valid)
        #expect(try code(text, "step.result") == .invalidMessage)
    }

    @Test("a result: what only informs may be odd")
    func lenient() throws {
        for (part, replacement) in [
            (#""started_at":null"#, #""started_at":"yesterday""#), (#""completed_at":null"#, #""completed_at":17"#),
            (#""events":[]"#, #""events":null"#), (#""events":[],"#, ""), (#""result":null,"#, ""),
            (#""execution_time_ms":1"#, #""execution_time_ms":2.0"#),
            (#""worker":null"#, #""x_new":{"a":1},"worker":null"#),
            (#""protocol":"1.0""#, #""protocol":"1.9""#),
        ] {
            let text = Self.valid.replacing(part, with: replacement)
            #expect(text != Self.valid)
            let body = try RawJSON(validating: text)
            #expect(throws: Never.self) { try StepResultMessage(reading: body) }
        }
        let negative = try RawJSON(validating: Self.valid.replacing("_ms\":1", with: "_ms\":-5"))
        #expect(try StepResultMessage(reading: negative).executionMilliseconds == 0)
    }

    @Test("an error is read leniently, and decides only by what it says")
    func failures() throws {
        func failure(_ text: String) throws -> StepFailure { try StepFailure(RawJSON(validating: text)) }
        #expect(try failure("{}") == StepFailure(message: "", errorType: "handler_error"))
        #expect(
            try failure(
                #"{"message":1,"error_type":[],"retryable":"no","retry_after_seconds":"5","backtrace":"x","metadata":[]}"#
            )
                == StepFailure(message: "", errorType: "handler_error"))
        #expect(
            try failure(
                #"{"message":"m","error_type":"t","retryable":true,"retry_after_seconds":-1,"backtrace":["a",1]}"#)
                == StepFailure(message: "m", errorType: "t", isRetryable: true, retryAfterSeconds: -1, backtrace: ["a"])
        )
        #expect(throws: WireError.self) { try failure("[]") }
    }

    @Test("an announcement with a bad handler is refused, odd running entries are left out")
    func announcements() throws {
        func read(_ members: String) throws -> WorkerAnnouncement {
            try WorkerAnnouncement(
                reading: RawJSON(
                    validating: #"{"protocol":"1.0","kind":"worker.heartbeat","worker":{"id":"w"},\#(members)}"#))
        }
        #expect(throws: WireError.self) { try read(#""handlers":[{"version":"1"}]"#) }
        #expect(throws: WireError.self) { try read(#""handlers":["A"]"#) }
        #expect(throws: WireError.self) { try read(#""queues":["a",1]"#) }
        #expect(throws: WireError.self) { try read(#""slots":"4""#) }
        let message = try read(
            #""running":[{"dispatch_id":"x"},7,{"dispatch_id":"01890a5d-ac96-774b-bcce-b302099a8057"}],"status":"odd""#)
        #expect(message.running.count == 1 && message.status == .active && message.slots == 1)
        #expect(message.worker == WorkerIdentity(id: "w", language: "unknown", sdk: "unknown", hostname: "unknown"))
    }
}
