import Foundation

/// The plugins of `tasker-ctl template generate`, and what their languages need to run what they make.
enum Plugin: String, Sendable, CaseIterable {
    case python, rails, typescript, rust, swift

    var name: String { "tasker-contrib-\(rawValue)" }
    /// As `-l` has it.
    var language: String { self == .rails ? "ruby" : rawValue }

    /// Cargo is not among the packages a checkout must have.
    static let usable: [Plugin] = allCases.filter { plugin in
        guard plugin == .rust else { return true }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/cargo") }
    }

    /// A command of a generated Swift project, with the programs that are built: `swift build` would build the SDK once
    /// more, which takes minutes, so the package is compiled against the one this test belongs to.
    static func adapted(_ line: String) -> String {
        guard line.hasPrefix("swift run ") else { return line }
        return "\(compilation) && build/\(line.dropFirst("swift run ".count))"
    }

    private static let compilation =
        "\(Repository.root.appendingPathComponent("scripts/lib/compile-package").path) . build"

    /// The command that serves handlers of `step_handler*`, as the plugin tells.
    /// - Parameter names: in snake case.
    func serving(_ names: [String], namespace: String) -> String {
        let flags = "--namespace \(namespace)"
        switch self {
        case .python:
            return "python -m tasker_core.worker \(names.map { $0 + "_handler" }.joined(separator: " ")) \(flags)"
        case .rails:
            return "tasker-worker-ruby \(names.map { "-r \($0)_handler.rb" }.joined(separator: " ")) \(flags)"
        case .typescript:
            let compiler =
                "tsc --strict --target ES2022 --module node16 --moduleResolution node16 --lib ES2022,DOM --outDir dist"
            let worker = "node node_modules/@tasker-systems/tasker/bin/tasker-worker.js dist"
            return "\(compiler) *-handler.ts && \(worker) \(flags)"
        case .rust:
            let handlers = names.flatMap { name in
                ["--handler", name, "--handler", name.split(separator: "_").map(\.capitalized).joined() + "Handler"]
            }
            let worker = "tasker-ctl worker exec \(flags) \(handlers.joined(separator: " "))"
            return "cargo build --offline --quiet && \(worker) -- target/debug/handlers"
        case .swift: return "\(Self.compilation) && build/worker"
        }
    }
}
