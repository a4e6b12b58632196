import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import TaskerOrchestrator
import TaskerProtocol
import TaskerServer
import Testing

@Suite("Event stream", .timeLimit(.minutes(5)))
struct EventStreamTests {
    @Test func tellsATaskFromBeginningToEnd() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let task = try await server.finishedOrder()
                let answer = try await server.get("/v1/events?task_uuid=\(task.taskID)&since=0")
                #expect(answer.header("Content-Type") == "text/event-stream")
                let messages = SentEvent.parse(answer.text)
                #expect(answer.text.hasPrefix("retry: 2000\n\n"))
                #expect(messages.first?.type == "task.initialize_requested")
                #expect(messages.suffix(2).map(\.type) == ["task.completed", "end"])
                let pay = messages.filter { $0.data["step_name"] == "pay" }.map(\.type)
                #expect(pay.first == "step.enqueued")
                #expect(pay.last == "step.completed")
                #expect(messages.dropLast().allSatisfy { $0.data["task_uuid"]?.stringValue == task.taskID })
                #expect(messages.dropLast().allSatisfy { $0.data["seq"]?.integerValue.map(String.init) == $0.id })
            }
        }
    }

    @Test func numbersHaveNoGapsAndSurviveResuming() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let live = try await StreamReader.open(server, "/v1/events?since=0")
                for number in 1...5 { _ = try await server.order(number) }
                try await eventually("all have ended") {
                    live.events.count { $0.type == "task.completed" } == 5
                }
                let whole = live.events
                await live.close()
                let numbers = whole.compactMap { $0.id.flatMap { Int($0) } }
                #expect(numbers == Array(1...numbers.count))
                #expect(
                    Set(whole.map(\.type)).isSuperset(of: ["template.registered", "worker.joined", "step.started"]))
                // From the middle, by header: the rest, once.
                let middle = numbers.count / 2
                let rest = try await StreamReader.open(
                    server, "/v1/events?since=0", headers: [HTTPField.Name("Last-Event-ID")!: "\(middle)"])
                try await eventually("the rest has come") { rest.events.count == numbers.count - middle }
                #expect(rest.events == Array(whole.dropFirst(middle)))
                await rest.close()
            }
        }
    }

    @Test func filters() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let tasks = try await StreamReader.open(server, "/v1/events?since=0&type=task.,dlq.&namespace=shop")
                let nobody = try await StreamReader.open(server, "/v1/events?since=0&name=other")
                let from = try await StreamReader.open(server, "/v1/events?since=2020-01-01T00:00:00Z&type=template.")
                _ = try await server.finishedOrder()
                try await eventually("the end is told") { tasks.events.last?.type == "task.completed" }
                #expect(tasks.events.allSatisfy { $0.type.hasPrefix("task.") })
                #expect(nobody.events.isEmpty)
                try await eventually("the template is told of") { from.events.map(\.type) == ["template.registered"] }
                for reader in [tasks, nobody, from] { await reader.close() }
            }
            for query in ["since=x", "task_uuid=x", "follow=maybe", "colour=red"] {
                #expect(try await server.get("/v1/events?\(query)").status == .badRequest, "\(query)")
            }
            #expect(try await server.get("/v1/events?task_uuid=\(unknownID)").status == .notFound)
        }
    }

    @Test func resetsReadersThatComeTooLate() async throws {
        try await TestServer(server: { $0.eventRetention = 3 }).runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                _ = try await server.finishedOrder()
                let reader = try await StreamReader.open(server, "/v1/events?since=1")
                try await eventually("three are left") { reader.events.count == 4 }
                let first = try #require(reader.events.first)
                #expect(first.type == "reset")
                #expect(first.data["oldest"]?.integerValue.map { "\($0)" } == reader.events[1].id)
                await reader.close()
            }
        }
    }

    @Test func sendsSignsOfLifeAndTellsDeadLetters() async throws {
        try await TestServer(server: { $0.eventHeartbeat = .milliseconds(5) }).runWithBlockedOrder { server, path, _ in
            let reader = try await StreamReader.open(server, "/v1/events?since=0&type=dlq.")
            try await eventually("comments come") { reader.text.contains("\n: 2") }
            #expect(reader.events.map(\.type) == ["dlq.created"])
            #expect(reader.events.first?.data["detail"] == "permanent_failure")
            #expect(try await server.post("\(path)/resolve").status == .ok)
            try await eventually("the end is told") { reader.events.map(\.type) == ["dlq.created", "dlq.resolved"] }
            await reader.close()
        }
    }

    @Test func followsATaskOnlyWhenAsked() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let task = try await server.finishedOrder()
                #expect(try await server.get("/v1/events?task_uuid=\(task.taskID)").text.contains("event: end"))
                let reader = try await StreamReader.open(
                    server, "/v1/events?task_uuid=\(task.taskID)&follow=true&since=0")
                try await eventually("its end has come") { reader.events.last?.type == "task.completed" }
                #expect(!reader.isOver)
                await reader.close()
            }
        }
    }

    @Test func aFinishedTaskEndsItsStreamWhateverElseHappens() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let path = "/v1/events?task_uuid=\(try await server.finishedOrder().taskID)"
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var number = 1
                        while !Task.isCancelled {
                            number += 1
                            _ = try await server.post("/v1/tasks", orderRequest(number))
                        }
                    }
                    for _ in 0..<30 {
                        // Whole only when it has ended.
                        let answer = try await server.get(path)
                        #expect(answer.text.contains("event: end\n"))
                    }
                    group.cancelAll()
                }
            }
        }
    }

    @Test func fiveHundredReadersAndSlowOnesAreDropped() async throws {
        try await TestServer(server: { $0.eventBacklog = 60 }).runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                var fast: [StreamReader] = []
                var slow: [StreamReader] = []
                for number in 0..<500 {
                    let reader = try await StreamReader.open(
                        server, "/v1/events?type=task.completed", takes: number >= 50)
                    if number < 50 { slow.append(reader) } else { fast.append(reader) }
                }
                try await eventually("all listen") { server.orchestrator.events.listeners == 500 }
                for number in 1...10 { _ = try await server.order(number) }
                try await eventually("the fast ones have all", within: .seconds(120)) {
                    fast.allSatisfy { $0.events.count == 10 }
                }
                // Ten tasks are more events than a reader may be behind, whatever it wants to see of them.
                try await eventually("the slow ones are gone") { slow.allSatisfy { $0.isOver && $0.isClosed } }
                #expect(fast.allSatisfy { !$0.isClosed })
                #expect(server.orchestrator.events.listeners == 450)
                // All the same, in the same order.
                #expect(Set(fast.map { $0.events.compactMap(\.id) }).count == 1)
                for reader in fast { await reader.close() }
                try await eventually("nobody listens") { server.orchestrator.events.listeners == 0 }
            }
        }
    }

    @Test func openStreamsAreLimited() async throws {
        try await TestServer(server: { $0.eventReaders = 1 }).run { server in
            let reader = try await StreamReader.open(server, "/v1/events")
            try await eventually("it listens") { server.orchestrator.events.listeners == 1 }
            let refused = try await server.get("/v1/events")
            #expect(refused.status == .tooManyRequests)
            #expect(refused.code == "RATE_LIMITED")
            #expect(refused.header("Retry-After") == "10")
            #expect(refused["error"]?["retry_after_seconds"] == 10)
            await reader.close()
            try await eventually("it has gone") { server.orchestrator.events.listeners == 0 }
            let next = try await StreamReader.open(server, "/v1/events")
            await next.close()
        }
    }

    /// Dropped, it comes again with the last id it has seen, and misses nothing.
    @Test func aDroppedReaderResumes() async throws {
        try await TestServer(server: { $0.eventBacklog = 20 }).runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let slow = try await StreamReader.open(server, "/v1/events?since=0", takes: false)
                for number in 1...5 { _ = try await server.order(number) }
                try await eventually("it is dropped") { slow.isOver }
                var seen: [SentEvent] = []
                // As often as it falls behind.
                while seen.count(where: { $0.type == "task.completed" }) < 5 {
                    let last = seen.last?.id ?? "0"
                    let again = try await StreamReader.open(
                        server, "/v1/events", headers: [HTTPField.Name("Last-Event-ID")!: last])
                    try await eventually("it has all, or is dropped") {
                        (seen + again.events).count { $0.type == "task.completed" } == 5 || again.isOver
                    }
                    await again.close()
                    seen += again.events
                }
                let numbers = seen.compactMap { $0.id.flatMap { Int($0) } }
                #expect(numbers == Array(1...numbers.count))
                #expect(numbers.count > 20)
            }
        }
    }

    @Test func endsWithTheOrchestrator() async throws {
        let server = TestServer()
        var reader: StreamReader?
        try await server.run { reader = try await StreamReader.open($0, "/v1/events") }
        try await eventually("the stream is over") { reader?.isOver == true }
        await reader?.close()
    }
}
