import TaskerProtocol

/// One action on each of several things. One that fails does not keep the others back.
struct BulkAction {
    let context: CommandContext

    /// - Parameter act: gives the answer, and a line for people.
    /// - Throws: the failure when there is one thing only; otherwise failures are told as they come, and the first one
    ///   decides the exit status.
    func run(
        _ ids: [String], _ act: (String) async throws -> (answer: JSONValue, line: String)
    ) async throws {
        let printer = context.printer
        var answers: [JSONValue] = []
        var failure: CommandError?
        for id in ids {
            do {
                let (answer, line) = try await act(id)
                answers.append(answer)
                switch printer.format {
                case .table: try printer.line(TextTable.clean(line))
                case .jsonl: try printer.line(answer.canonicalText)
                case .name: try printer.line(id)
                // One document at the end.
                case .json, .yaml: break
                }
            } catch let error as CommandError {
                guard ids.count > 1, error.status == .failure || error.status == .notFound else { throw error }
                failure = failure ?? error
                var named = error
                named.message = "\(id): \(error.message)"
                try printer.error(named)
            }
        }
        if printer.format == .json || printer.format == .yaml {
            let body = ids.count == 1 ? answers.first ?? .null : .array(answers)
            try printer.object(body, name: "", text: "")
        }
        if let failure { throw SilentExit(failure.status) }
    }
}
