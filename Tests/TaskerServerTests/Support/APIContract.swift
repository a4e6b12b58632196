import Foundation
import HTTPTypes
import TaskerProtocol
import TaskerTemplates

/// `protocol/openapi.yaml` as a test looks at it.
struct APIContract: Sendable {
    struct Operation: Sendable {
        var method: String
        var path: String
        var content: JSONValue
    }

    let text: String
    let document: JSONValue
    let operations: [Operation]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let bytes = try Data(contentsOf: root.appending(path: "protocol/openapi.yaml"))
        text = String(decoding: bytes, as: UTF8.self)
        guard let document = YAMLDocument.value(of: Array(bytes)) else { throw DidNotHappen(what: "it is YAML") }
        self.document = document
        operations = (document["paths"]?.objectValue ?? [:]).flatMap { path, methods in
            (methods.objectValue ?? [:]).map { Operation(method: $0.key.uppercased(), path: path, content: $0.value) }
        }
    }

    func operation(_ method: String, _ path: String) -> Operation? {
        let parts = path.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
        return operations.first { operation in
            let pattern = operation.path.split(separator: "/", omittingEmptySubsequences: false)
            return operation.method == method && pattern.count == parts.count
                && zip(pattern, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
    }

    /// Names of parameters at a place, references followed.
    func parameters(_ operation: Operation, in place: String) -> Set<String> {
        Set(
            (operation.content["parameters"]?.arrayValue ?? []).map(resolve)
                .filter { $0["in"]?.stringValue == place }.compactMap { $0["name"]?.stringValue })
    }

    /// What is wrong with an answer, nil when it keeps the contract.
    func fault(of answer: Answer, to operation: Operation) throws -> String? {
        let responses = operation.content["responses"]
        guard let found = responses?["\(answer.status.code)"] ?? responses?["default"] else {
            return "status \(answer.status.code) is not in the contract"
        }
        let response = resolve(found)
        let type = (answer.header("Content-Type") ?? "").prefix { $0 != ";" }
        guard let media = response["content"]?[String(type)] else {
            return "\(type) is no type of the contract for \(answer.status.code)"
        }
        guard type.hasSuffix("json"), let schema = media["schema"] else { return nil }
        let violations = try JSONSchema(compiling: inlined(schema)).validate(answer.json)
        return violations.first.map { "\($0.pointer): \($0.message)" }
    }

    private func resolve(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.stringValue else { return value }
        return reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    /// Without references: the document has no circles.
    private func inlined(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members) where members["$ref"] != nil: inlined(resolve(value))
        case .object(let members): .object(members.mapValues(inlined))
        case .array(let items): .array(items.map(inlined))
        default: value
        }
    }
}
