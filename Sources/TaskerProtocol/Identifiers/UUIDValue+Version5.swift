extension UUIDValue {
    /// A name-based UUID (RFC 9562, section 5.5): the same for the same namespace and name on every machine.
    public init(version5 name: String, namespace: UUIDValue) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16 + name.utf8.count)
        for word in [namespace.high, namespace.low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        bytes.append(contentsOf: name.utf8)
        let words = SHA1.hash(bytes)
        let high = UInt64(words.0) << 32 | UInt64(words.1)
        let low = UInt64(words.2) << 32 | UInt64(words.3)
        self.init(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | 0x5000, low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}

/// SHA-1 (FIPS 180-4), which name-based UUIDs are defined with. Of no use for anything that must be secure.
enum SHA1 {
    /// The five words of the digest.
    static func hash(_ bytes: [UInt8]) -> (UInt32, UInt32, UInt32, UInt32, UInt32) {
        var message = bytes
        let bitCount = UInt64(message.count) * 8
        message.append(0x80)
        message.append(contentsOf: repeatElement(0, count: (120 - message.count % 64) % 64))
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            message.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
            0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
        )
        for start in stride(from: 0, to: message.count, by: 64) { compress(message[start..<start + 64], &state) }
        return state
    }

    private static func compress(
        _ block: ArraySlice<UInt8>, _ state: inout (UInt32, UInt32, UInt32, UInt32, UInt32)
    ) {
        var words = [UInt32](repeating: 0, count: 80)
        for (index, byte) in block.enumerated() { words[index / 4] = words[index / 4] << 8 | UInt32(byte) }
        for index in 16..<80 {
            words[index] = rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1)
        }
        var (a, b, c, d, e) = state
        for index in 0..<80 {
            let (mix, constant): (UInt32, UInt32) =
                switch index / 20 {
                case 0: (b & c | ~b & d, 0x5A82_7999)
                case 1: (b ^ c ^ d, 0x6ED9_EBA1)
                case 2: (b & c | b & d | c & d, 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotate(a, 5) &+ mix &+ e &+ constant &+ words[index]
            (a, b, c, d, e) = (next, a, rotate(b, 30), c, d)
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }

    private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
