import TaskerProtocol

/// Evaluates one value against a schema.
///
/// Work is bounded three ways: 64 references deep, 1 000 schemas deep, and a number of steps altogether, since a small
/// schema may ask for an exponential number of them.
struct SchemaEvaluator {
    let schema: JSONSchema
    let options: JSONSchema.Options
    private(set) var violations: [JSONSchema.Violation] = []

    private var steps = 0
    private var depth = 0
    private var references = 0
    private var path: [String] = []
    /// Resources entered, outermost first.
    private var scope: [Int] = []
    /// Inside `anyOf`, `not` and the like a failure is no violation yet.
    private var silence = 0
    private var stopped = false

    static let referenceLimit = 64
    static let depthLimit = 1000

    /// What has been looked at in one object or array, for `unevaluated*`.
    struct Evaluated {
        var members: Set<String> = []
        var allMembers = false
        var itemsBelow = 0
        var items: Set<Int> = []

        mutating func merge(_ other: Evaluated) {
            members.formUnion(other.members)
            allMembers = allMembers || other.allMembers
            itemsBelow = max(itemsBelow, other.itemsBelow)
            items.formUnion(other.items)
        }
    }

    init(schema: JSONSchema, options: JSONSchema.Options) {
        self.schema = schema
        self.options = options
    }

    mutating func run(_ value: JSONValue) -> [JSONSchema.Violation] {
        var evaluated = Evaluated()
        _ = evaluate(schema.root, value, &evaluated)
        return violations
    }

    private var isReporting: Bool { silence == 0 }
    private var isFull: Bool { violations.count >= options.violationLimit }

    /// - Returns: whether the value is valid.
    private mutating func evaluate(_ index: Int, _ value: JSONValue, _ outer: inout Evaluated) -> Bool {
        guard spend(1) else { return false }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { return stop("the schema recurses too deep") }
        let node = schema.nodes[index]
        if let constant = node.constant {
            return constant || violate("false", "no value is allowed here")
        }
        let enters = scope.last != node.resource
        if enters { scope.append(node.resource) }
        defer { if enters { scope.removeLast() } }

        var evaluated = Evaluated()
        var isValid = checkValue(node, value)
        if goesOn(isValid) { isValid = applyInPlace(node, value, &evaluated) && isValid }
        if goesOn(isValid) {
            switch value {
            case .array(let items): isValid = checkArray(node, items, &evaluated) && isValid
            case .object(let members): isValid = checkObject(node, members, &evaluated) && isValid
            default: break
            }
        }
        if isValid { outer.merge(evaluated) }
        return isValid
    }

    /// Goes on after a failure only to report more.
    private func goesOn(_ isValid: Bool) -> Bool { !stopped && (isValid || (isReporting && !isFull)) }

    // MARK: - Values

    private mutating func checkValue(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        var isValid = true
        if let types = node.types, types.isDisjoint(with: Self.types(of: value)) {
            isValid = violate("type", "must be of type \(types.text), not \(value.typeName)")
        }
        if node.enumeration != nil || node.const != nil {
            let identity = SchemaComparison.identity(value)
            guard spend(identity.count / 64) else { return false }
            if let (values, shown) = node.enumeration, !values.contains(identity) {
                isValid = violate("enum", "must be one of \(shown)")
            }
            if let (wanted, shown) = node.const, wanted != identity {
                isValid = violate("const", "must be \(shown)")
            }
        }
        switch value {
        case .integer, .double: return checkNumber(node, value) && isValid
        case .string(let text): return checkString(node, text) && isValid
        default: return isValid
        }
    }

