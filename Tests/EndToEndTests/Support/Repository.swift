import Foundation

struct Failure: Error, CustomStringConvertible {
    let description: String
    /// Waiting longer would not help.
    let isFinal: Bool

    init(_ description: String, isFinal: Bool = false) {
        self.description = description
        self.isFinal = isFinal
    }
}

/// Where this run's programs and files are.
enum Repository {
    static let root: URL = {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: folder.appendingPathComponent("scripts/rabbitmq").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    static let handlers = root.appendingPathComponent("Tests/EndToEndTests/handlers")

    /// A product of this package: in `TASKER_BIN_DIR`, else beside the test bundle.
    static func program(_ name: String) throws -> URL {
        var folders: [URL] = []
        if let folder = ProcessInfo.processInfo.environment["TASKER_BIN_DIR"] {
            folders = [URL(fileURLWithPath: folder)]
        } else {
            // On Linux the bundle is the test program itself; a test helper of the toolchain names it as an argument.
            let hints = [Bundle.main.bundlePath, Bundle.main.executablePath ?? ""] + CommandLine.arguments
            for hint in hints where hint.contains(".build") || hint.hasSuffix(".xctest") {
                var folder = URL(fileURLWithPath: hint).resolvingSymlinksInPath()
                for _ in 0..<3 {
                    folders.append(folder)
                    folder.deleteLastPathComponent()
                }
            }
        }
        for folder in folders {
            let file = folder.appendingPathComponent(name)
            if FileManager.default.isExecutableFile(atPath: file.path) { return file }
        }
        throw Failure(
            "\(name) is not built: run `swift build`, or set TASKER_BIN_DIR (looked in \(folders.map(\.path)))")
    }

    /// An interpreter that has the Python SDK: `TASKER_TEST_PYTHON`, else the environment the scripts make.
    static let python = Task.detached { () throws -> String in
        if let path = ProcessInfo.processInfo.environment["TASKER_TEST_PYTHON"] { return path }
        return try await blocking {
            let text = try Spawn.run(root.appendingPathComponent("scripts/python-environment").path, ["run"])
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
