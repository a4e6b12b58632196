import Testing

/// Polls until `condition` holds. The deadline only turns a hang into a failure; an error thrown meanwhile (a server
/// that is being restarted) counts as "not yet" and is told at the end.
func eventually(
    _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var last: (any Error)?
    while true {
        do {
            if try await condition() { return }
            last = nil
        } catch let error as CancellationError {
            throw error
        } catch let failure as Failure where failure.isFinal {
            throw failure
        } catch {
            last = error
        }
        guard ContinuousClock.now < deadline else {
            throw Failure("did not happen within \(limit): \(what)" + (last.map { "; last error: \($0)" } ?? ""))
        }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// Runs `body` for every element, at most `width` at a time, and keeps the order of the elements.
func concurrently<Element: Sendable, Result: Sendable>(
    _ elements: [Element], width: Int = 6, _ body: @escaping @Sendable (Element) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results = [Result?](repeating: nil, count: elements.count)
        var next = 0
        func add() {
            guard next < elements.count else { return }
            let (index, element) = (next, elements[next])
            next += 1
            group.addTask { (index, try await body(element)) }
        }
        for _ in 0..<width { add() }
        while let (index, result) = try await group.next() {
            results[index] = result
            add()
        }
        return results.compactMap { $0 }
    }
}
