/// One of the two connections as the broker as a whole sees it.
enum LinkState: Sendable, Hashable {
    case down(reason: String)
    case up(epoch: UInt64)
    case blocked(reason: String)
}
