/// Publishing through a client, with the faults a test has asked for.
extension ServerState {
    mutating func publish(
        _ messages: [OutgoingMessage], client id: UInt64, completion: @escaping @Sendable ([PublishResult]) -> Void
    ) {
        var results: [PublishResult] = []
        for message in messages {
            if let outcome = publish(message, client: id, completion: completion) {
                results.append(PublishResult(token: message.token, outcome: outcome))
            }
        }
        guard !results.isEmpty else { return }
        let group = results
        emit(to: id) { completion(group) }
    }

    /// - Returns: nil while the confirm is held back.
    private mutating func publish(
        _ message: OutgoingMessage, client id: UInt64, completion: @escaping @Sendable ([PublishResult]) -> Void
    ) -> PublishOutcome? {
        guard clients[id]?.epoch != nil, blockedReason == nil else { return .notSent }
        switch publishFault?(message) {
        case nil:
            return accept(message)
        case .nack:
            return .nacked
        case .giveBack:
            return message.isMandatory ? .returned(code: 312, text: "NO_ROUTE") : .confirmed
        case .holdConfirm:
            let outcome = accept(message)
            guard outcome == .confirmed else { return outcome }
            clients[id]?.heldConfirms.append(.init(token: message.token, completion: completion))
            return nil
        case .cutBefore:
            disconnect(id, reason: "connection reset")
        case .cutAfter:
            _ = accept(message)
            disconnect(id, reason: "connection reset")
        }
        establish(id)
        return .inDoubt
    }
}
