import TaskerProtocol

/// Canonical JSON that is not what ``TaskTemplate/canonicalJSON`` writes: the store is damaged, or newer than this program.
public struct CanonicalTemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where, as a JSON pointer.
    public var pointer: String
    public var message: String

    public init(pointer: String, message: String) {
        self.pointer = pointer
        self.message = message
    }

    public var description: String {
        "the stored template cannot be read: \(pointer.isEmpty ? "it" : pointer) \(message)"
    }
}

/// Reads members of an object, with its place for errors.
struct CanonicalReader {
    let members: [String: JSONValue]
    let pointer: String

    init(_ value: JSONValue?, _ pointer: String) throws(CanonicalTemplateError) {
        guard let members = value?.objectValue else {
            throw CanonicalTemplateError(pointer: pointer, message: "is no object")
        }
        self.members = members
        self.pointer = pointer
    }

    func fault(_ name: String, _ expected: String) -> CanonicalTemplateError {
        CanonicalTemplateError(pointer: "\(pointer)/\(name)", message: "is no \(expected)")
    }

    func string(_ name: String) throws(CanonicalTemplateError) -> String {
        guard let text = members[name]?.stringValue else { throw fault(name, "string") }
        return text
    }

    func optionalString(_ name: String) throws(CanonicalTemplateError) -> String? {
        members[name] == nil ? nil : try string(name)
    }

    func integer(_ name: String) throws(CanonicalTemplateError) -> Int64 {
        guard let number = members[name]?.integerValue else { throw fault(name, "integer") }
        return number
    }

    func optionalInt(_ name: String) throws(CanonicalTemplateError) -> Int? {
        members[name] == nil ? nil : Int(try integer(name))
    }

    func bool(_ name: String) throws(CanonicalTemplateError) -> Bool {
        guard let flag = members[name]?.boolValue else { throw fault(name, "boolean") }
        return flag
    }

    func optionalBool(_ name: String) throws(CanonicalTemplateError) -> Bool? {
        members[name] == nil ? nil : try bool(name)
    }

    func double(_ name: String) throws(CanonicalTemplateError) -> Double {
        guard let number = members[name]?.doubleValue else { throw fault(name, "number") }
        return number
    }

    /// Seconds, as milliseconds.
    func optionalSeconds(_ name: String) throws(CanonicalTemplateError) -> Int64? {
        guard members[name] != nil else { return nil }
        let milliseconds = (try double(name) * 1000).rounded()
        guard let whole = Int64(exactly: milliseconds) else { throw fault(name, "number of seconds") }
        return whole
    }

    func choice<Choice: RawRepresentable<String>>(_ name: String, _: Choice.Type) throws(CanonicalTemplateError)
        -> Choice
    {
        guard let choice = Choice(rawValue: try string(name)) else { throw fault(name, "known value") }
        return choice
    }

    func array(_ name: String) throws(CanonicalTemplateError) -> [JSONValue] {
        guard let items = members[name]?.arrayValue else { throw fault(name, "array") }
        return items
    }

    func object(_ name: String) throws(CanonicalTemplateError) -> [String: JSONValue] {
        guard let members = members[name]?.objectValue else { throw fault(name, "object") }
        return members
    }

    func inner(_ name: String) throws(CanonicalTemplateError) -> CanonicalReader {
        try CanonicalReader(members[name], "\(pointer)/\(name)")
    }

    func each<Item>(
        _ name: String, _ read: (CanonicalReader) throws(CanonicalTemplateError) -> Item
    ) throws(CanonicalTemplateError) -> [Item] {
        var items: [Item] = []
        for (index, value) in try array(name).enumerated() {
            items.append(try read(CanonicalReader(value, "\(pointer)/\(name)/\(index)")))
        }
        return items
    }
}
