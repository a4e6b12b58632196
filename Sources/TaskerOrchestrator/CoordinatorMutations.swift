/// Bugs that tests plant, to see that they are found. Nothing can be planted in a release build, nor from outside this
/// module.
struct CoordinatorMutations: OptionSet, Sendable {
    var rawValue: Int

    static let ackBeforeCommit = Self(rawValue: 1 << 0)
    static let publishBeforeCommit = Self(rawValue: 1 << 1)
    /// A result counts whatever dispatch it names.
    static let noFencing = Self(rawValue: 1 << 2)
    static let forgetTimersAtRestart = Self(rawValue: 1 << 3)
    static let resendDoubtUnderSameID = Self(rawValue: 1 << 4)
    static let republishBegunAtRestart = Self(rawValue: 1 << 5)
    static let closeWithoutMarker = Self(rawValue: 1 << 6)
    static let forgetSilenceAtReconnect = Self(rawValue: 1 << 7)
    static let lostOnFirstSight = Self(rawValue: 1 << 8)
    static let dropOutboxAtRestart = Self(rawValue: 1 << 9)
    static let resendNackedAtOnce = Self(rawValue: 1 << 10)
    static let readWhileBlocked = Self(rawValue: 1 << 11)
    /// Tasks that are not in memory do not hear what became of their messages.
    static let forgetReportsOfEvicted = Self(rawValue: 1 << 12)
    static let ignoreClockJumps = Self(rawValue: 1 << 13)
}

extension Coordinator {
    /// Folds to `false` where nothing can be planted.
    @inline(__always)
    func isPlanted(_ mutation: CoordinatorMutations) -> Bool {
        #if DEBUG
        mutations.contains(mutation)
        #else
        false
        #endif
    }
}
