/// A secret of a store: whoever has it can sign what the store's orchestrators will take for their own.
public enum SigningKey {
    public static let size = 32

    public static func random() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
