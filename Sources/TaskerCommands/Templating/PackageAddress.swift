/// A Swift package by URL or path.
enum PackageAddress {
    static func isURL(_ text: String) -> Bool { text.contains("://") }

    /// What SwiftPM calls a package: the last part of its address.
    static func identity(_ text: String) -> String {
        let last = text.split(separator: "/").last.map(String.init) ?? ""
        return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
    }
}
