/// The members of one message, sliced out in one pass and asked for by name.
struct MessageReader {
    private var members: [(name: String, value: RawJSON)] = []

    /// - Throws: ``WireError`` when the value is no object.
    init(_ object: RawJSON, what: String = "the message") throws(WireError) {
        guard object.isObject else { throw WireError(.invalidMessage, "\(what) is no JSON object") }
        members.reserveCapacity(16)
        object.forEachMember { name, value in members.append((name, value)) }
    }

    /// The member, nil when it is missing or null.
    subscript(name: String) -> RawJSON? {
        for member in members where member.name == name { return member.value.isNull ? nil : member.value }
        return nil
    }

    /// The member even when it is null; nil only when it is missing.
    func raw(_ name: String) -> RawJSON? {
        for member in members where member.name == name { return member.value }
        return nil
    }

    func required(_ name: String) throws(WireError) -> RawJSON {
        guard let value = self[name] else { throw WireError(.invalidMessage, "\"\(name)\" is missing") }
        return value
    }

    func object(_ name: String) throws(WireError) -> MessageReader {
        try MessageReader(required(name), what: "\"\(name)\"")
    }

    func string(_ name: String) throws(WireError) -> String {
        guard let text = try required(name).string else { throw WireError(.invalidMessage, "\"\(name)\" is no string") }
        return text
    }

    func optionalString(_ name: String) throws(WireError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw WireError(.invalidMessage, "\"\(name)\" is no string") }
        return text
    }

    func identifier<Kind>(_ name: String, _: Identifier<Kind>.Type = Identifier<Kind>.self) throws(WireError)
        -> Identifier<Kind>
    {
        guard let id = Identifier<Kind>(try string(name)) else {
            throw WireError(.invalidMessage, "\"\(name)\" is no UUID")
        }
        return id
    }

    func optionalIdentifier<Kind>(_ name: String, _: Identifier<Kind>.Type = Identifier<Kind>.self) throws(WireError)
        -> Identifier<Kind>?
    {
        self[name] == nil ? nil : try identifier(name, Identifier<Kind>.self)
    }

    func integer(_ name: String) throws(WireError) -> Int64 {
        guard let number = try required(name).integer else {
            throw WireError(.invalidMessage, "\"\(name)\" is no integer")
        }
        return number
    }

    func optionalInteger(_ name: String) throws(WireError) -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer else { throw WireError(.invalidMessage, "\"\(name)\" is no integer") }
        return number
    }

    func optionalBool(_ name: String) throws(WireError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let flag = value.bool else { throw WireError(.invalidMessage, "\"\(name)\" is no boolean") }
        return flag
    }

    /// A time that informs only: an unreadable one counts as missing.
    func lenientTimestamp(_ name: String) -> Timestamp? {
        self[name]?.string.flatMap { Timestamp($0) }
    }

    func strings(_ name: String) throws(WireError) -> [String] {
        guard let value = self[name] else { return [] }
        guard let items = value.items else { throw WireError(.invalidMessage, "\"\(name)\" is no array") }
        var texts: [String] = []
        for item in items {
            guard let text = item.string else {
                throw WireError(.invalidMessage, "\"\(name)\" holds something that is no string")
            }
            texts.append(text)
        }
        return texts
    }

    func optionalObject(_ name: String) throws(WireError) -> RawJSON? {
        guard let value = self[name] else { return nil }
        guard value.isObject else { throw WireError(.invalidMessage, "\"\(name)\" is no object") }
        return value
    }

    /// Checks `protocol` and `kind`.
    func check(kind: String) throws(WireError) {
        try WireProtocol.check(raw("protocol"))
        let actual = try string("kind")
        guard actual == kind else {
            throw WireError(.unknownKind, "kind \"\(actual.prefix(60))\" is not expected here; expected \"\(kind)\"")
        }
    }
}
