import Logging
import TaskerMessaging

/// Values given on the command line; each wins over its environment variable.
public struct WorkerFlags: Sendable {
    /// Namespaces, each may be a comma list.
    public var namespaces: [String] = []
    /// Fleet queues, each may be a comma list.
    public var queues: [String] = []
    public var slots: String?
    public var amqp: String?
    public var queuePrefix: String?
    public var queueType: String?
    public var graceSeconds: String?
    public var logLevel: String?
    public var transport: String?
    public var workerID: String?
    public var anyHandler = false

    public init() {}
}

/// The settings of a worker: flags, else `TASKER_*` environment variables, else defaults.
public struct WorkerConfiguration: Sendable {
    public enum Transport: String, Sendable, CaseIterable {
        case amqp
        /// One JSON message per line on stdin and stdout; a host speaks AMQP.
        case stdio
    }

    /// `TASKER_AMQP_URL` or `RABBITMQ_URL`.
    public var amqpURL = "amqp://guest:guest@localhost:5672/%2F"
    /// `TASKER_QUEUE_PREFIX`.
    public var names = QueueNames.standard
    /// `TASKER_NAMESPACE`, a comma list; `default` when none is given.
    public var namespaces = ["default"]
    /// `TASKER_QUEUE`; the namespace when none is given. Several queues get one consumer each.
    public var queues = ["default"]
    /// `TASKER_SLOTS` or `TASKER_MAX_CONCURRENT_HANDLERS`: handlers that run at a time, and prefetch.
    public var slots = 10
    /// `TASKER_QUEUE_TYPE`.
    public var queueType = QueueType.quorum
    /// `TASKER_GRACE_SECONDS`: how long running handlers may take after SIGTERM.
    public var grace: Duration = .seconds(30)
    /// `TASKER_LOG_LEVEL` or `RUST_LOG`.
    public var logLevel = Logger.Level.info
    public var transport = Transport.amqp
    /// Becomes the first part of the random worker id.
    public var workerID: String?
    /// Announce that steps with any handler name may come here.
    public var anyHandler = false
    /// What `HOSTNAME` says, else the system.
    public var hostname = System.hostname

    public init() {}

    /// Reads flags and environment.
    /// - Throws: ``WorkerConfigurationError`` with every problem at once.
    public init(flags: WorkerFlags = WorkerFlags(), environment: [String: String]) throws(WorkerConfigurationError) {
        self.init()
        var reader = SettingReader(environment: environment)
        amqpURL = reader.text(flags.amqp, "--amqp", ["TASKER_AMQP_URL", "RABBITMQ_URL"])?.value ?? amqpURL
        if !amqpURL.hasPrefix("amqp://"), !amqpURL.hasPrefix("amqps://") {
            reader.problems.append("the broker's URL must start with amqp:// or amqps:// (--amqp, TASKER_AMQP_URL)")
        }
        if let (prefix, origin) = reader.text(flags.queuePrefix, "--queue-prefix", ["TASKER_QUEUE_PREFIX"]) {
            if let names = QueueNames(prefix: prefix) {
                self.names = names
            } else {
                reader.problems.append(
                    "\(origin) is \"\(prefix)\"; use 1-32 of a-z, 0-9, _ and -, starting with a letter")
            }
        }
        let namespaces = reader.list(flags.namespaces, ["TASKER_NAMESPACE"])
        self.namespaces = namespaces.isEmpty ? ["default"] : namespaces
        readQueues(reader.list(flags.queues, ["TASKER_QUEUE"]), &reader.problems)
        slots =
            reader.number(flags.slots, "--slots", ["TASKER_SLOTS", "TASKER_MAX_CONCURRENT_HANDLERS"], 1...10_000)
            ?? slots
        let seconds = reader.number(flags.graceSeconds, "--grace-seconds", ["TASKER_GRACE_SECONDS"], 0...86_400)
        grace = seconds.map { .seconds($0) } ?? grace
        queueType = reader.choice(flags.queueType, "--queue-type", ["TASKER_QUEUE_TYPE"]) ?? queueType
        transport = reader.choice(flags.transport, "--transport", []) ?? transport
        logLevel = readLogLevel(flags, &reader)
        workerID = flags.workerID
        anyHandler = flags.anyHandler
        if let name = environment["HOSTNAME"], !name.isEmpty { hostname = name }
        if !reader.problems.isEmpty { throw WorkerConfigurationError(problems: reader.problems) }
    }

