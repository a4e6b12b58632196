import TaskerTemplates
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Discovery on real directories.
@Suite final class FileTests {
    private let root = FileTests.temporaryPath()

    init() throws { try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: root) }

    private static func temporaryPath() -> String {
        FileManager.default.temporaryDirectory.path + "/tasker-templates-\(UUID().uuidString)"
    }

    private func write(_ path: String, _ text: String = "") throws {
        let full = root + "/" + path
        let directory = String(full[..<(full.lastIndex(of: "/") ?? full.startIndex)])
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: full, contents: Data(text.utf8)))
    }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: root + "/" + path, withDestinationPath: target)
    }

    private func discover(_ patterns: String...) -> (files: [String], warnings: [String]) {
        let found = TemplateFiles.discover(patterns.map { root + $0 })
        let names = found.files.map { String($0.dropFirst(root.count + 1)) }
        return (names, found.warnings.map { "\($0.code.rawValue) \($0.file.dropFirst(root.count + 1))" })
    }

    @Test func directoriesFilesAndPatterns() throws {
        for path in ["b.yaml", "a.yml", "Z.yaml", "c.txt", "d/e.yaml", "d/f/g.yml", ".hidden/h.yaml", "d/.i.yaml"] {
            try write(path)
        }
        let all = ["Z.yaml", "a.yml", "b.yaml", "d/e.yaml", "d/f/g.yml"]
        #expect(discover("").files == all)
        #expect(discover("/**/*.{yml,yaml}").files == all)
        #expect(discover("/*.yaml").files == ["Z.yaml", "b.yaml"])
        #expect(discover("/d/**/*.yml").files == ["d/f/g.yml"])
        #expect(discover("/[a-b].y*").files == ["a.yml", "b.yaml"])
        #expect(discover("/[!a].yaml", "/?.yml", "/b.yaml").files == ["Z.yaml", "a.yml", "b.yaml"])
        #expect(discover("/c.txt").files == ["c.txt"])
        #expect(discover("/.hidden/*.yaml").files == [".hidden/h.yaml"])
        #expect(discover("/nothing", "/x*.yaml").warnings == ["NO_FILES_FOUND nothing", "NO_FILES_FOUND x*.yaml"])
    }

    @Test func linksStayInside() throws {
        try write("tasks/a.yaml")
        try write("elsewhere/b.yaml")
        try write("tasks/real/c.yaml")
        try link("tasks/out.yaml", to: root + "/elsewhere/b.yaml")
        try link("tasks/outdir", to: root + "/elsewhere")
        try link("tasks/in.yaml", to: "a.yaml")
        try link("tasks/indir", to: "real")
        try link("tasks/gone.yaml", to: "nowhere")
        try link("tasks/real/loop", to: "..")
        let found = discover("/tasks")
        #expect(found.files == ["tasks/a.yaml", "tasks/in.yaml", "tasks/indir/c.yaml", "tasks/real/c.yaml"])
        #expect(found.files.allSatisfy { !$0.contains("out") })
        #expect(
            found.warnings
                == [
                    "FILE_UNREADABLE tasks/gone.yaml", "SYMLINK_OUTSIDE tasks/out.yaml", "SYMLINK_OUTSIDE tasks/outdir",
                ])
    }

    @Test func searchPaths() {
        #expect(TemplateFiles.patterns(ofSearchPath: "a:/b/**/*.yaml::c") == ["a", "/b/**/*.yaml", "c"])
    }

    @Test func filesAreParsed() throws {
        try write("good.yaml", head + "steps:\n" + step("a"))
        try write("large.yaml", String(repeating: "#", count: (1 << 20) + 1))
        let parser = TemplateParser()
        #expect(TemplateFiles.parse(root + "/good.yaml", with: parser).map { $0.template?.name } == ["t"])
        #expect(
            TemplateFiles.parse(root + "/large.yaml", with: parser).flatMap(\.findings).map(\.code) == [.yamlTooLarge])
        let missing = TemplateFiles.parse(root + "/missing.yaml", with: parser)
        #expect(missing.flatMap(\.findings).map(\.code) == [.fileUnreadable])
        #expect(missing.first?.findings.first?.message == "the file cannot be read: No such file or directory")
    }
}
