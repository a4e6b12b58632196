import Logging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

extension Coordinator {
    func register(_ request: RegisterTemplates) {
        let results = request.templates.map { template -> Result<RegisterTemplates.Outcome, OrchestratorError> in
            do throws(OrchestratorError) { return .success(try register(template)) } catch { return .failure(error) }
        }
        afterCommit.replies.append { request.reply(results) }
    }

    private func register(_ template: TaskTemplate) throws(OrchestratorError) -> RegisterTemplates.Outcome {
        let hash = template.hash
        let known = templates.find(
            namespace: template.namespace, name: template.name, version: template.version)
        if let known {
            if known.revision.hash == hash { return RegisterTemplates.Outcome(revision: known.revision, isNew: false) }
            guard settings.templateConflict == .update else {
                throw OrchestratorError(
                    .conflict,
                    "template \(template.namespace)/\(template.name) version \(template.version) is registered with other content",
                    hint: "Give the changed template a new version")
            }
        }
        let revision = TemplateRevision(
            namespace: template.namespace, name: template.name, version: template.version,
            revision: (known?.revision.revision ?? 0) + 1, hash: hash, canonical: RawJSON(template.canonicalJSON),
            registeredAt: now)
        templates.insert(revision, template, plans: plans)
        newTemplates.append(revision)
        mustCommit = true
        addNotice("template.registered", "\(template.namespace)/\(template.name) \(template.version)")
        log.info(
            "template registered",
            metadata: [
                "template": .string("\(template.namespace)/\(template.name)"), "version": .string(template.version),
                "revision": "\(revision.revision)",
            ])
        return RegisterTemplates.Outcome(revision: revision, isNew: true)
    }
}
