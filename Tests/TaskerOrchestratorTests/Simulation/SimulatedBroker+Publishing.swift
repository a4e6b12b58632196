import TaskerMessaging
import TaskerProtocol

extension SimulatedBroker {
    /// A client has written a message; it arrives later, or never.
    func publish(_ message: OutgoingMessage, about: SimulatedMessage.About, on connection: SimulatedConnection) {
        write(connection) { self.arrive(message, about, connection) }
    }

    private func arrive(
        _ message: OutgoingMessage, _ about: SimulatedMessage.About, _ connection: SimulatedConnection
    ) {
        if isBlocked {
            // It reads nothing more from a connection that publishes.
            connection.stalled.append { self.arrive(message, about, connection) }
            return
        }
        let outcome: PublishOutcome
        if clock.now < nacksUntil, case .execute = about {
            outcome = .nacked
            // A refusal does not mean that no copy was made.
            if random.chance(30) { _ = route(message, about) }
        } else if route(message, about) || !message.isMandatory {
            outcome = .confirmed
        } else {
            outcome = .returned(code: 312, text: "NO_ROUTE")
        }
        tell(connection) { connection.client?.published(message.token, outcome, on: connection) }
    }

    /// - Returns: whether a queue took it.
    @discardableResult
    func route(_ message: OutgoingMessage, _ about: SimulatedMessage.About) -> Bool {
        ledger.arrived(message)
        switch message.exchange {
        case "": return enqueue(message, about)
        case names.control:
            for connection in connections where connection.hearsControl {
                tell(connection) {
                    connection.client?.notified(message.body, type: message.properties.type, on: connection)
                }
            }
            return true
        case names.dead:
            bury(message.body)
            return true
        default: return true
        }
    }

    private func enqueue(_ message: OutgoingMessage, _ about: SimulatedMessage.About) -> Bool {
        let name = message.routingKey
        if let connection = connections.first(where: { $0.replyQueue == name }) {
            tell(connection) {
                connection.client?.notified(message.body, type: message.properties.type, on: connection)
            }
            return true
        }
        guard queues[name] != nil else { return false }
        switch about {
        case .answer(let id, _):
            answersArrived.insert(id)
            resultsSeen.append((message, about))
        case .heartbeat(let id, true): detachedArrived.insert(id)
        case .execute(let id):
            copies[id, default: 0] += 1
        default: break
        }
        trace.note("\(name) takes \(about.text)")
        let stored = SimulatedMessage(message, about: about, position: nextPosition(), at: clock.now)
        queues[name]?.messages.append(stored)
        if queues[name]?.isTransient == true {
            clock.after(60 * second) { self.remove(name, at: stored) }
        }
        kick(name)
        return true
    }

    // MARK: - Faults

    func block(for duration: Int64) {
        guard !isBlocked else { return }
        isBlocked = true
        trace.note("the broker blocks publishers")
        for connection in connections { tell(connection) { connection.client?.blocked(true, on: connection) } }
        clock.after(duration) {
            self.isBlocked = false
            self.trace.note("the broker reads again")
            for connection in self.connections {
                self.tell(connection) { connection.client?.blocked(false, on: connection) }
                let stalled = connection.stalled
                connection.stalled = []
                for arrival in stalled { arrival() }
            }
        }
    }

    /// Goes down and comes back with its durable messages.
    func restart(after duration: Int64) {
        guard isUp else { return }
        isUp = false
        trace.note("the broker goes down")
        for connection in connections {
            cut(connection, brokerAfter: 0, clientAfter: random.microseconds(0...50_000))
        }
        clock.after(10) {
            for name in self.queues.keys {
                self.queues[name]?.messages.removeAll { !$0.properties.isPersistent }
            }
        }
        clock.after(max(duration, 1000)) {
            self.isUp = true
            self.trace.note("the broker is back")
        }
    }

    func purge(_ name: String) {
        trace.note("\(name) is purged of \(queues[name]?.messages.count ?? 0)")
        queues[name]?.messages = []
    }

    func delete(_ name: String) {
        trace.note("\(name) is deleted")
        queues[name] = nil
        for connection in connections where connection.prefetch[name] != nil {
            connection.unacked = connection.unacked.filter { $0.value.queue != name }
            // Its consumers are cancelled by the broker; that is treated like a lost connection.
            cut(connection, brokerAfter: 0, clientAfter: 1000)
        }
    }

    /// Messages that nobody has, of work queues.
    var isEmpty: Bool {
        queues.allSatisfy { $0.key == names.workers || $0.value.messages.isEmpty }
            && connections.allSatisfy { $0.unacked.isEmpty }
    }
}
