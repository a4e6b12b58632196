import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerServer
import TaskerStore

/// All routes in front of a running orchestrator, without a socket.
struct TestServer: Sendable {
    let store: any Store
    let broker = InMemoryBrokerServer()
    let orchestrator: Orchestrator
    struct Route: Hashable, Sendable {
        var method: HTTPRequest.Method
        var path: String
    }

    let routes: [Route]
    private let responder: RouterResponder<APIContext>
    private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameter settings: changed from the defaults as the test needs.
    init(
        store: any Store = InMemoryStore(),
        settings change: (inout OrchestratorSettings) -> Void = { _ in },
        server changeServer: (inout ServerSettings) -> Void = { _ in }
    ) {
        self.store = store
        var settings = OrchestratorSettings()
        change(&settings)
        orchestrator = Orchestrator(
            store: store, broker: InMemoryBroker(server: broker, name: "orchestrator"), settings: settings,
            log: Self.log)
        var serverSettings = ServerSettings()
        changeServer(&serverSettings)
        let router = Server.router(for: orchestrator, settings: serverSettings)
        routes = router.routes.map { Route(method: $0.method, path: $0.path.description) }
        responder = router.buildResponder()
    }

    /// Runs the orchestrator while `body` runs.
    func run(_ body: (TestServer) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await orchestrator.run() }
            try await eventually("the orchestrator runs") { orchestrator.currentPhase == .running }
            try await body(self)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: [UInt8] = [],
        bodyEnds: Bool = true, host: String = "localhost"
    ) async throws -> Answer {
        let response = try await respond(
            method, path, headers: headers, body: body, bodyEnds: bodyEnds, host: host)
        let collector = BodyCollector()
        try await response.body.write(collector)
        return Answer(status: response.status, headers: response.headers, text: String(buffer: await collector.whole()))
    }

    /// The response before its body is written.
    /// - Parameter bodyEnds: false leaves the server waiting for more.
    func respond(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: [UInt8] = [],
        bodyEnds: Bool = true, host: String = "localhost", over channel: any Channel = NIOAsyncTestingChannel()
    ) async throws -> Response {
        let head = HTTPRequest(
            method: method, scheme: "http", authority: host, path: path, headerFields: headers)
        // As the server does, the body comes in pieces.
        let pieces = stride(from: 0, to: body.count, by: 32_768).map {
            ByteBuffer(bytes: body[$0..<min($0 + 32_768, body.count)])
        }
        let stream = AsyncStream<ByteBuffer> { continuation in
            for piece in pieces { continuation.yield(piece) }
            if bodyEnds { continuation.finish() }
        }
        let request = Request(head: head, body: RequestBody(asyncSequence: stream))
        let context = APIContext(
            source: ApplicationRequestContextSource(channel: channel, logger: Self.log))
        return try await responder.respond(to: request, context: context)
    }

    func get(_ path: String) async throws -> Answer { try await send(.get, path) }

    func post(_ path: String, _ json: JSONValue, headers: HTTPFields = [:]) async throws -> Answer {
        try await post(path, text: json.canonicalText, headers: headers)
    }

    func put(_ path: String, _ json: JSONValue) async throws -> Answer {
        try await send(.put, path, headers: [.contentType: "application/json"], body: json.canonicalBytes)
    }

    func patch(_ path: String, _ json: JSONValue, headers: HTTPFields = [:]) async throws -> Answer {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await send(.patch, path, headers: headers, body: json.canonicalBytes)
    }

    func post(_ path: String) async throws -> Answer { try await send(.post, path) }

    func delete(_ path: String) async throws -> Answer { try await send(.delete, path) }

    func post(
        _ path: String, text: String, type: String = "application/json", headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        headers[.contentType] = type
        return try await send(.post, path, headers: headers, body: Array(text.utf8))
    }
}

/// A response, whole.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var text: String

    /// null when the body is no JSON.
    var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }

    subscript(name: String) -> JSONValue? { json[name] }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    var code: String? { json["code"]?.stringValue }
    var detail: String { json["detail"]?.stringValue ?? "" }
    var hint: String { json["hint"]?.stringValue ?? "" }
    /// Of `errors[]`.
    var pointers: [String] { json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue } ?? [] }
    /// Of a task.
    var taskID: String { json["task_uuid"]?.stringValue ?? "none" }
}

private actor BodyCollector: ResponseBodyWriter {
    private var buffer = ByteBuffer()

    func write(_ piece: ByteBuffer) async throws { buffer.writeImmutableBuffer(piece) }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}

    func whole() -> ByteBuffer { buffer }
}
