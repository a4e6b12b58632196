/// Makes the files of one template; touches nothing.
struct ScaffoldGenerator {
    struct Result: Sendable {
        var files: FileSet
        /// Files of `files` that the caller leaves out where they exist.
        var shared: Set<String>
        var next: String?
    }

    static func generate(
        _ template: ScaffoldTemplate, of plugin: Plugin, arguments: [String]
    ) throws -> Result {
        let values = try ParameterReader(template: template, plugin: plugin).read(arguments)
        var result = Result(files: FileSet(), shared: [])
        do {
            for output in template.outputs {
                let manifest = template.path + "/template.toml"
                let name = try TemplateRenderer.render(output.filename, file: manifest, variables: values)
                let directory = try TemplateRenderer.render(
                    output.subdirectory ?? "", file: manifest, variables: values)
                let path = directory.isEmpty ? name : directory + "/" + name
                let content = try TemplateRenderer.render(
                    template.sources[output.template] ?? "", file: "\(template.path)/\(output.template)",
                    variables: values)
                result.files.add(path, content)
                if output.onlyWhenAbsent { result.shared.insert(path) }
            }
            result.next = try template.next.map {
                try TemplateRenderer.render($0, file: template.path + "/template.toml", variables: values)
            }
        } catch let failure as TemplateFailure {
            throw CommandError.failed(
                "the plugin \(plugin.name) is broken: \(failure.text)",
                hint: "see 'tasker-ctl plugin validate'")
        }
        return result
    }
}
