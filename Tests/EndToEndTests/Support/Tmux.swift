import Foundation

/// A terminal with somebody in front of it: a tmux server of its own with one window.
struct Tmux: Sendable {
    private let socket: String
    private let configuration: String
    private let environment: [String: String]

    /// With the variable `CI` set a missing tmux is a failure, not a reason to skip.
    static var isAvailable: Bool {
        let environment = ProcessInfo.processInfo.environment
        if environment["CI"] != nil { return true }
        return (environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/tmux")
        }
    }

    /// Gives `body` a shell in a window of that size, and ends everything in it afterwards.
    static func run(
        in directory: URL, columns: Int, rows: Int, environment: [String: String], _ body: (Tmux) async throws -> Void
    ) async throws {
        let id = UUID().uuidString.prefix(8).lowercased()
        let tmux = Tmux(
            socket: directory.appendingPathComponent("tmux-\(id)").path,
            configuration: directory.appendingPathComponent("tmux.conf").path, environment: environment)
        try """
        set -g status off
        set -g escape-time 0
        set -g default-command "exec /bin/bash --norc --noprofile"
        """.write(toFile: tmux.configuration, atomically: true, encoding: .utf8)
        try await tmux.tell("new-session", "-d", "-s", "main", "-x", "\(columns)", "-y", "\(rows)")
        if let server = pid_t(try await tmux.ask("#{pid}")) { Guardian.shared.watch(server) }
        do {
            try await tmux.type("PS1='$ '; bind 'set enable-bracketed-paste off'; clear")
            try await eventually("the shell shows its prompt") { try await tmux.screen() == ["$"] }
            try await body(tmux)
        } catch {
            let screen = (try? await tmux.history()) ?? []
            _ = try? await tmux.tell("kill-server")
            throw Failure("\(error)\nthe terminal shows:\n\(screen.joined(separator: "\n"))")
        }
        try await tmux.tell("kill-server")
    }

    /// A line and Return.
    func type(_ line: String) async throws {
        try await tell("send-keys", "-l", "-t", "main", line)
        try await press("Enter")
    }

    func press(_ key: String) async throws { try await tell("send-keys", "-t", "main", key) }

    func resize(columns: Int, rows: Int) async throws {
        try await tell("resize-window", "-t", "main", "-x", "\(columns)", "-y", "\(rows)")
    }

    /// The lines in sight, without empty ones at the end.
    func screen() async throws -> [String] { Self.lines(try await tell("capture-pane", "-p", "-t", "main")) }

    /// The same with what has scrolled away.
    func history() async throws -> [String] {
        Self.lines(try await tell("capture-pane", "-p", "-S", "-", "-t", "main"))
    }

    var isCursorVisible: Bool {
        get async throws { try await ask("#{cursor_flag}") == "1" }
    }

    /// From now on every byte that programs write goes into the file, too.
    func record(to file: URL) async throws {
        try await tell("pipe-pane", "-t", "main", "cat >> '\(file.path)'")
    }

    // MARK: -

    private func ask(_ format: String) async throws -> String {
        try await tell("display-message", "-p", "-t", "main", format).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    @discardableResult
    private func tell(_ arguments: String...) async throws -> String {
        let all = ["-S", socket, "-f", configuration] + arguments
        let environment = environment
        return try await blocking { try Spawn.run("/usr/bin/env", ["tmux"] + all, environment: environment) }
    }
}
