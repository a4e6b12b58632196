import ArgumentParser
import TaskerProtocol

/// The flags of commands that write files. Here `-o` is a path, and `--format` the output format.
struct WritingOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .long, .customLong("output-dir")], help: "Directory that the files go to.")
    var output: String?

    @Flag(help: "Write over files that are there.")
    var force = false

    @Flag(help: "Print paths and contents, write nothing.")
    var dryRun = false

    /// Writes the files, or shows them, and lists them on standard output.
    func write(_ files: FileSet, to shown: String, kind: String, in context: CommandContext) throws {
        let printer = context.printer
        if !dryRun { try files.write(to: context.host.resolve(shown), shown: shown, force: force) }
        let paths = files.files.map { shown == "." ? $0.path : shown + "/" + $0.path }
        let items: [JSONValue] = zip(files.files, paths).map { file, path in
            var members: [String: JSONValue] = ["path": .string(path), "bytes": .number(file.content.utf8.count)]
            if dryRun { members["content"] = .string(file.content) }
            return .object(members)
        }
        let body: JSONValue = ["template": .string(kind), "written": .bool(!dryRun), "files": .array(items)]
        try printer.list(body: body, items: items, names: paths, table: nil)
        guard printer.format == .table else { return }
        for (file, path) in zip(files.files, paths) {
            if dryRun {
                try printer.write("--- \(path)\n\(file.content)")
            } else {
                try printer.line("wrote \(path)")
            }
        }
    }
}
