import TaskerProtocol

/// One compiled schema. Other schemas are named by their number.
struct SchemaNode: Sendable {
    struct Types: OptionSet, Sendable {
        let rawValue: UInt8
        static let null = Types(rawValue: 1)
        static let boolean = Types(rawValue: 2)
        static let integer = Types(rawValue: 4)
        static let number = Types(rawValue: 8)
        static let string = Types(rawValue: 16)
        static let array = Types(rawValue: 32)
        static let object = Types(rawValue: 64)

        static let names: [(name: String, type: Types)] = [
            ("null", .null), ("boolean", .boolean), ("integer", .integer), ("number", .number), ("string", .string),
            ("array", .array), ("object", .object),
        ]

        var text: String { Self.names.filter { contains($0.type) }.map(\.name).joined(separator: " or ") }
    }

    /// A named schema that an instance member asks for.
    struct Pattern: Sendable {
        var source: String
        var pattern: SchemaPattern
        var schema: Int
    }

    struct DependentNames: Sendable {
        var member: String
        var names: [String]
    }

    struct Named: Sendable {
        var member: String
        var schema: Int
    }

    /// The `$id`-rooted part of the document it belongs to.
    var resource = 0
    /// A boolean schema.
    var constant: Bool?

    var types: Types?
    /// Canonical texts, and a short form of them for messages.
    var enumeration: (values: Set<[UInt8]>, shown: String)?
    var const: (value: [UInt8], shown: String)?

    var multipleOf: JSONValue?
    var maximum: JSONValue?
    var exclusiveMaximum: JSONValue?
    var minimum: JSONValue?
    var exclusiveMinimum: JSONValue?

    var maxLength: Int?
    var minLength: Int?
    var pattern: (source: String, pattern: SchemaPattern)?

    var maxItems: Int?
    var minItems: Int?
    var uniqueItems = false
    var prefixItems: [Int] = []
    var items: Int?
    var contains: Int?
    var maxContains: Int?
    var minContains: Int?
    var unevaluatedItems: Int?

    var maxProperties: Int?
    var minProperties: Int?
    var required: [String] = []
    var dependentRequired: [DependentNames] = []
    var properties: [String: Int] = [:]
    var patternProperties: [Pattern] = []
    var additionalProperties: Int?
    var propertyNames: Int?
    var dependentSchemas: [Named] = []
    var unevaluatedProperties: Int?

    var allOf: [Int] = []
    var anyOf: [Int] = []
    var oneOf: [Int] = []
    var not: Int?
    var condition: Int?
    var then: Int?
    var otherwise: Int?

    var reference: Int?
    var dynamicReference: (target: Int, anchor: String?)?

    var needsAnnotations: Bool { unevaluatedItems != nil || unevaluatedProperties != nil }
}

/// `$anchor` or `$dynamicAnchor` of a resource.
struct SchemaAnchor: Hashable, Sendable {
    var resource: Int
    var name: String
}
