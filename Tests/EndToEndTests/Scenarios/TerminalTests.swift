import Foundation
import TaskerProtocol
import Testing

/// `task watch` in front of somebody's eyes.
extension EndToEnd {
    @Suite(.serialized, .enabled(if: Tmux.isAvailable, "needs tmux: run scripts/install-dependencies test"))
    struct Terminal {
        private static let chain = [
            StepSpec(name: "gather", handler: "test.sleep", settings: ["milliseconds": 2500]),
            StepSpec(name: "charge", handler: "test.sleep", after: ["gather"], settings: ["milliseconds": 2500]),
            StepSpec(name: "ship", handler: "test.noop", after: ["charge"]),
        ]

        /// State of each step, as the table shows it.
        private static func states(_ screen: [String]) -> [String: String] {
            guard let heading = screen.lastIndex(where: { $0.hasPrefix("STEP ") }) else { return [:] }
            var states: [String: String] = [:]
            for line in screen[(heading + 1)...] {
                let words = line.split(separator: " ")
                guard words.count > 2 else { break }
                states[String(words[0])] = String(words[1])
            }
            return states
        }

        @Test func watchDrawsATreeInPlaceFromWaitingToComplete() async throws {
            try await TaskerSystem.run { system in
                try await system.register("chain", Self.chain)
                let task = try await system.create("chain")
                try await Tmux.run(
                    in: system.directory, columns: 100, rows: 30, environment: try system.controlEnvironment()
                ) { tmux in
                    try await tmux.type("tasker-ctl task watch \(task); echo \"exit=$?\"")
                    // Nobody is there to do the work.
                    try await eventually("all steps wait") {
                        let states = Self.states(try await tmux.screen())
                        return states["charge"] == "pending" && states["ship"] == "pending"
                            && ["pending", "enqueued"].contains(states["gather"])
                    }
                    try await system.startWorker(.swift)
                    try await eventually("the first step runs") {
                        Self.states(try await tmux.screen())["gather"] == "in_progress"
                    }
                    try await tmux.resize(columns: 60, rows: 20)
                    try await eventually("it is drawn anew at the new size") {
                        let screen = try await tmux.screen()
                        return screen.allSatisfy { $0.count <= 60 } && screen.count { $0.hasPrefix("STEP ") } == 1
                            && Self.states(screen).count == 3
                    }
                    try await eventually("the first step is complete and the second runs") {
                        let states = Self.states(try await tmux.screen())
                        return states["gather"] == "complete" && states["charge"] == "in_progress"
                    }
                    try await tmux.resize(columns: 120, rows: 30)
                    try await eventually("the task is complete") {
                        try await tmux.screen().contains("exit=0")
                    }
                    let screen = try await tmux.history()
                    let page = try #require(screen.firstIndex { $0.hasPrefix("e2e/chain@1.0.0  \(task)") })
                    // The command, the table, its end, a prompt: nothing else, above neither.
                    #expect(page <= 2 && screen[..<page].joined().contains("$ tasker-ctl task watch"), "\(screen)")
                    #expect(screen[page + 1].hasPrefix("complete  [####################]  3/3 steps  "))
                    #expect(screen[page + 2].isEmpty)
                    let rows = screen[(page + 3)..<(page + 7)].map { $0.split(separator: " ") }
                    #expect(
                        rows.map { $0.prefix(3) } == [
                            ["STEP", "STATE", "ATTEMPTS"], ["gather", "complete", "1/3"],
                            ["charge", "complete", "1/3"],
                            ["ship", "complete", "1/3"],
                        ])
                    #expect(screen[page + 5].hasPrefix("  charge") && screen[page + 6].hasPrefix("    ship"))
                    // A handler's own time, whatever the machine made of the rest.
                    #expect(rows[1][3].hasSuffix("ms") && Int(rows[1][3].dropLast(2)) ?? 0 >= 2500, "\(rows)")
                    #expect(screen[(page + 7)...] == ["exit=0", "$"], "\(screen)")
                    #expect(try await tmux.isCursorVisible)
                }
            }
        }

        @Test func ctrlCLeavesTheTerminalCleanAndTheTaskGoing() async throws {
            try await TaskerSystem.run { system in
                try await system.register("chain", Self.chain)
                let task = try await system.create("chain")
                try await Tmux.run(
                    in: system.directory, columns: 100, rows: 30, environment: try system.controlEnvironment()
                ) { tmux in
                    for command in ["task watch \(task)", "task create e2e/chain --wait"] {
                        try await tmux.type("clear; tasker-ctl \(command); echo \"exit=$?\"")
                        try await eventually("it shows the task") {
                            try await tmux.screen().contains { $0.contains("0/3 steps") }
                        }
                        try await tmux.press("C-c")
                        try await eventually("it ends") { try await tmux.screen().contains("exit=130") }
                        let screen = try await tmux.screen()
                        let message = try #require(
                            screen.first { $0.hasPrefix("error: interrupted; task ") }, "\(screen)")
                        let words = message.split(separator: " ")
                        #expect(message.hasSuffix(" goes on"))
                        #expect(screen.contains("hint: follow it with 'tasker-ctl task watch \(words[3])'"))
                        #expect(screen.last == "$")
                        #expect(try await tmux.isCursorVisible)
                    }
                    try await system.startWorker(.swift)
                    try await system.waitUntil(task, is: "complete")
                }
            }
        }

        @Test func withoutColourNoEscapeIsWritten() async throws {
            try await TaskerSystem.run { system in
                try await system.register("quick", [StepSpec(name: "only", handler: "test.noop")])
                try await system.startWorker(.swift)
                let task = try await system.create("quick")
                try await system.waitUntil(task, is: "complete")
                for setting in ["NO_COLOR=1", "TERM=dumb"] {
                    let file = system.directory.appendingPathComponent("bytes-\(setting)")
                    try await Tmux.run(
                        in: system.directory, columns: 100, rows: 40, environment: try system.controlEnvironment()
                    ) { tmux in
                        let commands = [
                            "task watch \(task)", "task list", "task steps \(task)", "queue list --watch --timeout 1s",
                            "frobnicate", "task create e2e/quick --wait", "worker list", "template list",
                        ]
                        // `read` keeps the shell's own editing of lines out of the recording.
                        let script = system.directory.appendingPathComponent("commands.sh")
                        let lines = commands.map { "\(setting) tasker-ctl \($0)" }
                        try (["echo ready", "read -r"] + lines + ["echo all-shown", "read -r"]).joined(separator: "\n")
                            .write(to: script, atomically: true, encoding: .utf8)
                        try await tmux.type("bash '\(script.path)'")
                        try await eventually("it can begin") { try await tmux.screen().contains("ready") }
                        try await tmux.record(to: file)
                        try await tmux.press("Enter")
                        try await eventually("all is shown") { try await tmux.screen().contains("all-shown") }
                    }
                    let bytes = try Data(contentsOf: file)
                    let text = String(decoding: bytes, as: UTF8.self)
                    #expect(text.contains("task  complete") && text.contains("QUEUE"), "\(text)")
                    #expect(!bytes.contains(0x1B), "\(text.debugDescription)")
                }
            }
        }
    }
}
