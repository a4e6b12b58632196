import TaskerMessaging

/// Why there is no connection (any more).
struct ConnectionLost: Error {
    /// For people; never holds the password.
    var reason: String
    /// Set when trying again cannot help until somebody changes something.
    var refusal: BrokerError?

    init(_ reason: String, refusal: BrokerError? = nil) {
        self.reason = reason
        self.refusal = refusal
    }

    init(_ refusal: BrokerError) {
        self.init(refusal.message, refusal: refusal)
    }
}