    private mutating func checkNumber(_ node: SchemaNode, _ value: JSONValue) -> Bool {
        var isValid = true
        func shown(_ bound: JSONValue) -> String { SchemaComparison.shown(bound) }
        if let bound = node.maximum, SchemaComparison.isLess(bound, value) == true {
            isValid = violate("maximum", "must be at most \(shown(bound))")
        }
        if let bound = node.exclusiveMaximum, SchemaComparison.isLess(value, bound) != true {
            isValid = violate("exclusiveMaximum", "must be less than \(shown(bound))")
        }
        if let bound = node.minimum, SchemaComparison.isLess(value, bound) == true {
            isValid = violate("minimum", "must be at least \(shown(bound))")
        }
        if let bound = node.exclusiveMinimum, SchemaComparison.isLess(bound, value) != true {
            isValid = violate("exclusiveMinimum", "must be more than \(shown(bound))")
        }
        if let divisor = node.multipleOf, !SchemaComparison.isMultiple(value, of: divisor) {
            isValid = violate("multipleOf", "must be a multiple of \(shown(divisor))")
        }
        return isValid
    }

    private mutating func checkString(_ node: SchemaNode, _ text: String) -> Bool {
        guard node.maxLength != nil || node.minLength != nil || node.pattern != nil else { return true }
        guard spend(text.utf8.count / 64) else { return false }
        var isValid = true
        let length = text.unicodeScalars.count
        if let most = node.maxLength, length > most {
            isValid = violate("maxLength", "must have at most \(most) characters, not \(length)")
        }
        if let least = node.minLength, length < least {
            isValid = violate("minLength", "must have at least \(least) characters, not \(length)")
        }
        if let (source, pattern) = node.pattern, !matches(pattern, text) {
            isValid = violate("pattern", "must match the pattern \(quoted(source))")
        }
        return isValid
    }

    private mutating func matches(_ pattern: SchemaPattern, _ text: String) -> Bool {
        var work = 0
        let found = pattern.matches(text, work: &work, limit: 8 * (options.stepLimit - steps))
        _ = spend(work / 8)
        return found
    }

