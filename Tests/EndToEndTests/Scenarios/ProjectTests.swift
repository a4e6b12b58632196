import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    /// `tasker-ctl init`, then the commands that it prints.
    @Test func aNewProjectRunsWithTheCommandsItPrints() async throws {
        try await TaskerSystem.run(startsOrchestrator: false) { system in
            let projects = system.directory.appendingPathComponent("projects")
            let programs = try await system.installWorkers()
            let languages = ["python", "ruby", "typescript"]
            let program = try Repository.program("tasker-ctl").path
            var printed: [String: ControlRun] = [:]
            for language in languages {
                let folder = projects.appendingPathComponent(language).path
                printed[language] = try await system.run(program, ["init", folder, "-l", language], [:])
            }
            // All three have the same template.
            try await system.startOrchestrator([
                "TASKER_TEMPLATE_PATH": projects.appendingPathComponent("python/config/tasks").path
            ])
            for language in languages {
                let folder = projects.appendingPathComponent(language)
                if language == "typescript" { try Self.installTypeScriptSDK(in: folder) }
                let notes = printed[language]?.errors ?? ""
                let commands = notes.split(separator: "\n").filter { $0.hasPrefix("  ") }
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                try #require(commands.count == 3, "\(notes)")
                #expect(commands[0] == "tasker-orchestrator --templates config/tasks")
                let environment = try system.controlEnvironment()
                let path = programs.path + ":" + (environment["PATH"] ?? "")
                let worker = try system.start(
                    "project-\(language)", URL(fileURLWithPath: "/bin/bash"),
                    ["--norc", "-c", "cd '\(folder.path)' && \(Self.execed(commands[1]))"],
                    environment: environment.merging(["PATH": path]) { $1 })
                let run = try await system.shell("cd '\(folder.path)' && \(commands[2]) --timeout 100s -o jsonl")
                #expect(run.exit == .status(0), "\(language): \(run) \(worker.output)")
                #expect(try run.json().text("status") == "complete")
                try await worker.stop()
            }
        }
    }

    /// So that a signal goes to the worker, not to the shell before it.
    private static func execed(_ command: String) -> String {
        let parts = command.components(separatedBy: " && ")
        return (parts.dropLast() + ["exec " + (parts.last ?? "")]).joined(separator: " && ")
    }

    private static func installTypeScriptSDK(in folder: URL) throws {
        let modules = folder.appendingPathComponent("node_modules/@tasker-systems")
        try FileManager.default.createDirectory(at: modules, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: modules.appendingPathComponent("tasker"),
            withDestinationURL: Repository.root.appendingPathComponent("sdks/typescript"))
    }
}

extension TaskerSystem {
    /// The programs of the SDKs, as installing those puts them on the path.
    fileprivate func installWorkers() async throws -> URL {
        let folder = directory.appendingPathComponent("bin")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let sdks = Repository.root.appendingPathComponent("sdks").path
        let programs = [
            "python": "exec '\(try await Repository.python.value)' \"$@\"",
            "tasker-worker-ruby": "exec ruby -I '\(sdks)/ruby/lib' '\(sdks)/ruby/exe/tasker-worker-ruby' \"$@\"",
            "tasker-worker-typescript": "exec node '\(sdks)/typescript/bin/tasker-worker.js' \"$@\"",
        ]
        for (name, line) in programs {
            let file = folder.appendingPathComponent(name).path
            try "#!/bin/sh\n\(line)\n".write(toFile: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        }
        return folder
    }
}
