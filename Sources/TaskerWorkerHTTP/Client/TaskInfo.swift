/// A task as the HTTP API describes it. Missing members become defaults, unknown ones stay in ``json``: both sides may be
/// newer.
public struct TaskInfo: Sendable, Hashable {
    /// The whole answer.
    public var json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    public var id: String { json.text("task_uuid") }
    public var name: String { json.text("name") }
    public var namespace: String { json.text("namespace") }
    public var version: String { json.text("version") }
    public var status: String { json.text("status") }
    public var createdAt: Timestamp? { json.time("created_at") }
    public var updatedAt: Timestamp? { json.time("updated_at") }
    public var completedAt: Timestamp? { json.time("completed_at") }
    public var context: JSONValue { json["context"] ?? [:] }
    public var initiator: String { json.text("initiator") }
    public var sourceSystem: String { json.text("source_system") }
    public var reason: String { json.text("reason") }
    public var priority: Int64? { json["priority"]?.integerValue }
    public var tags: [String] { json["tags"]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    public var correlationID: String? { json["correlation_id"]?.stringValue }
    public var parentCorrelationID: String? { json["parent_correlation_id"]?.stringValue }
    public var totalSteps: Int64 { json.count("total_steps") }
    public var pendingSteps: Int64 { json.count("pending_steps") }
    public var inProgressSteps: Int64 { json.count("in_progress_steps") }
    public var completedSteps: Int64 { json.count("completed_steps") }
    public var failedSteps: Int64 { json.count("failed_steps") }
    public var readySteps: Int64 { json.count("ready_steps") }
    public var executionStatus: String { json.text("execution_status") }
    public var recommendedAction: String? { json["recommended_action"]?.stringValue }
    public var completionPercentage: Double { json["completion_percentage"]?.doubleValue ?? 0 }
    public var healthStatus: String { json.text("health_status") }
    public var steps: [StepInfo] { json["steps"]?.arrayValue?.map { StepInfo($0) } ?? [] }
}

/// A step as the HTTP API describes it.
public struct StepInfo: Sendable, Hashable {
    /// The whole answer.
    public var json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    public var id: String { json["step_uuid"]?.stringValue ?? json.text("workflow_step_uuid") }
    public var taskID: String { json.text("task_uuid") }
    public var name: String { json.text("name") }
    public var createdAt: Timestamp? { json.time("created_at") }
    public var updatedAt: Timestamp? { json.time("updated_at") }
    public var completedAt: Timestamp? { json.time("completed_at") }
    public var results: JSONValue? { json["results"].flatMap { $0.isNull ? Optional.none : $0 } }
    public var state: String { json.text("current_state") }
    public var attempts: Int64 { json.count("attempts") }
    public var maximumAttempts: Int64 { json.count("max_attempts") }
    public var areDependenciesSatisfied: Bool { json["dependencies_satisfied"]?.boolValue ?? false }
    public var isRetryEligible: Bool { json["retry_eligible"]?.boolValue ?? false }
    public var isReadyForExecution: Bool { json["ready_for_execution"]?.boolValue ?? false }
    public var lastFailureAt: Timestamp? { json.time("last_failure_at") }
    public var nextRetryAt: Timestamp? { json.time("next_retry_at") }
    public var lastAttemptedAt: Timestamp? { json.time("last_attempted_at") }
    public var totalParents: Int64 { json.count("total_parents") }
    public var completedParents: Int64 { json.count("completed_parents") }
}

/// A page of tasks.
public struct TaskList: Sendable, Hashable {
    public var tasks: [TaskInfo]
    public var pagination: Pagination

    init(tasks: [TaskInfo], pagination: Pagination) {
        self.tasks = tasks
        self.pagination = pagination
    }

    init(_ json: JSONValue) {
        self.init(
            tasks: json["tasks"]?.arrayValue?.map { TaskInfo($0) } ?? [], pagination: Pagination(json["pagination"]))
    }
}

/// Where a list stands.
public struct Pagination: Sendable, Hashable {
    public var page: Int
    public var perPage: Int
    public var totalCount: Int
    public var totalPages: Int
    public var hasNext: Bool
    public var hasPrevious: Bool

    init(page: Int, perPage: Int, totalCount: Int, totalPages: Int, hasNext: Bool, hasPrevious: Bool) {
        self.page = page
        self.perPage = perPage
        self.totalCount = totalCount
        self.totalPages = totalPages
        self.hasNext = hasNext
        self.hasPrevious = hasPrevious
    }

    init(_ json: JSONValue?) {
        func number(_ name: String, _ fallback: Int) -> Int {
            json?[name]?.integerValue.map { Int(clamping: $0) } ?? fallback
        }
        self.init(
            page: number("page", 1), perPage: number("per_page", 0), totalCount: number("total_count", 0),
            totalPages: number("total_pages", 0), hasNext: json?["has_next"]?.boolValue ?? false,
            hasPrevious: json?["has_previous"]?.boolValue ?? false)
    }
}

extension JSONValue {
    fileprivate func text(_ name: String) -> String { self[name]?.stringValue ?? "" }
    fileprivate func count(_ name: String) -> Int64 { self[name]?.integerValue ?? 0 }
    fileprivate func time(_ name: String) -> Timestamp? { self[name]?.stringValue.flatMap { Timestamp($0) } }
}