    private static func types(of value: JSONValue) -> SchemaNode.Types {
        switch value {
        case .null: .null
        case .bool: .boolean
        case .integer: [.integer, .number]
        case .double(let number): number == number.rounded() ? [.integer, .number] : .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    // MARK: - Schemas applied to the same value

    private mutating func applyInPlace(_ node: SchemaNode, _ value: JSONValue, _ evaluated: inout Evaluated) -> Bool {
        var isValid = true
        if let target = node.reference { isValid = follow(target, value, &evaluated) && isValid }
        if let (target, anchor) = node.dynamicReference {
            isValid = follow(dynamicTarget(target, anchor), value, &evaluated) && isValid
        }
        for inner in node.allOf where goesOn(isValid) { isValid = evaluate(inner, value, &evaluated) && isValid }
        if !node.anyOf.isEmpty, goesOn(isValid) {
            // All of them, since each valid one adds to what has been evaluated.
            let valid = node.anyOf.filter { silently($0, value, &evaluated) }.count
            if valid == 0 { isValid = violate("anyOf", "must match at least one of \(node.anyOf.count) schemas") }
        }
        if !node.oneOf.isEmpty, goesOn(isValid) {
            let valid = node.oneOf.filter { silently($0, value, &evaluated) }.count
            if valid != 1 {
                isValid = violate("oneOf", "must match exactly one of \(node.oneOf.count) schemas, not \(valid)")
            }
        }
        if let inner = node.not, goesOn(isValid) {
            var ignored = Evaluated()
            if silently(inner, value, &ignored) { isValid = violate("not", "must not match the schema of 'not'") }
        }
        if let condition = node.condition, goesOn(isValid) {
            let holds = silently(condition, value, &evaluated)
            if let next = holds ? node.then : node.otherwise {
                isValid = evaluate(next, value, &evaluated) && isValid
            }
        }
        if case .object(let members) = value {
            for dependent in node.dependentSchemas where members[dependent.member] != nil && goesOn(isValid) {
                isValid = evaluate(dependent.schema, value, &evaluated) && isValid
            }
        }
        return isValid
    }

    private mutating func silently(_ index: Int, _ value: JSONValue, _ evaluated: inout Evaluated) -> Bool {
        silence += 1
        defer { silence -= 1 }
        return evaluate(index, value, &evaluated)
    }

    private mutating func follow(_ target: Int, _ value: JSONValue, _ evaluated: inout Evaluated) -> Bool {
        references += 1
        defer { references -= 1 }
        guard references <= Self.referenceLimit else {
            return stop("the schema's references recurse more than \(Self.referenceLimit) levels deep")
        }
        return evaluate(target, value, &evaluated)
    }

    private func dynamicTarget(_ target: Int, _ anchor: String?) -> Int {
        guard let anchor else { return target }
        for resource in scope {
            if let found = schema.dynamicAnchors[SchemaAnchor(resource: resource, name: anchor)] { return found }
        }
        return target
    }

    // MARK: - Arrays

    private mutating func checkArray(_ node: SchemaNode, _ items: [JSONValue], _ evaluated: inout Evaluated) -> Bool {
        var isValid = true
        if let most = node.maxItems, items.count > most {
            isValid = violate("maxItems", "must have at most \(most) items, not \(items.count)")
        }
        if let least = node.minItems, items.count < least {
            isValid = violate("minItems", "must have at least \(least) items, not \(items.count)")
        }
        if node.uniqueItems, items.count > 1 {
            let identities = items.map(SchemaComparison.identity)
            guard spend(identities.reduce(0) { $0 + 1 + $1.count / 64 }) else { return false }
            if Set(identities).count < items.count { isValid = violate("uniqueItems", "must not have equal items") }
        }
        for (index, inner) in zip(items.indices, node.prefixItems) where goesOn(isValid) {
            isValid = item(inner, items[index], index) && isValid
        }
        evaluated.itemsBelow = max(evaluated.itemsBelow, min(items.count, node.prefixItems.count))
        if let inner = node.items {
            for index in items.indices.dropFirst(node.prefixItems.count) where goesOn(isValid) {
                isValid = item(inner, items[index], index) && isValid
            }
            evaluated.itemsBelow = items.count
        }
        if let inner = node.contains {
            isValid = checkContains(node, inner, items, &evaluated) && isValid
        }
        if let inner = node.unevaluatedItems {
            for index in items.indices.dropFirst(evaluated.itemsBelow)
            where !evaluated.items.contains(index) && goesOn(isValid) {
                isValid = item(inner, items[index], index, keyword: "unevaluatedItems") && isValid
            }
            evaluated.itemsBelow = items.count
        }
        return isValid
    }

    private mutating func checkContains(
        _ node: SchemaNode, _ inner: Int, _ items: [JSONValue], _ evaluated: inout Evaluated
    ) -> Bool {
        silence += 1
        let matching = items.indices.filter { item(inner, items[$0], $0) }
        silence -= 1
        evaluated.items.formUnion(matching)
        let least = node.minContains ?? 1
        if matching.count < least {
            return violate(
                node.minContains == nil ? "contains" : "minContains",
                "must have at least \(least) items that match the schema of 'contains', not \(matching.count)")
        }
        if let most = node.maxContains, matching.count > most {
            return violate(
                "maxContains",
                "must have at most \(most) items that match the schema of 'contains', not \(matching.count)")
        }
        return true
    }

    private mutating func item(_ index: Int, _ value: JSONValue, _ place: Int, keyword: String = "items") -> Bool {
        path.append(String(place))
        defer { path.removeLast() }
        if schema.nodes[index].constant == false { return violate(keyword, "this item is not allowed") }
        var ignored = Evaluated()
        return evaluate(index, value, &ignored)
    }

    // MARK: - Objects

    private mutating func checkObject(
        _ node: SchemaNode, _ members: [String: JSONValue], _ evaluated: inout Evaluated
    ) -> Bool {
        var isValid = checkMembers(node, members)
        guard
            !node.properties.isEmpty || !node.patternProperties.isEmpty || node.additionalProperties != nil
                || node.propertyNames != nil || node.unevaluatedProperties != nil
        else { return isValid }
        // In the order of names, so that equal values give equal reports.
        for name in members.keys.sorted() where goesOn(isValid) {
            let value = members[name] ?? .null
            if let inner = node.propertyNames {
                let isNameValid = member(inner, .string(name), name, keyword: "propertyNames")
                isValid = isNameValid && isValid
            }
            var isMatched = false
            if let inner = node.properties[name] {
                isMatched = true
                isValid = member(inner, value, name, keyword: "properties") && isValid
            }
            for pattern in node.patternProperties where matches(pattern.pattern, name) {
                isMatched = true
                isValid = member(pattern.schema, value, name, keyword: "patternProperties") && isValid
            }
            if !isMatched, let inner = node.additionalProperties {
                isMatched = true
                if !isExempt(name, inner) {
                    isValid = member(inner, value, name, keyword: "additionalProperties") && isValid
                }
            }
            if isMatched { evaluated.members.insert(name) }
        }
        if let inner = node.unevaluatedProperties {
            if !evaluated.allMembers {
                for name in members.keys.sorted()
                where !evaluated.members.contains(name) && !isExempt(name, inner) && goesOn(isValid) {
                    isValid = member(inner, members[name] ?? .null, name, keyword: "unevaluatedProperties") && isValid
                }
            }
            evaluated.allMembers = true
        }
        return isValid
    }

    private mutating func checkMembers(_ node: SchemaNode, _ members: [String: JSONValue]) -> Bool {
        var isValid = true
        if let most = node.maxProperties, members.count > most {
            isValid = violate("maxProperties", "must have at most \(most) members, not \(members.count)")
        }
        if let least = node.minProperties, members.count < least {
            isValid = violate("minProperties", "must have at least \(least) members, not \(members.count)")
        }
        for name in node.required where members[name] == nil && goesOn(isValid) {
            isValid = violate("required", "the member \(quoted(name)) is missing")
        }
        for dependent in node.dependentRequired where members[dependent.member] != nil {
            for name in dependent.names where members[name] == nil && goesOn(isValid) {
                isValid = violate(
                    "dependentRequired",
                    "the member \(quoted(name)) is missing, which \(quoted(dependent.member)) asks for")
            }
        }
        return isValid
    }

    private func isExempt(_ name: String, _ inner: Int) -> Bool {
        options.exemptsUnderscoreMembers && path.isEmpty && name.hasPrefix("_") && schema.nodes[inner].constant == false
    }

    private mutating func member(_ index: Int, _ value: JSONValue, _ name: String, keyword: String) -> Bool {
        path.append(name)
        defer { path.removeLast() }
        if schema.nodes[index].constant == false {
            return violate(keyword, "the member \(quoted(name)) is not allowed")
        }
        var ignored = Evaluated()
        return evaluate(index, value, &ignored)
    }

    // MARK: - Outcomes

    /// - Returns: false.
    private mutating func violate(_ keyword: String, _ message: String) -> Bool {
        guard isReporting, !isFull, !stopped else { return false }
        violations.append(
            JSONSchema.Violation(pointer: JSONPointer.text(path), keyword: keyword, message: message))
        return false
    }

    private mutating func spend(_ count: Int) -> Bool {
        steps += count
        if stopped { return false }
        return steps <= options.stepLimit || stop("the validation takes more than \(options.stepLimit) steps")
    }

    /// Ends everything: nothing that is found afterwards counts.
    /// - Returns: false.
    private mutating func stop(_ reason: String) -> Bool {
        if !stopped {
            stopped = true
            violations.append(
                JSONSchema.Violation(
                    pointer: JSONPointer.text(path), keyword: "$ref", message: "\(reason); it was stopped"))
        }
        return false
    }
}
