/// A property of the engine contract, section 15, that did not hold.
struct Violation: Error, CustomStringConvertible {
    let property: Int
    let description: String

    init(_ property: Int, _ description: String) {
        self.property = property
        self.description = "property \(property): \(description)"
    }
}

/// Throws unless the condition holds.
func require(_ property: Int, _ condition: Bool, _ description: @autoclosure () -> String) throws(Violation) {
    if !condition { throw Violation(property, description()) }
}
