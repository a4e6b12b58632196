import Foundation
import TaskerProtocol
import TaskerTemplates

/// What a folder `protocol/` says about conformance: contract handlers, scenarios, schemas of what a worker sends.
struct ConformanceFiles: Sendable {
    struct Scenario: Sendable {
        var name: String
        var rule: String
        var description: String
        var transports: [String]
        /// Of all queues: quorum or classic.
        var queueType: String
        var settings: [String: String]
        var operations: [JSONValue]
    }

    /// The folder `protocol/`, absolute.
    var folder: String
    /// A whole `step.execute`.
    var base: JSONValue
    /// Cases by callable.
    var cases: [String: [JSONValue]]
    var scenarios: [Scenario]
    var judge: ConformanceJudge

    /// - Parameter stated: what `--protocol` says; otherwise the nearest ancestor with such a folder.
    /// - Throws: not found.
    static func find(_ stated: String?, host: Host) throws(CommandError) -> String {
        if let stated {
            let path = host.resolve(stated)
            if isThere(path) { return path }
            throw .notFound(
                "'\(stated)' holds no conformance/handlers.json",
                hint: "--protocol names the folder protocol/ of a Tasker checkout")
        }
        var directory = host.workingDirectory
        while !isThere(directory + "/protocol") {
            guard directory != "/", !directory.isEmpty else {
                throw .notFound(
                    "there is no folder protocol/conformance here or above",
                    hint: "run this in a Tasker checkout, or say where one is: --protocol DIR/protocol")
            }
            directory = (directory as NSString).deletingLastPathComponent
        }
        return directory + "/protocol"
    }

    private static func isThere(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/conformance/handlers.json")
    }

    init(folder: String) throws(CommandError) {
        self.folder = folder
        let contract = try Self.json(folder + "/conformance/handlers.json")
        base = contract["base"] ?? [:]
        cases = [:]
        for handler in contract["handlers"]?.arrayValue ?? [] {
            guard let name = handler["callable"]?.stringValue else { continue }
            cases[name] = handler["cases"]?.arrayValue ?? []
        }
        scenarios = []
        for path in Self.files(folder + "/conformance/scenarios", ending: ".json") {
            let document = try Self.json(path)
            for one in document["scenarios"]?.arrayValue ?? [] { scenarios.append(Self.scenario(one)) }
        }
        judge = ConformanceJudge(schemas: try Self.schemas(folder + "/schemas"))
    }

    private static func scenario(_ one: JSONValue) -> Scenario {
        Scenario(
            name: one["name"]?.stringValue ?? "", rule: one["rule"]?.stringValue ?? "",
            description: one["description"]?.stringValue ?? "",
            transports: (one["transports"]?.arrayValue ?? []).compactMap(\.stringValue),
            queueType: one["queue_type"]?.stringValue ?? "quorum",
            settings: (one["settings"]?.objectValue ?? [:]).compactMapValues(\.stringValue),
            operations: one["operations"]?.arrayValue ?? [])
    }

    /// Why scenarios do not apply to a language, by their names.
    func exclusions(language: String?, transport: String) throws(CommandError) -> [String: String] {
        guard let language else { return [:] }
        var reasons: [String: String] = [:]
        for entry in try Self.json(folder + "/conformance/exclusions.json").arrayValue ?? []
        where entry["language"]?.stringValue == language
            && (entry["transports"]?.arrayValue ?? []).contains(.string(transport))
        {
            if let name = entry["scenario"]?.stringValue { reasons[name] = entry["reason"]?.stringValue ?? "" }
        }
        return reasons
    }

    // MARK: - Schemas

    /// References lead from file to file; one schema that holds them all can be compiled.
    private static func schemas(_ folder: String) throws(CommandError) -> [String: JSONSchema] {
        var all: [String: JSONValue] = [:]
        for (prefix, path) in [("", folder), ("sent.", folder + "/sent")] {
            for file in files(path, ending: ".schema.json") {
                let name = (file as NSString).lastPathComponent.dropLast(".schema.json".count)
                all[prefix + name] = local(try json(file), in: prefix, of: prefix + name)
            }
        }
        var schemas: [String: JSONSchema] = [:]
        for name in all.keys where name.hasPrefix("sent.") {
            let whole: JSONValue = ["$defs": .object(all), "$ref": .string("#/$defs/\(name)")]
            do throws(SchemaError) {
                schemas[String(name.dropFirst("sent.".count))] = try JSONSchema(compiling: whole)
            } catch {
                throw .failed("the schema of \(name) cannot be used: \(error)")
            }
        }
        return schemas
    }

    private static func local(_ value: JSONValue, in prefix: String, of name: String) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map { local($0, in: prefix, of: name) })
        case .object(var members):
            members["$id"] = nil
            members["$schema"] = nil
            for (key, inner) in members {
                if key == "$ref", let reference = inner.stringValue {
                    members[key] = .string(target(reference, in: prefix, of: name))
                } else if key == "pattern", let pattern = inner.stringValue {
                    // The end of the text as every dialect has it; here `$` is just that.
                    members[key] = .string(pattern.replacing("(?![\\s\\S])", with: "$"))
                } else {
                    members[key] = local(inner, in: prefix, of: name)
                }
            }
            return .object(members)
        default: return value
        }
    }

    private static func target(_ reference: String, in prefix: String, of name: String) -> String {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let fragment = parts.count > 1 ? String(parts[1]) : ""
        if parts[0].isEmpty { return "#/$defs/\(name)\(fragment)" }
        let isAbove = parts[0].hasPrefix("../")
        let file = parts[0].dropFirst(isAbove ? 3 : 0).replacing(".schema.json", with: "")
        return "#/$defs/\(isAbove ? "" : prefix)\(file)\(fragment)"
    }

    // MARK: - Reading

    private static func files(_ folder: String, ending: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(ending) }.sorted().map { folder + "/" + $0 }
    }

    private static func json(_ path: String) throws(CommandError) -> JSONValue {
        guard let data = FileManager.default.contents(atPath: path) else { throw .notFound("cannot read \(path)") }
        do { return try JSONText.parse(Array(data)) } catch { throw .failed("\(path) is no JSON: \(error)") }
    }
}
