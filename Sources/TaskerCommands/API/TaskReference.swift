import Foundation
import TaskerProtocol

/// A task as people name it: its id, a unique beginning of it, or `@last`.
enum TaskReference {
    static let last = "@last"

    /// - Throws: usage for what names no task, not found when nothing or more than one task begins so.
    static func resolve(_ text: String, _ client: APIClient, _ context: CommandContext) async throws -> String {
        if text == last {
            guard let id = LastTask.read(context.host) else {
                throw CommandError.notFound(
                    "no task was created from this directory",
                    hint: "name the task by its id, see 'tasker-ctl task list'")
            }
            return id
        }
        if let id = UUIDValue(text) { return id.description }
        let digits = text.lowercased().filter { $0 != "-" }
        guard digits.count >= 8, digits.count < 32, digits.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            throw CommandError.usage(
                "'\(text)' names no task",
                hint: "write its id, at least its first 8 digits, or @last; see 'tasker-ctl task list'")
        }
        return try await find(digits, shown: text, client)
    }

    /// The first 12 digits of an id tell when it was made: only tasks of that time are asked for.
    private static func find(_ digits: String, shown: String, _ client: APIClient) async throws -> String {
        func time(_ filler: Character) -> Int64 {
            let padded = digits.prefix(12) + String(repeating: filler, count: max(0, 12 - digits.count))
            return Int64(padded, radix: 16) ?? 0
        }
        // An id is made a little before its task is stored.
        let slack: Int64 = 60_000
        var request = APIRequest(.get, "tasks").with(query: "per_page", "100")
            .with(query: "created_after", Timestamp(milliseconds: max(0, time("0") - slack)).description)
            .with(
                query: "created_before",
                Timestamp(milliseconds: min(time("f") + slack, 253_402_300_799_000)).description)
        var found: Set<String> = []
        while true {
            let page = try await client.get(request)
            for task in page["tasks"]?.arrayValue ?? [] {
                guard let id = task["task_uuid"]?.stringValue else { continue }
                if id.filter({ $0 != "-" }).hasPrefix(digits) { found.insert(id) }
            }
            guard let cursor = page["pagination"]?["next_cursor"]?.stringValue else { break }
            request.query.removeAll { $0.name == "cursor" }
            request = request.with(query: "cursor", cursor)
        }
        guard let id = found.first else { throw CommandError.notFound("no task id begins with '\(shown)'") }
        guard found.count == 1 else {
            throw CommandError.usage(
                "\(found.count) task ids begin with '\(shown)'",
                hint: "write more of it:\n" + found.sorted().prefix(10).joined(separator: "\n"))
        }
        return id
    }
}

/// The task that was created last from a directory.
enum LastTask {
    static func read(_ host: Host) -> String? {
        guard let file = file(host), let data = FileManager.default.contents(atPath: file) else { return nil }
        return UUIDValue(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))?
            .description
    }

    /// A convenience: that it cannot be written is no failure of the command.
    static func write(_ id: String, _ host: Host) {
        guard let file = file(host) else { return }
        let url = URL(fileURLWithPath: file)
        try? FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? Data((id + "\n").utf8).write(to: url, options: .atomic)
    }

    /// Outside of the project: nothing to ignore or to commit there.
    private static func file(_ host: Host) -> String? {
        let stated = host.environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        guard let base = stated ?? host.environment["HOME"].map({ $0 + "/.local/state" }) else { return nil }
        let name = SHA256.hexString(SHA256.hash(host.workingDirectory.utf8)).prefix(32)
        return "\(base)/tasker/last-task/\(name)"
    }
}
