import TaskerProtocol

/// Reads the keywords of one schema map into its node.
struct SchemaKeywordReader {
    let compiler: SchemaCompiler
    let members: [String: JSONValue]
    let tokens: [String]
    let index: Int
    var node: SchemaNode

    mutating func read() {
        readCore()
        readTypes()
        readNumbers()
        readStrings()
        readArrays()
        readObjects()
        readApplicators()
    }

    // MARK: - Vocabularies

    private mutating func readCore() {
        for keyword in ["$anchor", "$dynamicAnchor"] {
            guard let name = string(keyword) else { continue }
            compiler.addAnchor(name, node.resource, index, isDynamic: keyword == "$dynamicAnchor", tokens + [keyword])
        }
        for keyword in ["$ref", "$dynamicRef"] {
            guard let reference = string(keyword) else { continue }
            compiler.addReference(index, keyword, reference, tokens + [keyword])
        }
        for keyword in ["$defs", "definitions"] { _ = schemas(keyword) }
    }

    private mutating func readTypes() {
        if let value = members["type"] {
            var types: SchemaNode.Types = []
            let names = value.arrayValue ?? [value]
            for name in names {
                guard let found = SchemaNode.Types.names.first(where: { .string($0.name) == name }) else {
                    fault(
                        "type", "\(shown(name)) is no type",
                        hint: "types are null, boolean, integer, number, string, array, object")
                    continue
                }
                types.insert(found.type)
            }
            if names.isEmpty { fault("type", "'type' names no type") }
            node.types = types
        }
        if let value = members["enum"] {
            if let items = value.arrayValue {
                let list = items.prefix(10).map(shown).joined(separator: ", ") + (items.count > 10 ? ", ..." : "")
                node.enumeration = (Set(items.map(SchemaComparison.identity)), list)
            } else {
                fault("enum", "'enum' must be a list")
            }
        }
        if let value = members["const"] { node.const = (SchemaComparison.identity(value), shown(value)) }
    }

    private mutating func readNumbers() {
        node.maximum = number("maximum")
        node.exclusiveMaximum = number("exclusiveMaximum")
        node.minimum = number("minimum")
        node.exclusiveMinimum = number("exclusiveMinimum")
        node.multipleOf = number("multipleOf")
        if let divisor = node.multipleOf?.doubleValue, divisor <= 0 {
            fault("multipleOf", "'multipleOf' must be more than 0")
            node.multipleOf = nil
        }
    }

    private mutating func readStrings() {
        node.maxLength = count("maxLength")
        node.minLength = count("minLength")
        if let source = string("pattern"), let pattern = pattern(source, tokens + ["pattern"]) {
            node.pattern = (source, pattern)
        }
    }

    private mutating func readArrays() {
        node.maxItems = count("maxItems")
        node.minItems = count("minItems")
        node.uniqueItems = bool("uniqueItems") ?? false
        node.prefixItems = list("prefixItems")
        if members["items"]?.arrayValue != nil {
            fault("items", "'items' must be a schema, not a list", hint: "write 'prefixItems' for a list of schemas")
        } else {
            node.items = schema("items")
        }
        node.contains = schema("contains")
        node.maxContains = count("maxContains")
        node.minContains = count("minContains")
        node.unevaluatedItems = schema("unevaluatedItems")
    }

    private mutating func readObjects() {
        node.maxProperties = count("maxProperties")
        node.minProperties = count("minProperties")
        node.required = names(members["required"], tokens + ["required"]) ?? []
        if let value = members["dependentRequired"] {
            if let members = value.objectValue {
                for member in members.keys.sorted() {
                    let names = names(members[member], tokens + ["dependentRequired", member]) ?? []
                    node.dependentRequired.append(SchemaNode.DependentNames(member: member, names: names))
                }
            } else {
                fault("dependentRequired", "'dependentRequired' must be a map")
            }
        }
        node.properties = schemas("properties")
        for (source, schema) in schemas("patternProperties").sorted(by: { $0.key < $1.key }) {
            guard let pattern = pattern(source, tokens + ["patternProperties", source]) else { continue }
            node.patternProperties.append(SchemaNode.Pattern(source: source, pattern: pattern, schema: schema))
        }
        node.additionalProperties = schema("additionalProperties")
        node.propertyNames = schema("propertyNames")
        node.dependentSchemas = schemas("dependentSchemas").sorted { $0.key < $1.key }
            .map { SchemaNode.Named(member: $0.key, schema: $0.value) }
        node.unevaluatedProperties = schema("unevaluatedProperties")
    }

