import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    /// Results too large for a message together: the workers fetch them page by page, and no handler notices.
    @Test func fiveMegabytesOfResultsReachTheJoin() async throws {
        try await TaskerSystem.run { system in
            let kilobytes: Int64 = 900
            let parts = (1...6).map { number in
                StepSpec(
                    name: "part_\(number)", handler: (number % 2 == 0 ? Language.swift : .python).handler("payload"),
                    settings: ["kilobytes": .integer(kilobytes)])
            }
            let names = parts.map(\.name)
            try await system.register(
                "large",
                parts
                    + Language.allCases.map {
                        StepSpec(name: "join_\($0.rawValue)", handler: $0.handler("join"), after: names)
                    })
            for language in Language.allCases { try await system.startWorker(language) }
            let task = try await system.create("large")
            try await system.waitUntil(task, is: "complete")
            let expected = JSONValue.object(
                Dictionary(uniqueKeysWithValues: names.map { ($0, .integer(kilobytes * 1024)) }))
            for language in Language.allCases {
                #expect(try await system.step(task, "join_\(language.rawValue)")["results"]?["result"] == expected)
            }
            try await system.verify([task], records: false)
        }
    }
}
