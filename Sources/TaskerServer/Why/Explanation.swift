import TaskerEngine
import TaskerProtocol

/// WhyResponse of the REST contract: the one missing condition, in a sentence with its numbers.
struct Explanation: Sendable {
    enum Verdict: String, Sendable, CaseIterable {
        case done, cancelled, resolved
        case notCreatedYet = "not_created_yet"
        case notSelected = "not_selected"
        case waitingForDependencies = "waiting_for_dependencies"
        case blockedByFailure = "blocked_by_failure"
        case heldParallelism = "held_parallelism"
        case heldFailFast = "held_fail_fast"
        /// One more lost worker would be its last, and another such step of its queue runs.
        case heldQuarantine = "held_quarantine"
        case waitingForRetry = "waiting_for_retry"
        case publishPending = "publish_pending"
        case noRoute = "no_route"
        case queuedNoConsumer = "queued_no_consumer"
        case queued
        case inDoubt = "in_doubt"
        case running
        case runningNoHeartbeat = "running_no_heartbeat"
        case failedPermanent = "failed_permanent"
        case failedRetriesExhausted = "failed_retries_exhausted"
        case failedPoison = "failed_poison"
        case failedOutcome = "failed_outcome"

        /// Of several steps, which one to name first: what needs a person, then what needs a worker, then what only
        /// needs time.
        var urgency: Int {
            switch self {
            case .failedPoison, .failedOutcome, .failedPermanent, .failedRetriesExhausted: 9
            case .noRoute, .queuedNoConsumer: 8
            case .publishPending, .inDoubt: 7
            case .runningNoHeartbeat: 6
            case .heldFailFast, .heldQuarantine: 5
            case .waitingForRetry: 4
            case .queued: 3
            case .running: 2
            case .heldParallelism: 1
            default: 0
            }
        }
    }

    struct Reason: Sendable {
        var code: String
        var message: String
        var since: Timestamp?
        var until: Timestamp?
        /// Name of a step, id of an entry or worker, name of a queue.
        var ref: String?
    }

    struct Next: Sendable {
        var what: String
        var at: Timestamp?
    }

    struct Suggestion: Sendable {
        var text: String
        /// To copy into a shell.
        var command: String?
        /// Method and path of the same by HTTP.
        var request: String?
    }

    var verdict: Verdict
    /// One plain sentence.
    var summary: String
    var since: Timestamp?
    var reasons: [Reason] = []
    var next: Next?
    var suggestions: [Suggestion] = []

    init(_ verdict: Verdict, _ summary: String, since: Timestamp? = nil) {
        self.verdict = verdict
        self.summary = summary
        self.since = since
    }

    /// - Parameter state: of the step or task, `not_created` for a step without a row.
    func json(task: TaskID, stepName: String?, stepID: StepID?, state: String) -> JSONValue {
        var members: [String: JSONValue] = [
            "task_uuid": .string(task.description), "state": .string(state), "verdict": .string(verdict.rawValue),
            "summary": .string(summary), "since": .time(since),
            "reasons": .array(
                reasons.map {
                    [
                        "code": .string($0.code), "message": .string($0.message), "since": .time($0.since),
                        "until": .time($0.until), "ref": .text($0.ref),
                    ]
                }),
            "next": next.map { ["what": .string($0.what), "at": .time($0.at)] } ?? .null,
            "suggestions": .array(
                suggestions.map {
                    ["text": .string($0.text), "command": .text($0.command), "request": .text($0.request)]
                }),
        ]
        if let stepName {
            members["step_name"] = .string(stepName)
            members["step_uuid"] = .text(stepID?.description)
        }
        return .object(members)
    }
}

/// Numbers and times as people read them.
enum Words {
    /// `3 s`, `4 min`, `2 h 5 min`, `3 d 4 h`.
    static func span(_ milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1000
        switch seconds {
        case 0..<120: return "\(seconds) s"
        case 120..<7200: return "\(seconds / 60) min"
        case 7200..<172_800: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    static func ago(_ time: Timestamp, _ now: Timestamp) -> String { "\(span(now.millisecondsSince(time))) ago" }

    static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
    }

    /// Somebody else's text as a part of a sentence: on one line, without a full stop of its own.
    static func line(_ text: String, atMost limit: Int = 200) -> String {
        var line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if line.count > limit { line = line.prefix(limit - 1) + "…" }
        while line.hasSuffix(".") { line.removeLast() }
        return line
    }

    /// A sentence as part of another one.
    static func inner(_ sentence: String) -> String { sentence.prefix(1).lowercased() + sentence.dropFirst() }

    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/@".utf8)

    /// One word of a command line.
    static func shell(_ word: String) -> String {
        if !word.isEmpty, word.utf8.allSatisfy(plain.contains) { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }

    /// One part of a path, or a value of a query.
    static func url(_ part: String) -> String {
        part.utf8.map { byte in
            if plain.contains(byte), byte != UInt8(ascii: "/") { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }

    /// At most five names, the rest counted.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}
