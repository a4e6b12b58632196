import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Workers, routes, queues and dead letters", .timeLimit(.minutes(5)))
struct FleetTests {
    @Test func namesTheHandlerNobodyHas() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            #expect(try await server.get("/v1/workers")["total_count"] == 0)
            let routes = try await server.get("/v1/routes")["routes"]?.arrayValue ?? []
            let check = routes.first { $0["callable"] == "CheckOrder" }
            #expect(check?["source"] == "none")
            #expect(check?["namespace"] == "shop")
            #expect(check?["queues"] == [])
            let note = check?["notes"]?[0]?.stringValue ?? ""
            #expect(note.contains("no worker has announced handler CheckOrder for namespace shop"))
            let step = try await server.get("/v1/tasks/\(task.taskID)/workflow_steps/check")
            #expect(step["held"]?.stringValue != nil)
            #expect(step["held_reason"]?.stringValue?.contains("CheckOrder") == true)
            #expect(step["ready_for_execution"] == true)
        }
    }

    @Test func namesANearHandler() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: ["ChekOrder"]).run(on: server) {
                try await eventually("the worker is known") {
                    try await server.get("/v1/workers")["total_count"] == 1
                }
                _ = try await server.order()
                let routes = try await server.get("/v1/routes")["routes"]?.arrayValue ?? []
                let note = routes.first { $0["callable"] == "CheckOrder" }?["notes"]?[0]?.stringValue ?? ""
                #expect(note.contains("ChekOrder"))
            }
        }
    }

    @Test func showsWorkersAndWhatGoesToThem() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                try await eventually("the worker is known") {
                    try await server.get("/v1/workers")["total_count"] == 1
                }
                let worker = try await server.get("/v1/workers")["workers"]?[0]
                #expect(worker?["worker_id"] == "worker-till")
                #expect(worker?["status"] == "active")
                #expect(worker?["language"] == "swift")
                #expect(worker?["queues"] == ["till"])
                #expect(worker?["handlers"]?.arrayValue?.map { $0["callable"] } == ["CheckOrder", "PayOrder"])
                #expect(worker?["capacity"] == 10)
                for (query, count) in [
                    ("namespace=shop", 1), ("namespace=office", 0), ("queue=till", 1), ("queue=desk", 0),
                    ("status=active", 1), ("status=lost", 0),
                ] {
                    #expect(try await server.get("/v1/workers?\(query)")["total_count"] == .number(count), "\(query)")
                }
                #expect(try await server.get("/v1/workers?colour=red").status == .badRequest)

                let routes = try await server.get("/v1/routes?namespace=shop")["routes"]?.arrayValue ?? []
                let pay = routes.first { $0["callable"] == "PayOrder" }
                #expect(pay?["source"] == "announced")
                #expect(pay?["queues"]?[0]?["queue"] == "till")
                #expect(pay?["queues"]?[0]?["live_workers"] == 1)
                #expect(pay?["notes"] == [])
                #expect(try await server.get("/v1/routes?namespace=office")["routes"] == [])

                _ = try await server.finishedOrder()
                let queues = try await server.get("/v1/queues")
                #expect(queues["broker"]?["reachable"] == true)
                let till = queues["queues"]?.arrayValue?.first { $0["queue"] == "till" }
                #expect(till?["consumers"] == 1)
                #expect(till?["live_workers"] == 1)
            }
        }
    }

    @Test func keepsDeadLettersOfFailedTasks() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.failForGood).run(on: server) {
                let healthy = try await server.order()
                let path = "/v1/dlq/task/\(healthy.taskID)"
                try await eventually("the task is in the list") { try await server.get(path).status == .ok }
                let entry = try await server.get(path)
                #expect(entry["task_uuid"]?.stringValue == healthy.taskID)
                #expect(entry["dlq_reason"] == "PermanentFailure")
                #expect(entry["resolution_status"] == "Pending")
                let failure = entry["metadata"]?["failures"]?[0]
                #expect(failure?["step_name"] == "check")
                #expect(failure?["error_type"] == "CardRefused")
                for query in ["", "?resolution_status=Pending", "?resolution_status=pending&limit=1"] {
                    #expect(try await server.get("/v1/dlq\(query)").json == [entry.json], "\(query)")
                }
                for query in ["?resolution_status=ManuallyResolved", "?offset=1"] {
                    #expect(try await server.get("/v1/dlq\(query)").json == [], "\(query)")
                }
                for query in ["?resolution_status=lost", "?limit=0", "?limit=501", "?colour=red"] {
                    #expect(try await server.get("/v1/dlq\(query)").status == .badRequest, "\(query)")
                }
                let task = try await server.get("/v1/tasks/\(healthy.taskID)")
                #expect(task["health_status"] == "blocked")
                #expect(task["recommended_action"] == "handle_failures")
            }
        }
    }

    @Test func saysThatATaskHasNoDeadLetter() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            let answer = try await server.get("/v1/dlq/task/\(task.taskID)")
            #expect(answer.status == .notFound)
            #expect(answer.detail.contains(task.taskID))
            #expect(try await server.get("/v1/dlq/task/x").code == "INVALID_UUID")
            #expect(try await server.get("/v1/dlq").json == [])
        }
    }
}
