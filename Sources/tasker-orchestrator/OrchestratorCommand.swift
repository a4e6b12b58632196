import ArgumentParser
import Logging
import ServiceLifecycle
import TaskerAMQP
import TaskerMessaging
import TaskerOrchestrator
import TaskerSQLite
import TaskerServer
import TaskerStore
import TaskerTemplates
import UnixSignals

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The composition root: reads settings, joins store, broker, orchestrator and HTTP server, runs them until a signal.
@main
struct OrchestratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasker-orchestrator",
        abstract: "Runs Tasker's orchestrator: REST API, workflow engine, RabbitMQ, SQLite.",
        discussion: """
            Every setting can be given as a flag or as an environment variable; flags win.

            Example:
              tasker-orchestrator --amqp amqp://guest:guest@localhost:5672/%2F --database tasker.sqlite \\
                --templates templates/tasks --bind 127.0.0.1:8080
            """,
        version: "0.1.0")

    @OptionGroup var options: OrchestratorOptions

    func run() async throws {
        let configuration: OrchestratorConfiguration
        do {
            configuration = try OrchestratorConfiguration(options: options, environment: Self.environment())
        } catch {
            Self.fail("the configuration has problems:\n" + error.problems.map { "  - \($0)" }.joined(separator: "\n"))
        }
        if options.printConfig { return print(configuration.description) }
        do {
            try await Self.serve(configuration)
        } catch {
            Self.fail(Self.explain(error))
        }
    }

    private static func serve(_ configuration: OrchestratorConfiguration) async throws {
        let level = configuration.logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let log = Logger(label: "tasker.orchestrator")
        let templates = try readTemplates(configuration, log)
        let store = try SQLiteStore(
            path: configuration.database, settings: SQLiteSettings(durability: configuration.durability))
        let broker = AMQPBroker(
            AMQPConfiguration(url: configuration.amqpURL, connectionName: "tasker-orchestrator"), logger: log)
        let orchestrator = Orchestrator(store: store, broker: broker, settings: configuration.settings, log: log)
        let (host, port) = (configuration.host, configuration.port)
        let server = Server.application(
            for: orchestrator, host: host, port: port, settings: configuration.server,
            log: Logger(label: "tasker.http")
        ) {
            log.info("listening", metadata: ["address": "http://\(host):\($0)"])
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    // Its failure, like a refused login, is the message that counts: the others end in order and say nothing.
                    .init(service: orchestrator, failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: TemplateLoader(orchestrator, templates, log)),
                    .init(service: server),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        try await group.run()
    }

    private static func readTemplates(_ configuration: OrchestratorConfiguration, _ log: Logger) throws
        -> [TaskTemplate]
    {
        let (files, warnings) = TemplateFiles.discover(configuration.templatePatterns)
        let parser = TemplateParser()
        var findings = warnings
        var templates: [TaskTemplate] = []
        for file in files {
            for parsed in TemplateFiles.parse(file, with: parser) {
                findings += parsed.findings
                if let template = parsed.template { templates.append(template) }
            }
        }
        for finding in findings where finding.severity != .info { Terminal.standardError(finding.text) }
        let errors = findings.filter { $0.severity == .error }.count
        if errors > 0, configuration.strictTemplates {
            throw ConfigurationProblems(["\(errors) error(s) in templates (see above), and --strict-templates is set"])
        }
        if files.isEmpty {
            log.notice("no template files", metadata: ["searched": "\(configuration.templatePatterns)"])
        }
        return templates
    }

    // MARK: - Errors

    private static func explain(_ error: any Error) -> String {
        if let error = error as? ServiceGroupError { return "\(error)" }
        let text = "\(error)"
        if text.contains("errno: 98") || text.contains("EADDRINUSE") || text.contains("Address already in use") {
            return "the HTTP port is taken by another program. Choose another with --bind HOST:PORT"
        }
        return text
    }

    private static func fail(_ message: String) -> Never {
        Terminal.standardError("error: \(message)")
        Glibc.exit(2)
    }

    private static func environment() -> [String: String] {
        var values: [String: String] = [:]
        var cursor = environ
        while let entry = cursor.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                values[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            cursor += 1
        }
        return values
    }
}

enum Terminal {
    static func standardError(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
    }
}
