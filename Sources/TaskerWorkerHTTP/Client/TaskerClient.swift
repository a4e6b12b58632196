import AsyncHTTPClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Creates and looks at tasks over the orchestrator's HTTP API; needs no running worker.
///
/// ```swift
/// let client = try TaskerClient()
/// let task = try await client.createTask("order_processing", namespace: "ecommerce", context: ["order_id": 7])
/// ```
/// Address and credentials come from `TASKER_ORCHESTRATION_URL`, `TASKER_ORCHESTRATION_TIMEOUT_MS`, `TASKER_API_KEY` (with
/// `TASKER_API_KEY_HEADER`) and `TASKER_AUTH_TOKEN` unless given. Every call throws ``TaskerClientError`` for an answer that
/// is no success and when there is none.
public struct TaskerClient: Sendable {
    /// A page of the API has at most that many tasks.
    static let mostPerPage = 100

    public var baseURL: String
    public var timeout: Duration
    public var headers: [String: String]
    public var initiator = "tasker-core-swift"
    public var sourceSystem = "tasker-core"
    let client: HTTPClient

    /// - Throws: ``TaskerClientError`` when a setting in the environment cannot be used.
    public init(
        baseURL: String? = nil, timeout: Duration? = nil, headers: [String: String] = [:], httpClient: HTTPClient? = nil
    ) throws(TaskerClientError) {
        try self.init(
            baseURL: baseURL, timeout: timeout, headers: headers, httpClient: httpClient,
            environment: { name in getenv(name).map { String(cString: $0) } })
    }

    init(
        baseURL: String?, timeout: Duration?, headers: [String: String], httpClient: HTTPClient?,
        environment: (String) -> String?
    ) throws(TaskerClientError) {
        func first(_ names: String...) -> String? { names.lazy.compactMap(environment).first { !$0.isEmpty } }
        var url = baseURL ?? first("TASKER_ORCHESTRATION_URL", "ORCHESTRATION_URL") ?? "http://localhost:8080"
        while url.hasSuffix("/") { url.removeLast() }
        self.baseURL = url
        var milliseconds: Int64 = 30_000
        if timeout == nil, let text = first("TASKER_ORCHESTRATION_TIMEOUT_MS") {
            guard let number = Int64(text), number > 0 else {
                throw TaskerClientError(
                    "TASKER_ORCHESTRATION_TIMEOUT_MS is \"\(text)\": use a positive number of milliseconds")
            }
            milliseconds = number
        }
        self.timeout = timeout ?? .milliseconds(milliseconds)
        var credentials: [String: String] = [:]
        if let key = first("TASKER_API_KEY") { credentials[first("TASKER_API_KEY_HEADER") ?? "X-API-Key"] = key }
        if let token = first("TASKER_AUTH_TOKEN", "TASKER_ORCHESTRATION_AUTH_TOKEN") {
            credentials["Authorization"] = "Bearer \(token)"
        }
        self.headers = credentials.overridden(by: headers)
        client = httpClient ?? .taskerShared
    }

    // MARK: - Tasks

    /// Creates a task.
    /// - Parameter options: further members of the body: `tags`, `priority`, `correlation_id`, `idempotency_key`, …
    public func createTask(
        _ name: String, namespace: String = "default", context: JSONValue = [:], version: String = "1.0.0",
        reason: String = "Task requested", options: [String: JSONValue] = [:]
    ) async throws -> TaskInfo {
        let body: [String: JSONValue] = [
            "name": .string(name), "namespace": .string(namespace), "version": .string(version), "context": context,
            "initiator": .string(initiator), "source_system": .string(sourceSystem), "reason": .string(reason),
        ]
        return TaskInfo(try await call("POST", "/v1/tasks", json: .object(body.merging(options) { $1 })))
    }

    public func task(_ id: String) async throws -> TaskInfo { TaskInfo(try await call("GET", "/v1/tasks/\(id)")) }

    /// Tasks, newest first. A wish for more than a page of the API is joined from several.
    /// - Precondition: `limit` is at least 1, `offset` at least 0.
    public func tasks(limit: Int = 50, offset: Int = 0, namespace: String? = nil, status: String? = nil) async throws
        -> TaskList
    {
        precondition(limit >= 1 && offset >= 0, "use a limit from 1 and an offset from 0")
        var filters: [String: String] = [:]
        filters["namespace"] = namespace
        filters["status"] = status
        if limit <= Self.mostPerPage, offset % limit == 0 {
            return try await page(offset / limit + 1, limit, filters)
        }
        let first = offset / Self.mostPerPage
        var joined = TaskList(tasks: [], pagination: Pagination(nil))
        for number in first...(offset + limit - 1) / Self.mostPerPage {
            let page = try await page(number + 1, Self.mostPerPage, filters)
            joined.tasks += page.tasks
            joined.pagination = page.pagination
            if !page.pagination.hasNext { break }
        }
        let total = joined.pagination.totalCount
        joined.tasks = Array(joined.tasks.dropFirst(offset - first * Self.mostPerPage).prefix(limit))
        joined.pagination = Pagination(
            page: offset / limit + 1, perPage: limit, totalCount: total, totalPages: (total + limit - 1) / limit,
            hasNext: total > offset + limit, hasPrevious: offset > 0)
        return joined
    }

    private func page(_ number: Int, _ size: Int, _ filters: [String: String]) async throws -> TaskList {
        let query = filters.merging(["page": String(number), "per_page": String(size)]) { $1 }
        return TaskList(try await call("GET", "/v1/tasks", query: query))
    }

    /// Cancels a task; gives the task as the orchestrator answers it.
    public func cancelTask(_ id: String) async throws -> TaskInfo {
        TaskInfo(try await call("DELETE", "/v1/tasks/\(id)"))
    }

    // MARK: - Steps

    public func steps(ofTask id: String) async throws -> [StepInfo] {
        (try await call("GET", "/v1/tasks/\(id)/workflow_steps").arrayValue ?? []).map { StepInfo($0) }
    }

    public func step(_ step: String, ofTask id: String) async throws -> StepInfo {
        StepInfo(try await call("GET", "/v1/tasks/\(id)/workflow_steps/\(HTTPExchange.escaped(step))"))
    }

    /// Every result and manual action of a step, oldest first, as the API gives them.
    public func audit(ofStep step: String, task id: String) async throws -> [JSONValue] {
        try await call("GET", "/v1/tasks/\(id)/workflow_steps/\(HTTPExchange.escaped(step))/audit").arrayValue ?? []
    }

    /// What `/health` says.
    public func health() async throws -> JSONValue { try await call("GET", "/health") }

    // MARK: -

    private func call(_ method: String, _ path: String, query: [String: String] = [:], json: JSONValue? = nil)
        async throws -> JSONValue
    {
        let exchange = HTTPExchange(
            client: client, method: method, url: HTTPExchange.url(baseURL, path, query), headers: headers,
            timeout: timeout)
        let response: APIResponse
        do {
            response = try await exchange.run(json: json, body: nil)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw TaskerClientError(
                "the orchestrator at \(baseURL) does not answer (\(error)): is it running, and is "
                    + "TASKER_ORCHESTRATION_URL right?")
        }
        guard response.isOK else { throw TaskerClientError(response) }
        return response.body
    }
}
