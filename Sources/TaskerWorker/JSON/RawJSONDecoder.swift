/// Decodes `Decodable` types straight from ``RawJSON``: only what the type asks for is read, no tree in between, 64-bit
/// integers stay exact. Names are matched as they are (snake_case on the wire; use `CodingKeys` for others).
public struct RawJSONDecoder: Sendable {
    public init() {}

    /// - Throws: `DecodingError` with the path of what does not fit.
    public func decode<T: Decodable>(_ type: T.Type, from value: RawJSON) throws -> T {
        try unbox(value, as: type, path: [])
    }
}

/// A name or a place on the way to a value.
enum JSONPathKey: CodingKey {
    case name(String)
    case index(Int)

    init(stringValue: String) { self = .name(stringValue) }
    init(intValue: Int) { self = .index(intValue) }

    var stringValue: String {
        switch self {
        case .name(let name): name
        case .index(let index): String(index)
        }
    }
    var intValue: Int? {
        if case .index(let index) = self { index } else { nil }
    }
}

/// Raw and tree values pass through untouched; everything else decodes itself.
private func unbox<T: Decodable>(_ value: RawJSON, as type: T.Type, path: [any CodingKey]) throws -> T {
    if let raw = value as? T { return raw }
    if T.self == JSONValue.self, let tree = value.value as? T { return tree }
    return try T(from: ValueDecoder(value: value, codingPath: path))
}

private func mismatch(_ type: Any.Type, _ value: RawJSON, _ path: [any CodingKey]) -> DecodingError {
    let context = DecodingError.Context(codingPath: path, debugDescription: "expected \(type), found \(value.kindName)")
    return value.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
}

extension RawJSON {
    /// What it is, in a word for messages.
    var kindName: String {
        if isNull { return "null" }
        if isObject { return "an object" }
        if isArray { return "an array" }
        if isString { return "a string" }
        return bool == nil ? "the number \(text.prefix(40))" : "a boolean"
    }
}

private struct ValueDecoder: Decoder {
    let value: RawJSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try MemberContainer<Key>(value, path: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try ItemContainer(value, path: codingPath) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value.isNull }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let flag = value.bool else { throw mismatch(type, value, codingPath) }
        return flag
    }

    func decode(_ type: String.Type) throws -> String {
        guard let text = value.string else { throw mismatch(type, value, codingPath) }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let number = value.double else { throw mismatch(type, value, codingPath) }
        return number
    }

    func decode(_ type: Float.Type) throws -> Float {
        guard let number = value.double else { throw mismatch(type, value, codingPath) }
        return Float(number)
    }

    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try unbox(value, as: type, path: codingPath) }

    private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        guard let number = value.integer, let exact = T(exactly: number) else {
            throw mismatch(type, value, codingPath)
        }
        return exact
    }
}

private struct MemberContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let members: [String: RawJSON]
    let codingPath: [any CodingKey]

    init(_ object: RawJSON, path: [any CodingKey]) throws {
        guard object.isObject else { throw mismatch([String: Any].self, object, path) }
        var members: [String: RawJSON] = [:]
        object.forEachMember { name, value in if members[name] == nil { members[name] = value } }
        self.members = members
        codingPath = path
    }

    var allKeys: [Key] { members.keys.sorted().compactMap { Key(stringValue: $0) } }
    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

    private func decoder(_ key: Key) throws -> ValueDecoder {
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "\"\(key.stringValue)\" is missing"))
        }
        return ValueDecoder(value: value, codingPath: codingPath + [key])
    }

    func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).decodeNil() }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).decode(type) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    { try decoder(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        ValueDecoder(value: members["super"] ?? .null, codingPath: codingPath + [JSONPathKey.name("super")])
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        ValueDecoder(value: members[key.stringValue] ?? .null, codingPath: codingPath + [key])
    }
}

private struct ItemContainer: UnkeyedDecodingContainer {
    private let items: [RawJSON]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(_ array: RawJSON, path: [any CodingKey]) throws {
        guard let items = array.items else { throw mismatch([Any].self, array, path) }
        self.items = items
        codingPath = path
    }

    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex >= items.count }

    private func decoder() throws -> ValueDecoder {
        let path = codingPath + [JSONPathKey.index(currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Any.self, .init(codingPath: path, debugDescription: "the array has only \(items.count) items"))
        }
        return ValueDecoder(value: items[currentIndex], codingPath: path)
    }

    mutating func decodeNil() throws -> Bool {
        guard try decoder().decodeNil() else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let value = try decoder().decode(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested>
    {
        let container = try decoder().container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try decoder().unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let result = try decoder()
        currentIndex += 1
        return result
    }
}
