/// Stable names of findings. They are API: never renamed, never reused.
public enum DiagnosticCode: String, Sendable, CaseIterable {
    // Reading.
    case yamlSyntax = "YAML_SYNTAX"
    case jsonSyntax = "JSON_SYNTAX"
    case yamlTag = "YAML_TAG"
    case yamlCharacter = "YAML_CHARACTER"
    case yamlTooLarge = "YAML_TOO_LARGE"
    case yamlTooDeep = "YAML_TOO_DEEP"
    case yamlAliasBomb = "YAML_ALIAS_BOMB"
    case yamlAliasCycle = "YAML_ALIAS_CYCLE"
    case duplicateKey = "DUPLICATE_KEY"
    case keyNotString = "KEY_NOT_STRING"
    case scalarTooLong = "SCALAR_TOO_LONG"

    // Shape of values.
    case unknownKey = "UNKNOWN_KEY"
    case legacyKey = "LEGACY_KEY"
    case aliasConflict = "ALIAS_CONFLICT"
    case aliasRepeated = "ALIAS_REPEATED"
    case missingField = "MISSING_FIELD"
    case typeMismatch = "TYPE_MISMATCH"
    case outOfRange = "OUT_OF_RANGE"
    case badEnum = "BAD_ENUM"
    case badName = "BAD_NAME"
    case tooManySteps = "TOO_MANY_STEPS"
    case tooManyDependencies = "TOO_MANY_DEPENDENCIES"

    // The template.
    case namespaceNotPortable = "NAMESPACE_NOT_PORTABLE"
    case versionNotSemver = "VERSION_NOT_SEMVER"
    case versionUnquoted = "VERSION_UNQUOTED"
    case noSteps = "NO_STEPS"
    case unknownOverrideStep = "UNKNOWN_OVERRIDE_STEP"

    // Steps and how they depend on each other.
    case duplicateStepName = "DUPLICATE_STEP_NAME"
    case reservedStepName = "RESERVED_STEP_NAME"
    case emptyCallable = "EMPTY_CALLABLE"
    case queueReserved = "QUEUE_RESERVED"
    case compositionUnsupported = "COMPOSITION_UNSUPPORTED"
    case dependencyRepeated = "DEPENDENCY_REPEATED"
    case missingDependency = "MISSING_DEP_REF"
    case selfDependency = "SELF_DEPENDENCY"
    case cycleDetected = "CYCLE_DETECTED"
    case decisionWithoutDependency = "DECISION_WITHOUT_DEPENDENCY"
    case branchJoinNotDeferred = "BRANCH_JOIN_NOT_DEFERRED"
    case orphanStep = "ORPHAN_STEP"

    // Retry, batches, events, schemas.
    case maxAttemptsZero = "MAX_ATTEMPTS_ZERO"
    case retryableFalseWithAttempts = "RETRYABLE_FALSE_WITH_ATTEMPTS"
    case backoffCapBelowBase = "BACKOFF_CAP_BELOW_BASE"
    case batchWorkerUnreferenced = "BATCH_WORKER_UNREFERENCED"
    case unknownWorkerTemplate = "UNKNOWN_WORKER_TEMPLATE"
    case batchableWithoutWorker = "BATCHABLE_WITHOUT_WORKER"
    case batchConfigIgnored = "BATCH_CONFIG_IGNORED"
    case eventName = "EVENT_NAME"
    case eventRepeated = "EVENT_REPEATED"
    case eventNoDescription = "EVENT_NO_DESCRIPTION"
    case schemaInvalid = "SCHEMA_INVALID"
    case schemaRemoteReference = "SCHEMA_REMOTE_REF"
    case schemaNotObject = "SCHEMA_NOT_OBJECT"
    case noResultSchema = "NO_RESULT_SCHEMA"

    // Finding and reading files.
    case fileUnreadable = "FILE_UNREADABLE"
    case symlinkOutside = "SYMLINK_OUTSIDE"
    case noFilesFound = "NO_FILES_FOUND"

    /// How bad a finding of this code is, unless warnings are asked to be errors.
    public var severity: Diagnostic.Severity {
        switch self {
        case .unknownKey, .aliasRepeated, .namespaceNotPortable, .versionNotSemver, .versionUnquoted, .noSteps,
            .compositionUnsupported, .dependencyRepeated, .branchJoinNotDeferred, .maxAttemptsZero,
            .retryableFalseWithAttempts, .backoffCapBelowBase, .batchableWithoutWorker, .batchConfigIgnored,
            .eventRepeated, .symlinkOutside, .noFilesFound:
            .warning
        case .legacyKey, .orphanStep, .eventNoDescription, .noResultSchema: .info
        default: .error
        }
    }

    /// Shown only when asked for.
    var isVerbose: Bool { self == .noResultSchema || self == .eventNoDescription || self == .legacyKey }
}
