import Foundation
import TaskerTemplates

/// Task templates of files, directories and standard input.
struct TemplateInput {
    struct Source: Sendable {
        /// As named by the user; `-` for standard input.
        var file: String
        var text: String
        var templates: [ParsedTemplate]
    }

    /// Everything that the paths name, in byte order of the files.
    /// - Throws: not found for a path that is not there.
    static func read(
        _ paths: [String], options: TemplateParser.Options, host: Host
    ) throws -> (sources: [Source], warnings: [Diagnostic]) {
        let parser = TemplateParser(options: options)
        var sources: [Source] = []
        var warnings: [Diagnostic] = []
        for path in paths {
            if path == "-" {
                let bytes = try host.readInput()
                sources.append(
                    Source(
                        file: "-", text: String(decoding: bytes, as: UTF8.self),
                        templates: parser.parse(yaml: bytes, file: "-")))
                continue
            }
            let isPattern = path.contains("*") || path.contains("{")
            guard isPattern || FileSet.exists(host.resolve(path)) else {
                throw CommandError.notFound("there is no file or directory '\(path)'")
            }
            let (files, found) = TemplateFiles.discover([host.resolve(path)])
            warnings += found
            for file in files {
                let shown = shortened(file, host)
                // The parser reads the file itself under its limits; the text is for excerpts only.
                var templates = TemplateFiles.parse(file, with: parser)
                for index in templates.indices {
                    for finding in templates[index].findings.indices { templates[index].findings[finding].file = shown }
                }
                let data = FileManager.default.contents(atPath: file) ?? Data()
                sources.append(
                    Source(
                        file: shown, text: String(decoding: data.prefix(1 << 20), as: UTF8.self), templates: templates))
            }
        }
        return (sources, warnings)
    }

    /// The one valid template of a file.
    static func single(_ path: String, host: Host) throws -> (template: TaskTemplate, source: Source) {
        let (sources, _) = try read([path], options: TemplateParser.Options(), host: host)
        let parsed = sources.flatMap(\.templates)
        if let bad = parsed.flatMap(\.findings).first(where: { $0.severity == .error }) {
            throw CommandError.failed(
                "the template is not valid: \(bad.text.split(separator: "\n")[0])",
                hint: "see 'tasker-ctl template validate \(path)'")
        }
        let templates = parsed.compactMap(\.template)
        guard let template = templates.first,
            let source = sources.first(where: { $0.templates.contains { $0.template != nil } })
        else {
            throw CommandError.failed("'\(path)' holds no template")
        }
        guard templates.count == 1 else {
            throw CommandError.usage("'\(path)' holds \(templates.count) templates; name a file with one")
        }
        return (template, source)
    }

    private static func shortened(_ path: String, _ host: Host) -> String {
        let prefix = host.workingDirectory + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }
}
