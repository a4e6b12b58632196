import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Routes of operators", .timeLimit(.minutes(5)))
struct RouteTests {
    @Test func aRouteWinsUntilItIsRemoved() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/routes/shop/CheckOrder"
            let set = try await server.put(
                path, ["queues": [["queue": "desk", "weight": 3], ["queue": "till", "weight": 1]], "by": "anna"])
            #expect(set.status == .ok, "\(set.text)")
            #expect(set["source"] == "operator")
            #expect(set["queues"]?.arrayValue?.map { $0["queue"] } == ["desk", "till"])
            #expect(set["queues"]?.arrayValue?.map { $0["weight"] } == [3, 1])
            let one = try await server.put(path, ["queues": [["queue": "desk"]]])
            #expect(one["queues"]?[0]?["weight"] == 100)
            let task = try await server.order()
            let step = "/v1/tasks/\(task.taskID)/workflow_steps/check"
            #expect(try await server.get(step)["queue"] == "desk")
            let removed = try await server.delete(path)
            #expect(removed.status == .ok)
            #expect(removed["source"] == "none")
            #expect(try await server.delete(path).status == .ok)
        }
    }

    @Test func aStepThatWaitsForARouteGoesOn() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            let step = "/v1/tasks/\(task.taskID)/workflow_steps/check"
            #expect(try await server.get(step)["held"] == "no_route")
            #expect(try await server.get("/v1/tasks/\(task.taskID)")["ready_steps"] == 1)
            let routes = try await server.get("/v1/routes")["routes"]?.arrayValue ?? []
            #expect(routes.first { $0["callable"] == "CheckOrder" }?["waiting_steps"] == 1)
            #expect(try await server.put("/v1/routes/shop/CheckOrder", ["queues": [["queue": "desk"]]]).status == .ok)
            try await eventually("the step is queued") {
                try await server.get(step)["current_state"] == "enqueued"
            }
        }
    }

    @Test func whoChangedARouteStaysKnown() async throws {
        try await TestServer().run { server in
            let path = "/v1/routes/shop/CheckOrder"
            let queues: JSONValue = [["queue": "desk", "weight": 90], ["queue": "till", "weight": 10]]
            #expect(try await server.put(path, ["queues": queues, "by": "ada"]).status == .ok)
            #expect(try await server.delete(path).status == .ok)
            let reader = try await StreamReader.open(server, "/v1/events?since=0&type=route.")
            try await eventually("both are told") { reader.events.count == 2 }
            #expect(
                reader.events.map { $0.data["detail"]?.stringValue } == [
                    "shop/CheckOrder to desk=90,till=10 by ada", "shop/CheckOrder to announced by api",
                ])
            #expect(reader.events.allSatisfy { $0.type == "route.set" })
            await reader.close()
        }
    }

    @Test func namesWithColonsAndSpacesCanBeRouted() async throws {
        try await TestServer().run { server in
            let answer = try await server.put("/v1/routes/shop/Shop%3A%3ACheck%20Order", ["queues": [["queue": "a"]]])
            #expect(answer["callable"] == "Shop::Check Order", "\(answer.text)")
        }
    }

    @Test func refusesRoutesThatLeadNowhere() async throws {
        try await TestServer().run { server in
            let path = "/v1/routes/shop/CheckOrder"
            let bad: [(JSONValue, HTTPResponse.Status)] = [
                ([:], .badRequest), (["queues": "desk"], .badRequest), (["queues": ["desk"]], .badRequest),
                (["queues": [[:]]], .badRequest),
                (["queues": [["queue": "desk"], ["queue": "desk"]]], .badRequest),
                (["queues": []], .unprocessableContent),
                (["queues": [["queue": "desk", "weight": 0]]], .unprocessableContent),
                (["queues": [["queue": "desk", "weight": 1.5]]], .unprocessableContent),
                (["queues": [["queue": "no such\nqueue"]]], .unprocessableContent),
            ]
            for (body, status) in bad {
                let answer = try await server.put(path, body)
                #expect(answer.status == status, "\(body.canonicalText): \(answer.text)")
            }
            #expect(try await server.put("\(path)?colour=red", ["queues": []]).status == .badRequest)
        }
    }
}
