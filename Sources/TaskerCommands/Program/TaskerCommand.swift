import ArgumentParser

/// A command of `tasker-ctl`: arguments by ArgumentParser, the world by its context.
public protocol TaskerCommand: AsyncParsableCommand, Sendable {
    /// - Throws: ``CommandError`` for what the user can mend, ``SilentExit`` when all has been said.
    func run(in context: CommandContext) async throws
}

extension TaskerCommand {
    // Only the program runs commands; ArgumentParser wants one all the same.
    public func run() async throws { throw CleanExit.helpRequest(self) }
}

/// What a command works with.
public struct CommandContext: Sendable {
    public var host: Host
    public var global: GlobalOptions
    public var settings: Settings
    public var printer: Printer
    /// The command as typed, without its arguments: `tasker-ctl template list`.
    public var commandPath: [String]

    public init(
        host: Host, global: GlobalOptions, settings: Settings, printer: Printer, commandPath: [String]
    ) {
        self.host = host
        self.global = global
        self.settings = settings
        self.printer = printer
        self.commandPath = commandPath
    }
}
