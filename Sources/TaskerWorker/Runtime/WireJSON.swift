/// What the protocol does not let a worker send (wire protocol, section 2).
enum WireJSON {
    /// Why `value` cannot be sent, as the end of a sentence; nil when it can.
    /// - Parameter depth: levels it may have where it stands in the message.
    static func fault(in value: RawJSON, depth: Int) -> String? {
        do throws(JSONError) {
            _ = try RawJSON(validating: value.bytes, limits: JSONLimits(depth: depth))
            return nil
        } catch {
            switch error.code {
            case .tooDeep: return "nests arrays and objects more than \(depth) deep"
            case .nullCharacter: return "holds the character U+0000"
            case .loneSurrogate: return "holds half of a surrogate pair"
            default: return "holds \(error)"
            }
        }
    }
}
