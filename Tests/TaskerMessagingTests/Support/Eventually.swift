import Testing

struct Expired: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` holds. The deadline only turns a hang into a failure.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw Expired(description: "did not happen within \(limit): \(what)")
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
