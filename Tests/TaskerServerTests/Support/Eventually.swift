/// Polls until `condition` holds; the deadline only turns a hang into a failure.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw DidNotHappen(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

struct DidNotHappen: Error {
    var what: String
}
