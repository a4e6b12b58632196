import Foundation
import Testing

/// Texts kept as files, as they must come out again. `UPDATE_GOLDEN=1` in the environment of the tests writes them anew.
enum Golden {
    static let folder = Toolchain.root + "/Tests/TaskerCommandsTests/Golden"
    private static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil

    static func expect(
        _ text: String, is name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = "\(folder)/\(name).txt"
        if isUpdating { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        let kept = try? String(contentsOfFile: path, encoding: .utf8)
        let hint: Comment = "Golden/\(name).txt differs; if the new text is right, run these tests with UPDATE_GOLDEN=1"
        #expect(kept == text, hint, sourceLocation: sourceLocation)
    }

    /// Names of the files in a folder, without their ending.
    static func names(in part: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)").filter { $0.hasSuffix(".txt") }
            .map { String($0.dropLast(4)) }.sorted()
    }
}
