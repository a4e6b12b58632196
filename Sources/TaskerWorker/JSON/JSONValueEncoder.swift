/// Encodes `Encodable` types into ``RawJSON``.
public struct RawJSONEncoder: Sendable {
    public init() {}

    /// - Throws: `EncodingError` for what JSON cannot say: NaN, infinities, integers outside -2^63 ..< 2^63.
    public func encode<T: Encodable>(_ value: T) throws -> RawJSON {
        if let raw = value as? RawJSON { return raw }
        let tree = try box(value, path: []).value
        return RawJSON(tree)
    }
}

/// A place in the output that is filled once. Containers of one value may be used in any order and outlive each other,
/// so they share references.
private final class Node {
    var value: JSONValue {
        switch content {
        case .nothing: [:]
        case .leaf(let value): value
        case .members(let members): .object(members.mapValues(\.value))
        case .items(let items): .array(items.map(\.value))
        }
    }
    var content: Content = .nothing

    enum Content {
        case nothing
        case leaf(JSONValue)
        case members([String: Node])
        case items([Node])
    }

    func member(_ name: String) -> Node {
        let node = Node()
        guard case .members(var members) = content else { return node }
        content = .nothing
        members[name] = node
        content = .members(members)
        return node
    }

    func item() -> Node {
        let node = Node()
        guard case .items(var items) = content else { return node }
        content = .nothing
        items.append(node)
        content = .items(items)
        return node
    }

    var itemCount: Int {
        if case .items(let items) = content { items.count } else { 0 }
    }
}

private func box<T: Encodable>(_ value: T, path: [any CodingKey]) throws -> Node {
    let node = Node()
    try fill(node, with: value, path: path)
    return node
}

private func fill<T: Encodable>(_ node: Node, with value: T, path: [any CodingKey]) throws {
    func refuse(_ why: String) -> EncodingError {
        EncodingError.invalidValue(value, .init(codingPath: path, debugDescription: why))
    }
    switch value {
    case let tree as JSONValue:
        guard tree.isFinite else { throw refuse("JSON has no word for NaN and infinity") }
        node.content = .leaf(tree)
    case let raw as RawJSON: node.content = .leaf(raw.value)
    case let text as String: node.content = .leaf(.string(text))
    case let flag as Bool: node.content = .leaf(.bool(flag))
    case let number as Double:
        guard number.isFinite else { throw refuse("JSON has no word for \(number)") }
        node.content = .leaf(.double(number))
    case let number as Float:
        guard number.isFinite else { throw refuse("JSON has no word for \(number)") }
        // The shortest text of the Float, so that 0.1 stays 0.1.
        node.content = .leaf(.double(Double("\(number)") ?? Double(number)))
    case let number as any FixedWidthInteger & Encodable:
        guard let exact = Int64(exactly: number) else { throw refuse("\(number) does not fit a 64-bit signed integer") }
        node.content = .leaf(.integer(exact))
    default:
        try value.encode(to: NodeEncoder(node: node, codingPath: path))
    }
}

private struct NodeEncoder: Encoder {
    let node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .members = node.content {} else { node.content = .members([:]) }
        return KeyedEncodingContainer(MemberEncoder<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .items = node.content {} else { node.content = .items([]) }
        return ItemEncoder(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension NodeEncoder: SingleValueEncodingContainer {
    func encodeNil() throws { node.content = .leaf(.null) }
    func encode<T: Encodable>(_ value: T) throws { try fill(node, with: value, path: codingPath) }
}

private struct MemberEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    func encodeNil(forKey key: Key) throws { node.member(key.stringValue).content = .leaf(.null) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try fill(node.member(key.stringValue), with: value, path: codingPath + [key])
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > {
        NodeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key]).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        NodeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key]).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        NodeEncoder(node: node.member("super"), codingPath: codingPath + [JSONPathKey.name("super")])
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        NodeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key])
    }
}

private struct ItemEncoder: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { node.itemCount }

    private var itemPath: [any CodingKey] { codingPath + [JSONPathKey.index(count)] }

    func encodeNil() throws { node.item().content = .leaf(.null) }

    func encode<T: Encodable>(_ value: T) throws {
        let path = itemPath
        try fill(node.item(), with: value, path: path)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        let path = itemPath
        return NodeEncoder(node: node.item(), codingPath: path).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        let path = itemPath
        return NodeEncoder(node: node.item(), codingPath: path).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        let path = itemPath
        return NodeEncoder(node: node.item(), codingPath: path)
    }
}
