import TaskerMessaging

/// Messages written and not yet confirmed, by publish sequence number (the first on a channel has 1), with the outcomes
/// that wait to be reported.
struct PublishWindow {
    private struct Entry {
        let batch: PublishBatch
        let token: UInt64
        let exchange: String
        let routingKey: String
        let messageID: String?
        let bodyCount: Int
        let isMandatory: Bool
        /// Position in the connection's stream behind its last byte.
        let end: UInt64
        /// Set by `basic.return`, which comes before the ack.
        var returned: PublishOutcome?
        var isSettled = false
    }

    private var entries = FIFO<Entry>()
    /// The sequence number of the first entry.
    private var first: UInt64 = 1
    /// Returns come in the order of publishing.
    private var firstNotReturned: UInt64 = 1
    private var unreported: [PublishBatch] = []

    var count: Int { entries.count }

    mutating func append(_ message: OutgoingMessage, of batch: PublishBatch, end: UInt64) {
        entries.push(
            Entry(
                batch: batch, token: message.token, exchange: message.exchange, routingKey: message.routingKey,
                messageID: message.properties.messageID, bodyCount: message.body.count,
                isMandatory: message.isMandatory,
                end: end))
    }

    /// `basic.ack` or `basic.nack`. Numbers that are not open are ignored.
    mutating func settle(_ tag: UInt64, multiple: Bool, outcome: PublishOutcome) {
        guard !entries.isEmpty else { return }
        let last = first + UInt64(entries.count) - 1
        if multiple {
            // Tag 0 means everything.
            let through = tag == 0 ? last : min(tag, last)
            while first <= through, !entries.isEmpty { settleFirst(outcome) }
        } else if tag == first {
            settleFirst(outcome)
        } else if tag > first, tag <= last {
            settle(at: Int(tag - first), outcome)
        }
        while entries.first?.isSettled == true { removeFirst() }
    }

    private mutating func settleFirst(_ outcome: PublishOutcome) {
        settle(at: 0, outcome)
        removeFirst()
    }

    private mutating func removeFirst() {
        _ = entries.pop()
        first += 1
    }

    private mutating func settle(at offset: Int, _ outcome: PublishOutcome) {
        let entry = entries[offset]
        guard !entry.isSettled else { return }
        entries[offset].isSettled = true
        report(entry.batch, entry.token, entry.returned ?? outcome)
    }

    /// `basic.return`: it does not say which message it was, but comes before its ack and in the order of publishing.
    mutating func markReturned(
        exchange: String, routingKey: String, messageID: String?, bodyCount: Int, outcome: PublishOutcome
    ) {
        var candidate: Int?
        var offset = Int(max(firstNotReturned, first) - first)
        while offset < entries.count {
            let entry = entries[offset]
            if entry.isMandatory, !entry.isSettled, entry.returned == nil, entry.exchange == exchange,
                entry.routingKey == routingKey, entry.bodyCount == bodyCount
            {
                if entry.messageID == messageID {
                    candidate = offset
                    break
                }
                // A message id that was too long to be sent.
                if candidate == nil, messageID == nil { candidate = offset }
            }
            offset += 1
        }
        guard let candidate else { return }
        entries[candidate].returned = outcome
        firstNotReturned = first + UInt64(candidate) + 1
    }

    /// The channel or the connection is gone.
    /// - Parameter written: how much of the connection's stream the socket had taken; what ends behind it never left.
    mutating func fail(written: UInt64) {
        while let entry = entries.pop() {
            if entry.isSettled { continue }
            // A returned message is known to be nowhere.
            let outcome = entry.returned ?? (entry.end > written ? .notSent : .inDoubt)
            report(entry.batch, entry.token, outcome)
        }
        first = 1
        firstNotReturned = 1
    }

    mutating func report(_ batch: PublishBatch, _ token: UInt64, _ outcome: PublishOutcome) {
        if batch.add(token, outcome) { unreported.append(batch) }
    }

    /// Tells the publishers.
    mutating func reportOutcomes() {
        guard !unreported.isEmpty else { return }
        let batches = unreported
        unreported = []
        for batch in batches { batch.report() }
    }
}
