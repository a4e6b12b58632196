import Logging
import TaskerAMQP
import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerSQLite
import TaskerServer
import TaskerTemplates

/// Everything that is wrong with a configuration, at once.
struct ConfigurationProblems: Error, CustomStringConvertible {
    var problems: [String]
    init(_ problems: [String]) { self.problems = problems }
    var description: String { problems.joined(separator: "; ") }
}

/// Settings in force: flags before environment before defaults.
struct OrchestratorConfiguration: CustomStringConvertible {
    var amqpURL: AMQPURL
    var host: String
    var port: Int
    var database: String
    var durability: Durability
    var templatePatterns: [String]
    var strictTemplates: Bool
    var logLevel: Logger.Level
    var settings: OrchestratorSettings
    var server: ServerSettings

    init(options: OrchestratorOptions, environment: [String: String]) throws(ConfigurationProblems) {
        var problems: [String] = []
        func text(_ flag: String?, _ names: String..., default value: String) -> String {
            flag ?? names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? value
        }
        func choice<T: RawRepresentable & CaseIterable>(_ text: String, _ what: String, default value: T) -> T
        where T.RawValue == String {
            if let found = T(rawValue: text) { return found }
            problems.append("\(what) is '\(text)', not one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
            return value
        }
        func duration(_ name: String, unit: Int64 = 1000, _ apply: (Duration) -> Void) {
            guard let text = environment[name], !text.isEmpty else { return }
            guard let number = Double(text), number > 0, number <= 604_800_000 else {
                return problems.append("\(name) is '\(text)', not a positive number")
            }
            apply(.milliseconds(Int64(number * Double(unit))))
        }

        let url = text(
            options.amqp, "TASKER_AMQP_URL", "RABBITMQ_URL", default: "amqp://guest:guest@localhost:5672/%2F")
        var parsed: AMQPURL?
        do throws(BrokerError) { parsed = try AMQPURL(url) } catch { problems.append("TASKER_AMQP_URL: \(error)") }

        let bind = text(options.bind, "TASKER_WEB_BIND_ADDRESS", default: "127.0.0.1:8080")
        let halves = bind.split(separator: ":", omittingEmptySubsequences: false)
        host = halves.dropLast().joined(separator: ":").trimmingBrackets
        port = halves.last.flatMap { Int($0) } ?? -1
        if host.isEmpty || !(0...65_535).contains(port) {
            problems.append("TASKER_WEB_BIND_ADDRESS is '\(bind)', not HOST:PORT")
        } else if host != "localhost", host != "::1", !host.hasPrefix("127."),
            environment["TASKER_ALLOW_OPEN_API"] != "1"
        {
            problems.append(
                "TASKER_WEB_BIND_ADDRESS '\(bind)' is not a loopback address and the API has no authentication yet: "
                    + "bind to 127.0.0.1, or set TASKER_ALLOW_OPEN_API=1 where the network itself keeps strangers out")
        }
        database = text(options.database, "TASKER_DATABASE", default: "tasker.sqlite")
        durability = choice(
            text(options.durability, "TASKER_DURABILITY", default: "full"), "TASKER_DURABILITY", default: .full)
        templatePatterns = TemplateFiles.patterns(
            ofSearchPath: text(options.templates, "TASKER_TEMPLATE_PATH", default: TemplateFiles.defaultPattern))
        strictTemplates = options.strictTemplates
        logLevel = choice(
            text(options.logLevel, "TASKER_LOG_LEVEL", default: "info"), "TASKER_LOG_LEVEL", default: .info)

        var tuned = OrchestratorSettings()
        let prefix = text(options.queuePrefix, "TASKER_QUEUE_PREFIX", default: QueueNames.defaultPrefix)
        if let names = QueueNames(prefix: prefix) {
            tuned.names = names
        } else {
            problems.append("TASKER_QUEUE_PREFIX is '\(prefix)', which does not match [a-z][a-z0-9_-]{0,31}")
        }
        tuned.queueType = choice(
            text(options.queueType, "TASKER_QUEUE_TYPE", default: "quorum"), "TASKER_QUEUE_TYPE", default: .quorum)
        tuned.environment = text(options.environment, "TASKER_ENV", default: "development")
        if tuned.environment == "production" { tuned.templateConflict = .reject }

        switch text(nil, "TASKER_LIFECYCLE_EVENTS", default: "off") {
        case "on": tuned.publishesLifecycleEvents = true
        case "off": break
        case let other: problems.append("TASKER_LIFECYCLE_EVENTS is '\(other)', not on or off")
        }
        func count(_ name: String, _ range: ClosedRange<Int>, _ apply: (Int) -> Void) {
            guard let text = environment[name], !text.isEmpty else { return }
            guard let number = Int(text), range.contains(number) else {
                return problems.append(
                    "\(name) is '\(text)', not a number from \(range.lowerBound) to \(range.upperBound)")
            }
            apply(number)
        }
        count("TASKER_MAX_PARALLEL_BATCHES", 1...10_000) { tuned.engine.maxParallelBatches = $0 }
        count("TASKER_MAX_WORKERS_PER_BATCH", 1...100_000) { tuned.engine.maxWorkersPerBatch = $0 }
        count("TASKER_MAX_STEPS_PER_DECISION", 1...10_000) { tuned.engine.maxStepsPerDecision = $0 }
        count("TASKER_MAX_DECISION_DEPTH", 1...1000) { tuned.engine.maxDecisionDepth = $0 }
        count("TASKER_MAX_WORKER_LOSSES", 1...1000) { tuned.engine.maxWorkerLosses = $0 }
        tuned.engine.resultSchemaPolicy = choice(
            text(nil, "TASKER_RESULT_SCHEMA_POLICY", default: "warn"), "TASKER_RESULT_SCHEMA_POLICY", default: .warn)
        tuned.inputSchemaPolicy = choice(
            text(nil, "TASKER_INPUT_SCHEMA_POLICY", default: "enforce"), "TASKER_INPUT_SCHEMA_POLICY",
            default: .enforce)
        tuned.engine.staleness.defaultAction = choice(
            text(nil, "TASKER_STALENESS_DEFAULT_ACTION", default: "none"), "TASKER_STALENESS_DEFAULT_ACTION",
            default: .none)
        tuned.engine.staleness.isDryRun = text(nil, "TASKER_STALENESS_DRY_RUN", default: "0") == "1"
        tuned.templateConflict = choice(
            text(nil, "TASKER_TEMPLATE_CONFLICT", default: tuned.templateConflict.rawValue), "TASKER_TEMPLATE_CONFLICT",
            default: tuned.templateConflict)
        duration("TASKER_RETRY_AFTER_CAP_SECONDS") { tuned.engine.retryAfterCap = $0 }
        duration("TASKER_DEFAULT_STEP_TIMEOUT_SECONDS") { tuned.engine.defaultStepTimeout = $0 }
        duration("TASKER_LEASE_SECONDS") { tuned.engine.lease = $0 }
        duration("TASKER_REDELIVERY_GRACE_SECONDS") { tuned.engine.redeliveryGrace = $0 }
        duration("TASKER_LOST_DISPATCH_SECONDS") {
            tuned.engine.lostDispatch = $0
            tuned.lostDispatchCheck = $0
        }
        duration("TASKER_WORKER_SILENCE_SECONDS") { tuned.workerSilence = $0 }
        duration("TASKER_ROUTE_STICKINESS_SECONDS") { tuned.routeStickiness = $0 }
        duration("TASKER_HEARTBEAT_INTERVAL_SECONDS") {
            tuned.limits.heartbeatIntervalMilliseconds = $0.wholeMilliseconds
        }
        duration("TASKER_ACK_DEADLINE_SECONDS") { tuned.limits.ackDeadlineMilliseconds = $0.wholeMilliseconds }

        func count(_ name: String, _ apply: (Int) -> Void) {
            guard let text = environment[name], !text.isEmpty else { return }
            guard let number = Int(text), (1...1_000_000_000).contains(number) else {
                return problems.append("\(name) is '\(text)', not a whole number from 1 on")
            }
            apply(number)
        }
        count("TASKER_MAX_OUTBOX") { tuned.backpressure.outbox = $0 }
        count("TASKER_MAX_OPEN_STEPS") { tuned.backpressure.openSteps = $0 }
        count("TASKER_MAX_OPEN_TASKS_PER_NAMESPACE") { tuned.backpressure.openTasksPerNamespace = $0 }
        var http = ServerSettings()
        count("TASKER_MAX_EVENT_STREAMS") { http.eventReaders = $0 }
        http.exposesConfiguration = environment["TASKER_EXPOSE_CONFIG"] == "1"
        // Elsewhere than on loopback the network itself keeps strangers out, and knows the server by other names.
        http.checksHost = environment["TASKER_ALLOW_OPEN_API"] != "1"

        guard problems.isEmpty, let parsed else { throw ConfigurationProblems(problems) }
        amqpURL = parsed
        settings = tuned
        server = http
    }

    var description: String {
        """
        amqp            \(amqpURL)
        bind            \(host):\(port)
        database        \(database)
        durability      \(durability.rawValue)
        templates       \(templatePatterns.joined(separator: ":"))
        environment     \(settings.environment)
        queue prefix    \(settings.names.prefix)
        queue type      \(settings.queueType.rawValue)
        log level       \(logLevel.rawValue)
        """
    }
}

extension String {
    /// `[::1]` is how a URL writes `::1`.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
