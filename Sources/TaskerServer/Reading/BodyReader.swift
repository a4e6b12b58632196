import HTTPTypes
import Hummingbird
import TaskerProtocol

/// Reads a request's JSON object member by member. What nobody asked for is named in a response header, as the contract
/// wants, and ignored.
struct BodyReader {
    private var members: [String: RawJSON] = [:]
    private var asked: Set<String> = []
    /// Pointer to the object itself.
    private var prefix = ""

    /// - Parameter isRequired: false takes an absent body for an empty object.
    /// - Throws: ``Problem`` 400, 413, 415.
    init(_ request: Request, isRequired: Bool = true) async throws {
        let bytes = try await request.bodyBytes()
        if bytes.isEmpty, !isRequired { return }
        try request.requireJSON()
        let body = try RawJSON(request: bytes)
        guard body.isObject else { throw Problem.badRequest("The body must be a JSON object", code: "JSON_ERROR") }
        body.forEachMember { members[$0] = $1 }
    }

    /// Of an object inside a body.
    /// - Parameters:
    ///   - name: says in errors where it is.
    ///   - pointer: says in warnings where it is.
    init(_ object: RawJSON, name: String, pointer: String) throws {
        guard object.isObject else { throw Problem.badRequest("\(name) must be an object") }
        prefix = pointer
        object.forEachMember { members[$0] = $1 }
    }

    /// As sent; an explicit `null` is nil.
    mutating func value(_ name: String) -> RawJSON? {
        asked.insert(name)
        return members[name].flatMap { $0.isNull ? nil : $0 }
    }

    /// As sent, also when it is `null`.
    mutating func anyValue(_ name: String) -> RawJSON? {
        asked.insert(name)
        return members[name]
    }

    mutating func text(_ name: String, atMost limit: Int = 255) throws -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, !text.isEmpty, text.unicodeScalars.count <= limit else {
            throw Problem.badRequest("\(name) must be a text of 1 to \(limit) characters")
        }
        return text
    }

    mutating func requiredText(_ name: String, atMost limit: Int = 255) throws -> String {
        guard let text = try text(name, atMost: limit) else { throw Problem.badRequest("\(name) is missing") }
        return text
    }

    /// False when it is not given.
    mutating func flag(_ name: String) throws -> Bool {
        guard let value = value(name) else { return false }
        guard let flag = value.bool else { throw Problem.badRequest("\(name) must be true or false") }
        return flag
    }

    mutating func object(_ name: String) throws -> RawJSON? {
        guard let value = value(name) else { return nil }
        guard value.isObject else { throw Problem.badRequest("\(name) must be an object") }
        return value
    }

    mutating func texts(_ name: String, atMost limit: Int) throws -> [String]? {
        guard let value = value(name) else { return nil }
        let texts = value.items?.map(\.string)
        guard let texts, texts.count <= limit, !texts.contains(nil) else {
            throw Problem.badRequest("\(name) must be a list of at most \(limit) texts")
        }
        return texts.compactMap(\.self)
    }

    /// JSON pointers (RFC 6901) to members that were not asked for.
    var unknownPointers: [String] {
        Self.pointers(members.keys.filter { !asked.contains($0) }).map { prefix + $0 }
    }

    static func pointers(_ names: some Sequence<String>) -> [String] {
        let plain = names.filter { name in
            name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") } && name.utf8.count <= 60
        }
        return plain.sorted().prefix(20).map {
            "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1")
        }
    }
}

extension Response {
    /// Tells which members of the request were ignored.
    mutating func warn(ofIgnored pointers: [String]) {
        if !pointers.isEmpty { headers[.taskerWarnings] = pointers.joined(separator: ", ") }
    }
}
