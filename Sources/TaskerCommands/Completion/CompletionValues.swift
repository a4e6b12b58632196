import Foundation
import TaskerProtocol

/// Values that depend on the moment: plugins and templates from files, the rest from the server, which gets no more
/// than 300 ms and is not asked again at once.
struct CompletionValues {
    static let limit: Duration = .milliseconds(300)
    /// An answer so old is used without a question.
    private static let fresh = 5.0
    /// And one so old when there is no answer.
    private static let usable = 600.0

    let context: CommandContext

    func candidates(_ kind: ValueKind) async -> [Candidate] {
        switch kind {
        case .words(let words): return words.map { Candidate(text: $0) }
        case .settings: return SettingKey.allCases.map { Candidate(text: $0.rawValue, help: $0.summary) }
        case .plugins:
            return context.plugins().plugins.map { Candidate(text: $0.name, help: $0.description) }
        case .generatorTemplates:
            var seen: Set<String> = []
            return context.plugins().plugins.flatMap(\.templates).filter { seen.insert($0.name).inserted }
                .map { Candidate(text: $0.name, help: $0.description) }
        case .files, .commands, .nothing: return []
        case .tasks:
            let last = LastTask.read(context.host).map { _ in
                Candidate(text: TaskReference.last, help: "created last from this directory")
            }
            let request = APIRequest(.get, "tasks").with(query: "per_page", "50")
            return (last.map { [$0] } ?? [])
                + (await ask(request, "tasks")).map { task in
                    Candidate(text: task.cell("task_uuid"), help: "\(task.cell("name")), \(task.cell("status"))")
                }
        case .steps(let task):
            let id = task == TaskReference.last ? LastTask.read(context.host) : UUIDValue(task)?.description
            guard let id else { return [] }
            return await ask(APIRequest(.get, "tasks", id, "summary"), "steps").map {
                Candidate(text: $0.cell("name"), help: $0.cell("current_state"))
            }
        case .registeredTemplates:
            return await ask(APIRequest(.get, "templates"), "templates").map {
                Candidate(text: "\($0.cell("namespace"))/\($0.cell("name"))", help: $0.cell("description"))
            }
        case .namespaces:
            return await ask(APIRequest(.get, "templates"), "namespaces").map { Candidate(text: $0.cell("name")) }
        case .workers:
            return await ask(APIRequest(.get, "workers"), "workers").map {
                Candidate(text: $0.cell("worker_id"), help: "\($0.cell("language")), \($0.cell("status"))")
            }
        case .queues:
            return await ask(APIRequest(.get, "queues"), "queues").filter { $0.cell("kind") == "steps" }.map {
                Candidate(text: $0.cell("queue"))
            }
        case .handlers:
            return await ask(APIRequest(.get, "routes"), "routes").map {
                Candidate(text: "\($0.cell("namespace"))/\($0.cell("callable"))")
            }
        case .entries:
            let request = APIRequest(.get, "dlq").with(query: "resolution_status", "pending").with(query: "limit", "50")
            return await ask(request, nil).map {
                Candidate(text: $0.cell("dlq_entry_uuid"), help: $0.cell("dlq_reason"))
            }
        }
    }

    // MARK: - The server

    /// - Parameter list: the member that holds the items; nil: the answer is the list.
    /// - Returns: nothing, where the server says nothing.
    private func ask(_ request: APIRequest, _ list: String?) async -> [JSONValue] {
        guard let body = await answer(request) else { return [] }
        return (list.map { body[$0] } ?? body)?.arrayValue ?? []
    }

    private func answer(_ request: APIRequest) async -> JSONValue? {
        var context = context
        context.global.timeout = Self.limit
        guard let client = try? APIClient(context) else { return nil }
        let now = context.host.now()
        let file = cacheFile(client.server + request.target)
        let kept = file.flatMap { FileManager.default.contents(atPath: $0) }.flatMap { try? JSONText.parse(Array($0)) }
        let age = kept?["at"]?.doubleValue.map { now - $0 } ?? .infinity
        if age >= 0, age < Self.fresh { return kept?["body"] }
        guard let body = try? await client.get(request) else {
            return age < Self.usable ? kept?["body"] : nil
        }
        if let file { keep(["at": .double(now), "body": body], in: file) }
        return body
    }

    private func keep(_ answer: JSONValue, in file: String) {
        let url = URL(fileURLWithPath: file)
        // Names of tasks are nobody else's business.
        try? FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try? Data(answer.canonicalBytes).write(to: url, options: .atomic)
    }

    private func cacheFile(_ key: String) -> String? {
        let stated = context.host.environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        guard let base = stated ?? context.host.environment["HOME"].map({ $0 + "/.cache" }) else { return nil }
        return "\(base)/tasker/completion/\(SHA256.hexString(SHA256.hash(key.utf8)).prefix(32))"
    }
}
