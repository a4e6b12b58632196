/// Runs steps outside of this process and answers with the whole message.
package protocol StepProgram: Sendable {
    /// The surrounding Swift task is cancelled when the step should stop; ``StepContext/stopReason`` says why.
    func run(_ step: StepContext) async -> StepResultMessage
}
