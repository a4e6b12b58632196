import TaskerProtocol

/// Compiles a schema document, collecting every fault. References are followed after all schemas are known, so that they
/// may lead anywhere in the document. Local to one compilation, never shared.
final class SchemaCompiler {
    private let document: JSONValue
    private(set) var nodes: [SchemaNode] = []
    private(set) var dynamicAnchors: [SchemaAnchor: Int] = [:]
    private var faults: [SchemaError] = []
    private var anchors: [SchemaAnchor: Int] = [:]
    private var byPointer: [String: Int] = [:]
    /// Where each resource starts.
    private var resources: [[String]] = [[]]
    private var pendingReferences: [(node: Int, keyword: String, reference: String, tokens: [String])] = []

    private static let depthLimit = 128
    private static let pointerLimit = 1000

    init(_ document: JSONValue) { self.document = document }

    var sortedFaults: [SchemaError] {
        faults.sorted { ($0.pointer, $0.message) < ($1.pointer, $1.message) }
    }

    /// - Returns: the root's number.
    func compileAll() -> Int {
        switch document {
        case .bool, .object: break
        default:
            faults.append(
                SchemaError(
                    .notObject, at: [], "a schema is a map or a boolean, not a value of type \(document.typeName)"))
            return 0
        }
        let root = compile(document, [], resource: 0)
        while let pending = pendingReferences.popLast() { resolve(pending) }
        return root
    }

    // MARK: - Schemas

    func compile(_ schema: JSONValue, _ tokens: [String], resource: Int) -> Int {
        // Every place is known by its pointer, so very long ones would cost memory out of proportion to the schema.
        guard tokens.count <= Self.depthLimit, tokens.reduce(0, { $0 + $1.utf8.count }) <= Self.pointerLimit else {
            fault(Array(tokens.prefix(4)), "the schema is nested too deep, or has names too long below here")
            return 0
        }
        let pointer = JSONPointer.text(tokens)
        if let known = byPointer[pointer] { return known }
        let index = nodes.count
        nodes.append(SchemaNode())
        byPointer[pointer] = index
        var node = SchemaNode()
        node.resource = resource
        switch schema {
        case .bool(let constant): node.constant = constant
        case .object(let members):
            if case .string(let id)? = members["$id"], !tokens.isEmpty, !id.hasPrefix("#") {
                node.resource = resources.count
                resources.append(tokens)
            }
            var reader = SchemaKeywordReader(compiler: self, members: members, tokens: tokens, index: index, node: node)
            reader.read()
            node = reader.node
        default: fault(tokens, "a schema is a map or a boolean, not a value of type \(schema.typeName)")
        }
        nodes[index] = node
        return index
    }

    func fault(
        _ tokens: [String], _ message: String, kind: SchemaError.Kind = .invalid, hint: String? = nil
    ) {
        // A schema may repeat a fault thousands of times; the first hundred say enough.
        if faults.count < 100 { faults.append(SchemaError(kind, at: tokens, message, hint: hint)) }
    }

    func addAnchor(_ name: String, _ resource: Int, _ index: Int, isDynamic: Bool, _ tokens: [String]) {
        let anchor = SchemaAnchor(resource: resource, name: name)
        if let other = anchors[anchor], other != index {
            fault(tokens, "the anchor \(quoted(name)) is there twice")
            return
        }
        anchors[anchor] = index
        if isDynamic { dynamicAnchors[anchor] = index }
    }

    func addReference(_ node: Int, _ keyword: String, _ reference: String, _ tokens: [String]) {
        guard reference.hasPrefix("#") else {
            fault(
                tokens, "the reference \(quoted(reference)) leads out of the schema", kind: .remoteReference,
                hint: "copy what it names into '$defs' and refer to it as '#/$defs/NAME'; nothing is ever fetched")
            return
        }
        pendingReferences.append((node, keyword, reference, tokens))
    }

    // MARK: - References

    private func resolve(_ pending: (node: Int, keyword: String, reference: String, tokens: [String])) {
        let resource = nodes[pending.node].resource
        guard let fragment = percentDecoded(pending.reference.dropFirst()) else {
            return fault(pending.tokens, "the reference \(quoted(pending.reference)) is malformed")
        }
        let target: Int?
        if fragment.isEmpty || fragment.hasPrefix("/") {
            let tokens = fragment.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
                .map { JSONPointer.unescape($0) }
            target = schema(at: tokens, from: resource)
        } else {
            target = anchors[SchemaAnchor(resource: resource, name: fragment)]
        }
        guard let target else {
            return fault(pending.tokens, "the reference \(quoted(pending.reference)) leads to nothing in the schema")
        }
        if pending.keyword == "$ref" {
            nodes[pending.node].reference = target
        } else {
            let isDynamic = dynamicAnchors[SchemaAnchor(resource: resource, name: fragment)] == target
            nodes[pending.node].dynamicReference = (target, isDynamic ? fragment : nil)
        }
    }

    /// The schema at a pointer from the root of a resource, compiled now if nothing has led there yet.
    private func schema(at path: [String], from resource: Int) -> Int? {
        var tokens: [String] = []
        var value = document
        for token in resources[resource] {
            guard let next = step(into: value, token) else { return nil }
            (value, tokens) = (next.value, tokens + [next.token])
        }
        var resource = resource
        for token in path {
            guard let next = step(into: value, token) else { return nil }
            (value, tokens) = (next.value, tokens + [next.token])
            if let known = byPointer[JSONPointer.text(tokens)] { resource = nodes[known].resource }
        }
        switch value {
        case .bool, .object: return compile(value, tokens, resource: resource)
        default: return nil
        }
    }

    private func step(into value: JSONValue, _ token: String) -> (value: JSONValue, token: String)? {
        switch value {
        case .object(let members):
            if let next = members[token] { return (next, token) }
            // The older word for it.
            let other = token == "$defs" ? "definitions" : token == "definitions" ? "$defs" : nil
            return other.flatMap { other in members[other].map { ($0, other) } }
        case .array(let items):
            guard let index = Int(token), items.indices.contains(index), String(index) == token else { return nil }
            return (items[index], token)
        default: return nil
        }
    }

    private func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
