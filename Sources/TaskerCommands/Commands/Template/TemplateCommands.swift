import ArgumentParser

struct TemplateCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template",
        abstract: "Generate handlers; check, show and compare task templates.",
        discussion: """
            Example:
              tasker-ctl template validate config/tasks
            """,
        subcommands: [
            TemplateListCommand.self, TemplateInfoCommand.self, TemplateGenerateCommand.self,
            TemplateValidateCommand.self, TemplateRegisterCommand.self, TemplateShowCommand.self,
            TemplateVisualizeCommand.self,
            TemplateDiffCommand.self,
        ])
}
