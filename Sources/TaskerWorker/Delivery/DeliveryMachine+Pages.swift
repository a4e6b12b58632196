import TaskerMessaging

/// Results that did not fit the message (claim-check, section 3), collected before the handler starts.
struct PageCollector: Sendable {
    private(set) var after: String?
    private var seen: Set<String> = []
    private(set) var results: [(name: String, envelope: RawJSON)] = []

    /// Adds a page; false when it is the answer to a question that was asked again.
    mutating func add(_ page: StepDependencies) -> Bool {
        if let next = page.next {
            guard seen.insert(next).inserted else { return false }
        }
        let known = Set(results.map(\.name))
        results += page.dependencyResults.filter { !known.contains($0.name) }
        after = page.next
        return true
    }
}

extension DeliveryMachine {
    mutating func askForPage(_ id: DispatchID) {
        guard let job = jobs[id], case .fetching(let pages) = job.phase else { return }
        effects.append(.setTimer(.fetchAgain(id), timing.fetchAgain))
        guard isPublisherReady, let replyQueue else { return }
        let fetch = StepFetch(
            dispatchID: id, taskID: job.dispatch.taskID, stepID: job.dispatch.stepID, after: pages.after)
        _ = publish(.fetch(job.dispatch, fetch, replyQueue: replyQueue), for: .none)
    }

    mutating func take(_ page: StepDependencies) {
        let id = page.dispatchID
        guard let job = jobs[id], case .fetching(var pages) = job.phase else { return }
        if page.isGone { return drop(id) }
        guard pages.add(page) else { return }
        jobs[id]?.phase = .fetching(pages)
        if page.next != nil { return askForPage(id) }
        effects.append(.cancelTimer(.fetchAgain(id)))
        jobs[id]?.step?.dependencyResults = pages.results
        jobs[id]?.step?.omitted = nil
        start(id)
    }

    mutating func replyQueueChanged(_ name: String?) {
        replyQueue = name
        guard name != nil else { return }
        for job in jobsInOrder {
            if case .fetching = job.phase { askForPage(job.dispatch.id) }
        }
    }
}
