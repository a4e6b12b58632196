import HTTPTypes
import Synchronization
import TaskerMessaging
import TaskerProtocol
import Testing

/// Why of steps between the outbox and a worker.
@Suite("Why of messages", .timeLimit(.minutes(5)))
struct WhyQueueTests {
    private static let once = """
        name: order
        namespace: shop
        version: "1.0.0"
        step_templates:
          - name: pay
            handler: { callable: PayOrder }
            retry: { retryable: false }
        """

    private func routeToDesk(_ server: TestServer) async throws {
        for callable in orderHandlers {
            let answer = try await server.put("/v1/routes/shop/\(callable)", ["queues": [["queue": "desk"]]])
            #expect(answer.status == .ok)
        }
    }

    @Test func theBrokerTakesNothing() async throws {
        try await TestServer().runWithOrders { server in
            try await routeToDesk(server)
            server.broker.block(reason: "memory alarm\non node 2.")
            try await eventually("it is known") { try await server.get("/health/ready")["status"] == "degraded" }
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let check = try await server.why(path, "check", "publish_pending", advises: true)
            #expect(check.summary.contains("memory alarm on node 2."))
            #expect(check.reasonCodes == ["broker_blocked"])
            #expect(check["reasons"]?[0]?["ref"] == "desk")
        }
    }

    @Test func noQueueTakesIt() async throws {
        try await TestServer().runWithOrders { server in
            try await routeToDesk(server)
            server.broker.setPublishFault { message in
                message.routingKey == "tasker.steps.desk" ? .giveBack : nil
            }
            let path = "/v1/tasks/\(try await server.order().taskID)"
            var check = try await server.why(path, "check", "publish_pending", advises: true)
            // Between two tries it is just on its way.
            try await eventually("the message came back") {
                check = try await server.why(path, "check", "publish_pending", advises: true)
                return check.reasonCodes == ["unroutable"]
            }
            #expect(check.summary.contains("no queue took the message"))
            #expect(check.summary.contains("outbox since"))
            server.broker.setPublishFault(nil)
            _ = try await server.why(path, "check", "queued_no_consumer", advises: true)
        }
    }

    @Test func nobodyKnowsWhetherItArrived() async throws {
        try await TestServer().run { server in
            let registered = try await server.register(Self.once)
            try #require(registered.status == .created, "\(registered.text)")
            try await routeToDesk(server)
            server.broker.setPublishFault { message in
                message.routingKey == "tasker.steps.desk" ? .cutBefore : nil
            }
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let pay = try await server.why(path, "pay", "in_doubt", advises: true)
            #expect(pay.summary.contains("queue desk"))
            // When it will be decided.
            #expect(pay.summary.contains(" s at the earliest"))
            #expect(pay["next"]?["at"]?.stringValue != nil)
            #expect(pay.reasonCodes == ["unconfirmed"])
            // What is suggested can be done.
            let body: JSONValue = ["action_type": "resolve_manually", "reason": "seen", "resolved_by": "anna"]
            #expect(try await server.patch("\(path)/workflow_steps/pay", body).status == .ok)
            #expect(try await server.get(path)["status"] == "complete")
        }
    }

    @Test func itWaitsBehindOthers() async throws {
        try await TestServer().runWithOrders { server in
            var worker = ScriptedWorker(callables: orderHandlers)
            worker.takes = false
            try await worker.run(on: server) {
                for number in 1...3 { _ = try await server.order(number) }
                let path = "/v1/tasks/\(try await server.order(4).taskID)"
                let check = try await server.why(path, "check", "queued")
                #expect(check.summary.contains("tasker.steps.till since"))
                #expect(check.summary.contains("3 messages ahead of it, 1 consumer, 1 live worker"))
                #expect(check.reasonCodes == ["queue"])
                #expect(check["next"]?["what"] == "a worker takes it")
                #expect(check["suggestions"] == [])
            }
        }
    }

    @Test func allWorkersAreFull() async throws {
        try await TestServer().runWithOrders { server in
            var worker = ScriptedWorker(callables: orderHandlers)
            worker.takes = false
            worker.busy = 10
            try await worker.run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "queued", advises: true)
                #expect(check.summary.contains("1 live worker, 1 of them full"))
                #expect(check.reasonCodes == ["queue", "worker_full"])
                #expect(check["reasons"]?[1]?["message"] == "worker worker-till runs 10 of 10")
            }
        }
    }

    @Test func noWorkerOfTheQueueHasTheHandler() async throws {
        try await TestServer().runWithOrders { server in
            var worker = ScriptedWorker(callables: ["ShipOrder"], queue: "desk")
            worker.takes = false
            try await routeToDesk(server)
            try await worker.run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "queued", advises: true)
                #expect(check.reasonCodes == ["queue", "handler_not_announced"])
                #expect(check["suggestions"]?[0]?["text"]?.stringValue?.contains("CheckOrder") == true)
            }
        }
    }

    @Test func aWorkerSaysItHasNoHandler() async throws {
        try await TestServer().runWithOrders { server in
            let worker = ScriptedWorker(callables: orderHandlers) { step in
                ScriptedWorker.abandon(step, ErrorType.handlerNotFound)
            }
            try await worker.run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "publish_pending", advises: true)
                #expect(check.summary.contains("it has no handler CheckOrder"))
                #expect(check.reasonCodes == ["handler_not_found"])
                #expect(check["reasons"]?[0]?["until"]?.stringValue != nil)
            }
        }
    }
}
