/// The member `batch_processing_outcome` of an analyzer's result.
enum BatchOutcome {
    /// Names the worker template when the analyzer left it out and only one can be meant. Everything else is passed on
    /// untouched.
    static func completed(_ payload: RawJSON, for step: StepRequest) -> RawJSON {
        guard step.definition.workerTemplateNames.count == 1, let template = step.definition.workerTemplateNames.first,
            let outcome = payload.member("batch_processing_outcome"),
            outcome.member("type")?.string == "create_batches"
        else { return payload }
        if let given = outcome.member("worker_template_name") {
            guard given.isNull else { return payload }
            return RawJSON(trusting: Array(replacing(given, in: payload, by: RawJSON(.string(template)).bytes)))
        }
        // Behind the brace: an outcome has at least its type.
        let place = outcome.bytes.startIndex + 1
        let addition = Array("\"worker_template_name\":".utf8) + RawJSON(.string(template)).bytes + [UInt8(ascii: ",")]
        return RawJSON(trusting: Array(payload.bytes[..<place]) + addition + payload.bytes[place...])
    }

    /// A member is a slice of the text it is in.
    private static func replacing(_ member: RawJSON, in payload: RawJSON, by text: ArraySlice<UInt8>) -> [UInt8] {
        Array(payload.bytes[..<member.bytes.startIndex]) + text + payload.bytes[member.bytes.endIndex...]
    }
}