    private mutating func readApplicators() {
        node.allOf = list("allOf")
        node.anyOf = list("anyOf")
        node.oneOf = list("oneOf")
        node.not = schema("not")
        node.condition = schema("if")
        node.then = schema("then")
        node.otherwise = schema("else")
    }

    // MARK: - Values

    private mutating func fault(_ keyword: String, _ message: String, hint: String? = nil) {
        compiler.fault(tokens + [keyword], message, hint: hint)
    }

    private mutating func string(_ keyword: String) -> String? {
        guard let value = members[keyword] else { return nil }
        if let text = value.stringValue { return text }
        fault(keyword, "'\(keyword)' must be a string")
        return nil
    }

    private mutating func bool(_ keyword: String) -> Bool? {
        guard let value = members[keyword] else { return nil }
        if let flag = value.boolValue { return flag }
        fault(keyword, "'\(keyword)' must be true or false")
        return nil
    }

    private mutating func number(_ keyword: String) -> JSONValue? {
        guard let value = members[keyword] else { return nil }
        if value.doubleValue != nil { return value }
        fault(keyword, "'\(keyword)' must be a number")
        return nil
    }

    private mutating func count(_ keyword: String) -> Int? {
        guard let value = members[keyword] else { return nil }
        if let number = value.integerValue, number >= 0 { return Int(number) }
        fault(keyword, "'\(keyword)' must be an integer from 0")
        return nil
    }

    private mutating func names(_ value: JSONValue?, _ tokens: [String]) -> [String]? {
        guard let value else { return nil }
        let names = value.arrayValue?.compactMap(\.stringValue)
        if let names, names.count == value.arrayValue?.count { return names }
        compiler.fault(tokens, "\(quoted(tokens.last ?? "")) must be a list of names")
        return nil
    }

    private mutating func schema(_ keyword: String) -> Int? {
        guard let value = members[keyword] else { return nil }
        return compiler.compile(value, tokens + [keyword], resource: node.resource)
    }

    private mutating func list(_ keyword: String) -> [Int] {
        guard let value = members[keyword] else { return [] }
        guard let items = value.arrayValue, !items.isEmpty else {
            fault(keyword, "'\(keyword)' must be a list of at least one schema")
            return []
        }
        var schemas: [Int] = []
        for (place, item) in items.enumerated() {
            schemas.append(compiler.compile(item, tokens + [keyword, String(place)], resource: node.resource))
        }
        return schemas
    }

    private mutating func schemas(_ keyword: String) -> [String: Int] {
        guard let value = members[keyword] else { return [:] }
        guard let members = value.objectValue else {
            fault(keyword, "'\(keyword)' must be a map of schemas")
            return [:]
        }
        var schemas: [String: Int] = [:]
        for name in members.keys.sorted() {
            schemas[name] = compiler.compile(members[name] ?? .null, tokens + [keyword, name], resource: node.resource)
        }
        return schemas
    }

    private mutating func pattern(_ source: String, _ tokens: [String]) -> SchemaPattern? {
        do throws(SchemaPattern.Fault) {
            return try SchemaPattern(source)
        } catch {
            compiler.fault(tokens, "the pattern \(quoted(source)) does not compile: \(error.message)")
            return nil
        }
    }

    private func shown(_ value: JSONValue) -> String { SchemaComparison.shown(value) }
}
