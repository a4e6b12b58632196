/// Where new ids come from. Pure code is handed one, so that the same inputs give the same ids in tests and replays.
public protocol IDSource {
    /// A fresh UUIDv7 (RFC 9562, section 5.7) whose timestamp field is `now`.
    mutating func next(at now: Timestamp) -> UUIDValue
}

extension IDSource {
    public mutating func nextID<Kind>(_ kind: Identifier<Kind>.Type = Identifier<Kind>.self, at now: Timestamp)
        -> Identifier<Kind>
    {
        Identifier(next(at: now))
    }
}

/// Composes a UUIDv7 from 48 bits of milliseconds and 74 random bits.
public func uuidVersion7(at now: Timestamp, random: (UInt64, UInt64)) -> UUIDValue {
    let milliseconds = UInt64(bitPattern: now.milliseconds) & 0xFFFF_FFFF_FFFF
    let high = milliseconds << 16 | 0x7000 | (random.0 & 0x0FFF)
    let low = 0x8000_0000_0000_0000 | (random.1 & 0x3FFF_FFFF_FFFF_FFFF)
    return UUIDValue(high: high, low: low)
}

/// Ids for production, from the system's random number generator.
public struct SystemIDSource: IDSource, Sendable {
    public init() {}

    public mutating func next(at now: Timestamp) -> UUIDValue {
        uuidVersion7(at: now, random: (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)))
    }
}

/// Ids for tests and replays: SplitMix64 from a seed.
public struct SeededIDSource: IDSource, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next(at now: Timestamp) -> UUIDValue {
        uuidVersion7(at: now, random: (step(), step()))
    }

    private mutating func step() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
