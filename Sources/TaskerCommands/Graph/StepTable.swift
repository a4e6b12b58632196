import TaskerProtocol
import TaskerTemplates

/// The table of steps that goes with a picture.
enum StepTable {
    static func markdown(_ template: TaskTemplate) -> String {
        var text = "| Step | Type | Handler | Dependencies | Schema fields | Retry |\n|---|---|---|---|---|---|\n"
        for step in template.steps { text += "| " + cells(step).map(escaped).joined(separator: " | ") + " |\n" }
        return text
    }

    private static func cells(_ step: StepTemplate) -> [String] {
        let fields = (step.resultSchema?["properties"]?.objectValue?.keys.sorted() ?? []).joined(separator: ", ")
        let retry = step.retry
        let attempts = retry.attemptLimit == 1 ? "1 attempt" : "\(retry.attemptLimit) attempts"
        let delays =
            retry.attemptLimit == 1 ? "" : ", \(retry.backoff.rawValue) from \(retry.backoffBaseMilliseconds) ms"
        return [
            step.name, step.type.rawValue, step.handler.callable + (step.handler.method.map { "#" + $0 } ?? ""),
            step.dependencies.isEmpty ? "-" : step.dependencies.joined(separator: ", "), fields.isEmpty ? "-" : fields,
            attempts + delays,
        ]
    }

    private static func escaped(_ text: String) -> String {
        TextTable.clean(text).replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("<", with: "&lt;")
    }
}
