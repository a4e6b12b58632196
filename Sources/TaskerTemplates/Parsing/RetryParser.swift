import TaskerProtocol

/// `retry` of a step or of an override.
struct RetryParser {
    let findings: FindingCollector

    /// - Parameter owner: the map that may have a `retry`.
    func retry(_ owner: MapReader) -> RetryPolicy {
        guard let node = owner.node("retry"),
            let map = MapReader(
                node, table: Tables.retry, place: owner.place.inner("retry"), what: "'retry' of \(owner.place.text)",
                findings: findings)
        else { return RetryPolicy() }

        var policy = RetryPolicy()
        policy.isRetryable = map.bool("retryable") ?? policy.isRetryable
        if let attempts = map.integer("max_attempts", 0...100) {
            policy.maxAttempts = Int(attempts)
            let position = map.position("max_attempts")
            if attempts == 0 {
                map.add(
                    .maxAttemptsZero, "'max_attempts' of 0 in \(map.place.text) means one attempt", at: position,
                    hint: "write 1")
            } else if attempts > 1, !policy.isRetryable {
                map.add(
                    .retryableFalseWithAttempts,
                    "'max_attempts' of \(attempts) in \(map.place.text) has no effect beside 'retryable: false'",
                    at: position, hint: "remove one of the two")
            }
        }
        policy.backoff = map.choice("backoff", BackoffStrategy.self) ?? policy.backoff
        policy.backoffBaseMilliseconds =
            duration("backoff_base_ms", map, 0...3_600_000) ?? policy.backoffBaseMilliseconds
        policy.maxBackoffMilliseconds =
            duration("max_backoff_ms", map, 0...86_400_000) ?? policy.maxBackoffMilliseconds
        policy.jitter = jitter(map) ?? policy.jitter
        if policy.maxBackoffMilliseconds < policy.backoffBaseMilliseconds {
            let place = map.entry("max_backoff_ms") ?? map.entry("backoff_base_ms")
            map.add(
                .backoffCapBelowBase,
                "the longest back-off in \(map.place.text), \(policy.maxBackoffMilliseconds) ms, is below the base of "
                    + "\(policy.backoffBaseMilliseconds) ms and wins", at: place?.keyPosition ?? map.position)
        }
        return policy
    }

    private func duration(_ name: String, _ map: MapReader, _ range: ClosedRange<Int64>) -> Int64? {
        guard let entry = map.entry(name), entry.key.hasSuffix("_seconds") else { return map.integer(name, range) }
        let rule = "from \(range.lowerBound / 1000) to \(range.upperBound / 1000) seconds"
        guard let milliseconds = map.seconds(name, rule: rule) else { return nil }
        guard range.contains(milliseconds) else {
            map.outOfRange(name, entry.value, rule)
            return nil
        }
        return milliseconds
    }

    private func jitter(_ map: MapReader) -> Double? {
        guard let node = map.node("jitter") else { return nil }
        if let flag = node.scalar?.value.boolValue { return flag ? RetryPolicy().jitter : 0 }
        guard let number = node.scalar?.value.doubleValue else {
            map.mismatch(
                "jitter", node, expected: "a number from 0 to 1, or true or false", hint: "write true or false")
            return nil
        }
        guard (0...1).contains(number) else {
            map.outOfRange("jitter", node, "from 0 to 1")
            return nil
        }
        return number
    }
}
