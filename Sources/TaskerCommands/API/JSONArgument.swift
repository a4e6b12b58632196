import Foundation
import TaskerProtocol

/// JSON given on the command line: itself, `@file`, or `-` for standard input.
enum JSONArgument {
    /// - Throws: usage for what is no JSON, not found for the file.
    static func read(_ text: String, for flag: String, host: Host) throws -> JSONValue {
        let bytes: [UInt8]
        if text == "-" {
            bytes = try host.readInput()
        } else if text.hasPrefix("@") {
            guard let data = FileManager.default.contents(atPath: host.resolve(String(text.dropFirst()))) else {
                throw CommandError.notFound("there is no file '\(text.dropFirst())'")
            }
            bytes = Array(data)
        } else {
            bytes = Array(text.utf8)
        }
        do { return try JSONText.parse(bytes) } catch {
            throw CommandError.usage(
                "the value of \(flag) is no JSON: \(error)",
                hint: "write JSON in quotes, @FILE, or - for standard input")
        }
    }

    static func object(_ text: String, for flag: String, host: Host) throws -> JSONValue {
        let value = try read(text, for: flag, host: host)
        guard case .object = value else { throw CommandError.usage("the value of \(flag) is no JSON object") }
        return value
    }

    /// `a.b=3` into an object: the value is JSON where it reads as such, else a string.
    static func set(_ assignment: String, in value: JSONValue) throws(CommandError) -> JSONValue {
        guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
            throw .usage("'\(assignment)' is no assignment", hint: "write --set key=value; dots lead into objects")
        }
        let text = String(assignment[assignment.index(after: equals)...])
        let new = (try? JSONText.parse(text)) ?? .string(text)
        let path = assignment[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.contains("") else { throw .usage("'\(assignment)' has an empty part before the '='") }
        return set(path[...], new, in: value)
    }

    private static func set(_ path: ArraySlice<String>, _ new: JSONValue, in value: JSONValue?) -> JSONValue {
        guard let first = path.first else { return new }
        var members = value?.objectValue ?? [:]
        members[first] = set(path.dropFirst(), new, in: members[first])
        return .object(members)
    }
}
