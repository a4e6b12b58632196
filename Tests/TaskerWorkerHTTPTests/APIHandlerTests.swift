import TaskerTestKit
import Testing

@testable import TaskerWorkerHTTP

@Suite(.timeLimit(.minutes(2))) struct APIHandlerTests {
    struct Verbs: APIHandler {
        var baseURL: String
        var defaultHeaders: [String: String] { ["X-Shop": "7", "Accept": "text/plain"] }

        func call(_ context: StepContext) async throws -> StepResult {
            _ = try await get("/a", query: ["q": "ä b&c", "p": "1"], headers: ["accept": "application/json"])
            _ = try await post("b?x=1", json: ["n": 1])
            _ = try await put("/c", body: Array("raw".utf8), headers: ["Content-Type": "text/plain"])
            _ = try await patch("/d", json: [])
            return apiSuccess(try await delete("/e"))
        }
    }

    @Test func sendsWhatItIsTold() async throws {
        let requests = try await LocalServer.run({ _ in ServerBehaviour(status: 204) }) { server in
            let outcome = await TestKit.run(Verbs(baseURL: server.url + "/"), .test())
            #expect(outcome.isSuccess)
            return server.requests
        }
        #expect(requests.map(\.method) == ["GET", "POST", "PUT", "PATCH", "DELETE"])
        #expect(requests.map(\.path) == ["/a?p=1&q=%C3%A4%20b%26c", "/b?x=1", "/c", "/d", "/e"])
        #expect(requests.map(\.body) == ["", #"{"n":1}"#, "raw", "[]", ""])
        #expect(requests.allSatisfy { $0.headers["x-shop"] == "7" })
        #expect(requests.map { $0.headers["accept"] }.prefix(2) == ["application/json", "text/plain"])
        #expect(
            requests.map { $0.headers["content-type"] }[1...3] == [
                "application/json", "text/plain", "application/json",
            ])
        #expect(requests[0].headers["user-agent"] == WorkerIdentity.swiftSDK)
    }

    /// The API handler of the handler types page, in Swift.
    struct FetchOrderHandler: APIHandler {
        static let handlerName = "fetch_order"
        var baseURL: String
        var defaultTimeout: Duration { .seconds(30) }

        func call(_ context: StepContext) async throws -> StepResult {
            let id: Int64 = try context.input("order_id")
            do {
                let response = try await get("/orders/\(id)")
                return response.isOK ? apiSuccess(response) : apiFailure(response)
            } catch let error as APIConnectionError {
                return connectionError(error, while: "fetching order")
            } catch let error as APITimeoutError {
                return timeoutError(error, while: "fetching order")
            }
        }
    }

    @Test func fetchesAnOrder() async throws {
        try await LocalServer.run({ request in
            request.path == "/orders/7"
                ? ServerBehaviour(headers: [("Content-Type", "application/json")], body: Array(#"{"id":7}"#.utf8))
                : ServerBehaviour(status: 429, headers: [("Retry-After", "3")])
        }) { server in
            let handler = FetchOrderHandler(baseURL: server.url)
            #expect(await TestKit.run(handler, .test(input: ["order_id": 7])).payload == ["id": 7])
            let failure = await TestKit.run(handler, .test(input: ["order_id": 8])).failure
            #expect((failure?.errorType, failure?.isRetryable, failure?.retryAfterSeconds) == ("rate_limited", true, 3))
        }
    }

    struct Careless: APIHandler {
        var baseURL: String
        var defaultTimeout: Duration { .milliseconds(200) }
        func call(_ context: StepContext) async throws -> StepResult { apiSuccess(try await get("/")) }
    }

    @Test func errorsThatLeaveTheHandlerAreRetryable() async throws {
        let refused = await TestKit.run(
            Careless(baseURL: "http://127.0.0.1:\(try await LocalServer.unusedPort())"), .test())
        #expect((refused.failure?.errorType, refused.failure?.isRetryable) == ("APIConnectionError", true))
        let late = try await LocalServer.run({ _ in ServerBehaviour(delay: .seconds(600)) }) { server in
            await TestKit.run(Careless(baseURL: server.url), .test())
        }
        #expect((late.failure?.errorType, late.failure?.isRetryable) == ("APITimeoutError", true))
        #expect(late.failure?.message.contains("within 0.2 seconds") == true)
    }

    @Test(arguments: ["", "shop.example/", "ftp://shop.example", "http://"])
    func aBaseURLThatIsNoneSaysSo(base: String) async throws {
        let outcome = await TestKit.run(Careless(baseURL: base), .test())
        #expect((outcome.failure?.errorType, outcome.failure?.isRetryable) == ("permanent_error", false))
        #expect(outcome.failure?.message.contains("is no URL of an HTTP server") == true)
    }

    @Test func aCancelledStepStopsItsRequest() async throws {
        try await LocalServer.run({ _ in ServerBehaviour(delay: .seconds(600)) }) { server in
            let task = Task { try await Careless(baseURL: server.url).get("/", timeout: .seconds(500)) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ])
    func readsDates(text: String, seconds: Int64) { #expect(HTTPDate.seconds(text) == seconds) }

    @Test(arguments: ["", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "1 2 3 4 5"])
    func refusesOtherTexts(text: String) { #expect(HTTPDate.seconds(text) == nil) }
}
