import Testing

@testable import TaskerProtocol

/// Ids and parts that messages are made of.
enum Sample {
    static func id<Kind>(_ number: UInt64) -> Identifier<Kind> { Identifier(UUIDValue(high: 0x7000, low: number)) }

    static func json(_ text: String) throws -> RawJSON { try RawJSON(validating: text) }

    static let time = Timestamp(milliseconds: 1_782_898_200_123)
    static let worker = WorkerIdentity(id: "w-1 \"ä\"", language: "swift", sdk: "tasker-swift/0.1.0", hostname: "host")
}

/// Writing and reading gives the same value, for messages with everything and with nothing optional.
@Suite("Messages written and read")
struct MessageRoundTripTests {
    private func read(_ bytes: [UInt8]) throws -> RawJSON { try RawJSON(validating: bytes, limits: .request) }

    private func execute() throws -> StepExecute {
        StepExecute(
            dispatchID: Sample.id(1), replyTo: "tasker.results.0",
            task: StepExecute.Task(
                id: Sample.id(2), name: "order", namespace: "shop", version: "1.0.0", correlationID: Sample.id(3),
                parentCorrelationID: Sample.id(4), context: try Sample.json(#"{"order_id":9223372036854775807}"#),
                initiator: "api", sourceSystem: "shop", tags: ["a", "\n"], priority: -7, requestedAt: Sample.time),
            step: StepExecute.Step(
                id: Sample.id(5), name: "w_001", templateStepName: "w", type: "batch_worker", attempt: 2,
                maxAttempts: 5, isRetryable: false, timeoutMilliseconds: 1500,
                inputs: try Sample.json(#"{"cursor":{"start_cursor":0}}"#),
                checkpoint: try Sample.json(#"{"cursor":null,"items_processed":3}"#), backoffRequestSeconds: 2.5,
                lastAttemptedAt: Sample.time),
            handler: StepExecute.Handler(
                callable: "Shop::Order#handle ä", method: "call", resolver: "registry",
                initialization: try Sample.json(#"{"a":[1.0]}"#)),
            definition: StepExecute.Definition(
                description: "d", dependencies: ["a", "b"], publishesEvents: try Sample.json(#"[{"name":"x.y"}]"#),
                workerTemplateNames: ["w"]),
            dependencyResults: [
                ("b", try Sample.json(#"{"status":"completed","result":1,"metadata":{}}"#)),
                ("a \"quoted\"", try Sample.json(#"{"status":"resolved_manually","result":null,"metadata":{}}"#)),
            ],
            omitted: StepExecute.Omitted(count: 10_000, bytes: 9_000_000),
            limits: StepExecute.Limits(
                maxResultBytes: 10, heartbeatIntervalMilliseconds: 20, ackDeadlineMilliseconds: 30))
    }

    @Test("step.execute, every member")
    func stepExecute() throws {
        let message = try execute()
        let body = try read(message.encoded())
        let copy = try StepExecute(reading: body)
        #expect(copy == message)
        #expect(copy.task == message.task && copy.step == message.step && copy.handler == message.handler)
        #expect(copy.definition == message.definition && copy.limits == message.limits)
        #expect(copy.omitted == message.omitted)
        #expect(copy.dependencyResults.map(\.name) == ["b", "a \"quoted\""])
        #expect(copy.dependencyResults.map(\.envelope) == message.dependencyResults.map(\.envelope))
        #expect(MessageKind.of(body) == "step.execute")
        #expect(body.member("protocol")?.string == "1.0")
    }

    @Test("step.execute with the least: every key of the contract is there, and defaults are the contract's")
    func leastStepExecute() throws {
        let message = StepExecute(
            dispatchID: Sample.id(1), replyTo: "r",
            task: StepExecute.Task(
                id: Sample.id(2), name: "n", namespace: "ns", version: "1", correlationID: Sample.id(3),
                context: .emptyObject),
            step: StepExecute.Step(id: Sample.id(5), name: "s", templateStepName: "s"),
            handler: StepExecute.Handler(callable: "C"))
        let body = try read(message.encoded())
        var names: [String] = []
        body.forEachMember { name, _ in names.append(name) }
        #expect(
            names == [
                "protocol", "kind", "dispatch_id", "reply_to", "task", "step", "handler", "step_definition",
                "dependency_results", "limits",
            ])
        #expect(body.member("task")?.value.objectValue?.count == 12)
        #expect(body.member("step")?.value.objectValue?.count == 12)
        #expect(
            body.member("handler")?.value == ["callable": "C", "method": nil, "resolver": nil, "initialization": [:]])
        #expect(
            body.member("limits")?.value == [
                "max_result_bytes": 1_048_576, "heartbeat_interval_ms": 20_000, "ack_deadline_ms": 600_000,
            ])
        #expect(try StepExecute(reading: body) == message)
    }

    @Test("members of limits that are missing have the contract's values")
    func missingLimits() throws {
        let text = String(decoding: try execute().encoded(), as: UTF8.self)
        let some = text.replacing(#""max_result_bytes":10,"heartbeat_interval_ms":20,"#, with: "")
        #expect(try StepExecute(reading: read(Array(some.utf8))).limits == .init(ackDeadlineMilliseconds: 30))
        let none = text.replacing(
            #""limits":{"max_result_bytes":10,"heartbeat_interval_ms":20,"ack_deadline_ms":30}"#,
            with: #""limits":null"#)
        #expect(try StepExecute(reading: read(Array(none.utf8))).limits == .init())
    }

    @Test(
        "step.result, every status", arguments: [StepResultMessage.Status.completed, .failed, .checkpoint, .abandoned])
    func stepResult(_ status: StepResultMessage.Status) throws {
        let failure = StepFailure(
            message: "no\nmoney", errorType: "PaymentDeclined", errorCode: "402", isRetryable: false,
            retryAfterSeconds: 0.5, backtrace: ["a:1", "b:2"], metadata: try Sample.json(#"{"x":1}"#))
        let message = StepResultMessage(
            dispatchID: Sample.id(1), taskID: Sample.id(2), stepID: Sample.id(3), status: status,
            result: try Sample.json(#"[1.50,  "as sent"]"#),
            error: status == .failed || status == .abandoned ? failure : nil,
            checkpoint: status == .checkpoint ? try Sample.json(#"{"cursor":[1],"items_processed":2}"#) : nil,
            events: try Sample.json(#"[{"name":"a.b","payload":{}}]"#), metadata: try Sample.json(#"{"v":1}"#),
            startedAt: Sample.time, completedAt: Sample.time, executionMilliseconds: .max, worker: Sample.worker)
        let copy = try StepResultMessage(reading: read(message.encoded()))
        #expect(copy == message)
        #expect(copy.result?.text == #"[1.50,  "as sent"]"#)
    }

    @Test("step.result with the least: the answer to what could not be read")
    func leastStepResult() throws {
        let message = StepResultMessage(
            dispatchID: nil, taskID: nil, stepID: nil, status: .failed,
            error: StepFailure(message: "", errorType: ErrorType.invalidMessage))
        let body = try read(message.encoded())
        var names: Set<String> = []
        body.forEachMember { name, _ in names.insert(name) }
        #expect(names.count == 15)
        let copy = try StepResultMessage(reading: body)
        #expect(copy.dispatchID == nil && copy.taskID == nil && copy.stepID == nil && copy.worker == nil)
        #expect(copy.result == .null && copy.events == .emptyArray && copy.metadata == .emptyObject)
        #expect(copy.error == message.error && copy.startedAt == nil && copy.executionMilliseconds == 0)
        #expect(copy.encoded() == message.encoded())
    }

    @Test("step.heartbeat")
    func heartbeat() throws {
        let full = StepHeartbeat(
            dispatchID: Sample.id(1), taskID: Sample.id(2), stepID: Sample.id(3), startedAt: Sample.time, sequence: 3,
            isDetached: true, progress: .init(done: 1.5, total: 10, message: "m"), worker: Sample.worker)
        #expect(try StepHeartbeat(reading: read(full.encoded())) == full)
        let least = StepHeartbeat(
            dispatchID: Sample.id(1), taskID: Sample.id(2), stepID: Sample.id(3), startedAt: nil, sequence: 1,
            worker: nil)
        #expect(try StepHeartbeat(reading: read(least.encoded())) == least)
        #expect(try read(least.encoded()).member("progress") == nil)
        // `detached` that is missing is false.
        let old = String(decoding: least.encoded(), as: UTF8.self).replacing(#""detached":false,"#, with: "")
        #expect(try StepHeartbeat(reading: read(Array(old.utf8))) == least)
    }

    @Test("step.cancel, step.fetch, step.dependencies")
    func small() throws {
        let cancel = StepCancel(dispatchID: Sample.id(1), taskID: Sample.id(2), stepID: Sample.id(3), reason: "r")
        #expect(try StepCancel(reading: read(cancel.encoded())) == cancel)
        let bare = StepCancel(dispatchID: Sample.id(1), taskID: nil, stepID: nil, reason: nil)
        #expect(try StepCancel(reading: read(bare.encoded())) == bare)

        for after in [nil, "step 7"] {
            let fetch = StepFetch(dispatchID: Sample.id(1), taskID: Sample.id(2), stepID: Sample.id(3), after: after)
            #expect(try StepFetch(reading: read(fetch.encoded())) == fetch)
        }

        let page = StepDependencies(
            dispatchID: Sample.id(1), dependencyResults: [("b", .emptyObject), ("a", .null)], next: "b")
        let copy = try StepDependencies(reading: read(page.encoded()))
        #expect(copy.encoded() == page.encoded() && copy.next == "b" && !copy.isGone)
        #expect(copy.dependencyResults.map(\.name) == ["b", "a"])
        let gone = StepDependencies(dispatchID: Sample.id(1), dependencyResults: [], next: nil, isGone: true)
        #expect(try StepDependencies(reading: read(gone.encoded())).isGone)
    }

    @Test("worker.hello, worker.heartbeat, worker.bye", arguments: ["worker.hello", "worker.heartbeat", "worker.bye"])
    func announcement(_ kind: String) throws {
        let kind = try #require(WorkerAnnouncement.Kind(rawValue: kind))
        var message = WorkerAnnouncement(
            kind: kind, worker: Sample.worker, queues: ["q"], namespaces: ["shop", "eu"],
            handlers: [.init(callable: "A::B", version: "1"), .init(callable: "c")], anyHandler: true, slots: 4,
            startedAt: Sample.time, processID: 77, sentAt: Sample.time)
        #expect(try WorkerAnnouncement(reading: read(message.encoded())) == message)
        guard kind != .hello else { return }
        message.sequence = 9
        message.running = [
            .init(dispatchID: Sample.id(1), stepID: Sample.id(2), startedAt: Sample.time),
            .init(dispatchID: Sample.id(3), stepID: nil, startedAt: nil),
        ]
        message.processedTotal = 100
        message.failedTotal = 3
        message.status = .draining
        if kind == .bye { message.reason = "SIGTERM" }
        #expect(try WorkerAnnouncement(reading: read(message.encoded())) == message)
    }

    @Test("AMQP types keep the literal prefix")
    func types() {
        #expect(MessageKind.amqpType(MessageKind.stepExecute) == "tasker.step.execute.v1")
    }
}
