import TaskerProtocol

/// Types made from JSON Schemas, before any language has a say.
struct CodeModel: Sendable {
    indirect enum TypeRef: Sendable, Hashable {
        case string, integer, number, boolean, any
        /// Names of the declaration.
        case model(String)
        case enumeration(String)
        case list(TypeRef)
        case map(TypeRef)
    }

    struct Field: Sendable {
        var jsonName: String
        var type: TypeRef
        /// False also for fields that may be null.
        var isRequired: Bool
        var description: String?
    }

    struct Model: Sendable {
        var name: String
        var description: String?
        var fields: [Field]
    }

    struct Enumeration: Sendable {
        var name: String
        var values: [String]
    }

    enum Declaration: Sendable {
        case model(Model)
        case enumeration(Enumeration)
        /// A schema that is no object: its name stands for that type.
        case alias(String, TypeRef)

        var name: String {
            switch self {
            case .model(let model): model.name
            case .enumeration(let enumeration): enumeration.name
            case .alias(let name, _): name
            }
        }
    }

    /// What stands alone first, what uses it after it.
    var declarations: [Declaration] = []
    /// Of the task's input; nil when the template has no input_schema.
    var input: String?
    /// By step, of those with a result_schema.
    var results: [String: String] = [:]
    var warnings: [String] = []

    func model(_ name: String) -> Model? {
        for case .model(let model) in declarations where model.name == name { return model }
        return nil
    }

    func enumeration(_ name: String) -> Enumeration? {
        for case .enumeration(let enumeration) in declarations where enumeration.name == name { return enumeration }
        return nil
    }

    func alias(_ name: String) -> TypeRef? {
        for case .alias(name, let type) in declarations { return type }
        return nil
    }

    /// Whether any field has this type somewhere inside.
    func uses(_ wanted: (TypeRef) -> Bool) -> Bool {
        func contains(_ type: TypeRef) -> Bool {
            if wanted(type) { return true }
            switch type {
            case .list(let inner), .map(let inner): return contains(inner)
            default: return false
            }
        }
        return declarations.contains { declaration in
            switch declaration {
            case .model(let model): model.fields.contains { contains($0.type) }
            case .alias(_, let type): contains(type)
            case .enumeration: false
            }
        }
    }
}
