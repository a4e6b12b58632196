/// What a store could not do. `description` says what happened and what to do about it.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Cannot be reached or opened.
        case unavailable
        /// No space left.
        case full
        /// The file is not what it should be.
        case corrupt
        /// Written by a newer version of the program.
        case tooNew
        /// Another process uses it.
        case locked
        /// Another orchestrator has taken over the partition.
        case fenced
        /// A task with that identity exists already.
        case identityTaken
        case unexpected
    }

    public var code: Code
    public var message: String
    public var remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.map { "\(message). \($0)" } ?? message }
}
