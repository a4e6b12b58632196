import ArgumentParser

/// One run of `tasker-ctl`, from arguments to exit status.
public struct Program: Sendable {
    public var host: Host

    public init(host: Host) { self.host = host }

    /// - Parameter arguments: without the program's name.
    public func run(_ arguments: [String]) async -> ExitStatus {
        // Errors before the format is known still obey what was typed.
        var printer = Printer(host: host, global: GlobalOptions(), format: Self.statedFormat(arguments))
        do {
            let line = try CommandLineReader.read(arguments, root: Self.tree)
            if line.wantsVersion {
                try host.output.write("tasker-ctl \(TaskerCtl.version)\n")
                return .ok
            }
            if line.wantsHelp || !line.command.subcommands.isEmpty {
                try host.output.write(HelpText.page(for: line.command, path: line.path))
                return .ok
            }
            let command = try Self.parse(line)
            let settings = try SettingsResolver.resolve(line.global, host: host)
            let format = try settings[.output].map { text in try OutputFormat(argument: text) }
            printer = Printer(host: host, global: line.global, format: format)
            for warning in settings.warnings { try printer.warning(warning) }
            let context = CommandContext(
                host: host, global: line.global, settings: settings, printer: printer, commandPath: line.path)
            try await command.run(in: context)
            return .ok
        } catch let exit as SilentExit {
            return exit.status
        } catch is ClosedPipe {
            return .ok
        } catch {
            return report(error, to: printer)
        }
    }

    static let tree = CommandTree(TaskerCtl.self)

    private func report(_ error: any Error, to printer: Printer) -> ExitStatus {
        let known = error as? CommandError ?? CommandError.failed("\(error)")
        // Nobody may be left to read it; the status still tells.
        try? printer.error(known)
        return known.status
    }

    private static func parse(_ line: CommandLineReader.Result) throws -> any TaskerCommand {
        let parsed: any ParsableCommand
        do {
            parsed = try TaskerCtl.parseAsRoot(line.arguments)
        } catch {
            let text = TaskerCtl.message(for: error)
            let first = text.split(separator: "\n").first.map(String.init) ?? "the arguments are wrong"
            let message = first.hasSuffix(".") ? String(first.dropLast()) : first
            throw CommandError.usage(message, hint: "see '\(line.path.joined(separator: " ")) --help'")
        }
        guard let command = parsed as? any TaskerCommand else {
            throw CommandError.usage("'\(line.path.joined(separator: " "))' wants a command after it")
        }
        return command
    }

    private static func statedFormat(_ arguments: [String]) -> OutputFormat? {
        for (index, word) in arguments.enumerated() {
            for flag in ["-o", "--output", "--format"] {
                if word == flag, index + 1 < arguments.count { return OutputFormat(rawValue: arguments[index + 1]) }
                if word.hasPrefix(flag + "=") { return OutputFormat(rawValue: String(word.dropFirst(flag.count + 1))) }
            }
        }
        return nil
    }
}
