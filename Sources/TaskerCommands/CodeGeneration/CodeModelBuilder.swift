import TaskerProtocol
import TaskerTemplates

/// Reads the schemas of a template into types.
struct CodeModelBuilder {
    private var result = CodeModel()
    private var names: Set<String> = []
    /// Definitions under way or done, by schema and pointer.
    private var definitions: [String: CodeModel.TypeRef] = [:]
    private var root: JSONValue = .null
    private var rootName = ""

    static func build(_ template: TaskTemplate, steps: [StepTemplate]) -> CodeModel {
        var builder = CodeModelBuilder()
        let namespace = NameWords(template.namespace).pascal
        if let schema = template.inputSchema {
            let name = namespace + NameWords(template.name).pascal + "Input"
            builder.result.input = builder.declareRoot(schema, name)
        }
        for step in steps {
            guard let schema = step.resultSchema else { continue }
            let name = namespace + NameWords(step.name).pascal + "Result"
            builder.result.results[step.name] = builder.declareRoot(schema, name)
        }
        return builder.result
    }

    private mutating func declareRoot(_ schema: JSONValue, _ wanted: String) -> String {
        root = schema
        rootName = wanted
        definitions = [:]
        let type = self.type(schema, wanted, depth: 0)
        switch type {
        case .model(let name), .enumeration(let name): return name
        default:
            let name = unique(wanted)
            result.declarations.append(.alias(name, type))
            return name
        }
    }

    private mutating func type(_ given: JSONValue, _ name: String, depth: Int) -> CodeModel.TypeRef {
        guard depth < 32 else { return .any }
        if let reference = given["$ref"]?.stringValue { return referenced(reference, depth: depth) }
        let schema = merged(given)
        if let values = schema["enum"]?.arrayValue {
            let strings = values.compactMap(\.stringValue)
            let others = values.filter { $0.stringValue == nil && !$0.isNull }
            if !strings.isEmpty, others.isEmpty { return enumeration(strings, name) }
        }
        if let constant = schema["const"]?.stringValue { return enumeration([constant], name) }
        switch kind(schema) {
        case "string": return .string
        case "integer": return .integer
        case "number": return .number
        case "boolean": return .boolean
        case "array":
            guard let items = schema["items"], items != true else { return .list(.any) }
            return .list(type(items, singular(name), depth: depth + 1))
        case "object": return object(schema, name, depth: depth)
        default: return .any
        }
    }

    /// The one type that is not null; nil when there are several or none.
    private func kind(_ schema: JSONValue) -> String? {
        switch schema["type"] {
        case .string(let type)?: return type
        case .array(let types)?:
            let names = types.compactMap(\.stringValue).filter { $0 != "null" }
            return names.count == 1 ? names[0] : nil
        default: return schema["properties"] != nil ? "object" : schema["items"] != nil ? "array" : nil
        }
    }

    private func allowsNull(_ schema: JSONValue) -> Bool {
        schema["type"]?.arrayValue?.contains("null") == true || schema["enum"]?.arrayValue?.contains(.null) == true
    }

    private mutating func object(_ schema: JSONValue, _ name: String, depth: Int) -> CodeModel.TypeRef {
        let properties = schema["properties"]?.objectValue ?? [:]
        guard !properties.isEmpty else {
            guard let others = schema["additionalProperties"], case .object = others else { return .map(.any) }
            return .map(type(others, name + "Value", depth: depth + 1))
        }
        let own = unique(name)
        if depth == 0 { definitions["#"] = .model(own) }
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        var fields: [CodeModel.Field] = []
        // Required ones first, as most languages want them; by name, so that the output never changes by itself.
        for key in properties.keys.sorted(by: {
            (!required.contains($0) ? 1 : 0, $0) < (!required.contains($1) ? 1 : 0, $1)
        }) {
            let property = properties[key] ?? true
            let type = self.type(property, name + NameWords(key).pascal, depth: depth + 1)
            fields.append(
                CodeModel.Field(
                    jsonName: key, type: type, isRequired: required.contains(key) && !allowsNull(property),
                    description: property["description"]?.stringValue.map(TextTable.clean)))
        }
        fields.sort { ($0.isRequired ? 0 : 1, $0.jsonName) < ($1.isRequired ? 0 : 1, $1.jsonName) }
        result.declarations.append(
            .model(
                CodeModel.Model(
                    name: own, description: schema["description"]?.stringValue.map(TextTable.clean), fields: fields)))
        return .model(own)
    }

    private mutating func enumeration(_ values: [String], _ name: String) -> CodeModel.TypeRef {
        let own = unique(name)
        result.declarations.append(.enumeration(CodeModel.Enumeration(name: own, values: values.uniqued)))
        return .enumeration(own)
    }

    private mutating func referenced(_ pointer: String, depth: Int) -> CodeModel.TypeRef {
        if let known = definitions[pointer] {
            // A value inside itself: no language but through a pointer of its own.
            if case .model(let name) = known, result.model(name) == nil {
                result.warnings.append("\(rootName): '\(pointer)' contains itself; that place takes any value")
                return .any
            }
            return known
        }
        guard pointer.hasPrefix("#/") else { return .any }
        var schema = root
        var last = ""
        for token in pointer.dropFirst(2).split(separator: "/") {
            last = String(token.replacing("~1", with: "/").replacing("~0", with: "~"))
            guard let next = schema[last] ?? Int(last).flatMap({ schema[$0] }) else { return .any }
            schema = next
        }
        let name = rootName + NameWords(last).pascal
        definitions[pointer] = .model("")
        let type = self.type(schema, name, depth: depth + 1)
        definitions[pointer] = type
        return type
    }

    /// `allOf` joined into one; a single `anyOf`/`oneOf` branch beside null is that branch.
    private func merged(_ schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema else { return schema }
        for key in ["anyOf", "oneOf"] {
            let branches = (members[key]?.arrayValue ?? []).filter { $0["type"] != "null" }
            if branches.count == 1, case .object(let branch) = branches[0] { members.merge(branch) { own, _ in own } }
        }
        for part in members["allOf"]?.arrayValue ?? [] {
            guard case .object(let inner) = part else { continue }
            for (key, value) in inner {
                switch (members[key], value) {
                case (.object(let own)?, .object(let other)) where key == "properties":
                    members[key] = .object(own.merging(other) { own, _ in own })
                case (.array(let own)?, .array(let other)) where key == "required": members[key] = .array(own + other)
                case (nil, _): members[key] = value
                default: break
                }
            }
        }
        return .object(members)
    }

    private func singular(_ name: String) -> String {
        name.hasSuffix("s") && !name.hasSuffix("ss") && name.count > 2 ? String(name.dropLast()) : name + "Item"
    }

    private mutating func unique(_ wanted: String) -> String {
        // Pascal case of foreign names may start with a digit.
        let base = wanted.first?.isLetter == true ? wanted : "Type" + wanted
        var name = base
        var number = 2
        while !names.insert(name).inserted {
            name = base + String(number)
            number += 1
        }
        return name
    }
}
