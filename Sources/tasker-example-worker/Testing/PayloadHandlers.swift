import TaskerWorker

/// Handlers that make large results and put them together again.
func registerPayloadHandlers(in handlers: inout HandlerRegistry) {
    // kilobytes: a result of about that size.
    handlers.register("test.payload") { context in
        let kilobytes = try context.configuration("kilobytes", default: Int64(1))
        return .success(["filler": .string(String(repeating: "x", count: Int(kilobytes) * 1024))])
    }

    // How long the fillers of all ancestors are, by step.
    handlers.register("test.join") { context in
        var lengths: [String: JSONValue] = [:]
        for name in context.dependencyNames {
            let filler: String? = try context.field(of: name, path: "filler")
            lengths[name] = .integer(Int64(filler?.utf8.count ?? 0))
        }
        return .success(.object(lengths))
    }
}
