/// How an ``SQLiteStore`` works.
public struct SQLiteSettings: Sendable, Hashable {
    public var durability = Durability.full
    /// How long to wait for a lock that another program holds on the file, such as a backup.
    public var busyTimeout = Duration.seconds(5)
    /// Connections that read, beside the one that writes.
    public var readers = 4
    /// Pages of the write-ahead log after which it is copied into the database: each 4 KiB. More means fewer copies of
    /// pages that change often, and a longer start after a crash.
    public var checkpointPages = 4000
    /// Page cache of the writing connection, in KiB.
    public var writerCacheKibibytes = 16_384

    public init() {}

    public init(durability: Durability) { self.durability = durability }
}

/// What a commit waits for.
public enum Durability: String, Sendable, CaseIterable {
    /// Every commit is flushed to the disk: it survives a power cut.
    case full
    /// Commits survive the end of the process, but the last ones before a power cut may be gone. What was published for
    /// them is not: steps may run twice then.
    case normal
}
