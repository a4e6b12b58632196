/// Who sends: the member `worker` of every message from a worker.
public struct WorkerIdentity: Sendable, Hashable {
    /// Random per process start.
    public var id: String
    public var language: String
    /// For example `tasker-swift/0.1.0`.
    public var sdk: String
    public var hostname: String

    public init(id: String, language: String, sdk: String, hostname: String) {
        self.id = id
        self.language = language
        self.sdk = sdk
        self.hostname = hostname
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.value(id)
        writer.key("language")
        writer.value(language)
        writer.key("sdk")
        writer.value(sdk)
        writer.key("hostname")
        writer.value(hostname)
        writer.endObject()
    }

    init(_ object: RawJSON) throws(WireError) {
        let reader = try MessageReader(object, what: "\"worker\"")
        self.init(
            id: try reader.string("id"), language: try reader.optionalString("language") ?? "unknown",
            sdk: try reader.optionalString("sdk") ?? "unknown",
            hostname: try reader.optionalString("hostname") ?? "unknown")
    }
}