    private mutating func readQueues(_ given: [String], _ problems: inout [String]) {
        queues = given
        if given.isEmpty, namespaces.count == 1 { queues = namespaces }
        if queues.isEmpty {
            problems.append(
                "with several namespaces (\(namespaces.joined(separator: ", "))) name the queue this worker takes steps from "
                    + "(--queue or TASKER_QUEUE)")
        }
        for queue in queues where !QueueNames.isValidQueue(queue) {
            problems.append(
                "\"\(queue)\" is no queue name; use 1-128 of A-Z, a-z, 0-9 and _ . : @ / # - (--queue or TASKER_QUEUE)")
        }
    }

    private func readLogLevel(_ flags: WorkerFlags, _ reader: inout SettingReader) -> Logger.Level {
        guard let (text, origin) = reader.text(flags.logLevel, "--log-level", ["TASKER_LOG_LEVEL", "RUST_LOG"]) else {
            return logLevel
        }
        let word = text.lowercased() == "warn" ? "warning" : text.lowercased()
        if let level = Logger.Level(rawValue: word) { return level }
        // `RUST_LOG` may hold filters for another program.
        if origin != "RUST_LOG" {
            reader.problems.append(
                "\(origin) is \"\(text)\"; use trace, debug, info, notice, warning, error or critical")
        }
        return logLevel
    }

    /// The URL without its password, for logs.
    public var redactedURL: String {
        guard let scheme = amqpURL.range(of: "://"), let at = amqpURL.lastIndex(of: "@"), at > scheme.upperBound,
            let colon = amqpURL[scheme.upperBound..<at].firstIndex(of: ":")
        else { return amqpURL }
        return amqpURL[...colon] + "***" + amqpURL[at...]
    }
}

/// Settings a worker cannot start with; every problem says what to do.
public struct WorkerConfigurationError: Error, Sendable, CustomStringConvertible {
    public var problems: [String]

    public var description: String {
        problems.count == 1
            ? problems[0]
            : "\(problems.count) settings are wrong:\n" + problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}

/// Takes a setting from where it is given and collects what is wrong.
private struct SettingReader {
    let environment: [String: String]
    var problems: [String] = []

    init(environment: [String: String]) { self.environment = environment }

    /// The value and the name of its origin; empty variables count as not set.
    func text(_ flag: String?, _ flagName: String, _ variables: [String]) -> (value: String, origin: String)? {
        if let flag { return (flag, flagName) }
        for name in variables {
            if let value = environment[name], !value.isEmpty { return (value, name) }
        }
        return nil
    }

    func list(_ flags: [String], _ variables: [String]) -> [String] {
        let given = flags.isEmpty ? [text(nil, "", variables)?.value ?? ""] : flags
        var items: [String] = []
        for item in given.flatMap({ $0.split(separator: ",") }).map({ $0.trimmingSpaces() }) {
            if !item.isEmpty, !items.contains(item) { items.append(item) }
        }
        return items
    }

    mutating func number(_ flag: String?, _ flagName: String, _ variables: [String], _ range: ClosedRange<Int>) -> Int?
    {
        guard let (text, origin) = text(flag, flagName, variables) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            problems.append(
                "\(origin) is \"\(text)\"; use a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func choice<T: RawRepresentable<String> & CaseIterable>(
        _ flag: String?, _ flagName: String, _ variables: [String]
    ) -> T? {
        guard let (text, origin) = text(flag, flagName, variables) else { return nil }
        guard let value = T(rawValue: text) else {
            problems.append("\(origin) is \"\(text)\"; use \(T.allCases.map(\.rawValue).joined(separator: " or "))")
            return nil
        }
        return value
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension String {
    /// Without Foundation.
    fileprivate func range(of needle: String) -> Range<Index>? { firstRange(of: needle) }
}
