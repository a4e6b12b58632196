/// An id of one kind of thing. Two kinds never mix by accident: a `TaskID` is no `StepID`.
public struct Identifier<Kind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let uuid: UUIDValue

    public init(_ uuid: UUIDValue) { self.uuid = uuid }

    /// Reads the 36-character UUID form; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let uuid = UUIDValue(text) else { return nil }
        self.uuid = uuid
    }

    public var description: String { uuid.description }

    public static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }
}

public enum TaskKind {}
public enum StepKind {}
public enum DispatchKind {}
public enum CorrelationKind {}

/// One workflow run.
public typealias TaskID = Identifier<TaskKind>
/// One step of one task.
public typealias StepID = Identifier<StepKind>
/// One `step.execute` message. Every dispatch (retry, resend, checkpoint continuation) has its own.
public typealias DispatchID = Identifier<DispatchKind>
/// Ties the tasks and log lines of one business transaction together.
public typealias CorrelationID = Identifier<CorrelationKind>
