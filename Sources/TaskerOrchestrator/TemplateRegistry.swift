import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// The registered templates, newest revisions, with what task creation needs of them at hand.
struct TemplateRegistry {
    struct Entry {
        var revision: TemplateRevision
        var template: TaskTemplate
        /// Resolved for the orchestrator's environment.
        var plan: WorkflowPlan
        var inputSchema: JSONSchema?
    }

    private var entries: [String: [String: Entry]] = [:]
    let environment: String

    init(environment: String) { self.environment = environment }

    private static func key(_ namespace: String, _ name: String) -> String { "\(namespace)/\(name)" }

    mutating func insert(_ revision: TemplateRevision, _ template: TaskTemplate, plans: PlanCache) {
        let resolved = template.resolved(for: environment)
        let plan = plans.shared(WorkflowPlan(template: resolved, hash: resolved.hash))
        let entry = Entry(
            revision: revision, template: template, plan: plan,
            inputSchema: template.inputSchema.flatMap { try? JSONSchema(compiling: $0) })
        entries[Self.key(template.namespace, template.name), default: [:]][template.version] = entry
    }

    /// - Parameter version: nil means the highest semantic version, pre-releases only when nothing else exists.
    func find(namespace: String, name: String, version: String?) -> Entry? {
        guard let versions = entries[Self.key(namespace, name)] else { return nil }
        if let version { return versions[version] }
        return versions.max { SemanticVersion($0.key) < SemanticVersion($1.key) }?.value
    }

    var all: [Entry] { entries.values.flatMap(\.values) }

    /// What a caller may have meant.
    func hint(namespace: String, name: String, version: String?) -> String {
        if let version, let versions = entries[Self.key(namespace, name)] {
            return "Registered versions: \(versions.keys.sorted().joined(separator: ", ")) (asked for \(version))"
        }
        let names = entries.keys.sorted()
        if names.isEmpty {
            return "No template is registered: start the orchestrator with --templates DIR"
        }
        let wanted = Self.key(namespace, name)
        let near = names.map { ($0, editDistance($0, wanted)) }.sorted { $0.1 < $1.1 }.prefix(3).map(\.0)
        return "Nearest registered: \(near.joined(separator: ", "))"
    }
}

/// Order of versions as in Semantic Versioning 2.0.0, section 11; what is no semantic version comes first, by text.
public struct SemanticVersion: Comparable, Sendable {
    private let numbers: [Int]
    private let pre: [String]
    private let text: String

    public init(_ text: String) {
        self.text = text
        let withoutBuild = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let halves = withoutBuild.split(separator: "-", maxSplits: 1)
        let parts = (halves.first ?? "").split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        numbers = parts.contains(nil) || parts.isEmpty ? [] : parts.compactMap(\.self)
        pre = halves.count > 1 ? halves[1].split(separator: ".").map(String.init) : []
    }

    public static func < (left: Self, right: Self) -> Bool {
        if left.numbers.isEmpty || right.numbers.isEmpty {
            return left.numbers.isEmpty == right.numbers.isEmpty ? left.text < right.text : left.numbers.isEmpty
        }
        // A release beats every pre-release, whatever their numbers: "pre-releases only when nothing else exists".
        if left.pre.isEmpty != right.pre.isEmpty { return !left.pre.isEmpty }
        for index in 0..<max(left.numbers.count, right.numbers.count) {
            let a = index < left.numbers.count ? left.numbers[index] : 0
            let b = index < right.numbers.count ? right.numbers[index] : 0
            if a != b { return a < b }
        }
        for (a, b) in zip(left.pre, right.pre) where a != b {
            switch (Int(a), Int(b)) {
            case (let a?, let b?): return a < b
            case (.some, nil): return true
            case (nil, .some): return false
            default: return a < b
            }
        }
        return left.pre.count < right.pre.count
    }
}

/// Levenshtein distance, for "did you mean".
public func editDistance(_ left: String, _ right: String) -> Int {
    let a = Array(left.unicodeScalars.prefix(128))
    let b = Array(right.unicodeScalars.prefix(128))
    var row = Array(0...b.count)
    for i in 0..<a.count {
        var diagonal = row[0]
        row[0] = i + 1
        for j in 0..<b.count {
            let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
