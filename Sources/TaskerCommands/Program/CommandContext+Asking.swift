extension CommandContext {
    func client() throws(CommandError) -> APIClient { try APIClient(self) }

    /// Asks before something that cannot be undone.
    /// - Throws: usage without a terminal, interrupted when the answer is no.
    func confirm(_ question: String, yes: Bool) throws {
        if yes { return }
        guard host.isInputTerminal, host.isErrorTerminal else {
            throw CommandError.usage("this asks first, and nobody is there to answer", hint: "say --yes to go ahead")
        }
        try host.errors.write("\(question) [y/N] ")
        let answer = (host.readLine() ?? "").lowercased()
        guard answer == "y" || answer == "yes" else {
            throw CommandError.failed("nothing was done: the answer was no")
        }
    }

    func resolve(_ task: String, _ client: APIClient) async throws -> String {
        try await TaskReference.resolve(task, client, self)
    }
}
