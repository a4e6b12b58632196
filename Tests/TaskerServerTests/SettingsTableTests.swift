import Foundation
import Testing

/// The table of settings in docs/operations.md names what the orchestrator reads, and nothing else.
@Suite("Table of settings")
struct SettingsTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    private func names(in text: Substring, quotedBy quote: Character) -> Set<String> {
        Set(
            text.split(separator: quote).filter { word in
                word.hasPrefix("TASKER_") && word.allSatisfy { $0.isASCII && ($0.isUppercase || $0 == "_") }
            }.map(String.init))
    }

    @Test func isComplete() throws {
        let program = Self.root.appending(path: "Sources/tasker-orchestrator")
        var read: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(at: program, includingPropertiesForKeys: nil) {
            read.formUnion(names(in: try String(contentsOf: file, encoding: .utf8)[...], quotedBy: "\""))
        }
        #expect(read.count > 30)
        let document = try String(contentsOf: Self.root.appending(path: "docs/operations.md"), encoding: .utf8)
        let table = document.split(separator: "\n").filter { $0.hasPrefix("|") }.joined(separator: "\n")
        let described = names(in: table[...], quotedBy: "`")
        #expect(read.subtracting(described) == [], "read, and not in the table")
        #expect(described.subtracting(read) == [], "in the table, and not read")
    }
}
